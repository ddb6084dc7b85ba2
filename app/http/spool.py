"""Spools: what a reply consists of, written once, read by any number of sockets.

A producer fills the spool as fast as the database gives; sockets follow at their own pace. So a
slow reader never holds a database connection. The first bytes stay in memory; a longer reply
goes to a file without a name, which is gone when the last reader is.
"""

from __future__ import annotations

import asyncio
import os
import tempfile
from collections.abc import AsyncIterator
from pathlib import Path
from typing import IO

from app.errors import TooLargeError

CHUNK = 1 << 18


class DiskBudget:
    """The disk space that all spools of a process may use together."""

    def __init__(self, limit: int) -> None:
        self.limit = limit
        self.used = 0

    def take(self, size: int) -> None:
        """Use space.

        Raises:
            TooLargeError: there is not enough left.
        """
        if self.used + size > self.limit:
            raise TooLargeError(
                "The reply is larger than what can be held now; ask for a part of it.",
                "La respuesta es mayor de lo que se puede guardar ahora; pida una parte.",
                limit=self.limit,
            )
        self.used += size

    def give_back(self, size: int) -> None:
        """Give space back."""
        self.used -= size


class Spool:
    """The bytes of one reply, being written or complete, and header fields that go with them."""

    def __init__(self, folder: Path, memory: int, budget: DiskBudget) -> None:
        self.headers: dict[str, str] = {}
        self._folder = folder
        self._memory = memory
        self._budget = budget
        self._head: list[bytes] = []
        self._in_head = 0
        self._file: IO[bytes] | None = None
        self._in_file = 0
        self._grown = asyncio.Event()
        self.complete = False
        self.error: BaseException | None = None

    @property
    def size(self) -> int:
        """Bytes written so far."""
        return self._in_head + self._in_file

    @property
    def in_memory(self) -> int:
        """Those of them that are not in a file."""
        return self._in_head

    def write(self, data: bytes) -> None:
        """Add bytes at the end."""
        if self._file is None and self._in_head + len(data) <= self._memory:
            self._head.append(data)
            self._in_head += len(data)
        else:
            if self._file is None:
                self._file = tempfile.TemporaryFile(dir=self._folder, buffering=0)  # noqa: SIM115
            self._budget.take(len(data))
            self._file.write(data)
            self._in_file += len(data)
        self._tell()

    def close(self, error: BaseException | None = None) -> None:
        """Nothing more comes; with an error, what is there is not the whole."""
        self.complete = error is None
        self.error = error
        self._tell()

    async def read(self) -> AsyncIterator[bytes]:
        """All bytes from the first, waiting for those to come.

        Raises:
            BaseException: whatever made the producer fail.
        """
        part = position = 0
        while True:
            grown = self._grown
            while part < len(self._head):
                yield self._head[part]
                part += 1
            while position < self._in_file:
                assert self._file is not None  # noqa: S101 - bytes beyond memory are in the file
                data = os.pread(self._file.fileno(), CHUNK, position)
                position += len(data)
                yield data
            if self.complete:
                return
            if self.error is not None:
                raise self.error
            if part == len(self._head) and position == self._in_file:
                await grown.wait()

    def _tell(self) -> None:
        self._grown.set()
        self._grown = asyncio.Event()

    def __del__(self) -> None:
        if self._file is not None:
            self._budget.give_back(self._in_file)
            self._file.close()
