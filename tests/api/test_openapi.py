"""The OpenAPI description: what it names is what the service reads and answers."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator, Iterator
from typing import Any

import httpx
import pytest

from app.main import create_app
from app.sdmx import rest_v1, rest_v1_registry
from app.sdmx.negotiation import (
    DATA_OFFERS,
    EXTENSION_PARAMETERS,
    STRUCTURE_OFFERS,
    negotiate,
    parse_options,
)
from app.sdmx.offers import (
    CSV_PARAMETERS,
    METADATA_OFFERS,
    REGISTRATION_OFFERS,
    V1_DATA_OFFERS,
    V1_SCHEMA_OFFERS,
    V1_STRUCTURE_OFFERS,
    Offers,
)
from app.sdmx.query_string import parameters
from app.sdmx.rest_v2 import (
    AVAILABILITY_PARAMETERS,
    DATA_PARAMETERS,
    STRUCTURE_PARAMETERS,
    parse_availability,
    parse_data,
    parse_structure,
)
from app.sdmx.rest_v2_metadata import (
    METADATA_PARAMETERS,
    REGISTRATION_PARAMETERS,
    parse_metadata,
    parse_registration,
)
from app.settings import Settings
from app.store.pools import Pools
from tests.exchange import Exchange, open_exchange
from tests.spec.test_spec_data_queries import OF_CRI
from tests.structures import CRI

FLOW = "{agencyID}/{resourceID}/{version}"
DATA = f"/sdmx/v2/data/{{context}}/{FLOW}/{{key}}"
AVAILABILITY = f"/sdmx/v2/availability/{{context}}/{FLOW}/{{key}}/{{componentID}}"
STRUCTURE = f"/sdmx/v2/structure/{{artefactType}}/{FLOW}"
ITEMS = f"/sdmx/v2/structure/{{itemSchemeType}}/{FLOW}/{{itemID}}"
DATA_V1 = "/sdmx/v1/data/{flowRef}/{key}/{providerRef}"
AVAILABILITY_V1 = "/sdmx/v1/availableconstraint/{flowRef}/{key}/{providerRef}/{componentID}"
SCHEMA_V1 = f"/sdmx/v1/schema/{{context}}/{FLOW}"
METADATA_V1 = "/sdmx/v1/metadata/{flowRef}/{key}/{providerRef}"
STRUCTURE_V1 = f"/sdmx/v1/{{artefactType}}/{FLOW}"
ITEMS_V1 = f"/sdmx/v1/{{itemSchemeType}}/{FLOW}/{{itemID}}"
SETS = "/sdmx/v2/metadata/metadataset/{providerID}/{metadatasetID}/{version}"
METADATA_FLOW = "/sdmx/v2/metadata/metadataflow/{flowAgencyID}/{flowID}/{flowVersion}/{providerRef}"
METADATA_OF = f"/sdmx/v2/metadata/structure/{{artefactType}}/{FLOW}"
REGISTRATION = "/sdmx/v2/registration/id/{registrationID}"
REGISTRATIONS_OF = "/sdmx/v2/registration/provider/{providerAgencyID}/{providerID}"
REGISTRATIONS = f"/sdmx/v2/registration/{{context}}/{FLOW}"
NO_CSV = EXTENSION_PARAMETERS - CSV_PARAMETERS.keys()


@pytest.fixture(scope="module")
def description(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    return create_app(Settings(data_dir=tmp_path_factory.mktemp("data"))).openapi()


@pytest.fixture
async def exchange(pools: Pools, settings: Settings) -> AsyncIterator[Exchange]:
    async with open_exchange(pools, settings) as opened:
        yield opened


def operations(description: dict[str, Any]) -> Iterator[tuple[str, str, dict[str, Any]]]:
    for path, item in description["paths"].items():
        for method, operation in item.items():
            yield path, method, operation


@pytest.mark.parametrize(
    ("path", "known", "offers"),
    [
        pytest.param(DATA, {*DATA_PARAMETERS, *EXTENSION_PARAMETERS}, DATA_OFFERS, id="data"),
        pytest.param(
            AVAILABILITY, {*AVAILABILITY_PARAMETERS, *NO_CSV}, STRUCTURE_OFFERS, id="availability"
        ),
        pytest.param(STRUCTURE, {*STRUCTURE_PARAMETERS, *NO_CSV}, STRUCTURE_OFFERS, id="structure"),
        pytest.param(ITEMS, {*STRUCTURE_PARAMETERS, *NO_CSV}, STRUCTURE_OFFERS, id="items"),
        pytest.param(
            DATA_V1,
            {*rest_v1.DATA_PARAMETERS, *EXTENSION_PARAMETERS},
            V1_DATA_OFFERS,
            id="data 1.x",
        ),
        pytest.param(
            AVAILABILITY_V1,
            {*rest_v1.AVAILABILITY_PARAMETERS, *NO_CSV},
            V1_STRUCTURE_OFFERS,
            id="availability 1.x",
        ),
        pytest.param(
            SCHEMA_V1,
            {*rest_v1_registry.SCHEMA_PARAMETERS, *NO_CSV},
            V1_SCHEMA_OFFERS,
            id="schema 1.x",
        ),
        pytest.param(
            STRUCTURE_V1,
            {*rest_v1.STRUCTURE_PARAMETERS, *NO_CSV},
            V1_STRUCTURE_OFFERS,
            id="structure 1.x",
        ),
        pytest.param(
            ITEMS_V1,
            {*rest_v1.STRUCTURE_PARAMETERS, *NO_CSV},
            V1_STRUCTURE_OFFERS,
            id="items 1.x",
        ),
        pytest.param(SETS, {*METADATA_PARAMETERS, *NO_CSV, "labels"}, METADATA_OFFERS, id="sets"),
        pytest.param(
            METADATA_FLOW,
            {*METADATA_PARAMETERS, *NO_CSV, "labels"},
            METADATA_OFFERS,
            id="metadata by flow",
        ),
        pytest.param(
            METADATA_OF,
            {*METADATA_PARAMETERS, *NO_CSV, "labels"},
            METADATA_OFFERS,
            id="metadata by structure",
        ),
        pytest.param(REGISTRATION, NO_CSV, REGISTRATION_OFFERS, id="registration"),
        pytest.param(
            REGISTRATIONS_OF,
            {*REGISTRATION_PARAMETERS, *NO_CSV},
            REGISTRATION_OFFERS,
            id="registrations by provider",
        ),
        pytest.param(
            REGISTRATIONS,
            {*REGISTRATION_PARAMETERS, *NO_CSV},
            REGISTRATION_OFFERS,
            id="registrations",
        ),
    ],
)
def test_sdmx_paths_tell_their_parameters_and_media_types(
    description: dict[str, Any], path: str, known: set[str], offers: Offers
) -> None:
    operation = description["paths"][path]["get"]
    named = {
        place: {each["name"] for each in operation["parameters"] if each["in"] == place}
        for place in ("path", "query")
    }
    assert named["path"] == set(re.findall(r"{(\w+)}", path))
    assert named["query"] == {name.removesuffix("[...]") for name in known}
    assert all(each["description"].endswith(".") for each in operation["parameters"])
    assert set(operation["responses"]["200"]["content"]) == {
        str(offer.media_type) for offer in offers
    }


def test_examples_and_values_of_the_description_are_read(description: dict[str, Any]) -> None:
    parsers = {
        DATA: parse_data,
        AVAILABILITY: parse_availability,
        STRUCTURE: parse_structure,
        ITEMS: parse_structure,
        DATA_V1: rest_v1.parse_data,
        AVAILABILITY_V1: rest_v1.parse_availability,
        SCHEMA_V1: rest_v1_registry.parse_schema,
        METADATA_V1: rest_v1_registry.parse_metadata,
        STRUCTURE_V1: rest_v1.parse_structure,
        ITEMS_V1: rest_v1.parse_structure,
        SETS: lambda given, query: parse_metadata(["metadataset", *given], query),
        METADATA_FLOW: lambda given, query: parse_metadata(["metadataflow", *given], query),
        METADATA_OF: lambda given, query: parse_metadata(["structure", *given], query),
        REGISTRATION: lambda given, query: parse_registration(["id", *given], query),
        REGISTRATIONS_OF: lambda given, query: parse_registration(["provider", *given], query),
        REGISTRATIONS: parse_registration,
    }
    for path, parse in parsers.items():
        listed = description["paths"][path]["get"]["parameters"]
        segments = [each["example"] for each in listed if each["in"] == "path"]
        assert parse(segments, "")
        for each in listed:
            for value in each["schema"].get("enum", [each["schema"].get("default")]):
                if each["in"] == "query" and value is not None:
                    text = str(value).lower() if isinstance(value, bool) else str(value)
                    query = f"{each['name']}={text}"
                    assert parse(segments, query), parameters(query)
                elif each["in"] == "path" and value is not None:
                    place = [one["name"] for one in listed].index(each["name"])
                    assert parse([*segments[:place], value, *segments[place + 1 : 4]], "")


def test_maintenance_is_told_beside_the_reading(description: dict[str, Any]) -> None:
    paths = description["paths"]
    assert set(paths[STRUCTURE]) == {"get", "put", "delete"}
    assert set(paths[ITEMS]) == {"get", "delete"}
    assert set(paths[SETS]) == {"get", "put", "delete"}
    for path in (STRUCTURE, ITEMS, SETS):
        operation = paths[path]["delete"]
        named = [each["name"] for each in operation["parameters"] if each["in"] == "path"]
        assert named == re.findall(r"{(\w+)}", path)
    for path in ("/sdmx/v2/structure", "/sdmx/v2/metadata"):
        [post] = paths[path].values()
        assert post["security"] == [{"accessToken": []}]
        assert "207" in post["responses"]


def test_summaries_are_written_by_people(description: dict[str, Any]) -> None:
    """The framework makes a title of the function's name where none is given."""
    summaries = {operation["summary"] for _, _, operation in operations(description)}
    assert not [each for each in summaries if each.istitle()]
    assert not [path for path, _, _ in operations(description) if "{rest}" in path]


def test_defaults_that_a_page_sends_refuse_no_media_type(description: dict[str, Any]) -> None:
    operation = description["paths"][DATA]["get"]
    query = "&".join(
        f"{each['name']}={each['schema']['default']}"
        for each in operation["parameters"]
        if each["in"] == "query" and "default" in each["schema"]
    )
    for media_type in operation["responses"]["200"]["content"]:
        chosen = negotiate(media_type, DATA_OFFERS, parse_options(query))
        assert str(chosen.offer.media_type) == media_type


def test_every_read_tells_what_it_answers(description: dict[str, Any]) -> None:
    for path, method, operation in operations(description):
        assert method != "get" or operation["responses"]["200"]["content"], path
    filters = [
        each
        for each in description["paths"][DATA]["get"]["parameters"]
        if each.get("style") == "deepObject"
    ]
    assert [each["example"] for each in filters] == [{"REF_AREA": "CRI"}]


async def test_a_refused_method_hears_all_that_are_allowed(settings: Settings) -> None:
    app = create_app(settings)
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://x") as client:
        for path, allowed in (
            ("/api/submissions", "GET, HEAD, POST"),
            ("/api/submissions/one/findings", "GET, HEAD"),
            ("/sdmx/v2/data/dataflow", "GET, HEAD"),
            ("/oauth/token", "POST"),
            ("/health", "GET, HEAD"),
        ):
            refused = await client.put(path)
            assert (refused.status_code, refused.headers["allow"]) == (405, allowed), path


async def test_head_is_answered_where_get_is(settings: Settings) -> None:
    app = create_app(settings)
    async with (
        app.router.lifespan_context(app),
        httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://x") as client,
    ):
        for path in ("/health", "/ready", "/api/submissions", "/api/submissions/one/content"):
            got, head = await client.get(path), await client.head(path)
            assert head.status_code == got.status_code, path
            assert head.headers["content-type"] == got.headers["content-type"]


async def test_head_of_a_file_reads_none_of_it(exchange: Exchange) -> None:
    token = await exchange.token(CRI)
    posted = await exchange.client.post(
        "/api/submissions", content=OF_CRI, headers=token | {"Content-Type": "text/csv"}
    )
    for name in ("content", "findings?format=csv"):
        address = f"{posted.json()['links']['self']}/{name}"
        got = await exchange.client.get(address, headers=token)
        head = await exchange.client.head(address, headers=token)
        assert (head.status_code, head.content) == (200, b"")
        assert got.content
        assert head.headers["content-type"] == got.headers["content-type"]
        assert head.headers.get("content-length") == got.headers.get("content-length")


def test_the_body_of_a_layout_is_described_with_its_parts(description: dict[str, Any]) -> None:
    put = description["paths"]["/api/agreements/{agreement}/layouts/{name}"]["put"]
    schema = put["requestBody"]["content"]["application/json"]["schema"]
    assert schema["required"] == ["columns", "firstDataRow"]
    assert {"sheets", "across", "codes", "marks", "stop"} <= schema["properties"].keys()
    assert all(part.get("description") for name, part in schema["properties"].items()
               if name != "description")  # fmt: skip
    across, _ = schema["properties"]["across"]["anyOf"]
    assert across["required"] == ["columns", "headers"]
    assert "$ref" not in str(schema)
