"""Reference metadata of SDMX-REST 1.5: `/sdmx/v1/metadata/...`."""

from __future__ import annotations

from typing import Final

from fastapi import APIRouter, Request, Response

from app.http.paths import answers, sent_query
from app.http.registry_replies import answer_from_registry
from app.sdmx.offers import V1_METADATA_OFFERS
from app.sdmx.rest_v1_registry import parse_metadata
from app.services.query_metadata import query_metadata

router = APIRouter(tags=["SDMX 1.x"])

_PATH: Final = "/sdmx/v1/metadata"


@answers(router, _PATH)
async def get_metadata(request: Request) -> Response:
    """Return metadata sets by metadataflow and provider."""
    query = parse_metadata(*sent_query(request, _PATH))
    return await answer_from_registry(request, query, V1_METADATA_OFFERS, query_metadata)
