"""Time periods: the forms of ObservationalTimePeriod and their real time frames.

Forms (SDMX 3.1 section 6, 4.2 "Time and time format"): Gregorian `2020`, `2020-03`,
`2020-03-31`; reporting periods `2020-A1 -S1 -T1 -Q1 -M01 -W01 -D001`; `2020-03-31T12:00:00`;
ranges `2020-01-01/P5Y`. All may carry a time zone; without one they are taken as UTC.

A frame runs from its first to its last instant, both inclusive, at a resolution of one
microsecond: 2020 ends at 2020-12-31T23:59:59.999999. A dateTime is a frame of one instant.
"""

from __future__ import annotations

import datetime as dt
import re
from calendar import isleap, monthrange
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from typing import Final, Literal

from app.errors import QuerySyntaxError

CALENDAR_YEAR: Final = "--01-01"
"""The reporting year start day that applies when none is given."""

FrameOperator = Literal["eq", "ne", "lt", "le", "gt", "ge"]

_ZONE: Final = r"(Z|[+-](?:14:00|(?:0[0-9]|1[0-3]):[0-5][0-9]))?"
_PERIOD: Final = re.compile(
    r"([0-9]{4})(?:-(?:([0-9]{2})(?:-([0-9]{2}))?|([ASTQ])([1-4])|([MW])([0-9]{2})|(D)([0-9]{3})))?"
    + _ZONE
)
_DATE_TIME: Final = re.compile(
    r"([0-9]{4})-([0-9]{2})-([0-9]{2})T([0-9]{2}):([0-9]{2}):([0-9]{2})(?:\.([0-9]{1,12}))?" + _ZONE
)
_DATE: Final = re.compile(r"([0-9]{4})-([0-9]{2})-([0-9]{2})" + _ZONE)
_DURATION: Final = re.compile(
    r"P(?=.)(?:([0-9]{1,6})Y)?(?:([0-9]{1,6})M)?(?:([0-9]{1,6})D)?"
    r"(?:T(?=.)(?:([0-9]{1,6})H)?(?:([0-9]{1,6})M)?(?:([0-9]{1,6}(?:\.[0-9]{1,6})?)S)?)?"
)
_START_DAY: Final = re.compile(r"--(0[1-9]|1[0-2])-(0[1-9]|[12][0-9]|3[01])")

_INSTANT: Final = dt.timedelta(microseconds=1)

# Reporting periods that are made of months: periods in a year, CL_FREQ code.
_MONTH_PERIODS: Final = {
    "A": (1, "A"),
    "S": (2, "S"),
    "T": (3, "A_3"),
    "Q": (4, "Q"),
    "M": (12, "M"),
}
# Durations of ranges, as (months, seconds), that are a frequency of their own.
_MONTHS_FREQUENCY: Final = {1: "M", 2: "M2", 3: "Q", 4: "A_3", 6: "S", 12: "A"}
_SECONDS_FREQUENCY: Final[dict[float, str]] = {
    60: "N",
    3600: "H",
    7200: "H2",
    10800: "H3",
    43200: "D_2",
    86400: "D",
    604800: "W",
    1209600: "W2",
    1814400: "W3",
    2419200: "W4",
}
# Frequencies whose periods may also be labelled by another form: CL_FREQ code to forms.
_LABELLED_BY: Final = {
    "M2": {"month"},
    "M_2": {"date", "range"},
    "M_3": {"date", "range"},
    "W2": {"W"},
    "W3": {"W"},
    "W4": {"W"},
    "W_2": {"date", "D", "range"},
    "W_3": {"date", "D", "range"},
    "D_2": {"datetime"},
    "H": {"datetime"},
    "H2": {"datetime"},
    "H3": {"datetime"},
    "N": {"datetime"},
}
_MULTI_YEAR: Final = re.compile(r"A[1-9][0-9]{0,3}")
_REGULAR: Final = {"A", "A_3", "S", "Q", "M", "W", "D", "B"} | _LABELLED_BY.keys()


@dataclass(frozen=True, slots=True)
class TimePeriod:
    """A time period and its frame.

    Attributes:
        text: as written.
        form: `year month date datetime range`, or the letter of a reporting period.
        start: the first instant, in the time zone of the text.
        end: the last instant, inclusive.
        frequency: the CL_FREQ code of the period's length, or None when it has none.
    """

    text: str
    form: str
    start: dt.datetime
    end: dt.datetime
    frequency: str | None

    @property
    def start_date(self) -> dt.date:
        """The first day."""
        return self.start.date()

    @property
    def end_date(self) -> dt.date:
        """The last day, inclusive."""
        return self.end.date()

    @property
    def sort_key(self) -> tuple[dt.datetime, dt.datetime, str]:
        """Chronological: by start, then the shorter period first (2020-Q1, 2020, 2020-02)."""
        return self.start, self.end, self.text


@lru_cache(maxsize=65536)
def parse_time_period(text: str, reporting_year_start_day: str = CALENDAR_YEAR) -> TimePeriod:
    """Read a time period of any form.

    The reporting year start day (`--MM-DD`) shifts reporting periods only.

    Raises:
        QuerySyntaxError: no such form, or no such period (2021-02-30, 2021-W53).
    """
    try:
        period = _parse(text, reporting_year_start_day)
    except (ValueError, OverflowError):
        period = None
    if period is None:
        raise QuerySyntaxError(
            f"{text[:80]!r} is not a time period; examples: 2020, 2020-03, 2020-03-31, 2020-Q1, "
            "2020-W09, 2020-01-01/P5Y.",
            f"{text[:80]!r} no es un período de tiempo; ejemplos: 2020, 2020-03, 2020-03-31, "
            "2020-Q1, 2020-W09, 2020-01-01/P5Y.",
        )
    return period


def parse_date_time(text: str) -> dt.datetime:
    """Read an xs:dateTime, or the first instant of an xs:date; without an offset it is UTC.

    A `+` of the offset that a client left unencoded may have become a blank; it is read as `+`.

    Raises:
        QuerySyntaxError: it is neither.
    """
    instant = _instant_or_none(text.replace(" ", "+"))
    if instant is None:
        raise QuerySyntaxError(
            f"{text[:80]!r} is not a date and time such as 2024-05-01T12:00:00Z.",
            f"{text[:80]!r} no es una fecha y hora como 2024-05-01T12:00:00Z.",
        )
    return instant


def check_start_day(text: str) -> str:
    """Give back a reporting year start day that is well formed (`--07-01`).

    Raises:
        QuerySyntaxError: it is not `--MM-DD`, or there is no such day.
    """
    match = _START_DAY.fullmatch(text)
    if match is None or int(match[2]) > monthrange(2000, int(match[1]))[1]:
        raise QuerySyntaxError(
            f"{text[:80]!r} is not a reporting year start day such as --07-01.",
            f"{text[:80]!r} no es un día de inicio del año de reporte como --07-01.",
        )
    return text


def sort_key(
    text: str, reporting_year_start_day: str = CALENDAR_YEAR
) -> tuple[dt.datetime, dt.datetime, str]:
    """Give the chronological sort key of a period of any form."""
    return parse_time_period(text, reporting_year_start_day).sort_key


@lru_cache(maxsize=65536)
def fits_frequency(text: str, frequency: str) -> bool:
    """Tell whether a period is one that suits a CL_FREQ code (section 6, 4.2; CL_FREQ 2.1).

    `A5` takes a range of five years or a plain year; `B` a day that is no weekend. Irregular,
    occasional and unknown codes take every form. What is no period at all suits none.
    """
    try:
        period = parse_time_period(text)
    except QuerySyntaxError:
        return False
    if frequency == "B":
        return period.frequency == "D" and period.start.weekday() < 5
    if _MULTI_YEAR.fullmatch(frequency):
        return period.frequency in (frequency, "A")
    if frequency not in _REGULAR:
        return True
    return period.frequency == frequency or period.form in _LABELLED_BY.get(frequency, ())


def _lt(observed: TimePeriod, asked: TimePeriod) -> bool:
    return observed.end < asked.start


def _le(observed: TimePeriod, asked: TimePeriod) -> bool:
    return observed.end <= asked.end


def _gt(observed: TimePeriod, asked: TimePeriod) -> bool:
    return observed.start > asked.end


def _ge(observed: TimePeriod, asked: TimePeriod) -> bool:
    return observed.start >= asked.start


def _eq(observed: TimePeriod, asked: TimePeriod) -> bool:
    return observed.start >= asked.start and observed.end <= asked.end


def _ne(observed: TimePeriod, asked: TimePeriod) -> bool:
    return not _eq(observed, asked)


FRAME_OPERATORS: Final[dict[str, Callable[[TimePeriod, TimePeriod], bool]]] = {
    "eq": _eq,
    "ne": _ne,
    "lt": _lt,
    "le": _le,
    "gt": _gt,
    "ge": _ge,
}
"""How an observed period (first) compares with one asked for: by their frames.

`gt` and `lt` want the whole frame after or before the other; `ge` looks at the starts, `le` at
the ends, `eq` wants it inside. So `lt:2020-02` does not give 2020-Q1 (sdmx-rest issue 237).
"""


def compare(operator: FrameOperator, observed: TimePeriod, asked: TimePeriod) -> bool:
    """Compare two periods by their frames; see `FRAME_OPERATORS`."""
    return FRAME_OPERATORS[operator](observed, asked)


def _parse(text: str, start_day: str) -> TimePeriod | None:
    match = _PERIOD.fullmatch(text)
    if match is None:
        return _parse_range(text) if "/" in text else _parse_instant(text)
    year, month, day, letter, number, letter2, number2, letter3, number3, zone = match.groups()
    if month is None and letter is None and letter2 is None and letter3 is None:
        return _months(text, "year", _zoned(int(year), 1, 1, zone), 12, "A")
    if day is not None:
        start = _zoned(int(year), int(month), int(day), zone)
        return TimePeriod(text, "date", start, _before(start, dt.timedelta(days=1)), "D")
    if month is not None:
        return _months(text, "month", _zoned(int(year), int(month), 1, zone), 1, "M")
    letter = letter or letter2 or letter3
    ordinal = int(number or number2 or number3)
    return _reporting_period(text, letter, ordinal, _year_base(int(year), start_day, zone))


def _reporting_period(text: str, letter: str, ordinal: int, base: dt.datetime) -> TimePeriod | None:
    if letter in _MONTH_PERIODS:
        count, frequency = _MONTH_PERIODS[letter]
        if not 1 <= ordinal <= count:
            return None
        length = 12 // count
        start = _add_months(base, (ordinal - 1) * length)
        end = _before_months(base, ordinal * length)
        return TimePeriod(text, letter, start, end, frequency)
    step = dt.timedelta(days=1)
    next_base = _add_months(base, 12) if base.year < dt.MAXYEAR else None
    if letter == "W":
        step = dt.timedelta(days=7)
        base = _week_base(base)
        next_base = None if next_base is None else _week_base(next_base)
    start = base + (ordinal - 1) * step
    if ordinal < 1 or (next_base is not None and start >= next_base):
        return None
    return TimePeriod(text, letter, start, _before(start, step), letter)


def _week_base(base: dt.datetime) -> dt.datetime:
    """The Monday of the first week: the one that has most of its days in the year."""
    weekday = base.weekday()
    return base - dt.timedelta(days=weekday) if weekday < 4 else base + dt.timedelta(7 - weekday)


def _year_base(year: int, start_day: str, zone: str | None) -> dt.datetime:
    if start_day == CALENDAR_YEAR:
        return _zoned(year, 1, 1, zone)
    match = _START_DAY.fullmatch(start_day)
    if match is None:
        raise ValueError(start_day)
    month, day = int(match[1]), int(match[2])
    if month == 2 and day == 29 and not isleap(year):
        day = 28
    return _zoned(year, month, day, zone)


def _parse_instant(text: str) -> TimePeriod | None:
    match = _DATE_TIME.fullmatch(text)
    if match is None:
        return None
    year, month, day, hour, minute, second, fraction, zone = match.groups()
    start = _zoned(int(year), int(month), int(day), zone)
    micro = int((fraction or "0").ljust(6, "0")[:6])
    if hour == "24":
        if (minute, second, micro) != ("00", "00", 0):
            return None
        start += dt.timedelta(days=1)
    else:
        start = start.replace(
            hour=int(hour), minute=int(minute), second=int(second), microsecond=micro
        )
    return TimePeriod(text, "datetime", start, start, None)


def _instant_or_none(text: str) -> dt.datetime | None:
    if not (_DATE_TIME.fullmatch(text) or _DATE.fullmatch(text)):
        return None
    try:
        return parse_time_period(text).start.astimezone(dt.UTC)
    except (QuerySyntaxError, OverflowError):
        return None


def _parse_range(text: str) -> TimePeriod | None:
    first, _, duration = text.partition("/")
    match = _DURATION.fullmatch(duration)
    if match is None or not (_DATE.fullmatch(first) or _DATE_TIME.fullmatch(first)):
        return None
    years, months, days, hours, minutes = (int(part or 0) for part in match.groups()[:5])
    rest = dt.timedelta(days=days, hours=hours, minutes=minutes, seconds=float(match.group(6) or 0))
    months += 12 * years
    start = parse_time_period(first).start
    end = _before(_add_months(start, months), rest) if rest else _before_months(start, months)
    if end < start:
        return None
    return TimePeriod(text, "range", start, end, _range_frequency(months, rest))


def _range_frequency(months: int, rest: dt.timedelta) -> str | None:
    if rest:
        return None if months else _SECONDS_FREQUENCY.get(rest.total_seconds())
    if months > 12 and months % 12 == 0:
        return f"A{months // 12}"
    return _MONTHS_FREQUENCY.get(months)


def _months(text: str, form: str, start: dt.datetime, months: int, frequency: str) -> TimePeriod:
    return TimePeriod(text, form, start, _before_months(start, months), frequency)


def _zoned(year: int, month: int, day: int, zone: str | None) -> dt.datetime:
    return dt.datetime(year, month, day, tzinfo=_timezone(zone))


@lru_cache(maxsize=256)
def _timezone(zone: str | None) -> dt.timezone:
    if zone is None or zone == "Z":
        return dt.UTC
    minutes = int(zone[1:3]) * 60 + int(zone[4:6])
    return dt.timezone(dt.timedelta(minutes=-minutes if zone[0] == "-" else minutes))


def _add_months(start: dt.datetime, months: int) -> dt.datetime:
    """Add months; a day that the month does not have becomes its last (xs:duration)."""
    year, month = divmod(start.year * 12 + start.month - 1 + months, 12)
    if year > dt.MAXYEAR:
        raise OverflowError
    day = min(start.day, monthrange(year, month + 1)[1])
    return start.replace(year=year, month=month + 1, day=day)


def _before_months(start: dt.datetime, months: int) -> dt.datetime:
    """The last instant of a span of months; that of the year 9999 has no next instant."""
    reached = start.year * 12 + start.month - 1 + months
    if reached == 12 * (dt.MAXYEAR + 1) and (start.day, start.time()) == (1, dt.time.min):
        return dt.datetime.max.replace(tzinfo=start.tzinfo)
    return _add_months(start, months) - _INSTANT


def _before(start: dt.datetime, length: dt.timedelta) -> dt.datetime:
    """The last instant of a span."""
    return start + (length - _INSTANT)
