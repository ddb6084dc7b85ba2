"""Available constraints of SDMX-REST 1.5: `/sdmx/v1/availableconstraint/...`."""

from __future__ import annotations

from typing import Final

from fastapi import APIRouter, Request, Response

from app.http.data_replies import answer_availability
from app.http.paths import answers, sent_query
from app.sdmx.offers import V1_STRUCTURE_OFFERS
from app.sdmx.rest_v1 import parse_availability

router = APIRouter(tags=["SDMX 1.x"])

_PATH: Final = "/sdmx/v1/availableconstraint"


@answers(router, _PATH)
async def get_availability(request: Request) -> Response:
    """Return which data there are: codes of each dimension, time, number of series and values."""
    query = parse_availability(*sent_query(request, _PATH))
    return await answer_availability(request, query, V1_STRUCTURE_OFFERS)
