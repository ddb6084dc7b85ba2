"""Structures of SDMX-REST 2.2: `/sdmx/v2/structure/...` (doc/structures.md)."""

from __future__ import annotations

from email.utils import format_datetime
from typing import Final

from fastapi import APIRouter, Request, Response

from app.http.conditions import holds, is_unmodified
from app.http.paths import raw_segments
from app.http.replies import ReplyCache, SpoolResponse
from app.http.representations import structure_form
from app.sdmx.negotiation import (
    STRUCTURE_OFFERS,
    VARY,
    choose_encoding,
    negotiate,
    parse_options,
)
from app.sdmx.rest_v2 import parse_structure
from app.services.query_structures import (
    current_registry,
    query_structures,
    structure_etag,
)

router = APIRouter(tags=["SDMX 2.x"])

_PATH: Final = "/sdmx/v2/structure"


@router.get(_PATH, include_in_schema=False)
@router.head(_PATH, include_in_schema=False)
@router.head(_PATH + "/{rest:path}", include_in_schema=False)
@router.get(_PATH + "/{rest:path}", include_in_schema=False)
async def answer_structure(request: Request) -> Response:
    """Return structural metadata: artefacts by type, agency, id, version and item."""
    raw_query = request.scope["query_string"].decode("latin-1")
    query = parse_structure(raw_segments(request, _PATH), raw_query)
    options = parse_options(raw_query)
    accepted = negotiate(request.headers.get("accept"), STRUCTURE_OFFERS, options)
    state = request.app.state
    reader = state.pools.public
    registry = await current_registry(reader, state.registry)
    form = structure_form(request, accepted, options, registry.languages)
    etag = structure_etag(registry, query, form)
    headers = {
        # Kept by caches, but never used without asking here whether it still holds.
        "Cache-Control": "no-cache",
        "ETag": etag,
        "Last-Modified": format_datetime(registry.revised_at, usegmt=True),
        "Vary": VARY,
    }
    if holds(request, etag):
        return Response(status_code=304, headers=headers)
    encoding = choose_encoding(request.headers.get("accept-encoding"), options.compression)
    replies: ReplyCache = state.replies
    key = f"{etag} {encoding}"
    spool = replies.get(key)
    if spool is None:
        reply = await query_structures(reader, registry, query, form)
        if reply.body is None:
            return Response(status_code=204, headers=headers)
        shown = {"Content-Language": ", ".join(reply.languages)} if reply.languages else {}
        spool = replies.keep(key, reply.body, encoding, shown)
    if is_unmodified(request, registry.revised_at):
        return Response(status_code=304, headers=headers)
    headers |= {"Content-Type": form.content_type, **spool.headers}
    if encoding != "identity":
        headers["Content-Encoding"] = encoding
    return SpoolResponse(spool, headers, head=request.method == "HEAD")
