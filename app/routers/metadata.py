"""Reference metadata of SDMX-REST 2.2: `/sdmx/v2/metadata/...` (doc/metadata.md)."""

from __future__ import annotations

from typing import Final

from fastapi import APIRouter, Request, Response

from app.http.paths import raw_segments
from app.http.registry_replies import answer_from_registry
from app.sdmx.offers import METADATA_OFFERS
from app.sdmx.rest_v2_metadata import parse_metadata
from app.services.query_metadata import query_metadata

router = APIRouter(tags=["SDMX 2.x"])

_PATH: Final = "/sdmx/v2/metadata"


@router.head(_PATH + "/{rest:path}", include_in_schema=False)
@router.get(_PATH + "/{rest:path}", include_in_schema=False)
async def answer_metadata(request: Request) -> Response:
    """Return metadata sets: by themselves, by metadataflow, by what they are about."""
    raw_query = request.scope["query_string"].decode("latin-1")
    query = parse_metadata(raw_segments(request, _PATH), raw_query)
    return await answer_from_registry(request, query, METADATA_OFFERS, query_metadata)
