"""Corridors: the cells of a pair added up for two areas, ranked by how far the sides disagree.

What is added is told. Where a side reports the total of a dimension that total is taken, else its
single codes are added; groups of areas are left out.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Final, TypeAlias

import msgspec

from app.sdmx.mirrors.cells import SideCells, SideSeries
from app.sdmx.mirrors.lags import LagResult, best_lag, correlate
from app.sdmx.mirrors.periods import changes_of_years, move_period, sums_of_years, within
from app.sdmx.mirrors.plan import TOTALS, Cell, CellQuery, PairPlan
from app.sdmx.mirrors.values import OfYears, read_values

_GROUP: Final = re.compile(r"M49_.*|G_.*|_NAT|_FOR|W")

Passes: TypeAlias = Callable[[str], bool]
CorridorKey: TypeAlias = tuple[str, ...]
"""The two areas, then the codes that are kept apart."""


class SideTotal(msgspec.Struct, gc=False):
    """One side of a corridor.

    Attributes:
        values: the total by period.
        added: the dimensions whose codes were added.
    """

    unit: str
    values: dict[str, float]
    providers: tuple[str, ...]
    added: tuple[str, ...]


class Corridor(msgspec.Struct, frozen=True, gc=False):
    """A corridor: both sides over the periods that they have in common.

    Attributes:
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
    def gap(self) -> float:
        """How far the sums are apart."""
        return abs(self.left_sum - self.right_sum)

    @property
    def best_lag(self) -> int | None:
        """The lag of the highest correlation."""
        return best_lag(self.lags)


def find_corridors(
    plan: PairPlan, left: SideCells, right: SideCells, query: CellQuery
) -> list[Corridor]:
    """The corridors that both sides report, the largest mean asymmetry first."""
    sums: OfYears | None = None
    changes: OfYears | None = None
    if plan.pair.time_rule == "YEAR_CHANGE":
        sums, changes = sums_of_years, changes_of_years
    passes = within(query.first_day, query.last_day)
    apart = _apart(plan)
    ours = _groups(plan, left, apart)
    theirs = _groups(plan, right, apart)
    found = []
    for key in sorted(ours.keys() & theirs.keys()):
        one = _total(plan, ours[key], apart, plan.left.measure, sums, passes)
        other = _total(plan, theirs[key], apart, plan.right.measure, changes, passes)
        for unit in sorted(_units(one, other)):
            codes = dict(zip((plan.dimensions[place] for place in apart), key[2:], strict=True))
            found.append(
                _corridor(plan, (key[0], key[1]), codes, one[unit[0]], other[unit[1]], query)
            )
    found.sort(key=lambda each: (-(each.asymmetry if each.asymmetry is not None else -1),
                                 -each.gap, each.areas))  # fmt: skip
    return found


def _apart(plan: PairPlan) -> tuple[int, ...]:
    """Positions in the cell of what is never added, beside the areas."""
    areas = {plan.first, plan.second}
    return tuple(
        place
        for place, name in enumerate(plan.dimensions)
        if place not in areas and (name == "FREQ" or name in plan.pair.separate)
    )


def _groups(
    plan: PairPlan, cells: SideCells, apart: Sequence[int]
) -> dict[CorridorKey, list[tuple[Cell, SideSeries]]]:
    found: dict[CorridorKey, list[tuple[Cell, SideSeries]]] = defaultdict(list)
    areas = plan.areas
    for cell, held in cells.items():
        key = (*areas(cell), *[cell[place] for place in apart])
        found[key] += [(cell, one) for one in held]
    return found


def _total(
    plan: PairPlan,
    members: Sequence[tuple[Cell, SideSeries]],
    apart: Sequence[int],
    measure: str,
    of_years: OfYears | None,
    passes: Passes | None,
) -> dict[str, SideTotal]:
    """The total of one side, for each unit of measure."""
    by_unit: dict[str, list[tuple[Cell, SideSeries]]] = defaultdict(list)
    for cell, one in members:
        by_unit[one.unit].append((cell, one))
    fixed = {*apart, plan.first, plan.second}
    free = [place for place in range(len(plan.dimensions)) if place not in fixed]
    totals = {}
    for unit, listed in by_unit.items():
        kept, added = _reduced(listed, free)
        names = tuple(plan.dimensions[place] for place in added)
        providers = tuple(sorted({one.provider for _, one in kept}))
        values = _sum((one for _, one in kept), measure, of_years, passes)
        totals[unit] = SideTotal(unit, values, providers, names)
    return totals


def _reduced(
    members: list[tuple[Cell, SideSeries]], free: Sequence[int]
) -> tuple[list[tuple[Cell, SideSeries]], list[int]]:
    """The cells that add up to the corridor, and the positions over which they are added."""
    added: list[int] = []
    if len(members) == 1:
        return members, added
    for place in free:
        codes = {cell[place] for cell, _ in members}
        totals = [code for code in TOTALS if code in codes]
        if totals:
            members = [member for member in members if member[0][place] == totals[0]]
        elif len(codes) > 1:
            members = [member for member in members if not _GROUP.fullmatch(member[0][place])]
            added.append(place)
    return members, added


def _sum(
    members: Iterable[SideSeries],
    measure: str,
    of_years: OfYears | None,
    passes: Passes | None,
) -> dict[str, float]:
    total: dict[str, float] = {}
    for one in members:
        values = read_values(one, measure, of_years)
        scale = 10.0**values.multiplier
        for period, text in values.texts.items():
            total[period] = total.get(period, 0.0) + float(text) * scale
    return {
        period: value for period, value in sorted(total.items()) if passes is None or passes(period)
    }


def _units(
    left: Mapping[str, SideTotal], right: Mapping[str, SideTotal]
) -> Iterator[tuple[str, str]]:
    """Units to compare: those in common, else the first of each."""
    common = left.keys() & right.keys()
    if common:
        yield from ((unit, unit) for unit in common)
    else:
        yield min(left), min(right)


def _corridor(
    plan: PairPlan,
    areas: tuple[str, str],
    apart: dict[str, str],
    left: SideTotal,
    right: SideTotal,
    query: CellQuery,
) -> Corridor:
    lags = tuple(correlate(left.values, right.values, plan.pair.lags))
    if query.lag:
        right = msgspec.structs.replace(right, values=_moved(right.values, query.lag))
    common = [period for period in left.values if period in right.values]
    pairs = [(left.values[period], right.values[period]) for period in common]
    asymmetries = [2 * abs(a - b) / (a + b) for a, b in pairs if a >= 0 and b >= 0 and a + b > 0]
    mean = round(sum(asymmetries) / len(asymmetries), 6) if asymmetries else None
    return Corridor(
        areas,
        apart,
        left,
        right,
        round(sum(a for a, _ in pairs), 6),
        round(sum(b for _, b in pairs), 6),
        mean,
        len(common),
        common[0] if common else None,
        common[-1] if common else None,
        lags,
    )


def _moved(values: Mapping[str, float], lag: int) -> dict[str, float]:
    moved = ((move_period(period, -lag), value) for period, value in values.items())
    return {period: value for period, value in moved if period is not None}
