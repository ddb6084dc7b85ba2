"""Structures of SDMX-REST 2.2: `/sdmx/v2/structure/...` (doc/structures.md)."""

from __future__ import annotations

from typing import Final

from fastapi import APIRouter, Request, Response

from app.http.paths import answers, sent_query
from app.http.registry_replies import answer_from_registry
from app.sdmx.offers import STRUCTURE_OFFERS
from app.sdmx.rest_v2 import parse_structure
from app.services.query_structures import query_structures

router = APIRouter(tags=["SDMX 2.x"])

_PATH: Final = "/sdmx/v2/structure"


@answers(router, _PATH)
async def get_structure(request: Request) -> Response:
    """Return structural metadata: artefacts by type, agency, id, version and item."""
    query = parse_structure(*sent_query(request, _PATH))
    return await answer_from_registry(request, query, STRUCTURE_OFFERS, query_structures)
