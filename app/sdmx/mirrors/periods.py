"""Periods of mirror statistics: one spelling for each, moving by some, and sums over years."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Mapping
from decimal import Decimal
from functools import lru_cache
from typing import Final

from app.errors import QuerySyntaxError
from app.sdmx.time_period import parse_time_period

PARTS: Final[Mapping[str, int]] = {"A": 1, "S": 2, "Q": 4, "M": 12}
"""Periods of a year, by frequency."""

_START: Final[Mapping[str, int]] = {"S": 6, "Q": 3, "M": 1}


@lru_cache(maxsize=65536)
def canonical_period(text: str) -> str:
    """The shortest spelling of a period: `2023-M01` is `2023-01`, `2023-A1` is `2023`."""
    if len(text) < 7 or not text[5].isalpha() or text[5] not in "AM":
        return text
    rest = text[6:]
    if text[5] == "A":
        return text[:4] if rest == "1" else text
    return f"{text[:4]}-{rest[-2:]}" if len(rest) == 2 and rest.isdigit() else text


@lru_cache(maxsize=65536)
def move_period(text: str, count: int) -> str | None:
    """The period that many later; `None` where its kind cannot be counted on."""
    place = _place(text)
    if place is None or count == 0:
        return text if count == 0 else None
    frequency, number = place
    year, part = divmod(number + count, PARTS[frequency])
    return _text(frequency, year, part + 1) if 0 < year < 10000 else None


def _place(text: str) -> tuple[str, int] | None:
    """Frequency of a calendar period and its number since the year 0."""
    try:
        period = parse_time_period(text)
    except QuerySyntaxError:
        return None
    frequency = period.frequency
    if frequency is None or frequency not in PARTS or period.form in {"range", "datetime"}:
        return None
    start = period.start_date
    months = _START.get(frequency, 12)
    return frequency, start.year * PARTS[frequency] + (start.month - 1) // months


def _text(frequency: str, year: int, part: int) -> str:
    if frequency == "A":
        return f"{year:04}"
    return f"{year:04}-{part:02}" if frequency == "M" else f"{year:04}-{frequency}{part}"


def within(first: dt.date | None, last: dt.date | None) -> Callable[[str], bool] | None:
    """A test whether a period lies between two days, both included; `None`: all do."""
    if first is None and last is None:
        return None

    @lru_cache(maxsize=65536)
    def passes(text: str) -> bool:
        period = parse_time_period(text)
        return (first is None or period.start_date >= first) and (
            last is None or period.end_date <= last
        )

    return passes


def sums_of_years(values: Mapping[str, Decimal]) -> dict[str, Decimal]:
    """The sum of each year whose periods are all there."""
    found: dict[tuple[str, int], list[Decimal]] = {}
    for text, value in values.items():
        place = _place(text)
        if place is not None:
            frequency, number = place
            found.setdefault((frequency, number // PARTS[frequency]), []).append(value)
    return {
        f"{year:04}": sum(parts, Decimal(0))
        for (frequency, year), parts in sorted(found.items())
        if len(parts) == PARTS[frequency]
    }


def changes_of_years(values: Mapping[str, Decimal]) -> dict[str, Decimal]:
    """The change of each year whose end, and the end of the one before, are there."""
    ends: dict[int, Decimal] = {}
    for text, value in values.items():
        place = _place(text)
        if place is not None and (place[1] + 1) % PARTS[place[0]] == 0:
            ends[place[1] // PARTS[place[0]]] = value
    return {
        f"{year:04}": value - ends[year - 1]
        for year, value in sorted(ends.items())
        if year - 1 in ends
    }
