"""What is done to a submission after it was published: `/api/submissions/{id}/rollback` ..."""

from __future__ import annotations

from typing import Annotated, Any, Final

from fastapi import APIRouter, Depends, Request, Response
from pydantic import Field

from app.http.json_bodies import body_of, read_json
from app.http.request_log import note_caller
from app.http.subject import AuthenticatedSubject
from app.http.submission_parameters import known_parameters
from app.http.submission_replies import REPLIES, answer_submission, pools_of
from app.http.uploads import idempotency_key
from app.models.api import SubmissionReply
from app.models.sending import Order
from app.sdmx.undo import Undoing
from app.services.redaction_request import request_redaction
from app.services.undo_request import request_undo

_routes = APIRouter(
    prefix="/submissions", dependencies=[Depends(note_caller), Depends(known_parameters)]
)

_REPLIES: Final[dict[int | str, dict[str, Any]]] = {
    **REPLIES,
    409: {"description": "The submission is in no state that can be undone in this way."},
}


class UndoOrder(Order):
    """Why a submission is undone."""

    reason: Annotated[
        str, Field(min_length=1, max_length=2000, description="In your words; kept with it.")
    ]


class RedactionRequest(Order):
    """On whose order a submission is to leave history, and what of it is destroyed."""

    reason: Annotated[str, Field(min_length=1, max_length=2000)]
    order: Annotated[
        str, Field(min_length=1, max_length=500, description="Reference of the legal order.")
    ]
    destroy: Annotated[bool, Field(description="Keep no sealed copy of the figures.")] = False
    destroy_file: Annotated[bool, Field(description="Destroy the file that was sent.")] = False


@_routes.post(
    "/{submission}/rollback",
    summary="Roll back a submission",
    status_code=202,
    response_model=SubmissionReply,
    responses=_REPLIES,
    openapi_extra=body_of(UndoOrder),
)
async def post_rollback(
    request: Request, submission: str, caller: AuthenticatedSubject
) -> Response:
    """Give back what was before, where the submission wrote last; the rest stays and is named."""
    return await _undo(request, submission, caller, "rollback")


@_routes.post(
    "/{submission}/withdrawal",
    summary="Withdraw a submission",
    status_code=202,
    response_model=SubmissionReply,
    responses=_REPLIES,
    openapi_extra=body_of(UndoOrder),
)
async def post_withdrawal(
    request: Request, submission: str, caller: AuthenticatedSubject
) -> Response:
    """Delete what the submission wrote and what is current; nothing older comes back."""
    return await _undo(request, submission, caller, "withdrawal")


@_routes.post(
    "/{submission}/redaction",
    summary="Redact a submission from history",
    status_code=202,
    response_model=SubmissionReply,
    responses=_REPLIES,
    openapi_extra=body_of(RedactionRequest),
)
async def post_redaction(
    request: Request, submission: str, caller: AuthenticatedSubject
) -> Response:
    """Take what the submission wrote out of history as well, once a second person approves."""
    order = await read_json(request, RedactionRequest)
    stored, is_new = await request_redaction(
        pools_of(request),
        caller,
        submission,
        reason=order.reason,
        reference=order.order,
        destroy=order.destroy,
        destroy_file=order.destroy_file,
        idempotency_key=idempotency_key(request),
    )
    return await answer_submission(request, caller, str(stored.id), is_new=is_new)


async def _undo(
    request: Request, submission: str, caller: AuthenticatedSubject, undoing: Undoing
) -> Response:
    order = await read_json(request, UndoOrder)
    stored, is_new = await request_undo(
        pools_of(request),
        caller,
        submission,
        undoing,
        order.reason,
        idempotency_key(request),
    )
    return await answer_submission(request, caller, str(stored.id), is_new=is_new)


router = APIRouter(prefix="/api", tags=["submissions"])
router.include_router(_routes)

practice_router = APIRouter(tags=["practice"])
practice_router.include_router(_routes)
