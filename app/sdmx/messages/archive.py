"""Reading a ZIP archive of several messages as one message: members in the order of their names.

Each member may have a format of its own. Nothing is unpacked to a disk; what all members make
together counts against the limit of a message, and the growth of each is watched.
"""

from __future__ import annotations

import io
import re
import struct
import zipfile
import zlib
from bisect import bisect_right
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import IO, Final, TypeAlias, TypeVar

import msgspec

from app.errors import TooLargeError
from app.sdmx.findings import Finding, UnreadableError
from app.sdmx.messages.data_reading import BATCH_ROWS, Batch, DataReader, Location
from app.sdmx.messages.inflate import MAX_RATIO
from app.sdmx.messages.sniffing import HEAD_BYTES, Kind, kind_of

MOST_ENTRIES: Final = 1000
MOST_DIRECTORY_BYTES: Final = 1 << 20
"""Bytes of the list of members, which is read whole."""

WORKBOOK_PART: Final = "[Content_Types].xml"
"""A member that every workbook has, and no archive of messages."""

_OUT_OF_ARCHIVE: Final = re.compile(r"(?:^|/)\.\.(?:/|$)|^/|^[A-Za-z]:|\\|[\x00-\x1f]")
_HIDDEN: Final = re.compile(r"(?:^|/)(?:__MACOSX/|\.)|(?:^|/)(?:Thumbs\.db|desktop\.ini)$")
_END: Final = struct.Struct("<4s4H2LH")
_END_SIGN: Final = b"PK\x05\x06"
_LONGEST_COMMENT: Final = 1 << 16
_METHODS: Final = frozenset({zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED})
_ENCRYPTED: Final = 0x1
_BROKEN: Final = (
    *(zipfile.BadZipFile, zlib.error, struct.error, EOFError, OSError, RuntimeError),
    ValueError,  # places before the beginning
)

T = TypeVar("T")
OpenMember: TypeAlias = Callable[[Callable[[], io.RawIOBase], Kind], DataReader]
"""Makes the reader of a member from what gives its bytes, and its kind."""


class Archive:
    """The members of an archive, checked before any of them is read.

    Raises:
        UnreadableError: it is no archive, or one that is not taken.
    """

    def __init__(self, file: IO[bytes], max_bytes: int) -> None:
        _check_directory(file)
        try:
            self._zip = zipfile.ZipFile(file)
        except _BROKEN as error:
            raise UnreadableError("zip", value=str(error)[:80]) from error
        self._max_bytes = max_bytes
        self.names = [info.filename for info in self._zip.infolist()]

    @property
    def is_workbook(self) -> bool:
        """Whether it is one workbook, and no archive of messages."""
        return WORKBOOK_PART in self.names or self.names[:1] == ["mimetype"]

    def members(self) -> list[zipfile.ZipInfo]:
        """The files in it, by name; without what systems add to archives.

        Raises:
            UnreadableError: a member is not taken.
        """
        found: dict[str, zipfile.ZipInfo] = {}
        for info in self._zip.infolist():
            name = info.orig_filename
            if not info.filename or _OUT_OF_ARCHIVE.search(name) or name in found:
                raise UnreadableError("zip-name", value=name[:80])
            if info.is_dir() or _HIDDEN.search(name):
                continue
            if info.flag_bits & _ENCRYPTED:
                raise UnreadableError("zip-encrypted", value=name[:80])
            if info.compress_type not in _METHODS:
                raise UnreadableError("zip-method", value=name[:80])
            found[name] = info
        if not found:
            raise UnreadableError("zip-empty")
        return [found[name] for name in sorted(found)]

    def open(self, info: zipfile.ZipInfo, used: int) -> Member:
        """The bytes of a member, of a message that has used some of its limit already."""
        return Member(self._zip, info, self._max_bytes - used, self._max_bytes)


class Member(io.RawIOBase):
    """The bytes of a member, counted.

    Attributes:
        made: bytes so far.

    Raises:
        UnreadableError: the archive is broken.
        TooLargeError: the message is larger than its limit, or grows like a bomb.
    """

    def __init__(
        self, archive: zipfile.ZipFile, info: zipfile.ZipInfo, left: int, limit: int
    ) -> None:
        self.made = 0
        self._left = left
        self._limit = limit
        self._packed = info.compress_size
        self._name = info.filename
        self._stream = _whole(self._name, lambda: archive.open(info))

    def readable(self) -> bool:
        """A stream for reading."""
        return True

    def readinto(self, buffer: memoryview) -> int:  # type: ignore[override]
        """Fill the buffer with what comes next."""
        data = _whole(self._name, lambda: self._stream.read(len(buffer)))
        self.made += len(data)
        if self.made > self._left or self.made > (1 << 20) + self._packed * MAX_RATIO:
            raise TooLargeError(
                f"The files of the archive have more than {self._limit} bytes together, or one "
                f"grows more than {MAX_RATIO} times.",
                f"Los archivos del ZIP tienen en total más de {self._limit} bytes, o uno crece "
                f"más de {MAX_RATIO} veces.",
                limit=self._limit,
            )
        buffer[: len(data)] = data
        return len(data)


class ArchiveReader:
    """Reads the members of an archive as one message, their rows numbered through."""

    def __init__(self, archive: Archive, open_member: OpenMember) -> None:
        self.findings: list[Finding] = []
        self.row_count = 0
        self._archive = archive
        self._open_member = open_member
        self._before: list[int] = []
        self._readers: list[DataReader] = []
        self._names: list[str] = []
        self._used = 0

    def batches(self, batch_rows: int = BATCH_ROWS) -> Iterator[Batch]:
        """All rows of all members, in order.

        Raises:
            UnreadableError: the archive, or a member of it, cannot be read.
        """
        before = 0
        for info in self._archive.members():
            made: list[Member] = []
            reader = self._reader(info, made)
            self._before.append(before)
            self._readers.append(reader)
            self._names.append(info.filename)
            last = rows = 0
            try:
                for batch in reader.batches():
                    last = max(last, batch.rows[-1])
                    self.row_count += reader.row_count - rows
                    rows = reader.row_count
                    last = max(last, self._take_findings(reader, before))
                    yield _moved(batch, before)
            except UnreadableError as error:
                raise _within(error, info.filename, before) from error
            finally:
                last = max(last, self._take_findings(reader, before))
                self.row_count += reader.row_count - rows
            self._used += max(member.made for member in made)
            before += max(last, reader.row_count + 1)

    def locate(self, row: int, component: str | None) -> Location:
        """The place within the member that has the row, and its name."""
        place = bisect_right(self._before, row - 1) - 1
        if place < 0:
            return Location(row)
        here = self._readers[place].locate(row - self._before[place], component)
        return replace(here, file=self._names[place])

    def _reader(self, info: zipfile.ZipInfo, made: list[Member]) -> DataReader:
        def reopen() -> io.RawIOBase:
            made.append(self._archive.open(info, self._used))
            return made[-1]

        kind = kind_of(reopen().read(HEAD_BYTES) or b"")
        if kind == "gzip":
            raise UnreadableError("zip-nested", value=info.filename[:80])
        return self._open_member(reopen, kind)

    def _take_findings(self, reader: DataReader, before: int) -> int:
        """Take the findings of a member; the last row that they speak of."""
        last = 0
        for finding in reader.findings:
            if finding.row is None:
                name = self._names[-1]
                self.findings.append(msgspec.structs.replace(finding, file=finding.file or name))
            else:
                last = max(last, finding.row)
                moved = msgspec.structs.replace(finding, row=finding.row + before)
                self.findings.append(moved)
        reader.findings.clear()
        return last


def _moved(batch: Batch, before: int) -> Batch:
    """A batch with its rows numbered through all members."""
    if not before:
        return batch
    rows = batch.rows
    moved = (
        range(rows.start + before, rows.stop + before)
        if isinstance(rows, range)
        else [row + before for row in rows]
    )
    faulty = frozenset(
        (row if row is None else row + before, component) for row, component in batch.faulty
    )
    return replace(batch, rows=moved, faulty=faulty, header=batch.header + before)


def _within(error: UnreadableError, name: str, before: int) -> UnreadableError:
    """The error with the member that it is about, and its row numbered through."""
    found = error.finding
    if (found.rule, found.value) == ("xlsx-none", "ZIP"):
        found = UnreadableError("zip-nested", value=name[:80]).finding
    row = None if found.row is None else found.row + before
    error.finding = msgspec.structs.replace(found, row=row, file=name)
    return error


def _check_directory(file: IO[bytes]) -> None:
    """Refuse an archive whose list of members is longer than any that people make.

    Raises:
        UnreadableError: it is, or there is none.
    """
    size = file.seek(0, io.SEEK_END)
    file.seek(max(size - _END.size - _LONGEST_COMMENT, 0))
    tail = file.read(_END.size + _LONGEST_COMMENT)
    file.seek(0)
    at = tail.rfind(_END_SIGN)
    if at < 0 or len(tail) - at < _END.size:
        raise UnreadableError("zip", value="end of central directory")
    _, _, _, _, entries, directory, _, _ = _END.unpack_from(tail, at)
    if entries > MOST_ENTRIES or directory > MOST_DIRECTORY_BYTES:
        raise UnreadableError("zip-entries", value=str(entries), allowed=str(MOST_ENTRIES))


def _whole(name: str, read: Callable[[], T]) -> T:
    """What an archive gives, unless it is broken there."""
    try:
        return read()
    except _BROKEN as error:
        raise UnreadableError("zip", value=name[:80]) from error
