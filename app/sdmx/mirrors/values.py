"""The values of a side by period, each with its source, and what stands in the place of others."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Final, Literal

from app.sdmx import series
from app.sdmx.mirrors.cells import SideSeries
from app.sdmx.mirrors.periods import canonical_period
from app.sdmx.series import TIME, Document

SUPPRESSED_STATUS: Final = "Q"
FREE: Final = "F"
"""The confidentiality status of what is open to all."""

_NOW_SUPPRESSED: Final = ("MISSING", "SUPPRESSED")
_NUMBER: Final = re.compile(r"-?(?:0|[1-9]\d*)(?:\.\d+)?")

Nothing = Literal["MISSING", "SUPPRESSED"]
OfYears = Callable[[Mapping[str, Decimal]], dict[str, Decimal]]


@dataclass(slots=True)
class Values:
    """Values of a series, and of those behind it where it has none.

    Attributes:
        texts: decimal text by period.
        nothing: periods that are there without a value, and why.
        multiplier: the power of ten that they are in.
        first: the series that all are of, but those that another answered for.
        others: who answered for these, by period.
    """

    texts: dict[str, str]
    nothing: dict[str, Nothing]
    multiplier: int
    first: SideSeries | None = None
    others: dict[str, SideSeries] = field(default_factory=dict)

    def number(self, period: str) -> float:
        """The value of a period in its plain unit."""
        return float(self.texts[period]) * 10.0**self.multiplier

    def source(self, period: str) -> SideSeries | None:
        """Whose figure that of a period is, or who says that there is none to be told."""
        if period in self.texts or period in self.nothing:
            return self.others.get(period, self.first)
        return None


def read_values(one: SideSeries, measure: str, of_years: OfYears | None = None) -> Values:
    """The values of a series, for each period of the first of its ranks that has one.

    Those of a formula are computed. Years are made if asked for: a year is of one source.
    """
    found = _of_one(one, measure, of_years)
    if one.behind is None:
        return found
    behind = ((each, _of_one(each, measure, of_years)) for each in one.behind.ranked())
    return _filled(found, behind)


def _of_one(one: SideSeries, measure: str, of_years: OfYears | None) -> Values:
    found = _added(one, measure) if one.parts else _stored(one, measure)
    if of_years is not None:
        numbers = {period: Decimal(text) for period, text in found.texts.items()}
        made = {period: f"{value:f}" for period, value in of_years(numbers).items()}
        found = Values(made, {}, found.multiplier)
    found.first = one
    return found


def _filled(found: Values, behind: Iterable[tuple[SideSeries, Values]]) -> Values:
    """The values with those of the next ranks where there are none.

    What is suppressed is answered: it stays so, whatever another says.
    """
    for one, values in behind:
        _bring_to(found, values)
        for period, text in values.texts.items():
            if period not in found.texts and found.nothing.get(period) != "SUPPRESSED":
                found.nothing.pop(period, None)
                found.texts[period] = text
                found.others[period] = one
        for period, why in values.nothing.items():
            known = found.nothing.get(period)
            if period not in found.texts and (known is None or (known, why) == _NOW_SUPPRESSED):
                found.nothing[period] = why
                found.others[period] = one
    found.texts = dict(sorted(found.texts.items()))
    return found


def _bring_to(found: Values, values: Values) -> None:
    """Bring both to one power of ten: the lower, of those that have values."""
    there = [each.multiplier for each in (found, values) if each.texts]
    wanted = min(there, default=found.multiplier)
    for each in (found, values):
        if each.multiplier != wanted:
            texts = each.texts.items()
            each.texts = {period: in_unit(t, each.multiplier, wanted) for period, t in texts}
            each.multiplier = wanted


def in_unit(text: str, multiplier: int, wanted: int) -> str:
    """A value in another power of ten."""
    if multiplier == wanted:
        return text if _NUMBER.fullmatch(text) else f"{Decimal(text):f}"
    return f"{Decimal(text).scaleb(multiplier - wanted):f}"


def _stored(one: SideSeries, measure: str) -> Values:
    document = one.document()
    multiplier = one.multiplier(document)
    times = document[TIME]
    column = document.get(measure)
    if not isinstance(column, list):
        column = [column] * len(times)
    texts = dict(zip(times, column, strict=True))
    if times and len(times[0]) > 5 and times[0][5].isalpha():
        texts = {canonical_period(time): text for time, text in texts.items()}
    nothing: dict[str, Nothing] = {}
    if None in column:
        nothing = _nothing(document, column)
        texts = {time: text for time, text in texts.items() if text is not None}
    return Values(texts, nothing, multiplier)


def _nothing(document: Document, column: list[str | None]) -> dict[str, Nothing]:
    statuses = series.column(document, "OBS_STATUS")
    confidential = series.column(document, "CONF_STATUS")
    return {
        canonical_period(time): (
            "SUPPRESSED" if status == SUPPRESSED_STATUS or conf not in (None, FREE) else "MISSING"
        )
        for time, text, status, conf in zip(
            document[TIME], column, statuses, confidential, strict=True
        )
        if text is None
    }


def _added(one: SideSeries, measure: str) -> Values:
    """What a formula gives for the periods that all parts have."""
    parts = [(sign, read_values(part, measure)) for sign, part in one.parts]
    wanted = min(values.multiplier for _, values in parts)
    texts: dict[str, str] = {}
    nothing: dict[str, Nothing] = {}
    for period in dict.fromkeys(time for _, v in parts for time in (*v.texts, *v.nothing)):
        gone = {v.nothing[period] for _, v in parts if period in v.nothing}
        if gone:
            nothing[period] = "SUPPRESSED" if "SUPPRESSED" in gone else "MISSING"
        elif all(period in values.texts for _, values in parts):
            total = sum(
                sign * Decimal(v.texts[period]).scaleb(v.multiplier - wanted) for sign, v in parts
            )
            texts[period] = f"{total:f}"
    return Values(texts, nothing, wanted)
