"""Structure queries over HTTP, on a published registry."""

from __future__ import annotations

import asyncio
import datetime as dt
import socket
from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest
import uvicorn
from fastapi import FastAPI
from pysdmx.api.fmr import RegistryClient

from app.errors import NotAcceptableError, NotFoundError, QuerySyntaxError
from app.http.replies import ReplyCache
from app.routers import structure
from app.sdmx.artefact_classes import ARTEFACT_TYPES
from app.settings import Settings
from app.store.pools import Pools
from app.store.registry import RegistryCache
from app.store.registry_publication import publish
from tests.artefact_samples import artefact, every_class, item
from tests.structure_schemas import check_message

BASE = "https://data.example.org"
ROOT = "/sdmx/v2/structure"
MEDIA_TYPE = "application/vnd.sdmx.structure+json; version=2.1.0"
START = dt.datetime(2026, 1, 1, 12, 30, 15, 250000, tzinfo=dt.UTC)
ACCEPT_2_0 = {"Accept": "application/vnd.sdmx.structure+json;version=2.0.0"}


@pytest.fixture
async def app(pools: Pools, settings: Settings) -> FastAPI:
    async with pools.writer.acquire() as connection:
        await publish(connection, every_class(), START)
    app = FastAPI(redirect_slashes=False)
    app.include_router(structure.router)
    app.state.settings = settings.model_copy(update={"public_url": BASE})
    app.state.pools = pools
    app.state.registry = RegistryCache()
    app.state.replies = ReplyCache(settings)
    return app


@pytest.fixture
async def client(app: FastAPI) -> AsyncIterator[httpx.AsyncClient]:
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url=BASE) as opened:
        yield opened


@pytest.fixture
async def address(app: FastAPI) -> AsyncIterator[str]:
    """The service behind a real socket, for clients that bring their own HTTP."""
    listening = socket.create_server(("127.0.0.1", 0))
    server = uvicorn.Server(uvicorn.Config(app, log_level="warning", lifespan="off"))
    serving = asyncio.create_task(server.serve(sockets=[listening]))
    yield f"http://127.0.0.1:{listening.getsockname()[1]}/sdmx/v2"
    server.should_exit = True
    await serving


async def republish(pools: Pools, *codes: str, day: int) -> None:
    draft = artefact("Codelist", "CL_DRAFT", "1.0.0-draft", codes=[item(code) for code in codes])
    async with pools.writer.acquire() as connection:
        await publish(connection, [draft], START + dt.timedelta(days=day))


def documents(reply: httpx.Response) -> dict[str, list[dict[str, Any]]]:
    assert reply.status_code == 200
    data: dict[str, list[dict[str, Any]]] = reply.json()["data"]
    return data


async def test_c001_c002_c003_all_spellings_of_everything_are_one(
    client: httpx.AsyncClient,
) -> None:
    spellings = ("", "/", "/*", "/*/*/*/~/*", "/*/*/*/~/*/", "/%2A", "/all")
    replies = [await client.get(ROOT + spelling) for spelling in spellings]
    assert {reply.status_code for reply in replies} == {200}
    assert len({reply.headers["etag"] for reply in replies}) == 1
    assert len({reply.content for reply in replies}) == 1


async def test_c026_every_type_answers_in_both_versions_as_the_schemas_say(
    client: httpx.AsyncClient,
) -> None:
    for artefact_type in ARTEFACT_TYPES:
        query = f"{ROOT}/{artefact_type}?references=all&detail=referencestubs"
        reply = await client.get(query)
        assert documents(reply)
        assert reply.headers["content-type"] == MEDIA_TYPE
        check_message(reply.content)
        reply = await client.get(query, headers=ACCEPT_2_0)
        assert documents(reply)
        check_message(reply.content, "2.0.0")


async def test_everything_in_full_validates(client: httpx.AsyncClient) -> None:
    for query in ("", "?detail=raw", "?detail=allstubs", "/dataflow?references=all"):
        check_message((await client.get(ROOT + query)).content)
    partial = "/dataflow?references=all&detail=referencepartial"
    reply = await client.get(ROOT + partial, headers={"Accept-Language": "es"})
    check_message(reply.content)


async def test_c006_c007_raw_and_encoded_paths_are_one(client: httpx.AsyncClient) -> None:
    raw = await client.get(f"{ROOT}/codelist/TST/CL_AREA,CL_FREQ/1.0+.0")
    encoded = await client.get(f"{ROOT}/codelist/TST/CL_AREA%2CCL_FREQ/1.0%2B.0")
    assert len(documents(raw)["codelists"]) == 2
    assert raw.headers["etag"] == encoded.headers["etag"]


@pytest.mark.parametrize(
    "query",
    [
        "/codelist?detail=foo",
        "/codelist?references=foo",
        "/codelists",
        "/dataflow/TST/DF/1.0.0/X",
        "/codelist/TST/CL_AREA/1.0.0/A/B",
        "/codelist/TST/CL_AREA/1.+.3",
        "/codelist?unknown=1",
    ],
)
async def test_c022_c033_c040_what_the_grammar_does_not_know(
    client: httpx.AsyncClient, query: str
) -> None:
    with pytest.raises(QuerySyntaxError):
        await client.get(ROOT + query)


async def test_c041_as_of_gives_the_state_of_that_instant(
    client: httpx.AsyncClient, pools: Pools
) -> None:
    await republish(pools, "A", day=1)
    await republish(pools, "A", "B", day=3)
    path = f"{ROOT}/codelist/TST/CL_DRAFT"

    async def codes(query: str) -> list[str]:
        found = documents(await client.get(path + query))["codelists"][0]["codes"]
        return [code["id"] for code in found]

    assert await codes("") == ["A", "B"]
    assert await codes("?asOf=2026-01-03T00:00:00Z") == ["A"]
    assert await codes("?asOf=2026-01-02T13:00:00%2B00:00") == ["A"]
    with pytest.raises(NotFoundError):
        await client.get(path + "?asOf=2026-01-01T00:00:00Z")
    assert (await client.get(f"{ROOT}?asOf=2025-01-01T00:00:00Z")).status_code == 204


async def test_c042_c044_c111_one_language(client: httpx.AsyncClient) -> None:
    path = f"{ROOT}/codelist/TST/CL_AREA/1.0.0/NORTH"
    reply = await client.get(path, headers={"Accept-Language": "es-CR, en;q=0.1"})
    assert reply.headers["content-language"] == "es, en"
    reply = await client.get(path, headers={"Accept-Language": "es-CR"})
    found = documents(reply)["codelists"][0]
    assert reply.headers["content-language"] == "es"
    assert reply.json()["meta"]["contentLanguages"] == ["es"]
    assert found["isPartialLanguage"] is True
    assert found["codes"][0]["name"] == "NORTH en español"
    assert found["codes"][0]["names"] == {"es": "NORTH en español"}


async def test_c043_a_star_gives_every_language(client: httpx.AsyncClient) -> None:
    path = f"{ROOT}/codelist/TST/CL_AREA/1.0.0"
    for headers in ({"Accept-Language": "*"}, {}):
        found = documents(await client.get(path, headers=headers))["codelists"][0]
        assert set(found["names"]) == {"en", "es"}
        assert "isPartialLanguage" not in found


async def test_c105_c106_lang_beats_the_header(client: httpx.AsyncClient) -> None:
    path = f"{ROOT}/codelist/TST/CL_AREA?lang="
    reply = await client.get(path + "es", headers={"Accept-Language": "en"})
    assert documents(reply)["codelists"][0]["name"] == "CL_AREA en español"
    with pytest.raises(NotAcceptableError):
        await client.get(path + "xx")


async def test_c045_every_link_leads_back_to_its_artefact(client: httpx.AsyncClient) -> None:
    everything = documents(await client.get(ROOT))
    for collection, found in everything.items():
        for one in found:
            own = next(link for link in one["links"] if link["rel"] == "self")
            assert own["href"].startswith(BASE)
            followed = documents(await client.get(own["href"]))[collection]
            assert followed == [one]


async def test_c099_c100_c101_media_types(client: httpx.AsyncClient) -> None:
    vendor = "application/vnd.sdmx.structure+json"
    expected = {
        "*/*": "2.1.0",
        "application/json": "2.1.0",
        f"{vendor};version=2.1.0": "2.1.0",
        f"{vendor};version=2.0.0": "2.0.0",
        f"{vendor};version=2.0.0+": "2.0.0",
        f"{vendor};version=2+.0.0": "2.1.0",
    }
    for accept, version in expected.items():
        reply = await client.get(f"{ROOT}/codelist", headers={"Accept": accept})
        assert reply.headers["content-type"] == f"{vendor}; version={version}"


async def test_c103_an_unknown_type_is_not_acceptable(client: httpx.AsyncClient) -> None:
    with pytest.raises(NotAcceptableError):
        await client.get(f"{ROOT}/codelist", headers={"Accept": "application/x-foo"})


async def test_c108_c109_etag_and_vary(client: httpx.AsyncClient, pools: Pools) -> None:
    path = f"{ROOT}/codelist/TST/CL_AREA"
    first = await client.get(path)
    etag = first.headers["etag"]
    assert first.headers["vary"] == "Accept, Accept-Encoding, Accept-Language"
    for held in (etag, f'"other", W/{etag}', "*"):
        again = await client.get(path, headers={"If-None-Match": held})
        assert (again.status_code, again.content) == (304, b"")
        assert again.headers["etag"] == etag
        assert again.headers["vary"] == first.headers["vary"]
    others = [
        await client.get(path, headers={"Accept-Language": "es"}),
        await client.get(path, headers=ACCEPT_2_0),
        await client.get(path + "?detail=raw"),
    ]
    assert len({etag, *(other.headers["etag"] for other in others)}) == 4
    await republish(pools, "A", day=1)
    renewed = await client.get(path, headers={"If-None-Match": etag})
    assert renewed.status_code == 200
    assert renewed.headers["etag"] != etag


async def test_c110_last_modified(client: httpx.AsyncClient, pools: Pools) -> None:
    path = f"{ROOT}/codelist/TST/CL_AREA"
    modified = (await client.get(path)).headers["last-modified"]
    assert modified == "Thu, 01 Jan 2026 12:30:15 GMT"
    assert (await client.get(path, headers={"If-Modified-Since": modified})).status_code == 304
    for since in ("Thu, 01 Jan 2026 12:30:14 GMT", "not a date"):
        reply = await client.get(path, headers={"If-Modified-Since": since})
        assert reply.status_code == 200
    with pytest.raises(NotFoundError):
        missing = f"{ROOT}/codelist/TST/CL_NO"
        await client.get(missing, headers={"If-Modified-Since": modified})
    both = {"If-Modified-Since": modified, "If-None-Match": '"other"'}
    assert (await client.get(path, headers=both)).status_code == 200
    await republish(pools, "A", day=1)
    assert (await client.get(path, headers={"If-Modified-Since": modified})).status_code == 200


async def test_c112_nothing_found(client: httpx.AsyncClient) -> None:
    empty = await client.get(f"{ROOT}/codelist/TST/*/9.9.9")
    assert (empty.status_code, empty.content) == (204, b"")
    for path in ("codelist/TST/CL_NO", "codelist/TST/CL_AREA/9.9.9", "codelist/NO/CL_AREA"):
        with pytest.raises(NotFoundError, match="There is no codelist"):
            await client.get(f"{ROOT}/{path}")
    with pytest.raises(NotFoundError, match=r"CL_AREA\(1.0.0\).EAST"):
        await client.get(f"{ROOT}/codelist/TST/CL_AREA/1.0.0/EAST")


async def test_head_tells_what_get_would(client: httpx.AsyncClient) -> None:
    for path in (ROOT, f"{ROOT}/codelist/TST/CL_AREA"):
        got, head = await client.get(path), await client.head(path)
        assert head.status_code == 200
        assert head.content == b""
        assert dict(head.headers) == dict(got.headers)


async def test_the_message_is_the_same_bytes_each_time(client: httpx.AsyncClient) -> None:
    path = f"{ROOT}/dataflow/TST/DF?references=all"
    first, second = await client.get(path), await client.get(path)
    assert first.content == second.content
    assert first.json()["meta"]["prepared"] == "2026-01-01T12:30:15.250000Z"


async def test_a_neighbouring_path_is_not_ours(client: httpx.AsyncClient) -> None:
    assert (await client.get("/sdmx/v2/structures")).status_code == 404


async def test_pysdmx_reads_what_is_served(address: str) -> None:
    def read() -> dict[str, Any]:
        registry = RegistryClient(address)
        return {
            "codes": [code.id for code in registry.get_codes("TST", "CL_TOPIC", "+")],
            "concepts": len(registry.get_concepts("TST", "CS", "+")),
            "providers": [one.id for one in registry.get_providers("TST")],
            "flows": [one.id for one in registry.get_dataflows("TST", "*", "+")],
            "structure": [
                component.id
                for component in registry.get_data_structures("TST", "DSD", "1.0.0")[0].components
            ],
            "categories": [one.id for one in registry.get_categories("TST", "CAT", "+")],
            "mapping": registry.get_mapping("TST", "SM", "+").id,
        }

    assert await asyncio.to_thread(read) == {
        "codes": ["X", "Y", "T1"],
        "concepts": 7,
        "providers": ["P1", "P2", "P3"],
        "flows": ["DF"],
        "structure": ["FREQ", "AREA", "TOPIC", "TIME_PERIOD", "OBS_VALUE", "OBS_STATUS"],
        "categories": ["C1", "C2"],
        "mapping": "SM",
    }
