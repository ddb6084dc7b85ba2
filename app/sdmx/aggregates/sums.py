"""Sums over the members of a group, each with its coverage beside it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence, Set
from dataclasses import dataclass, field
from decimal import Decimal
from typing import TypeAlias

from app.sdmx.aggregates.cells import (
    COMPUTED_STATUS,
    STATUS,
    SUPPRESSED,
    Cell,
    Column,
    by_flag,
    listed,
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
        groups: the dated members of each group.
        voices: the agreements of the source, the highest precedence first.
    """

    dimension: str
    groups: Mapping[str, Sequence[Member]]
    voices: Sequence[Voice]
    nil: NilReturns
    _due: dict[tuple[str, str], list[str]] = field(default_factory=dict)
    """Members due by group and period: the same for all families."""

    def rows(self, group: str, columns: Mapping[str, Column], form: Form) -> dict[str, Observation]:
        """The sum of each period in which there is a figure of a member.

        A figure that is withheld is left out as if it had never been sent, and its member is not
        covered: a sum is of figures that all may see, and tells of no other.
        """
        rows: dict[str, Observation] = {}
        for time in set[str]().union(*columns.values()):
            wanted = self._wanted(group, time)
            cells = {name: columns[name][time] for name in wanted if time in columns.get(name, ())}
            nil = [
                name
                for name in wanted
                if name in self.nil and self._returned(name, cells.get(name), time)
            ]
            for name in nil:
                cells.pop(name, None)
            if cells:
                rows[time] = self._row(wanted, cells, nil, form)
        return rows

    def _wanted(self, group: str, time: str) -> list[str]:
        found = self._due.get((group, time))
        if found is None:
            period = parse_time_period(time)
            found = due(self.groups[group], period.start_date, period.end_date)
            self._due[group, time] = found
        return found

    def _returned(self, name: str, cell: Cell | None, time: str) -> bool:
        """Whether a member said that there was nothing, and reports no figure itself."""
        if time not in self.nil[name]:
            return False
        return cell is None or self.voices[cell.voice].area != name

    def _row(
        self, wanted: Sequence[str], cells: Mapping[str, Cell], nil: Sequence[str], form: Form
    ) -> Observation:
        summed, hidden, made = list[str](), list[str](), list[str]()
        values, flagged = list[Decimal](), list[tuple[str, Cell]]()
        for name, cell in cells.items():
            if cell.value is None:
                hidden.append(name)
                continue
            summed.append(name)
            values.append(cell.value)
            if cell.made:
                made.append(name)
            if cell.flags:
                flagged.append((name, cell))
        compiled = self._compiled(summed, cells)
        count = sum(map(len, compiled.values()))
        row = form.observation(total(values) if values or nil else None)
        row["MEMBERS_REPORTED"] = str(len(summed) - count + len(nil))
        row["MEMBERS_DUE"] = str(len(wanted))
        row["MEMBERS_COMPILED"] = str(count)
        row["MEMBERS_FLAGGED"] = str(len(flagged))
        if summed:
            row["COMPUTED_FROM"] = f"{self.dimension}: {' + '.join(summed)}"
        if compiled:
            row["COMPILED_BY"] = listed(compiled)
        if flagged:
            row["PARTS_STATUS"] = listed(by_flag(flagged))
        missing = [name for name in wanted if name not in cells and name not in nil]
        for component, names in (
            ("MEMBERS_MISSING", missing),
            ("MEMBERS_SUPPRESSED", hidden),
            ("MEMBERS_NIL", nil),
            ("MEMBERS_COMPUTED", made),
        ):
            if names:
                row[component] = " ".join(names)
        return row

    def _compiled(self, summed: Sequence[str], cells: Mapping[str, Cell]) -> dict[str, list[str]]:
        """By compiler, the members that it gives the figure of."""
        found: dict[str, list[str]] = {}
        for name in summed:
            voice = self.voices[cells[name].voice]
            if voice.area != name:
                found.setdefault(voice.provider, []).append(name)
        return found
