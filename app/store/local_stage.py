"""A stage on the disk of who checks a file without the service: segments and findings, in order.

SQLite sorts within bounded memory, so that a file of any length can be put together series by
series. The file of the stage is gone with the stage.
"""

from __future__ import annotations

import sqlite3
import tempfile
from collections.abc import Iterable, Iterator
from itertools import groupby
from operator import itemgetter
from pathlib import Path
from types import TracebackType
from typing import Final, Self

import msgspec

from app.sdmx.actions import Segment
from app.sdmx.findings import Finding
from app.sdmx.intake import Key
from app.store.staging import SEPARATOR, StageRecord, decode_segment

_CACHE_KIBIBYTES: Final = 32 << 10
_CREATE: Final = f"""
PRAGMA journal_mode = OFF;
PRAGMA synchronous = OFF;
PRAGMA temp_store = FILE;
PRAGMA cache_size = -{_CACHE_KIBIBYTES};
CREATE TABLE stage (agreement INTEGER, key TEXT, first_row INTEGER, segment BLOB);
CREATE TABLE finding (row INTEGER, content BLOB);
"""
_PUT: Final = "INSERT INTO stage VALUES (?, ?, ?, ?)"
_SERIES: Final = "SELECT key, segment FROM stage WHERE agreement = ? ORDER BY key, first_row"
_PUT_FINDING: Final = "INSERT INTO finding VALUES (?, ?)"
_FINDINGS: Final = "SELECT content FROM finding ORDER BY row, rowid"

_encode = msgspec.msgpack.Encoder().encode
_decode = msgspec.msgpack.Decoder(Finding).decode


class LocalStage:
    """A stage in a folder of its own, gone when the block ends."""

    def __init__(self) -> None:
        self._folder = tempfile.TemporaryDirectory(prefix="vipmg-")
        self._connection = sqlite3.connect(Path(self._folder.name) / "stage", isolation_level=None)
        self._connection.executescript(_CREATE)
        # The temporary files of a sort, too, belong to where the user has room.
        self._connection.execute("BEGIN")

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._connection.close()
        self._folder.cleanup()

    def put_records(self, staged: Iterable[StageRecord]) -> None:
        """Stage segments."""
        self._connection.executemany(_PUT, staged)

    def series(self, agreement: int) -> Iterator[tuple[Key, list[Segment]]]:
        """The series of an agreement, each with its segments in the order of their rows."""
        rows = self._connection.execute(_SERIES, (agreement,))
        for key, staged in groupby(rows, itemgetter(0)):
            yield tuple(key.split(SEPARATOR)), [decode_segment(segment) for _, segment in staged]

    def put_findings(self, findings: Iterable[Finding]) -> None:
        """Keep findings."""
        records = ((finding.row or 0, _encode(finding)) for finding in findings)
        self._connection.executemany(_PUT_FINDING, records)

    def findings(self) -> Iterator[Finding]:
        """All findings, in the order of their rows."""
        for (content,) in self._connection.execute(_FINDINGS):
            yield _decode(content)
