"""Impact: `/api/impact`, what the change of a shared structure would touch, and telling of it."""

from __future__ import annotations

from typing import Annotated

import orjson
from fastapi import APIRouter, Depends, Query, Request, Response

from app.auth.subject import Subject
from app.errors import QuerySyntaxError
from app.http.json_bodies import body_of, read_json
from app.http.request_log import note_caller
from app.http.subject import AuthenticatedSubject
from app.http.submission_parameters import known_parameters
from app.http.submission_replies import json_reply
from app.models.impact_reply import ImpactOrder, ImpactReply, NotifyOrder
from app.services.find_impact import Impact, find_impact
from app.services.notify_impact import notify_impact

router = APIRouter(
    prefix="/api/impact",
    tags=["maps"],
    dependencies=[Depends(note_caller), Depends(known_parameters)],
)


@router.head("", include_in_schema=False)
@router.get("", response_model=ImpactReply, summary="See what a change would touch")
async def get_impact(
    request: Request,
    caller: AuthenticatedSubject,
    urn: Annotated[str, Query(max_length=500, description="The artefact that is to change.")],
    removing: Annotated[str, Query(max_length=4000, description="Codes that go: `A,B`.")] = "",
) -> Response:
    """List the agreements, maps, constraints, dataflows and pairs that rest on a structure."""
    codes = [code for code in removing.split(",") if code and "\x00" not in code]
    found = await _found(request, caller, ImpactOrder(urn=urn, removing=tuple(codes)))
    return json_reply(ImpactReply.model_validate(found.document))


@router.post(
    "",
    response_model=ImpactReply,
    summary="See what a change would touch, from the changed structure",
    openapi_extra=body_of(ImpactOrder),
)
async def post_impact(request: Request, caller: AuthenticatedSubject) -> Response:
    """The same of a structure as it is to be; nothing is stored."""
    found = await _found(request, caller, await read_json(request, ImpactOrder))
    return json_reply(ImpactReply.model_validate(found.document))


@router.post(
    "/notify",
    response_model=ImpactReply,
    summary="Tell those whom a change would touch",
    openapi_extra=body_of(NotifyOrder),
)
async def post_notification(request: Request, caller: AuthenticatedSubject) -> Response:
    """Tell providers and agencies by a notice; for who maintains the structure."""
    order = await read_json(request, NotifyOrder)
    found = await _found(request, caller, order)
    state = request.app.state
    told = await notify_impact(state.pools, state.catalogue, caller, found, order.note)
    return json_reply(ImpactReply.model_validate(found.document | {"told": told}))


async def _found(request: Request, caller: Subject, order: ImpactOrder) -> Impact:
    if (order.urn is None) == (order.change is None):
        raise QuerySyntaxError(
            "Say what changes: `urn`, or `change`.", "Diga qué cambia: `urn` o `change`."
        )
    state = request.app.state
    return await find_impact(
        state.pools,
        state.catalogue,
        caller,
        urn=order.urn,
        removing=order.removing,
        changed=None if order.change is None else orjson.dumps(order.change),
    )
