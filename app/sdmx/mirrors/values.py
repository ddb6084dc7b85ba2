"""The values of one series of a side by period, with what stands in the place of a missing one."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Final, Literal

from app.sdmx import series
from app.sdmx.mirrors.cells import SideSeries
from app.sdmx.mirrors.periods import canonical_period
from app.sdmx.series import TIME, Document

SUPPRESSED_STATUS: Final = "Q"
FREE: Final = "F"
"""The confidentiality status of what is open to all."""

_NUMBER: Final = re.compile(r"-?(?:0|[1-9]\d*)(?:\.\d+)?")

Nothing = Literal["MISSING", "SUPPRESSED"]
OfYears = Callable[[Mapping[str, Decimal]], dict[str, Decimal]]


@dataclass(slots=True)
class Values:
    """Values of a series.

    Attributes:
        texts: decimal text by period.
        nothing: periods that are there without a value, and why.
        multiplier: the power of ten that they are in.
    """

    texts: dict[str, str]
    nothing: dict[str, Nothing]
    multiplier: int


def read_values(one: SideSeries, measure: str, of_years: OfYears | None = None) -> Values:
    """The values of a series, those of a formula computed, made one for each year if asked for."""
    found = _added(one, measure) if one.parts else _stored(one, measure)
    if of_years is None:
        return found
    numbers = {period: Decimal(text) for period, text in found.texts.items()}
    made = {period: f"{value:f}" for period, value in of_years(numbers).items()}
    return Values(made, {}, found.multiplier)


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
    parts = [(sign, _stored(part, measure)) for sign, part in one.parts]
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
