"""What parties say of the cells of a mirror: notes, and figures that they would agree on.

Nothing is ever changed: a party speaks again, and what it said last stands. A figure is agreed
when both parties name the same one; it stands beside both values. Where a value is suppressed or
not there it is not told, nor is what parties named: it would say what the value was.
"""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from decimal import Context, Decimal
from typing import Final, TypeAlias

from app.sdmx.mirrors.cells import UNITS
from app.sdmx.mirrors.compare import ComparedSeries, Figures, Observation
from app.sdmx.mirrors.pair import MirrorPair
from app.sdmx.mirrors.plan import Cell, PairPlan
from app.sdmx.series import TIME

Parties: TypeAlias = tuple[frozenset[str], frozenset[str]]
"""The organisations that may speak for the left and for the right side of a cell."""

_EXACT: Final = Context(prec=200)
"""More digits than a figure may have, so that none is rounded away."""


@dataclass(frozen=True, slots=True)
class Note:
    """What a party said of a cell.

    Attributes:
        pair: `AGENCY:ID`, of all versions alike.
        cell: `DIMENSION=CODE` of each dimension and of the period, sorted.
        agreed_value: the figure that it would agree on, decimal text.
        hides_value: whether it named a figure that is not told.
    """

    id: uuid.UUID
    pair: str
    cell: tuple[str, ...]
    organisation: str
    client_id: str
    note: str | None
    agreed_value: str | None
    written_at: dt.datetime
    hides_value: bool = False

    def without_value(self) -> Note:
        """It without the figure that it names."""
        named = self.agreed_value is not None
        return replace(self, agreed_value=None, hides_value=named) if named else self


def note_key(urn: str) -> str:
    """Under which name notes on a pair are kept."""
    return urn.rpartition("=")[2].partition("(")[0]


def cell_name(plan: PairPlan, cell: Cell, period: str) -> tuple[str, ...]:
    """The name of a cell and period, under which notes on it are kept."""
    parts = [f"{name}={code}" for name, code in zip(plan.dimensions, cell, strict=True)]
    return tuple(sorted([*parts, f"{TIME}={period}"]))


def standing_notes(notes: Iterable[Note]) -> dict[tuple[str, ...], dict[str, Note]]:
    """What stands of each cell, by organisation: what it said last."""
    found: dict[tuple[str, ...], dict[str, Note]] = {}
    for one in sorted(notes, key=lambda note: note.written_at):
        found.setdefault(one.cell, {})[one.organisation] = one
    return found


def told_notes(standing: Mapping[str, Note], figures: Figures | None) -> dict[str, Note]:
    """What stands of a cell as it may be told beside its figures.

    Args:
        standing: by organisation, what it said last.
        figures: those that the parties spoke of, as the reader sees them; `None` if others are
            shown.
    """
    if figures is not None and both_told(figures):
        return dict(standing)
    return {name: note.without_value() for name, note in standing.items()}


def both_told(figures: Figures) -> bool:
    """Whether both sides tell a value, so that there is something to agree on."""
    return figures.left is not None and figures.right is not None


def may_be_negative(pair: MirrorPair, figures: Figures) -> bool:
    """Whether a figure below zero can be meant: differences are compared, or a value is below."""
    subtracts = any(sign < 0 for formula in pair.formulas for sign, _ in formula.parts)
    values = [value for value in (figures.left, figures.right) if value is not None]
    return (
        subtracts or pair.time_rule == "YEAR_CHANGE" or any(Decimal(value) < 0 for value in values)
    )


def may_have_parts(one: ComparedSeries, seen: Observation, value: str) -> bool:
    """Whether a figure can be meant that is no whole number of what is counted.

    Of things that are counted one by one only whole numbers are, in the power of ten in which the
    cell is shown: 1.5 thousand persons are. Where a reported value is no whole number either, it
    is an estimate.
    """
    sides = [side for side in (seen.left, seen.right) if side is not None]
    reported = [text for text in (seen.figures.left, seen.figures.right) if text is not None]
    return any(side.unit not in UNITS for side in sides) or (
        _is_whole(value, one.multiplier)
        or not all(_is_whole(text, one.multiplier) for text in reported)
    )


def _is_whole(text: str, multiplier: int) -> bool:
    number = _EXACT.scaleb(Decimal(text), multiplier)
    return number == number.to_integral_value()


def agreed_value(standing: Mapping[str, Note], parties: Parties) -> str | None:
    """The figure that a party of each side named; `None` while they have not, or it is one."""
    left, right = parties
    for one in sorted(left):
        for other in sorted(right - {one}):
            ours, theirs = (_named(standing.get(party)) for party in (one, other))
            if ours is not None and theirs is not None and Decimal(ours) == Decimal(theirs):
                return ours
    return None


def _named(note: Note | None) -> str | None:
    return None if note is None else note.agreed_value
