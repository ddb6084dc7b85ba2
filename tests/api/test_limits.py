"""Limits of a connection, on a real socket."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Iterator

import pytest
import uvicorn
from fastapi import FastAPI, Request
from fastapi.responses import StreamingResponse

from app.http import limits
from app.http.limits import LimitedProtocol

BIG = 64 << 20


@pytest.fixture
def deadlines(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "HEADER_SECONDS", 0.2)
    monkeypatch.setattr(limits, "WRITE_STALL_SECONDS", 0.2)


@pytest.fixture
async def port(deadlines: None) -> AsyncIterator[int]:
    app = FastAPI()

    def parts() -> Iterator[bytes]:
        for _ in range(BIG >> 16):
            yield bytes(1 << 16)

    @app.get("/small")
    async def small() -> str:
        return "small"

    @app.post("/size")
    async def size(request: Request) -> int:
        return len(await request.body())

    @app.get("/big")
    async def big() -> StreamingResponse:
        return StreamingResponse(parts())

    config = uvicorn.Config(app, port=0, http=LimitedProtocol, log_config=None, ws="none")
    server = uvicorn.Server(config)
    server.capture_signals = contextlib.nullcontext  # type: ignore[method-assign, assignment]
    running = asyncio.create_task(server.serve())
    while not server.started:  # noqa: ASYNC110 - uvicorn offers no event
        await asyncio.sleep(0.01)
    yield server.servers[0].sockets[0].getsockname()[1]
    server.should_exit = True
    await running


async def answer(port: int, *parts: bytes, pause: float = 0.0) -> bytes:
    """All that the server says to these bytes, up to its end."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    try:
        for part in parts:
            writer.write(part)
            await writer.drain()
            await asyncio.sleep(pause)
        async with asyncio.timeout(10):
            return await reader.read()
    except ConnectionError:
        return b""
    finally:
        writer.close()
        with contextlib.suppress(ConnectionError):
            await writer.wait_closed()


async def test_a_whole_request_is_answered(port: int) -> None:
    said = await answer(port, b"GET /small HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
    assert said.startswith(b"HTTP/1.1 200")


async def test_a_header_that_never_ends_is_cut_off(port: int) -> None:
    assert await answer(port, b"") == b""
    assert await answer(port, b"GET /small HTTP/1.1\r\n", b"X: y\r\n", pause=0.05) == b""


async def test_a_slow_body_does_not_count_as_a_slow_header(port: int) -> None:
    head = b"POST /size HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Length: 2\r\n\r\n"
    said = await answer(port, head, b"a", b"b", pause=0.3)
    assert said.startswith(b"HTTP/1.1 200")
    assert said.endswith(b"2")


async def test_the_second_request_of_a_connection_has_its_own_deadline(port: int) -> None:
    request = b"GET /small HTTP/1.1\r\nHost: x\r\n\r\n"
    said = await answer(port, request, b"GET /small", pause=0.05)
    assert said.count(b"HTTP/1.1 200") == 1


async def test_a_header_without_measure_is_refused(port: int) -> None:
    fields = b"".join(b"X-%d: %s\r\n" % (number, b"y" * 1000) for number in range(100))
    said = await answer(port, b"GET /small HTTP/1.1\r\n", fields)
    assert said.startswith(b"HTTP/1.1 431") or said == b""


@pytest.mark.parametrize(
    "fields",
    [
        b"Content-Length: 1\r\nContent-Length: 2\r\n",
        b"Content-Length: 1\r\nTransfer-Encoding: chunked\r\n",
        b"Transfer-Encoding: chunked, identity\r\n",
        b"Content-Length: +1\r\n",
    ],
)
async def test_a_body_of_two_lengths_is_refused(port: int, fields: bytes) -> None:
    smuggled = b"1\r\na\r\n0\r\n\r\nGET /small HTTP/1.1\r\nHost: x\r\n\r\n"
    said = await answer(port, b"POST /size HTTP/1.1\r\nHost: x\r\n" + fields + b"\r\n" + smuggled)
    assert said.startswith(b"HTTP/1.1 400")
    assert said.count(b"HTTP/1.1") == 1


async def test_a_reader_that_stalls_is_cut_off_and_one_that_reads_gets_all(port: int) -> None:
    request = b"GET /big HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"
    assert len(await answer(port, request)) > BIG
    assert len(await answer(port, request, pause=1.0)) < BIG
