"""Reference metadata of SDMX-REST 1.5: `/sdmx/v1/metadata/...`."""

from __future__ import annotations

from typing import Final

from fastapi import APIRouter, Request, Response

from app.http.paths import raw_segments
from app.http.registry_replies import answer_from_registry
from app.sdmx.offers import V1_METADATA_OFFERS
from app.sdmx.rest_v1_registry import parse_metadata
from app.services.query_metadata import query_metadata

router = APIRouter(tags=["SDMX 1.x"])

_PATH: Final = "/sdmx/v1/metadata"


@router.head(_PATH, include_in_schema=False)
@router.get(_PATH, include_in_schema=False)
@router.head(_PATH + "/{rest:path}", include_in_schema=False)
@router.get(_PATH + "/{rest:path}", include_in_schema=False)
async def get_metadata(request: Request) -> Response:
    """Return metadata sets by metadataflow and provider."""
    raw_query = request.scope["query_string"].decode("latin-1")
    query = parse_metadata(raw_segments(request, _PATH), raw_query)
    return await answer_from_registry(request, query, V1_METADATA_OFFERS, query_metadata)
