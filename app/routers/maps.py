"""Structure maps at work: `/api/maps`, which there are, what they make of a file, their changes."""

from __future__ import annotations

import datetime as dt
from typing import Annotated, Any, Final

import orjson
from fastapi import APIRouter, Depends, Query, Request, Response

from app.http.json_bodies import body_of, read_json
from app.http.request_log import note_caller
from app.http.subject import AuthenticatedSubject
from app.http.submission_parameters import known_parameters
from app.http.submission_replies import PRIVATE, language_of
from app.models.map_reply import (
    ActivationOrder,
    ActivationReply,
    EndingReply,
    EndOrder,
    MapComparison,
    MapList,
    MapPreviewReply,
    PreviewOrder,
)
from app.services.activate_map import activate_map
from app.services.compare_maps import compare_maps
from app.services.end_map import end_map
from app.services.list_maps import list_maps
from app.services.preview_map import Bounds, preview_map

router = APIRouter(prefix="/api/maps", tags=["maps"], dependencies=[Depends(known_parameters)])

_PUBLIC: Final = {"Cache-Control": "public, no-cache", "Vary": "Accept-Language"}


@router.head("", include_in_schema=False)
@router.get("", response_model=MapList, summary="List the structure maps")
async def get_maps(request: Request) -> Response:
    """List the maps that lead from one data structure to another: active, drafts, superseded."""
    state, language = request.app.state, language_of(request)
    listed = await list_maps(state.pools, state.catalogue, state.settings.base_url, language)
    return _answer(listed, _PUBLIC | {"Content-Language": language})


@router.head("/{map}/compare", include_in_schema=False)
@router.get("/{map}/compare", response_model=MapComparison, summary="Compare two maps")
async def get_comparison(
    request: Request,
    map: str,
    other: Annotated[str, Query(alias="with", description="The earlier version.")],
) -> Response:
    """Tell what differs: component maps, values, constants, dates; in words too."""
    state, language = request.app.state, language_of(request)
    told = await compare_maps(state.pools, state.catalogue, map, other, language)
    return _answer(told, _PUBLIC | {"Content-Language": language})


@router.post(
    "/{map}/preview",
    summary="Preview a map on a submission",
    response_model=MapPreviewReply,
    dependencies=[Depends(note_caller)],
    openapi_extra=body_of(PreviewOrder),
)
async def post_preview(
    request: Request,
    map: str,
    caller: AuthenticatedSubject,
) -> Response:
    """Tell what a map, stored or sent with the request, makes of a file of your organisation."""
    order = await read_json(request, PreviewOrder)
    state = request.app.state
    draft = None if order.map is None else orjson.dumps(order.map)
    settings = state.settings
    language = language_of(request)
    bounds = Bounds(settings.max_body_bytes, settings.max_xlsx_rows, state.rereading)
    told = await preview_map(
        state.pools, state.catalogue, caller, map, order.submission, draft, language, bounds
    )
    return _answer(told, PRIVATE | {"Content-Language": language})


@router.post(
    "/{map}/activate",
    summary="Activate a map",
    response_model=ActivationReply,
    dependencies=[Depends(note_caller)],
    openapi_extra=body_of(ActivationOrder),
)
async def post_activation(
    request: Request,
    map: str,
    caller: AuthenticatedSubject,
) -> Response:
    """Publish a draft as stable, and put history under it if asked; for its agency."""
    order = await read_json(request, ActivationOrder)
    state = request.app.state
    done = await activate_map(
        state.pools,
        state.catalogue,
        caller,
        map,
        reharmonise=order.reharmonise,
        note=order.note,
        now=dt.datetime.now(dt.UTC),
    )
    told = {
        "map": done.urn,
        "published": list(done.published),
        "reharmonisations": [
            {"agreement": agreement, "submission": str(submission)}
            for agreement, submission in done.reharmonisations
        ],
    }
    return _answer(told, PRIVATE, 202 if done.reharmonisations else 200)


@router.post(
    "/{map}/end",
    summary="End a map",
    response_model=EndingReply,
    dependencies=[Depends(note_caller)],
    openapi_extra=body_of(EndOrder),
)
async def post_end(
    request: Request,
    map: str,
    caller: AuthenticatedSubject,
) -> Response:
    """Let a map read no more files after a day, by a new version of it; for its agency."""
    order = await read_json(request, EndOrder)
    state = request.app.state
    done = await end_map(
        state.pools,
        state.catalogue,
        caller,
        map,
        last_day=order.last_day,
        note=order.note,
        now=dt.datetime.now(dt.UTC),
    )
    told = {"map": done.urn, "last_day": done.last_day, "agreements": list(done.agreements)}
    return _answer(told, PRIVATE)


def _answer(document: Any, headers: dict[str, str], status: int = 200) -> Response:  # noqa: ANN401
    return Response(orjson.dumps(document), status, headers, "application/json")
