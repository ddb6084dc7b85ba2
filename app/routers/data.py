"""Data of SDMX-REST 2.2: `/sdmx/v2/data/...` (doc/data.md)."""

from __future__ import annotations

from functools import partial
from typing import Final

from fastapi import APIRouter, Request, Response

from app.http.conditions import holds, is_unmodified
from app.http.paths import raw_segments
from app.http.replies import ReplyCache, SpoolResponse
from app.http.representations import content_fields, validators
from app.http.subject import optional_subject
from app.sdmx.negotiation import (
    DATA_OFFERS,
    choose_encoding,
    negotiate,
    negotiate_language,
    parse_options,
)
from app.sdmx.rest_v2 import parse_data
from app.services.prepare_data import StaleError, prepare_data
from app.services.query_data import Form, data_etag, is_single, stream_data, write_single

router = APIRouter(tags=["SDMX 2.x"])

_PATH: Final = "/sdmx/v2/data"


@router.head(_PATH, include_in_schema=False)
@router.get(_PATH, include_in_schema=False)
@router.head(_PATH + "/{rest:path}", include_in_schema=False)
@router.get(_PATH + "/{rest:path}", include_in_schema=False)
async def answer_data(request: Request) -> Response:
    """Return data: by context, agency, id, version and key, filtered by `c[...]`."""
    raw_query = request.scope["query_string"].decode("latin-1")
    query = parse_data(raw_segments(request, _PATH), raw_query)
    options = parse_options(raw_query)
    headers = request.headers
    representation = negotiate(headers.get("accept"), DATA_OFFERS, options)
    encoding = choose_encoding(headers.get("accept-encoding"), options.compression)
    state = request.app.state
    caller = await optional_subject(request)
    replies: ReplyCache = state.replies
    while True:
        prepared = await prepare_data(state.pools, state.catalogue, query, caller)
        available = prepared.catalogue.snapshot.languages
        language = negotiate_language(headers.get("accept-language"), options.lang, available)
        form = Form(representation, language, state.settings.base_url)
        etag = data_etag(prepared, form)
        reply_headers = validators(prepared, etag, caller)
        if holds(request, etag):
            return Response(status_code=304, headers=reply_headers)
        reply_headers |= content_fields(representation.content_type, language, encoding)
        key = f"{etag} {encoding}"
        spool = replies.get(key)
        if spool is None and is_single(prepared):
            try:
                body = await write_single(state.pools, prepared, state.uppers, form, etag)
            except StaleError:
                continue
            if body is None:
                return Response(status_code=204, headers=reply_headers)
            spool = replies.keep(key, body, encoding)
        if spool is None:
            async with replies.turn(key):
                spool = replies.get(key)
                if spool is None:
                    parts = stream_data(state.pools, prepared, state.uppers, form, etag)
                    try:
                        first = await anext(parts, None)
                    except StaleError:
                        continue
                    if first is None:
                        return Response(status_code=204, headers=reply_headers)
                    spool = replies.fill(key, first, parts, encoding)
        if is_unmodified(request, prepared.prepared_at):
            return Response(status_code=304, headers=reply_headers)
        etag_of = partial(data_etag, form=form)
        state.quick.remember(request, prepared, etag_of, reply_headers, encoding)
        return SpoolResponse(spool, reply_headers, head=request.method == "HEAD")
