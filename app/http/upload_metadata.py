"""Resumable uploads (tus 1.0): what their header fields say.

The metadata of an upload stand for the header and the query of the request that would send the
file at once: they are read by the same functions, so that both ways take the same and refuse the
same.
"""

from __future__ import annotations

import base64
import binascii
import mimetypes
import re
from collections.abc import AsyncIterator, Mapping
from dataclasses import replace
from typing import Final, cast
from urllib.parse import quote

from fastapi import Request

from app.auth.subject import Subject
from app.errors import QuerySyntaxError
from app.http.submission_parameters import (
    PARAMETERS,
    PRACTICE,
    SubmissionParameters,
    read_parameters,
)
from app.http.uploads import read_upload
from app.services.continue_upload import Algorithm, Checksum
from app.services.receive_submission import Upload
from app.store.pools import Pools

OFFSET_STREAM: Final = "application/offset+octet-stream"
ALGORITHMS: Final = ("sha256", "sha1")
_FIELDS: Final = {
    "filetype": "content-type",
    "type": "content-type",
    "encoding": "content-encoding",
    "idempotency-key": "idempotency-key",
}
_NAMES: Final = ("filename", "name")
_NOT_OURS: Final = ("relativePath", "lastModified", "size")
"""What programs of others say of any file; it says nothing of how it is to be taken."""

_BESIDE: Final = frozenset({*_FIELDS, *_NAMES, *_NOT_OURS})
_MOST_PAIRS: Final = 40
_LONGEST_NUMBER: Final = 18
_NUMBER: Final = re.compile(rf"[0-9]{{1,{_LONGEST_NUMBER}}}")
_KEY: Final = re.compile(r"[\x21-\x2b\x2d-\x7e]{1,100}")
_DIGEST_BYTES: Final[Mapping[str, int]] = {"sha256": 32, "sha1": 20}


def read_number(request: Request, name: str) -> int:
    """A header field that is a number of bytes.

    Raises:
        QuerySyntaxError: it is missing, or no number.
    """
    values = request.headers.getlist(name)
    if len(values) != 1 or not _NUMBER.fullmatch(values[0]):
        raise QuerySyntaxError(
            f"{name} is a number of bytes, given once, of up to {_LONGEST_NUMBER} digits.",
            f"{name} es un número de bytes, dado una sola vez, de hasta {_LONGEST_NUMBER} cifras.",
            parameter=name,
        )
    return int(values[0])


def read_metadata(request: Request) -> dict[str, str]:
    """The field Upload-Metadata: keys, each with a text in base64.

    Raises:
        QuerySyntaxError: it has another form.
    """
    pairs = [
        pair.strip()
        for value in request.headers.getlist("upload-metadata")
        for pair in value.split(",")
        if pair.strip()
    ]
    metadata: dict[str, str] = {}
    for pair in pairs:
        key, _blank, coded = pair.partition(" ")
        if not _KEY.fullmatch(key) or key in metadata or len(metadata) == _MOST_PAIRS:
            raise _no_metadata(key)
        try:
            text = base64.b64decode(coded.strip(), validate=True).decode()
        except (binascii.Error, ValueError):
            raise _no_metadata(key) from None
        if "\x00" in text:
            raise _no_metadata(key)
        metadata[key] = text
    return metadata


def write_metadata(metadata: Mapping[str, str]) -> str:
    """Metadata as they stand in the header of a reply."""
    return ",".join(
        f"{key} {base64.b64encode(text.encode()).decode()}".strip()
        for key, text in metadata.items()
    )


def read_checksum(request: Request) -> Checksum | None:
    """The field Upload-Checksum, if it is there.

    Raises:
        QuerySyntaxError: it has another form, or an algorithm that is not offered.
    """
    values = request.headers.getlist("upload-checksum")
    if not values:
        return None
    algorithm, _blank, coded = values[0].strip().partition(" ")
    try:
        digest = base64.b64decode(coded.strip(), validate=True)
    except (binascii.Error, ValueError):
        digest = b""
    if len(values) > 1 or len(digest) != _DIGEST_BYTES.get(algorithm, -1):
        raise QuerySyntaxError(
            f"Upload-Checksum is one of {', '.join(ALGORITHMS)}, a blank, and the digest in "
            "base64.",
            f"Upload-Checksum es uno de {', '.join(ALGORITHMS)}, un espacio y el resumen en "
            "base64.",
            parameter="Upload-Checksum",
        )
    return Checksum(cast(Algorithm, algorithm), digest)


async def announced(
    request: Request,
    metadata: Mapping[str, str],
    sender: Subject,
    chunks: AsyncIterator[bytes],
) -> tuple[Pools, Upload]:
    """The submission that metadata announce, and the space that it is for.

    Raises:
        VipmgError: what a request that sends it at once is refused for.
    """
    state = request.app.state
    parameters = read_metadata_parameters(metadata)
    pools: Pools = state.pools.space(practice=parameters.practice)
    upload = read_upload(_meant(request, metadata), state.settings.max_body_bytes)
    wanted = await parameters.upload(pools, state.catalogue, sender, upload)
    return pools, replace(wanted, chunks=chunks)


def read_metadata_parameters(metadata: Mapping[str, str]) -> SubmissionParameters:
    """What metadata ask of the submission that the file becomes.

    Raises:
        QuerySyntaxError: a key that is not known, or a switch that is neither true nor false.
    """
    return read_parameters(metadata.items(), taken=(*PARAMETERS, PRACTICE), beside=_BESIDE)


def _meant(request: Request, metadata: Mapping[str, str]) -> Request:
    """The request that would send the file at once."""
    name = next((metadata[key] for key in _NAMES if metadata.get(key)), "")
    fields = {field: metadata[key] for key, field in _FIELDS.items() if metadata.get(key)}
    if "content-type" not in fields:
        fields["content-type"] = _guessed(name)
    if name:
        fields["content-disposition"] = f"attachment; filename*=UTF-8''{quote(name, safe='')}"
    scope = {
        **request.scope,
        "method": "POST",
        "query_string": b"",
        "headers": [(field.encode(), text.encode()) for field, text in fields.items()],
    }
    return Request(scope)


def _guessed(name: str) -> str:
    """The media type that the end of a file name says; else the file itself tells what it is."""
    return mimetypes.guess_type(name)[0] or "application/octet-stream"


def _no_metadata(key: str) -> QuerySyntaxError:
    return QuerySyntaxError(
        f"Upload-Metadata are pairs of a key and a text in base64 of UTF-8, separated by commas, "
        f"{_MOST_PAIRS} at most and no key twice; {key[:40]!r} cannot be read.",
        f"Upload-Metadata son pares de una clave y un texto UTF-8 en base64, separados por comas, "
        f"{_MOST_PAIRS} como máximo y sin repetir claves; no se puede leer {key[:40]!r}.",
        parameter="Upload-Metadata",
    )
