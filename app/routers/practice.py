"""The practice space: `/api/practice`, where providers try and break things that nobody sees.

Submissions and agreements have the same paths below it as in earnest.
"""

from __future__ import annotations

from typing import Annotated, Final

from fastapi import APIRouter, Depends, Query, Request, Response

from app.http.json_bodies import body_of, read_json
from app.http.practice_data import answer_practice_data
from app.http.request_log import note_caller
from app.http.subject import AuthenticatedSubject
from app.http.submission_parameters import known_parameters
from app.http.submission_replies import PRACTICE_PREFIX, json_reply
from app.models.sending import CopyOrder, PracticeReply
from app.sdmx.offers import DATA_OFFERS
from app.services.copy_to_practice import copy_to_practice
from app.services.empty_practice import empty_practice
from app.services.get_submission import PRACTICE_NOTICE

router = APIRouter(
    prefix=PRACTICE_PREFIX,
    tags=["practice"],
    dependencies=[Depends(note_caller)],
)

_KNOWN: Final = [Depends(known_parameters)]
_DATA: Final = "/agreements/{agreement}/data"
_TYPES: Final = sorted({offer.name for offer in DATA_OFFERS})


@router.post(
    "/copy",
    status_code=201,
    response_model=PracticeReply,
    summary="Copy published data into the practice space",
    openapi_extra=body_of(CopyOrder),
    dependencies=_KNOWN,
)
async def post_copy(request: Request, caller: AuthenticatedSubject) -> Response:
    """Copy what is published of one of your agreements, so that revisions can be tried on it."""
    order = await read_json(request, CopyOrder)
    state = request.app.state
    counts = await copy_to_practice(state.pools.practice, state.catalogue, caller, order.agreement)
    return json_reply(PracticeReply(notice=PRACTICE_NOTICE, counts=counts), 201)


@router.delete(
    "",
    response_model=PracticeReply,
    summary="Empty your practice space",
    dependencies=_KNOWN,
)
async def delete_practice(request: Request, caller: AuthenticatedSubject) -> Response:
    """Forget all that your organisation has in the practice space."""
    state = request.app.state
    counts = await empty_practice(state.pools.practice, state.catalogue, caller)
    return json_reply(PracticeReply(notice=PRACTICE_NOTICE, counts=counts))


@router.head(_DATA, include_in_schema=False)
@router.get(
    _DATA,
    response_class=Response,
    responses={
        200: {
            "content": {each: {} for each in _TYPES},
            "description": "The data, as SDMX-CSV, -JSON or -ML.",
        }
    },
    summary="Read your practice data",
)
async def get_practice_data(
    request: Request,
    agreement: str,
    caller: AuthenticatedSubject,
    format: Annotated[
        str | None, Query(description="`csv`, `json`, `xml` ...; else as the field Accept asks.")
    ] = None,
) -> Response:
    """Return what your practice data of an agreement are now, in the formats of SDMX."""
    return await answer_practice_data(request, caller, agreement)
