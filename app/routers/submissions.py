"""Submissions: `/api/submissions`, how data providers send data and read what became of it."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Annotated, Any, Final

from fastapi import APIRouter, Depends, Query, Request, Response
from fastapi.responses import StreamingResponse

from app.errors import NotAcceptableError
from app.http.errors import LANGUAGES
from app.http.request_log import note_caller
from app.http.subject import AuthenticatedSubject
from app.http.uploads import TAKEN, attachment, preferred_wait, read_upload
from app.models.api import FindingsPage, Reply, SubmissionList, SubmissionReply, SubmissionState
from app.sdmx.negotiation import negotiate_language
from app.services.get_content import stream_content
from app.services.get_findings import get_findings, stream_findings
from app.services.get_submission import SUBMISSIONS_PATH, await_decision, get_submission
from app.services.list_submissions import list_submissions
from app.services.receive_submission import receive_submission

router = APIRouter(
    prefix=SUBMISSIONS_PATH, tags=["submissions"], dependencies=[Depends(note_caller)]
)

_PRIVATE: Final = {"Cache-Control": "private, no-store", "Vary": "Authorization, Accept-Language"}
_STATUS: Final = {"published": 201, "awaiting release": 201, "rejected": 422}
_TYPES: Final = list(TAKEN)
_REPLIES: Final[dict[int | str, dict[str, Any]]] = {
    200: {"model": SubmissionReply, "description": "This Idempotency-Key was sent before."},
    201: {"model": SubmissionReply, "description": "Decided within the wait: accepted."},
    202: {"model": SubmissionReply, "description": "Stored; not decided yet."},
    422: {"model": SubmissionReply, "description": "Decided within the wait: rejected."},
}
_HEADER_PARAMETERS: Final = [
    {
        "name": name,
        "in": "header",
        "required": False,
        "description": description,
        "schema": {"type": "string", "maxLength": 255},
    }
    for name, description in (
        ("Idempotency-Key", "A retry with the same key and bytes never stores twice."),
        ("Prefer", "`wait=N`: answer when decided, after N seconds (60 at most)."),
        ("Content-Encoding", "`gzip`, or none."),
        ("Content-Disposition", 'Name of the file: `attachment; filename="..."`.'),
    )
]


@router.post(
    "",
    summary="Send a file",
    status_code=202,
    response_model=SubmissionReply,
    responses=_REPLIES,
    openapi_extra={
        "parameters": _HEADER_PARAMETERS,
        "requestBody": {
            "required": True,
            "content": {
                each: {"schema": {"type": "string", "format": "binary"}} for each in _TYPES
            },
        },
    },
)
async def post_submission(request: Request, caller: AuthenticatedSubject) -> Response:
    """Send a file, as it is, in the body. It is stored, then validated; all of it or nothing."""
    state = request.app.state
    upload = read_upload(request, state.settings.max_body_bytes)
    stored, is_new = await receive_submission(state.pools, caller, upload)
    wait = preferred_wait(request)
    headers = {}
    if wait is not None:
        await await_decision(state.pools, state.decisions, caller, str(stored.id), wait)
        headers["Preference-Applied"] = f"wait={wait}"
    reply = await get_submission(
        state.pools, caller, str(stored.id), state.settings.base_url, _language(request)
    )
    headers["Location"] = reply.links.self
    status = _STATUS.get(reply.state, 202) if is_new else 200
    return _json(reply, status, headers)


@router.head("", include_in_schema=False)
@router.get("", response_model=SubmissionList, summary="List submissions")
async def get_submissions(
    request: Request,
    caller: AuthenticatedSubject,
    state: Annotated[SubmissionState | None, Query(description="Only those in this state.")] = None,
    limit: Annotated[int, Query(ge=1, le=200)] = 50,
    offset: Annotated[int, Query(ge=0, le=1_000_000_000)] = 0,
) -> Response:
    """List the submissions of your organisation, the newest first."""
    service = request.app.state
    reply = await list_submissions(
        service.pools,
        caller,
        state=state,
        limit=limit,
        offset=offset,
        base_url=service.settings.base_url,
        language=_language(request),
    )
    return _json(reply)


@router.head("/{submission}", include_in_schema=False)
@router.get("/{submission}", response_model=SubmissionReply, summary="Read a submission")
async def get_one_submission(
    request: Request, submission: str, caller: AuthenticatedSubject
) -> Response:
    """Return a submission: its state, its counts, its first findings."""
    service = request.app.state
    reply = await get_submission(
        service.pools, caller, submission, service.settings.base_url, _language(request)
    )
    return _json(reply)


@router.head("/{submission}/findings", include_in_schema=False)
@router.get(
    "/{submission}/findings",
    summary="Read the findings of a submission",
    response_model=FindingsPage,
    responses={200: {"content": {"text/csv": {}}, "description": "A page, or all as CSV."}},
)
async def get_submission_findings(
    request: Request,
    submission: str,
    caller: AuthenticatedSubject,
    offset: Annotated[int, Query(ge=0, le=1_000_000_000)] = 0,
    limit: Annotated[int, Query(ge=1, le=5000)] = 500,
    format: Annotated[str | None, Query(description="`json` or `csv`; else by Accept.")] = None,
) -> Response:
    """Return findings: a page as JSON, or all of them as CSV for a spreadsheet."""
    pools = request.app.state.pools
    language = _language(request)
    if not _wants_csv(request, format):
        return _json(await get_findings(pools, caller, submission, offset, limit, language))
    parts = await stream_findings(pools, caller, submission, language)
    headers = _PRIVATE | {
        "Content-Disposition": attachment(f"findings-{submission}.csv"),
        "Content-Language": language,
    }
    return _stream(request, parts, headers | {"Content-Type": "text/csv; charset=utf-8"})


@router.head("/{submission}/content", include_in_schema=False)
@router.get(
    "/{submission}/content",
    response_class=Response,
    responses={200: {"content": {each: {} for each in _TYPES}, "description": "The file."}},
    summary="Read the file of a submission",
)
async def get_submission_content(
    request: Request, submission: str, caller: AuthenticatedSubject
) -> Response:
    """Return the file as it came, byte for byte."""
    file, parts = await stream_content(request.app.state.pools, caller, submission)
    headers = _PRIVATE | {
        "Content-Type": file.content_type,
        "Content-Length": str(file.bytes),
        "Content-Disposition": attachment(file.name or f"{submission}.csv"),
    }
    if file.content_encoding is not None:
        headers["Content-Encoding"] = file.content_encoding
    return _stream(request, parts, headers)


def _stream(request: Request, parts: AsyncIterator[bytes], headers: dict[str, str]) -> Response:
    """Send parts as they are read; for HEAD none is read at all."""
    if request.method == "HEAD":
        return StreamingResponse(iter(()), 200, headers)
    return StreamingResponse(parts, 200, headers)


def _wants_csv(request: Request, asked: str | None) -> bool:
    if asked is not None:
        if asked not in {"json", "csv"}:
            raise NotAcceptableError(
                "The findings are there as json and csv.", "Los hallazgos existen en json y csv."
            )
        return asked == "csv"
    accept = request.headers.get("accept", "")
    return "text/csv" in accept and "application/json" not in accept


def _language(request: Request) -> str:
    accepted = request.headers.get("accept-language")
    return negotiate_language(accepted, available=LANGUAGES).order[0]


def _json(reply: Reply, status: int = 200, headers: dict[str, str] | None = None) -> Response:
    sent = _PRIVATE | (headers or {})
    return Response(reply.model_dump_json(), status, sent, "application/json")
