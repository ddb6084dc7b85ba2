"""Agreements: `/api/agreements`, what the caller's organisation reports, and its workbooks."""

from __future__ import annotations

import datetime as dt
from typing import Annotated, Any, Final, Literal

from fastapi import APIRouter, Depends, Query, Request, Response

from app.http.request_log import note_caller
from app.http.subject import AuthenticatedSubject
from app.http.submission_parameters import known_parameters
from app.http.submission_replies import PRIVATE, json_reply, language_of
from app.http.uploads import attachment
from app.models.agreement_reply import AgreementList, AgreementReply
from app.services.describe_agreement import AGREEMENTS_PATH
from app.services.get_agreement import get_agreement
from app.services.list_agreements import list_agreements
from app.services.make_template import TemplateRequest, make_template
from app.sheets.template import XLSX_MEDIA_TYPE

router = APIRouter(
    prefix=AGREEMENTS_PATH,
    tags=["agreements"],
    dependencies=[Depends(note_caller), Depends(known_parameters)],
)

_WORKBOOK: Final[dict[int | str, dict[str, Any]]] = {
    200: {"content": {XLSX_MEDIA_TYPE: {}}, "description": "The workbook."}
}


@router.head("", include_in_schema=False)
@router.get("", response_model=AgreementList, summary="List agreements")
async def get_agreements(request: Request, caller: AuthenticatedSubject) -> Response:
    """List the agreements of your organisation, with what each holds and where to go on."""
    state, language = request.app.state, language_of(request)
    reply = await list_agreements(
        state.pools, state.catalogue, caller, state.settings.base_url, language
    )
    return json_reply(reply, headers={"Content-Language": language})


@router.head("/{agreement}", include_in_schema=False)
@router.get("/{agreement}", response_model=AgreementReply, summary="Read an agreement")
async def get_one_agreement(
    request: Request, agreement: str, caller: AuthenticatedSubject
) -> Response:
    """Return an agreement of your organisation: its id, or `AGENCY:ID(VERSION)`."""
    state, language = request.app.state, language_of(request)
    reply = await get_agreement(
        state.pools,
        state.catalogue,
        caller,
        agreement,
        base_url=state.settings.base_url,
        language=language,
    )
    return json_reply(reply, headers={"Content-Language": language})


@router.head("/{agreement}/template.xlsx", include_in_schema=False)
@router.get(
    "/{agreement}/template.xlsx",
    summary="Get the workbook to fill in",
    response_class=Response,
    responses=_WORKBOOK,
)
async def get_template(
    request: Request,
    agreement: str,
    caller: AuthenticatedSubject,
    layout: Annotated[
        Literal["rows", "cross"] | None,
        Query(
            description="One row a figure (`rows`), or a cross table with one dimension across "
            "(`cross`); rows if neither this nor `across` is said."
        ),
    ] = None,
    across: Annotated[
        str, Query(max_length=80, description="The dimension across; TIME_PERIOD if not said.")
    ] = "",
    period: Annotated[
        str, Query(max_length=80, description="`2024`, `2024-Q1` or `2020/2024`.")
    ] = "",
    language: Annotated[
        Literal["es", "en", "fr", "nl"] | None,
        Query(description="Language of its texts; else as Accept-Language asks."),
    ] = None,
) -> Response:
    """Return a workbook with the allowed codes to choose from; send it back filled in."""
    state = request.app.state
    chosen = language or language_of(request)
    form = layout or ("cross" if across else "rows")
    name, content = await make_template(
        state.pools,
        state.catalogue,
        caller,
        TemplateRequest(agreement, form, across, period, chosen),
        base_url=state.settings.base_url,
        today=dt.datetime.now(dt.UTC).date(),
    )
    headers = PRIVATE | {"Content-Language": chosen, "Content-Disposition": attachment(name)}
    return Response(content, 200, headers, XLSX_MEDIA_TYPE)
