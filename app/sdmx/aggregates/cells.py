"""Cells: what one series says of one period, as it enters a sum.

A cell is a number, or is suppressed: reported, and withheld from the public. What was not
reported has no cell. A value that cannot exist (OBS_STATUS M) is nought: there is nothing to add.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from decimal import Context, Decimal, InvalidOperation
from typing import Any, Final, NamedTuple, TypeAlias

from app.sdmx import series
from app.sdmx.rooms import CONFIDENTIALITY, FREE
from app.sdmx.series import TIME, Document

STATUS: Final = "OBS_STATUS"
SUPPRESSED: Final = "Q"
IMPOSSIBLE: Final = "M"
NORMAL: Final = (None, "A", IMPOSSIBLE)
"""What says nothing against a figure: a normal value, and nought where there can be none."""

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
        flags: the states (OBS_STATUS) of what it rests on that are not normal, in order.
        flagged: of one that was computed, its parts by these states, as `listed` tells them.
    """

    value: Decimal | None
    voice: int
    made: str = ""
    flags: tuple[str, ...] = ()
    flagged: str = ""


Column: TypeAlias = dict[str, Cell]
"""The cells of a series by time period."""

Codes: TypeAlias = tuple[str, ...]
"""The codes of the dimensions that have partitions, in the order of the partitions."""


def read_column(
    document: Document,
    measure: str,
    multiplier: int,
    voice: int,
    left_out: frozenset[str] = frozenset(),
) -> Column:
    """The cells of a public series; figures whose state is to be left out are as if not sent."""
    times: list[str] = document[TIME]
    values = series.column(document, measure)
    states = series.column(document, STATUS)
    marks = series.column(document, CONFIDENTIALITY)
    column: Column = {}
    for time, value, state, mark in zip(times, values, states, marks, strict=True):
        flags = () if state in NORMAL else _flags(state)
        if mark not in (None, FREE) or SUPPRESSED in flags:
            column[time] = Cell(None, voice)
            continue
        if not left_out.isdisjoint(flags):
            continue
        number = _number(value)
        if number is not None:
            number = number.scaleb(multiplier, EXACT) if multiplier else number
            column[time] = Cell(number, voice, "", flags)
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


def by_flag(cells: Iterable[tuple[str, Cell]]) -> dict[str, list[str]]:
    """By state that is not normal, the names of the cells that rest on it."""
    found: dict[str, list[str]] = {}
    for name, cell in cells:
        for flag in cell.flags:
            found.setdefault(flag, []).append(name)
    return found


def listed(names: Mapping[str, Iterable[str]]) -> str:
    """Names by what they have in common, as it is published: `P: CRI; V: HND SLV`."""
    return "; ".join([f"{what}: {' '.join(names[what])}" for what in sorted(names)])


def total(values: list[Decimal]) -> Decimal:
    """The exact sum."""
    result = ZERO
    for value in values:
        result = EXACT.add(result, value)
    return result


def _flags(state: str | list[str]) -> tuple[str, ...]:
    return tuple(sorted(state)) if isinstance(state, list) else (state,)


def _number(value: object) -> Decimal | None:
    if value is None:
        return None
    try:
        number = Decimal(str(value))
    except InvalidOperation:
        return None
    return number if number.is_finite() else None
