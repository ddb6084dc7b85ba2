"""Adding up the cells of a corridor, one side at a time.

Where a total of a dimension is reported for a period that total is taken, else its single codes are
added; groups of areas are left out.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from operator import itemgetter
from typing import Any, Final, TypeAlias

import msgspec

from app.sdmx.mirrors.cells import SideCells, SideSeries
from app.sdmx.mirrors.disagreement import Numbers, Passes, numbers_of
from app.sdmx.mirrors.plan import TOTALS, Cell, PairPlan, SidePlan
from app.sdmx.mirrors.values import OfYears, Values, read_values

_GROUP: Final = re.compile(r"M49_.*|G_.*|_NAT|_FOR|W")

_Groups: TypeAlias = dict[Any, Cell | list[Cell]]
"""The cells of each corridor; one that is alone stands without a list, for there are very many."""


class SideTotal(msgspec.Struct, frozen=True, gc=False):
    """One side of a corridor.

    Attributes:
        values: the total by period.
        providers: by period, whose figures are in it.
        added: the dimensions whose codes were added.
        suppressed: figures that are suppressed, and so in no total.
    """

    unit: str
    values: Numbers
    providers: dict[str, set[str]]
    added: tuple[str, ...]
    suppressed: int

    def providers_in(self, periods: Iterable[str]) -> tuple[str, ...]:
        """Whose figures are in the totals of some periods."""
        return tuple(sorted(set[str]().union(*(self.providers[period] for period in periods))))


class SideCorridors:
    """The cells of one side by corridor, with what it takes to add them up."""

    def __init__(
        self,
        plan: PairPlan,
        side: SidePlan,
        cells: SideCells,
        apart: Sequence[int],
        years: OfYears | None,
        passes: Passes | None,
    ) -> None:
        self._cells = cells
        self._dimensions = plan.dimensions
        self._measure, self._years, self._passes = side.measure, years, passes
        fixed = [place for place in (plan.first, plan.second) if isinstance(place, int)]
        fixed += apart
        self._free = [place for place in range(len(plan.dimensions)) if place not in fixed]
        self.groups = _grouped(cells, fixed)

    def cells(self, key: Any) -> list[Cell]:  # noqa: ANN401 - as the groups have it
        """The cells of a corridor."""
        held = self.groups[key]
        return held if isinstance(held, list) else [held]

    def alone(self, key: Any) -> SideSeries | None:  # noqa: ANN401 - as the groups have it
        """The one series of a corridor, if it is one."""
        held = self.groups[key]
        if isinstance(held, list):
            return None
        one = self._cells[held]
        return one if one.also is None else None

    def numbers_of(self, one: SideSeries) -> Numbers:
        """The values of a series."""
        return numbers_of(one, self._measure, self._years, self._passes)

    def total(self, key: Any, unit: str) -> SideTotal:  # noqa: ANN401 - as the groups have it
        """The total of a corridor in a unit of measure."""
        return self.totals(key)[unit]

    def totals(self, key: Any) -> dict[str, SideTotal]:  # noqa: ANN401 - as the groups have it
        """The total of a corridor in each unit of measure."""
        by_unit: dict[str, dict[Cell, SideSeries]] = {}
        for cell in self.cells(key):
            for one in self._cells[cell].all():
                by_unit.setdefault(one.unit, {})[cell] = one
        return {unit: self._total(unit, members) for unit, members in by_unit.items()}

    def _total(self, unit: str, members: Mapping[Cell, SideSeries]) -> SideTotal:
        read = {cell: read_values(one, self._measure, self._years) for cell, one in members.items()}
        reduced: dict[tuple[Cell, ...], tuple[list[Cell], list[int]]] = {}
        total: Numbers = {}
        providers: dict[str, set[str]] = {}
        added: set[int] = set()
        suppressed = 0
        for period, there in sorted(self._by_period(read).items()):
            if there not in reduced:
                reduced[there] = _reduced(list(there), self._free)
            taken, places = reduced[there]
            added.update(places)
            told = [values for cell in taken if period in (values := read[cell]).texts]
            suppressed += len(taken) - len(told)
            if told:
                total[period] = sum(values.number(period) for values in told)
                sources = (values.source(period) for values in told)
                providers[period] = {one.provider for one in sources if one is not None}
        names = tuple(self._dimensions[place] for place in sorted(added))
        return SideTotal(unit, total, providers, names, suppressed)

    def _by_period(self, read: Mapping[Cell, Values]) -> dict[str, tuple[Cell, ...]]:
        """The cells that each period has: with a value, or with one that is suppressed."""
        found: dict[str, list[Cell]] = {}
        for cell, values in read.items():
            hidden = (period for period, why in values.nothing.items() if why == "SUPPRESSED")
            for period in (*values.texts, *hidden):
                if self._passes is None or self._passes(period):
                    found.setdefault(period, []).append(cell)
        return {period: tuple(cells) for period, cells in found.items()}


def _grouped(cells: SideCells, fixed: Sequence[int]) -> _Groups:
    """The cells by their codes at some positions."""
    pick = itemgetter(*fixed) if fixed else lambda _: ()
    groups: _Groups = {}
    for cell in cells:
        key = pick(cell)
        held = groups.get(key)
        if held is None:
            groups[key] = cell
        elif isinstance(held, list):
            held.append(cell)
        else:
            groups[key] = [held, cell]
    return groups


def _reduced(cells: list[Cell], free: Sequence[int]) -> tuple[list[Cell], list[int]]:
    """The cells that add up to the corridor, and the positions over which they are added."""
    added: list[int] = []
    if len(cells) == 1:
        return cells, added
    for place in free:
        codes = {cell[place] for cell in cells}
        totals = [code for code in TOTALS if code in codes]
        if totals:
            cells = [cell for cell in cells if cell[place] == totals[0]]
        elif len(codes) > 1:
            cells = [cell for cell in cells if not _GROUP.fullmatch(cell[place])]
            added.append(place)
    return cells, added
