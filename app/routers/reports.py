"""Reports: what a submission has wrong, grouped by rule, as JSON, as a table, as a page.

A browser has no token: a signed link opens one report for an hour, and corrects its file where
that was asked for.
"""

from __future__ import annotations

import datetime as dt
from typing import Annotated, Any, Final
from urllib.parse import urlencode

from fastapi import APIRouter, Depends, Query, Request, Response

from app.auth.keys import OwnKeys
from app.http.correction_form import read_corrections
from app.http.json_bodies import body_of, read_json
from app.http.report_replies import answer_report
from app.http.request_log import note_caller
from app.http.subject import AuthenticatedSubject
from app.http.submission_parameters import known_parameters
from app.http.submission_replies import pools_of
from app.models.report import ReportLink, ReportLinkOrder, ReportReply
from app.services.correct_by_link import correct_by_link
from app.services.link_report import REPORTS_PATH, link_report, open_linked_report

_routes = APIRouter(
    prefix="/submissions", dependencies=[Depends(note_caller), Depends(known_parameters)]
)
router = APIRouter(tags=["submissions"])

_Format = Annotated[
    str | None, Query(description="`json`, `csv` or `html`; else as the field Accept asks.")
]
_Lang = Annotated[
    str | None, Query(description="`en`, `es`, `fr` or `nl`; else as Accept-Language asks.")
]
_LINK_BODY: Final[dict[str, Any]] = body_of(ReportLinkOrder)
_LINK_BODY["requestBody"]["required"] = False
_FORM: Final = "application/x-www-form-urlencoded"
_FORM_BODY: Final[dict[str, Any]] = {
    "requestBody": {"required": True, "content": {_FORM: {"schema": {"type": "object"}}}}
}
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
    openapi_extra=_LINK_BODY,
)
async def post_report_link(
    request: Request, submission: str, caller: AuthenticatedSubject
) -> Response:
    """Return an address that opens this report, and nothing else, without a token for an hour."""
    has_body = "content-type" in request.headers
    order = await read_json(request, ReportLinkOrder) if has_body else ReportLinkOrder()
    state = request.app.state
    base_url, now = state.settings.base_url, dt.datetime.now(dt.UTC)
    pools = pools_of(request)
    link = await link_report(
        *(pools, _keys(request), caller, submission, base_url, now),
        may_correct=order.may_correct,
    )
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
    base_url = state.settings.base_url
    pools, reader, linked = await open_linked_report(
        state.pools, _keys(request), token, base_url, now
    )
    correct_at = f"{REPORTS_PATH}/{token}/corrections" if linked.corrector else ""
    return await answer_report(request, pools, reader, linked.submission, correct_at=correct_at)


@router.post(
    f"{REPORTS_PATH}/{{token}}/corrections",
    summary="Correct a file from the page of its report",
    status_code=303,
    response_class=Response,
    responses={303: {"description": "Corrected; `Location` is the new report."}},
    openapi_extra=_FORM_BODY,
)
async def post_linked_corrections(request: Request, token: str, lang: _Lang = None) -> Response:
    """Take the form of the page that a link with the right to correct opens."""
    state, now = request.app.state, dt.datetime.now(dt.UTC)
    corrections = await read_corrections(request)
    address = await correct_by_link(
        state.pools, _keys(request), token, corrections, state.settings.base_url, now
    )
    query = urlencode({"format": "html", **({"lang": lang} if lang else {})})
    headers = {"Cache-Control": "no-store", "Location": f"{address}?{query}"}
    return Response(None, 303, headers)


def _keys(request: Request) -> OwnKeys:
    keys: OwnKeys = request.app.state.link_keys
    return keys


router.include_router(_routes, prefix="/api")

practice_router = APIRouter(tags=["practice"])
practice_router.include_router(_routes)
