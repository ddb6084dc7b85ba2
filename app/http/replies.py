"""Replies by ETag: computed once for equal requests at the same time, kept while there is room."""

from __future__ import annotations

import asyncio
import contextlib
import uuid
import zlib
from collections import OrderedDict
from collections.abc import AsyncIterator, Callable, Mapping
from typing import Final, TypeAlias

import brotli
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from app.http.spool import DiskBudget, Spool
from app.settings import Settings

FASTEST: Final = 1
"""The level of compression: the socket, not the disk, waits for it."""

BROTLI_WINDOW: Final = 18
"""A quarter of a megabyte: at the fastest level a longer one gains nothing."""

MEMORY_TOGETHER = 64 << 20
"""Bytes of kept replies in memory: many small ones must not add up to the whole of the cache."""


class ReplyCache:
    """Encoded replies by key (ETag and encoding), bounded, the least used leaving first."""

    def __init__(self, settings: Settings) -> None:
        self._folder = settings.data_dir / "spool"
        self._folder.mkdir(parents=True, exist_ok=True)
        self._memory = settings.spool_memory_bytes
        self._limit = settings.cache_bytes
        self._budget = DiskBudget(settings.spool_disk_bytes)
        self._kept: OrderedDict[str, Spool] = OrderedDict()
        self._size = self._in_memory = 0
        self._under_way: dict[str, asyncio.Task[None]] = {}
        self._turns: dict[str, asyncio.Lock] = {}

    def get(self, key: str) -> Spool | None:
        """The spool of a reply that is kept or under way."""
        spool = self._kept.get(key)
        if spool is None or spool.error is not None:
            return None
        self._kept.move_to_end(key)
        return spool

    @contextlib.asynccontextmanager
    async def turn(self, key: str) -> AsyncIterator[None]:
        """Let one request at a time begin a reply: those that waited find it under way."""
        lock = self._turns.setdefault(key, asyncio.Lock())
        try:
            async with lock:
                yield
        finally:
            if not lock.locked():
                self._turns.pop(key, None)

    def fill(self, key: str, first: bytes, rest: AsyncIterator[bytes], encoding: str) -> Spool:
        """Start a reply whose first bytes are there; its rest is read as fast as it comes."""
        spool = self._open(key)
        encode = _Encoder(encoding)
        try:
            spool.write(encode(first))
        except BaseException:
            del self._kept[key]  # it would never be complete, and nothing behind it let go
            raise
        task = asyncio.create_task(self._run(key, spool, rest, encode))
        self._under_way[key] = task
        task.add_done_callback(lambda _: self._under_way.pop(key, None))
        return spool

    def once(self, first: bytes, rest: AsyncIterator[bytes]) -> Spool:
        """A reply for one caller alone: read as fast as it comes too, and not kept."""
        key = f"once {uuid.uuid4()}"
        spool = self.fill(key, first, rest, "identity")
        del self._kept[key]
        return spool

    def keep(
        self, key: str, body: bytes, encoding: str, headers: Mapping[str, str] | None = None
    ) -> Spool:
        """Keep a reply that is complete, with header fields that go with its bytes."""
        spool = self._open(key)
        spool.headers.update(headers or {})
        encode = _Encoder(encoding)
        spool.write(encode(body) + encode.end())
        spool.close()
        self._make_room(spool)
        return spool

    def clear(self) -> None:
        """Let go of all replies; who reads one is served to its end."""
        for spool in self._kept.values():
            if spool.complete:
                self._forget(spool)
        self._kept.clear()

    def _open(self, key: str) -> Spool:
        before = self._kept.pop(key, None)
        if before is not None and before.complete:
            self._forget(before)
        spool = self._kept[key] = Spool(self._folder, self._memory, self._budget)
        return spool

    async def _run(
        self, key: str, spool: Spool, rest: AsyncIterator[bytes], encode: _Encoder
    ) -> None:
        try:
            async for part in rest:
                spool.write(await encode.later(part))
            spool.write(encode.end())
            spool.close()
        except Exception as error:  # the readers of the spool are told, each on its own socket
            self._kept.pop(key, None)
            spool.close(error)
            return
        if self._kept.get(key) is spool:
            self._make_room(spool)

    def _make_room(self, added: Spool) -> None:
        """Count what was added, and let go of what was used least."""
        self._size += added.size
        self._in_memory += added.in_memory
        while self._kept and (self._size > self._limit or self._in_memory > MEMORY_TOGETHER):
            key, spool = next(iter(self._kept.items()))
            if not spool.complete:
                return
            del self._kept[key]
            self._forget(spool)

    def _forget(self, spool: Spool) -> None:
        self._size -= spool.size
        self._in_memory -= spool.in_memory


class _Encoder:
    """Compresses what passes through, or lets it pass as it is."""

    def __init__(self, encoding: str) -> None:
        self._compress, self._finish = _CODERS[encoding]()

    def __call__(self, data: bytes) -> bytes:
        return self._compress(data)

    async def later(self, data: bytes) -> bytes:
        """Long parts are compressed beside the event loop."""
        if self._compress is _as_it_is or len(data) < 1 << 15:
            return self._compress(data)
        return await asyncio.to_thread(self._compress, data)

    def end(self) -> bytes:
        return self._finish()


_Coder: TypeAlias = tuple[Callable[[bytes], bytes], Callable[[], bytes]]
"""What compresses parts, and what gives the rest at the end."""


def _as_it_is(data: bytes) -> bytes:
    return data


def _zlib(window: int) -> _Coder:
    coder = zlib.compressobj(FASTEST, zlib.DEFLATED, window)
    return coder.compress, coder.flush


def _brotli() -> _Coder:
    coder = brotli.Compressor(quality=FASTEST, lgwin=BROTLI_WINDOW)
    return coder.process, coder.finish


_CODERS: Final[Mapping[str, Callable[[], _Coder]]] = {
    "br": _brotli,
    "gzip": lambda: _zlib(zlib.MAX_WBITS | 16),
    "deflate": lambda: _zlib(zlib.MAX_WBITS),
    "identity": lambda: (_as_it_is, bytes),
}


class SpoolResponse(Response):
    """Sends a spool, following it while it is written."""

    def __init__(self, spool: Spool, headers: dict[str, str], *, head: bool = False) -> None:
        super().__init__(None, 200, headers)
        self.spool = spool
        self.head = head
        if spool.complete:
            self.headers["Content-Length"] = str(spool.size)
        elif "content-length" in self.headers:
            del self.headers["Content-Length"]

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Send headers, then the bytes as they come."""
        start = {"type": "http.response.start", "status": 200, "headers": self.raw_headers}
        if self.spool.complete and self.spool.size <= 1 << 18:
            await send(start)
            body = b"" if self.head else b"".join([part async for part in self.spool.read()])
            await send({"type": "http.response.body", "body": body})
            return
        await send(start)
        if not self.head:
            async for part in self.spool.read():
                await send({"type": "http.response.body", "body": part, "more_body": True})
        await send({"type": "http.response.body", "body": b""})
