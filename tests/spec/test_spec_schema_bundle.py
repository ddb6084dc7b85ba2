"""Schemas of everything in the bundle: each judges what the service writes of it as valid."""

from __future__ import annotations

import json
from collections.abc import Iterator
from functools import cache
from itertools import product

import jsonschema
import pytest

from app.sdmx.urn import parse_urn
from tests.fixture_exchange import Bundle, bundle_artefacts
from tests.structure_schemas import check_message
from tests.xml_schemas import check_structure_specific, check_xml

CONTEXTS = {
    "DataStructure": "datastructure",
    "Dataflow": "dataflow",
    "ProvisionAgreement": "provisionagreement",
}
METADATA_CONTEXTS = {
    "MetadataStructure": "metadatastructure",
    "Metadataflow": "metadataflow",
    "MetadataProvisionAgreement": "metadataprovisionagreement",
}
PARTLY_USED = ("datastructure/SICA_TEST/DSD_GROWING/1.1.0",)
"""Evolving structures: data of an older dataflow lack a dimension that the schema demands."""
VENDOR = "application/vnd.sdmx."
XML = {
    "2.1": ("structurespecificdata+xml;version=2.1", "schema+xml;version=2.1"),
    "3.0.0": ("data+xml;version=3.0.0", "schema+xml;version=3.0.0"),
    "3.1.0": ("data+xml;version=3.1.0", "schema+xml;version=3.1.0"),
}


def paths(contexts: dict[str, str]) -> list[str]:
    """Every artefact of some contexts, as schemas and data are asked for by."""
    found = []
    for one in bundle_artefacts():
        if (context := contexts.get(one.artefact_class.name)) is not None:
            urn = parse_urn(one.urn)
            found.append(f"{context}/{urn.agency}/{urn.id}/{urn.version}")
    return found


LAYOUTS = ("", "dimensionAtObservation=AllDimensions", "dimensionAtObservation=FREQ")


@cache
def asked() -> list[tuple[str, str]]:
    """Every context of data in every kind of layout."""
    return list(product((one for one in paths(CONTEXTS) if one not in PARTLY_USED), LAYOUTS))


def messages(bundle: Bundle, path: str, layout: str, media_type: str) -> Iterator[bytes]:
    """Data of a context with all attributes and without any."""
    for attributes in ("all", "none"):
        query = "&".join(part for part in (layout, f"attributes={attributes}") if part)
        message = bundle.get(f"/sdmx/v2/data/{path}?{query}", VENDOR + media_type)
        assert message.status_code in (200, 204, 400), (path, query, message.text)
        if message.status_code == 200:
            yield message.content


@pytest.mark.parametrize("version", sorted(XML))
def test_c092_every_structure_in_every_layout(bundle: Bundle, version: str) -> None:
    judged = 0
    data_type, schema_type = XML[version]
    for path, layout in asked():
        for message in messages(bundle, path, layout, data_type):
            schema = bundle.get(f"/sdmx/v2/schema/{path}?{layout}", VENDOR + schema_type)
            assert schema.status_code == 200, (path, layout, schema.text)
            check_structure_specific(message, schema.content, version)
            judged += 1
    assert judged > len(paths(CONTEXTS))


@pytest.mark.parametrize("version", ["2.1.0", "2.0.0"])
def test_c093_every_structure_in_every_layout(bundle: Bundle, version: str) -> None:
    judged = 0
    for path, layout in asked():
        reply = bundle.get(
            f"/sdmx/v2/schema/{path}?{layout}", f"{VENDOR}schema+json;version={version}"
        )
        if reply.status_code == 400:
            continue
        validator = jsonschema.Draft202012Validator(reply.json())
        for message in messages(bundle, path, layout, f"data+json;version={version}"):
            found = validator.iter_errors(json.loads(message))
            errors = [f"{list(error.path)}: {error.message[:300]}" for error in found]
            assert errors == [], (path, layout, errors)
            judged += 1
    assert judged > len(paths(CONTEXTS))


@pytest.mark.parametrize("path", paths(METADATA_CONTEXTS))
def test_schemas_of_metadata_are_json(bundle: Bundle, path: str) -> None:
    reply = bundle.get(f"/sdmx/v2/schema/{path}", "application/xml, */*;q=0.1")
    assert reply.status_code == 200, reply.text
    assert reply.headers["content-type"].startswith("application/vnd.sdmx.s")
    by_default = bundle.get(f"/sdmx/v2/schema/{path}")
    jsonschema.Draft202012Validator.check_schema(by_default.json())
    assert "CONTACT" in by_default.text
    refused = bundle.get(f"/sdmx/v2/schema/{path}", VENDOR + "schema+xml;version=3.1.0")
    assert refused.status_code == 406


@pytest.mark.parametrize("path", paths(CONTEXTS) + paths(METADATA_CONTEXTS))
def test_c091_structures_of_every_context(bundle: Bundle, path: str) -> None:
    for version in ("2.1.0", "2.0.0"):
        reply = bundle.get(f"/sdmx/v2/schema/{path}", f"{VENDOR}structure+json;version={version}")
        assert reply.status_code == 200, reply.text
        data = check_message(reply.content, version)["data"]
        assert {name for name, listed in data.items() if listed} <= {
            *("agencySchemes", "codelists", "geographicCodelists", "geoGridCodelists"),
            *("conceptSchemes", "dataConstraints", "dataStructures", "valueLists"),
            *("metadataConstraints", "metadataStructures"),
        }


@pytest.mark.parametrize("path", paths(CONTEXTS))
def test_structures_of_every_context_in_xml(bundle: Bundle, path: str) -> None:
    for version in ("2.1", "3.0.0", "3.1.0"):
        media_type = f"{VENDOR}structure+xml;version={version}"
        reply = bundle.get(f"/sdmx/v2/schema/{path}", media_type)
        assert reply.status_code == 200, reply.text
        assert reply.headers["content-type"].replace(" ", "") == media_type
        message = check_xml(reply.content, version)
        assert list(message.iter("{*}DataStructure"))
        assert not list(message.iter("{*}Dataflows"))
