"""Reference metadata over HTTP: sets by themselves, by flow, by what they are about."""

from __future__ import annotations

import csv
import datetime as dt
import io
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import httpx
import pytest
import pytest_asyncio

from app.sdmx.artefacts import Artefact
from app.sdmx.messages.metadata_readers import read_metadata_message
from app.settings import Settings
from app.store.pools import Pools
from app.store.registry_publication import publish
from tests.artefact_samples import urn
from tests.exchange import Exchange, open_exchange
from tests.metadata import FULL, metadata_network, metadata_set
from tests.metadata_schemas import check_metadata
from tests.structures import START
from tests.xml_schemas import check_xml

ROOT = "/sdmx/v2/metadata"
JSON21 = "application/vnd.sdmx.metadata+json;version=2.1.0"
JSON20 = "application/vnd.sdmx.metadata+json;version=2.0.0"
XML31 = "application/vnd.sdmx.metadata+xml;version=3.1.0"
XML30 = "application/vnd.sdmx.metadata+xml;version=3.0.0"
GENERIC = "application/vnd.sdmx.genericmetadata+xml;version=2.1"
CSV21 = "application/vnd.sdmx.metadata+csv;version=2.1.0"
CSV20 = "application/vnd.sdmx.metadata+csv;version=2.0.0"
SCOPE = FULL[0]
BOUND = {"metadataProvisionAgreement": urn("MetadataProvisionAgreement", "MPA")}


def sets() -> list[Artefact]:
    """One in two versions, one by agreement about another flow, one of another provider."""
    return [
        metadata_set("MS", "1.0.0", attributes=[SCOPE]),
        metadata_set("MS", "1.1.0"),
        metadata_set("MS_SMALL", targets=[urn("Dataflow", "DF_SMALL")], **BOUND),
        metadata_set("MS", "1.0.0", "TST.OTHER", targets=[urn("Dataflow", "DF_SMALL")]),
    ]


@asynccontextmanager
async def described(pools: Pools, settings: Settings) -> AsyncIterator[Exchange]:
    async with open_exchange(pools, settings) as opened:
        async with pools.writer.acquire() as connection:
            await publish(connection, [*metadata_network(), *sets()], START)
        yield opened


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def exchange(module_pools: Pools, module_settings: Settings) -> AsyncIterator[Exchange]:
    """The exchange of all tests that only read."""
    async with described(module_pools, module_settings) as opened:
        yield opened


@pytest.fixture
async def own(pools: Pools, settings: Settings) -> AsyncIterator[Exchange]:
    """An exchange of a test alone."""
    async with described(pools, settings) as opened:
        yield opened


async def ask(
    exchange: Exchange, path: str, accept: str = JSON21, **headers: str
) -> httpx.Response:
    return await exchange.client.get(ROOT + path, headers={"Accept": accept, **headers})


async def found(exchange: Exchange, path: str) -> list[str]:
    """Which sets an answer holds, each as `PROVIDER:ID(VERSION)`."""
    reply = await ask(exchange, path)
    if reply.status_code == 204:
        return []
    assert reply.status_code == 200, reply.text
    listed = check_metadata(reply.content)["data"]["metadataSets"]
    return [f"{one['agencyID'][4:]}:{one['id']}({one['version']})" for one in listed]


async def test_c096_the_same_set_by_three_paths(exchange: Exchange) -> None:
    for path in (
        "/metadataset/TST.OFFICE/MS/1.1.0",
        "/metadataset/OFFICE/MS",
        "/metadataflow/TST/MDF/1.0.0/TST.OFFICE",
        "/structure/dataflow/TST/DF/1.0.0",
    ):
        assert "OFFICE:MS(1.1.0)" in await found(exchange, path), path
    reply = await ask(exchange, "/metadataset/TST.OFFICE/MS/1.1.0")
    [one] = check_metadata(reply.content)["data"]["metadataSets"]
    assert one["attributes"] == FULL
    assert one["targets"] == [urn("Dataflow", "DF")]


async def test_c096_by_set(exchange: Exchange) -> None:
    newest = ["OFFICE:MS(1.1.0)", "OFFICE:MS_SMALL(1.0.0)", "OTHER:MS(1.0.0)"]
    assert await found(exchange, "/metadataset") == newest
    assert await found(exchange, "/metadataset/*/*/~") == newest
    assert await found(exchange, "/metadataset/TST.OFFICE/MS/*") == [
        "OFFICE:MS(1.0.0)",
        "OFFICE:MS(1.1.0)",
    ]
    assert await found(exchange, "/metadataset/OTHER,OFFICE/MS/1.0.0") == [
        "OFFICE:MS(1.0.0)",
        "OTHER:MS(1.0.0)",
    ]
    assert await found(exchange, "/metadataset/TST.NOBODY") == []


async def test_c096_by_metadataflow_and_provider(exchange: Exchange) -> None:
    every = [f"{one.agency[4:]}:{one.id}({one.version})" for one in sets()]
    assert await found(exchange, "/metadataflow/TST/MDF") == sorted(every)
    assert await found(exchange, "/metadataflow/*/*/*/OTHER") == ["OTHER:MS(1.0.0)"]
    assert await found(exchange, "/metadataflow/TST/MDF/1.0.0/NOBODY") == []


async def test_c096_by_structure(exchange: Exchange) -> None:
    small = ["OFFICE:MS_SMALL(1.0.0)", "OTHER:MS(1.0.0)"]
    assert await found(exchange, "/structure/dataflow/TST/DF_SMALL") == small
    assert await found(exchange, "/structure/*/TST/DF_SMALL") == small
    assert await found(exchange, "/structure/codelist") == []
    # A later stable version has taken the place of MS(1.0.0): it says nothing any more.
    assert await found(exchange, "/structure") == ["OFFICE:MS(1.1.0)", *small]


async def test_what_is_named_in_full_and_absent_is_not_found(exchange: Exchange) -> None:
    for path in (
        "/metadataset/TST.OFFICE/NOPE",
        "/metadataset/TST.OFFICE/MS/9.0.0",
        "/metadataflow/TST/NOPE",
        "/structure/dataflow/TST/NOPE/1.0.0",
    ):
        reply = await ask(exchange, path)
        assert reply.status_code == 404, path
        assert reply.json()["errors"][0]["code"] == 404
    # The flow is there, only nothing is reported about it.
    assert (await ask(exchange, "/structure/dataflow/TST/DF_TWO/1.0.0")).status_code == 204


async def test_stubs_have_no_values(exchange: Exchange) -> None:
    reply = await ask(exchange, "/metadataset/TST.OFFICE/MS?detail=allstubs")
    [one] = check_metadata(reply.content)["data"]["metadataSets"]
    assert one["isExternalReference"] is True
    assert one["name"] == "MS in English"
    assert not any("value" in part or "attributes" in part for part in one["attributes"])
    whole = await exchange.client.get(one["links"][0]["href"])
    assert whole.json()["data"]["metadataSets"][0]["attributes"] == FULL


async def test_c041_metadata_as_of_an_instant(own: Exchange, pools: Pools) -> None:
    draft = metadata_set("DRAFT", "0.1.0", attributes=[{"id": "SCOPE", "value": "before"}])
    later = metadata_set("DRAFT", "0.1.0", attributes=[{"id": "SCOPE", "value": "after"}])
    for number, one in enumerate((draft, later), 1):
        async with pools.writer.acquire() as connection:
            await publish(connection, [one], START + dt.timedelta(days=number))

    async def scope(instant: str) -> Any:
        reply = await ask(own, f"/metadataset/TST.OFFICE/DRAFT/0.1.0{instant}")
        if reply.status_code == 404:
            return None
        [one] = check_metadata(reply.content)["data"]["metadataSets"]
        return one["attributes"][0]["value"]

    assert await scope("") == "after"
    assert await scope("?asOf=2026-01-02T12:00:00Z") == "before"
    assert await scope("?asOf=2026-01-01T12:00:00Z") is None


async def test_c042_c043_texts_by_language(exchange: Exchange) -> None:
    async def shown(languages: str) -> dict[str, Any]:
        headers = {"Accept-Language": languages}
        reply = await ask(exchange, "/metadataset/TST.OFFICE/MS", JSON21, **headers)
        assert reply.headers["content-language"].startswith(languages.replace("*", "en")[:2])
        [one] = check_metadata(reply.content)["data"]["metadataSets"]
        return one

    spanish = await shown("es")
    assert spanish["name"] == "MS en español"
    assert spanish["attributes"][0]["value"] == {"es": "Todas las personas que entran"}
    assert spanish["isPartialLanguage"] is True
    # What there is in no language asked for is shown as it is.
    assert set(spanish["attributes"][2]["value"]) == {"en"}
    every = await shown("*")
    assert every["attributes"] == FULL
    assert "isPartialLanguage" not in every


@pytest.mark.parametrize("accept", [JSON21, JSON20])
async def test_json_is_valid_and_reads_back(exchange: Exchange, accept: str) -> None:
    reply = await ask(exchange, "/metadataset/*/*/*", accept)
    assert reply.headers["content-type"].replace(" ", "") == accept
    check_metadata(reply.content, accept[-5:])
    read = {one.urn: one.document for one in read_metadata_message(reply.content)}
    assert read == {one.urn: one.document for one in sets()}


@pytest.mark.parametrize("accept", [XML31, XML30])
async def test_xml_is_valid_and_reads_back(own: Exchange, pools: Pools, accept: str) -> None:
    reply = await ask(own, "/metadataset/*/*/*", accept)
    assert reply.headers["content-type"].replace(" ", "") == accept
    message = check_xml(reply.content, accept[-5:])
    assert [one.tag.rpartition("}")[2] for one in message][1:] == ["MetadataSet"] * 4
    # What is published again from XML is what is stored: nothing was lost.
    async with pools.writer.acquire() as connection:
        result = await publish(connection, read_metadata_message(reply.content), START)
    assert len(result.unchanged) == 4
    stubs = await ask(own, "/metadataset?detail=allstubs", accept)
    check_xml(stubs.content, accept[-5:])


async def test_generic_metadata_of_2_1(exchange: Exchange) -> None:
    reply = await ask(exchange, "/metadataset/*/*/*", GENERIC)
    assert reply.headers["content-type"].replace(" ", "") == GENERIC
    message = check_xml(reply.content, "2.1")
    listed = list(message.iter("{*}MetadataSet"))
    assert [one.get("setID") for one in listed] == ["MS", "MS", "MS_SMALL", "MS"]
    # Report and target are those of the metadata structure as 2.1 shows it.
    accept = {"Accept": "application/vnd.sdmx.structure+xml;version=2.1"}
    path = "/sdmx/v2/structure/metadatastructure/TST/MSD/1.0.0"
    structure = check_xml((await exchange.client.get(path, headers=accept)).content, "2.1")
    kinds = {
        "Report": "ReportStructure",
        "Target": "MetadataTarget",
        "ReferenceValue": "IdentifiableObjectTarget",
    }
    for name, kind in kinds.items():
        defined = {one.get("id") for one in structure.iter(f"{{*}}{kind}")} - {None}
        assert {one.get("id") for one in message.iter(f"{{*}}{name}")} == defined
    values = {
        one.get("id"): one.get("value") or [text.text for text in one.findall("{*}Text")]
        for one in listed[1].iter("{*}ReportedAttribute")
    }
    assert values["SCOPE"] == ["All who enter", "Todas las personas que entran"]
    assert values["COVERAGE"] == "97.5"
    assert values["EMAIL"] == "b@example.org"
    stubs = await ask(exchange, "/metadataset?detail=allstubs", GENERIC)
    check_xml(stubs.content, "2.1")


async def test_the_1_x_path_gives_generic_metadata_by_default(exchange: Exchange) -> None:
    reply = await exchange.client.get("/sdmx/v1/metadata/TST,MDF,1.0.0/all/TST,OTHER")
    assert reply.headers["content-type"].replace(" ", "") == GENERIC
    assert len(list(check_xml(reply.content, "2.1").iter("{*}MetadataSet"))) == 1


async def test_formats_and_conditions(exchange: Exchange) -> None:
    path = "/metadataset/TST.OFFICE/MS"
    reply = await ask(exchange, path, "*/*")
    assert reply.headers["content-type"].replace(" ", "") == JSON21
    assert "Accept-Language" in reply.headers["vary"]
    held = {"If-None-Match": reply.headers["etag"]}
    assert (await ask(exchange, path, "*/*", **held)).status_code == 304
    assert (await ask(exchange, path, "*/*", **{"Accept-Encoding": "gzip"})).json() == reply.json()
    head = await exchange.client.head(ROOT + path, headers={"Accept": "*/*"})
    assert head.headers["content-length"] == reply.headers["content-length"]
    assert head.content == b""
    refused = await ask(exchange, path, "application/vnd.sdmx.data+json")
    assert refused.status_code == 406
    wrong = await ask(exchange, "/metadataset/A/B/C/D")
    assert wrong.status_code == 400
    assert wrong.json()["errors"][0]["code"] == 400


async def rows(exchange: Exchange, path: str, accept: str, **headers: str) -> list[dict[str, str]]:
    reply = await ask(exchange, path, accept, **headers)
    assert reply.status_code == 200, reply.text
    return list(csv.DictReader(io.StringIO(reply.text, newline="")))


async def test_csv_has_an_attribute_a_column(exchange: Exchange) -> None:
    [row] = await rows(exchange, "/metadataset/TST.OFFICE/MS", CSV21)
    assert list(row) == [
        *("MDSTRUCTURE[;]", "MDSTRUCTURE_ID", "METADATASET_ID", "TARGET_TYPES", "TARGET_IDS"),
        *("SCOPE[en;es]", "NOTE[][en;es]", "RATING[]", "COVERAGE", "YEARS[]", "FINAL"),
        *("CONTACT[].NAME[en;es]", "CONTACT[].EMAIL[]"),
    ]
    assert row == {
        "MDSTRUCTURE[;]": "metadataflow",
        "MDSTRUCTURE_ID": "TST:MDF(1.0.0)",
        "METADATASET_ID": "TST.OFFICE:MS(1.1.0)",
        "TARGET_TYPES": "dataflow",
        "TARGET_IDS": "TST:DF(1.0.0)",
        "SCOPE[en;es]": "en:All who enter;es:Todas las personas que entran",
        "NOTE[][en;es]": '"""en:<p>Read <b>this</b> &amp; that</p>"";es:<p>Lea esto</p>"'
        ';"""en:<p>Second, with """"quotes""""; a line\nbreak</p>"""',
        "RATING[]": "GOOD",
        "COVERAGE": "97.5",
        "YEARS[]": "2020;2021",
        "FINAL": "true",
        "CONTACT[].NAME[en;es]": '"en:Desk;es:Oficina";en:Plain',
        "CONTACT[].EMAIL[]": '"a@example.org;b@example.org";',
    }


async def test_csv_labels(exchange: Exchange) -> None:
    path = "/metadataset/TST.OFFICE/MS_SMALL"
    headers = {"Accept-Language": "es"}
    [both] = await rows(exchange, path, f"{CSV21};labels=both", **headers)
    assert both["MDSTRUCTURE_ID"] == "TST:MPA(1.0.0): MPA en español"
    assert both["MDSTRUCTURE[;]"] == "metadataprovision"
    assert both["TARGET_IDS"] == "TST:DF_SMALL(1.0.0): DF_SMALL en español"
    assert both["RATING[]: RATING en español"] == "GOOD: GOOD en español"
    assert both["IS_PARTIAL_LANGUAGE"] == "1"
    [named] = await rows(exchange, path, f"{CSV21};labels=name")
    assert named["METADATASET_NAME"] == "MS_SMALL in English"
    assert named["TARGET_NAMES"] == "DF_SMALL in English"
    assert named["RATING in English"] == "GOOD in English"


async def test_csv_2_0_says_an_action(exchange: Exchange) -> None:
    every = await rows(exchange, "/metadataset/*/*/*", CSV20)
    assert [row["ACTION"] for row in every] == ["I"] * 4
    assert [row["MDSTRUCTURE[;]"] for row in every].count("metadataprovision") == 1
    assert every[0]["YEARS[]"] == ""
