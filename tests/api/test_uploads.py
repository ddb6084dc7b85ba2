"""Resumable uploads: tus 1.0, by its own words and by a client of others."""

from __future__ import annotations

import asyncio
import base64
import hashlib
import io
import random
import warnings
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import httpx
import pytest
from fastapi import FastAPI

from app.main import create_app
from app.services.add_client import add_client
from app.services.run_worker import run_worker
from app.settings import Settings
from app.store import uploads
from app.store.pools import Pools
from tests.api.test_submissions import GOOD
from tests.conftest import execute
from tests.exchange import served
from tests.published import publish_shared

CSV = "application/vnd.sdmx.data+csv;version=2.1.0"
TUS = {"Tus-Resumable": "1.0.0"}
PART = {**TUS, "Content-Type": "application/offset+octet-stream"}
# More than one part, so that bytes lie in the database before the last come.
LARGE = GOOD + b"".join([b"\r\n"] * (3 * uploads.PART_BYTES // 2))


@pytest.fixture
def settings(settings: Settings) -> Settings:
    return settings.model_copy(update={"upload_number": 4, "upload_bytes": 8 << 20})


@pytest.fixture
async def service(pools: Pools, settings: Settings) -> AsyncIterator[FastAPI]:
    await publish_shared(pools, settings)
    application = create_app(settings)
    async with application.router.lifespan_context(application):
        yield application


@pytest.fixture
async def mexico(service: FastAPI, pools: Pools) -> AsyncIterator[httpx.AsyncClient]:
    async with sender(service, pools, "MEX_UPMRIP") as client:
        yield client


@asynccontextmanager
async def sender(
    service: FastAPI, pools: Pools, organisation: str
) -> AsyncIterator[httpx.AsyncClient]:
    """A program of an organisation, with its token."""
    new = await add_client(pools.writer, organisation)
    assert new.client_secret is not None
    base = service.state.settings.base_url
    transport = httpx.ASGITransport(service)
    async with httpx.AsyncClient(transport=transport, base_url=base, timeout=90) as client:
        reply = await client.post(
            "/oauth/token",
            data={"grant_type": "client_credentials"},
            auth=(new.client_id, new.client_secret),
        )
        client.headers["Authorization"] = f"Bearer {reply.json()['access_token']}"
        yield client


def metadata(**pairs: str) -> str:
    named = {"filename": "año.csv", "filetype": CSV} | {
        key.replace("_", "-"): text for key, text in pairs.items()
    }
    return ",".join(f"{k} {base64.b64encode(v.encode()).decode()}" for k, v in named.items())


async def begun(client: httpx.AsyncClient, size: int, **pairs: str) -> str:
    headers = {**TUS, "Upload-Length": str(size), "Upload-Metadata": metadata(**pairs)}
    reply = await client.post("/api/uploads", headers=headers)
    assert reply.status_code == 201, reply.text
    assert reply.headers["upload-offset"] == "0"
    return reply.headers["location"]


async def offset(client: httpx.AsyncClient, upload: str) -> int:
    reply = await client.head(upload, headers=TUS)
    assert reply.status_code == 200
    assert reply.headers["cache-control"] == "no-store"
    return int(reply.headers["upload-offset"])


async def sent(
    client: httpx.AsyncClient, upload: str, at: int, content: bytes, **headers: str
) -> httpx.Response:
    more = {"Upload-Offset": str(at)} | {k.replace("_", "-"): v for k, v in headers.items()}
    return await client.patch(upload, headers=PART | more, content=content)


async def submissions(client: httpx.AsyncClient) -> list[dict[str, object]]:
    listed: list[dict[str, object]] = (await client.get("/api/submissions")).json()["submissions"]
    return listed


async def file_of(client: httpx.AsyncClient, submission: str) -> bytes:
    return (await client.get(f"/api/submissions/{submission}/content")).content


async def parts_left(pools: Pools) -> int:
    async with pools.writer.acquire() as connection:
        held: int = await connection.fetchval("SELECT count(*) FROM upload_part")
    return held


async def test_a_file_in_parts_becomes_one_submission(
    mexico: httpx.AsyncClient, pools: Pools
) -> None:
    upload = await begun(mexico, len(LARGE))
    at = 0
    for size in (1, 700_000, 400_000, len(LARGE)):
        reply = await sent(mexico, upload, at, LARGE[at : at + size])
        assert reply.status_code == 204, reply.text
        at = min(at + size, len(LARGE))
        assert int(reply.headers["upload-offset"]) == at == await offset(mexico, upload)
        assert "upload-expires" in reply.headers
        assert ("vipmg-submission" in reply.headers) == (at == len(LARGE))
    submission = reply.headers["vipmg-submission"]
    assert reply.headers["link"].endswith(f'/api/submissions/{submission}>; rel="item"')
    [told] = await submissions(mexico)
    assert told["id"] == submission
    assert told["file"] == {
        "name": "año.csv",
        "content_type": CSV,
        "content_encoding": None,
        "sha256": hashlib.sha256(LARGE).hexdigest(),
        "bytes": len(LARGE),
    }
    assert await file_of(mexico, submission) == LARGE
    assert await parts_left(pools) == 0
    again = await sent(mexico, upload, len(LARGE), b"")
    assert (again.status_code, again.headers["vipmg-submission"]) == (204, submission)
    head = await mexico.head(upload, headers=TUS)
    assert head.headers["vipmg-submission"] == submission
    assert head.headers["upload-length"] == str(len(LARGE))
    assert head.headers["upload-metadata"] == metadata()
    assert len(await submissions(mexico)) == 1


async def test_the_submission_is_decided_like_any_other(
    mexico: httpx.AsyncClient, pools: Pools, settings: Settings
) -> None:
    stop = asyncio.Event()
    running = asyncio.create_task(run_worker(pools, settings, stop=stop))
    upload = await begun(mexico, len(GOOD))
    reply = await sent(mexico, upload, 0, GOOD)
    address = f"/api/submissions/{reply.headers['vipmg-submission']}"
    for _ in range(600):
        told = (await mexico.get(address)).json()
        if told["decided_at"] is not None:
            break
        await asyncio.sleep(0.05)
    assert told["state"] == "published"
    stop.set()
    await running


async def test_parameters_stand_in_the_metadata(mexico: httpx.AsyncClient) -> None:
    tried = await begun(mexico, len(GOOD), validate_only="")
    reply = await sent(mexico, tried, 0, GOOD)
    told = (await mexico.get(f"/api/submissions/{reply.headers['vipmg-submission']}")).json()
    assert told["validate_only"] is True
    practised = await begun(mexico, len(GOOD), practice="true")
    reply = await sent(mexico, practised, 0, GOOD)
    identity = reply.headers["vipmg-submission"]
    address = f"/api/practice/submissions/{identity}"
    assert address in reply.headers["link"]
    assert (await mexico.get(address)).json()["file"]["bytes"] == len(GOOD)
    assert (await mexico.get(f"/api/submissions/{identity}")).status_code == 404
    unknown = {**TUS, "Upload-Length": "9", "Upload-Metadata": metadata(agreement="PA_NONE")}
    refused = await mexico.post("/api/uploads", headers=unknown)
    assert (refused.status_code, refused.json()["code"]) == (404, "VIPMG-102")


async def test_what_is_offered_is_told_without_a_token(service: FastAPI) -> None:
    transport = httpx.ASGITransport(service)
    async with httpx.AsyncClient(transport=transport, base_url="http://x") as anyone:
        for address in ("/api/uploads", "/api/uploads/any"):
            reply = await anyone.options(address)
            assert reply.status_code == 204
            assert reply.headers["tus-resumable"] == reply.headers["tus-version"] == "1.0.0"
            assert reply.headers["tus-checksum-algorithm"] == "sha256,sha1"
            assert reply.headers["tus-max-size"] == str(1 << 30)
            offered = reply.headers["tus-extension"].split(",")
            assert offered == [
                "creation", "creation-with-upload", "termination", "expiration", "checksum",
            ]  # fmt: skip
        refused = await anyone.post("/api/uploads", headers={**TUS, "Upload-Length": "3"})
        assert refused.status_code == 401
        assert refused.headers["tus-resumable"] == "1.0.0"


LENGTH = {"Upload-Length": "10"}


@pytest.mark.parametrize(
    ("headers", "status", "code"),
    [
        ({}, 400, "VIPMG-100"),
        ({"Upload-Length": "-1"}, 400, "VIPMG-100"),
        ({"Upload-Length": "9" * 19}, 400, "VIPMG-100"),
        ({"Upload-Length": "٣"}, 400, "VIPMG-100"),
        ({"Upload-Length": str((1 << 30) + 1)}, 413, "VIPMG-105"),
        ({"Upload-Length": "0"}, 422, "VIPMG-130"),
        ({**LENGTH, "Upload-Defer-Length": "1"}, 400, "VIPMG-100"),
        ({**LENGTH, "Tus-Resumable": "0.2.2"}, 412, "VIPMG-123"),
        ({**LENGTH, "Upload-Metadata": "filename %%%"}, 400, "VIPMG-100"),
        ({**LENGTH, "Upload-Metadata": "filename eA==,filename eA=="}, 400, "VIPMG-100"),
        ({**LENGTH, "Upload-Metadata": "filename /w=="}, 400, "VIPMG-100"),
        ({**LENGTH, "Upload-Metadata": ",".join(f"k{n} eA==" for n in range(41))}, 400,
         "VIPMG-100"),
        ({**LENGTH, "Upload-Metadata": metadata(filetype="image/png")}, 415, "VIPMG-104"),
        ({**LENGTH, "Upload-Metadata": metadata(encoding="br")}, 415, "VIPMG-104"),
        ({**LENGTH, "Upload-Metadata": metadata(idempotency_key="ñ")}, 400, "VIPMG-100"),
    ],
)  # fmt: skip
async def test_a_beginning_that_cannot_be_taken_is_refused(
    mexico: httpx.AsyncClient, headers: dict[str, str], status: int, code: str
) -> None:
    sent_headers = {k: v.encode() for k, v in ({**TUS} | headers).items()}
    reply = await mexico.post("/api/uploads", headers=sent_headers)
    assert (reply.status_code, reply.json()["code"]) == (status, code), reply.text
    assert reply.headers["tus-resumable"] == "1.0.0"
    assert ("tus-version" in reply.headers) == (status == 412)


async def test_data_consumers_begin_nothing(service: FastAPI, pools: Pools) -> None:
    async with sender(service, pools, "OCAM") as reader:
        reply = await reader.post("/api/uploads", headers={**TUS, **LENGTH})
    assert (reply.status_code, reply.json()["code"]) == (403, "VIPMG-111")


async def test_a_part_that_does_not_fit_adds_nothing(mexico: httpx.AsyncClient) -> None:
    upload = await begun(mexico, 10)
    assert (await sent(mexico, upload, 0, b"12345")).status_code == 204
    for at in (0, 4, 6, 10):
        reply = await sent(mexico, upload, at, b"67890")
        assert (reply.status_code, reply.json()["code"]) == (409, "VIPMG-120")
        assert reply.json()["offset"] == 5
    beyond = await sent(mexico, upload, 5, b"678901")
    assert (beyond.status_code, beyond.json()["code"]) == (413, "VIPMG-105")
    other = await sent(mexico, upload, 5, b"67890", Content_Type="text/csv")
    assert (other.status_code, other.json()["code"]) == (415, "VIPMG-104")
    for wrong in ("x", "-5", "5.0", "9" * 30):
        reply = await sent(mexico, upload, 5, b"67890", Upload_Offset=wrong)
        assert (reply.status_code, reply.json()["code"]) == (400, "VIPMG-100")
    assert (await mexico.patch(upload, content=b"67890")).status_code == 412
    assert await offset(mexico, upload) == 5
    assert await submissions(mexico) == []


@pytest.mark.parametrize("algorithm", ["sha256", "sha1"])
async def test_parts_with_a_checksum_are_kept_whole_or_not(
    mexico: httpx.AsyncClient, algorithm: str
) -> None:
    def checksum(content: bytes) -> str:
        digest = hashlib.new(algorithm, content).digest()
        return f"{algorithm} {base64.b64encode(digest).decode()}"

    upload = await begun(mexico, len(LARGE))
    half = uploads.PART_BYTES + 17
    wrong = await sent(mexico, upload, 0, LARGE[:half], Upload_Checksum=checksum(b"else"))
    assert (wrong.status_code, wrong.json()["code"]) == (460, "VIPMG-124")
    assert await offset(mexico, upload) == 0
    for other in ("md5 eA==", f"{algorithm} eA==", algorithm, f"{algorithm} %"):
        reply = await sent(mexico, upload, 0, LARGE[:half], Upload_Checksum=other)
        assert (reply.status_code, reply.json()["code"]) == (400, "VIPMG-100")
    good = await sent(mexico, upload, 0, LARGE[:half], Upload_Checksum=checksum(LARGE[:half]))
    assert good.headers["upload-offset"] == str(half)
    rest = LARGE[half:]
    done = await sent(mexico, upload, half, rest, Upload_Checksum=checksum(rest))
    assert await file_of(mexico, done.headers["vipmg-submission"]) == LARGE


async def test_for_other_organisations_an_upload_does_not_exist(
    mexico: httpx.AsyncClient, service: FastAPI, pools: Pools
) -> None:
    upload = await begun(mexico, 10)
    nowhere = upload.rpartition("/")[0]
    async with sender(service, pools, "CRI_DGME") as other:
        for address in (upload, f"{nowhere}/00000000-0000-0000-0000-000000000000", f"{nowhere}/x"):
            assert (await other.head(address, headers=TUS)).status_code == 404
            reply = await sent(other, address, 0, b"12345")
            assert (reply.status_code, reply.json()["code"]) == (404, "VIPMG-102")
            assert (await other.delete(address, headers=TUS)).status_code == 404
    assert await offset(mexico, upload) == 0


async def test_another_program_of_the_organisation_does_not_go_on(
    mexico: httpx.AsyncClient, service: FastAPI, pools: Pools
) -> None:
    upload = await begun(mexico, len(GOOD))
    assert (await sent(mexico, upload, 0, GOOD[:99])).status_code == 204
    async with sender(service, pools, "MEX_UPMRIP") as second:
        assert await offset(second, upload) == 99  # it may see how far its organisation is
        for at in (99, 0):
            refused = await sent(second, upload, at, GOOD[99:])
            assert (refused.status_code, refused.json()["code"]) == (403, "VIPMG-111")
        instead = PART | {"Upload-Offset": "99", "X-HTTP-Method-Override": "PATCH"}
        assert (await second.post(upload, headers=instead, content=b"x")).status_code == 403
    assert (await offset(mexico, upload), await submissions(mexico)) == (99, [])
    done = await sent(mexico, upload, 99, GOOD[99:])
    assert await file_of(mexico, done.headers["vipmg-submission"]) == GOOD


async def test_an_upload_that_is_ended_makes_room_for_another(
    mexico: httpx.AsyncClient, pools: Pools
) -> None:
    held = [await begun(mexico, 10) for _ in range(4)]
    refused = await mexico.post("/api/uploads", headers={**TUS, **LENGTH})
    assert (refused.status_code, refused.json()["code"]) == (429, "VIPMG-125")
    assert (await sent(mexico, held[0], 0, b"12345")).status_code == 204
    assert (await mexico.delete(held[0], headers=TUS)).status_code == 204
    assert await parts_left(pools) == 0
    assert (await mexico.head(held[0], headers=TUS)).status_code == 404
    large = {**TUS, "Upload-Length": str(8 << 20)}
    too_many_bytes = await mexico.post("/api/uploads", headers=large)
    assert (too_many_bytes.status_code, too_many_bytes.json()["code"]) == (429, "VIPMG-125")
    await begun(mexico, 10)


async def test_limits_hold_for_those_that_begin_at_once(mexico: httpx.AsyncClient) -> None:
    headers = {**TUS, **LENGTH}
    replies = await asyncio.gather(
        *(mexico.post("/api/uploads", headers=headers) for _ in range(10))
    )
    assert sorted(reply.status_code for reply in replies) == [201] * 4 + [429] * 6


async def test_an_upload_expires_and_is_swept(
    mexico: httpx.AsyncClient, pools: Pools, dsn: str
) -> None:
    upload = await begun(mexico, 10)
    kept = await begun(mexico, 10)
    assert (await sent(mexico, upload, 0, b"12345")).status_code == 204
    identity = upload.rpartition("/")[2]
    await asyncio.to_thread(
        execute, dsn, f"UPDATE upload SET expires_at = now() WHERE id = '{identity}'"
    )
    assert (await mexico.head(upload, headers=TUS)).status_code == 404
    assert (await sent(mexico, upload, 5, b"67890")).status_code == 404
    async with pools.writer.acquire() as connection:
        assert await uploads.sweep(connection) == 1
        assert await uploads.sweep(connection) == 0
    assert await parts_left(pools) == 0
    assert await offset(mexico, kept) == 0


async def test_the_first_bytes_may_come_with_the_beginning(mexico: httpx.AsyncClient) -> None:
    headers = PART | {"Upload-Length": str(len(GOOD)), "Upload-Metadata": metadata()}
    part = await mexico.post("/api/uploads", headers=headers, content=GOOD[:99])
    assert (part.status_code, part.headers["upload-offset"]) == (201, "99")
    whole = await sent(mexico, part.headers["location"], 99, GOOD[99:])
    at_once = await mexico.post("/api/uploads", headers=headers, content=GOOD)
    assert (at_once.status_code, at_once.headers["upload-offset"]) == (201, str(len(GOOD)))
    for reply in (whole, at_once):
        assert await file_of(mexico, reply.headers["vipmg-submission"]) == GOOD
    wrong = headers | {"Upload-Checksum": "sha1 " + base64.b64encode(b"x" * 20).decode()}
    refused = await mexico.post("/api/uploads", headers=wrong, content=GOOD)
    assert (refused.status_code, refused.json()["code"]) == (460, "VIPMG-124")


async def test_methods_may_be_told_in_a_field(mexico: httpx.AsyncClient) -> None:
    upload = await begun(mexico, 10)
    instead = PART | {"Upload-Offset": "0", "X-HTTP-Method-Override": "PATCH"}
    assert (await mexico.post(upload, headers=instead, content=b"123")).status_code == 204
    assert await offset(mexico, upload) == 3
    assert (await mexico.post(upload, headers=PART)).status_code == 405
    instead["X-HTTP-Method-Override"] = "DELETE"
    assert (await mexico.post(upload, headers=instead)).status_code == 204
    assert (await mexico.head(upload, headers=TUS)).status_code == 404


async def test_a_key_holds_for_uploads_as_for_files_sent_at_once(
    mexico: httpx.AsyncClient,
) -> None:
    once = await mexico.post(
        "/api/submissions", content=GOOD, headers={"Content-Type": CSV, "Idempotency-Key": "k"}
    )
    same = await begun(mexico, len(GOOD), idempotency_key="k")
    reply = await sent(mexico, same, 0, GOOD)
    assert reply.headers["vipmg-submission"] == once.json()["id"]
    other = await begun(mexico, len(GOOD), idempotency_key="k")
    refused = await sent(mexico, other, 0, GOOD[::-1])
    assert (refused.status_code, refused.json()["code"]) == (422, "VIPMG-122")
    assert len(await submissions(mexico)) == 1


async def _go_on(client: httpx.AsyncClient, upload: str, chance: random.Random) -> set[str]:
    """Send parts of random sizes until the upload is whole, whoever else does the same."""
    named = set()
    while True:
        head = await client.head(upload, headers=TUS)
        at = int(head.headers["upload-offset"])
        if at == len(LARGE):
            return named | {head.headers["vipmg-submission"]}
        size = chance.choice((1, 4096, 300_000, uploads.PART_BYTES, 2 * uploads.PART_BYTES))
        reply = await sent(client, upload, at, LARGE[at : at + size])
        assert reply.status_code in {204, 409}, reply.text
        if "vipmg-submission" in reply.headers:
            named.add(reply.headers["vipmg-submission"])


@pytest.mark.parametrize("seed", range(3))
async def test_several_that_go_on_at_once_make_one_whole_file(
    mexico: httpx.AsyncClient, settings: Settings, seed: int
) -> None:
    upload = await begun(mexico, len(LARGE))
    second = create_app(settings)
    async with second.router.lifespan_context(second):
        transport = httpx.ASGITransport(second)
        base = settings.base_url
        async with httpx.AsyncClient(
            transport=transport, base_url=base, headers=mexico.headers
        ) as other:
            named = await asyncio.gather(
                *(
                    _go_on(client, upload, random.Random(10 * seed + number))
                    for number, client in enumerate((mexico, other, mexico, other))
                )
            )
    [told] = await submissions(mexico)
    assert set().union(*named) == {told["id"]}
    assert await file_of(mexico, str(told["id"])) == LARGE


async def _cut(address: str, path: str, token: str, at: int, content: bytes, size: int) -> None:
    """Send a part, and cut the line after some of its bytes."""
    host, _, port = address.removeprefix("http://").partition(":")
    _reader, writer = await asyncio.open_connection(host, int(port))
    header = (
        f"PATCH {path} HTTP/1.1\r\nHost: x\r\nAuthorization: {token}\r\nTus-Resumable: 1.0.0\r\n"
        f"Content-Type: application/offset+octet-stream\r\nUpload-Offset: {at}\r\n"
        f"Content-Length: {len(content)}\r\n\r\n"
    )
    writer.write(header.encode() + content[:size])
    await writer.drain()
    await asyncio.sleep(0.05)
    writer.close()
    await writer.wait_closed()


async def test_a_beginning_whose_line_was_cut_holds_no_room(
    mexico: httpx.AsyncClient, service: FastAPI, pools: Pools
) -> None:
    begin = (
        f"POST /api/uploads HTTP/1.1\r\nHost: x\r\nTus-Resumable: 1.0.0\r\n"
        f"Authorization: {mexico.headers['authorization']}\r\n"
        f"Upload-Metadata: {metadata()}\r\nUpload-Length: {len(LARGE)}\r\n"
        f"Content-Type: application/offset+octet-stream\r\nContent-Length: {len(LARGE)}\r\n\r\n"
    )
    async with served(service) as address:
        host, _, port = address.removeprefix("http://").partition(":")
        _reader, writer = await asyncio.open_connection(host, int(port))
        writer.write(begin.encode() + LARGE[:1000])
        await writer.drain()
        held: list[int] = []
        for _ in range(500):
            held.append(await pools.writer.fetchval("SELECT count(*) FROM upload"))
            if held[-1]:
                writer.close()
            elif 1 in held:
                break
            await asyncio.sleep(0.02)
    assert (max(held), held[-1]) == (1, 0)


@pytest.mark.parametrize("seed", range(2))
async def test_what_came_before_the_line_was_cut_is_kept(
    mexico: httpx.AsyncClient, service: FastAPI, seed: int
) -> None:
    chance = random.Random(seed)
    upload = await begun(mexico, len(LARGE))
    path = httpx.URL(upload).path
    token = mexico.headers["authorization"]
    async with served(service) as address:
        for _ in range(8):
            at = await offset(mexico, upload)
            size = chance.randrange(300_000)
            await _cut(address, path, token, at, LARGE[at:], size)
            kept = at
            for _ in range(200):
                kept = await offset(mexico, upload)
                if kept == at + size:
                    break
                await asyncio.sleep(0.02)
            assert kept == at + size
    reply = await sent(mexico, upload, kept, LARGE[kept:])
    assert await file_of(mexico, reply.headers["vipmg-submission"]) == LARGE
    assert len(await submissions(mexico)) == 1


async def test_a_client_of_others_sends_a_file(mexico: httpx.AsyncClient, service: FastAPI) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of its own dependencies
        from tusclient.client import TusClient

    async with served(service) as address:
        service.state.settings = service.state.settings.model_copy(update={"public_url": address})
        token = {"Authorization": mexico.headers["authorization"]}

        def send() -> None:
            client = TusClient(f"{address}/api/uploads", headers=token)
            uploader = client.uploader(
                file_stream=io.BytesIO(LARGE),
                chunk_size=400_000,
                metadata={"filename": "tus.csv", "filetype": CSV},
                upload_checksum=True,
            )
            uploader.upload_chunk()
            resumed = client.uploader(
                file_stream=io.BytesIO(LARGE), url=uploader.url, chunk_size=uploads.PART_BYTES
            )
            assert resumed.offset == 400_000
            resumed.upload()

        await asyncio.to_thread(send)
    [told] = await submissions(mexico)
    assert await file_of(mexico, str(told["id"])) == LARGE
