"""Data of SDMX-REST 2.2: `/sdmx/v2/data/...` (doc/data.md)."""

from __future__ import annotations

from typing import Final

from fastapi import APIRouter, Request, Response

from app.http.data_replies import answer_data
from app.http.paths import raw_segments
from app.sdmx.offers import DATA_OFFERS
from app.sdmx.rest_v2 import parse_data

router = APIRouter(tags=["SDMX 2.x"])

_PATH: Final = "/sdmx/v2/data"


@router.head(_PATH, include_in_schema=False)
@router.get(_PATH, include_in_schema=False)
@router.head(_PATH + "/{rest:path}", include_in_schema=False)
@router.get(_PATH + "/{rest:path}", include_in_schema=False)
async def get_data(request: Request) -> Response:
    """Return data: by context, agency, id, version and key, filtered by `c[...]`."""
    raw_query = request.scope["query_string"].decode("latin-1")
    query = parse_data(raw_segments(request, _PATH), raw_query)
    return await answer_data(request, query, DATA_OFFERS)
