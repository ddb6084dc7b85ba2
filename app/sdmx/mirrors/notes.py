"""What parties say of the cells of a mirror: notes, and figures that they would agree on.

Nothing is ever changed: a party speaks again, and what it said last stands. A figure is agreed
when both parties name the same one; it stands beside both values.
"""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import TypeAlias

from app.sdmx.mirrors.plan import Cell, PairPlan
from app.sdmx.series import TIME

Parties: TypeAlias = tuple[frozenset[str], frozenset[str]]
"""The organisations that may speak for the left and for the right side of a cell."""


@dataclass(frozen=True, slots=True)
class Note:
    """What a party said of a cell.

    Attributes:
        pair: `AGENCY:ID`, of all versions alike.
        cell: `DIMENSION=CODE` of each dimension and of the period, sorted.
        agreed_value: the figure that it would agree on, decimal text.
    """

    id: uuid.UUID
    pair: str
    cell: tuple[str, ...]
    organisation: str
    client_id: str
    note: str | None
    agreed_value: str | None
    written_at: dt.datetime


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
