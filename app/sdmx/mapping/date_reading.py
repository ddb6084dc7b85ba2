"""Reading dates by a pattern: the span of time that a text names.

Case, accents, dots after short names and doubled blanks do not count; numbers may lack their
leading zeros unless another number follows at once. Two digits of a year are 1970 to 2069.
A time zone is read and left aside: the periods are those of local time.
"""

from __future__ import annotations

import datetime as dt
import re
from calendar import monthrange
from collections.abc import Callable, Mapping
from typing import Final

from app.errors import QuerySyntaxError
from app.sdmx.mapping.folding import fold
from app.sdmx.mapping.month_names import language, months, weekdays
from app.sdmx.mapping.pattern_fields import Field, read_pattern
from app.sdmx.time_period import parse_time_period

Span = tuple[dt.datetime, dt.datetime]
"""First and last instant, both within, at a resolution of one microsecond, without zone."""

PIVOT: Final = 70
"""Two digits of a year from here on are of the last century."""

_ZONE: Final = r"(?:z|utc|gmt)?(?:[+-]\d{2}:?\d{2})?"
_HALF: Final = r"[ap]\.? ?m\.?"
_ERA: Final = r"(?:ad|ce|d\.? ?c\.?|ap\.? j\.?-?c\.?|n\.? ?chr\.?)"
_BLANKS: Final = re.compile(r"\s+")
_INSTANT: Final = dt.timedelta(microseconds=1)
_HOURS: Final = {"H": (0, 23), "k": (1, 24), "K": (0, 11), "h": (1, 12)}
_SPANS: Final = {"m": 60, "s": 1}


def date_reader(pattern: str, locale: str) -> Callable[[str], Span | None]:
    """How texts of a pattern are read; nothing of a text that is not of the pattern.

    Raises:
        InvalidArtefactError: the pattern or the locale is not known.
    """
    name = language(locale)
    fields = read_pattern(pattern)
    whole = re.compile("".join(_expressions(fields, name)))
    order = [field.letter for field in fields if field.letter]

    def read(text: str) -> Span | None:
        folded = _BLANKS.sub(" ", _fold(text))
        match = whole.fullmatch(folded) if len(folded) <= 200 else None
        if match is None:
            return None
        try:
            return _span(dict(zip(order, match.groups(), strict=True)), name)
        except (ValueError, OverflowError, QuerySyntaxError):
            return None

    return read


def _fold(text: str) -> str:
    """As names are compared, but with the signs at the ends."""
    return fold(f"_{text.strip()}_")[1:-1]


def _expressions(fields: tuple[Field, ...], name: str) -> list[str]:
    made = []
    for place, field in enumerate(fields):
        after = fields[place + 1] if place + 1 < len(fields) else None
        if not field.letter:
            made.append(re.escape(_BLANKS.sub(" ", _fold_text(field.text))).replace(r"\ ", " *"))
            continue
        abuts = after is not None and bool(after.letter) and _is_number(after)
        made.append(f"({_expression(field, name, abuts=abuts)})")
    return made


def _fold_text(text: str) -> str:
    return fold(f"_{text}_")[1:-1]


def _is_number(field: Field) -> bool:
    names = field.letter == "M" and field.width > 2
    return field.letter[:1] in "yYMwWDdFuUHkKhmsSn" and not names


def _expression(field: Field, name: str, *, abuts: bool) -> str:
    letter, width = field.letter, field.width
    if letter in "yY":
        return r"\d{2}" if width == 2 else r"\d{4}"
    if letter == "M" and width > 2:
        return _names(months(name))
    if letter == "E":
        return _names(weekdays(name))
    if letter in {"a", "G", "z", "Z", "X"}:
        return {"a": _HALF, "G": _ERA}.get(letter, _ZONE)
    most = {"D": 3, "S": 9, "nD": 3, "nM": 3}.get(letter, 2)
    if abuts:
        return rf"\d{{{min(width, 9)}}}"
    return rf"\d{{1,{max(most, min(width, 9))}}}"


def _names(names: Mapping[str, int]) -> str:
    longest = sorted(names, key=lambda each: (-len(each), each))
    return rf"(?:{'|'.join(map(re.escape, longest))})\.?"


def _span(found: Mapping[str, str], name: str) -> Span:
    """The span that the parts of a text name.

    Raises:
        ValueError: there is no such day, hour or period.
    """
    year = _year(found)
    period = next((letter for letter in found if letter[0] == "n" and len(letter) == 2), None)
    if period is not None:
        return _numbered_period(year, period[1], int(found[period]))
    if "w" in found:
        return _day_or_week(dt.date.fromisocalendar(year, int(found["w"]), 1), found, name)
    if "D" in found:
        day = dt.date(year, 1, 1) + dt.timedelta(int(found["D"]) - 1)
        if day.year != year:
            raise ValueError(found["D"])
        return _within_day(day, found)
    if "M" not in found:
        return _days(dt.date(year, 1, 1), dt.date(year, 12, 31))
    text = found["M"]
    month = int(text) if text.isdigit() else months(name)[text.strip(" .")]
    if "d" in found:
        return _within_day(dt.date(year, month, int(found["d"])), found)
    if "W" in found or "F" in found:
        return _in_month(year, month, found, name)
    last = monthrange(year, month)[1]
    return _days(dt.date(year, month, 1), dt.date(year, month, last))


def _year(found: Mapping[str, str]) -> int:
    text = found.get("y") or found["Y"]
    number = int(text)
    if len(text) > 2:
        return number
    return number + (1900 if number >= PIVOT else 2000)


def _numbered_period(year: int, letter: str, number: int) -> Span:
    width = {"M": 2, "W": 2, "D": 3}.get(letter, 1)
    period = parse_time_period(f"{year:04}-{letter}{number:0{width}}")
    return period.start.replace(tzinfo=None), period.end.replace(tzinfo=None)


def _weekday(found: Mapping[str, str], name: str) -> int | None:
    number = found.get("u") or found.get("U")
    if number is not None:
        if not 1 <= int(number) <= 7:
            raise ValueError(number)
        return int(number)
    return weekdays(name)[found["E"].strip(" .")] if "E" in found else None


def _day_or_week(monday: dt.date, found: Mapping[str, str], name: str) -> Span:
    weekday = _weekday(found, name)
    if weekday is not None:
        return _within_day(monday + dt.timedelta(weekday - 1), found)
    return _days(monday, monday + dt.timedelta(6))


def _in_month(year: int, month: int, found: Mapping[str, str], name: str) -> Span:
    """The week of a month (W, ISO: the first has four days of it), or its nth Monday (F)."""
    first = dt.date(year, month, 1)
    if "W" in found:
        shift = first.weekday() if first.weekday() < 4 else first.weekday() - 7
        monday = first + dt.timedelta(7 * (int(found["W"]) - 1) - shift)
        return _day_or_week(monday, found, name)
    weekday = _weekday(found, name)
    if weekday is None:
        raise ValueError(found["F"])
    day = first + dt.timedelta((weekday - 1 - first.weekday()) % 7 + 7 * (int(found["F"]) - 1))
    if day.month != month:
        raise ValueError(found["F"])
    return _within_day(day, found)


def _within_day(day: dt.date, found: Mapping[str, str]) -> Span:
    """A day, or the hour, minute, second or instant of it."""
    start = dt.datetime.combine(day, dt.time.min)
    finest = 86400
    hour = _hour(found)
    if hour is not None:
        start, finest = start + dt.timedelta(hours=hour), 3600
    for letter, top in (("m", 59), ("s", 59)):
        if letter in found:
            number = int(found[letter])
            if number > top:
                raise ValueError(found[letter])
            start, finest = start + dt.timedelta(seconds=number * _SPANS[letter]), _SPANS[letter]
    if "S" in found:  # milliseconds, as in Java
        instant = start + dt.timedelta(milliseconds=int(found["S"]))
        return instant, instant
    return start, start + dt.timedelta(seconds=finest) - _INSTANT


def _hour(found: Mapping[str, str]) -> int | None:
    letter = next((one for one in "HkKh" if one in found), None)
    if letter is None:
        return None
    hour = int(found[letter])
    least, most = _HOURS[letter]
    if not least <= hour <= most:
        raise ValueError(found[letter])
    if letter == "k":
        return hour % 24
    if letter == "H":
        return hour
    return hour % 12 + (12 if found.get("a", "a").startswith("p") else 0)


def _days(first: dt.date, last: dt.date) -> Span:
    return dt.datetime.combine(first, dt.time.min), dt.datetime.combine(last, dt.time.max)
