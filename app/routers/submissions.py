"""Submissions: `/api/submissions`, how data providers send data and read what became of it."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Annotated, Final, Literal

from fastapi import APIRouter, Depends, Query, Request, Response
from fastapi.responses import StreamingResponse

from app.http.json_bodies import body_of, read_json
from app.http.json_or_csv import wants_csv
from app.http.request_log import note_caller
from app.http.subject import AuthenticatedSubject
from app.http.submission_parameters import PARAMETERS, known_parameters, read_parameters
from app.http.submission_replies import (
    PRIVATE,
    REPLIES,
    answer_submission,
    flag,
    json_reply,
    language_of,
    pools_of,
)
from app.http.uploads import TAKEN, attachment, idempotency_key, read_upload
from app.models.api import FindingsPage, SubmissionList, SubmissionReply, SubmissionState
from app.models.sending import ApprovalOrder, CorrectionOrder, PreviewReply
from app.sdmx.corrections import Correction
from app.services.approve_submission import approve_submission
from app.services.cancel_submission import cancel_submission
from app.services.correct_submission import correct_submission
from app.services.get_content import stream_content
from app.services.get_findings import get_findings, stream_findings
from app.services.get_preview import get_preview
from app.services.get_submission import get_submission
from app.services.list_submissions import list_submissions
from app.services.receive_submission import receive_submission

_routes = APIRouter(
    prefix="/submissions", dependencies=[Depends(note_caller), Depends(known_parameters)]
)

_TYPES: Final = list(TAKEN)
_ValidateOnly = Annotated[
    str | None,
    Query(alias="validate-only", description="Check it and tell what it would change; no more."),
]
_Again = Annotated[
    str | None, Query(description="Take it also when the same was sent and published before.")
]
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


@_routes.post(
    "",
    summary="Send a file",
    status_code=202,
    response_model=SubmissionReply,
    responses=REPLIES,
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
async def post_submission(
    request: Request,
    caller: AuthenticatedSubject,
    agreement: Annotated[
        str | None, Query(max_length=200, description="Of a workbook that does not say it.")
    ] = None,
    layout: Annotated[
        str | None, Query(max_length=64, description="Saved layout that reads the workbook.")
    ] = None,
    dataflow: Annotated[
        str | None,
        Query(max_length=200, description="Of a table without the columns of SDMX-CSV."),
    ] = None,
    validate_only: _ValidateOnly = None,
    again: _Again = None,
    supersedes: Annotated[
        str | None, Query(max_length=64, description="Submission that it replaces whole.")
    ] = None,
) -> Response:
    """Send a file, as it is, in the body. It is stored, then validated; all of it or nothing."""
    state, pools = request.app.state, pools_of(request)
    wanted = read_parameters(request.query_params.multi_items(), taken=PARAMETERS)
    upload = read_upload(request, state.settings.max_body_bytes)
    upload = await wanted.upload(pools, state.catalogue, caller, upload)
    stored, is_new = await receive_submission(pools, caller, upload)
    return await answer_submission(request, caller, str(stored.id), is_new=is_new)


@_routes.head("", include_in_schema=False)
@_routes.get("", response_model=SubmissionList, summary="List submissions")
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
        pools_of(request),
        caller,
        state=state,
        limit=limit,
        offset=offset,
        base_url=service.settings.base_url,
        language=language_of(request),
    )
    return json_reply(reply)


@_routes.head("/{submission}", include_in_schema=False)
@_routes.get("/{submission}", response_model=SubmissionReply, summary="Read a submission")
async def get_one_submission(
    request: Request, submission: str, caller: AuthenticatedSubject
) -> Response:
    """Return a submission: its state, its counts, its first findings."""
    state = request.app.state
    reply = await get_submission(
        pools_of(request),
        state.catalogue,
        caller,
        submission,
        state.settings.base_url,
        language_of(request),
    )
    return json_reply(reply)


@_routes.delete("/{submission}", response_model=SubmissionReply, summary="Cancel a submission")
async def delete_submission(
    request: Request, submission: str, caller: AuthenticatedSubject
) -> Response:
    """Cancel a submission that is not decided yet, or waits for a second person."""
    await cancel_submission(pools_of(request), caller, submission)
    return await get_one_submission(request, submission, caller)


@_routes.head("/{submission}/preview", include_in_schema=False)
@_routes.get(
    "/{submission}/preview",
    response_model=PreviewReply,
    summary="Read what a submission changes, or would change",
)
async def get_submission_preview(
    request: Request, submission: str, caller: AuthenticatedSubject
) -> Response:
    """Return new, revised, deleted and unchanged observations, periods, and the biggest movers."""
    return json_reply(await get_preview(pools_of(request), caller, submission))


@_routes.post(
    "/{submission}/approval",
    response_model=SubmissionReply,
    summary="Approve or refuse as the second person",
    openapi_extra=body_of(ApprovalOrder),
)
async def post_approval(
    request: Request, submission: str, caller: AuthenticatedSubject
) -> Response:
    """Approve what another program of your organisation sent, or refuse it."""
    order = await read_json(request, ApprovalOrder)
    pools = pools_of(request)
    await approve_submission(pools, caller, submission, order.decision, order.note)
    return await answer_submission(request, caller, submission, is_new=True)


@_routes.post(
    "/{submission}/corrections",
    status_code=202,
    response_model=SubmissionReply,
    responses=REPLIES,
    summary="Correct a file from its report",
    openapi_extra=body_of(list[CorrectionOrder]) | {"parameters": _HEADER_PARAMETERS[:2]},
)
async def post_corrections(
    request: Request,
    submission: str,
    caller: AuthenticatedSubject,
    validate_only: _ValidateOnly = None,
    again: _Again = None,
) -> Response:
    """Send the same file again, read with corrections: of cells, of rows, of values."""
    orders = await read_json(request, list[CorrectionOrder])
    corrections = [Correction(**order.model_dump(exclude_none=True)) for order in orders]
    stored, is_new = await correct_submission(
        pools_of(request),
        caller,
        submission,
        corrections,
        idempotency_key=idempotency_key(request),
        validate_only=flag(request, "validate-only"),
        again=flag(request, "again"),
    )
    return await answer_submission(request, caller, str(stored.id), is_new=is_new)


@_routes.head("/{submission}/findings", include_in_schema=False)
@_routes.get(
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
    lang: Annotated[
        Literal["en", "es", "fr", "nl"] | None,
        Query(description="Language of its texts; else as Accept-Language asks."),
    ] = None,
) -> Response:
    """Return findings: a page as JSON, or all of them as CSV for a spreadsheet."""
    pools, cache = pools_of(request), request.app.state.catalogue
    language = lang or language_of(request)
    if not wants_csv(request, format, ("The findings are", "Los hallazgos existen")):
        page = await get_findings(pools, cache, caller, submission, offset, limit, language)
        return json_reply(page)
    parts = await stream_findings(pools, cache, caller, submission, language)
    headers = PRIVATE | {
        "Content-Disposition": attachment(f"findings-{submission}.csv"),
        "Content-Language": language,
    }
    return _stream(request, parts, headers | {"Content-Type": "text/csv; charset=utf-8"})


@_routes.head("/{submission}/content", include_in_schema=False)
@_routes.get(
    "/{submission}/content",
    response_class=Response,
    responses={200: {"content": {each: {} for each in _TYPES}, "description": "The file."}},
    summary="Read the file of a submission",
)
async def get_submission_content(
    request: Request, submission: str, caller: AuthenticatedSubject
) -> Response:
    """Return the file as it came, byte for byte."""
    file, parts = await stream_content(pools_of(request), caller, submission)
    headers = PRIVATE | {
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


router = APIRouter(prefix="/api", tags=["submissions"])
router.include_router(_routes)

practice_router = APIRouter(tags=["practice"])
practice_router.include_router(_routes)
