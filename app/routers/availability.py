"""Availability of SDMX-REST 2.2: `/sdmx/v2/availability/...` (doc/availability.md)."""

from __future__ import annotations

from typing import Final

from fastapi import APIRouter, Request, Response

from app.http.data_replies import answer_availability
from app.http.paths import answers, sent_query
from app.sdmx.offers import STRUCTURE_OFFERS
from app.sdmx.rest_v2 import parse_availability

router = APIRouter(tags=["SDMX 2.x"])

_PATH: Final = "/sdmx/v2/availability"


@answers(router, _PATH)
async def get_availability(request: Request) -> Response:
    """Return which data there are: codes of each dimension, time, number of series and values."""
    query = parse_availability(*sent_query(request, _PATH))
    return await answer_availability(request, query, STRUCTURE_OFFERS)
