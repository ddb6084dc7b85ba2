"""Reports: what a submission has wrong, grouped by rule, as JSON, as a table, as a page.

A browser has no token: a signed link opens one report, for reading, for an hour.
"""

from __future__ import annotations

import datetime as dt
from typing import Annotated, Any, Final

from fastapi import APIRouter, Depends, Query, Request, Response
from fastapi.responses import StreamingResponse

from app.auth.keys import OwnKeys
from app.auth.subject import Subject
from app.http.report_page import CONTENT_SECURITY_POLICY, report_page
from app.http.request_log import note_caller
from app.http.subject import AuthenticatedSubject
from app.http.uploads import attachment
from app.models.report import ReportLink, ReportReply
from app.sdmx.finding_texts import LANGUAGES
from app.sdmx.negotiation import negotiate, negotiate_language, parse_options
from app.sdmx.offers import Offer, Offers
from app.services.get_findings import stream_findings
from app.services.get_report import get_report
from app.services.get_submission import SUBMISSIONS_PATH
from app.services.link_report import REPORTS_PATH, link_report, open_linked_report

router = APIRouter(tags=["submissions"])

_OFFERS: Final[Offers] = (
    Offer("json", "application/json", "1", (), ("json",)),
    Offer("html", "text/html", "1", ("application/xhtml+xml",), ("html",)),
    Offer("csv", "text/csv", "1", (), ("csv",)),
)
_PRIVATE: Final = {
    "Cache-Control": "private, no-store",
    "Vary": "Accept, Accept-Language, Authorization",
    "X-Robots-Tag": "noindex",
}
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


@router.head(f"{SUBMISSIONS_PATH}/{{submission}}/report", include_in_schema=False)
@router.get(
    f"{SUBMISSIONS_PATH}/{{submission}}/report",
    summary="Read the report of a submission",
    response_model=ReportReply,
    responses=_REPORTED,
    dependencies=[Depends(note_caller)],
)
async def get_submission_report(
    request: Request,
    submission: str,
    caller: AuthenticatedSubject,
    format: _Format = None,
    lang: _Lang = None,
) -> Response:
    """Return all findings grouped by rule, with what is allowed and how to mend it."""
    return await _report(request, caller, submission)


@router.post(
    f"{SUBMISSIONS_PATH}/{{submission}}/report-link",
    summary="Get a link that opens the report in a browser",
    status_code=201,
    response_model=ReportLink,
    dependencies=[Depends(note_caller)],
)
async def post_report_link(
    request: Request, submission: str, caller: AuthenticatedSubject
) -> Response:
    """Return an address that opens this report, and nothing else, without a token for an hour."""
    state = request.app.state
    base_url, now = state.settings.base_url, dt.datetime.now(dt.UTC)
    link = await link_report(state.pools, _keys(request), caller, submission, base_url, now)
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
    base_url = request.app.state.settings.base_url
    submission, reader = await open_linked_report(
        _keys(request), token, base_url, dt.datetime.now(dt.UTC)
    )
    return await _report(request, reader, submission)


async def _report(request: Request, reader: Subject, submission: str) -> Response:
    state = request.app.state
    options = parse_options(request.scope["query_string"].decode("latin-1"))
    chosen = negotiate(request.headers.get("accept"), _OFFERS, options).format
    accepted = request.headers.get("accept-language")
    language = negotiate_language(accepted, options.lang, LANGUAGES).order[0]
    headers = _PRIVATE | {"Content-Language": language}
    if chosen == "csv":
        parts = await stream_findings(state.pools, reader, submission, language, "rule")
        headers["Content-Disposition"] = attachment(f"report-{submission}.csv")
        return StreamingResponse(parts, 200, headers, "text/csv; charset=utf-8")
    report = await get_report(state.pools, reader, submission, state.settings.base_url, language)
    if chosen == "json":
        return Response(report.model_dump_json(), 200, headers, "application/json")
    headers["Content-Security-Policy"] = f"{CONTENT_SECURITY_POLICY}; frame-ancestors 'none'"
    return Response("".join(report_page(report)), 200, headers, "text/html; charset=utf-8")


def _keys(request: Request) -> OwnKeys:
    keys: OwnKeys = request.app.state.link_keys
    return keys
