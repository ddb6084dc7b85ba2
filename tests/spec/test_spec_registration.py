"""Registrations over HTTP: each agreement that holds published data has one."""

from __future__ import annotations

import datetime as dt
from collections.abc import AsyncIterator
from urllib.parse import quote

import httpx
import pytest

from app.settings import Settings
from app.store.pools import Pools
from app.store.registry_publication import publish
from tests.exchange import TWO, Exchange, open_exchange, small
from tests.structures import CRI, SLV, START, agreement
from tests.xml_schemas import check_xml

ROOT = "/sdmx/v2/registration"
XML31 = "application/vnd.sdmx.registry+xml;version=3.1.0"
XML30 = "application/vnd.sdmx.registry+xml;version=3.0.0"


@pytest.fixture
async def exchange(pools: Pools, settings: Settings) -> AsyncIterator[Exchange]:
    async with open_exchange(pools, settings) as opened:
        await opened.desk.accept(small("A,CRI,2019,1,A"))
        await opened.desk.accept(small("A,SLV,2019,1,A"), SLV)
        await opened.desk.accept(small("A,SLV,2019,1,A", flow=TWO), SLV)
        yield opened


async def ask(exchange: Exchange, path: str, accept: str = XML31, **headers: str) -> httpx.Response:
    return await exchange.client.get(ROOT + path, headers={"Accept": accept, **headers})


async def found(exchange: Exchange, path: str, accept: str = XML31) -> dict[str, dict[str, str]]:
    """The registrations of an answer by the id of their agreement."""
    reply = await ask(exchange, path, accept)
    if reply.status_code == 204:
        return {}
    assert reply.status_code == 200, reply.text
    message = check_xml(reply.content, accept[-5:])
    registrations: dict[str, dict[str, str]] = {}
    for element in message.iter("{*}Registration"):
        urn = element.findtext("{*}ProvisionAgreement") or ""
        url = element.findtext(".//{*}DataURL") or ""
        facts = {str(name): str(value) for name, value in element.attrib.items()}
        registrations[urn.rpartition(":")[2]] = facts | {"url": url}
    return registrations


SMALL_CRI, SMALL_SLV, COMPILED = (
    "PA_CRI_SMALL(1.0.0)",
    "PA_SLV_SMALL(1.0.0)",
    "PA_COMPILED(1.0.0)",
)
EVERY = {SMALL_CRI, SMALL_SLV, COMPILED}


@pytest.mark.parametrize("accept", [XML31, XML30])
async def test_c098_the_representation_is_registry_xml(exchange: Exchange, accept: str) -> None:
    reply = await ask(exchange, "", accept)
    assert reply.headers["content-type"].replace(" ", "") == accept
    assert set(await found(exchange, "", accept)) == EVERY
    for other in ("*/*", "application/xml"):
        reply = await ask(exchange, "", other)
        assert reply.headers["content-type"].replace(" ", "") == XML31


@pytest.mark.parametrize("accept", ["application/json", "application/vnd.sdmx.data+json"])
async def test_c098_there_is_no_json(exchange: Exchange, accept: str) -> None:
    assert (await ask(exchange, "", accept)).status_code == 406
    asked = await exchange.client.get(f"{ROOT}?format=json")
    assert asked.status_code == 406


async def test_c097_by_id(exchange: Exchange) -> None:
    one = (await found(exchange, ""))[SMALL_CRI]
    assert await found(exchange, f"/id/{one['id']}") == {SMALL_CRI: one}
    assert (await ask(exchange, "/id/nothing")).status_code == 404
    assert (await ask(exchange, "/id/a,b")).status_code == 400


async def test_c097_by_provider(exchange: Exchange) -> None:
    assert set(await found(exchange, f"/provider/TST/{CRI}")) == {SMALL_CRI}
    assert set(await found(exchange, f"/provider/*/{SLV}")) == {SMALL_SLV, COMPILED}
    assert set(await found(exchange, f"/provider/TST/{SLV},{CRI}")) == EVERY
    assert set(await found(exchange, "/provider")) == EVERY
    assert await found(exchange, "/provider/OTHER") == {}
    assert (await ask(exchange, "/provider/TST/NOBODY")).status_code == 404


async def test_c097_by_structure(exchange: Exchange) -> None:
    assert set(await found(exchange, "/dataflow/TST/DF_SMALL")) == {SMALL_CRI, SMALL_SLV}
    assert set(await found(exchange, "/dataflow/TST/DF_SMALL,DF_TWO/~")) == EVERY
    assert set(await found(exchange, "/datastructure/TST/DSD_SMALL/1.0.0")) == EVERY
    assert set(await found(exchange, "/provisionagreement/*/PA_COMPILED")) == {COMPILED}
    assert set(await found(exchange, "/*/TST/DF_TWO")) == {COMPILED}
    assert set(await found(exchange, "/dataflow/*/*/1.0.0")) == EVERY
    # It is there, and nothing is published under it.
    assert await found(exchange, "/dataflow/TST/DF_PLAIN") == {}
    assert (await ask(exchange, "/dataflow/TST/NOPE")).status_code == 404
    assert (await ask(exchange, "/codelist/TST/CL_AREA")).status_code == 400


async def test_c097_both_instants_are_exclusive(exchange: Exchange) -> None:
    times = {name: one["lastUpdated"] for name, one in (await found(exchange, "")).items()}
    first, second, third = (times[name] for name in (SMALL_CRI, SMALL_SLV, COMPILED))
    assert first < second < third

    async def between(**instants: str) -> set[str]:
        query = "&".join(f"{name}={quote(value)}" for name, value in instants.items())
        return set(await found(exchange, f"/dataflow?{query}"))

    assert await between(updatedAfter=second) == {COMPILED}
    assert await between(updatedBefore=second) == {SMALL_CRI}
    assert await between(updatedAfter=first, updatedBefore=third) == {SMALL_SLV}
    assert await between(updatedAfter=third) == set()
    assert (await ask(exchange, "/dataflow?updatedAfter=soon")).status_code == 400


async def test_c161_a_publication_moves_the_time_and_keeps_the_id(exchange: Exchange) -> None:
    before = await found(exchange, "")
    await exchange.desk.accept(small("A,CRI,2020,2,A"))
    after = await found(exchange, "")
    assert after[SMALL_CRI]["lastUpdated"] > before[SMALL_CRI]["lastUpdated"]
    assert after[SMALL_CRI]["id"] == before[SMALL_CRI]["id"]
    assert {name: after[name] for name in EVERY - {SMALL_CRI}} == {
        name: before[name] for name in EVERY - {SMALL_CRI}
    }
    assert (
        await exchange.prepared("/provisionagreement/TST/PA_CRI_SMALL")
        == after[SMALL_CRI]["lastUpdated"]
    )


async def test_a_new_version_of_an_agreement_keeps_its_registration(
    exchange: Exchange, pools: Pools
) -> None:
    before = (await found(exchange, ""))[SMALL_CRI]
    newer = agreement("PA_CRI_SMALL", "DF_SMALL", CRI).document | {"version": "1.1.0"}
    one = agreement("PA_CRI_SMALL", "DF_SMALL", CRI)
    async with pools.writer.acquire() as connection:
        await publish(connection, [type(one).read(one.artefact_class, newer)], START)
    after = await found(exchange, f"/id/{before['id']}")
    assert set(after) == {"PA_CRI_SMALL(1.1.0)"}


async def test_the_source_answers_with_the_data(exchange: Exchange) -> None:
    url = (await found(exchange, ""))[SMALL_SLV]["url"]
    reply = await exchange.client.get(url, headers={"Accept": "text/csv"})
    assert reply.status_code == 200
    assert "A,SLV,2019,1" in reply.text
    assert "CRI" not in reply.text


async def test_what_is_withheld_registers_nothing(exchange: Exchange) -> None:
    assert SMALL_CRI in await found(exchange, "")
    before = (await ask(exchange, "")).headers["etag"]
    embargo = (dt.datetime.now(dt.UTC) + dt.timedelta(days=30)).isoformat()
    await exchange.desk.accept(small(f"A,CRI,2019,1,A,F,{embargo}", flow=TWO))
    assert set(await found(exchange, "")) == EVERY
    assert (await ask(exchange, "")).headers["etag"] == before


async def test_data_that_are_all_gone_are_registered_no_more(exchange: Exchange) -> None:
    await exchange.desk.accept(small("A,CRI,2019", action="D"))
    assert SMALL_CRI not in await found(exchange, "")


async def test_conditions_and_encodings(exchange: Exchange) -> None:
    reply = await ask(exchange, "/dataflow")
    held = {"If-None-Match": reply.headers["etag"]}
    assert (await ask(exchange, "/dataflow", **held)).status_code == 304
    await exchange.desk.accept(small("A,CRI,2021,2,A"))
    again = await ask(exchange, "/dataflow", **held)
    assert again.status_code == 200
    packed = await ask(exchange, "/dataflow", **{"Accept-Encoding": "gzip"})
    assert packed.headers["content-encoding"] == "gzip"
    assert packed.content == again.content
    head = await exchange.client.head(f"{ROOT}/dataflow", headers={"Accept": XML31})
    assert head.headers["etag"] == again.headers["etag"]
    assert head.content == b""
