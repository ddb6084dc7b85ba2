"""Structures and availability in SDMX-ML over HTTP, on the 2.x paths."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from app.sdmx.messages.structure_json import read_structures
from app.sdmx.messages.structure_ml import read_structures_ml
from app.settings import Settings
from app.store.pools import Pools
from tests.exchange import Exchange, open_exchange, small
from tests.xml_schemas import check_xml

STRUCTURE = "/sdmx/v2/structure"
VENDOR = "application/vnd.sdmx.structure+xml"
# What clients send, and the version that they get.
ASKED = {
    f"{VENDOR};version=3.1.0": "3.1.0",
    f"{VENDOR};version=3.1": "3.1.0",
    f"{VENDOR}; version=3.0.0": "3.0.0",
    f"{VENDOR};version=3.0": "3.0.0",
    VENDOR: "3.1.0",
    "application/xml": "3.1.0",
    "text/xml, application/json;q=0.5": "3.1.0",
}


@pytest.fixture
async def exchange(pools: Pools, settings: Settings) -> AsyncIterator[Exchange]:
    async with open_exchange(pools, settings) as opened:
        yield opened


@pytest.mark.parametrize("accept", ASKED)
async def test_a_client_gets_the_version_of_sdmx_ml_that_it_asks_for(
    exchange: Exchange, accept: str
) -> None:
    path = f"{STRUCTURE}/dataflow/TST/DF_SMALL/1.0.0?references=all"
    reply = await exchange.client.get(path, headers={"Accept": accept})
    assert reply.status_code == 200, reply.text
    assert reply.headers["Content-Type"] == f"{VENDOR}; version={ASKED[accept]}"
    check_xml(reply.content, ASKED[accept])


@pytest.mark.parametrize("name", ["xml", "sdmx-ml", "structure", "xmlstructure"])
async def test_format_names_sdmx_ml(exchange: Exchange, name: str) -> None:
    path = f"{STRUCTURE}/dataflow/TST?format={name}&formatVersion=3.0"
    reply = await exchange.client.get(path)
    assert reply.headers["Content-Type"] == f"{VENDOR}; version=3.0.0"


@pytest.mark.parametrize("accept", [f"{VENDOR};version=3.1.0", f"{VENDOR};version=3.0.0"])
@pytest.mark.parametrize(
    "query", ["", "?detail=raw", "?references=all", "?detail=referencepartial&references=all"]
)
async def test_sdmx_ml_says_the_same_as_sdmx_json(
    exchange: Exchange, accept: str, query: str
) -> None:
    path = f"{STRUCTURE}/dataflow/TST/*/*{query}"
    as_xml = await exchange.client.get(path, headers={"Accept": accept})
    as_json = await exchange.client.get(path)
    check_xml(as_xml.content, accept[-5:])
    read = {one.urn: one.document for one in read_structures_ml(as_xml.content)}
    # A list without a member has no place in XML.
    assert read == {
        one.urn: {key: value for key, value in one.document.items() if value != []}
        for one in read_structures(as_json.content)
    }


@pytest.mark.parametrize("version", ["3.1.0", "3.0.0"])
@pytest.mark.parametrize("detail", ["allstubs", "allcompletestubs", "referencestubs"])
async def test_c027_stubs_are_valid(exchange: Exchange, version: str, detail: str) -> None:
    path = f"{STRUCTURE}/*/TST/*/*?detail={detail}&references=all"
    reply = await exchange.client.get(path, headers={"Accept": f"{VENDOR};version={version}"})
    assert reply.status_code == 200, reply.text
    check_xml(reply.content, version)


async def test_languages_are_those_that_were_asked_for(exchange: Exchange) -> None:
    headers = {"Accept": f"{VENDOR};version=3.1.0", "Accept-Language": "es"}
    reply = await exchange.client.get(f"{STRUCTURE}/codelist/TST/CL_AREA", headers=headers)
    lang = "{http://www.w3.org/XML/1998/namespace}lang"
    message = check_xml(reply.content, "3.1")
    assert {one.get(lang) for one in message.iter("{*}Name")} == {"es"}
    [listed] = message.iter("{*}Codelist")
    assert listed.get("isPartialLanguage") == "true"


async def test_availability_is_told_in_both_versions(exchange: Exchange) -> None:
    await exchange.desk.accept(small("A,CRI,2024,1", "A,CRI,2023,2"))
    path = "/sdmx/v2/availability/dataflow/TST/DF_SMALL/1.0.0"
    told = {}
    for version in ("3.1.0", "3.0.0"):
        reply = await exchange.client.get(path, headers={"Accept": f"{VENDOR};version={version}"})
        assert reply.status_code == 200, reply.text
        message = check_xml(reply.content, version)
        told[version] = {
            one.get("id"): [value.text for value in one]
            for one in message.iter("{*}KeyValue")
            if one.get("id") != "TIME_PERIOD"
        }
    assert told["3.1.0"] == told["3.0.0"]
    assert told["3.1.0"]["REF_AREA"] == ["CRI"]
