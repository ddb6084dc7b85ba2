"""Whether the service lives, and whether it can work; and where to begin."""

from __future__ import annotations

from typing import Final

from fastapi import APIRouter, Request, Response

from app.models.api import HealthReply, ReadinessReply
from app.services.check_readiness import ReadinessProbe

router = APIRouter(tags=["operation"])

_FRESH: Final = {"Cache-Control": "no-store"}


@router.head("/health", include_in_schema=False)
@router.get("/health", response_model=HealthReply, summary="Ask whether the service lives")
async def get_health() -> Response:
    """Answer as long as the process does."""
    return Response(HealthReply().model_dump_json(), 200, _FRESH, "application/json")


@router.head("/ready", include_in_schema=False)
@router.get(
    "/ready",
    response_model=ReadinessReply,
    responses={503: {"model": ReadinessReply, "description": "Not ready: `checks` says why."}},
    summary="Ask whether the service can work",
)
async def get_readiness(request: Request) -> Response:
    """Tell whether the database is writable and migrated, and the registry published."""
    probe: ReadinessProbe = request.app.state.readiness
    reply = await probe.check()
    status = 200 if reply.status == "ready" else 503
    return Response(reply.model_dump_json(), status, _FRESH, "application/json")
