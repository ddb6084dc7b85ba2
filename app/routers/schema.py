"""Schemas of SDMX-REST 2.2: `/sdmx/v2/schema/...` (doc/schema.md)."""

from __future__ import annotations

from typing import Final

from fastapi import APIRouter, Request, Response

from app.http.paths import answers, sent_query
from app.http.registry_replies import answer_from_registry
from app.sdmx.offers import SCHEMA_OFFERS, schema_offers
from app.sdmx.rest_v2_schema import parse_schema
from app.services.query_schema import query_schema

router = APIRouter(tags=["SDMX 2.x"])

_PATH: Final = "/sdmx/v2/schema"


@answers(router, _PATH)
async def get_schema(request: Request) -> Response:
    """Return the definition of which data are valid for a structure, flow or agreement."""
    query = parse_schema(*sent_query(request, _PATH))
    offers = schema_offers(SCHEMA_OFFERS, query.context)
    return await answer_from_registry(request, query, offers, query_schema)
