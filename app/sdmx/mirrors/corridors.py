"""Corridors: the cells of a pair added up for two areas, ranked by how far the sides disagree."""

from __future__ import annotations

import heapq
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal, TypeAlias

import msgspec

from app.sdmx.mirrors.cells import SideCells
from app.sdmx.mirrors.compare import DIGITS, of_years
from app.sdmx.mirrors.disagreement import (
    Disagreement,
    Numbers,
    disagreement,
    moved,
)
from app.sdmx.mirrors.lags import LagResult, best_lag, correlate
from app.sdmx.mirrors.periods import move_period, within
from app.sdmx.mirrors.plan import CellQuery, PairPlan
from app.sdmx.mirrors.totals import SideCorridors, SideTotal

CorridorOrder: TypeAlias = Literal["asymmetry", "gap"]


class Corridor(msgspec.Struct, frozen=True, gc=False):
    """A corridor: both sides over the periods that they have in common.

    Attributes:
        apart: codes of dimensions that are not added.
        left_providers, right_providers: whose figures are compared.
        asymmetry: mean of 2|a-b|/(a+b) over these periods, `None` where it is defined in none.
        periods: those in common.
    """

    areas: tuple[str, str]
    apart: dict[str, str]
    left: SideTotal
    right: SideTotal
    left_providers: tuple[str, ...]
    right_providers: tuple[str, ...]
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
class Ranking:
    """Corridors, those furthest apart first.

    Attributes:
        total: how many both sides report, as far as they add up to enough.
        left_alone, right_alone: how many one side alone reports; these have no rank.
        corridors: a page of them.
    """

    total: int
    left_alone: int
    right_alone: int
    corridors: list[Corridor]


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
) -> Ranking:
    """The corridors that both sides report, those furthest apart first."""
    page = page or CorridorPage()
    sums, changes = of_years(plan)
    passes = within(query.first_day, query.last_day)
    apart = _apart(plan)
    ours = SideCorridors(plan, plan.left, left, apart, sums, passes)
    theirs = SideCorridors(plan, plan.right, right, apart, changes, passes)
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
    left_alone = len(ours.groups.keys() - theirs.groups.keys())
    right_alone = len(theirs.groups.keys() - ours.groups.keys())
    return Ranking(len(ranked), left_alone, right_alone, corridors)


def _both(
    ours: SideCorridors,
    theirs: SideCorridors,
    key: Any,  # noqa: ANN401 - as the groups have it
) -> Iterator[tuple[tuple[str, str], Numbers, Numbers]]:
    """Units of a corridor, and the total of both sides in them."""
    one, other = ours.alone(key), theirs.alone(key)
    if one is not None and other is not None:
        yield (one.unit, other.unit), ours.numbers_of(one), theirs.numbers_of(other)
        return
    left, right = ours.totals(key), theirs.totals(key)
    for units in _units(left, right):
        yield units, left[units[0]].values, right[units[1]].values


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


def _units(left: Mapping[str, object], right: Mapping[str, object]) -> Iterator[tuple[str, str]]:
    """Units to compare: those in common, else the first of each."""
    common = left.keys() & right.keys()
    if common:
        yield from ((unit, unit) for unit in sorted(common))
    else:
        yield min(left), min(right)


def _corridor(
    plan: PairPlan,
    ours: SideCorridors,
    theirs: SideCorridors,
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
    theirs_in_common = (move_period(period, query.lag) for period in common)
    return Corridor(
        plan.areas(cell),
        {plan.dimensions[place]: cell[place] for place in apart},
        left,
        right,
        left.providers_in(common),
        right.providers_in(period for period in theirs_in_common if period is not None),
        round(found.left_sum, DIGITS),
        round(found.right_sum, DIGITS),
        None if found.asymmetry < 0 else round(found.asymmetry, DIGITS),
        found.periods,
        common[0] if common else None,
        common[-1] if common else None,
        lags,
    )
