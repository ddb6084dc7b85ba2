"""Replies made of the registry: one way from negotiation to the spool, for every such resource."""

from __future__ import annotations

import datetime as dt
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from email.utils import format_datetime
from typing import TypeVar

from fastapi import Request, Response

from app.http.conditions import holds, is_unmodified
from app.http.interfaces import nothing_found
from app.http.replies import ReplyCache, SpoolResponse
from app.http.representations import content_fields, languages_field, structure_form
from app.http.subject import optional_subject
from app.sdmx.negotiation import VARY, Options, choose_encoding, negotiate, parse_options
from app.sdmx.offers import Offers
from app.sdmx.query import MetadataQuery, SchemaQuery, StructureQuery
from app.services.query_structures import (
    StructureForm,
    StructureReply,
    current_registry,
    structure_etag,
)
from app.store.registry import RegistrySnapshot
from app.store.types import Pool

_Query = TypeVar("_Query", StructureQuery, SchemaQuery, MetadataQuery)


async def answer_from_registry(
    request: Request,
    query: _Query,
    offers: Offers,
    answer: Callable[[Pool, RegistrySnapshot, _Query, StructureForm], Awaitable[StructureReply]],
) -> Response:
    """Answer a query by the registry as it stands; 304 where the caller has the answer already.

    Args:
        request: whose headers and extension parameters choose the form.
        query: what was asked, in either grammar.
        offers: what is offered on the path.
        answer: the service that writes a reply which is not kept yet.
    """
    options = parse_options(request.scope["query_string"].decode("latin-1"))
    accepted = negotiate(request.headers.get("accept"), offers, options)
    await optional_subject(request)  # the answer is for everybody, but no bad token goes unnoticed
    state = request.app.state
    reader = state.pools.public
    registry = await current_registry(reader, state.registry)
    form = structure_form(request, accepted, options, registry.languages)
    etag = structure_etag(registry, query, form)
    return await reply_unless_known(
        request,
        options,
        form,
        Validators(etag, registry.revised_at),
        lambda: answer(reader, registry, query, form),
    )


@dataclass(frozen=True, slots=True)
class Validators:
    """What a caller may know of a reply, before the reply is made."""

    etag: str
    modified_at: dt.datetime


async def reply_unless_known(
    request: Request,
    options: Options,
    form: StructureForm,
    validators: Validators,
    write: Callable[[], Awaitable[StructureReply]],
) -> Response:
    """Send a reply that everybody may see, kept or written now; 304 where the caller has it."""
    headers = {
        # Kept by caches, but never used without asking here whether it still holds.
        "Cache-Control": "no-cache",
        "ETag": validators.etag,
        "Last-Modified": format_datetime(validators.modified_at.astimezone(dt.UTC), usegmt=True),
        "Vary": VARY,
    }
    if holds(request, validators.etag):
        return Response(status_code=304, headers=headers)
    encoding = choose_encoding(request.headers.get("accept-encoding"), options.compression)
    replies: ReplyCache = request.app.state.replies
    key = f"{validators.etag} {encoding}"
    spool = replies.get(key)
    if spool is None:
        reply = await write()
        if reply.body is None:
            return nothing_found(request, headers)
        spool = replies.keep(key, reply.body, encoding, languages_field(reply.languages))
    if is_unmodified(request, validators.modified_at):
        return Response(status_code=304, headers=headers)
    headers |= content_fields(form.content_type, (), encoding) | spool.headers
    return SpoolResponse(spool, headers, head=request.method == "HEAD")
