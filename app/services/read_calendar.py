"""The calendar: what is owed between two days, and what came of it."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Final

from app.auth.subject import Subject
from app.errors import NotFoundError, QuerySyntaxError, TooLargeError
from app.sdmx.calendar.duties import Duty, Owed, Reason, Reported, State, owed_periods
from app.sdmx.calendar.taxonomy import country_of
from app.services.calendar_duties import calendar_duties
from app.services.find_agreed_dataflows import find_agreed_dataflows
from app.store import nil_returns, reported
from app.store.catalogue import Catalogue, CatalogueCache, StoredAgreement
from app.store.pools import Pools, with_retry
from app.store.reported import PeriodFact
from app.store.types import Connection

MOST_ROWS: Final = 50_000
MOST_DAYS: Final = 3700
DAYS_AROUND: Final = 92


@dataclass(frozen=True, slots=True)
class CalendarQuery:
    """What is asked of the calendar.

    Attributes:
        provider: id of a data provider; None: all.
        dataflow: id or `AGENCY:ID(VERSION)`; None: all.
        first: first day on which something is due; None: 92 days ago.
        last: last such day; None: in 92 days.
        states: only these; none: all.
        country: code of a country, `INT` for the compilers; None: all.
    """

    provider: str | None = None
    dataflow: str | None = None
    first: dt.date | None = None
    last: dt.date | None = None
    states: frozenset[State] = frozenset()
    country: str | None = None


@dataclass(frozen=True, slots=True)
class CalendarReading:
    """What is owed.

    Attributes:
        owed: all of the selection but for its states, by day, provider and dataflow.
        undated: agreements of which no day can be told, with the reason.
    """

    catalogue: Catalogue
    today: dt.date
    first: dt.date
    last: dt.date
    owed: list[Owed]
    undated: list[tuple[StoredAgreement, Reason]]
    states: frozenset[State]

    @property
    def shown(self) -> list[Owed]:
        """What is owed in the states that were asked for."""
        return [one for one in self.owed if not self.states or one.state in self.states]


@dataclass(slots=True)
class CalendarMemory:
    """What the public sees of the periods of each agreement, until its revision moves."""

    known: dict[int, tuple[int, list[PeriodFact]]] = field(default_factory=dict)

    async def read(self, connection: Connection, agreements: Sequence[int]) -> list[PeriodFact]:
        """What came under agreements."""
        moved = await reported.revisions(connection, agreements)
        stale = [n for n, revision in moved.items() if self._revision(n) != revision]
        if stale:
            fresh = reported.by_agreement(await reported.public_periods(connection, stale))
            self.known.update((n, (moved[n], fresh.get(n, []))) for n in stale)
        return [fact for n in moved for fact in self.known[n][1]]

    def _revision(self, agreement: int) -> int | None:
        known = self.known.get(agreement)
        return None if known is None else known[0]


async def read_calendar(
    pools: Pools,
    cache: CatalogueCache,
    memory: CalendarMemory,
    query: CalendarQuery,
    subject: Subject | None = None,
) -> CalendarReading:
    """What is owed by the public figures; a provider's own withheld ones count for itself.

    Raises:
        NotFoundError: there is no such provider, dataflow or country with an agreement.
        QuerySyntaxError: the first day is after the last, or they are too far apart.
        TooLargeError: more is owed than is told at once.
    """

    async def read() -> CalendarReading:
        async with (
            pools.writer.acquire() as connection,
            connection.transaction(isolation="repeatable_read", readonly=True),
        ):
            catalogue = await cache.current(connection)
            today = await nil_returns.today(connection)
            first, last = _window(query, today)
            numbers = _selected(catalogue, query)
            duties = calendar_duties(catalogue, await reported.entered(connection), today)
            dated = {n: duties.dated[n] for n in numbers if n in duties.dated}
            facts = await memory.read(connection, list(dated))
            facts += await reported.nil_periods(connection, list(dated))
            own = _own(catalogue, dated, subject)
            facts += await reported.withheld_periods(connection, own) if own else []
            dated |= {n: replace(dated[n], embargo=None) for n in own}  # nothing is kept from it
        undated = [(catalogue.agreements[n], why) for n, why in duties.undated.items()]
        return CalendarReading(
            catalogue,
            today,
            first,
            last,
            _owed(dated, reported.by_period(facts), first, last, today),
            [(one, why) for one, why in undated if one.id in numbers],
            query.states,
        )

    return await with_retry(read)


def _owed(
    dated: Mapping[int, Duty],
    came: Mapping[int, Mapping[tuple[str, str], Reported]],
    first: dt.date,
    last: dt.date,
    today: dt.date,
) -> list[Owed]:
    found: list[Owed] = []
    for number, duty in dated.items():
        found += owed_periods(duty, came.get(number, {}), first, last, today)
        if len(found) > MOST_ROWS:
            raise TooLargeError(
                f"More than {MOST_ROWS} periods are owed; ask for one provider or fewer days.",
                f"Se deben más de {MOST_ROWS} períodos; pida un proveedor o menos días.",
                limit=MOST_ROWS,
            )
    found.sort(key=lambda one: (one.due, one.duty.provider, one.duty.dataflow, one.period.text))
    return found


def _selected(catalogue: Catalogue, query: CalendarQuery) -> set[int]:
    flows = set(find_agreed_dataflows(catalogue, query.provider, query.dataflow))
    agreed = {
        number: country_of(one.provider)
        for number, one in catalogue.agreements.items()
        if query.provider in (None, one.provider) and one.dataflow_urn in flows
    }
    if query.country is None:
        return set(agreed)
    found = {number for number, country in agreed.items() if country == query.country}
    if not found:
        raise NotFoundError(
            f"No data provider of {query.country[:50]!r} owes any of this; there are those of "
            f"{', '.join(sorted(set(agreed.values())))[:300]}.",
            f"Ningún proveedor de {query.country[:50]!r} debe algo de esto; los hay de "
            f"{', '.join(sorted(set(agreed.values())))[:300]}.",
        )
    return found


def _window(query: CalendarQuery, today: dt.date) -> tuple[dt.date, dt.date]:
    first = query.first or _moved(min(today, query.last or today), -DAYS_AROUND)
    last = query.last or _moved(max(today, first), DAYS_AROUND)
    if first > last or (last - first).days > MOST_DAYS:
        raise QuerySyntaxError(
            f"from is no later than to, and at most {MOST_DAYS} days before it.",
            f"from no es posterior a to, y como máximo {MOST_DAYS} días antes.",
            parameter="from",
        )
    return first, last


def _moved(day: dt.date, days: int) -> dt.date:
    """A day that many days later, or the end of the calendar."""
    least, most = dt.date.min.toordinal(), dt.date.max.toordinal()
    return dt.date.fromordinal(min(most, max(least, day.toordinal() + days)))


def _own(catalogue: Catalogue, dated: Mapping[int, Duty], subject: Subject | None) -> list[int]:
    if subject is None:
        return []
    return [n for n in dated if catalogue.agreements[n].provider == subject.organisation]
