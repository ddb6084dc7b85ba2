"""A blocking HTTP/1.1 client that costs next to nothing: it counts bytes and looks at no body."""

from __future__ import annotations

import json
import re
import socket
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

BUFFER = 1 << 20
LONGEST_PAUSE_SECONDS = 5
END_OF_CHUNKS = b"\r\n0\r\n\r\n"


class SkippedError(Exception):
    """What is measured is not there; the text says why."""


@dataclass(frozen=True)
class Reply:
    """A reply, and how long it took.

    Attributes:
        size: bytes after the header, chunk marks included.
        body: the bytes themselves, if they were asked for.
        first_seconds: from the first byte sent to the first byte of the body.
        seconds: to the last byte.
    """

    status: int
    headers: dict[str, str]
    size: int
    body: bytes
    first_seconds: float
    seconds: float

    def json(self) -> Any:
        """The body as JSON."""
        return json.loads(self.body)


class Http:
    """One connection that is kept open, or opened anew after a pause: a server may close it."""

    def __init__(self, port: int) -> None:
        self._port = port
        self._buffer = bytearray(BUFFER)
        self._connect()

    def get(self, path: str, *, keep: bool = False, **headers: str) -> Reply:
        """Get an address; `keep` gives the body. Header names are written with underscores."""
        self._connect_anew()
        begin = time.perf_counter()
        self._send_head("GET", path, headers)
        return self._receive(begin, keep)

    def ok(self, path: str, **headers: str) -> Reply:
        """Get an address that has to answer 200.

        Raises:
            SkippedError: there is nothing at this address, or not yet.
        """
        reply = self.get(path, **headers)
        if reply.status in {404, 501}:
            raise SkippedError(f"{reply.status} for {path}")
        if reply.status != 200:
            raise RuntimeError(f"{reply.status} for {path}")
        return reply

    def post(self, path: str, body: bytes | Path, **headers: str) -> Reply:
        """Post bytes or a file."""
        size = len(body) if isinstance(body, bytes) else body.stat().st_size
        self._connect_anew()
        begin = time.perf_counter()
        self._send_head("POST", path, headers | {"Content_Length": str(size)})
        if isinstance(body, bytes):
            self._socket.sendall(body)
        else:
            with body.open("rb") as file:
                self._socket.sendfile(file)
        return self._receive(begin, True)

    def close(self) -> None:
        """Close the connection."""
        self._socket.close()

    def _connect(self) -> None:
        self._socket = socket.create_connection(("127.0.0.1", self._port), timeout=600)
        self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._used = time.monotonic()

    def _connect_anew(self) -> None:
        if time.monotonic() - self._used > LONGEST_PAUSE_SECONDS:
            self._socket.close()
            self._connect()

    def _send_head(self, method: str, path: str, headers: Mapping[str, str]) -> None:
        lines = [f"{method} {path} HTTP/1.1", f"Host: 127.0.0.1:{self._port}"]
        lines += [f"{name.replace('_', '-')}: {value}" for name, value in headers.items()]
        self._socket.sendall("\r\n".join([*lines, "", ""]).encode())

    def _receive(self, begin: float, keep: bool) -> Reply:
        head = bytearray()
        while b"\r\n\r\n" not in head:
            head += self._part()
        text, _, start = bytes(head).partition(b"\r\n\r\n")
        status_line, *lines = text.decode("latin-1").split("\r\n")
        headers = dict(re.split(r":\s*", line.lower(), maxsplit=1) for line in lines)
        status = int(status_line.split()[1])
        body = [start]
        size, tail = len(start), start[-len(END_OF_CHUNKS) :]
        first = time.perf_counter() if start else 0.0
        while not _is_complete(status, headers, size, tail):
            part = self._part()
            first = first or time.perf_counter()
            size += len(part)
            tail = (tail + bytes(part[-len(END_OF_CHUNKS) :]))[-len(END_OF_CHUNKS) :]
            if keep:
                body.append(bytes(part))
        end = time.perf_counter()
        self._used = time.monotonic()
        whole = b"".join(body) if keep else b""
        if keep and "transfer-encoding" in headers:
            whole = _unchunked(whole)
        return Reply(status, headers, size, whole, (first or end) - begin, end - begin)

    def _part(self) -> memoryview:
        size = self._socket.recv_into(self._buffer)
        if size == 0:
            raise ConnectionError("the server closed the connection")
        return memoryview(self._buffer)[:size]


def _is_complete(status: int, headers: Mapping[str, str], size: int, tail: bytes) -> bool:
    if status in {204, 304}:
        return True
    if "content-length" in headers:
        return size >= int(headers["content-length"])
    return tail.endswith(END_OF_CHUNKS)


def _unchunked(data: bytes) -> bytes:
    parts, place = [], 0
    while True:
        end = data.index(b"\r\n", place)
        size = int(data[place:end], 16)
        if size == 0:
            return b"".join(parts)
        parts.append(data[end + 2 : end + 2 + size])
        place = end + 4 + size
