"""Replies made of practice data: for their own provider alone, and never kept."""

from __future__ import annotations

from fastapi import Request, Response

from app.auth.subject import Subject
from app.http.interfaces import nothing_found
from app.http.replies import ReplyCache, SpoolResponse
from app.http.representations import content_fields
from app.http.submission_replies import PRIVATE, pools_of
from app.sdmx.negotiation import negotiate, negotiate_language, parse_options
from app.sdmx.offers import DATA_OFFERS
from app.sdmx.rest_v2 import parse_data
from app.services.get_submission import PRACTICE_NOTICE
from app.services.open_practice_data import open_practice_data
from app.services.prepare_data import StaleError, UpperCache, prepare_data
from app.services.query_data import Form, content_languages, data_etag, stream_data


async def answer_practice_data(request: Request, caller: Subject, agreement: str) -> Response:
    """Answer with the practice data of an agreement, as a data query of SDMX-REST 2.2 would.

    Raises:
        NotFoundError: the caller's organisation has no such agreement.
    """
    state, pools = request.app.state, pools_of(request)
    path = await open_practice_data(pools, state.catalogue, caller, agreement)
    sent = request.scope["query_string"].decode("latin-1")
    options = parse_options(sent)
    representation = negotiate(request.headers.get("accept"), DATA_OFFERS, options)
    replies: ReplyCache = state.replies
    while True:
        prepared = await prepare_data(pools, state.catalogue, parse_data(path, sent), caller)
        language = negotiate_language(
            request.headers.get("accept-language"),
            options.lang,
            prepared.catalogue.snapshot.languages,
        )
        form = Form(representation, language, state.settings.base_url)
        etag = data_etag(prepared, form)
        parts = stream_data(pools, prepared, UpperCache(), form, etag)
        try:
            first = await anext(parts, None)
        except StaleError:
            continue
        headers = PRIVATE | {"X-VIPMG-Practice": PRACTICE_NOTICE["en"]}
        if first is None:
            return nothing_found(request, headers)
        languages = content_languages(prepared, form)
        headers |= content_fields(representation.content_type, languages, "identity")
        spool = replies.once(first, parts)
        return SpoolResponse(spool, headers, head=request.method == "HEAD")
