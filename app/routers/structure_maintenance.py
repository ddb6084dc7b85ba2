"""Maintenance of structures and metadata sets: POST, PUT, DELETE (sdmx-rest, doc/maintenance.md).

`/sdmx/v2/structure` for structures, `/sdmx/v2/metadata` for metadata sets. The answer tells what
became of each artefact, whether it was stored or refused.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import Final

from fastapi import APIRouter, Depends, Request, Response

from app.http.maintenance_requests import read_body, refuse_parameters, seen_revision
from app.http.paths import raw_segments
from app.http.request_log import note_caller
from app.http.subject import AuthenticatedSubject
from app.http.submit_replies import answer_submission
from app.sdmx.artefact_classes import ARTEFACT_TYPES, METADATA_SET
from app.sdmx.maintenance_body import MessageKind
from app.sdmx.maintenance_query import parse_collection, parse_target
from app.sdmx.offers import METADATA_OFFERS, STRUCTURE_OFFERS
from app.sdmx.rest_v2 import parse_structure
from app.sdmx.rest_v2_metadata import parse_metadata
from app.services.maintain_structures import (
    delete_structure,
    replace_structure,
    submit_structures,
)

router = APIRouter(tags=["SDMX 2.x"], dependencies=[Depends(note_caller)])

_STRUCTURES: Final = "/sdmx/v2/structure"
_METADATA: Final = "/sdmx/v2/metadata"


@dataclass(frozen=True)
class _Resource:
    """What is maintained at an address.

    Attributes:
        kind: what its messages are.
        types: the types of artefacts that it has.
        segments: the path behind its root, not yet decoded.
    """

    kind: MessageKind
    types: tuple[str, ...]
    segments: list[str]


def _resource(request: Request) -> _Resource:
    refuse_parameters(request)
    if request.scope["path"].startswith(_METADATA):
        types = (METADATA_SET.artefact_type,)
        return _Resource("metadata", types, raw_segments(request, _METADATA))
    return _Resource("structure", ARTEFACT_TYPES, raw_segments(request, _STRUCTURES))


@router.post(_STRUCTURES, include_in_schema=False)
@router.post(_STRUCTURES + "/{rest:path}", include_in_schema=False)
@router.post(_METADATA, include_in_schema=False)
@router.post(_METADATA + "/{rest:path}", include_in_schema=False)
async def post_structures(request: Request, caller: AuthenticatedSubject) -> Response:
    """Create or replace artefacts, each alone."""
    resource = _resource(request)
    artefact_type = parse_collection(resource.segments, resource.types)
    body = await read_body(request, resource.kind)
    writer = request.app.state.pools.writer
    plan = await submit_structures(writer, caller, body, artefact_type, _now(), kind=resource.kind)
    return answer_submission(request, caller, plan.outcomes)


@router.put(_STRUCTURES + "/{rest:path}", include_in_schema=False)
@router.put(_METADATA + "/{rest:path}", include_in_schema=False)
async def put_structure(request: Request, caller: AuthenticatedSubject) -> Response:
    """Replace one artefact, or a part of it."""
    resource = _resource(request)
    target = parse_target(resource.segments, resource.types)
    revision = await _revision(request, resource)
    body = await read_body(request, resource.kind)
    writer = request.app.state.pools.writer
    plan = await replace_structure(
        writer, caller, body, target, _now(), kind=resource.kind, revision=revision
    )
    return answer_submission(request, caller, plan.outcomes)


@router.delete(_STRUCTURES + "/{rest:path}", include_in_schema=False)
@router.delete(_METADATA + "/{rest:path}", include_in_schema=False)
async def remove_structure(request: Request, caller: AuthenticatedSubject) -> Response:
    """Delete one artefact, or one item of a scheme."""
    resource = _resource(request)
    target = parse_target(resource.segments, resource.types, with_item=True)
    revision = await _revision(request, resource)
    writer = request.app.state.pools.writer
    plan = await delete_structure(writer, caller, target, _now(), revision=revision)
    return answer_submission(request, caller, plan.outcomes)


async def _revision(request: Request, resource: _Resource) -> int | None:
    """The revision that the caller has seen, where the request is conditional."""
    if resource.kind == "metadata":
        return await seen_revision(request, parse_metadata(resource.segments, ""), METADATA_OFFERS)
    return await seen_revision(request, parse_structure(resource.segments, ""), STRUCTURE_OFFERS)


def _now() -> dt.datetime:
    return dt.datetime.now(dt.UTC)
