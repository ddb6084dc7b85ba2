"""The journal of what was sent: a line for each step, so that a crash at any moment loses none.

Lines are only added, each in one write. A line that a crash cut in two is left out when the
journal is read. What matters most is kept by the service itself: the key of a file is made of
its bytes, so that a file whose line is missing is not stored twice either.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any, Final, TypeAlias

import orjson

Entry: TypeAlias = dict[str, Any]
"""What is known of a file under its key: its name, its upload, its submission and its state."""

_LONGEST: Final = 4 << 20


class Journal:
    """What became of the files that were sent to one service, by their keys."""

    def __init__(self, path: Path, url: str) -> None:
        self._path = path
        self._url = url
        self._entries: dict[str, Entry] = {}
        self._read()

    def entry(self, key: str) -> Entry:
        """What is known of a file; nothing of a new one."""
        return dict(self._entries.get(key, {}))

    def packed(self, key: str) -> Path:
        """Where the bytes of a file lie, as they are sent, while it is on its way."""
        return self._path.parent / "outbox" / key

    def note(self, key: str, **facts: object) -> None:
        """Keep facts of a file, on the disk when this returns."""
        entry = self._entries.setdefault(key, {})
        if all(name in entry and entry[name] == value for name, value in facts.items()):
            return
        entry.update(facts)
        self._write(key, entry)

    def _write(self, key: str, entry: Entry) -> None:
        self._path.parent.mkdir(parents=True, exist_ok=True)
        line = orjson.dumps({"url": self._url, "key": key, **entry}) + b"\n"
        handle = os.open(self._path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
        try:
            size = os.fstat(handle).st_size
            if size and not self._ends_whole(size):
                line = b"\n" + line
            os.write(handle, line)
            os.fsync(handle)
        finally:
            os.close(handle)

    def _ends_whole(self, size: int) -> bool:
        with self._path.open("rb") as file:
            file.seek(size - 1)
            return file.read(1) == b"\n"

    def _read(self) -> None:
        try:
            content = self._path.read_bytes()
        except FileNotFoundError:
            return
        others: list[bytes] = []
        for line in content.splitlines():
            try:
                facts = orjson.loads(line)
                url, key = facts.pop("url"), facts.pop("key")
            except (ValueError, KeyError, AttributeError, TypeError):
                continue
            if url == self._url:
                self._entries[key] = facts
            else:
                others.append(line)
        if len(content) > _LONGEST:
            self._shorten(others)

    def _shorten(self, others: list[bytes]) -> None:
        """Keep the last line of each file only; the journal is replaced whole or not at all."""
        own = [
            orjson.dumps({"url": self._url, "key": key, **entry})
            for key, entry in self._entries.items()
        ]
        part = self._path.with_name(self._path.name + ".part")
        part.write_bytes(b"\n".join([*others, *own, b""]))
        part.replace(self._path)
