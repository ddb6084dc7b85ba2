"""When figures that an agreement embargoes may be seen: some time after their period, or a day."""

from __future__ import annotations

import datetime as dt
import re
from calendar import monthrange
from dataclasses import dataclass
from typing import Final

from app.errors import QuerySyntaxError
from app.sdmx.time_period import parse_date_time, parse_time_period

FOR_GOOD: Final = dt.datetime.max.replace(tzinfo=dt.UTC)
"""Release time of what is never released."""

_DURATION: Final = re.compile(
    r"P(?=.)(?:([0-9]{1,3})Y)?(?:([0-9]{1,3})M)?(?:([0-9]{1,3})W)?(?:([0-9]{1,4})D)?"
)
_INSTANT: Final = dt.timedelta(microseconds=1)


@dataclass(frozen=True, slots=True)
class Embargo:
    """An embargo: until an instant, or for months and days after the end of a period.

    Days begin at midnight UTC.
    """

    text: str
    instant: dt.datetime | None = None
    months: int = 0
    days: int = 0

    def until(self, time: str) -> dt.datetime | None:
        """When a figure of a time period may be seen; None: the embargo does not hold for it.

        A duration says nothing of a figure without a time period.
        """
        if self.instant is not None:
            return self.instant
        try:
            end = parse_time_period(time).end
        except QuerySyntaxError:
            return None
        try:
            following = (end + _INSTANT).astimezone(dt.UTC)
            return _later(following, self.months) + dt.timedelta(days=self.days)
        except OverflowError:
            return FOR_GOOD


def read_embargo(text: str) -> Embargo | None:
    """The embargo that a text says: `P30D`, `P1M`, `2026-03-01`, `2026-03-01T12:00:00-06:00`."""
    match = _DURATION.fullmatch(text)
    if match is not None:
        years, months, weeks, days = (int(part or 0) for part in match.groups())
        return Embargo(text, None, years * 12 + months, weeks * 7 + days)
    try:
        return Embargo(text, parse_date_time(text))
    except QuerySyntaxError:
        return None


def _later(instant: dt.datetime, months: int) -> dt.datetime:
    year, month = divmod(instant.year * 12 + instant.month - 1 + months, 12)
    if year > dt.MAXYEAR:
        raise OverflowError
    day = min(instant.day, monthrange(year, month + 1)[1])
    return instant.replace(year=year, month=month + 1, day=day)
