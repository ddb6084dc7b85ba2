"""Generated queries of what is available, and of schemas: valid in every format."""

from __future__ import annotations

import json

import jsonschema
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from lxml import etree

from tests.fixture_exchange import Bundle
from tests.fixture_model import documents, shapes
from tests.fixture_queries import Query, queries
from tests.fixture_replies import check_refusal, check_structures

STRUCTURE = "application/vnd.sdmx.structure"
FORMATS = (
    f"{STRUCTURE}+json;version=2.1.0",
    f"{STRUCTURE}+json;version=2.0.0",
    f"{STRUCTURE}+json;version=1.0.0",
    f"{STRUCTURE}+xml;version=3.1.0",
    f"{STRUCTURE}+xml;version=3.0.0",
    f"{STRUCTURE}+xml;version=2.1",
)
SCHEMAS = "application/vnd.sdmx.schema"
REFERENCES = (
    *("none", "all", "codelist", "valuelist", "datastructure", "conceptscheme", "dataflow"),
    *("dataproviderscheme", "codelist,conceptscheme"),
)


@given(
    query=queries(),
    mode=st.sampled_from(("exact", "available")),
    references=st.sampled_from(REFERENCES),
    media_type=st.sampled_from(FORMATS),
)
@settings(
    max_examples=120,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
def test_c086_what_is_available_is_what_the_data_show(
    bundle: Bundle, query: Query, mode: str, references: str, media_type: str
) -> None:
    plain = Query(query.shape, query.agreement, query.keys, query.filters)
    where, _, filters = plain.path.removeprefix("/sdmx/v2/data").partition("?")
    path = f"/sdmx/v2/availability{where}?mode={mode}&references={references}&{filters}".rstrip("&")
    answer = plain.answer()
    for asked in {media_type, FORMATS[0]}:
        reply = bundle.get(path, asked)
        if reply.status_code == 204:
            assert not answer or mode == "available", path
            continue
        assert reply.status_code == 200, (path, reply.text[:300])
        check_structures(reply.content, asked, path)
        if asked == FORMATS[0]:
            [found] = reply.json()["data"]["availabilityConstraints"]
            assert found["obsCount"] == len(answer), path
            keys = {key[: len(query.shape.dimensions)] for key in answer}
            assert found["seriesCount"] == len(keys), path
            if mode == "exact":
                listed = {
                    one["id"]: {value["value"] for value in one["values"]}
                    for one in found["cubeRegion"]["keyValues"]
                    if "values" in one and one["id"] != "TIME_PERIOD"
                }
                for place, name in enumerate(query.shape.dimensions):
                    assert listed[name] == {key[place] for key in keys}, path


CONTEXTS = [
    *(("dataflow", name) for name in sorted(shapes())),
    *(
        (context, name.partition("=")[2])
        for context, collection in (
            ("datastructure", "dataStructures"),
            ("provisionagreement", "provisionAgreements"),
            ("metadatastructure", "metadataStructures"),
            ("metadataflow", "metadataflows"),
            ("metadataprovisionagreement", "metadataProvisionAgreements"),
        )
        for name in sorted(documents())
        if name.startswith(f"{collection}=")
    ),
]


@pytest.mark.parametrize(("context", "name"), CONTEXTS)
@pytest.mark.parametrize("root", ["v2", "v1"])
def test_c092_every_schema_is_a_schema(bundle: Bundle, root: str, context: str, name: str) -> None:
    agency, rest = name.split(":")
    resource, version = rest.rstrip(")").split("(")
    path = f"/sdmx/{root}/schema/{context}/{agency}/{resource}/{version}"
    for asked in (
        *FORMATS,
        *(f"{SCHEMAS}+xml;version={each}" for each in ("3.1.0", "3.0.0", "2.1")),
        *(f"{SCHEMAS}+json;version={each}" for each in ("2.1.0", "2.0.0")),
    ):
        reply = bundle.get(path, asked)
        if reply.status_code >= 400:
            # SDMX-REST 1.5 names fewer contexts; a schema of metadata is not made for 2.1.
            assert root == "v1" or context.startswith("metadata"), (path, asked, reply.text)
            assert reply.status_code in (400, 404, 406, 501)
            check_refusal(reply, asked)
            continue
        assert reply.status_code == 200
        if asked.startswith(STRUCTURE):
            check_structures(reply.content, asked, path)
        elif "+json" in asked:
            schema = json.loads(reply.content)
            jsonschema.validators.validator_for(schema).check_schema(schema)
        else:
            assert etree.fromstring(reply.content).tag == "{http://www.w3.org/2001/XMLSchema}schema"
