"""What a file is, by its first bytes."""

from __future__ import annotations

from typing import Final, Literal, TypeAlias

Kind: TypeAlias = Literal["csv", "json", "xml", "zip", "gzip", "ole", "unknown"]
"""The kind of a file; `ole`: workbooks of Excel before XLSX, and those with a password."""

HEAD_BYTES: Final = 4096

_MAGIC: Final[tuple[tuple[bytes, Kind], ...]] = (
    (b"PK\x03\x04", "zip"),
    (b"PK\x05\x06", "zip"),
    (b"\x1f\x8b", "gzip"),
    (b"\xd0\xcf\x11\xe0", "ole"),
)
_MARKS: Final = ((b"\xef\xbb\xbf", "utf-8"), (b"\xff\xfe", "utf-16-le"), (b"\xfe\xff", "utf-16-be"))


def encoding_of(head: bytes) -> str:
    """The encoding that the byte order mark tells; UTF-8 where there is none."""
    return next((name for mark, name in _MARKS if head.startswith(mark)), "utf-8")


def kind_of(head: bytes) -> Kind:
    """The kind of a file by its first bytes; text that is neither JSON nor XML counts as CSV."""
    for magic, kind in _MAGIC:
        if head.startswith(magic):
            return kind
    encoding = encoding_of(head)
    text = head.decode(encoding, "replace").lstrip("\ufeff \t\r\n")
    if text.startswith("{") or text.startswith("["):
        return "json"
    if text.startswith("<"):
        return "xml"
    if "\x00" in text[:64]:
        return "unknown"
    return "csv"
