"""Completeness of an agreement: for each period what there is, and what is missing."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from app.auth.subject import Subject
from app.errors import TooLargeError
from app.models.sending import PeriodReply, PeriodsReply
from app.sdmx.reporting_periods import (
    FREQUENCIES,
    ReportingPeriod,
    due_day,
    period_of,
    periods_between,
    read_bound,
    read_due,
    read_period,
)
from app.services.find_agreement import find_agreement
from app.services.send_nil_return import reported_frequencies
from app.store import nil_returns
from app.store.catalogue import CatalogueCache
from app.store.nil_returns import PeriodCount, StoredNilReturn
from app.store.pools import Pools, with_retry

MOST_PERIODS: Final = 2000


@dataclass(slots=True)
class _Known:
    """What there is of a period."""

    period: ReportingPeriod
    observations: int = 0
    withheld: int = 0
    nil_return: StoredNilReturn | None = None


@dataclass(slots=True)
class _Days:
    """The days that were asked for."""

    first: dt.date | None
    last: dt.date | None
    today: dt.date = field(default=dt.date.max)

    def hold(self, period: ReportingPeriod) -> bool:
        """Whether a period touches them."""
        return (self.first is None or period.last_day >= self.first) and (
            self.last is None or period.first_day <= self.last
        )


async def list_periods(
    pools: Pools,
    cache: CatalogueCache,
    subject: Subject,
    agreement: str,
    first: str | None,
    last: str | None,
) -> PeriodsReply:
    """The periods of an agreement, the latest first.

    They run from the first of which there is anything to the present one, in each frequency in
    which the agreement reports.

    Raises:
        NotFoundError: the caller's organisation has no such agreement.
        QuerySyntaxError: `first` or `last` is no period.
        TooLargeError: there are more than `MOST_PERIODS`.
    """
    days = _Days(read_bound("from", first), read_bound("to", last, ends=True))

    async def read() -> PeriodsReply:
        async with pools.writer.acquire() as connection:
            catalogue = await cache.current(connection)
            found = find_agreement(catalogue, subject, agreement)
            days.today = await nil_returns.today(connection)
            counts = await nil_returns.count_periods(connection, found.id, days.first, days.last)
            nils = await nil_returns.of_agreement(connection, found.id)
        terms = catalogue.terms(found.urn).terms
        known = _known(counts, nils, days)
        regular = [f for f in reported_frequencies(catalogue, found) if f in FREQUENCIES]
        if "FREQUENCY" in terms or len(regular) == 1:
            _add_expected(known, regular, days)
        due = read_due(terms.get("RELEASE_DUE"))
        told = [_told(each, due, days.today) for each in known.values()]
        if len(told) > MOST_PERIODS:
            raise _too_many(len(told))
        told.sort(key=lambda each: (each.frequency, each.period), reverse=True)
        return PeriodsReply(
            agreement=found.urn,
            frequency=terms.get("FREQUENCY"),
            release_due=terms.get("RELEASE_DUE"),
            missing=sum(each.state == "missing" for each in told),
            periods=told,
        )

    return await with_retry(read)


def _known(
    counts: Sequence[PeriodCount], nils: Sequence[StoredNilReturn], days: _Days
) -> dict[tuple[str, str], _Known]:
    """What there is, by frequency and period; irregular periods are not told."""
    known: dict[tuple[str, str], _Known] = {}
    for count in counts:
        period = read_period(count.period)
        if period is not None and days.hold(period):
            one = known.setdefault((period.frequency, period.text), _Known(period))
            if count.withheld:
                one.withheld += count.observations
            else:
                one.observations += count.observations
    for nil in nils:
        period = read_period(nil.period)
        if period is not None and days.hold(period) and nil.superseded_by is None:
            one = known.setdefault((period.frequency, period.text), _Known(period))
            one.nil_return = nil
    return known


def _add_expected(
    known: dict[tuple[str, str], _Known], frequencies: Sequence[str], days: _Days
) -> None:
    """Add the periods of which there is nothing, from the first known up to today."""
    for frequency in frequencies:
        listed = [one.period for one in known.values() if one.period.frequency == frequency]
        begin = min(listed, key=lambda period: period.first_day, default=None)
        if days.first is not None:
            begin = period_of(days.first, frequency)
        elif begin is None:
            begin = period_of(days.today, frequency)
        until = days.today if days.last is None else min(days.today, days.last)
        for number, period in enumerate(periods_between(begin, until) if begin else ()):
            if number > MOST_PERIODS:
                raise _too_many(number)
            known.setdefault((frequency, period.text), _Known(period))


def _told(known: _Known, due: tuple[int, int] | None, today: dt.date) -> PeriodReply:
    period = known.period
    last = due_day(period, due) if due is not None else None
    if known.observations or known.withheld:
        state = "received"
    elif known.nil_return is not None:
        state = "nil"
    else:
        state = "missing" if today > (last or period.last_day) else "expected"
    facts: Mapping[str, object] = {
        "period": period.text,
        "frequency": period.frequency,
        "state": state,
        "due": last,
        "observations": known.observations,
        "withheld": known.withheld,
        "nil_return": known.nil_return.submission_id if known.nil_return else None,
    }
    return PeriodReply.model_validate(facts)


def _too_many(count: int) -> TooLargeError:
    return TooLargeError(
        f"There are more than {MOST_PERIODS} periods; ask for a part with from and to.",
        f"Hay más de {MOST_PERIODS} períodos; pida una parte con from y to.",
        count=count,
        limit=MOST_PERIODS,
    )
