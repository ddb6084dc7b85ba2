"""Computed dataflows: `/api/derived`, up to which publication each has come."""

from __future__ import annotations

from typing import Final

from fastapi import APIRouter, Depends, Request, Response

from app.http.languages import LanguageParameter, asked_language
from app.http.submission_parameters import known_parameters
from app.models.derived_reply import DerivedList
from app.services.list_derived import list_derived

router = APIRouter(
    prefix="/api/derived", tags=["computed dataflows"], dependencies=[Depends(known_parameters)]
)

_PUBLIC: Final = {"Cache-Control": "public, no-cache", "Vary": "Accept-Language"}


@router.head("", include_in_schema=False)
@router.get("", response_model=DerivedList, summary="List the computed dataflows")
async def get_derived(request: Request, lang: LanguageParameter = None) -> Response:
    """List what the exchange computes from reported figures, and how far each has come.

    `through_sequence` is a number of the public ledger: publications up to it are in the figures.
    """
    state, language = request.app.state, asked_language(request, lang)
    reply = await list_derived(state.pools, state.catalogue, state.settings.base_url, language)
    headers = _PUBLIC | {"Content-Language": language}
    return Response(reply.model_dump_json(), 200, headers, "application/json")
