"""Resumable uploads: `/api/uploads`, the protocol tus 1.0 (https://tus.io/protocols/resumable-upload).

With its last byte an upload becomes a submission, as if the file had been sent to
`/api/submissions` at once; the replies name it from then on.
"""

from __future__ import annotations

import asyncio
import datetime as dt
from collections.abc import AsyncIterator, Callable, Coroutine
from email.utils import format_datetime
from functools import partial
from typing import Any, Final

from fastapi import APIRouter, Depends, Request, Response
from fastapi.routing import APIRoute

from app.errors import (
    PreconditionFailedError,
    QuerySyntaxError,
    UnsupportedMediaTypeError,
    VipmgError,
)
from app.http.errors import MethodNotAllowedError, error_response, status_of
from app.http.request_log import note_caller
from app.http.subject import AuthenticatedSubject
from app.http.submission_parameters import known_parameters
from app.http.submission_replies import PRACTICE_PREFIX
from app.http.upload_metadata import (
    ALGORITHMS,
    OFFSET_STREAM,
    announced,
    read_checksum,
    read_metadata,
    read_metadata_parameters,
    read_number,
    write_metadata,
)
from app.services.begin_upload import UploadLimits, begin_upload
from app.services.continue_upload import Arriving, continue_upload
from app.services.end_upload import end_upload
from app.services.find_upload import StoredUpload, find_upload
from app.settings import Settings

VERSION: Final = "1.0.0"
EXTENSIONS: Final = "creation,creation-with-upload,termination,expiration,checksum"
UPLOADS_PATH: Final = "/api/uploads"

_RESUMABLE: Final = {"Tus-Resumable": VERSION}
_SUBMITTED: Final = "VIPMG-Submission"


class TusRoute(APIRoute):
    """A route whose replies, errors too, name the protocol."""

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        """Check the version that the client speaks, and name ours."""
        handle = super().get_route_handler()

        async def handle_tus(request: Request) -> Response:
            try:
                if request.method != "OPTIONS":
                    _check_version(request)
                response = await handle(request)
            except VipmgError as error:
                if status_of(error) == 500:
                    raise
                response = error_response(request, error)
                if isinstance(error, PreconditionFailedError):
                    response.headers["Tus-Version"] = VERSION
            response.headers.update(_RESUMABLE)
            return response

        return handle_tus


router = APIRouter(prefix=UPLOADS_PATH, tags=["uploads"], route_class=TusRoute)

_CALLER: Final = [Depends(note_caller)]


@router.options("", status_code=204, summary="What is offered")
@router.options("/{upload}", status_code=204, include_in_schema=False)
async def get_offer(request: Request) -> Response:
    """Tell the version, the extensions and the limits of the protocol."""
    headers = {
        "Tus-Version": VERSION,
        "Tus-Extension": EXTENSIONS,
        "Tus-Checksum-Algorithm": ",".join(ALGORITHMS),
        "Tus-Max-Size": str(request.app.state.settings.max_body_bytes),
    }
    return Response(None, 204, headers)


@router.post(
    "",
    status_code=201,
    summary="Begin an upload",
    dependencies=[*_CALLER, Depends(known_parameters)],
)
async def post_upload(request: Request, caller: AuthenticatedSubject) -> Response:
    """Begin an upload of `Upload-Length` bytes; `Upload-Metadata` say what the file is.

    Keys of the metadata: `filename`, `filetype` (the Content-Type that the file would be sent
    with), `encoding` (`gzip`), `idempotency-key`, `practice`, and the parameters of a submission:
    `validate-only`, `again`, `agreement`, `layout`, `dataflow`, `supersedes`. Others are refused.
    """
    settings: Settings = request.app.state.settings
    if "upload-defer-length" in request.headers:
        raise QuerySyntaxError(
            "Upload-Defer-Length is not offered; say Upload-Length.",
            "Upload-Defer-Length no se ofrece; indique Upload-Length.",
            parameter="Upload-Defer-Length",
        )
    length = read_number(request, "Upload-Length")
    metadata = read_metadata(request)
    await announced(request, metadata, caller, _nothing())  # refused before it is sent
    limits = UploadLimits(
        settings.max_body_bytes, settings.upload_number, settings.upload_bytes, _life(settings)
    )
    begins = _content_type(request) == OFFSET_STREAM
    checksum = read_checksum(request) if begins else None
    pools = request.app.state.pools
    stored = await begin_upload(pools, caller, length, metadata, limits)
    if begins:
        arriving = Arriving(0, request.stream(), checksum)
        try:
            stored = await _continue(request, caller, str(stored.id), arriving)
        except BaseException:
            # Its sender knows no address of it, also where the line was cut: it would hold room.
            await asyncio.shield(end_upload(pools, caller, str(stored.id)))
            raise
    headers = {"Location": f"{settings.base_url}{UPLOADS_PATH}/{stored.id}"}
    return Response(None, 201, headers | _progress(request, stored))


@router.head("/{upload}", summary="Where an upload stands", dependencies=_CALLER)
async def head_upload(request: Request, upload: str, caller: AuthenticatedSubject) -> Response:
    """Tell how many bytes have come, and the submission that the upload became."""
    stored = await find_upload(request.app.state.pools, caller, upload)
    headers = {"Upload-Length": str(stored.byte_count), "Cache-Control": "no-store"}
    if stored.metadata:
        headers["Upload-Metadata"] = write_metadata(stored.metadata)
    return Response(None, 200, headers | _progress(request, stored))


@router.patch(
    "/{upload}",
    status_code=204,
    summary="Go on with an upload",
    dependencies=_CALLER,
    openapi_extra={
        "requestBody": {
            "required": True,
            "content": {OFFSET_STREAM: {"schema": {"type": "string", "format": "binary"}}},
        }
    },
)
async def patch_upload(request: Request, upload: str, caller: AuthenticatedSubject) -> Response:
    """Add bytes at `Upload-Offset`; what came before a broken line is kept."""
    return await _patch(request, upload, caller)


@router.delete("/{upload}", status_code=204, summary="End an upload", dependencies=_CALLER)
async def delete_upload(request: Request, upload: str, caller: AuthenticatedSubject) -> Response:
    """Forget an upload and what came of it; a submission that it became stays."""
    return await _delete(request, upload, caller)


@router.post("/{upload}", include_in_schema=False, dependencies=_CALLER)
async def post_instead(request: Request, upload: str, caller: AuthenticatedSubject) -> Response:
    """PATCH or DELETE, for clients that cannot send them (tus 1.0, X-HTTP-Method-Override)."""
    meant = request.headers.get("x-http-method-override", "").upper()
    if meant == "PATCH":
        return await _patch(request, upload, caller)
    if meant == "DELETE":
        return await _delete(request, upload, caller)
    raise MethodNotAllowedError(
        "This address takes PATCH; a POST says so in X-HTTP-Method-Override.",
        "Esta dirección acepta PATCH; un POST lo indica en X-HTTP-Method-Override.",
    )


async def _patch(request: Request, upload: str, caller: AuthenticatedSubject) -> Response:
    if _content_type(request) != OFFSET_STREAM:
        raise UnsupportedMediaTypeError(
            f"The Content-Type of a part is {OFFSET_STREAM}.",
            f"El Content-Type de una parte es {OFFSET_STREAM}.",
            accepted=[OFFSET_STREAM],
        )
    offset = read_number(request, "Upload-Offset")
    arriving = Arriving(offset, request.stream(), read_checksum(request))
    stored = await _continue(request, caller, upload, arriving)
    return Response(None, 204, _progress(request, stored))


async def _delete(request: Request, upload: str, caller: AuthenticatedSubject) -> Response:
    await end_upload(request.app.state.pools, caller, upload)
    return Response(None, 204)


async def _continue(
    request: Request, caller: AuthenticatedSubject, upload: str, arriving: Arriving
) -> StoredUpload:
    settings: Settings = request.app.state.settings
    pools = request.app.state.pools
    announce = partial(announced, request)
    return await continue_upload(pools, caller, upload, arriving, announce, _life(settings))


def _progress(request: Request, stored: StoredUpload) -> dict[str, str]:
    headers = {
        "Upload-Offset": str(stored.byte_offset),
        "Upload-Expires": format_datetime(stored.expires_at.astimezone(dt.UTC), usegmt=True),
    }
    if stored.submission_id is not None:
        base_url = request.app.state.settings.base_url
        practice = read_metadata_parameters(stored.metadata).practice
        api = PRACTICE_PREFIX if practice else "/api"
        address = f"{base_url}{api}/submissions/{stored.submission_id}"
        headers[_SUBMITTED] = str(stored.submission_id)
        headers["Link"] = f'<{address}>; rel="item"'
    return headers


def _check_version(request: Request) -> None:
    if request.headers.get("tus-resumable") != VERSION:
        raise PreconditionFailedError(
            f"Tus-Resumable must be {VERSION}.", f"Tus-Resumable debe ser {VERSION}."
        )


def _content_type(request: Request) -> str:
    return request.headers.get("content-type", "").partition(";")[0].strip().lower()


def _life(settings: Settings) -> dt.timedelta:
    return dt.timedelta(hours=settings.upload_hours)


async def _nothing() -> AsyncIterator[bytes]:
    return
    yield b""
