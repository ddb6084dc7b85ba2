"""Date maps: texts of a pattern, or numbers since a period, to time periods of a frequency.

SDMX 3.0 section 6, 13.7. A span of time that is longer than a period of the target frequency leads
to its last period, or as `resolvePeriod` says to its first or middle one. A period of reporting
years is written as of calendar years.
"""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Callable, Iterable, Mapping
from decimal import ROUND_FLOOR, Decimal
from typing import Final, TypeAlias

from app.errors import InvalidArtefactError, QuerySyntaxError
from app.sdmx.mapping.date_reading import Span, date_reader
from app.sdmx.mapping.date_writing import Write, pattern_writer, period_writer
from app.sdmx.mapping.documents import (
    DateMap,
    DatePatternMap,
    EpochMap,
    FrequencyFormatMapping,
    ResolvePeriod,
)
from app.sdmx.mapping.month_names import language
from app.sdmx.time_period import parse_time_period

_NUMBER: Final = re.compile(r"[+-]?\d{1,30}(?:\.\d{1,12})?")
_MICROSECONDS: Final[Mapping[str, Decimal]] = {
    "nanosecond": Decimal("0.001"),
    "microsecond": Decimal(1),
    "millisecond": Decimal(1000),
    "second": Decimal(1_000_000),
    "day": Decimal(86_400_000_000),
}
_ONE_DAY: Final = dt.datetime(2025, 1, 31)  # noqa: DTZ001 - dates of maps have no zone
"""The day of examples: its numbers of day and month cannot be mixed up."""

Read: TypeAlias = Callable[[str], Span | None]


class DateTable:
    """A date map that can be run.

    Attributes:
        frequency_component: the target component that tells the frequency; nothing: it is fixed.
        shown: what a value has to be, as the map says it.
        example: a value that is read, for findings.
    """

    def __init__(
        self,
        read: Read,
        shown: str,
        example: str,
        document: DateMap,
        formats: Mapping[str, Write],
    ) -> None:
        self.frequency_component = document.frequency_dimension
        self.shown = shown
        self.example = example
        self._read = read
        self._frequency = document.target_frequency_id
        self._formats = formats
        self._resolve: ResolvePeriod = document.resolve_period
        if (self.frequency_component is None) == (self._frequency is None):
            raise InvalidArtefactError(
                "A date map names either a frequencyDimension or a targetFrequencyID.",
                "Un mapa de fechas nombra frequencyDimension o targetFrequencyID.",
            )
        if self._frequency is not None and self._writer(self._frequency) is None:
            raise InvalidArtefactError(
                f"Periods of the frequency {self._frequency[:40]!r} have no format; give it a "
                "FrequencyFormatMapping.",
                f"Los períodos de la frecuencia {self._frequency[:40]!r} no tienen formato; dele "
                "un FrequencyFormatMapping.",
            )

    def find(self, value: str, frequency: str) -> str | None:
        """The time period of a value; nothing where it, or the frequency, is of no kind known.

        Args:
            value: as it was sent.
            frequency: value of the component that tells the frequency, where there is one.
        """
        span = self._read(value)
        write = self._writer(self._frequency or frequency)
        if span is None or write is None:
            return None
        first, last = span
        if self._resolve == "startOfPeriod":
            return write(first)
        if self._resolve == "endOfPeriod":
            return write(last)
        return write(first + (last - first) / 2)

    def _writer(self, frequency: str) -> Write | None:
        return self._formats.get(frequency) or period_writer(frequency)


def pattern_table(document: DatePatternMap, formats: Iterable[FrequencyFormatMapping]) -> DateTable:
    """A DatePatternMap that can be run.

    Raises:
        InvalidArtefactError: a pattern, locale or frequency is not known.
    """
    read = date_reader(document.source_pattern, document.locale)
    pattern = document.source_pattern
    example = _example(pattern, document.locale)
    return DateTable(read, pattern, example, document, _formats(document, formats))


def _example(pattern: str, locale: str) -> str:
    """A day as a pattern writes it; the pattern itself where that is only read."""
    try:
        return pattern_writer(pattern, language(locale))(_ONE_DAY)
    except InvalidArtefactError:
        return pattern


def epoch_table(document: EpochMap, formats: Iterable[FrequencyFormatMapping]) -> DateTable:
    """An EpochMap that can be run.

    Raises:
        InvalidArtefactError: the base is no time period, or a frequency is not known.
    """
    try:
        base = parse_time_period(document.base_period).start.replace(tzinfo=None)
    except QuerySyntaxError as error:
        raise InvalidArtefactError(error.text["en"], error.text["es"]) from None
    unit = _MICROSECONDS[document.epoch_period]

    def read(value: str) -> Span | None:
        text = value.strip()
        if _NUMBER.fullmatch(text) is None:
            return None
        spans = (Decimal(text) * unit).to_integral_value(ROUND_FLOOR)
        try:
            instant = base + dt.timedelta(microseconds=int(spans))
        except OverflowError:
            return None
        return instant, instant

    shown = f"{document.epoch_period}s, {document.base_period}"
    since = Decimal((_ONE_DAY - base) // dt.timedelta(microseconds=1))
    example = f"{(since / unit).to_integral_value():f} ({_ONE_DAY:%Y-%m-%d})"
    return DateTable(read, shown, example, document, _formats(document, formats))


def _formats(document: DateMap, listed: Iterable[FrequencyFormatMapping]) -> dict[str, Write]:
    """Formats by frequency: those that the map names by id or frequency, else all."""
    named = document.mapped_frequencies
    known = [one for one in listed if not named or _named_by(one, named)]
    missing = [name for name in named if not any(_named_by(one, (name,)) for one in known)]
    if missing:
        raise InvalidArtefactError(
            f"There is no FrequencyFormatMapping {missing[0][:40]!r}.",
            f"No hay FrequencyFormatMapping {missing[0][:40]!r}.",
        )
    return {one.frequency_id: pattern_writer(one.date_pattern) for one in known}


def _named_by(mapping: FrequencyFormatMapping, names: Iterable[str]) -> bool:
    """Whether one of the names is the id of a format, or its frequency."""
    return any(name in (mapping.id, mapping.frequency_id) for name in names)
