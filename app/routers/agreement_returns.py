"""What an agreement has beside its files: nil returns, periods, corrections without a file."""

from __future__ import annotations

from typing import Annotated, Any, Final

from fastapi import APIRouter, Depends, Query, Request, Response

from app.http.json_bodies import body_of, read_json
from app.http.request_log import note_caller
from app.http.subject import AuthenticatedSubject
from app.http.submission_parameters import known_parameters
from app.http.submission_replies import (
    REPLIES,
    answer_submission,
    flag,
    json_reply,
    pools_of,
)
from app.http.uploads import idempotency_key
from app.models.api import SubmissionReply
from app.models.sending import NilReturnList, NilReturnOrder, ObservationsOrder, PeriodsReply
from app.services.correct_observations import (
    ObservationCorrection,
    Sending,
    correct_observations,
)
from app.services.list_nil_returns import list_nil_returns
from app.services.list_periods import list_periods
from app.services.send_nil_return import send_nil_return

_routes = APIRouter(
    prefix="/agreements/{agreement}", dependencies=[Depends(note_caller), Depends(known_parameters)]
)

_KEY: Final[dict[str, Any]] = {
    "parameters": [
        {
            "name": "Idempotency-Key",
            "in": "header",
            "required": False,
            "schema": {"type": "string", "maxLength": 255},
        }
    ]
}


@_routes.post(
    "/nil-returns",
    status_code=201,
    response_model=SubmissionReply,
    responses=REPLIES,
    summary="Say that nothing happened in a period",
    openapi_extra=body_of(NilReturnOrder),
)
async def post_nil_return(
    request: Request, agreement: str, caller: AuthenticatedSubject
) -> Response:
    """Send a nil return: a submission of its own kind, decided at once."""
    order = await read_json(request, NilReturnOrder)
    stored, is_new = await send_nil_return(
        pools_of(request), request.app.state.catalogue, caller, agreement, order.period, order.note
    )
    return await answer_submission(request, caller, str(stored.id), is_new=is_new)


@_routes.head("/nil-returns", include_in_schema=False)
@_routes.get("/nil-returns", response_model=NilReturnList, summary="List nil returns")
async def get_nil_returns(
    request: Request, agreement: str, caller: AuthenticatedSubject
) -> Response:
    """List the nil returns of an agreement, with those that data superseded."""
    catalogue = request.app.state.catalogue
    return json_reply(await list_nil_returns(pools_of(request), catalogue, caller, agreement))


@_routes.head("/periods", include_in_schema=False)
@_routes.get("/periods", response_model=PeriodsReply, summary="See which periods are complete")
async def get_periods(
    request: Request,
    agreement: str,
    caller: AuthenticatedSubject,
    first: Annotated[str | None, Query(alias="from", max_length=100)] = None,
    last: Annotated[str | None, Query(alias="to", max_length=100)] = None,
) -> Response:
    """List the periods of an agreement: received, nil, missing, or expected later."""
    catalogue = request.app.state.catalogue
    reply = await list_periods(pools_of(request), catalogue, caller, agreement, first, last)
    return json_reply(reply)


@_routes.patch(
    "/observations",
    status_code=202,
    response_model=SubmissionReply,
    responses=REPLIES,
    summary="Correct observations without a file",
    openapi_extra=body_of(ObservationsOrder) | _KEY,
)
async def patch_observations(
    request: Request,
    agreement: str,
    caller: AuthenticatedSubject,
    validate_only: Annotated[str | None, Query(alias="validate-only")] = None,
    again: Annotated[str | None, Query()] = None,
) -> Response:
    """Put or delete values of single observations; the reason is kept with them."""
    order = await read_json(request, ObservationsOrder)
    corrections = [
        ObservationCorrection(each.key, each.TIME_PERIOD, each.values, each.delete)
        for each in order.observations
    ]
    sending = Sending(
        order.reason,
        idempotency_key(request),
        validate_only=flag(request, "validate-only"),
        again=flag(request, "again"),
    )
    stored, is_new = await correct_observations(
        pools_of(request), request.app.state.catalogue, caller, agreement, corrections, sending
    )
    return await answer_submission(request, caller, str(stored.id), is_new=is_new)


router = APIRouter(prefix="/api", tags=["agreements"])
router.include_router(_routes)

practice_router = APIRouter(tags=["practice"])
practice_router.include_router(_routes)
