"""Comparing the two values of a cell: gap, ratio, asymmetry, or why there is none."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from decimal import Decimal
from typing import Final, Literal, TypeAlias

import msgspec

from app.sdmx.mirrors.cells import SideCells, SideSeries, choose
from app.sdmx.mirrors.disagreement import Passes, disagreement, moved, numbers_of
from app.sdmx.mirrors.periods import changes_of_years, move_period, sums_of_years, within
from app.sdmx.mirrors.plan import Cell, CellQuery, PairPlan
from app.sdmx.mirrors.values import Nothing, OfYears, Values, in_unit, read_values

State: TypeAlias = Literal[
    "COMPARED",
    "BOTH_ZERO",
    "NOT_DEFINED",
    "LEFT_MISSING",
    "RIGHT_MISSING",
    "BOTH_MISSING",
    "LEFT_SUPPRESSED",
    "RIGHT_SUPPRESSED",
    "BOTH_SUPPRESSED",
]
RankedBy: TypeAlias = Literal["asymmetry", "gap"]
DIGITS: Final = 6


class Figures(msgspec.Struct, frozen=True, gc=False):
    """What the comparison of two values gives.

    Attributes:
        gap: left minus right, exact.
        ratio: right by left, rounded; `None` where the left is zero.
        asymmetry: 2|a-b|/(a+b), rounded; `None` where it is not defined.
    """

    state: State
    left: str | None = None
    right: str | None = None
    gap: str | None = None
    ratio: float | None = None
    asymmetry: float | None = None


class Observation(msgspec.Struct, frozen=True, gc=False):
    """The figures of a period, with the series that each value is of.

    A side has none where nothing is reported; where it says that its value is missing or
    suppressed, it is who says so. With a lag the period is that of the left side; the right is
    that many later.
    """

    period: str
    figures: Figures
    left: SideSeries | None
    right: SideSeries | None


class ComparedSeries(msgspec.Struct, frozen=True, gc=False):
    """The two series of a cell, either of which may be missing, and what they say by period.

    Attributes:
        left, right: the first of those that answer; the values may be of others behind them.
    """

    cell: Cell
    left: SideSeries | None
    right: SideSeries | None
    multiplier: int
    observations: tuple[Observation, ...]


class SeriesValues(msgspec.Struct, frozen=True, gc=False):
    """The two series of a cell with their values."""

    cell: Cell
    left: SideSeries | None
    right: SideSeries | None
    left_values: Values
    right_values: Values


def compare(left: str, right: str) -> Figures:
    """Compare two values, decimal text of one unit."""
    if left.isdecimal() and right.isdecimal():
        a, b = int(left), int(right)
        if a + b == 0:
            return Figures("BOTH_ZERO", left, right, "0")
        gap = a - b
        ratio = round(b / a, DIGITS) if a else None
        asymmetry = round(2 * abs(gap) / (a + b), DIGITS)
        return Figures("COMPARED", left, right, str(gap), ratio, asymmetry)
    return _compare_decimals(left, right)


def _compare_decimals(left: str, right: str) -> Figures:
    a, b = Decimal(left), Decimal(right)
    gap = f"{a - b:f}"
    if a == b == 0:
        return Figures("BOTH_ZERO", left, right, gap)
    ratio = float(round(b / a, DIGITS)) if a else None
    if a < 0 or b < 0:
        return Figures("NOT_DEFINED", left, right, gap, ratio)
    asymmetry = float(round(2 * abs(a - b) / (a + b), DIGITS))
    return Figures("COMPARED", left, right, gap, ratio, asymmetry)


def pair_values(
    plan: PairPlan, left: SideCells, right: SideCells, order: Iterable[Cell] | None
) -> Iterator[SeriesValues]:
    """The two series of each cell with their values, in an order or that of the cells."""
    sums, changes = of_years(plan)
    nobody = Values({}, {}, 0)
    for cell in sorted(left.keys() | right.keys()) if order is None else order:
        one, other = choose(left.get(cell), right.get(cell))
        yield SeriesValues(
            cell,
            one,
            other,
            nobody if one is None else read_values(one, plan.left.measure, sums),
            nobody if other is None else read_values(other, plan.right.measure, changes),
        )


def compare_series(
    plan: PairPlan,
    left: SideCells,
    right: SideCells,
    query: CellQuery,
    order: Iterable[Cell] | None = None,
) -> Iterator[ComparedSeries]:
    """The comparison of each cell, in an order or that of the cells; none without a period."""
    passes = within(query.first_day, query.last_day)
    for both in pair_values(plan, left, right, order):
        multiplier = _multiplier(both)
        periods = sorted(_periods(both, query.lag))
        observations = tuple(
            _observation(both, period, query.lag, multiplier, passes)
            for period in periods
            if passes is None or passes(period)
        )
        if observations:
            yield ComparedSeries(both.cell, both.left, both.right, multiplier, observations)


def of_years(plan: PairPlan) -> tuple[OfYears | None, OfYears | None]:
    """What makes years of the values of each side, where the pair compares years."""
    if plan.pair.time_rule == "YEAR_CHANGE":
        return sums_of_years, changes_of_years
    return None, None


def _multiplier(both: SeriesValues) -> int:
    """The power of ten that both are shown in: the lower, of those that have values."""
    there = [v.multiplier for v in (both.left_values, both.right_values) if v.texts]
    return min(there, default=0)


def most_apart(
    plan: PairPlan, left: SideCells, right: SideCells, query: CellQuery, measure: RankedBy
) -> list[Cell]:
    """The cells, those first whose sides are furthest apart; last those of one side alone."""
    sums, changes = of_years(plan)
    passes = within(query.first_day, query.last_day)
    ranked: list[tuple[float, Cell]] = [(1.0, cell) for cell in left.keys() ^ right.keys()]
    for cell in left.keys() & right.keys():
        one, other = choose(left[cell], right[cell])
        if one is None or other is None:
            continue
        ours = numbers_of(one, plan.left.measure, sums, passes)
        theirs = numbers_of(other, plan.right.measure, changes, passes)
        found = disagreement(ours, moved(theirs, query.lag) if query.lag else theirs)
        ranked.append((-(found.asymmetry if measure == "asymmetry" else found.gaps), cell))
    ranked.sort()
    return [cell for _, cell in ranked]


def _periods(both: SeriesValues, lag: int) -> set[str]:
    """Periods, as the left counts them, of which either side says something."""
    left, right = both.left_values, both.right_values
    periods = {*left.texts, *left.nothing}
    if not lag:
        periods.update(right.texts, right.nothing)
        return periods
    for period in (*right.texts, *right.nothing):
        moved = move_period(period, -lag)
        if moved is not None:
            periods.add(moved)
    return periods


def _observation(
    both: SeriesValues, period: str, lag: int, multiplier: int, passes: Passes | None
) -> Observation:
    left, right = both.left_values, both.right_values
    later = move_period(period, lag) if lag else period
    if later is not None and passes is not None and not passes(later):
        later = None
    ours = left.texts.get(period)
    theirs = None if later is None else right.texts.get(later)
    a = None if ours is None else in_unit(ours, left.multiplier, multiplier)
    b = None if theirs is None else in_unit(theirs, right.multiplier, multiplier)
    if a is not None and b is not None:
        figures = compare(a, b)
    else:
        state = _state(a, left.nothing.get(period), b, right.nothing.get(later or ""))
        figures = Figures(state, a, b)
    return Observation(period, figures, left.source(period), right.source(later or ""))


def _state(
    left: str | None, of_left: Nothing | None, right: str | None, of_right: Nothing | None
) -> State:
    if left is not None:
        return "RIGHT_SUPPRESSED" if of_right == "SUPPRESSED" else "RIGHT_MISSING"
    if right is not None:
        return "LEFT_SUPPRESSED" if of_left == "SUPPRESSED" else "LEFT_MISSING"
    if of_left == of_right == "SUPPRESSED":
        return "BOTH_SUPPRESSED"
    if "SUPPRESSED" in (of_left, of_right):
        return "LEFT_SUPPRESSED" if of_left == "SUPPRESSED" else "RIGHT_SUPPRESSED"
    return "BOTH_MISSING"
