"""Reports: what a submission has wrong, grouped by rule, as JSON, as a table, as a page.

A browser has no token: a signed link opens one report, for reading, for an hour.
"""

from __future__ import annotations

import datetime as dt
from typing import Annotated, Any, Final

from fastapi import APIRouter, Depends, Query, Request, Response

from app.auth.keys import OwnKeys
from app.http.report_replies import answer_report
from app.http.request_log import note_caller
from app.http.subject import AuthenticatedSubject
from app.http.submission_replies import PRACTICE_PREFIX, pools_of
from app.models.report import ReportLink, ReportReply
from app.services.link_report import REPORTS_PATH, link_report, open_linked_report

_routes = APIRouter(prefix="/submissions", dependencies=[Depends(note_caller)])
router = APIRouter(tags=["submissions"])

_Format = Annotated[
    str | None, Query(description="`json`, `csv` or `html`; else as the field Accept asks.")
]
_Lang = Annotated[
    str | None, Query(description="`en`, `es`, `fr` or `nl`; else as Accept-Language asks.")
]
_REPORTED: Final[dict[int | str, dict[str, Any]]] = {
    200: {
        "content": {"text/csv": {}, "text/html": {}},
        "description": "The report; as CSV each finding alone, grouped by rule.",
    }
}


@_routes.head("/{submission}/report", include_in_schema=False)
@_routes.get(
    "/{submission}/report",
    summary="Read the report of a submission",
    response_model=ReportReply,
    responses=_REPORTED,
)
async def get_submission_report(
    request: Request,
    submission: str,
    caller: AuthenticatedSubject,
    format: _Format = None,
    lang: _Lang = None,
) -> Response:
    """Return all findings grouped by rule, with what is allowed and how to mend it."""
    return await answer_report(request, pools_of(request), caller, submission)


@_routes.post(
    "/{submission}/report-link",
    summary="Get a link that opens the report in a browser",
    status_code=201,
    response_model=ReportLink,
)
async def post_report_link(
    request: Request, submission: str, caller: AuthenticatedSubject
) -> Response:
    """Return an address that opens this report, and nothing else, without a token for an hour."""
    state = request.app.state
    base_url, now = state.settings.base_url, dt.datetime.now(dt.UTC)
    pools = pools_of(request)
    link = await link_report(pools, _keys(request), caller, submission, base_url, now)
    headers = {"Cache-Control": "no-store", "Location": link.url}
    return Response(link.model_dump_json(), 201, headers, "application/json")


@router.head(f"{REPORTS_PATH}/{{token}}", include_in_schema=False)
@router.get(
    f"{REPORTS_PATH}/{{token}}",
    summary="Open a report by its link",
    response_model=ReportReply,
    responses=_REPORTED,
)
async def get_linked_report(
    request: Request, token: str, format: _Format = None, lang: _Lang = None
) -> Response:
    """Return the report that a link is for; the link ends an hour after it was made."""
    state, now = request.app.state, dt.datetime.now(dt.UTC)
    pools, submission, reader = await open_linked_report(
        state.pools, _keys(request), token, state.settings.base_url, now
    )
    return await answer_report(request, pools, reader, submission)


def _keys(request: Request) -> OwnKeys:
    keys: OwnKeys = request.app.state.link_keys
    return keys


router.include_router(_routes, prefix="/api")

practice_router = APIRouter(prefix=PRACTICE_PREFIX, tags=["practice"])
practice_router.include_router(_routes)
