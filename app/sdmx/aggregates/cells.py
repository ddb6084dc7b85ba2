"""Cells: what one series says of one period, as it enters a sum.

A cell is a number, or is suppressed: reported, and withheld from the public. What was not
reported has no cell. A value that cannot exist (OBS_STATUS M) is nought: there is nothing to add.
"""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Context, Decimal, InvalidOperation
from typing import Any, Final, NamedTuple, TypeAlias

from app.sdmx import series
from app.sdmx.rooms import CONFIDENTIALITY, FREE
from app.sdmx.series import TIME, Document

STATUS: Final = "OBS_STATUS"
SUPPRESSED: Final = "Q"
IMPOSSIBLE: Final = "M"
COMPUTED_STATUS: Final = "E"

EXACT: Final = Context(prec=10_000)
"""More digits than any figure has: sums are exact."""

ZERO: Final = Decimal(0)


class Cell(NamedTuple):
    """A figure, or none where it is suppressed.

    Attributes:
        value: in units; None: suppressed.
        voice: whose figure it is: the place of its agreement among those of the source.
        made: what it was computed from; empty: it was reported.
    """

    value: Decimal | None
    voice: int
    made: str = ""


Column: TypeAlias = dict[str, Cell]
"""The cells of a series by time period."""

Codes: TypeAlias = tuple[str, ...]
"""The codes of the dimensions that have partitions, in the order of the partitions."""


def read_column(document: Document, measure: str, multiplier: int, voice: int) -> Column:
    """The cells of a public series."""
    times: list[str] = document[TIME]
    values = series.column(document, measure)
    states = series.column(document, STATUS)
    marks = series.column(document, CONFIDENTIALITY)
    column: Column = {}
    for time, value, state, mark in zip(times, values, states, marks, strict=True):
        if mark not in (None, FREE) or state == SUPPRESSED:
            column[time] = Cell(None, voice)
            continue
        number = _number(value)
        if number is not None:
            number = number.scaleb(multiplier, EXACT) if multiplier else number
            column[time] = Cell(number, voice)
        elif state == IMPOSSIBLE:
            column[time] = Cell(ZERO, voice)
    return column


def whole(attributes: Mapping[str, Any], name: str) -> int:
    """The whole number that an attribute says; 0 where it says none."""
    try:
        return int(str(attributes.get(name, "0")))
    except ValueError:
        return 0


def text(value: Decimal, multiplier: int) -> str:
    """A figure as it is published: decimal, in the multiple that the series says."""
    return format(value.scaleb(-multiplier, EXACT) if multiplier else value, "f")


def total(values: list[Decimal]) -> Decimal:
    """The exact sum."""
    result = ZERO
    for value in values:
        result = EXACT.add(result, value)
    return result


def _number(value: object) -> Decimal | None:
    if value is None:
        return None
    try:
        number = Decimal(str(value))
    except InvalidOperation:
        return None
    return number if number.is_finite() else None
