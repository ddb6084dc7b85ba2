"""Bodies of requests about layouts: the layout itself, and a workbook to try it on."""

from __future__ import annotations

import asyncio
from typing import IO, Final

from fastapi import Request

from app.errors import UnsupportedMediaTypeError
from app.http.body_headers import check_content_type, content_encoding
from app.http.small_bodies import read_small_body, too_large
from app.sheets import layout, workbook_check
from app.sheets.template import XLSX_MEDIA_TYPE

_TAKEN: Final = (XLSX_MEDIA_TYPE,)


async def read_layout_body(request: Request) -> bytes:
    """The JSON of a layout.

    Raises:
        TooLargeError: it is beyond the limit.
        UnsupportedMediaTypeError: it is compressed.
    """
    _refuse_encoding(request)
    return await read_small_body(request, layout.MAX_BYTES)


async def spool_workbook(request: Request, spool: IO[bytes]) -> None:
    """Write a workbook to a spool, and stand at its begin.

    Raises:
        TooLargeError: it is beyond the limit.
        UnsupportedMediaTypeError: it is said to be something else, or compressed once more.
    """
    check_content_type(request.headers.get("content-type", ""), _TAKEN, lambda n, _: n in _TAKEN)
    _refuse_encoding(request)
    size = 0
    async for chunk in request.stream():
        size += len(chunk)
        if size > workbook_check.MAX_BYTES:
            raise too_large(workbook_check.MAX_BYTES)
        await asyncio.to_thread(spool.write, chunk)
    spool.seek(0)


def _refuse_encoding(request: Request) -> None:
    if content_encoding(request.headers.getlist("content-encoding")) is not None:
        raise UnsupportedMediaTypeError(
            "This body is taken uncompressed.", "Este cuerpo se acepta sin comprimir."
        )
