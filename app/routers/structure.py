"""Structures of SDMX-REST 2.2: `/sdmx/v2/structure/...` (doc/structures.md)."""

from __future__ import annotations

from typing import Final

from fastapi import APIRouter, Request, Response

from app.http.paths import raw_segments
from app.http.registry_replies import answer_from_registry
from app.sdmx.offers import STRUCTURE_OFFERS
from app.sdmx.rest_v2 import parse_structure
from app.services.query_structures import query_structures

router = APIRouter(tags=["SDMX 2.x"])

_PATH: Final = "/sdmx/v2/structure"


@router.get(_PATH, include_in_schema=False)
@router.head(_PATH, include_in_schema=False)
@router.head(_PATH + "/{rest:path}", include_in_schema=False)
@router.get(_PATH + "/{rest:path}", include_in_schema=False)
async def answer_structure(request: Request) -> Response:
    """Return structural metadata: artefacts by type, agency, id, version and item."""
    raw_query = request.scope["query_string"].decode("latin-1")
    query = parse_structure(raw_segments(request, _PATH), raw_query)
    return await answer_from_registry(request, query, STRUCTURE_OFFERS, query_structures)
