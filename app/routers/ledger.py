"""The ledgers: hash chains of all publications, for everybody to check."""

from __future__ import annotations

import hashlib
from typing import Annotated, Any, Final

from fastapi import APIRouter, Depends, Query, Request, Response

from app.auth.subject import Subject
from app.http.conditions import holds
from app.http.request_log import note_caller
from app.http.subject import AuthenticatedSubject
from app.http.submission_parameters import known_parameters
from app.services.read_ledger import read_ledger
from app.services.sign_ledger_head import sign_ledger_head

LEDGER_PATH: Final = "/api/ledger"
ALL_PATH: Final = f"{LEDGER_PATH}/all"

router = APIRouter(tags=["ledger"], dependencies=[Depends(known_parameters)])

_LINES: Final = "application/jsonl"
_JOSE: Final = "application/jose"
_PUBLIC: Final = {"Cache-Control": "public, no-cache"}
_PRIVATE: Final = {"Cache-Control": "private, no-store", "Vary": "Authorization, Accept-Language"}
_LINES_REPLY: Final[dict[int | str, dict[str, Any]]] = {
    200: {"content": {_LINES: {}}, "description": "A line of JSON for each publication."}
}
_HEAD_REPLY: Final[dict[int | str, dict[str, Any]]] = {
    200: {"content": {_JOSE: {}}, "description": "JWS in compact form."}
}
_After = Annotated[int, Query(ge=0, le=1 << 62, description="Number of the last line known.")]
_Limit = Annotated[int, Query(ge=1, le=10_000, description="How many lines at most.")]


@router.head(LEDGER_PATH, include_in_schema=False)
@router.get(
    LEDGER_PATH, summary="Read the public ledger", response_class=Response, responses=_LINES_REPLY
)
async def get_public_ledger(request: Request, after: _After = 0, limit: _Limit = 1000) -> Response:
    """Return the publications that changed public data, in their order, as JSON Lines.

    Each line has the hash of the one before and its own: SHA-256 over the line without `hash`, as
    JSON with sorted keys and no spaces. Where more lines follow, the field Link leads to them.
    """
    return await _lines(request, None, after, limit)


@router.head(f"{LEDGER_PATH}/head", include_in_schema=False)
@router.get(
    f"{LEDGER_PATH}/head",
    summary="Get the signed head of the public ledger",
    response_class=Response,
    responses=_HEAD_REPLY,
)
async def get_public_head(request: Request) -> Response:
    """Return the last number and hash, signed: who keeps it can show later what was there."""
    return await _head(request, None)


@router.head(ALL_PATH, include_in_schema=False, dependencies=[Depends(note_caller)])
@router.get(
    ALL_PATH,
    summary="Read the ledger of all publications",
    response_class=Response,
    responses=_LINES_REPLY,
    dependencies=[Depends(note_caller)],
)
async def get_ledger(
    request: Request, caller: AuthenticatedSubject, after: _After = 0, limit: _Limit = 1000
) -> Response:
    """Return all publications, for data providers; what your own say stands in `entry`.

    Of the others only `entry_sha256` is told, which has a random salt in it.
    """
    return await _lines(request, caller, after, limit)


@router.head(f"{ALL_PATH}/head", include_in_schema=False, dependencies=[Depends(note_caller)])
@router.get(
    f"{ALL_PATH}/head",
    summary="Get the signed head of the ledger of all publications",
    response_class=Response,
    responses=_HEAD_REPLY,
    dependencies=[Depends(note_caller)],
)
async def get_head(request: Request, caller: AuthenticatedSubject) -> Response:
    """Return the last number and hash of all publications, signed, for data providers."""
    return await _head(request, caller)


async def _lines(request: Request, caller: Subject | None, after: int, limit: int) -> Response:
    state = request.app.state
    text, following = await read_ledger(state.pools, caller, after=after, limit=limit)
    headers = dict(_PUBLIC if caller is None else _PRIVATE)
    if following is not None:
        address = f"{state.settings.base_url}{request.url.path}?after={following}&limit={limit}"
        headers["Link"] = f'<{address}>; rel="next"'
    if caller is None:
        headers["ETag"] = f'"{hashlib.sha256(text).hexdigest()[:32]}"'
        if holds(request, headers["ETag"]):
            return Response(status_code=304, headers=headers)
    return Response(text, 200, headers, _LINES)


async def _head(request: Request, caller: Subject | None) -> Response:
    state = request.app.state
    signed = await sign_ledger_head(state.pools, state.keyring, caller, state.settings.base_url)
    return Response(signed, 200, _PUBLIC if caller is None else _PRIVATE, _JOSE)
