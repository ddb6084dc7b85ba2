"""Reports as workbooks: the sender's own, with the cells that have findings coloured and noted."""

from __future__ import annotations

import asyncio
import tempfile
from collections.abc import AsyncIterator
from typing import IO, Annotated, Any, Final, Literal

from fastapi import APIRouter, Depends, Query, Request, Response
from fastapi.responses import StreamingResponse

from app.http.request_log import note_caller
from app.http.subject import AuthenticatedSubject
from app.http.submission_parameters import known_parameters
from app.http.submission_replies import PRIVATE, language_of, pools_of
from app.http.uploads import attachment
from app.services.get_workbook_report import get_workbook_report
from app.sheets.template import XLSX_MEDIA_TYPE

_routes = APIRouter(
    prefix="/submissions", dependencies=[Depends(note_caller), Depends(known_parameters)]
)

SPOOL_MEMORY_BYTES: Final = 8 << 20
_CHUNK: Final = 1 << 18
_WORKBOOK: Final[dict[int | str, dict[str, Any]]] = {
    200: {"content": {XLSX_MEDIA_TYPE: {}}, "description": "The workbook."}
}


@_routes.get(
    "/{submission}/report.xlsx",
    summary="Read the report of a submission as a workbook",
    response_class=Response,
    responses=_WORKBOOK,
)
async def get_submission_workbook(
    request: Request,
    submission: str,
    caller: AuthenticatedSubject,
    lang: Annotated[
        Literal["en", "es", "fr", "nl"] | None,
        Query(description="Language of its texts; else as Accept-Language asks."),
    ] = None,
) -> Response:
    """Return the workbook that was sent, its cells marked; of another file the rows to mend."""
    state = request.app.state
    language = lang or language_of(request)
    sink = tempfile.SpooledTemporaryFile(SPOOL_MEMORY_BYTES)  # noqa: SIM115 - closed when sent
    try:
        name = await get_workbook_report(
            pools_of(request),
            state.catalogue,
            caller,
            submission,
            sink,
            language=language,
            settings=state.settings,
            turns=state.workbooks,
        )
    except BaseException:
        sink.close()
        raise
    headers = PRIVATE | {
        "Content-Language": language,
        "Content-Disposition": attachment(name),
    }
    return StreamingResponse(_parts(sink), 200, headers, XLSX_MEDIA_TYPE)


async def _parts(file: IO[bytes]) -> AsyncIterator[bytes]:
    with file:
        while part := await asyncio.to_thread(file.read, _CHUNK):
            yield part


router = APIRouter(prefix="/api", tags=["submissions"])
router.include_router(_routes)

practice_router = APIRouter(tags=["practice"])
practice_router.include_router(_routes)
