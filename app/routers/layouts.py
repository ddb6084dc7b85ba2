"""Layouts: `/api/agreements/{agreement}/layouts`, where national workbooks have what."""

from __future__ import annotations

import tempfile
from typing import Any, Final

import msgspec
from fastapi import APIRouter, Depends, Request, Response

from app.http.body_headers import check_content_type
from app.http.json_bodies import described_body
from app.http.request_log import note_caller
from app.http.subject import AuthenticatedSubject
from app.http.submission_parameters import known_parameters
from app.http.submission_replies import PRIVATE, json_reply, language_of
from app.http.workbook_body import read_layout_body, spool_workbook
from app.models.agreement_reply import LayoutList, LayoutPreview, LayoutReply
from app.services.delete_layout import delete_layout
from app.services.describe_agreement import AGREEMENTS_PATH
from app.services.get_layout import get_layout
from app.services.list_layouts import list_layouts
from app.services.preview_layout import preview_layout
from app.services.save_layout import save_layout
from app.sheets.layout import Layout
from app.sheets.template import XLSX_MEDIA_TYPE

router = APIRouter(
    prefix=f"{AGREEMENTS_PATH}/{{agreement}}/layouts",
    tags=["agreements"],
    dependencies=[Depends(note_caller), Depends(known_parameters)],
)

SPOOL_MEMORY_BYTES: Final = 4 << 20
_LAYOUT: Final = "application/json"
_FILE: Final[dict[str, Any]] = {
    "requestBody": {
        "required": True,
        "content": {XLSX_MEDIA_TYPE: {"schema": {"type": "string", "format": "binary"}}},
    }
}


@router.head("", include_in_schema=False)
@router.get("", response_model=LayoutList, summary="List layouts")
async def get_layouts(request: Request, agreement: str, caller: AuthenticatedSubject) -> Response:
    """List the layouts that are saved for an agreement."""
    state = request.app.state
    reply = await list_layouts(
        state.pools, state.catalogue, caller, agreement, state.settings.base_url
    )
    return json_reply(reply)


@router.head("/{name}", include_in_schema=False)
@router.get("/{name}", response_model=LayoutReply, summary="Read a layout")
async def get_one_layout(
    request: Request, agreement: str, name: str, caller: AuthenticatedSubject
) -> Response:
    """Return a layout."""
    state = request.app.state
    reply = await get_layout(
        state.pools, state.catalogue, caller, agreement, name, state.settings.base_url
    )
    return json_reply(reply)


@router.put(
    "/{name}",
    summary="Save a layout",
    response_model=LayoutReply,
    responses={201: {"model": LayoutReply, "description": "Saved, and new."}},
    openapi_extra=described_body(msgspec.json.schema(Layout)),
)
async def put_layout(
    request: Request, agreement: str, name: str, caller: AuthenticatedSubject
) -> Response:
    """Save a layout under a name, in the place of one that had it."""
    state = request.app.state
    taken = (_LAYOUT,)
    check_content_type(request.headers.get("content-type", ""), taken, lambda n, _: n in taken)
    body = await read_layout_body(request)
    is_new = await save_layout(state.pools, state.catalogue, caller, agreement, name, body)
    reply = await get_layout(
        state.pools, state.catalogue, caller, agreement, name, state.settings.base_url
    )
    return json_reply(reply, 201 if is_new else 200)


@router.delete("/{name}", status_code=204, summary="Delete a layout", response_class=Response)
async def remove_layout(
    request: Request, agreement: str, name: str, caller: AuthenticatedSubject
) -> Response:
    """Delete a layout."""
    state = request.app.state
    await delete_layout(state.pools, state.catalogue, caller, agreement, name)
    return Response(None, 204, PRIVATE)


@router.post(
    "/{name}/preview",
    summary="Try a layout on a workbook",
    response_model=LayoutPreview,
    openapi_extra=_FILE,
)
async def post_preview(
    request: Request, agreement: str, name: str, caller: AuthenticatedSubject
) -> Response:
    """Return the first 20 rows of a workbook as the layout reads them; nothing is stored."""
    state = request.app.state
    with tempfile.SpooledTemporaryFile(SPOOL_MEMORY_BYTES) as spool:
        await spool_workbook(request, spool)
        reply = await preview_layout(
            state.pools,
            state.catalogue,
            caller,
            agreement,
            name,
            spool,
            language=language_of(request),
            max_xlsx_rows=state.settings.max_xlsx_rows,
            turns=state.workbooks,
        )
    return json_reply(reply)
