"""The header of a submission: what the body is, how it is named, and what the caller prefers."""

from __future__ import annotations

import contextlib
import re
import unicodedata
from collections.abc import Mapping
from typing import Final
from urllib.parse import quote, unquote

from fastapi import Request

from app.errors import QuerySyntaxError, TooLargeError
from app.http.body_headers import check_content_type, content_encoding
from app.services.receive_submission import Upload
from app.sheets.template import XLSX_MEDIA_TYPE

_VENDOR: Final = "application/vnd.sdmx."
SDMX_CSV: Final = f"{_VENDOR}data+csv"
_VERSIONS: Final[Mapping[str, tuple[str, ...]]] = {
    SDMX_CSV: ("1.0.0", "2.0.0", "2.1.0"),
    f"{_VENDOR}data+json": ("1.0.0", "2.0.0", "2.1.0", "1.0.0-wd"),
    f"{_VENDOR}data+xml": ("3.0.0", "3.1.0"),
    f"{_VENDOR}genericdata+xml": ("2.1",),
    f"{_VENDOR}generictimeseriesdata+xml": ("2.1",),
    f"{_VENDOR}structurespecificdata+xml": ("2.1",),
    f"{_VENDOR}structurespecifictimeseriesdata+xml": ("2.1",),
}
"""The formats of SDMX that are read, and their versions."""

_GENERIC: Final = (
    *("text/csv", "application/json", "application/xml", XLSX_MEDIA_TYPE, "application/zip"),
    "application/octet-stream",
)
_ALIASES: Final = frozenset(
    {"text/xml", "text/plain", "application/gzip", "application/x-gzip"}
    | {"application/x-zip-compressed", "application/vnd.ms-excel"}
)
"""What browsers and systems say of files that they know little of; the files tell the rest."""

LONGEST_WAIT_SECONDS: Final = 60

TAKEN: Final = (
    *(f"{name};version={one}" for name, versions in _VERSIONS.items() for one in versions),
    *_GENERIC,
)
"""The media types that are read, as they are told."""

_IDEMPOTENCY_KEY: Final = re.compile(r"[\x21-\x7e](?:[\x20-\x7e]{0,253}[\x21-\x7e])?")
_WAIT: Final = re.compile(r'\s*wait\s*=\s*"?([0-9]{1,6})"?\s*(?:;.*)?', re.IGNORECASE)
_EXTENDED_NAME: Final = re.compile(
    r"(?:^|;)\s*filename\*\s*=\s*(utf-8|iso-8859-1)'[^']*'([^;\s]+)", re.IGNORECASE
)
_PLAIN_NAME: Final = re.compile(
    r'(?:^|;)\s*filename\s*=\s*(?:"((?:[^"\\]|\\.)*)"|([^;\s"]+))', re.IGNORECASE
)
_LONGEST_NAME: Final = 200


def read_upload(request: Request, max_bytes: int) -> Upload:
    """Read the header of a submission; nothing of the body is read yet.

    Raises:
        UnsupportedMediaTypeError: the body is in a format or an encoding that is not read.
        TooLargeError: Content-Length is beyond the limit.
        QuerySyntaxError: the Idempotency-Key cannot be one.
    """
    headers = request.headers
    content_type = headers.get("content-type", "")
    check_content_type(content_type, TAKEN, _is_taken)
    length = headers.get("content-length", "")
    if length.isdecimal() and int(length[:20]) > max_bytes:
        raise TooLargeError(
            f"The body has {length[:20]} bytes; up to {max_bytes} are taken. Send several files.",
            f"El cuerpo tiene {length[:20]} bytes; se aceptan hasta {max_bytes}. "
            "Envíe varios archivos.",
            limit=max_bytes,
        )
    return Upload(
        chunks=request.stream(),
        content_type=content_type,
        content_encoding=content_encoding(headers.getlist("content-encoding")),
        file_name=_file_name(headers.get("content-disposition")),
        idempotency_key=_idempotency_key(headers.getlist("idempotency-key")),
        max_bytes=max_bytes,
    )


def _is_taken(name: str, parameters: Mapping[str, str]) -> bool:
    if name in _GENERIC or name in _ALIASES:
        return True
    versions = _VERSIONS.get(name, ())
    sent = parameters.get("version", next(iter(versions), ""))
    return any(sent in {version, version.removesuffix(".0")} for version in versions)


def preferred_wait(request: Request) -> int | None:
    """Seconds that the caller wishes to wait (RFC 7240, 4.3), at most 60; None when not said."""
    for preference in ",".join(request.headers.getlist("prefer")).split(","):
        if found := _WAIT.fullmatch(preference):
            return min(int(found[1]), LONGEST_WAIT_SECONDS)
    return None


def attachment(file_name: str) -> str:
    """The Content-Disposition of a download (RFC 6266)."""
    plain = re.sub(r"[^A-Za-z0-9 ._-]", "_", file_name)
    return f"attachment; filename=\"{plain}\"; filename*=UTF-8''{quote(file_name, safe='')}"


def idempotency_key(request: Request) -> str | None:
    """The Idempotency-Key of a request that has no file in its body.

    Raises:
        QuerySyntaxError: it cannot be one.
    """
    return _idempotency_key(request.headers.getlist("idempotency-key"))


def _idempotency_key(values: list[str]) -> str | None:
    if not values:
        return None
    if len(values) > 1 or not _IDEMPOTENCY_KEY.fullmatch(values[0]):
        raise QuerySyntaxError(
            "An Idempotency-Key has 1 to 255 printable ASCII characters, and is given once.",
            "Una Idempotency-Key tiene de 1 a 255 caracteres ASCII visibles y se da una sola vez.",
        )
    return values[0]


def _file_name(disposition: str | None) -> str | None:
    """The name of the file (RFC 6266) without folders and invisible characters; only shown."""
    disposition = (disposition or "")[:2048]
    if extended := _EXTENDED_NAME.search(disposition):
        name = unquote(extended[2], encoding=extended[1], errors="replace")
    elif plain := _PLAIN_NAME.search(disposition):
        name = re.sub(r"\\(.)", r"\1", plain[1]) if plain[2] is None else plain[2]
        with contextlib.suppress(UnicodeError):
            name = name.encode("latin-1").decode("utf-8")  # what many clients send, plainly
    else:
        return None
    name = re.split(r"[/\\]", name)[-1]
    visible = "".join(each for each in name if unicodedata.category(each)[0] != "C").strip()
    return visible[:_LONGEST_NAME] or None
