"""Scorecards: `/api/scorecards`, how the reporting of each data provider stands."""

from __future__ import annotations

from typing import Annotated, Final

from fastapi import APIRouter, Depends, Query, Request, Response

from app.http.languages import LanguageParameter, asked_language
from app.http.submission_parameters import known_parameters
from app.models.owed import ScorecardHistory, ScorecardList
from app.services.score_history import score_history
from app.services.score_list import score_list
from app.services.score_reply import SCORECARDS_PATH

router = APIRouter(
    prefix=SCORECARDS_PATH, tags=["scorecards"], dependencies=[Depends(known_parameters)]
)

_PUBLIC: Final = {"Cache-Control": "public, no-cache", "Vary": "Accept-Language"}
_Offset = Annotated[int, Query(ge=0, le=1 << 31, description="How many are left out.")]
_Limit = Annotated[int, Query(ge=1, le=1000, description="How many are told at most.")]


@router.head("", include_in_schema=False)
@router.get("", summary="How reporting stands", response_model=ScorecardList)
async def get_scorecards(
    request: Request,
    provider: Annotated[str | None, Query(description="Id of a data provider.")] = None,
    dataflow: Annotated[str | None, Query(description="Id or `AGENCY:ID(VERSION)`.")] = None,
    offset: _Offset = 0,
    limit: _Limit = 100,
    lang: LanguageParameter = None,
) -> Response:
    """Return the last scorecard of each data provider and dataflow, from public figures alone.

    Timeliness, completeness, coherence, revisions and mirror gap, each with how it was computed
    and from how many; one that cannot be computed has no value and a reason.
    """
    state, language = request.app.state, asked_language(request, lang)
    reply = await score_list(
        state.pools,
        state.catalogue,
        (provider, dataflow),
        (limit, offset),
        state.settings.base_url,
        language,
    )
    return _answer(reply, language)


@router.head("/{provider}/{dataflow}/history", include_in_schema=False)
@router.get(
    "/{provider}/{dataflow}/history",
    summary="How reporting stood, day by day",
    response_model=ScorecardHistory,
)
async def get_history(
    request: Request,
    provider: str,
    dataflow: str,
    offset: _Offset = 0,
    limit: _Limit = 366,
    lang: LanguageParameter = None,
) -> Response:
    """Return the scorecards of a data provider and dataflow, the last day first."""
    state, language = request.app.state, asked_language(request, lang)
    reply = await score_history(
        state.pools,
        state.catalogue,
        (provider, dataflow),
        (limit, offset),
        state.settings.base_url,
        language,
    )
    return _answer(reply, language)


def _answer(reply: ScorecardList | ScorecardHistory, language: str) -> Response:
    headers = _PUBLIC | {"Content-Language": language}
    return Response(reply.model_dump_json(), 200, headers, "application/json")
