"""The load of many requests, from a process of its own: `python -m bench.load_client`.

Reads a `Load` as JSON, keeps its connections busy for its time, and prints how many requests
were answered a second, and how many in all.
"""

from __future__ import annotations

import asyncio
import json
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import asdict, dataclass, field
from pathlib import Path

import psutil
import uvloop

CONNECTIONS = 16
END_OF_CHUNKS = b"\r\n0\r\n\r\n"


@dataclass(frozen=True)
class Load:
    """What to ask for; paths are taken one after the other, again and again."""

    port: int
    paths: str
    seconds: float
    expected: int = 200
    headers: dict[str, str] = field(default_factory=dict)
    skip: int = 0


@dataclass(frozen=True)
class Answered:
    """How a server bore a load: requests a second, and its own CPU seconds for each."""

    rate: float
    cpu_seconds: float


def put_load(load: Load, server: int) -> Answered:
    """Put a load on a server, whose process number is given, from another process."""
    before = _cpu_seconds(server)
    done = subprocess.run(
        [sys.executable, "-m", "bench.load_client"],
        input=json.dumps(asdict(load)),
        cwd=Path(__file__).parent.parent,
        stdout=subprocess.PIPE,
        text=True,
        check=True,
    )
    rate, count = json.loads(done.stdout)
    return Answered(rate, (_cpu_seconds(server) - before) / count)


def _cpu_seconds(process: int) -> float:
    times = psutil.Process(process).cpu_times()
    return times.user + times.system


class _Connection(asyncio.Protocol):
    """Sends the next request when the reply to the one before is whole."""

    def __init__(self, requests: Iterator[bytes], counter: list[int], expected: int) -> None:
        self._requests = requests
        self._counter = counter
        self._status = f"HTTP/1.1 {expected} ".encode()
        self._received = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = transport
        self._next()

    def data_received(self, data: bytes) -> None:
        self._received = self._received + data if self._received else data
        if self._is_complete():
            if not self._received.startswith(self._status):
                raise RuntimeError(f"unexpected reply: {self._received[:300]!r}")
            self._counter[0] += 1
            self._received = b""
            self._next()

    def _next(self) -> None:
        self._transport.write(next(self._requests))  # type: ignore[attr-defined]

    def _is_complete(self) -> bool:
        received = self._received
        end = received.find(b"\r\n\r\n")
        if end < 0:
            return False
        if received.startswith(b"HTTP/1.1 304"):
            return True
        head = received[:end].lower()
        place = head.find(b"content-length:")
        if place < 0:
            return received.endswith(END_OF_CHUNKS)
        length = int(head[place + 15 : place + 30].split(b"\r\n")[0])
        return len(received) >= end + 4 + length


def _requests(load: Load) -> Iterator[bytes]:
    fields = "".join(f"{name}: {value}\r\n" for name, value in load.headers.items())
    tail = f" HTTP/1.1\r\nHost: 127.0.0.1:{load.port}\r\n{fields}\r\n"
    paths = Path(load.paths).read_text().splitlines()
    place = load.skip
    while True:
        yield f"GET {paths[place % len(paths)]}{tail}".encode()
        place += 1


async def _run(load: Load) -> tuple[float, int]:
    loop = asyncio.get_running_loop()
    failed: asyncio.Future[None] = loop.create_future()
    loop.set_exception_handler(
        lambda _, context: failed.done() or failed.set_exception(context["exception"])
    )
    requests, counter = _requests(load), [0]
    for _ in range(CONNECTIONS):
        await loop.create_connection(
            lambda: _Connection(requests, counter, load.expected), "127.0.0.1", load.port
        )
    await asyncio.sleep(load.seconds / 4)  # the server warms up
    begin, before = time.perf_counter(), counter[0]
    await asyncio.wait([failed], timeout=load.seconds)
    if failed.done():
        failed.result()
    return (counter[0] - before) / (time.perf_counter() - begin), counter[0]


if __name__ == "__main__":
    sys.stdout.write(json.dumps(uvloop.run(_run(Load(**json.loads(sys.stdin.read()))))))
