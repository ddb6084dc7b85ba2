"""A workbook as the parent reads it, row by row, out of the process that opened it."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from types import TracebackType
from typing import IO, Protocol, TypeAlias

from app.sdmx.findings import UnreadableError
from app.sheets.process import COPY_BYTES, ChildProcess
from app.sheets.workbook_check import MAX_BYTES

Cell: TypeAlias = str | float | bool | dict[str, str]
"""Text, a number, a truth value; `d` a date, `t` a time of day, `e` an error, `f` a formula
without a stored result. An empty cell is the empty text."""

Merged: TypeAlias = tuple[tuple[int, int], tuple[int, int]]
"""First and last cell of an area of merged cells: row and column from 0."""

MAX_ROWS = 200_000
"""Observations that a workbook may have, where the settings do not say."""

MODULE = "app.sheets.reading_process"
SPOOL_MEMORY_BYTES = 4 << 20


class Readable(Protocol):
    """Something that gives bytes."""

    def read(self, size: int = ..., /) -> bytes | None:
        """The next bytes, at most so many; none at the end."""


@dataclass(frozen=True, slots=True)
class Row:
    """A row that is not empty: its number in the sheet, and its cells from column A on."""

    number: int
    cells: list[Cell]


class Workbook:
    """An open workbook; one sheet is read at a time.

    Args:
        source: its bytes.
        max_rows: observations that it may have: a sheet with many more rows is not loaded.

    Raises:
        UnreadableError: the workbook is refused, or breaks off while it is read.
    """

    def __init__(self, source: Readable, *, max_rows: int = MAX_ROWS) -> None:
        with tempfile.SpooledTemporaryFile(SPOOL_MEMORY_BYTES) as spool:
            size = copy_workbook(source, spool)
            spool.seek(0)
            self._process = ChildProcess(MODULE, {"size": size, "rows": max_rows})
            try:
                self._process.send_bytes(spool)
                opened = self._process.receive()
            except BaseException:
                self._process.close()
                raise
        self.sheets: list[str] = [name for name, _ in opened["sheets"]]
        self.visible: list[str] = [name for name, visible in opened["sheets"] if visible]

    def __enter__(self) -> Workbook:
        """It is open already."""
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """Close it."""
        self.close()

    @property
    def pid(self) -> int:
        """Number of the process that reads it."""
        return self._process.pid

    def close(self) -> None:
        """Close it."""
        self._process.close()

    def read(self, sheet: str) -> tuple[list[Merged], Iterator[Row]]:
        """The merged areas of a sheet, and its rows, which have to be read to the end."""
        return self._ask(sheet, None)

    def first_rows(self, sheet: str, most: int) -> list[Row]:
        """The rows of a sheet up to a number."""
        return self.head(sheet, most)[1]

    def head(self, sheet: str, most: int) -> tuple[list[Merged], list[Row]]:
        """The merged areas of a sheet, and its rows up to a number."""
        merged, rows = self._ask(sheet, most)
        return merged, list(rows)

    def _ask(self, sheet: str, limit: int | None) -> tuple[list[Merged], Iterator[Row]]:
        self._process.send({"sheet": sheet, "limit": limit})
        merged = self._process.receive()["merged"]
        return merged, self._rows()

    def _rows(self) -> Iterator[Row]:
        while True:
            message = self._process.receive()
            for number, cells in message["rows"]:
                yield Row(number, cells)
            if "end" in message:
                return


def copy_workbook(source: Readable, spool: IO[bytes]) -> int:
    """Copy a workbook, which is known to be whole then; its size in bytes."""
    size = 0
    while data := source.read(COPY_BYTES):
        size += len(data)
        if size > MAX_BYTES:
            raise UnreadableError("xlsx-size", allowed=str(MAX_BYTES >> 20))
        spool.write(data)
    if not size:
        raise UnreadableError("empty")
    return size
