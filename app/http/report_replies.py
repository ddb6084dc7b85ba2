"""A report as it was asked for: as JSON, as a table, as a page."""

from __future__ import annotations

from typing import Final

from fastapi import Request, Response
from fastapi.responses import StreamingResponse

from app.auth.subject import Subject
from app.http.report_page import content_security_policy, report_page
from app.http.uploads import attachment
from app.sdmx.finding_texts import LANGUAGES
from app.sdmx.negotiation import negotiate, negotiate_language, parse_options
from app.sdmx.offers import Offer, Offers
from app.services.get_findings import stream_findings
from app.services.get_report import get_report
from app.store.pools import Pools

_OFFERS: Final[Offers] = (
    Offer("json", "application/json", "1", (), ("json",)),
    Offer("html", "text/html", "1", ("application/xhtml+xml",), ("html",)),
    Offer("csv", "text/csv", "1", (), ("csv",)),
)
_AGAIN_SECONDS: Final = "5"
"""After which a browser asks again whether the submission is decided."""

_PRIVATE: Final = {
    "Cache-Control": "private, no-store",
    "Vary": "Accept, Accept-Language, Authorization",
    "X-Robots-Tag": "noindex",
}


async def answer_report(
    request: Request,
    pools: Pools,
    reader: Subject,
    submission: str,
    *,
    correct_at: str = "",
) -> Response:
    """Answer with the report of a submission, in a format and language that are asked for.

    The page has fields for corrections where `correct_at` says where it sends them.

    Raises:
        NotFoundError: the reader's organisation has no such submission.
        NotAcceptableError: the report is not there in that format or language.
    """
    base_url = request.app.state.settings.base_url
    options = parse_options(request.scope["query_string"].decode("latin-1"))
    chosen = negotiate(request.headers.get("accept"), _OFFERS, options).format
    accepted = request.headers.get("accept-language")
    language = negotiate_language(accepted, options.lang, LANGUAGES).order[0]
    headers = _PRIVATE | {"Content-Language": language}
    cache = request.app.state.catalogue
    if chosen == "csv":
        parts = await stream_findings(pools, cache, reader, submission, language, "rule")
        headers["Content-Disposition"] = attachment(f"report-{submission}.csv")
        body = iter(()) if request.method == "HEAD" else parts
        return StreamingResponse(body, 200, headers, "text/csv; charset=utf-8")
    report = await get_report(pools, cache, reader, submission, base_url, language)
    if chosen == "json":
        return Response(report.model_dump_json(), 200, headers, "application/json")
    policy = content_security_policy(with_form=bool(correct_at))
    headers["Content-Security-Policy"] = f"{policy}; frame-ancestors 'none'"
    if report.decided_at is None:
        headers["Refresh"] = _AGAIN_SECONDS
    page = "".join(report_page(report, correct_at=correct_at))
    return Response(page, 200, headers, "text/html; charset=utf-8")
