"""Export: all that the caller's organisation has here, in open formats."""

from __future__ import annotations

import asyncio
import datetime as dt
from collections.abc import AsyncIterator
from typing import Final

from fastapi import APIRouter, Depends, Request, Response

from app.errors import UnavailableError
from app.http.replies import ReplyCache, SpoolResponse
from app.http.request_log import note_caller
from app.http.subject import AuthenticatedSubject
from app.http.submission_parameters import known_parameters
from app.http.uploads import attachment
from app.services.check_provider import check_provider
from app.services.export_provider import export_provider

EXPORT_PATH: Final = "/api/export"
WAIT_SECONDS: Final = 10.0
"""How long an export waits for another that is under way."""

RETRY_SECONDS: Final = 60
_ZIP: Final = "application/zip"
_PRIVATE: Final = {"Cache-Control": "private, no-store", "Vary": "Authorization"}

router = APIRouter(tags=["export"], dependencies=[Depends(note_caller), Depends(known_parameters)])


@router.get(
    EXPORT_PATH,
    summary="Take everything out",
    response_class=Response,
    responses={200: {"content": {_ZIP: {}}, "description": "A ZIP with a manifest."}},
)
async def get_export(request: Request, caller: AuthenticatedSubject) -> Response:
    """Return all that your organisation has here: data, history, files, receipts, structures.

    All of one moment, in open formats; the README in the archive tells what is where.
    """
    check_provider(caller)
    state = request.app.state
    parts = export_provider(
        state.pools.writer, state.keyring, caller.organisation, state.settings.base_url
    )
    one_at_a_time: asyncio.Lock = state.exporting
    await _turn(one_at_a_time)
    try:
        first = await anext(parts)
        replies: ReplyCache = state.replies
        spool = replies.once(first, _released(parts, one_at_a_time))
    except BaseException:
        one_at_a_time.release()
        raise
    today = dt.datetime.now(dt.UTC).date()
    name = attachment(f"vipmg-{caller.organisation}-{today}.zip")
    return SpoolResponse(spool, _PRIVATE | {"Content-Type": _ZIP, "Content-Disposition": name})


async def _turn(lock: asyncio.Lock) -> None:
    """Wait until no other export is under way, for a while.

    Raises:
        UnavailableError: one still is.
    """
    try:
        await asyncio.wait_for(lock.acquire(), WAIT_SECONDS)
    except TimeoutError:
        raise UnavailableError(
            "Another export is under way; one goes at a time. Try again in a minute.",
            "Hay otra exportación en curso; va una a la vez. Inténtelo de nuevo en un minuto.",
            retry_after=RETRY_SECONDS,
        ) from None


async def _released(parts: AsyncIterator[bytes], lock: asyncio.Lock) -> AsyncIterator[bytes]:
    """The parts; after the last, or the first that fails, another export may begin."""
    try:
        async for part in parts:
            yield part
    finally:
        lock.release()
