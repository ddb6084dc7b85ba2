"""Receipts: what was signed for a provider, and the public keys that everybody checks them with."""

from __future__ import annotations

from typing import Annotated, Final

from fastapi import APIRouter, Depends, Query, Request, Response
from fastapi.responses import JSONResponse

from app.http.request_log import note_caller
from app.http.subject import AuthenticatedSubject
from app.http.submission_parameters import known_parameters
from app.http.submission_replies import PRIVATE, json_reply, pools_of
from app.models.receipt_api import ReceiptList, ReceiptPage
from app.services.get_receipt import get_receipt
from app.services.get_receipts import get_receipts
from app.services.list_receipts import RECEIPTS_PATH, list_receipts

router = APIRouter(tags=["receipts"])
_of_submissions = APIRouter(
    prefix="/submissions", dependencies=[Depends(note_caller), Depends(known_parameters)]
)

JWKS_PATH: Final = "/.well-known/vipmg-receipts/jwks.json"
_CACHED: Final = {"Cache-Control": "public, max-age=300"}
_JOSE: Final = "application/jose"


@router.head(JWKS_PATH, include_in_schema=False)
@router.get(JWKS_PATH, summary="Get the keys of the receipts")
async def get_jwks(request: Request) -> JSONResponse:
    """Return the public keys of receipts and ledger heads, also those that sign no more.

    `nbf` and `exp` say from when until when a key signed, in seconds.
    """
    return JSONResponse(await request.app.state.keyring.jwks(), headers=_CACHED)


@router.head(
    RECEIPTS_PATH,
    include_in_schema=False,
    dependencies=[Depends(note_caller), Depends(known_parameters)],
)
@router.get(
    RECEIPTS_PATH,
    response_model=ReceiptPage,
    summary="List receipts",
    dependencies=[Depends(note_caller), Depends(known_parameters)],
)
async def get_chain(
    request: Request,
    caller: AuthenticatedSubject,
    after: Annotated[int, Query(ge=0, le=1 << 62, description="Number of the last known.")] = 0,
    limit: Annotated[int, Query(ge=1, le=5000)] = 500,
) -> Response:
    """List the receipts of your organisation, the oldest first: the whole chain."""
    state = request.app.state
    page = await list_receipts(
        state.pools, caller, after=after, limit=limit, base_url=state.settings.base_url
    )
    return json_reply(page)


@_of_submissions.head(
    "/{submission}/receipts",
    include_in_schema=False,
)
@_of_submissions.get(
    "/{submission}/receipts",
    response_model=ReceiptList,
    summary="List the receipts of a submission",
)
async def get_of_submission(
    request: Request, submission: str, caller: AuthenticatedSubject
) -> Response:
    """List the receipts of a submission: of its arrival, and of each decision."""
    found = await get_receipts(pools_of(request), caller, submission)
    return json_reply(ReceiptList(receipts=found))


@_of_submissions.head(
    "/{submission}/receipts/{receipt}",
    include_in_schema=False,
)
@_of_submissions.get(
    "/{submission}/receipts/{receipt}",
    summary="Get a receipt",
    response_class=Response,
    responses={200: {"content": {_JOSE: {}}, "description": "JWS in compact form."}},
)
async def get_one(
    request: Request, submission: str, receipt: str, caller: AuthenticatedSubject
) -> Response:
    """Return a receipt as it was signed: `arrival`, the latest `decision`, or one by its id."""
    found = await get_receipt(pools_of(request), caller, submission, receipt)
    return Response(found, 200, PRIVATE, _JOSE)


router.include_router(_of_submissions, prefix="/api")

practice_router = APIRouter(tags=["practice"])
practice_router.include_router(_of_submissions)
