"""Operators that compare a series with itself: its history, its periods, what was published.

Each has a quick look at the whole column first, which is all that most series need.
"""

from __future__ import annotations

from bisect import bisect_left, insort
from collections.abc import Callable, Mapping, Sequence
from functools import lru_cache
from typing import Any, Final

from app.errors import QuerySyntaxError
from app.sdmx import series
from app.sdmx.checks.cells import Cells, bounds_of, to_numbers
from app.sdmx.checks.operators import (
    HAS_ENDED,
    IN_LINE_WITH_HISTORY,
    IN_LINE_WITH_PUBLISHED,
    NO_GAP_BEFORE,
)
from app.sdmx.series import TIME
from app.sdmx.time_period import parse_time_period


def in_line_with_history(
    cells: Cells, name: str, window: float, factor: float, least: float
) -> list[bool | None] | bool:
    """Whether each value is within a factor of the median of the observations before it.

    Args:
        cells: the series.
        name: the measure.
        window: how many observations before count; half of them must be there.
        factor: how many times above or below is too far.
        least: neither value nor median above this: never too far.
    """
    numbers = cells.whole_numbers(name)
    if not isinstance(numbers, list) or len(numbers) <= int(window) // 2:
        return True
    bounds = bounds_of(numbers)
    if bounds is not None:
        low, high = bounds
        if high <= least or (low > 0 and high <= low * factor):
            return True
    medians = medians_before(numbers, int(window))
    wanted = range(len(numbers)) if cells.places is None else cells.places
    return [_is_in_line(numbers[place], medians[place], factor, least) for place in wanted]


def _is_in_line(
    value: float | None, median: float | None, factor: float, least: float
) -> bool | None:
    if value is None or median is None:
        return None
    return (value <= least and median <= least) or median / factor <= value <= median * factor


def medians_before(numbers: Sequence[float | None], window: int) -> list[float | None]:
    """The median of the values before each, where at least half a window of them is there."""
    found: list[float | None] = []
    recent: list[float] = []
    ordered: list[float] = []
    for number in numbers:
        found.append(_median(ordered) if 2 * len(ordered) >= window else None)
        if number is None or number != number:
            continue
        if len(recent) == window:
            del ordered[bisect_left(ordered, recent.pop(0))]
        recent.append(number)
        insort(ordered, number)
    return found


def _median(ordered: Sequence[float]) -> float | None:
    if not ordered:
        return None
    middle = len(ordered) // 2
    if len(ordered) % 2:
        return ordered[middle]
    return (ordered[middle - 1] + ordered[middle]) / 2


def no_gap_before(
    cells: Cells, _name: str, measure: str, regular: float, least: float
) -> list[bool | None] | bool:
    """Whether no period is missing before each one sent.

    Args:
        cells: the series.
        measure: the measure.
        regular: how many periods without a gap must stand before the missing ones.
        least: where the value before the gap is below this, nought may have been left out.
    """
    times: list[str] = cells.document[TIME]
    if len(times) <= regular:
        return True
    first, last = ordinal(times[0]), ordinal(times[-1])
    if first is None or last is None or last - first + 1 == len(times):
        return True
    runs = unbroken_before(times)
    wanted = range(len(times)) if cells.places is None else cells.places
    found = [runs[place] < max(1, int(regular)) for place in wanted]
    if all(found):
        return True
    numbers = cells.whole_numbers(measure)
    listed = numbers if isinstance(numbers, list) else [numbers] * len(times)
    return [
        fits or (value := listed[place - 1]) is None or value < least
        for fits, place in zip(found, wanted, strict=True)
    ]


def unbroken_before(times: Sequence[str]) -> list[int]:
    """For each period after a gap, how many stood unbroken before the gap; else 0."""
    found = [0] * len(times)
    run = 1
    before = ordinal(times[0]) if times else None
    for place in range(1, len(times)):
        here = ordinal(times[place])
        if here is None or before is None or here <= before:
            return [0] * len(times)
        if here == before + 1:
            run += 1
        else:
            found[place], run = run, 1
        before = here
    return found


@lru_cache(maxsize=65536)
def ordinal(time: str) -> int | None:
    """The number of a period among those of its length; `None` where they have no order of one."""
    try:
        period = parse_time_period(time)
    except QuerySyntaxError:
        return None
    months = _MONTHS.get(period.frequency or "")
    if months is not None:
        return (period.start.year * 12 + period.start.month - 1) // months
    if period.frequency == "D":
        return period.start.toordinal()
    return period.start.toordinal() // 7 if period.frequency == "W" else None


_MONTHS: Final = {"A": 12, "S": 6, "A_3": 4, "Q": 3, "M": 1}


def has_ended(cells: Cells, name: str) -> list[bool | None] | bool:
    """Whether each period that was sent lies in the past."""
    times = cells.times
    if not times or not times[-1]:
        return True
    if series.of_one_shape([times[-1], times[0]]) and _has_ended(times[-1], cells):
        return True
    return [_has_ended(time, cells) for time in times]


def _has_ended(time: str, cells: Cells) -> bool | None:
    try:
        return parse_time_period(time).end < cells.now
    except QuerySyntaxError:
        return None


def in_line_with_published(
    cells: Cells, name: str, share: float, least: float
) -> list[bool | None] | bool:
    """Whether each value is near to the one that it replaces.

    Args:
        cells: the series.
        name: the measure.
        share: how much of the old value may change, 0.5 for a half.
        least: neither old nor new value above this: never too much.
    """
    old_times: list[str] = cells.before[TIME]
    if not old_times or (cells.times and cells.times[0] > old_times[-1]):
        return True
    old = _values_by_time(cells, name)
    numbers = cells.numbers(name)
    new = numbers if isinstance(numbers, list) else [numbers] * cells.count
    return [
        _is_near(old.get(time), value, share, least)
        for time, value in zip(cells.times, new, strict=True)
    ]


def _values_by_time(cells: Cells, name: str) -> dict[str, float | None]:
    numbers = to_numbers(series.column(cells.before, name))
    listed = numbers if isinstance(numbers, list) else [numbers] * len(cells.before[TIME])
    return dict(zip(cells.before[TIME], listed, strict=True))


def _is_near(old: float | None, new: float | None, share: float, least: float) -> bool | None:
    if old is None or new is None:
        return None
    return max(abs(old), abs(new)) <= least or abs(new - old) <= share * abs(old)


COMPUTE: Final[Mapping[str, Callable[..., Any]]] = {
    IN_LINE_WITH_HISTORY: in_line_with_history,
    NO_GAP_BEFORE: no_gap_before,
    HAS_ENDED: has_ended,
    IN_LINE_WITH_PUBLISHED: in_line_with_published,
}
"""The operators that one series is enough for."""


def expected(function: str, cells: Cells, name: str, numbers: Sequence[float], sent: int) -> str:
    """What an operator would have accepted for an observation, in numbers and periods."""
    place = cells.place(sent)
    if function == IN_LINE_WITH_HISTORY:
        whole = cells.whole_numbers(name)
        listed = whole if isinstance(whole, list) else [whole] * len(cells.document[TIME])
        median = medians_before(listed[: place + 1], int(numbers[0]))[-1] or 0.0
        return f"{_shown(median / numbers[1])} - {_shown(median * numbers[1])}"
    if function == IN_LINE_WITH_PUBLISHED:
        old = _values_by_time(cells, name).get(cells.times[sent]) or 0.0
        return _shown(old)
    if function == NO_GAP_BEFORE:
        return str(cells.document[TIME][place - 1])
    return f"{cells.now:%Y-%m-%d}"


def _shown(number: float) -> str:
    return f"{number:.0f}" if abs(number) >= 100 or number == int(number) else f"{number:.2f}"
