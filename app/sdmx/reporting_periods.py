"""Periods in which an agreement reports: which there are, and whether two texts mean the same."""

from __future__ import annotations

import datetime as dt
import re
from calendar import monthrange
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from app.errors import QuerySyntaxError
from app.sdmx.time_period import parse_time_period

MONTHS: Final = {"A": 12, "S": 6, "A_3": 4, "Q": 3, "M": 1}
DAYS: Final = {"W": 7, "D": 1}
FREQUENCIES: Final = frozenset({*MONTHS, *DAYS})
"""Frequencies of which it is known which period comes next."""

_LETTER: Final = {"S": "S", "A_3": "T", "Q": "Q"}
_DURATION: Final = re.compile(r"P(?:([0-9]{1,3})M)?(?:([0-9]{1,3})W)?(?:([0-9]{1,4})D)?")


@dataclass(frozen=True, slots=True)
class ReportingPeriod:
    """A period of a regular frequency, in its plainest spelling."""

    text: str
    frequency: str
    first_day: dt.date
    last_day: dt.date

    @property
    def following(self) -> ReportingPeriod | None:
        """The period after it; nothing at the end of the calendar."""
        if self.last_day == dt.date.max:
            return None
        return _period(self.last_day + dt.timedelta(days=1), self.frequency)

    @property
    def spellings(self) -> tuple[str, ...]:
        """All texts that mean it, but for time zones and ranges."""
        first = self.first_day
        year = f"{first.year:04}"
        more = {
            "A": f"{year}-A1",
            "M": f"{year}-M{first:%m}",
            "D": f"{year}-D{first:%j}",
        }.get(self.frequency)
        return (self.text,) if more is None else (self.text, more)


def read_period(text: str) -> ReportingPeriod | None:
    """The reporting period that a text means; nothing where it is of no regular frequency."""
    try:
        parsed = parse_time_period(text)
    except QuerySyntaxError:
        return None
    if parsed.frequency not in FREQUENCIES or parsed.form == "range":
        return None
    period = _period(parsed.start_date, parsed.frequency)
    return period if period is not None and period.first_day == parsed.start_date else None


def read_bound(name: str, text: str | None, *, ends: bool = False) -> dt.date | None:
    """The first day of a day or period that bounds a query, or its last; None: no bound.

    Args:
        name: of the parameter.
        text: as it was given.
        ends: whether it bounds at the end.

    Raises:
        QuerySyntaxError: it is no day or period.
    """
    if text is None:
        return None
    period = read_period(text)
    if period is None:
        raise QuerySyntaxError(
            f"{name}={text[:80]!r} is no day or period such as 2026-03-31, 2026-03 or 2026-Q1.",
            f"{name}={text[:80]!r} no es un día ni un período como 2026-03-31, 2026-03 o 2026-Q1.",
            parameter=name,
        )
    return period.last_day if ends else period.first_day


def periods_between(first: ReportingPeriod, until: dt.date) -> Iterator[ReportingPeriod]:
    """The periods from the first on that begin no later than a day."""
    period: ReportingPeriod | None = first
    while period is not None and period.first_day <= until:
        yield period
        period = period.following


def period_of(day: dt.date, frequency: str) -> ReportingPeriod | None:
    """The period that a day lies in; nothing for a frequency that is not regular."""
    if frequency in MONTHS:
        months = MONTHS[frequency]
        return _period(dt.date(day.year, (day.month - 1) // months * months + 1, 1), frequency)
    if frequency == "W":
        return _period(day - dt.timedelta(days=day.weekday()), frequency)
    return _period(day, frequency) if frequency == "D" else None


def read_due(term: str | None) -> tuple[int, int] | None:
    """Months and days that a RELEASE_DUE such as `P20D after month end` gives."""
    found = _DURATION.match(term or "")
    if found is None or not any(found.groups()):
        return None
    months, weeks, days = (int(part or 0) for part in found.groups())
    return months, weeks * 7 + days


def due_day(period: ReportingPeriod, due: tuple[int, int]) -> dt.date:
    """The last day on which a period is reported in time."""
    months, days = due
    end = _last_of_month(period.last_day, months) if months else period.last_day
    return end + dt.timedelta(days=days)


def _period(first: dt.date, frequency: str) -> ReportingPeriod | None:
    """The period of a frequency that begins on a day."""
    try:
        if frequency in MONTHS:
            last = _last_of_month(first, MONTHS[frequency] - 1)
        else:
            last = first + dt.timedelta(days=DAYS[frequency] - 1)
    except (ValueError, OverflowError):
        return None
    return ReportingPeriod(_text(first, frequency), frequency, first, last)


def _last_of_month(day: dt.date, later: int) -> dt.date:
    """The last day of the month that is so many months after that of a day."""
    year, month = divmod(day.year * 12 + day.month - 1 + later, 12)
    return dt.date(year, month + 1, monthrange(year, month + 1)[1])


def _text(first: dt.date, frequency: str) -> str:
    if frequency == "A":
        return f"{first.year:04}"
    if frequency == "M":
        return f"{first.year:04}-{first.month:02}"
    if frequency == "D":
        return first.isoformat()
    if frequency == "W":
        year, week, _ = first.isocalendar()
        return f"{year:04}-W{week:02}"
    ordinal = (first.month - 1) // MONTHS[frequency] + 1
    return f"{first.year:04}-{_LETTER[frequency]}{ordinal}"
