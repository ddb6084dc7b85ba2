"""Availability of SDMX-REST 2.2: `/sdmx/v2/availability/...` (doc/availability.md)."""

from __future__ import annotations

from functools import partial
from typing import Final

from fastapi import APIRouter, Request, Response

from app.http.conditions import holds, is_unmodified
from app.http.paths import raw_segments
from app.http.replies import ReplyCache, SpoolResponse
from app.http.representations import content_fields, structure_form, validators
from app.http.subject import optional_subject
from app.sdmx.negotiation import (
    STRUCTURE_OFFERS,
    choose_encoding,
    negotiate,
    parse_options,
)
from app.sdmx.query import DataQuery
from app.sdmx.rest_v2 import parse_availability
from app.services.prepare_data import StaleError, prepare_data
from app.services.query_availability import availability_etag, query_availability

router = APIRouter(tags=["SDMX 2.x"])

_PATH: Final = "/sdmx/v2/availability"


@router.head(_PATH + "/{rest:path}", include_in_schema=False)
@router.get(_PATH + "/{rest:path}", include_in_schema=False)
async def answer_availability(request: Request) -> Response:
    """Return which data there are: codes of each dimension, time, number of series and values."""
    raw_query = request.scope["query_string"].decode("latin-1")
    query = parse_availability(raw_segments(request, _PATH), raw_query)
    options = parse_options(raw_query)
    accepted = negotiate(request.headers.get("accept"), STRUCTURE_OFFERS, options)
    caller = await optional_subject(request)
    state = request.app.state
    replies: ReplyCache = state.replies
    while True:
        data_query = DataQuery(query.selection)
        prepared = await prepare_data(state.pools, state.catalogue, data_query, caller)
        available = prepared.catalogue.snapshot.languages
        form = structure_form(request, accepted, options, available)
        etag = availability_etag(prepared, query, form)
        headers = validators(prepared, etag, caller)
        if holds(request, etag):
            return Response(status_code=304, headers=headers)
        encoding = choose_encoding(request.headers.get("accept-encoding"), options.compression)
        key = f"{etag} {encoding}"
        spool = replies.get(key)
        if spool is None:
            try:
                reply = await query_availability(state.pools, prepared, state.uppers, query, form)
            except StaleError:
                continue
            if reply.body is None:
                return Response(status_code=204, headers=headers)
            spool = replies.keep(key, reply.body, encoding)
        if is_unmodified(request, prepared.prepared_at):
            return Response(status_code=304, headers=headers)
        headers |= content_fields(form.content_type, form.languages, encoding)
        etag_of = partial(availability_etag, query=query, form=form)
        state.quick.remember(request, prepared, etag_of, headers, encoding)
        return SpoolResponse(spool, headers, head=request.method == "HEAD")
