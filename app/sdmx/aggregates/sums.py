"""Sums over the members of a group, each with its coverage beside it."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence, Set
from dataclasses import dataclass
from decimal import Decimal
from functools import lru_cache
from typing import TypeAlias

from app.sdmx.aggregates.cells import (
    COMPUTED_STATUS,
    STATUS,
    SUPPRESSED,
    ZERO,
    Cell,
    Column,
    text,
    total,
)
from app.sdmx.aggregates.membership import Member, due
from app.sdmx.aggregates.voices import Voice
from app.sdmx.rooms import CONFIDENTIALITY, FREE
from app.sdmx.series import Observation
from app.sdmx.time_period import parse_time_period

NilReturns: TypeAlias = Mapping[str, Set[str]]
"""By area, the time periods of which it said itself that nothing happened in them."""


@dataclass(frozen=True, slots=True)
class Form:
    """How computed figures are written."""

    measure: str
    multiplier: int

    def observation(self, value: Decimal | None) -> Observation:
        """A figure with its marks; one without a value says that it is suppressed."""
        if value is None:
            return {STATUS: SUPPRESSED, CONFIDENTIALITY: FREE}
        shown = text(value, self.multiplier)
        return {self.measure: shown, STATUS: COMPUTED_STATUS, CONFIDENTIALITY: FREE}


@dataclass(frozen=True, slots=True)
class Sums:
    """What sums over members are made with.

    Attributes:
        dimension: id of the dimension of areas.
        voices: the agreements of the source, the highest precedence first.
    """

    dimension: str
    voices: Sequence[Voice]
    nil: NilReturns

    def rows(
        self, members: Sequence[Member], columns: Mapping[str, Column], form: Form
    ) -> dict[str, Observation]:
        """The sum of each period in which there is a figure of a member.

        A figure that is withheld is left out as if it had never been sent, and its member is not
        covered: a sum is of figures that all may see, and tells of no other.
        """
        rows: dict[str, Observation] = {}
        for time in set[str]().union(*columns.values()):
            wanted = due(members, *_days(time))
            found = {name: columns[name][time] for name in wanted if time in columns.get(name, ())}
            nil = [name for name in wanted if self._returned(name, found.get(name), time)]
            cells = {name: cell for name, cell in found.items() if name not in nil}
            if cells:
                rows[time] = self._row(wanted, cells, nil, form)
        return rows

    def _returned(self, name: str, cell: Cell | None, time: str) -> bool:
        """Whether a member said that there was nothing, and reports no figure itself."""
        return time in self.nil.get(name, ()) and (cell is None or not self._is_own(name, cell))

    def _is_own(self, name: str, cell: Cell) -> bool:
        return self.voices[cell.voice].area == name

    def _row(
        self, wanted: Sequence[str], cells: Mapping[str, Cell], nil: Sequence[str], form: Form
    ) -> Observation:
        summed = {name: cell for name, cell in cells.items() if cell.value is not None}
        values = [cell.value for cell in summed.values() if cell.value is not None]
        compiled = self._compiled(summed)
        count = sum(map(len, compiled.values()))
        told = {
            "COMPUTED_FROM": f"{self.dimension}: {' + '.join(sorted(summed))}" if summed else "",
            "MEMBERS_REPORTED": str(len(summed) - count + len(nil)),
            "MEMBERS_DUE": str(len(wanted)),
            "MEMBERS_COMPILED": str(count),
            "COMPILED_BY": "; ".join(f"{by}: {' '.join(of)}" for by, of in compiled.items()),
            "MEMBERS_MISSING": " ".join(n for n in wanted if n not in cells and n not in nil),
            "MEMBERS_SUPPRESSED": " ".join(sorted(cells.keys() - summed.keys())),
            "MEMBERS_NIL": " ".join(nil),
            "MEMBERS_COMPUTED": " ".join(sorted(n for n, cell in summed.items() if cell.made)),
        }
        value = total([*values, *(ZERO for _ in nil)]) if values or nil else None
        return form.observation(value) | {name: said for name, said in told.items() if said}

    def _compiled(self, summed: Mapping[str, Cell]) -> dict[str, list[str]]:
        """By compiler, the members that it gives the figure of."""
        found: dict[str, list[str]] = {}
        for name, cell in sorted(summed.items()):
            if not self._is_own(name, cell):
                found.setdefault(self.voices[cell.voice].provider, []).append(name)
        return dict(sorted(found.items()))


@lru_cache(maxsize=4096)
def _days(time: str) -> tuple[dt.date, dt.date]:
    period = parse_time_period(time)
    return period.start_date, period.end_date
