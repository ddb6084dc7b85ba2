"""Notices: `/api/notices`, what your organisation is told without asking."""

from __future__ import annotations

from typing import Annotated, Literal

from fastapi import APIRouter, Depends, Query, Request, Response

from app.http.request_log import note_caller
from app.http.subject import AuthenticatedSubject
from app.http.submission_parameters import known_parameters
from app.http.submission_replies import json_reply, language_of
from app.models.agreement_terms import NoticeList
from app.services.list_notices import list_notices
from app.services.mark_notice import mark_notice

router = APIRouter(
    prefix="/api/notices",
    tags=["agreements"],
    dependencies=[Depends(note_caller), Depends(known_parameters)],
)


@router.head("", include_in_schema=False)
@router.get("", response_model=NoticeList, summary="List notices")
async def get_notices(
    request: Request,
    caller: AuthenticatedSubject,
    unseen: Annotated[bool, Query(description="Only those not marked as seen.")] = False,
    limit: Annotated[int, Query(ge=1, le=1000)] = 100,
    offset: Annotated[int, Query(ge=0, le=1_000_000)] = 0,
    lang: Annotated[
        Literal["en", "es", "fr", "nl"] | None,
        Query(description="Language of its texts; else as Accept-Language asks."),
    ] = None,
) -> Response:
    """List what your organisation, or an agency that you maintain, was told, the newest first."""
    state, language = request.app.state, lang or language_of(request)
    found = await list_notices(
        state.pools,
        caller,
        unseen=unseen,
        limit=limit,
        offset=offset,
        base_url=state.settings.base_url,
        language=language,
    )
    return json_reply(found, headers={"Content-Language": language})


@router.post("/{notice}/seen", status_code=204, summary="Mark a notice as seen")
async def post_seen(request: Request, notice: str, caller: AuthenticatedSubject) -> Response:
    """Note that your organisation has seen a notice."""
    await mark_notice(request.app.state.pools, caller, notice)
    return Response(status_code=204)
