"""Files to send: what each is, by its name and its first bytes, and where our own files lie."""

from __future__ import annotations

import hashlib
import os
import sys
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

READ_BYTES: Final = 1 << 18
REPORT_ENDING: Final = ".findings.csv"
JOURNAL_FOLDER: Final = ".vipmg"

_GZIP: Final = b"\x1f\x8b"
_ZIP: Final = b"PK\x03\x04"
_TYPES: Final = {
    ".csv": "text/csv",
    ".json": "application/json",
    ".xml": "application/xml",
    ".xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    ".zip": "application/zip",
}


@dataclass(frozen=True, slots=True)
class LocalFile:
    """A file on this computer that holds data.

    Attributes:
        content_type: media type of what it holds, compressed or not.
        content_encoding: `gzip` when its bytes are compressed so, else none.
    """

    path: Path
    size: int
    content_type: str
    content_encoding: str | None

    @property
    def file_name(self) -> str:
        """Its name, without the folder."""
        return self.path.name

    @property
    def is_packed(self) -> bool:
        """Whether its bytes would not become fewer by compression."""
        return self.content_encoding is not None or self.content_type in (
            _TYPES[".xlsx"],
            _TYPES[".zip"],
        )

    @classmethod
    def of(cls, path: Path) -> LocalFile:
        """The file at a path, told by the end of its name, or else by its first bytes.

        Raises:
            OSError: it cannot be read.
        """
        with path.open("rb") as file:
            head = file.read(512)
        packed = head.startswith(_GZIP)
        named = path.with_suffix("") if packed and path.suffix.lower() == ".gz" else path
        content_type = _TYPES.get(named.suffix.lower()) or _sniffed(head)
        return cls(path, path.stat().st_size, content_type, "gzip" if packed else None)


def _sniffed(head: bytes) -> str:
    start = head.removeprefix(b"\xef\xbb\xbf").lstrip()
    if start.startswith(b"{"):
        return _TYPES[".json"]
    if start.startswith(b"<"):
        return _TYPES[".xml"]
    return _TYPES[".zip"] if start.startswith(_ZIP) else _TYPES[".csv"]


def files_of(folder: Path) -> list[Path]:
    """The files of a folder that hold data, by name; reports and files half written are none."""
    return sorted(path for path in folder.iterdir() if is_data(path))


def is_data(path: Path) -> bool:
    """Whether a path is that of a file with data: by its name, as its owner sees it."""
    name = path.name.lower()
    if name.startswith((".", "~$")) or name.endswith(REPORT_ENDING):
        return False
    return Path(name.removesuffix(".gz")).suffix in _TYPES and path.is_file()


def digest_of(path: Path, parts: Iterable[str], on_read: Callable[[int], None]) -> str:
    """The SHA-256 of some texts and of the bytes of a file."""
    digest = hashlib.sha256("".join(f"{part}\n" for part in parts).encode())
    read = 0
    with path.open("rb") as file:
        while part := file.read(READ_BYTES):
            digest.update(part)
            read += len(part)
            on_read(read)
    return digest.hexdigest()


def home() -> Path:
    """The folder of our own files on this computer: structures and journals."""
    named = os.environ.get("VIPMG_HOME")
    if named:
        return Path(named)
    if sys.platform == "win32":
        above = os.environ.get("LOCALAPPDATA")
        return (Path(above) if above else Path.home() / "AppData" / "Local") / "vipmg"
    if sys.platform == "darwin":
        return Path.home() / "Library" / "Caches" / "vipmg"
    above = os.environ.get("XDG_CACHE_HOME")
    return (Path(above) if above else Path.home() / ".cache") / "vipmg"


def structures_folder(url: str) -> Path:
    """Where the structures of a service are kept."""
    parts = urlsplit(url)
    name = "".join(c if c.isalnum() or c in ".-" else "_" for c in parts.netloc + parts.path)
    return home() / "structures" / name.strip("_")
