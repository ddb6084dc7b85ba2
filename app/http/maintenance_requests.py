"""Requests that change structures: the body, and whether the caller has seen what is stored."""

from __future__ import annotations

import asyncio
import io
from typing import Final

from fastapi import Request

from app.errors import MessageError, QuerySyntaxError, TooLargeError
from app.http.body_headers import check_content_type, content_encoding
from app.http.representations import structure_form
from app.http.small_bodies import read_small_body
from app.sdmx.maintenance_body import MessageKind
from app.sdmx.messages.inflate import Inflated
from app.sdmx.negotiation import Options, Representation
from app.sdmx.offers import Offers
from app.sdmx.query import MetadataQuery, StructureQuery
from app.services.query_structures import current_registry, structure_etag

MAX_BYTES: Final = 64 << 20
"""Largest message, as sent and as decompressed: it is held in memory as a whole."""

_GENERIC: Final = (
    "application/json",
    "application/xml",
    "text/json",
    "text/xml",
)
_NEVER: Final = -1
"""A revision that the registry never has."""


async def read_body(request: Request, kind: MessageKind) -> bytes:
    """Read a message of structures or of metadata sets, decompressed.

    Raises:
        UnsupportedMediaTypeError: the body is in a format or an encoding that is not read.
        TooLargeError: it is beyond the limit.
        MessageError: there is no body, or its compression does not hold.
    """
    taken = (*_media_types(kind), *_GENERIC)
    other: MessageKind = "metadata" if kind == "structure" else "structure"
    elsewhere = dict.fromkeys(_media_types(other), f"/sdmx/v2/{other}")
    content_type = request.headers.get("content-type", "")
    check_content_type(content_type, taken, lambda name, _: name in taken, elsewhere)
    limit = min(MAX_BYTES, request.app.state.settings.max_body_bytes)
    encoding = content_encoding(request.headers.getlist("content-encoding"))
    length = request.headers.get("content-length", "")
    if length.isdecimal() and int(length[:20]) > limit:
        raise _too_large(limit)
    body = await read_small_body(request, limit, _too_large)
    if encoding is not None:
        return await asyncio.to_thread(_inflate, body, limit)
    if not body:
        raise MessageError("The body is empty.", "El cuerpo está vacío.")
    return body


def _media_types(kind: MessageKind) -> list[str]:
    return [f"application/vnd.sdmx.{kind}+{syntax}" for syntax in ("json", "xml")]


async def seen_revision(
    request: Request, query: StructureQuery | MetadataQuery, offers: Offers
) -> int | None:
    """The revision of the registry for which If-Match holds; None when the caller did not ask.

    A tag holds if it is that of the present answer to a GET of the same address, in any format
    that is offered and in the languages of this request; -1 if it does not hold.
    """
    given = ",".join(request.headers.getlist("if-match"))
    tags = {tag.strip() for tag in given.split(",")} - {""}
    if not tags or tags == {"*"}:
        return None
    state = request.app.state
    registry = await current_registry(state.pools.public, state.registry)
    for offer in offers:
        form = structure_form(request, Representation(offer), Options(), registry.languages)
        if structure_etag(registry, query, form) in tags:
            return registry.revision
    return _NEVER


def refuse_parameters(request: Request) -> None:
    """Refuse query parameters that a request for a change does not have.

    Raises:
        QuerySyntaxError: there is one beside `format` and `formatVersion`.
    """
    unknown = sorted(set(request.query_params) - {"format", "formatVersion"})
    if unknown:
        listed = ", ".join(unknown)
        raise QuerySyntaxError(
            f"A change of structures has no parameter {listed[:200]}.",
            f"Un cambio de estructuras no tiene el parámetro {listed[:200]}.",
            parameters=unknown,
        )


def _inflate(body: bytes, limit: int) -> bytes:
    return io.BufferedReader(Inflated(io.BytesIO(body), limit)).read()


def _too_large(limit: int) -> TooLargeError:
    return TooLargeError(
        f"A message of structures may have {limit} bytes; send the artefacts in several.",
        f"Un mensaje de estructuras puede tener {limit} bytes; envíe los artefactos en varios.",
        limit=limit,
    )
