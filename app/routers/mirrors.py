"""Mirror pairs: `/api/mirror`, two views of one flow side by side, and what parties say of them."""

from __future__ import annotations

from typing import Annotated, Any, Final

from fastapi import APIRouter, Depends, Query, Request, Response

from app.http.json_bodies import body_of, read_json
from app.http.json_or_csv import wants_csv
from app.http.languages import LANGUAGE, LanguageParameter, asked_language
from app.http.mirror_queries import mirror_reply, read_cell_query, read_note_codes
from app.http.request_log import note_caller
from app.http.subject import AuthenticatedSubject, OptionalSubject
from app.http.submission_parameters import known_parameters
from app.http.submission_replies import PRIVATE
from app.models.mirror import (
    CorridorList,
    MirrorNoteList,
    MirrorNoteOrder,
    MirrorPairList,
    MirrorReply,
    WrittenNoteReply,
)
from app.sdmx.mirrors.corridors import CorridorOrder, CorridorPage
from app.services.compare_mirror import MirrorPage, SeriesOrder, compare_mirror
from app.services.list_mirror_notes import list_mirror_notes
from app.services.list_mirror_pairs import MIRROR_PATH, list_mirror_pairs
from app.services.rank_mirror_corridors import rank_mirror_corridors
from app.services.table_mirror_notes import table_mirror_notes
from app.services.write_mirror_note import NoteOrder, write_mirror_note

router = APIRouter(prefix=MIRROR_PATH, tags=["mirrors"])

_TABLE: Final[dict[int | str, dict[str, Any]]] = {
    200: {
        "content": {"text/csv": {}},
        "description": "As CSV one row for each cell and period, corridor, or note.",
    }
}
_QUERY: Final[dict[str, Any]] = {
    "parameters": [
        {
            "name": name,
            "in": "query",
            "required": False,
            "description": text,
            "schema": {"type": "string"},
        }
        for name, text in (
            ("REF_AREA", "Areas of the left side; any other dimension of the pair likewise."),
            ("COUNTERPART_AREA", "Second areas of the corridor."),
            ("startPeriod", "First period, of both sides."),
            ("endPeriod", "Last period, of both sides."),
            ("leftProvider", "The only data providers of the left side, by their ids."),
            ("rightProvider", "The only data providers of the right side."),
            ("lag", "Periods by which the right side is later, 0 to 24."),
        )
    ]
}
_NAMED: Final = ("Mirrors are", "Los espejos existen")
_Format = Annotated[
    str | None, Query(description="`json` or `csv`; else as the field Accept asks.")
]
_Offset = Annotated[int, Query(ge=0, le=1 << 31, description="How many are left out.")]
_Limit = Annotated[int, Query(ge=1, le=10_000, description="How many are told at most.")]


@router.head("", include_in_schema=False, dependencies=[Depends(known_parameters)])
@router.get(
    "",
    summary="List mirror pairs",
    response_model=MirrorPairList,
    dependencies=[Depends(known_parameters)],
)
async def get_pairs(request: Request, lang: LanguageParameter = None) -> Response:
    """List the mirror pairs, each with what there is to compare, or why there is nothing."""
    state, language = request.app.state, asked_language(request, lang)
    body = await list_mirror_pairs(state.pools, state.catalogue, state.settings.base_url, language)
    return mirror_reply(request, body, None, language)


@router.head("/{pair}", include_in_schema=False)
@router.get(
    "/{pair}",
    summary="Compare a mirror pair",
    response_model=MirrorReply,
    responses=_TABLE,
    openapi_extra=_QUERY,
)
async def get_mirror(
    request: Request,
    pair: str,
    caller: OptionalSubject,
    format: _Format = None,
    order: Annotated[
        SeriesOrder, Query(description="By cell, or those that disagree most first.")
    ] = "cell",
    compared: Annotated[bool, Query(description="Only cells that both sides have.")] = False,
    offset: _Offset = 0,
    limit: _Limit = 500,
    lang: LanguageParameter = None,
) -> Response:
    """Put both values of each cell side by side: gap, ratio, asymmetry, or why there is none."""
    state, language = request.app.state, asked_language(request, lang)
    query = read_cell_query(request, ("format", "order", "compared", "offset", "limit", LANGUAGE))
    as_table = wants_csv(request, format, _NAMED)
    page = MirrorPage(offset, limit, order, compared)
    body = await compare_mirror(
        state.pools,
        state.catalogue,
        pair,
        query,
        page,
        caller,
        language=language,
        as_table=as_table,
    )
    return mirror_reply(request, body, caller, language, _file_name(pair) if as_table else None)


@router.head("/{pair}/corridors", include_in_schema=False)
@router.get(
    "/{pair}/corridors",
    summary="Rank corridors by disagreement",
    response_model=CorridorList,
    responses=_TABLE,
    openapi_extra=_QUERY,
)
async def get_corridors(
    request: Request,
    pair: str,
    caller: OptionalSubject,
    format: _Format = None,
    order: Annotated[
        CorridorOrder, Query(description="By mean asymmetry, or by the gap of the sums.")
    ] = "asymmetry",
    minimum: Annotated[
        float,
        Query(
            ge=0,
            allow_inf_nan=False,
            description="Corridors whose two sums add up to less are left out.",
        ),
    ] = 0,
    offset: _Offset = 0,
    limit: _Limit = 500,
    lang: LanguageParameter = None,
) -> Response:
    """Add up both sides of each corridor, and rank those that disagree most first."""
    state, language = request.app.state, asked_language(request, lang)
    query = read_cell_query(request, ("format", "order", "minimum", "offset", "limit", LANGUAGE))
    as_table = wants_csv(request, format, _NAMED)
    page = CorridorPage(order, minimum, offset, limit)
    body = await rank_mirror_corridors(
        state.pools,
        state.catalogue,
        pair,
        query,
        page,
        caller,
        language=language,
        as_table=as_table,
        base_url=state.settings.base_url,
    )
    name = f"{_file_name(pair)}_corridors" if as_table else None
    return mirror_reply(request, body, caller, language, name)


@router.head("/{pair}/notes", include_in_schema=False)
@router.get(
    "/{pair}/notes",
    summary="Read notes on a pair",
    response_model=MirrorNoteList,
    responses=_TABLE,
)
async def get_notes(
    request: Request,
    pair: str,
    format: _Format = None,
    offset: _Offset = 0,
    limit: _Limit = 1000,
    lang: LanguageParameter = None,
) -> Response:
    """Return all that parties said of cells, the last first; nothing of it is ever changed.

    Parameters in capitals are codes of the cell, and TIME_PERIOD.
    """
    state, language = request.app.state, asked_language(request, lang)
    codes = read_note_codes(request, ("format", "offset", "limit", LANGUAGE))
    as_table = wants_csv(request, format, _NAMED)
    page = (offset, limit)
    reply = await list_mirror_notes(state.pools, state.catalogue, pair, codes, page)
    if as_table:
        name = f"{_file_name(pair)}_notes"
        return mirror_reply(request, table_mirror_notes(reply), None, language, name)
    return mirror_reply(request, reply.model_dump_json().encode(), None, language)


@router.post(
    "/{pair}/notes",
    status_code=201,
    summary="Write a note on a cell, or name a figure to agree on",
    response_model=WrittenNoteReply,
    openapi_extra=body_of(MirrorNoteOrder),
    dependencies=[Depends(note_caller), Depends(known_parameters)],
)
async def post_note(request: Request, pair: str, caller: AuthenticatedSubject) -> Response:
    """Keep a note of either party on a cell; the figures stay as they were reported.

    A figure is agreed when both parties have named the same one.
    """
    state = request.app.state
    sent = await read_json(request, MirrorNoteOrder)
    value = sent.agreed_value
    order = NoteOrder(
        dict(sent.cell),
        sent.period,
        sent.note,
        None if value is None else str(value),
        keeps_value="agreed_value" not in sent.model_fields_set,
    )
    reply = await write_mirror_note(state.pools, state.catalogue, caller, pair, order)
    return Response(reply.model_dump_json(), 201, PRIVATE, "application/json")


def _file_name(pair: str) -> str:
    """The id of a pair, fit for the name of a file."""
    plain = pair.partition("(")[0].rpartition(":")[2]
    return "".join(
        letter for letter in plain if (letter.isascii() and letter.isalnum()) or letter == "_"
    )[:80]
