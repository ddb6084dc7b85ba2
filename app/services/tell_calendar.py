"""The calendar as a reply in JSON."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from typing import Final
from urllib.parse import urlencode

from app.models.owed import (
    CalendarLinks,
    CalendarReply,
    OwedByCountry,
    OwedByProvider,
    OwedCounts,
    OwedPeriod,
    UndatedAgreement,
)
from app.sdmx.calendar.duties import Owed
from app.sdmx.calendar.taxonomy import TAXONOMY, country_of
from app.sdmx.calendar.texts import state_text, text_of
from app.sdmx.mirrors.pair import COMPILER
from app.services.calendar_names import CalendarNames, calendar_names
from app.services.read_calendar import CalendarReading

CALENDAR_PATH: Final = "/api/calendar"


def tell_calendar(
    reading: CalendarReading,
    query: Sequence[tuple[str, str]],
    page: tuple[int, int],
    base_url: str,
    language: str,
) -> CalendarReply:
    """What is owed, with counts.

    Args:
        reading: what is owed.
        query: the parameters that select it, for links.
        page: how many periods are left out, and how many are told at most.
        base_url: of the service.
        language: of the texts.
    """
    names = calendar_names(reading.catalogue)
    offset, limit = page
    shown = reading.shown
    address = f"{base_url}{CALENDAR_PATH}"
    more = offset + limit < len(shown)
    return CalendarReply(
        today=reading.today,
        first_day=reading.first,
        last_day=reading.last,
        region=_counts(one for one in reading.owed if not one.duty.provider.startswith(COMPILER)),
        countries=_countries(reading.owed, names, address, language),
        total=len(shown),
        owed=[_period(one, names, language) for one in shown[offset : offset + limit]],
        undated=[
            UndatedAgreement(
                agreement=one.urn.rpartition("=")[2],
                provider=one.provider,
                dataflow=one.dataflow_urn.rpartition("=")[2],
                reason=why,
                text=text_of(language, "reason", why),
            )
            for one, why in sorted(reading.undated, key=lambda told: told[0].urn)
        ],
        note=text_of(language, "calendar", "note"),
        links=CalendarLinks(
            csv=_link(address, query, format="csv"),
            ical=_link(address, query, format="ical"),
            states=_link(address, query, format="taxonomy"),
            taxonomy=f"{base_url}/sdmx/v2/structure/reportingtaxonomy/{'/'.join(TAXONOMY)}",
            next=_link(address, query, offset=offset + limit, limit=limit) if more else None,
        ),
    )


def _period(one: Owed, names: CalendarNames, language: str) -> OwedPeriod:
    duty = one.duty
    return OwedPeriod(
        agreement=duty.agreement,
        provider=duty.provider,
        country=country_of(duty.provider),
        dataflow=duty.dataflow.rpartition("=")[2],
        dataflow_name=names.dataflow(duty.dataflow, language),
        period=one.period.text,
        frequency=one.period.frequency,
        due=one.due,
        visible_from=one.late_after if one.late_after > one.due else None,
        state=one.state,
        text=state_text(one, language),
        observations=one.reported.observations,
        reported_on=one.reported.on,
        days_late=one.days_late,
    )


def _countries(
    owed: Sequence[Owed], names: CalendarNames, address: str, language: str
) -> list[OwedByCountry]:
    grouped: dict[str, dict[str, list[Owed]]] = {}
    for one in owed:
        provider = one.duty.provider
        grouped.setdefault(country_of(provider), {}).setdefault(provider, []).append(one)
    return [
        OwedByCountry(
            country=country,
            name=names.country(country, language),
            counts=_counts(one for listed in providers.values() for one in listed),
            providers=[
                OwedByProvider(
                    provider=provider,
                    name=names.provider(provider, language),
                    counts=_counts(listed),
                    calendar=f"{address}/{provider}.ics",
                )
                for provider, listed in sorted(providers.items())
            ],
        )
        for country, providers in sorted(grouped.items())
    ]


def _counts(owed: Iterable[Owed]) -> OwedCounts:
    counted = Counter(one.state for one in owed)
    return OwedCounts(
        late=counted["late"],
        due=counted["due"],
        open=counted["open"],
        complete=counted["complete"],
        nil=counted["nil"],
    )


def _link(address: str, query: Sequence[tuple[str, str]], **more: object) -> str:
    return f"{address}?{urlencode([*query, *more.items()])}"
