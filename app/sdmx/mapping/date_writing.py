"""Writing time periods: the period of a frequency that an instant falls into.

SDMX 3.0 section 6, 13.7: each frequency has its format, unless a FrequencyFormatMapping gives it
another.
"""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Callable, Mapping
from typing import Final, TypeAlias

from app.errors import InvalidArtefactError
from app.sdmx.mapping.month_names import month_name
from app.sdmx.mapping.pattern_fields import Field, read_pattern

Write: TypeAlias = Callable[[dt.datetime], str]

_MULTI_YEAR: Final = re.compile(r"A[1-9][0-9]{0,3}")


def _parts(number: int) -> Callable[[dt.datetime], int]:
    """The number of the part of its year, of so many, that an instant falls into."""
    return lambda instant: (instant.month - 1) * number // 12 + 1


_NUMBERS: Final[Mapping[str, Callable[[dt.datetime], int]]] = {
    "A": _parts(1),
    "S": _parts(2),
    "T": _parts(3),
    "Q": _parts(4),
    "M": _parts(12),
    "W": lambda instant: instant.isocalendar().week,
    "D": lambda instant: instant.timetuple().tm_yday,
}


def _week(instant: dt.datetime) -> str:
    year, week, _ = instant.isocalendar()
    return f"{year:04}-W{week:02}"


def _day(instant: dt.datetime) -> str:
    return instant.date().isoformat()


def _second(instant: dt.datetime) -> str:
    return instant.replace(microsecond=0).isoformat()


_WRITERS: Final[Mapping[str, Write]] = {
    "A": lambda instant: f"{instant.year:04}",
    "S": lambda instant: f"{instant.year:04}-S{_NUMBERS['S'](instant)}",
    "T": lambda instant: f"{instant.year:04}-T{_NUMBERS['T'](instant)}",
    "Q": lambda instant: f"{instant.year:04}-Q{_NUMBERS['Q'](instant)}",
    "M": lambda instant: f"{instant.year:04}-{instant.month:02}",
    "W": _week,
    "D": _day,
    "I": _second,
}
_ALSO: Final = {"A_3": "T", "M2": "M", "B": "D", "N": "I", "H": "I", "D_2": "I", "H2": "I"}
"""Codes of CL_FREQ whose periods are written as those of another."""


def period_writer(frequency: str) -> Write | None:
    """How the periods of a frequency are written; nothing where the standard does not say."""
    if _MULTI_YEAR.fullmatch(frequency):
        return _WRITERS["A"]
    return _WRITERS.get(_ALSO.get(frequency, frequency))


def pattern_writer(pattern: str, language: str = "en") -> Write:
    """How periods are written by a pattern, as of a FrequencyFormatMapping.

    Args:
        pattern: the pattern.
        language: that of the names of months.

    Raises:
        InvalidArtefactError: the pattern cannot be written.
    """
    fields = read_pattern(pattern)
    for field in fields:
        if field.letter and field.letter[0] not in "yYMwDdHmsSn":
            raise InvalidArtefactError(
                f"The date pattern {pattern[:80]!r} cannot be written: {field.letter}.",
                f"El patrón de fecha {pattern[:80]!r} no se puede escribir: {field.letter}.",
            )
    return lambda instant: "".join(_written(field, instant, language) for field in fields)


def _written(field: Field, instant: dt.datetime, language: str) -> str:
    letter, width = field.letter, field.width
    if not letter:
        return field.text
    if letter in "yY":
        year = instant.year if letter == "y" else instant.isocalendar().year
        return f"{year % 100:02}" if width == 2 else f"{year:04}"
    if letter == "M" and width > 2:
        return month_name(language, instant.month, short=width == 3)
    if letter[0] == "n":
        return f"{_NUMBERS[letter[1]](instant):0{width}}"
    number = {
        "M": instant.month,
        "w": instant.isocalendar().week,
        "D": instant.timetuple().tm_yday,
        "d": instant.day,
        "H": instant.hour,
        "m": instant.minute,
        "s": instant.second,
        "S": instant.microsecond // 1000,
    }[letter]
    return f"{number:0{width}}"
