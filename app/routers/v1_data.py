"""Data of SDMX-REST 1.5: `/sdmx/v1/data/...`."""

from __future__ import annotations

from typing import Final

from fastapi import APIRouter, Request, Response

from app.http.data_replies import answer_data
from app.http.paths import answers, sent_query
from app.sdmx.offers import V1_DATA_OFFERS
from app.sdmx.rest_v1 import parse_data

router = APIRouter(tags=["SDMX 1.x"])

_PATH: Final = "/sdmx/v1/data"


@answers(router, _PATH)
async def get_data(request: Request) -> Response:
    """Return data: by flow, key and provider, between two periods."""
    query = parse_data(*sent_query(request, _PATH))
    return await answer_data(request, query, V1_DATA_OFFERS)
