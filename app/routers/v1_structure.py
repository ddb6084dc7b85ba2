"""Structures of SDMX-REST 1.5: `/sdmx/v1/{type}/...`, each type of artefact at the root."""

from __future__ import annotations

from typing import Final

from fastapi import APIRouter, Request, Response

from app.http.paths import answers, sent_query
from app.http.registry_replies import answer_from_registry
from app.sdmx.offers import V1_STRUCTURE_OFFERS
from app.sdmx.rest_v1 import parse_structure
from app.services.query_structures import query_structures

router = APIRouter(tags=["SDMX 1.x"])

_PATH: Final = "/sdmx/v1"


@answers(router, _PATH + "/{artefact_type}")
async def get_structures(request: Request) -> Response:
    """Return structural metadata: artefacts by type, agency, id, version and item."""
    query = parse_structure(*sent_query(request, _PATH))
    return await answer_from_registry(request, query, V1_STRUCTURE_OFFERS, query_structures)
