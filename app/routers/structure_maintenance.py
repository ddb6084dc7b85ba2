"""Maintenance of structures: POST, PUT and DELETE under `/sdmx/v2/structure` (doc/maintenance.md).

The answer tells what became of each artefact, whether it was stored or refused.
"""

from __future__ import annotations

import datetime as dt
from typing import Final

from fastapi import APIRouter, Depends, Request, Response

from app.http.maintenance_requests import read_body, refuse_parameters, seen_revision
from app.http.paths import raw_segments
from app.http.request_log import note_caller
from app.http.subject import AuthenticatedSubject
from app.http.submit_replies import answer_submission
from app.sdmx.artefact_classes import ARTEFACT_TYPES
from app.sdmx.maintenance_query import parse_collection, parse_target
from app.sdmx.offers import STRUCTURE_OFFERS
from app.sdmx.rest_v2 import parse_structure
from app.services.maintain_structures import (
    delete_structure,
    replace_structure,
    submit_structures,
)

router = APIRouter(tags=["SDMX 2.x"], dependencies=[Depends(note_caller)])

_PATH: Final = "/sdmx/v2/structure"


@router.post(_PATH, include_in_schema=False)
@router.post(_PATH + "/{rest:path}", include_in_schema=False)
async def post_structures(request: Request, caller: AuthenticatedSubject) -> Response:
    """Create or replace artefacts, each alone."""
    refuse_parameters(request)
    artefact_type = parse_collection(raw_segments(request, _PATH), ARTEFACT_TYPES)
    body = await read_body(request)
    writer = request.app.state.pools.writer
    plan = await submit_structures(writer, caller, body, artefact_type, _now())
    return answer_submission(request, caller, plan.outcomes)


@router.put(_PATH + "/{rest:path}", include_in_schema=False)
async def put_structure(request: Request, caller: AuthenticatedSubject) -> Response:
    """Replace one artefact, or a part of it."""
    refuse_parameters(request)
    segments = raw_segments(request, _PATH)
    target = parse_target(segments, ARTEFACT_TYPES)
    revision = await seen_revision(request, parse_structure(segments, ""), STRUCTURE_OFFERS)
    body = await read_body(request)
    writer = request.app.state.pools.writer
    plan = await replace_structure(writer, caller, body, target, _now(), revision=revision)
    return answer_submission(request, caller, plan.outcomes)


@router.delete(_PATH + "/{rest:path}", include_in_schema=False)
async def remove_structure(request: Request, caller: AuthenticatedSubject) -> Response:
    """Delete one artefact, or one item of a scheme."""
    refuse_parameters(request)
    segments = raw_segments(request, _PATH)
    target = parse_target(segments, ARTEFACT_TYPES, with_item=True)
    revision = await seen_revision(request, parse_structure(segments, ""), STRUCTURE_OFFERS)
    writer = request.app.state.pools.writer
    plan = await delete_structure(writer, caller, target, _now(), revision=revision)
    return answer_submission(request, caller, plan.outcomes)


def _now() -> dt.datetime:
    return dt.datetime.now(dt.UTC)
