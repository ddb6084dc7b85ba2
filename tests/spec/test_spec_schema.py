"""Schema queries of SDMX-REST 2.2 (doc/schema.md), by the messages that the service writes."""

from __future__ import annotations

import asyncio
import datetime as dt
import json
from collections.abc import AsyncIterator, Mapping
from itertools import product
from typing import Any

import httpx
import jsonschema
import pytest
import pytest_asyncio
from pysdmx.api.fmr import RegistryClient

from app.settings import Settings
from app.store.pools import Pools
from app.store.registry_publication import publish
from tests.artefact_samples import artefact, component, item, urn
from tests.exchange import TYPES, Exchange, open_exchange, served, small
from tests.structure_schemas import check_message
from tests.structures import (
    OBSERVATION,
    SLV,
    START,
    attribute,
    constraint,
    of_type,
    region,
    sheet,
    structure,
)
from tests.xml_schemas import check_structure_specific, faults

ROOT = "/sdmx/v2/schema"
FLOWS = ("DF", "DF_SMALL", "DF_TYPES")
DF = "/dataflow/TST/DF/1.0.0"
JSON_SCHEMA = "application/vnd.sdmx.schema+json;version="
XML_SCHEMA = "application/vnd.sdmx.schema+xml;version="
STRUCTURE = "application/vnd.sdmx.structure+json;version="
DATA_JSON = "application/vnd.sdmx.data+json;version="
DATA_XML = {
    "2.1": "application/vnd.sdmx.structurespecificdata+xml;version=2.1",
    "3.0.0": "application/vnd.sdmx.data+xml;version=3.0.0",
    "3.1.0": "application/vnd.sdmx.data+xml;version=3.1.0",
}
BIG = sheet(
    "FREQ,REF_AREA,SEX,TIME_PERIOD,OBS_VALUE,SHARE,OBS_STATUS,COMMENT[en;es],SOURCES[],"
    "UNIT_MULT,COLLECTION,METHOD,TITLE",
    "A,CRI,F,2020,10,1.5,A,en:first;es:primera,CENSUS,0,everyone,counted,Migrants",
    "A,CRI,F,2021,20,2.5,B,,CENSUS;REGISTER,0,everyone,counted,Migrants",
    "M,CRI,M,2020-01,1,,A,,,3,some,counted,Migrants",
)
OF_SLV = sheet(
    "FREQ,REF_AREA,SEX,TIME_PERIOD,OBS_VALUE,OBS_STATUS,UNIT_MULT,METHOD",
    "A,SLV,F,2022,55,A,0,reported",
)
NUMBERS = sheet(
    "FREQ,PARTNER,TIME_PERIOD,OBS_VALUE,NUMBER,BIG,FLOATING,FLAG,COMMENT",
    "A,X,2020,0.10,7,123456789012345678901234567890,1.5e3,true,#N/A",
    "A,X,2021,3,-7,-1,NaN,false,",
    flow=TYPES,
)


@pytest.fixture
async def empty(pools: Pools, settings: Settings) -> AsyncIterator[Exchange]:
    async with open_exchange(pools, settings) as exchange:
        yield exchange


async def fill(opened: Exchange) -> Exchange:
    await opened.desk.accept(BIG)
    await opened.desk.accept(OF_SLV, SLV)
    await opened.desk.accept(small("A,CRI,2019,1,A,,,s,g,d", "A,CRI,2020,2", "A,SLV,2020,3"))
    await opened.desk.accept(NUMBERS)
    return opened


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def exchange(module_pools: Pools, module_settings: Settings) -> AsyncIterator[Exchange]:
    """The exchange of all tests that only read."""
    async with open_exchange(module_pools, module_settings) as opened:
        yield await fill(opened)


@pytest.fixture
async def own(empty: Exchange) -> Exchange:
    """A filled exchange of a test alone."""
    return await fill(empty)


async def ask(exchange: Exchange, path: str, accept: str | None = None) -> httpx.Response:
    """A reply about what follows `/schema`."""
    sent = {} if accept is None else {"Accept": accept}
    return await exchange.client.get(ROOT + path, headers=sent)


async def structures(exchange: Exchange, path: str, version: str = "2.1.0") -> dict[str, Any]:
    """The structures of a reply, valid by the schema."""
    reply = await ask(exchange, path, STRUCTURE + version)
    assert reply.status_code == 200, reply.text
    data: dict[str, Any] = check_message(reply.content, version)["data"]  # type: ignore[arg-type]
    return data


def ids(data: Mapping[str, Any], collection: str, items: str) -> dict[str, set[str]]:
    """The item ids of each scheme of a collection."""
    return {one["id"]: {part["id"] for part in one[items]} for one in data.get(collection, [])}


def codes_of(schema: Mapping[str, Any], name: str) -> list[str]:
    """The codes that a JSON schema allows of a component."""
    by_id, by_value = schema["$defs"][f"values.{name}"]["anyOf"]
    codes: list[str] = by_id["properties"]["id"]["enum"]
    assert by_value["properties"]["value"]["enum"] == codes
    return codes


# -- C090, C091: structures ---------------------------------------------------------------------


async def test_c090_constraints_apply_by_context(empty: Exchange) -> None:
    cases = {
        "/datastructure/TST/DSD/1.0.0": {"CRI", "SLV", "GTM", "HND"},
        DF: {"CRI", "SLV", "GTM", "HND"},
        "/provisionagreement/TST/PA_CRI/1.0.0": {"CRI", "GTM"},
        "/provisionagreement/TST/PA_SLV/1.0.0": {"SLV"},
    }
    for path, areas in cases.items():
        lists = ids(await structures(empty, path), "codelists", "codes")
        assert lists["CL_AREA"] == areas, path
        assert lists["CL_SEX"] == {"F", "M", "_T"}, path


async def test_c090_three_contexts_three_code_counts(empty: Exchange, pools: Pools) -> None:
    narrowed = constraint(
        "CC_AREAS",
        {"dataflows": [urn("Dataflow", "DF")]},
        cubeRegions=[region(REF_AREA=["CRI", "GTM", "HND"])],
    )
    async with pools.writer.acquire() as connection:
        await publish(connection, [narrowed], START)
    found = []
    for path in ("/datastructure/TST/DSD", "/dataflow/TST/DF", "/provisionagreement/TST/PA_CRI"):
        lists = ids(await structures(empty, path), "codelists", "codes")
        schema = (await ask(empty, path, JSON_SCHEMA + "2.1.0")).json()
        listed = codes_of(schema, "REF_AREA")
        xsd = (await ask(empty, path, XML_SCHEMA + "3.1.0")).text
        assert set(listed) == lists["CL_AREA"]
        assert [code for code in ("CRI", "SLV", "GTM", "HND") if f'"{code}"' in xsd] == [
            code for code in ("CRI", "SLV", "GTM", "HND") if code in listed
        ]
        found.append(len(listed))
    assert found == [4, 3, 2]


@pytest.mark.parametrize("version", ["2.1.0", "2.0.0"])
async def test_c091_only_what_says_which_data_are_valid(empty: Exchange, version: str) -> None:
    data = await structures(empty, DF, version)
    assert {name for name, listed in data.items() if listed} == {
        *("agencySchemes", "codelists", "conceptSchemes", "dataConstraints", "dataStructures")
    }
    [structure_] = data["dataStructures"]
    assert structure_["id"] == "DSD"
    lists = ids(data, "codelists", "codes")
    assert set(lists) == {"CL_FREQ", "CL_AREA", "CL_SEX", "CL_STATUS", "CL_CONF", "CL_SOURCE"}
    [concepts] = ids(data, "conceptSchemes", "concepts").values()
    assert "SEX" in concepts
    assert not {"STATUS", "S", "G", "D"} & concepts, "concepts of the other structure"
    assert ids(data, "agencySchemes", "agencies") == {"AGENCIES": {"TST"}}
    assert {one["id"] for one in data["dataConstraints"]} == {"CC_DSD", "CC_DF", "CC_KEYS"}
    [areas] = [one for one in data["codelists"] if one["id"] == "CL_SEX"]
    assert areas["isPartial"] is True


async def test_c091_a_shared_list_has_the_union_and_constraints_say_which(
    empty: Exchange, pools: Pools
) -> None:
    area = urn("Codelist", "CL_AREA")
    held = [
        artefact("ConceptScheme", "CS_S", concepts=[item("COUNTERPART")]),
        structure(
            "DSD_SHARED",
            [
                component("REF_AREA", area),
                component("COUNTERPART", area)
                | {"conceptIdentity": urn("Concept", "CS_S", "COUNTERPART")},
            ],
            [of_type("OBS_VALUE", "Decimal", usage="optional")],
            [attribute(component("STATUS", urn("Codelist", "CL_AREA")), OBSERVATION)],
        ),
        artefact("Dataflow", "DF_SHARED", structure=urn("DataStructure", "DSD_SHARED")),
        constraint(
            "CC_SHARED",
            {"dataflows": [urn("Dataflow", "DF_SHARED")]},
            cubeRegions=[
                region(REF_AREA=["CRI"], COUNTERPART=["SLV", "GTM"], STATUS=["CRI", "SLV"])
            ],
        ),
    ]
    async with pools.writer.acquire() as connection:
        await publish(connection, held, START)
    data = await structures(empty, "/dataflow/TST/DF_SHARED")
    assert ids(data, "codelists", "codes") == {"CL_AREA": {"CRI", "SLV", "GTM"}}
    [only] = data["dataConstraints"]
    told = {
        part["id"]: {
            value if isinstance(value, str) else value["value"] for value in part["values"]
        }
        for part in only["cubeRegions"][0]["keyValues"]
    }
    assert told == {
        "REF_AREA": {"CRI"},
        "COUNTERPART": {"SLV", "GTM"},
        "STATUS": {"CRI", "SLV"},
    }


async def test_c091_the_agencies_of_what_is_returned(empty: Exchange) -> None:
    data = await structures(empty, "/dataflow/TST.SUB/DF_SUB")
    # The flow itself is no part of the answer, so neither is its agency.
    assert ids(data, "agencySchemes", "agencies") == {"AGENCIES": {"TST"}}


# -- C092: XML schemas --------------------------------------------------------------------------


@pytest.mark.parametrize("version", sorted(DATA_XML))
async def test_c092_messages_of_the_service_are_valid(exchange: Exchange, version: str) -> None:
    for flow, along in product(FLOWS, (None, "AllDimensions", "FREQ")):
        await check_flow_in_xml(exchange, version, along, flow)


async def check_flow_in_xml(exchange: Exchange, version: str, along: str | None, flow: str) -> None:
    asked = "" if along is None else f"?dimensionAtObservation={along}"
    xsd = await ask(exchange, f"/dataflow/TST/{flow}/~{asked}", XML_SCHEMA + version)
    assert xsd.status_code == 200, xsd.text
    message = await exchange.get(f"/dataflow/TST/{flow}{asked}", DATA_XML[version])
    assert message.status_code == 200, message.text
    check_structure_specific(message.content, xsd.content, version)
    wrong = message.content.replace(b'FREQ="A"', b'FREQ="ZZ"')
    assert wrong != message.content
    assert any("'FREQ'" in fault for fault in faults(wrong, xsd.content, version))


# -- C093: JSON schemas -------------------------------------------------------------------------


def errors(schema: Mapping[str, Any], message: Any) -> list[str]:
    """What a JSON schema finds wrong."""
    found = jsonschema.Draft202012Validator(schema).iter_errors(message)
    return [f"{list(error.path)}: {error.message[:200]}" for error in found]


@pytest.mark.parametrize("version", ["2.1.0", "2.0.0"])
async def test_c093_messages_of_the_service_are_valid(exchange: Exchange, version: str) -> None:
    for flow, along in product(FLOWS, (None, "AllDimensions", "TIME_PERIOD", "FREQ")):
        await check_flow_in_json(exchange, version, along, flow)


async def check_flow_in_json(
    exchange: Exchange, version: str, along: str | None, flow: str
) -> None:
    asked = "" if along is None else f"?dimensionAtObservation={along}"
    reply = await ask(exchange, f"/dataflow/TST/{flow}{asked}", JSON_SCHEMA + version)
    schema = reply.json()
    jsonschema.Draft202012Validator.check_schema(schema)
    layouts = [asked] if along else ["", "?dimensionAtObservation=FREQ"]
    for layout in layouts:
        for more in (
            "",
            "c[REF_AREA]=CRI",
            "attributes=all",
            "attributes=none",
            "includeHistory=true",
        ):
            if "REF_AREA" in more and flow == "DF_TYPES":
                continue
            path = f"/dataflow/TST/{flow}{layout}{'&' if layout else '?'}{more}".rstrip("?&")
            message = await exchange.get(path, DATA_JSON + version)
            assert message.status_code == 200, message.text
            assert errors(schema, message.json()) == [], path


async def message_and_schema(exchange: Exchange) -> tuple[Any, Any]:
    schema = (await ask(exchange, DF)).json()
    message = (await exchange.get("/dataflow/TST/DF", DATA_JSON + "2.1.0")).json()
    assert errors(schema, message) == []
    return message, schema


def dimension(message: Any, name: str) -> dict[str, Any]:
    listed = message["data"]["structures"][0]["dimensions"]
    found: dict[str, Any] = next(
        one for level in listed.values() for one in level if one["id"] == name
    )
    return found


async def test_c093_a_wrong_code(exchange: Exchange) -> None:
    message, schema = await message_and_schema(exchange)
    for name, code in (("REF_AREA", "XXX"), ("SEX", "U")):
        changed = json.loads(json.dumps(message))
        dimension(changed, name)["values"][0]["id"] = code
        assert any(f"'{code}'" in error for error in errors(schema, changed))


async def test_c093_a_missing_dimension(exchange: Exchange) -> None:
    message, schema = await message_and_schema(exchange)
    listed = message["data"]["structures"][0]["dimensions"]["series"]
    listed[:] = [one for one in listed if one["id"] != "SEX"]
    assert errors(schema, message)


async def test_c093_a_component_that_is_not_there(exchange: Exchange) -> None:
    message, schema = await message_and_schema(exchange)
    message["data"]["structures"][0]["attributes"]["observation"][0]["id"] = "MADE_UP"
    assert any("'MADE_UP'" in error for error in errors(schema, message))


async def test_c093_a_wrong_type(exchange: Exchange) -> None:
    message, schema = await message_and_schema(exchange)
    series = next(iter(message["data"]["dataSets"][0]["series"].values()))
    observation = next(iter(series["observations"].values()))
    for wrong in ("ten", True, [1]):
        observation[0] = wrong
        assert errors(schema, message), wrong


async def test_c093_a_key_of_too_few_parts(exchange: Exchange) -> None:
    message, schema = await message_and_schema(exchange)
    listed = message["data"]["dataSets"][0]["series"]
    listed["0:0"] = listed.pop("0:0:0")
    assert errors(schema, message)


async def test_c093_data_of_another_flow(exchange: Exchange) -> None:
    schema = (await ask(exchange, DF)).json()
    other = (await exchange.get("/dataflow/TST/DF_SMALL", DATA_JSON + "2.1.0")).json()
    assert errors(schema, other)


async def test_the_layout_is_free_unless_it_is_asked_for(exchange: Exchange) -> None:
    flat = (await exchange.get("/dataflow/TST/DF?dimensionAtObservation=AllDimensions")).json()
    assert errors((await ask(exchange, DF)).json(), flat) == []
    series = (await ask(exchange, f"{DF}?dimensionAtObservation=TIME_PERIOD")).json()
    assert errors(series, flat)


# -- C094: one artefact -------------------------------------------------------------------------


NOT_ONE = (
    "/dataflow/*/DF",
    "/dataflow/all/DF",
    "/dataflow/TST/*",
    "/dataflow/TST/DF/*",
    "/dataflow/TST/DF/1.*.0",
    "/dataflow/TST,OTHER/DF",
    "/dataflow/TST/DF,DF_SMALL",
    "/dataflow/TST/DF/1.0.0,2.0.0",
    "/dataflow/TST/DF/%2A",
    "/*/TST/DF",
    "/codelist/TST/CL_AREA",
    "/dataflow,datastructure/TST/DF",
    "/dataflow/TST",
    "/dataflow",
    "/",
    "",
    "/dataflow/TST/DF/1.0.0/more",
    "/dataflow/TST/DF/latest",
    "/dataflow/TST/DF/1.+.3",
    "/dataflow/TST/DF?deletion=maybe",
    "/dataflow/TST/DF?dimensionAtObservation=NOWHERE",
    "/dataflow/TST/DF?dimensionAtObservation=*",
    "/dataflow/TST/DF?references=all",
    "/dataflow/TST/DF?asOf=yesterday",
)


async def test_c094_what_does_not_name_one_artefact(empty: Exchange) -> None:
    for path in NOT_ONE:
        reply = await ask(empty, path)
        assert reply.status_code == 400, (path, reply.text)
        assert reply.json()["errors"][0]["code"] == 400


async def test_an_artefact_that_does_not_exist(empty: Exchange) -> None:
    for path in ("/dataflow/TST/NONE", "/dataflow/NONE/DF", "/dataflow/TST/DF/9.0.0"):
        reply = await ask(empty, path)
        assert reply.status_code == 404, path
        assert reply.json()["errors"]


async def test_versions_and_slashes_are_those_of_all_queries(empty: Exchange) -> None:
    for version in ["", "/", "/~", "/+", "/1.0.0", "/1.0.0/", "/1+.0.0", "/1.0.0%2B", "/%7E"]:
        reply = await ask(empty, f"/dataflow/TST/DF{version}")
        assert reply.status_code == 200, (version, reply.text)
        assert reply.json()["title"] == urn("Dataflow", "DF")


async def test_the_newest_version_is_the_default(empty: Exchange) -> None:
    for asked, version in (("", "1.1.0"), ("/1.0.0", "1.0.0"), ("/1.0.+", "1.0.0")):
        reply = await ask(empty, f"/dataflow/TST/DF_VER{asked}")
        assert reply.json()["title"] == urn("Dataflow", "DF_VER", version=version)


async def test_as_of_gives_the_schema_of_that_time(empty: Exchange, pools: Pools) -> None:
    before = (await ask(empty, DF)).json()
    narrowed = constraint(
        "CC_LATER", {"dataflows": [urn("Dataflow", "DF")]}, cubeRegions=[region(FREQ=["A"])]
    )
    async with pools.writer.acquire() as connection:
        await publish(connection, [narrowed], START + dt.timedelta(days=2))
    now = (await ask(empty, DF)).json()
    assert codes_of(now, "FREQ") == ["A"]
    for instant, schema in (("2026-01-02T00:00:00Z", before), ("2026-01-04T00:00:00Z", now)):
        then = await ask(empty, f"{DF}?asOf={instant}")
        assert then.json() == schema


# -- C095: deletion -----------------------------------------------------------------------------


async def test_c095_messages_that_delete(own: Exchange) -> None:
    instant = await own.prepared("/dataflow/TST/DF_SMALL")
    await own.desk.accept(small("A,CRI,2019", action="D"))
    path = f"/dataflow/TST/DF_SMALL?updatedAfter={instant.replace('+', '%2B')}"
    message = (await own.get(path, DATA_JSON + "2.1.0")).json()
    assert "Delete" in {one["action"] for one in message["data"]["dataSets"]}
    schema = (await ask(own, "/dataflow/TST/DF_SMALL?deletion=true")).json()
    assert errors(schema, message) == []
    partial = {
        "meta": message["meta"],
        "data": {
            "structures": [
                {
                    "name": "x",
                    "links": message["data"]["structures"][0]["links"],
                    "dimensions": {"series": [{"id": "REF_AREA", "values": [{"id": "CRI"}]}]},
                }
            ],
            "dataSets": [{"action": "Delete", "structure": 0, "series": {"0": {}}}],
        },
    }
    assert errors(schema, partial) == []
    assert errors((await ask(own, "/dataflow/TST/DF_SMALL")).json(), partial)


@pytest.mark.parametrize("version", sorted(DATA_XML))
async def test_c095_xml_messages_that_delete(own: Exchange, version: str) -> None:
    instant = await own.prepared("/dataflow/TST/DF_SMALL")
    await own.desk.accept(small("A,CRI,2019", action="D"))
    path = f"/dataflow/TST/DF_SMALL?updatedAfter={instant.replace('+', '%2B')}"
    message = await own.get(path, DATA_XML[version])
    assert b"Delete" in message.content
    xsd = await ask(own, "/dataflow/TST/DF_SMALL?deletion=true", XML_SCHEMA + version)
    check_structure_specific(message.content, xsd.content, version)


# -- representations and conditions -------------------------------------------------------------


REPRESENTATIONS = (
    (None, JSON_SCHEMA + "2.1.0"),
    ("*/*", JSON_SCHEMA + "2.1.0"),
    ("application/json", JSON_SCHEMA + "2.1.0"),
    ("application/schema+json", JSON_SCHEMA + "2.1.0"),
    (JSON_SCHEMA + "2.0.0", JSON_SCHEMA + "2.0.0"),
    ("application/xml", XML_SCHEMA + "3.1.0"),
    ("application/vnd.sdmx.schema+xml", XML_SCHEMA + "3.1.0"),
    (XML_SCHEMA + "3.0.0", XML_SCHEMA + "3.0.0"),
    (XML_SCHEMA + "2.1", XML_SCHEMA + "2.1"),
    (STRUCTURE + "2.1.0", STRUCTURE + "2.1.0"),
    (STRUCTURE + "2.0.0", STRUCTURE + "2.0.0"),
)


async def test_representations(empty: Exchange) -> None:
    for accept, given in REPRESENTATIONS:
        reply = await ask(empty, DF, accept)
        assert reply.headers["content-type"].replace(" ", "") == given
        assert "Accept" in reply.headers["vary"]


async def test_what_is_not_offered(empty: Exchange) -> None:
    assert (await ask(empty, DF, "text/csv")).status_code == 406
    assert (await ask(empty, DF, XML_SCHEMA + "9.0")).status_code == 406
    xsd = await empty.client.get(f"{ROOT}{DF}?format=xsd&formatVersion=3.0.0")
    assert xsd.headers["content-type"].replace(" ", "") == XML_SCHEMA + "3.0.0"


async def test_conditions_compression_and_head(empty: Exchange, pools: Pools) -> None:
    first = await ask(empty, DF)
    etag = first.headers["etag"]
    again = await empty.client.get(ROOT + DF, headers={"If-None-Match": etag})
    assert (again.status_code, again.content) == (304, b"")
    assert again.headers["etag"] == etag
    other = await ask(empty, f"{DF}?deletion=true")
    assert other.headers["etag"] != etag
    head = await empty.client.head(ROOT + DF, headers={"Accept-Encoding": "identity"})
    assert (head.status_code, head.content) == (200, b"")
    assert head.headers["content-length"] == str(len(first.content))
    packed = await empty.client.get(ROOT + DF, headers={"Accept-Encoding": "gzip"})
    assert packed.headers["content-encoding"] == "gzip"
    assert packed.content == first.content
    narrowed = constraint(
        "CC_NEW", {"dataflows": [urn("Dataflow", "DF")]}, cubeRegions=[region(FREQ=["A"])]
    )
    async with pools.writer.acquire() as connection:
        await publish(connection, [narrowed], START)
    assert (await ask(empty, DF)).headers["etag"] != etag


# -- clients ------------------------------------------------------------------------------------


async def test_pysdmx_reads_the_schema_of_a_flow(empty: Exchange, pools: Pools) -> None:
    # Of a structure without `unbounded`, which the standard has and pysdmx cannot read.
    flow, held = [urn("Dataflow", "DF_SMALL")], [urn("ProvisionAgreement", "PA_CRI_SMALL")]
    narrowed = [
        constraint("CC_F", {"dataflows": flow}, cubeRegions=[region(REF_AREA=["CRI", "SLV"])]),
        constraint("CC_P", {"provisionAgreements": held}, cubeRegions=[region(REF_AREA=["CRI"])]),
    ]
    async with pools.writer.acquire() as connection:
        await publish(connection, narrowed, START)
    async with served(empty.service) as address:
        client = RegistryClient(f"{address}/sdmx/v2")
        for context, name, areas in (
            ("dataflow", "DF_SMALL", {"CRI", "SLV"}),
            ("provisionagreement", "PA_CRI_SMALL", {"CRI"}),
            ("datastructure", "DSD_SMALL", {"CRI", "SLV", "GTM", "HND"}),
        ):
            schema = await asyncio.to_thread(client.get_schema, context, "TST", name, "1.0.0")
            codes = schema.components["REF_AREA"].enumeration
            assert {code.id for code in codes} == areas
            assert [one.id for one in schema.components.dimensions] == [
                *("FREQ", "REF_AREA", "TIME_PERIOD")
            ]
