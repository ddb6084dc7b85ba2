"""Time periods as people write them (`Enero 2024`, `ene-24`, `I trimestre`), and dates of cells."""

from __future__ import annotations

import calendar
import datetime as dt
import re
from dataclasses import dataclass
from typing import Final

from app.sdmx.values import is_time_period
from app.sheets.labels import fold, without_notes

_MONTHS: Final = (
    ("enero", "ene", "january", "jan", "janvier", "janv", "januari"),
    ("febrero", "feb", "febr", "february", "fevrier", "fevr", "februari"),
    ("marzo", "mar", "march", "mars", "maart", "mrt"),
    ("abril", "abr", "april", "apr", "avril", "avr"),
    ("mayo", "may", "mai", "mei"),
    ("junio", "jun", "june", "juin", "juni"),
    ("julio", "jul", "july", "juillet", "juil", "juli"),
    ("agosto", "ago", "agos", "august", "aug", "aout", "augustus"),
    ("septiembre", "setiembre", "sep", "sept", "set", "september", "septembre"),
    ("octubre", "oct", "october", "octobre", "oktober", "okt"),
    ("noviembre", "nov", "november", "novembre"),
    ("diciembre", "dic", "december", "dec", "decembre"),
)
MONTHS: Final = {name: number for number, names in enumerate(_MONTHS, 1) for name in names}
_ORDINALS: Final = {
    **{"i": 1, "ii": 2, "iii": 3, "iv": 4},
    **{"primer": 1, "primero": 1, "segundo": 2, "tercer": 3, "tercero": 3, "cuarto": 4},
    **{"first": 1, "second": 2, "third": 3, "fourth": 4},
}
_QUARTER: Final = frozenset({"trimestre", "trim", "tri", "t", "q", "quarter", "trimester"})
_HALF: Final = frozenset({"semestre", "sem", "s", "semester"})
_YEAR: Final = frozenset({"ano", "anio", "year", "annee", "jaar"})
_IGNORED: Final = frozenset(
    {"de", "del", "of", "er", "ro", "do", "to", "ero", "o", "a", "st", "nd", "rd", "th"}
)
_TOKENS: Final = re.compile(r"[a-z]+|[0-9]+")
_YEARS: Final = range(1900, 2101)
_CENTURY: Final = 2000
_MONTHS_OF: Final = {"A": 12, "S": 6, "T": 4, "Q": 3, "M": 1}
_LETTER: Final = {"S": "S", "T": "T", "Q": "Q"}


@dataclass(slots=True)
class PeriodParts:
    """What a label says of a period; `None` where it says nothing."""

    year: int | None = None
    month: int | None = None
    quarter: int | None = None
    half: int | None = None

    def text(self) -> str | None:
        """The period in the form of SDMX, if it is one."""
        if self.year is None or (self.month, self.quarter, self.half).count(None) < 2:
            return None
        if self.month:
            return f"{self.year}-{self.month:02d}"
        if self.quarter:
            return f"{self.year}-Q{self.quarter}"
        return f"{self.year}-S{self.half}" if self.half else str(self.year)


def read_period(text: str, frequency: str | None) -> str | None:
    """A period from a label, or nothing when it says none, or not all of it."""
    if is_time_period(text):
        return text
    parts = read_parts(text, frequency)
    return parts.text() if parts else None


def find_year(text: str) -> str | None:
    """The one year that a title names, or nothing when it names none or several."""
    found = {year for year in re.findall(r"(?<!\d)\d{4}(?!\d)", text) if int(year) in _YEARS}
    return found.pop() if len(found) == 1 else None


def read_parts(text: str, frequency: str | None) -> PeriodParts | None:
    """What a label says of a period; nothing when a word of it is not understood."""
    return _Reading(frequency).read(text) or _Reading(frequency).read(without_notes(text))


class _Reading:
    """Takes the words of a label one by one."""

    def __init__(self, frequency: str | None) -> None:
        self._frequency = frequency
        self._parts = PeriodParts()
        self._numbers: list[int] = []
        self._unit = ""

    def read(self, text: str) -> PeriodParts | None:
        folded = fold(text)
        tokens = _TOKENS.findall(folded)
        if not tokens or re.sub(r"[a-z0-9\s./,()ºª°'-]", "", folded):
            return None
        if not all(self._take(token) for token in tokens):
            return None
        return self._parts if self._settle() and self._parts != PeriodParts() else None

    def _take(self, token: str) -> bool:
        if token.isdigit():
            return self._number(token)
        if token in MONTHS:
            return self._set("month", MONTHS[token])
        if token in _QUARTER or token in _HALF:
            unit, self._unit = self._unit, "quarter" if token in _QUARTER else "half"
            return not unit
        if token in _ORDINALS:
            self._numbers.append(_ORDINALS[token])
            return True
        return token in _IGNORED or token in _YEAR

    def _number(self, token: str) -> bool:
        if len(token) == 4 and int(token) in _YEARS:
            return self._set("year", int(token))
        self._numbers.append(int(token))
        return len(token) <= 2

    def _settle(self) -> bool:
        """Say what the loose numbers are: a quarter, a month, a year of two digits."""
        for number in self._numbers:
            if self._unit:
                unit, self._unit = self._unit, ""
                most = 4 if unit == "quarter" else 2
                if not 1 <= number <= most or not self._set(unit, number):
                    return False
            elif self._parts.month and self._parts.year is None:
                self._parts.year = _CENTURY + number
            elif not self._loose(number):
                return False
        return not self._unit

    def _loose(self, number: int) -> bool:
        if self._frequency == "M" and 1 <= number <= 12:
            return self._set("month", number)
        if self._frequency == "Q" and 1 <= number <= 4:
            return self._set("quarter", number)
        return False

    def _set(self, name: str, value: int) -> bool:
        if getattr(self._parts, name) is not None:
            return False
        setattr(self._parts, name, value)
        return True


def period_of_date(iso: str, frequency: str | None) -> str:
    """The period that a date in a cell stands for: the one that it begins or ends.

    A date within a period, or one without frequency, stays a date (or a time) itself.
    """
    moment = dt.datetime.fromisoformat(iso)
    if moment.time() != dt.time.min:
        return moment.isoformat()
    day = moment.date()
    months = _MONTHS_OF.get(frequency or "")
    if months is None:
        return _week(day) if frequency == "W" else day.isoformat()
    first = (day.month - 1) // months * months + 1
    last = first + months - 1
    begins = (day.month, day.day) == (first, 1)
    ends = (day.month, day.day) == (last, calendar.monthrange(day.year, last)[1])
    if not begins and not ends:
        return day.isoformat()
    if frequency == "M":
        return f"{day:%Y-%m}"
    letter = _LETTER.get(frequency or "")
    return f"{day.year:04d}-{letter}{last // months}" if letter else f"{day.year:04d}"


def _week(day: dt.date) -> str:
    year, week, weekday = day.isocalendar()
    return f"{year:04d}-W{week:02d}" if weekday in {1, 7} else day.isoformat()
