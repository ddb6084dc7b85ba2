"""HTTP around data queries: representations, conditions, encodings, errors, load."""

from __future__ import annotations

import asyncio
import gzip
import zlib
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from email.utils import format_datetime, parsedate_to_datetime
from typing import Any

import brotli
import httpx
import pytest
import pytest_asyncio

from app.services import arrange_data
from app.settings import Settings
from app.store.pools import Pools
from app.store.registry_publication import publish
from tests.artefact_samples import artefact, urn
from tests.data_messages import check_data
from tests.exchange import (
    CSV10,
    CSV20,
    CSV21,
    JSON20,
    JSON21,
    Exchange,
    open_exchange,
    served,
    small,
)
from tests.structures import CRI, START, agreement
from tests.xml_schemas import check_xml

SMALL = "/dataflow/TST/DF_SMALL"


@asynccontextmanager
async def filled(pools: Pools, settings: Settings) -> AsyncIterator[Exchange]:
    async with open_exchange(pools, settings) as opened:
        await opened.desk.accept(small("A,CRI,2019,1,A,,,s,g,d", "A,CRI,2020,2", "A,SLV,2020,3"))
        yield opened


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def exchange(module_pools: Pools, module_settings: Settings) -> AsyncIterator[Exchange]:
    """The exchange of all tests that only read."""
    async with filled(module_pools, module_settings) as opened:
        yield opened


@pytest.fixture
async def own(pools: Pools, settings: Settings) -> AsyncIterator[Exchange]:
    """An exchange of a test alone."""
    async with filled(pools, settings) as opened:
        yield opened


def media_type(reply: httpx.Response) -> str:
    return reply.headers["content-type"].replace(" ", "")


# -- representations ----------------------------------------------------------------------------


@pytest.mark.parametrize("accept", [None, "*/*", "application/json", "application/*"])
async def test_c099_the_default_names_its_version(exchange: Exchange, accept: str | None) -> None:
    reply = await exchange.get(SMALL, accept)
    assert media_type(reply) == JSON21


@pytest.mark.parametrize("accept", [JSON21, JSON20, CSV21, CSV20, CSV10])
async def test_c100_exact_types_are_echoed(exchange: Exchange, accept: str) -> None:
    reply = await exchange.get(SMALL, accept)
    assert reply.status_code == 200
    assert media_type(reply) == accept


@pytest.mark.parametrize(
    ("accept", "expected"),
    [
        ("application/vnd.sdmx.data+json;version=2.0.0+", JSON20),
        ("application/vnd.sdmx.data+json;version=2.0+.0", JSON21),
        ("application/vnd.sdmx.data+csv;version=1+.0.0", CSV21),
        ("application/vnd.sdmx.data+csv", CSV21),
        ("text/csv", CSV21),
        (f"{JSON21};q=0.5, {CSV20};q=0.9", CSV20),
        (f"{CSV21};q=0.9, {JSON20}", JSON20),
        (f"application/x-foo, {CSV10};q=0.1", CSV10),
        (f"{CSV21};q=0, */*;q=0.1", JSON21),
    ],
)
async def test_c101_c102_ranges_and_weights(exchange: Exchange, accept: str, expected: str) -> None:
    assert media_type(await exchange.get(SMALL, accept)).startswith(expected)


@pytest.mark.parametrize(
    "accept",
    [
        "application/x-foo",
        "application/vnd.sdmx.data+json;version=3.0.0",
        "application/vnd.sdmx.structure+json",
        "application/vnd.sdmx.data+xml;version=3.2.0",
        f"{CSV21};labels=nonsense",
    ],
)
async def test_c103_c115_what_is_not_offered_is_406(exchange: Exchange, accept: str) -> None:
    reply = await exchange.get(SMALL, accept)
    assert reply.status_code == 406
    if "xml" in accept:
        assert check_xml(reply.content, "3.1")[0].get("code") == "406"
    else:
        assert check_data(reply.content)["errors"][0]["code"] == 406
    assert "Accept" in reply.headers["vary"]


async def test_c105_c106_parameters_beat_headers(exchange: Exchange) -> None:
    reply = await exchange.get(f"{SMALL}?format=csvdata&formatVersion=2.0.0", JSON21)
    assert media_type(reply) == CSV20
    reply = await exchange.get(f"{SMALL}?lang=es", JSON21, {"Accept-Language": "en"})
    assert reply.json()["data"]["structures"][0]["name"] == "DF_SMALL en español"
    assert reply.headers["content-language"].startswith("es")
    reply = await exchange.get(f"{SMALL}?compression=gzip", CSV21, {"Accept-Encoding": "identity"})
    assert reply.headers["content-encoding"] == "gzip"
    for refused in ("lang=xx", "compression=exi", "format=nonsense", "formatVersion=9"):
        assert (await exchange.get(f"{SMALL}?{refused}")).status_code == 406, refused


@pytest.mark.parametrize(
    ("coding", "decode"),
    [("gzip", gzip.decompress), ("br", brotli.decompress), ("deflate", zlib.decompress)],
)
@pytest.mark.parametrize(
    "url",
    [
        f"/sdmx/v2/data{SMALL}",
        f"/sdmx/v2/data{SMALL}/*/A.CRI",
        "/sdmx/v2/structure/codelist",
        f"/sdmx/v2/availability{SMALL}",
        "/sdmx/v1/data/DF_SMALL",
        "/sdmx/v1/codelist",
        "/sdmx/v1/availableconstraint/DF_SMALL",
    ],
)
async def test_c107_encodings_give_the_same_bytes(
    exchange: Exchange, url: str, coding: str, decode: Callable[[bytes], bytes]
) -> None:
    async def raw(path: str, accepted: str | None) -> tuple[httpx.Response, bytes]:
        headers = {"Accept-Encoding": accepted or ""}
        async with exchange.client.stream("GET", path, headers=headers) as reply:
            return reply, b"".join([part async for part in reply.aiter_raw()])

    identity, plain = await raw(url, "identity")
    assert identity.status_code == 200
    assert "content-encoding" not in identity.headers
    for _ in range(2):  # not from memory, then from memory
        for path, accepted in (
            (url, coding),
            (url, f"identity;q=0.5, {coding}"),
            (f"{url}?compression={coding}", "identity"),
        ):
            reply, body = await raw(path, accepted)
            assert reply.headers["content-encoding"] == coding
            assert decode(body) == plain
    bare, body = await raw(url, None)
    assert "content-encoding" not in bare.headers
    assert body == plain


async def test_c107_the_best_of_what_is_accepted(exchange: Exchange) -> None:
    for accepted, chosen in (
        ("gzip, deflate, br, zstd", "br"),
        ("gzip, deflate", "gzip"),
        ("br;q=0.5, gzip", "gzip"),
        ("*", "br"),
        ("zstd, exi", None),
        ("br;q=0, *", "gzip"),
    ):
        reply = await exchange.get(SMALL, CSV21, {"Accept-Encoding": accepted})
        assert reply.headers.get("content-encoding") == chosen, accepted
    refused = await exchange.get(SMALL, CSV21, {"Accept-Encoding": "identity;q=0, zstd"})
    assert refused.status_code == 406


async def test_c108_c111_vary_and_language_on_every_reply(exchange: Exchange) -> None:
    first = await exchange.get(SMALL, CSV21)
    held = {"If-None-Match": first.headers["etag"]}
    for reply in (
        first,
        await exchange.get(SMALL, CSV21, held),
        await exchange.get(f"{SMALL}/*/A.XXX"),
        await exchange.get(f"{SMALL}?c[NOPE]=1"),
        await exchange.get("/dataflow/TST/NOPE"),
    ):
        named = {name.strip() for name in reply.headers["vary"].split(",")}
        assert "Accept-Language" in named, reply.status_code
        if reply.status_code < 400:  # errors have one form
            assert named >= {"Accept", "Accept-Encoding", "Authorization"}
    assert first.headers["content-language"] == "en"


async def test_accept_in_several_lines_is_one_list(exchange: Exchange) -> None:
    """And never lets one request be taken for another."""
    url = f"/sdmx/v2/data{SMALL}"
    lines = [("Accept", f"{CSV21};q=0.9"), ("Accept", f"{JSON20};q=0.5")]
    for _ in range(2):
        reply = await exchange.client.get(url, headers=lines)
        assert media_type(reply) == CSV21
        assert media_type(await exchange.get(SMALL, f"{JSON20};q=0.5")) == JSON20


# -- conditions ---------------------------------------------------------------------------------


async def test_c109_etags(own: Exchange) -> None:
    for path in (SMALL, f"{SMALL}/*/A.CRI", f"{SMALL}?includeHistory=true"):
        first = await own.get(path, CSV21)
        tag = first.headers["etag"]
        assert (await own.get(path, CSV21)).content == first.content
        for held in (tag, f'"other", {tag}', f"W/{tag}"):
            reply = await own.get(path, CSV21, {"If-None-Match": held})
            assert (reply.status_code, reply.content) == (304, b""), held
            assert reply.headers["etag"] == tag
        assert (await own.get(path, CSV21, {"If-None-Match": '"x"'})).status_code == 200
        other = await own.get(path, CSV20)
        assert other.headers["etag"] != tag
        language = await own.get(path, CSV21, {"Accept-Language": "es"})
        assert language.headers["etag"] != tag
    await own.desk.accept(small("A,CRI,2021,9"))
    reply = await own.get(SMALL, CSV21, {"If-None-Match": tag})
    assert reply.status_code == 200
    assert ",9," in reply.text


async def test_c109_data_of_another_agreement_changes_no_etag(own: Exchange) -> None:
    first = await own.get(SMALL, CSV21)
    await own.desk.accept(small("A,CRI,2021,9", flow="TST:DF_TWO(1.0.0)"))
    reply = await own.get(SMALL, CSV21, {"If-None-Match": first.headers["etag"]})
    assert reply.status_code == 304


async def test_c110_last_modified(exchange: Exchange) -> None:
    for path in (SMALL, f"{SMALL}/*/A.CRI"):
        first = await exchange.get(path, CSV21)
        told = first.headers["last-modified"]
        prepared = (await exchange.get(path, JSON21)).json()["meta"]["prepared"]
        assert parsedate_to_datetime(told).isoformat()[:19] == prepared[:19]
        same = await exchange.get(path, CSV21, {"If-Modified-Since": told})
        assert (same.status_code, same.content) == (304, b"")
        before = parsedate_to_datetime(told).replace(year=2020)
        old = {"If-Modified-Since": format_datetime(before, usegmt=True)}
        assert (await exchange.get(path, CSV21, old)).status_code == 200
        for odd in ("yesterday", "", "2026-01-01"):
            reply = await exchange.get(path, CSV21, {"If-Modified-Since": odd})
            assert reply.status_code == 200, odd
        # RFC 9110, 13.1.3: where there is a tag, the date is not looked at
        both = {"If-None-Match": '"x"', "If-Modified-Since": told}
        assert (await exchange.get(path, CSV21, both)).status_code == 200


async def test_head_is_get_without_its_body(exchange: Exchange) -> None:
    for path, accept in ((SMALL, CSV21), (f"{SMALL}/*/A.CRI", JSON21), (f"{SMALL}/*/A.XXX", CSV21)):
        url = f"/sdmx/v2/data{path}"
        headers = {"Accept": accept, "Accept-Encoding": "identity"}
        for _ in range(2):  # not from memory, then from memory
            head = await exchange.client.head(url, headers=headers)
            assert head.content == b""
            get = await exchange.client.get(url, headers=headers)
            assert head.status_code == get.status_code
            for name in ("etag", "last-modified", "content-type", "vary"):
                assert head.headers.get(name) == get.headers.get(name), name


async def test_c112_nothing_found_is_204(own: Exchange) -> None:
    reply = await own.get(f"{SMALL}?c[TIME_PERIOD]=1900")
    assert (reply.status_code, reply.content) == (204, b"")
    held = {"If-None-Match": reply.headers["etag"]}
    again = await own.get(f"{SMALL}?c[TIME_PERIOD]=1900", None, held)
    assert again.status_code in {204, 304}
    await own.desk.accept(small("A,CRI,1900,9"))
    found = await own.get(f"{SMALL}?c[TIME_PERIOD]=1900", None, held)
    assert found.status_code == 200


async def test_c113_too_large_is_413_with_what_would_work(
    own: Exchange, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(arrange_data, "GATHERED_OBSERVATIONS", 2)
    for query in ("sort=OBS_VALUE", "dimensionAtObservation=REF_AREA", "includeHistory=true"):
        reply = await own.get(f"{SMALL}?{query}")
        assert reply.status_code == 413, query
        [error] = check_data(reply.content)["errors"]
        assert error["code"] == 413
        assert "3" in error["detail"]
        assert "2" in error["detail"]
    assert (await own.get(SMALL)).status_code == 200


# -- errors -------------------------------------------------------------------------------------


async def test_c114_other_origins_may_read_data_and_errors(exchange: Exchange) -> None:
    origin = {"Origin": "https://example.org"}
    for path, status in (
        (SMALL, 200),
        (f"{SMALL}/*/A.XXX", 204),
        (f"{SMALL}?c[NOPE]=1", 400),
        ("/dataflow/TST/NOPE", 404),
    ):
        reply = await exchange.get(path, None, origin)
        assert reply.status_code == status
        assert reply.headers["access-control-allow-origin"] in {"*", "https://example.org"}
    exposed = (await exchange.get(SMALL, None, origin)).headers["access-control-expose-headers"]
    assert "etag" in exposed.lower()


@pytest.mark.parametrize(
    ("path", "status"),
    [
        (f"{SMALL}?c[NOPE]=1", 400),
        ("/dataflow/TST/NOPE", 404),
        ("/dataflow/TST/DF/1.0.0/A/too/many", 400),
        (f"{SMALL}?limit=0", 400),
        (f"{SMALL}/*/A.%00", 400),
        (f"{SMALL}/1.+.3", 400),
    ],
)
async def test_c115_c117_errors_are_messages(exchange: Exchange, path: str, status: int) -> None:
    reply = await exchange.get(path, None, {"Accept-Language": "es"})
    message = check_data(reply.content)
    [error] = message["errors"]
    assert (reply.status_code, error["code"]) == (status, status)
    assert error["title"] == error["titles"]["es"]
    assert error["detail"] == error["details"]["es"]
    assert message["meta"]["id"]
    assert "data" not in message


@pytest.mark.parametrize(
    "path",
    [
        "/dataflow/TST/DF_SMALL/*/%00",
        "/dataflow/TST/DF_SMALL?c[OBS_VALUE]=%00",
        "/dataflow/TST/DF_SMALL?c[REF_AREA]=%00",
        "/dataflow/TST/DF_SMALL?c[REF_AREA]=%ED%A0%80",
        "/dataflow/TST/DF_SMALL?c[REF_AREA]=%FF",
        "/dataflow/TST/DF_SMALL?c[REF_AREA]='%3B+DROP+TABLE+series%3B--",
        "/dataflow/TST/DF_SMALL/*/A.CRI'--",
        "/dataflow/TST/DF_SMALL?offset=99999999999999999999999999",
        "/dataflow/TST/DF_SMALL?c[OBS_VALUE]=ge:1e9999",
        "/dataflow/TST/DF_SMALL?c[TIME_PERIOD]=ge:9999",
        "/dataflow/TST/DF_SMALL?c[TIME_PERIOD]=0001",
        "/dataflow/TST/DF_SMALL?c[TIME_PERIOD]=le:0000",
        "/dataflow/TST/DF_SMALL?asOf=0001-01-01T00:00:00%2B14:00",
        "/dataflow/TST/DF_SMALL?updatedAfter=9999-12-31T23:59:59-14:00",
        "/dataflow/TST/DF_SMALL?firstNObservations=99999999999999999999",
    ],
)
async def test_odd_requests_are_never_our_fault(exchange: Exchange, path: str) -> None:
    reply = await exchange.get(path)
    assert reply.status_code in {200, 204, 400}, reply.text
    assert (await exchange.get(SMALL)).status_code == 200


# -- load ---------------------------------------------------------------------------------------


async def test_simultaneous_equal_requests_are_computed_once(
    own: Exchange, monkeypatch: pytest.MonkeyPatch
) -> None:
    from app.services import query_data

    read = query_data.read_current
    calls: list[Any] = []

    def counted(*arguments: Any, **parts: Any) -> Any:
        calls.append(arguments)
        return read(*arguments, **parts)

    monkeypatch.setattr(query_data, "read_current", counted)
    replies = await asyncio.gather(*(own.get(f"{SMALL}?c[FREQ]=A", CSV21) for _ in range(20)))
    assert len({reply.content for reply in replies}) == 1
    assert len(calls) <= 2, "one reading, and one that began before the first had bytes"
    await own.get(f"{SMALL}?c[FREQ]=A", CSV21)
    assert len(calls) <= 2


async def test_f7_stalled_readers_hold_no_connection(own: Exchange) -> None:
    """Four clients stop reading a long reply; the pool has two connections."""
    values = [
        f"M,CRI,{year}-{month:02},{year}{month}"
        for year in range(1000, 3000)
        for month in range(1, 13)
    ]
    for start in range(0, len(values), 12000):
        await own.desk.accept(small(*values[start : start + 12000]))
    async with served(own.service) as address:
        stalled = []
        host, port = address.removeprefix("http://").split(":")
        for number in range(4):
            reader, writer = await asyncio.open_connection(host, int(port), limit=1024)
            query = f"/sdmx/v2/data{SMALL}/*/M.CRI?limit={20000 + number}"
            writer.write(
                f"GET {query} HTTP/1.1\r\nHost: {host}\r\nAccept: {CSV21}\r\n\r\n".encode()
            )
            await writer.drain()
            await reader.readexactly(100)
            stalled.append((reader, writer))
        async with httpx.AsyncClient(base_url=address, timeout=30) as client:
            for number in range(8):
                reply = await client.get(f"/sdmx/v2/data{SMALL}/*/A.CRI?limit={number + 1}")
                assert reply.status_code == 200
        for _, writer in stalled:
            writer.close()


async def test_a_changed_registry_is_noticed(own: Exchange) -> None:
    """By a service that did not change it: another process may have."""
    path = "/dataflow/TST/DF_NEW"
    before = await own.get(SMALL, JSON21)
    assert (await own.get(path)).status_code == 404
    flow = artefact("Dataflow", "DF_NEW", structure=urn("DataStructure", "DSD_SMALL"))
    async with own.pools.writer.acquire() as connection:
        await publish(
            connection, [flow, agreement("PA_NEW", "DF_NEW", CRI)], START.replace(month=2)
        )
    assert (await own.get(path)).status_code == 204
    await own.desk.accept(small("A,CRI,2020,5", flow="TST:DF_NEW(1.0.0)"))
    assert await own.keys(path) == {"A.CRI.2020"}
    assert await own.keys(f"{path}/*/A.CRI") == {"A.CRI.2020"}
    held = {"If-None-Match": before.headers["etag"]}
    assert (await own.get(SMALL, JSON21, held)).status_code == 200


async def test_a_reply_does_not_change_while_it_is_read(own: Exchange) -> None:
    """The bytes of one ETag are one snapshot, whatever is published meanwhile."""
    async with own.client.stream(
        "GET", f"/sdmx/v2/data{SMALL}", headers={"Accept": CSV21}
    ) as reply:
        await own.desk.accept(small("A,CRI,2018,77", "A,SLV,2020,78"))
        text = b"".join([part async for part in reply.aiter_bytes()]).decode()
    assert ",77" not in text
    assert ",78" not in text
    assert ",77" in (await own.get(SMALL, CSV21)).text
