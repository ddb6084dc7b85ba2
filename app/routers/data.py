"""Data of SDMX-REST 2.2: `/sdmx/v2/data/...` (doc/data.md)."""

from __future__ import annotations

from typing import Final

from fastapi import APIRouter, Request, Response

from app.http.data_replies import answer_data
from app.http.paths import answers, sent_query
from app.sdmx.offers import DATA_OFFERS
from app.sdmx.rest_v2 import parse_data

router = APIRouter(tags=["SDMX 2.x"])

_PATH: Final = "/sdmx/v2/data"


@answers(router, _PATH)
async def get_data(request: Request) -> Response:
    """Return data: by context, agency, id, version and key, filtered by `c[...]`."""
    query = parse_data(*sent_query(request, _PATH))
    return await answer_data(request, query, DATA_OFFERS)
