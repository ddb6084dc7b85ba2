"""Schemas of SDMX-REST 1.5: `/sdmx/v1/schema/...`."""

from __future__ import annotations

from typing import Final

from fastapi import APIRouter, Request, Response

from app.http.paths import answers, sent_query
from app.http.registry_replies import answer_from_registry
from app.sdmx.offers import V1_SCHEMA_OFFERS, schema_offers
from app.sdmx.rest_v1_registry import parse_schema
from app.services.query_schema import query_schema

router = APIRouter(tags=["SDMX 1.x"])

_PATH: Final = "/sdmx/v1/schema"


@answers(router, _PATH)
async def get_schema(request: Request) -> Response:
    """Return the definition of which data are valid for a structure, flow or agreement."""
    query = parse_schema(*sent_query(request, _PATH))
    offers = schema_offers(V1_SCHEMA_OFFERS, query.context)
    return await answer_from_registry(request, query, offers, query_schema)
