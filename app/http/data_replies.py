"""Replies made of data: from negotiation to the spool, for both interfaces."""

from __future__ import annotations

from functools import partial

from fastapi import Request, Response

from app.http.conditions import holds, is_unmodified
from app.http.interfaces import nothing_found
from app.http.lineage_links import lineage_links
from app.http.replies import ReplyCache, SpoolResponse
from app.http.representations import (
    content_fields,
    languages_field,
    structure_form,
    validators,
)
from app.http.subject import optional_subject
from app.http.terms_links import terms_links
from app.sdmx.negotiation import choose_encoding, negotiate, negotiate_language, parse_options
from app.sdmx.offers import Offers
from app.sdmx.query import AvailabilityQuery, DataQuery
from app.services.prepare_data import StaleError, prepare_data
from app.services.query_availability import availability_etag, query_availability
from app.services.query_data import (
    Form,
    content_languages,
    data_etag,
    is_single,
    stream_data,
    write_single,
)


async def answer_data(request: Request, query: DataQuery, offers: Offers) -> Response:
    """Answer a data query by what is offered; 304 where the caller has the answer already."""
    options = parse_options(request.scope["query_string"].decode("latin-1"))
    sent = request.headers
    representation = negotiate(sent.get("accept"), offers, options)
    encoding = choose_encoding(sent.get("accept-encoding"), options.compression)
    state = request.app.state
    caller = await optional_subject(request)
    replies: ReplyCache = state.replies
    while True:
        prepared = await prepare_data(state.pools, state.catalogue, query, caller)
        available = prepared.catalogue.snapshot.languages
        language = negotiate_language(sent.get("accept-language"), options.lang, available)
        form = Form(representation, language, state.settings.base_url)
        etag = data_etag(prepared, form)
        headers = validators(prepared, etag, caller)
        terms = terms_links(prepared, state.settings.base_url).get("Link", "")
        headers |= lineage_links(prepared, state.settings.base_url, terms)
        if holds(request, etag):
            return Response(status_code=304, headers=headers)
        key = f"{etag} {encoding}"
        spool = replies.get(key)
        if spool is None and is_single(prepared):
            try:
                body = await write_single(state.pools, prepared, state.uppers, form, etag)
            except StaleError:
                continue
            if body is None:
                return nothing_found(request, headers)
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
                        is_known = bool(prepared.scopes)
                        return nothing_found(request, headers, is_known=is_known)
                    spool = replies.fill(key, first, parts, encoding)
        if is_unmodified(request, prepared.prepared_at):
            return Response(status_code=304, headers=headers)
        languages = content_languages(prepared, form)
        headers |= content_fields(representation.content_type, languages, encoding)
        etag_of = partial(data_etag, form=form)
        state.quick.remember(request, prepared, etag_of, headers, encoding)
        return SpoolResponse(spool, headers, head=request.method == "HEAD")


async def answer_availability(
    request: Request, query: AvailabilityQuery, offers: Offers
) -> Response:
    """Answer a query for what is available; 304 where the caller has the answer already."""
    options = parse_options(request.scope["query_string"].decode("latin-1"))
    accepted = negotiate(request.headers.get("accept"), offers, options)
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
                return nothing_found(request, headers, is_known=bool(prepared.scopes))
            spool = replies.keep(key, reply.body, encoding, languages_field(reply.languages))
        if is_unmodified(request, prepared.prepared_at):
            return Response(status_code=304, headers=headers)
        headers |= content_fields(form.content_type, (), encoding) | spool.headers
        etag_of = partial(availability_etag, query=query, form=form)
        state.quick.remember(request, prepared, etag_of, headers, encoding)
        return SpoolResponse(spool, headers, head=request.method == "HEAD")
