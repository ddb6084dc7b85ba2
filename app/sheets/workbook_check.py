"""What is checked of a workbook before a library opens it, and the cells that libraries drop.

A workbook is an archive of XML: it can be a bomb, bear macros or links, be encrypted, or be no
workbook at all. Each member is inflated once, within limits and against its checksum, so that
declared sizes cannot lie. On that way rows are counted, and cells are noted that hold an error or
a formula that was never calculated, which reading libraries give as empty.
"""

from __future__ import annotations

import io
import posixpath
import re
import zipfile
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Final
from xml.etree import ElementTree

from app.sheets.child import RefusalError

MAX_BYTES: Final = 64 << 20
"""Largest workbook, in bytes as it is sent."""

MAX_MEMBERS: Final = 2_000
MAX_INFLATED_BYTES: Final = 768 << 20
MAX_RATIO: Final = 150
"""Growth of a member that is still believed, from `RATIO_FROM` bytes on."""

RATIO_FROM: Final = 4 << 20
MAX_PART_BYTES: Final = 8 << 20
"""Largest part that is held as a whole: the list of sheets, and where they are."""

WORKBOOK: Final = "xl/workbook.xml"
CHUNK: Final = 1 << 20
ERROR: Final = "e"
FORMULA: Final = "f"

_OLE: Final = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
_ENCRYPTED: Final = "EncryptedPackage".encode("utf-16-le")
_DIRECTORY_BYTES: Final = 1 << 20
_MACROS: Final = ("vbaproject.bin", "vbadata.xml")
_CELL: Final = re.compile(
    rb"<(?:[\w.-]+:)?c(?:\s([^<>]*?))?(?<!/)>(.*?)</(?:[\w.-]+:)?c\s*>", re.DOTALL
)
_END: Final = re.compile(rb"</(?:[\w.-]+:)?c\s*>")
_VALUE: Final = re.compile(rb"<(?:[\w.-]+:)?v(?:\s[^<>]*)?>([^<]*)</")
_FORMULA: Final = re.compile(rb"<(?:[\w.-]+:)?f[\s/>]")
_ATTRIBUTE: Final = re.compile(rb"\b([rt])\s*=\s*[\"']([^\"']*)[\"']")
_HINTS: Final = re.compile(rb"[\"']e[\"']|<(?:[\w.-]+:)?f[\s/>]")
_ROW_END: Final = re.compile(rb"</(?:[\w.-]+:)?row\s*>")
_CONTENT: Final = re.compile(rb"<(?:[\w.-]+:)?[vt](?:\s[^<>]*)?>[^<]")
"""A value, or the text of a cell that holds it itself, which is not empty."""

_LONGEST_TAG: Final = 4096
_ADDRESS: Final = re.compile(r"([A-Z]{1,3})([0-9]{1,7})")

Lost = dict[tuple[int, int], dict[str, str]]
"""Cells by row and column from 0: `{"e": "#REF!"}` for an error, `{"f": ""}` for a formula."""


@dataclass(slots=True)
class Inventory:
    """What a workbook has.

    Attributes:
        parts: name of the part of each sheet, by name of the sheet.
        lost: the cells of each part that libraries give as empty.
        rows: how many rows of each part have any value.
    """

    parts: dict[str, str] = field(default_factory=dict)
    lost: dict[str, Lost] = field(default_factory=dict)
    rows: dict[str, int] = field(default_factory=dict)

    def rows_in(self, sheet: str) -> int:
        """Those of a sheet."""
        return self.rows.get(self.parts.get(sheet, "").lower(), 0)

    def lost_in(self, sheet: str) -> Lost:
        """Those of a sheet."""
        return self.lost.get(self.parts.get(sheet, "").lower(), {})


def check_workbook(data: bytes) -> Inventory:
    """Check a workbook, and look through it.

    Raises:
        RefusalError: it is none, or one that is not opened.
    """
    if data.startswith(_OLE):
        encrypted = _ENCRYPTED in data[:_DIRECTORY_BYTES] or _ENCRYPTED in data[-_DIRECTORY_BYTES:]
        raise RefusalError("xlsx-encrypted" if encrypted else "xlsx-old")
    if not data.startswith(b"PK\x03\x04"):
        raise RefusalError("xlsx-none", data[:8].hex(" "))
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            return _look_through(archive)
    except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, UnicodeError) as error:
        raise RefusalError("xlsx-broken") from error
    except ElementTree.ParseError as error:
        raise RefusalError("xlsx-broken") from error


def _look_through(archive: zipfile.ZipFile) -> Inventory:
    members = archive.infolist()
    _check_members(members)
    names = {member.filename.lower(): member for member in members}
    if WORKBOOK not in names or "[content_types].xml" not in names:
        if "xl/workbook.bin" in names:
            raise RefusalError("xlsx-binary")
        raise RefusalError("xlsx-none", "OpenDocument (.ods)" if "mimetype" in names else "ZIP")
    inventory, kept = Inventory(), {}
    relations = "xl/_rels/workbook.xml.rels"
    for member in members:
        name = member.filename.lower()
        lost: Lost = {}
        whole = name in {WORKBOOK, relations, "[content_types].xml"}
        if whole and member.file_size > MAX_PART_BYTES:
            raise RefusalError("xlsx-bomb", member.filename, str(MAX_PART_BYTES))
        scan = _CellScan(lost) if name.startswith("xl/worksheets/") else None
        content = _inflate(archive, member, scan.feed if scan else None, keep=whole)
        if scan is not None:
            scan.end()
            inventory.lost[name] = lost
            inventory.rows[name] = scan.rows
        kept[name] = content
    if b"macroenabled" in kept["[content_types].xml"].lower():
        raise RefusalError("xlsx-macros")
    inventory.parts = dict(_sheet_parts(kept[WORKBOOK], kept.get(relations, b"")))
    return inventory


def _check_members(members: list[zipfile.ZipInfo]) -> None:
    if len(members) > MAX_MEMBERS:
        raise RefusalError("xlsx-bomb", str(len(members)), str(MAX_MEMBERS))
    seen: set[str] = set()
    for member in members:
        name = member.filename.lower()
        if name in seen or name.startswith("/") or "\\" in name or ".." in name.split("/"):
            raise RefusalError("xlsx-broken", member.filename[:80])
        seen.add(name)
        if member.flag_bits & 0x1:
            raise RefusalError("xlsx-encrypted")
        if name.rpartition("/")[2] in _MACROS:
            raise RefusalError("xlsx-macros")
        if name.startswith("xl/externallinks/"):
            raise RefusalError("xlsx-links")
        if member.file_size > RATIO_FROM and member.file_size > MAX_RATIO * max(
            member.compress_size, 1
        ):
            raise RefusalError("xlsx-bomb", member.filename[:80], f"{MAX_RATIO}:1")
    if sum(member.file_size for member in members) > MAX_INFLATED_BYTES:
        raise RefusalError("xlsx-bomb", None, str(MAX_INFLATED_BYTES))


def _inflate(
    archive: zipfile.ZipFile,
    member: zipfile.ZipInfo,
    feed: Callable[[bytes], None] | None,
    *,
    keep: bool,
) -> bytes:
    """Read a member to its end, against its declared size and its checksum."""
    kept, tail = [], b""
    is_markup = member.filename.lower().endswith((".xml", ".rels", ".vml"))
    with archive.open(member) as stream:
        while chunk := stream.read(CHUNK):
            if is_markup and b"<!DOCTYPE" in tail + chunk:
                raise RefusalError("xlsx-broken", "DOCTYPE")
            tail = chunk[-9:]
            if feed is not None:
                feed(chunk)
            if keep:
                kept.append(chunk)
    return b"".join(kept)


class _CellScan:
    """Counts rows, and finds cells with an error or an uncalculated formula, chunk by chunk.

    Attributes:
        rows: rows so far that have any value.
    """

    def __init__(self, lost: Lost) -> None:
        self.rows = 0
        self._lost = lost
        self._rest = b""
        self._begun = b""
        self._has_content = False

    def feed(self, chunk: bytes) -> None:
        """Look at what comes next."""
        self._count(self._begun + chunk)
        buffer = self._rest + chunk
        end = 0
        for match in _END.finditer(buffer, max(len(buffer) - CHUNK // 8, 0)):
            end = match.end()
        self._look(buffer[:end])
        self._rest = buffer[end:] if len(buffer) - end < 2 * CHUNK else b""

    def end(self) -> None:
        """Look at what is left."""
        self._look(self._rest)

    def _count(self, text: bytes) -> None:
        start = 0
        for row in _ROW_END.finditer(text):
            if self._has_content or _CONTENT.search(text, start, row.start()):
                self.rows += 1
            self._has_content = False
            start = row.end()
        if _CONTENT.search(text, start):
            self._has_content = True
        last = text.rfind(b"<", max(start, len(text) - _LONGEST_TAG))
        self._begun = text[last:] if last >= 0 else b""

    def _look(self, text: bytes) -> None:
        if _HINTS.search(text) is None:
            return
        for match in _CELL.finditer(text):
            facts = dict(_ATTRIBUTE.findall(match[1] or b""))
            kind = facts.get(b"t", b"n")
            if kind != b"e" and (kind == b"str" or not _FORMULA.search(match[2])):
                continue
            value = _VALUE.search(match[2])
            shown = value[1].strip().decode("utf-8", "replace") if value else ""
            if kind == b"e":
                self._note(facts, {ERROR: shown or "#"})
            elif not shown:
                self._note(facts, {FORMULA: ""})

    def _note(self, facts: dict[bytes, bytes], what: dict[str, str]) -> None:
        address = _ADDRESS.fullmatch(facts.get(b"r", b"").decode("ascii", "replace"))
        if address is None:  # it cannot be told where it is, and must not be lost
            raise RefusalError("xlsx-broken", next(iter(what.values())) or "formula")
        column = 0
        for letter in address[1]:
            column = column * 26 + ord(letter) - 64
        self._lost[int(address[2]) - 1, column - 1] = what


def _sheet_parts(workbook: bytes, relations: bytes) -> Iterator[tuple[str, str]]:
    """The part of each sheet."""
    targets = {}
    if relations:
        for each in ElementTree.fromstring(relations):  # noqa: S314 - no DOCTYPE, checked above
            targets[each.get("Id", "")] = each.get("Target", "")
    for each in ElementTree.fromstring(workbook).iter():  # noqa: S314 - no DOCTYPE, checked above
        if _local(each.tag) != "sheet":
            continue
        identity = next((v for k, v in each.attrib.items() if _local(k) == "id"), "")
        target = targets.get(identity, "")
        path = target.lstrip("/") if target.startswith("/") else posixpath.join("xl", target)
        yield each.get("name", ""), posixpath.normpath(path).lower()


def _local(tag: object) -> str:
    return str(tag).rpartition("}")[2]
