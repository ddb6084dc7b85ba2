"""Corridors: the cells of a pair added up for two areas, ranked by how far the sides disagree.

What is added is told. Where a side reports the total of a dimension that total is taken, else its
single codes are added; groups of areas are left out.
"""

from __future__ import annotations

import heapq
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from operator import itemgetter
from typing import Any, Final, Literal, TypeAlias

import msgspec

from app.sdmx.mirrors.cells import SideCells, SideSeries
from app.sdmx.mirrors.compare import DIGITS, of_years
from app.sdmx.mirrors.disagreement import (
    Disagreement,
    Numbers,
    Passes,
    disagreement,
    moved,
    numbers_of,
)
from app.sdmx.mirrors.lags import LagResult, best_lag, correlate
from app.sdmx.mirrors.periods import within
from app.sdmx.mirrors.plan import TOTALS, Cell, CellQuery, PairPlan
from app.sdmx.mirrors.values import OfYears

_GROUP: Final = re.compile(r"M49_.*|G_.*|_NAT|_FOR|W")

CorridorOrder: TypeAlias = Literal["asymmetry", "gap"]
_Groups: TypeAlias = dict[Any, Cell | list[Cell]]
"""The cells of each corridor; one that is alone stands without a list, for there are very many."""


class SideTotal(msgspec.Struct, frozen=True, gc=False):
    """One side of a corridor.

    Attributes:
        values: the total by period.
        added: the dimensions whose codes were added.
    """

    unit: str
    values: Numbers
    providers: tuple[str, ...]
    added: tuple[str, ...]


class Corridor(msgspec.Struct, frozen=True, gc=False):
    """A corridor: both sides over the periods that they have in common.

    Attributes:
        apart: codes of dimensions that are not added.
        asymmetry: mean of 2|a-b|/(a+b) over these periods, `None` where it is defined in none.
        periods: those in common.
    """

    areas: tuple[str, str]
    apart: dict[str, str]
    left: SideTotal
    right: SideTotal
    left_sum: float
    right_sum: float
    asymmetry: float | None
    periods: int
    first_period: str | None
    last_period: str | None
    lags: tuple[LagResult, ...]

    @property
    def best_lag(self) -> int | None:
        """The lag of the highest correlation."""
        return best_lag(self.lags)


@dataclass(frozen=True, slots=True)
class CorridorPage:
    """Which corridors are told.

    Attributes:
        order: by mean asymmetry, or by the gap of the sums.
        at_least: corridors whose sides add up to less are left out.
    """

    order: CorridorOrder = "asymmetry"
    at_least: float = 0
    offset: int = 0
    limit: int = 500


def find_corridors(
    plan: PairPlan,
    left: SideCells,
    right: SideCells,
    query: CellQuery,
    page: CorridorPage | None = None,
) -> tuple[int, list[Corridor]]:
    """How many corridors both sides report, and a page of them: those furthest apart first."""
    page = page or CorridorPage()
    sums, changes = of_years(plan)
    passes = within(query.first_day, query.last_day)
    apart = _apart(plan)
    ours = _Side(plan, left, apart, plan.left.measure, sums, passes)
    theirs = _Side(plan, right, apart, plan.right.measure, changes, passes)
    ranked = []
    for key in ours.groups.keys() & theirs.groups.keys():
        for units, one, other in _both(ours, theirs, key):
            found = disagreement(one, moved(other, query.lag) if query.lag else other)
            if abs(found.left_sum) + abs(found.right_sum) >= page.at_least:
                ranked.append((*_rank(found, page.order), key, units))
    last = page.offset + page.limit
    corridors = [
        _corridor(plan, ours, theirs, key, units, query, apart)
        for *_, key, units in heapq.nsmallest(last, ranked)[page.offset :]
    ]
    return len(ranked), corridors


def _both(
    ours: _Side,
    theirs: _Side,
    key: Any,  # noqa: ANN401 - as the groups have it
) -> Iterator[tuple[tuple[str, str], Numbers, Numbers]]:
    """Units of a corridor, and the total of both sides in them."""
    one, other = ours.alone(key), theirs.alone(key)
    if one is not None and other is not None:
        yield (one.unit, other.unit), ours.numbers_of(one), theirs.numbers_of(other)
        return
    left, right = ours.totals(key), theirs.totals(key)
    for units in _units(left, right):
        yield units, left[units[0]], right[units[1]]


def _rank(found: Disagreement, order: CorridorOrder) -> tuple[float, float]:
    gap = -abs(found.left_sum - found.right_sum)
    return (-found.asymmetry, gap) if order == "asymmetry" else (gap, -found.asymmetry)


def _apart(plan: PairPlan) -> tuple[int, ...]:
    """Positions in the cell of what is never added, beside the areas."""
    areas = {plan.first, plan.second}
    return tuple(
        place
        for place, name in enumerate(plan.dimensions)
        if place not in areas and (name == "FREQ" or name in plan.pair.separate)
    )


class _Side:
    """The cells of one side by corridor, with what it takes to add them up."""

    def __init__(
        self,
        plan: PairPlan,
        cells: SideCells,
        apart: Sequence[int],
        measure: str,
        years: OfYears | None,
        passes: Passes | None,
    ) -> None:
        self._cells = cells
        self._dimensions = plan.dimensions
        self._how = measure, years, passes
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
        return numbers_of(one, *self._how)

    def totals(self, key: Any) -> dict[str, Numbers]:  # noqa: ANN401 - as the groups have it
        """The total of a corridor by period, for each unit of measure."""
        found = self._by_unit(self.cells(key))
        return {unit: self._sum(kept) for unit, (kept, _) in found.items()}

    def total(self, key: Any, unit: str) -> SideTotal:  # noqa: ANN401 - as the groups have it
        """The same of one unit, with who reports it and what was added."""
        kept, added = self._by_unit(self.cells(key))[unit]
        return SideTotal(
            unit,
            self._sum(kept),
            tuple(sorted({one.provider for one in kept})),
            tuple(self._dimensions[place] for place in added),
        )

    def _by_unit(self, cells: Sequence[Cell]) -> dict[str, tuple[list[SideSeries], list[int]]]:
        by_unit: dict[str, dict[Cell, SideSeries]] = {}
        for cell in cells:
            for one in self._cells[cell].all():
                by_unit.setdefault(one.unit, {})[cell] = one
        found = {}
        for unit, members in by_unit.items():
            kept, added = _reduced(list(members), self._free)
            found[unit] = [members[cell] for cell in kept], added
        return found

    def _sum(self, members: Iterable[SideSeries]) -> Numbers:
        total: Numbers = {}
        for one in members:
            for period, value in self.numbers_of(one).items():
                total[period] = total.get(period, 0.0) + value
        return dict(sorted(total.items()))


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


def _units(left: Mapping[str, object], right: Mapping[str, object]) -> Iterator[tuple[str, str]]:
    """Units to compare: those in common, else the first of each."""
    common = left.keys() & right.keys()
    if common:
        yield from ((unit, unit) for unit in sorted(common))
    else:
        yield min(left), min(right)


def _corridor(
    plan: PairPlan,
    ours: _Side,
    theirs: _Side,
    key: Any,  # noqa: ANN401 - as the groups have it
    units: tuple[str, str],
    query: CellQuery,
    apart: Sequence[int],
) -> Corridor:
    left, right = ours.total(key, units[0]), theirs.total(key, units[1])
    cell = ours.cells(key)[0]
    lags = tuple(correlate(left.values, right.values, plan.pair.lags))
    later = moved(right.values, query.lag) if query.lag else right.values
    found = disagreement(left.values, later)
    common = [period for period in left.values if period in later]
    return Corridor(
        plan.areas(cell),
        {plan.dimensions[place]: cell[place] for place in apart},
        left,
        right,
        round(found.left_sum, DIGITS),
        round(found.right_sum, DIGITS),
        None if found.asymmetry < 0 else round(found.asymmetry, DIGITS),
        found.periods,
        common[0] if common else None,
        common[-1] if common else None,
        lags,
    )
