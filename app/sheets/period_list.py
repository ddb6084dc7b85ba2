"""The periods of a frequency within a stretch of time, as headers of a template."""

from __future__ import annotations

from typing import Final

from app.errors import QuerySyntaxError
from app.sdmx.time_period import parse_time_period

MOST_PERIODS: Final = 120
FREQUENCIES: Final = ("M", "Q", "S", "A")
"""Frequencies whose periods are listed."""

_MONTHS: Final = {"M": 1, "Q": 3, "S": 6, "A": 12}


def list_periods(asked: str, frequency: str) -> list[str]:
    """The periods that lie in `2024`, `2024-Q1` or `2020/2024`.

    Raises:
        QuerySyntaxError: it is no stretch of time, of another frequency, or too long.
    """
    first, mark, last = asked.partition("/")
    try:
        start, end = parse_time_period(first), parse_time_period(last if mark else first)
    except QuerySyntaxError:
        raise _refused(asked) from None
    if frequency not in _MONTHS:
        raise QuerySyntaxError(
            f"Periods of the frequency {frequency} are not listed; leave out `period`.",
            f"No se listan períodos de la frecuencia {frequency}; omita `period`.",
            parameter="period",
        )
    step = _MONTHS[frequency]
    month, after = start.start.year * 12 + start.start.month - 1, end.end
    found: list[str] = []
    month = month // step * step
    while (month // 12, month % 12 + 1) <= (after.year, after.month):
        found.append(_name(month, frequency))
        month += step
        if len(found) > MOST_PERIODS:
            raise _refused(asked)
    if not found:
        raise _refused(asked)
    return found


def _name(month: int, frequency: str) -> str:
    year, place = divmod(month, 12)
    if frequency == "M":
        return f"{year:04d}-{place + 1:02d}"
    if frequency == "A":
        return f"{year:04d}"
    return f"{year:04d}-{frequency}{place // _MONTHS[frequency] + 1}"


def _refused(asked: str) -> QuerySyntaxError:
    return QuerySyntaxError(
        f"period={asked[:40]!r} is no stretch of up to {MOST_PERIODS} periods: write 2024, "
        "2024-Q1 or 2020/2024.",
        f"period={asked[:40]!r} no es un lapso de hasta {MOST_PERIODS} períodos: escriba 2024, "
        "2024-Q1 o 2020/2024.",
        parameter="period",
    )
