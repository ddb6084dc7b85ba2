"""Registrations of SDMX-REST 2.2: `/sdmx/v2/registration/...` (doc/registration.md)."""

from __future__ import annotations

from typing import Final

from fastapi import APIRouter, Request, Response

from app.http.paths import answers, sent_query
from app.http.registry_replies import Validators, reply_unless_known
from app.http.representations import structure_form
from app.http.subject import optional_subject
from app.sdmx.negotiation import negotiate, parse_options
from app.sdmx.offers import REGISTRATION_OFFERS
from app.sdmx.rest_v2_metadata import parse_registration
from app.services.query_registrations import (
    published_agreements,
    query_registrations,
    registrations_etag,
)

router = APIRouter(tags=["SDMX 2.x"])

_PATH: Final = "/sdmx/v2/registration"


@answers(router, _PATH)
async def get_registrations(request: Request) -> Response:
    """Return which data are published under which agreements, since when and where."""
    segments, raw_query = sent_query(request, _PATH)
    query = parse_registration(segments, raw_query)
    options = parse_options(raw_query)
    accepted = negotiate(request.headers.get("accept"), REGISTRATION_OFFERS, options)
    await optional_subject(request)  # the answer is for everybody, but no bad token goes unnoticed
    state = request.app.state
    published = await published_agreements(state.pools.public, state.catalogue)
    available = published.catalogue.snapshot.languages
    form = structure_form(request, accepted, options, available)
    return await reply_unless_known(
        request,
        options,
        form,
        Validators(registrations_etag(published, query, form), published.modified_at),
        lambda: query_registrations(published, query, form),
    )
