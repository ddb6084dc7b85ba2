"""Reading a data message of any format: what it is shows when it is read."""

from __future__ import annotations

import io
from collections.abc import Callable, Iterator, Mapping
from typing import IO, Final, TypeAlias

from app.sdmx.findings import Finding, UnreadableError
from app.sdmx.messages.archive import Archive, ArchiveReader
from app.sdmx.messages.data_csv_reader import CsvReader
from app.sdmx.messages.data_json_reader import JsonReader
from app.sdmx.messages.data_ml_reader import MlReader
from app.sdmx.messages.data_reading import BATCH_ROWS, Batch, DataReader, Location
from app.sdmx.messages.inflate import Inflated, Rewound
from app.sdmx.messages.plain_table import PlainTable
from app.sdmx.messages.sniffing import HEAD_BYTES, Kind, encoding_of, kind_of

OpenWorkbook: TypeAlias = Callable[[io.RawIOBase], DataReader]
"""Makes the reader of a workbook from its bytes."""

_ENCODINGS: Final[Mapping[str, str]] = {
    "utf-8": "utf-8-sig",
    "utf-16-le": "utf-16",
    "utf-16-be": "utf-16",
}


class SpooledBytes:
    """The bytes of a message in a file.

    Args:
        spool: the file.
        max_bytes: bytes that it may have when decompressed.
        is_gzip: whether it was sent in the content coding gzip.
    """

    def __init__(self, spool: IO[bytes], max_bytes: int, *, is_gzip: bool) -> None:
        self._spool = spool
        self._max_bytes = max_bytes
        self._is_gzip = is_gzip

    def reopen(self) -> io.RawIOBase:
        """The bytes from the beginning, decompressed within the limit."""
        self._spool.seek(0)
        return Inflated(self._spool, self._max_bytes) if self._is_gzip else Rewound(self._spool)

    def file(self) -> IO[bytes] | None:
        """The file, unless it is compressed."""
        return None if self._is_gzip else self._spool


class MessageReader:
    """Reads one message of any format.

    Args:
        content: its bytes.
        max_bytes: bytes that it may have when decompressed.
        declared: the format that the sender says it has; nothing where that is left open.
        open_workbook: makes the reader of a workbook; without it workbooks are refused.
        plain: how CSV without the columns of SDMX-CSV is read; without it, it is refused.
    """

    def __init__(
        self,
        content: SpooledBytes,
        max_bytes: int,
        *,
        declared: Kind | None = None,
        open_workbook: OpenWorkbook | None = None,
        plain: PlainTable | None = None,
    ) -> None:
        self._content = content
        self._max_bytes = max_bytes
        self._declared = declared
        self._open_workbook = open_workbook
        self._plain = plain
        self._reader: DataReader | None = None
        self.findings: list[Finding] = []
        self.row_count = 0

    def batches(self, batch_rows: int = BATCH_ROWS) -> Iterator[Batch]:
        """All rows of the message, in order.

        Raises:
            UnreadableError: it is in no format that is read, or not well formed.
            TooLargeError: it is larger than its limit.
            MessageError: it is said to be compressed, and is not.
        """
        self._reader = reader = self._open()
        self.findings = reader.findings
        try:
            for batch in reader.batches():
                self.row_count = reader.row_count
                yield batch
        finally:
            self.row_count = reader.row_count

    def locate(self, row: int, component: str | None) -> Location:
        """Where a row, or the cell of a component in it, stands in the file."""
        return Location(row) if self._reader is None else self._reader.locate(row, component)

    def _open(self) -> DataReader:
        content = self._content
        kind = kind_of(content.reopen().read(HEAD_BYTES) or b"")
        if kind == "gzip":  # a file that was compressed before it was sent
            file = content.file()
            if file is None:
                raise UnreadableError("zip-nested", value="gzip")
            self._content = content = SpooledBytes(file, self._max_bytes, is_gzip=True)
            kind = kind_of(content.reopen().read(HEAD_BYTES) or b"")
            if kind == "gzip":
                raise UnreadableError("zip-nested", value="gzip")
        if kind == "zip":
            return self._open_archive(content)
        if self._declared not in {None, kind} and kind != "unknown":
            raise UnreadableError("other-format", value=kind, allowed=self._declared)
        return self._open_one(content.reopen, kind)

    def _open_archive(self, content: SpooledBytes) -> DataReader:
        file = content.file()
        if file is None:
            raise UnreadableError("zip-nested", value="ZIP")
        archive = Archive(file, self._max_bytes)
        if archive.is_workbook:
            return self._workbook(content.reopen)
        return ArchiveReader(archive, self._open_member)

    def _open_member(self, reopen: Callable[[], io.RawIOBase], kind: Kind) -> DataReader:
        if kind == "zip":
            return self._workbook(reopen)  # which refuses any other archive
        return self._open_one(reopen, kind)

    def _open_one(self, reopen: Callable[[], io.RawIOBase], kind: Kind) -> DataReader:
        if kind == "json":
            return JsonReader(reopen)
        if kind == "xml":
            return MlReader(reopen())
        if kind == "ole":
            return self._workbook(reopen)
        if kind == "unknown":
            raise UnreadableError("not-text", value=(reopen().read(8) or b"").hex(" "))
        encoding = encoding_of(reopen().read(4) or b"")
        return CsvReader(reopen(), encoding=_ENCODINGS[encoding], plain=self._plain)

    def _workbook(self, reopen: Callable[[], io.RawIOBase]) -> DataReader:
        if self._open_workbook is None:
            raise UnreadableError("not-text")
        return self._open_workbook(reopen())
