"""The calendar: `/api/calendar`, what is owed by whom, and what came of it."""

from __future__ import annotations

import asyncio
import datetime as dt
import hashlib
from typing import Annotated, Any, Final, get_args

from fastapi import APIRouter, Depends, Query, Request, Response

from app.errors import NotAcceptableError, QuerySyntaxError
from app.http.conditions import holds
from app.http.languages import LanguageParameter, asked_language
from app.http.subject import OptionalSubject
from app.http.submission_parameters import known_parameters
from app.models.owed import CalendarReply
from app.sdmx.calendar.duties import STATES, State
from app.sdmx.reporting_periods import read_bound
from app.services.ical_calendar import ical_calendar
from app.services.read_calendar import CalendarQuery, read_calendar
from app.services.table_calendar import table_calendar
from app.services.taxonomy_calendar import taxonomy_calendar
from app.services.tell_calendar import CALENDAR_PATH, tell_calendar

router = APIRouter(
    prefix=CALENDAR_PATH, tags=["calendar"], dependencies=[Depends(known_parameters)]
)

ICAL: Final = "text/calendar; charset=utf-8"
CSV: Final = "text/csv; charset=utf-8"
SDMX: Final = "application/vnd.sdmx.structure+json"
DAYS_OF_FEED: Final = 366

_SELECTING: Final = ("country", "provider", "dataflow", "from", "to", "state")
_FORMATS: Final = {
    "json": "application/json",
    "csv": CSV,
    "ical": ICAL,
    "taxonomy": SDMX + ";version=2.1.0",
}
_OTHERS: Final[dict[int | str, dict[str, Any]]] = {
    200: {
        "content": {"text/csv": {}, "text/calendar": {}, SDMX: {}},
        "description": "As CSV one row, as iCalendar one day, in a reporting taxonomy (SDMX-JSON) "
        "one annotation for each period that is owed.",
    }
}


@router.head("", include_in_schema=False)
@router.get("", summary="What is owed by whom", response_model=CalendarReply, responses=_OTHERS)
async def get_calendar(
    request: Request,
    caller: OptionalSubject,
    country: Annotated[
        str | None, Query(description="Code of a country, as `country` tells it: `HND`.")
    ] = None,
    provider: Annotated[str | None, Query(description="Id of a data provider.")] = None,
    dataflow: Annotated[str | None, Query(description="Id or `AGENCY:ID(VERSION)`.")] = None,
    first: Annotated[
        str | None,
        Query(alias="from", description="First day on which something is due, or a period."),
    ] = None,
    last: Annotated[
        str | None, Query(alias="to", description="Last such day, or a period.")
    ] = None,
    state: Annotated[
        str | None, Query(description="late, due, open, complete, nil; several by commas.")
    ] = None,
    format: Annotated[
        str | None, Query(description="`json`, `csv`, `ical` or `taxonomy`; else as Accept asks.")
    ] = None,
    lang: LanguageParameter = None,
    offset: Annotated[int, Query(ge=0, le=1 << 31, description="How many are left out.")] = 0,
    limit: Annotated[int, Query(ge=1, le=10_000, description="How many are told at most.")] = 1000,
) -> Response:
    """Tell what is due between two days, by country and for the region, with counts."""
    services, language = request.app.state, asked_language(request, lang)
    form = _form(request, format)
    query = CalendarQuery(
        provider,
        dataflow,
        read_bound("from", first),
        read_bound("to", last, ends=True),
        _states(state),
        country,
    )
    reading = await read_calendar(
        services.pools, services.catalogue, services.calendar, query, caller
    )
    base_url = services.settings.base_url
    given = [(n, v) for n, v in request.query_params.multi_items() if n in (*_SELECTING, "lang")]

    def write() -> bytes:
        if form == "ical":
            return ical_calendar(reading, provider, base_url, language)
        if form == "csv":
            return table_calendar(reading, language)
        if form == "taxonomy":
            return taxonomy_calendar(reading)
        told = tell_calendar(reading, given, (offset, limit), base_url, language)
        return told.model_dump_json().encode()

    body = await asyncio.to_thread(write)
    name = {"csv": "calendar.csv", "ical": "calendar.ics", "taxonomy": "calendar.json"}.get(form)
    room = "public" if caller is None else "private"
    return _reply(request, body, _FORMATS[form], (language, room, name))


@router.head("/{provider}.ics", include_in_schema=False)
@router.get(
    "/{provider}.ics",
    summary="Subscribe to the calendar of a provider",
    response_class=Response,
    responses={200: {"content": {"text/calendar": {}}}},
)
async def get_feed(request: Request, provider: str, lang: LanguageParameter = None) -> Response:
    """Return what a provider owes within a year before and after today, for its calendar."""
    services, language = request.app.state, asked_language(request, lang)
    around = dt.timedelta(days=DAYS_OF_FEED)
    today = dt.datetime.now(dt.UTC).date()
    query = CalendarQuery(provider, None, today - around, today + around)
    reading = await read_calendar(services.pools, services.catalogue, services.calendar, query)
    base_url = services.settings.base_url
    body = await asyncio.to_thread(ical_calendar, reading, provider, base_url, language)
    return _reply(request, body, ICAL, (language, "public", None))


def _reply(
    request: Request, body: bytes, media: str, told: tuple[str, str, str | None]
) -> Response:
    language, room, file_name = told
    etag = f'"{hashlib.sha256(body).hexdigest()[:32]}"'
    headers = {
        "Cache-Control": f"{room}, no-cache",
        "Vary": "Authorization, Accept, Accept-Language",
        "ETag": etag,
        "Content-Language": language,
    }
    if holds(request, etag):
        return Response(status_code=304, headers=headers)
    if file_name is not None:
        headers["Content-Disposition"] = f'attachment; filename="{file_name}"'
    return Response(body, 200, headers, media)


def _form(request: Request, asked: str | None) -> str:
    if asked is not None:
        if asked not in _FORMATS:
            raise NotAcceptableError(
                "The calendar is there as json, csv, ical and taxonomy.",
                "El calendario existe en json, csv, ical y taxonomy.",
            )
        return asked
    accept = request.headers.get("accept", "")
    if "application/json" in accept:
        return "json"
    named = {"text/calendar": "ical", "text/csv": "csv", SDMX: "taxonomy"}
    return next((form for media, form in named.items() if media in accept), "json")


def _states(text: str | None) -> frozenset[State]:
    if text is None:
        return frozenset()
    asked = {part.strip() for part in text.split(",")}
    found = frozenset(one for one in STATES if one in asked)
    if len(found) != len(asked):
        listed = ", ".join(get_args(State))
        raise QuerySyntaxError(
            f"state is any of {listed}, joined by commas.",
            f"state es cualquiera de {listed}, unidos por comas.",
            parameter="state",
        )
    return found
