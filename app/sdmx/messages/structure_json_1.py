"""SDMX-JSON structure messages 1.0: the artefacts as SDMX 2.1 knows them (sdmx-json 1.0).

The objects are those of `app.sdmx.model_2_1`, less what only SDMX-ML 2.1 has: the schemes of VTL,
and exclusion within a region of a constraint, which is said by a region of its own.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final

import orjson

from app.errors import MessageError
from app.sdmx.artefact_set import ArtefactSet
from app.sdmx.artefacts import Artefact, Document
from app.sdmx.messages.structure_message import MessageHeader
from app.sdmx.model_2_1 import COLLECTION_CLASSES, VTL, to_2_1
from app.sdmx.model_2_1_constraints import split_exclusions
from app.sdmx.model_2_1_reading import read_2_1
from app.sdmx.model_2_1_references import urn_2_1
from app.sdmx.urn import AGENCY_ID, RESOURCE_ID, parse_urn

SCHEMA: Final = (
    "https://raw.githubusercontent.com/sdmx-twg/sdmx-json/master/structure-message/tools/"
    "schemas/1.0/sdmx-json-structure-schema.json"
)
"""The address of the official schema."""

_ONLY_IN_1_0: Final = frozenset(
    {"hierarchicalCodelists", "structureSets", "contentConstraints", "attachmentConstraints"}
)
_WORDS_OF_1_0: Final = frozenset(
    {"textFormat", "assignmentStatus", "primaryMeasure", "structureUsage", "reportStructures"}
)
_VERSION_1_0: Final = re.compile(r"/1\.0(?:\.0)?/")


def write_structures(
    artefacts: Iterable[Artefact],
    header: MessageHeader,
    *,
    registry: ArtefactSet | None = None,
    address: str | None = None,
    availability: Sequence[Mapping[str, Any]] = (),
) -> bytes:
    """Write a structure message.

    Args:
        artefacts: the artefacts of 3.1, in the order in which they shall stand.
        header: what the message says of itself.
        registry: where their references lead; the artefacts themselves if None.
        address: where the 1.x paths begin (`https://.../sdmx/v1`), for the links of each artefact
            to itself; None: no such links.
        availability: availability constraints as objects of 3.1.
    """
    model = to_2_1(artefacts, registry=registry, availability=availability)
    data = {
        key: [_to_json(document, key, address) for document in documents]
        for key, documents in model.items()
        if key not in VTL
    }
    return orjson.dumps({"meta": {"schema": SCHEMA, **header.as_meta()}, "data": data})


def _to_json(document: Document, collection: str, address: str | None) -> Document:
    written = dict(document)
    if collection == "conceptSchemes" and "concepts" in written:
        written["concepts"] = [_concept(one) for one in written["concepts"]]
    if "cubeRegions" in written:
        regions = [part for one in written["cubeRegions"] for part in split_exclusions(one)]
        written["cubeRegions"] = regions
    if "metadataTargetRegions" in written:
        written["metadataTargetRegions"] = [
            one for one in written["metadataTargetRegions"] if not _has_exclusion(one)
        ]
    if address is not None and written.get("type") != "Actual":
        written["links"] = [_self(document, collection, address), *document.get("links", ())]
    return written


def _has_exclusion(region: Document) -> bool:
    return any(part.get("include") is False for part in region["attributes"])


def _self(document: Document, collection: str, address: str) -> Document:
    name = COLLECTION_CLASSES[collection]
    place = document["agencyID"], document["id"], document["version"]
    href = "/".join((address, name.lower(), *place))
    return {"rel": "self", "href": href, "urn": urn_2_1(name, *place)}


def _concept(concept: Document) -> Document:
    """Write a concept of ISO 11179 by a URN, which has a place for ids alone."""
    iso = concept.get("isoConceptReference")
    if iso is None:
        return concept
    written = {key: value for key, value in concept.items() if key != "isoConceptReference"}
    agency, scheme, name = (iso[key] for key in ("conceptAgency", "conceptSchemeID", "conceptID"))
    if AGENCY_ID.fullmatch(agency) and all(map(RESOURCE_ID.fullmatch, (scheme, name))):
        written["isoConceptReference"] = urn_2_1("Concept", agency, scheme, "1.0", name)
    return written


def is_1_0(message: Mapping[str, Any]) -> bool:
    """Whether a structure message of SDMX-JSON is one of 1.0, by its schema or its words."""
    meta, data = message.get("meta"), message.get("data")
    schema = meta.get("schema") if isinstance(meta, dict) else None
    if isinstance(schema, str) and schema:
        return _VERSION_1_0.search(schema) is not None
    if "$schema" in message or not isinstance(data, dict):
        return False
    return not _ONLY_IN_1_0.isdisjoint(data) or _has_words(data)


def _has_words(data: Mapping[str, Any]) -> bool:
    pending: list[object] = [data]
    while pending:
        part = pending.pop()
        if isinstance(part, dict):
            if not _WORDS_OF_1_0.isdisjoint(part):
                return True
            pending.extend(part.values())
        elif isinstance(part, list):
            pending.extend(part)
    return False


def read_structures(message: Mapping[str, Any]) -> list[Artefact]:
    """Read a structure message that is one of 1.0.

    Raises:
        MessageError: it has no objects.
        InvalidArtefactError: an object is of a kind that 3.1 does not have, or is not well formed.
    """
    data = message.get("data")
    if not isinstance(data, dict):
        raise MessageError(
            "This is not a structure message: it has no object `data`.",
            "Esto no es un mensaje de estructura: no tiene un objeto `data`.",
        )
    model = {}
    for key, documents in data.items():
        if not isinstance(documents, list) or not all(isinstance(one, dict) for one in documents):
            raise MessageError(
                f"data.{key} is not a list of objects.", f"data.{key} no es una lista de objetos."
            )
        model[key] = [_from_json(one, key) for one in documents]
    return read_2_1(model)


def _without_self_links(part: Any) -> Any:  # noqa: ANN401
    """A part without the links to itself: they say what it is in the words of 2.1."""
    if isinstance(part, list):
        return [_without_self_links(one) for one in part]
    if not isinstance(part, dict):
        return part
    # A link of an annotation is what it tells, whatever it is called.
    kept = {
        key: value if key == "annotations" else _without_self_links(value)
        for key, value in part.items()
    }
    if isinstance(links := kept.get("links"), list):
        others = [one for one in links if not (isinstance(one, dict) and one.get("rel") == "self")]
        kept = {key: value for key, value in kept.items() if key != "links"}
        return kept | {"links": others} if others else kept
    return kept


def _from_json(document: Document, collection: str) -> Document:
    document = _without_self_links(document)
    if collection != "conceptSchemes" or not isinstance(document.get("concepts"), list):
        return document
    return document | {"concepts": [_read_concept(one) for one in document["concepts"]]}


def _read_concept(concept: Any) -> Any:  # noqa: ANN401
    reference = concept.get("isoConceptReference") if isinstance(concept, dict) else None
    if not isinstance(reference, str):
        return concept
    urn = parse_urn(reference)
    iso = {"conceptAgency": urn.agency, "conceptSchemeID": urn.id, "conceptID": urn.item}
    return concept | {"isoConceptReference": iso}
