"""Reference metadata of SDMX-REST 2.2: `/sdmx/v2/metadata/...` (doc/metadata.md)."""

from __future__ import annotations

from typing import Final

from fastapi import APIRouter, Request, Response

from app.http.paths import answers, sent_query
from app.http.registry_replies import answer_from_registry
from app.sdmx.offers import METADATA_OFFERS
from app.sdmx.rest_v2_metadata import parse_metadata
from app.services.query_metadata import query_metadata

router = APIRouter(tags=["SDMX 2.x"])

_PATH: Final = "/sdmx/v2/metadata"


@answers(router, _PATH)
async def get_metadata(request: Request) -> Response:
    """Return metadata sets: by themselves, by metadataflow, by what they are about."""
    query = parse_metadata(*sent_query(request, _PATH))
    return await answer_from_registry(request, query, METADATA_OFFERS, query_metadata)
