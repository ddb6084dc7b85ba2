"""Data of SDMX-REST 1.5: `/sdmx/v1/data/...`."""

from __future__ import annotations

from typing import Final

from fastapi import APIRouter, Request, Response

from app.http.data_replies import answer_data
from app.http.paths import raw_segments
from app.sdmx.offers import V1_DATA_OFFERS
from app.sdmx.rest_v1 import parse_data

router = APIRouter(tags=["SDMX 1.x"])

_PATH: Final = "/sdmx/v1/data"


@router.head(_PATH, include_in_schema=False)
@router.get(_PATH, include_in_schema=False)
@router.head(_PATH + "/{rest:path}", include_in_schema=False)
@router.get(_PATH + "/{rest:path}", include_in_schema=False)
async def get_data(request: Request) -> Response:
    """Return data: by flow, key and provider, between two periods."""
    raw_query = request.scope["query_string"].decode("latin-1")
    query = parse_data(raw_segments(request, _PATH), raw_query)
    return await answer_data(request, query, V1_DATA_OFFERS)
