"""Lineage: `/api/lineage`, from a published figure back to the row that it was sent in."""

from __future__ import annotations

from typing import Annotated, Final

import orjson
from fastapi import APIRouter, Depends, Query, Request, Response

from app.errors import QuerySyntaxError
from app.http.subject import OptionalSubject
from app.http.submission_parameters import known_parameters
from app.http.submission_replies import PRIVATE
from app.models.lineage_reply import LineageReply
from app.services.describe_lineage import describe_lineage
from app.services.preview_map import Bounds
from app.services.trace_figure import Asked, trace_figure

router = APIRouter(
    prefix="/api/lineage",
    tags=["lineage"],
    dependencies=[Depends(known_parameters)],
)

_PUBLIC: Final = {"Cache-Control": "public, no-cache", "Vary": "Authorization"}


@router.head("", include_in_schema=False)
@router.get("", response_model=LineageReply, summary="Trace a figure")
async def get_lineage(
    request: Request,
    caller: OptionalSubject,
    key: Annotated[
        str, Query(max_length=2000, description="Codes of its dimensions: `M.CRI.F.Y18`.")
    ] = "",
    period: Annotated[str, Query(max_length=60, description="Its time period.")] = "",
    agreement: Annotated[
        str | None, Query(max_length=500, description="Its id, `AGENCY:ID(VERSION)`, or its URN.")
    ] = None,
    dataflow: Annotated[
        str | None, Query(max_length=500, description="The same of its dataflow.")
    ] = None,
) -> Response:
    """Lead a figure back to its publication, map, national label and signer.

    Its sender learns the submission and the rows of the file too. By a dataflow it is the figure
    that a query of it gives: 404 where the agreement that answers for the series has none, with
    those that have one. Without a key: how to ask.
    """
    if (agreement is None) == (dataflow is None):
        raise QuerySyntaxError(
            "Say which figure: `key`, `period`, and one of `agreement` and `dataflow`.",
            "Diga qué cifra: `key`, `period`, y uno de `agreement` y `dataflow`.",
        )
    state = request.app.state
    settings = state.settings
    asked = Asked(agreement, dataflow, key, period)
    if not key:
        plan = await describe_lineage(state.pools, state.catalogue, asked, settings.base_url)
        return Response(orjson.dumps(plan), 200, _PUBLIC, "application/json")
    told = await trace_figure(
        state.pools,
        state.catalogue,
        caller,
        asked,
        settings.base_url,
        Bounds(settings.max_body_bytes, settings.max_xlsx_rows, state.rereading),
    )
    reply = LineageReply.model_validate(told)
    headers = _PUBLIC if caller is None else PRIVATE
    return Response(reply.model_dump_json(), 200, headers, "application/json")
