"""A mirror pair put to its two dataflows: which series are read, and the cell that each falls in.

The cell is named by the dimensions of the left side. A dimension is no part of it that a filter
fixes at one code, that only one side has, or that is the unit of measure; what is named in a
match always is.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from difflib import get_close_matches
from typing import Final, TypeAlias

from app.errors import InvalidArtefactError, QueryMisfitError
from app.sdmx.flow import Flow
from app.sdmx.mirrors.pair import UNIT, Formula, MirrorPair, PairSide, Place, SideName
from app.sdmx.slices import SeriesSelection

TOTALS: Final = ("_T", "_Z")
"""Codes of a dimension that does not break the figure down."""

SECOND_AREA: Final = "COUNTERPART_AREA"
"""What a query and the dataflow of mirrors call the second area of a corridor."""

YEAR: Final = "A"

Cell: TypeAlias = tuple[str, ...]
Codes: TypeAlias = Mapping[str, tuple[str, ...]]


@dataclass(frozen=True, slots=True)
class SidePlan:
    """One side, put to its dataflow; positions are those of the keys of this side.

    Attributes:
        selection: the series that are read, parts of formulas included.
        kept: by position, the codes of the series that enter when formulas are done.
        places: for each dimension of the cell its position; -1 where the year stands for it.
        reporter: position of the area that the provider must be of.
        formulas: by position.
        measure: the measure that is compared.
    """

    side: PairSide
    flow: Flow
    selection: SeriesSelection
    kept: Mapping[int, frozenset[str]]
    places: tuple[int, ...]
    unit: int | None
    frequency: int | None
    reporter: int | None
    formulas: tuple[tuple[int, Formula], ...]
    measure: str


@dataclass(frozen=True, slots=True)
class PairPlan:
    """A pair, put to its dataflows.

    Attributes:
        dimensions: ids of the dimensions of a cell, as the left side names them.
        first, second: where the areas of a corridor are: a place in the cell, or the one code.
        is_empty: whether what was asked for lies outside the filters of the pair.
    """

    pair: MirrorPair
    dimensions: tuple[str, ...]
    left: SidePlan
    right: SidePlan
    first: int | str
    second: int | str
    is_empty: bool

    def areas(self, cell: Cell) -> tuple[str, str]:
        """The two areas of the corridor that a cell is in."""
        first, second = self.first, self.second
        return (
            first if isinstance(first, str) else cell[first],
            second if isinstance(second, str) else cell[second],
        )


@dataclass(frozen=True, slots=True)
class CellQuery:
    """What a caller asks for.

    Attributes:
        codes: by dimension.
        first_day, last_day: between which periods lie.
        lag: periods by which the right side is later.
        left_providers, right_providers: the only data providers of a side; none: all.
        is_cell: whether all codes are by dimensions of the cell, as replies name it; else
            COUNTERPART_AREA means the second area of the corridor.
    """

    codes: Codes = field(default_factory=dict)
    first_day: dt.date | None = None
    last_day: dt.date | None = None
    lag: int = 0
    left_providers: tuple[str, ...] = ()
    right_providers: tuple[str, ...] = ()
    is_cell: bool = False

    @property
    def is_of_notes(self) -> bool:
        """Whether the figures are those that notes speak of: of the same period, of all sources."""
        return not (self.lag or self.left_providers or self.right_providers)


def plan_pair(pair: MirrorPair, left: Flow, right: Flow, query: CellQuery) -> PairPlan:
    """Put a pair to its dataflows, and to what is asked for.

    Raises:
        InvalidArtefactError: the pair names dimensions that the dataflows do not have.
        QueryMisfitError: the query names dimensions that the pair does not have, or codes that
            neither side's list of the dimension has.
    """
    _check_dimensions(pair, left, right)
    mapped = _matched(pair, left, right)
    dimensions = tuple(mapped)
    _check_codes(pair, dimensions, {"LEFT": left, "RIGHT": right}, query)
    asked, is_empty = _asked(pair, dimensions, query)
    sides = []
    for flow, side, names in (
        (left, pair.left, tuple(mapped)),
        (right, pair.right, tuple(mapped.values())),
    ):
        wanted = {name: asked[own] for own, name in zip(mapped, names, strict=True) if own in asked}
        sides.append(_side_plan(pair, side, flow, names, wanted, query))
    first, second = (_area(pair, mapped, place) for place in pair.areas)
    return PairPlan(pair, dimensions, sides[0], sides[1], first, second, is_empty)


def _check_dimensions(pair: MirrorPair, left: Flow, right: Flow) -> None:
    formulas = [formula.dimension for formula in pair.formulas]
    for flow, side, named in (
        (left, pair.left, [*pair.match]),
        (right, pair.right, [*pair.match.values()]),
    ):
        for name in (*named, *side.filters, *filter(None, (side.reported_by,))):
            _known(pair, flow, name)
    for name in formulas:
        if name not in left.position and name not in right.position:
            _known(pair, left, name)
    for place in pair.areas:
        _known(pair, left if place.side == "LEFT" else right, place.dimension)


def _known(pair: MirrorPair, flow: Flow, name: str) -> None:
    if name not in flow.position:
        raise InvalidArtefactError(
            f"{pair.short_urn}: {flow.short_urn} has no dimension {name[:80]!r}.",
            f"{pair.short_urn}: {flow.short_urn} no tiene una dimensión {name[:80]!r}.",
            urn=pair.urn,
        )


def _matched(pair: MirrorPair, left: Flow, right: Flow) -> dict[str, str]:
    """The dimensions of the cell as the left side names them, each with its name on the right."""
    taken = set(pair.match.values())
    found: dict[str, str] = {}
    for dimension in left.dimensions:
        name = dimension.id
        if name in pair.match:
            found[name] = pair.match[name]
        elif name in right.position and name not in taken and name != UNIT:
            fixed = (len(side.filters.get(name, ())) == 1 for side in (pair.left, pair.right))
            if not any(fixed):
                found[name] = name
    return found


def _asked(pair: MirrorPair, dimensions: Sequence[str], query: CellQuery) -> tuple[Codes, bool]:
    """The codes that are asked for by dimension of the cell, and whether none can be there."""
    asked: dict[str, tuple[str, ...]] = {}
    for name, wanted in query.codes.items():
        is_own = query.is_cell and name in dimensions
        side, own = Place("LEFT", name) if is_own else _meant(pair, name)
        fixed = (pair.left if side == "LEFT" else pair.right).filters.get(own)
        if side == "LEFT" and own in dimensions:
            asked[own] = wanted
        elif fixed is not None:
            if not set(fixed) & set(wanted):
                return asked, True
        else:
            raise _no_dimension(pair, name, dimensions)
    return asked, False


def _check_codes(
    pair: MirrorPair, dimensions: Sequence[str], flows: Mapping[SideName, Flow], query: CellQuery
) -> None:
    """See that all codes are codes: a slip would be answered as if nothing were reported."""
    for name, wanted in query.codes.items():
        is_own = query.is_cell and name in dimensions
        side, own = Place("LEFT", name) if is_own else _meant(pair, name)
        other: SideName = "LEFT" if side == "RIGHT" else "RIGHT"
        matched = pair.match.get(own, own) if side == "LEFT" else own
        lists = [
            one.codes
            for one in (flows[side].find(own), flows[other].find(matched))
            if one is not None and one.codes is not None
        ]
        unknown = [code for code in wanted if not any(code in codes for codes in lists)]
        if lists and unknown:
            raise _no_code(name, unknown, sorted(set().union(*lists)))


def _no_code(name: str, unknown: Sequence[str], known: Sequence[str]) -> QueryMisfitError:
    listed = ", ".join(unknown)[:200]
    near = get_close_matches(unknown[0][:80].upper(), known, n=3, cutoff=0.5)
    en, es = (f" Near: {', '.join(near)}.", f" Parecidos: {', '.join(near)}.") if near else ("", "")
    return QueryMisfitError(
        f"{name[:80]} has no code {listed}.{en}",
        f"{name[:80]} no tiene el código {listed}.{es}",
        parameter=name[:80],
        codes=[code[:80] for code in unknown[:20]],
    )


def _meant(pair: MirrorPair, name: str) -> Place:
    """The place that a name means; of the second area, on the left where that has it."""
    if name != SECOND_AREA:
        return Place("LEFT", name)
    return _on_left(pair, pair.areas[1])


def _on_left(pair: MirrorPair, place: Place) -> Place:
    if place.side == "RIGHT":
        for left, right in pair.match.items():
            if right == place.dimension:
                return Place("LEFT", left)
    return place


def _no_dimension(pair: MirrorPair, name: str, dimensions: Sequence[str]) -> QueryMisfitError:
    known = ", ".join(dict.fromkeys((*dimensions, *pair.left.filters, SECOND_AREA)))
    return QueryMisfitError(
        f"{name[:80]!r} is no dimension of {pair.short_urn}; there are {known}.",
        f"{name[:80]!r} no es una dimensión de {pair.short_urn}; hay {known}.",
        parameter=name[:80],
    )


def _side_plan(
    pair: MirrorPair,
    side: PairSide,
    flow: Flow,
    names: Sequence[str],
    wanted: Codes,
    query: CellQuery,
) -> SidePlan:
    position = flow.position
    by_year = pair.time_rule == "YEAR_CHANGE"
    codes: dict[str, tuple[str, ...]] = {**side.filters, **wanted}
    for name in position:
        if name not in names and name not in side.filters and name != UNIT:
            codes[name] = TOTALS
    if by_year:
        codes.pop("FREQ", None)
    formulas = [f for f in pair.formulas if f.dimension in position]
    read = {name: _with_parts(name, chosen, formulas) for name, chosen in codes.items()}
    selection = SeriesSelection(
        codes={position[name]: chosen for name, chosen in read.items()},
        first_day=_first_day(pair, query),
        last_day=query.last_day,
    )
    places = (-1 if by_year and name == "FREQ" else position[name] for name in names)
    return SidePlan(
        side,
        flow,
        selection,
        {position[name]: frozenset(chosen) for name, chosen in codes.items()},
        tuple(places),
        position.get(UNIT) if UNIT not in names else None,
        position.get("FREQ") if by_year else None,
        None if side.reported_by is None else position[side.reported_by],
        tuple((position[f.dimension], f) for f in formulas),
        flow.measures[0].id,
    )


def _with_parts(name: str, codes: tuple[str, ...], formulas: Sequence[Formula]) -> tuple[str, ...]:
    parts = (
        part
        for formula in formulas
        if formula.dimension == name and formula.code in codes
        for _, part in formula.parts
    )
    return tuple(dict.fromkeys((*codes, *parts)))


def _first_day(pair: MirrorPair, query: CellQuery) -> dt.date | None:
    """A day that series must reach: a change over a year looks at the end of the one before."""
    first = query.first_day
    if first is None or pair.time_rule != "YEAR_CHANGE":
        return first
    return dt.date(max(first.year - 1, 1), 1, 1)


def _area(pair: MirrorPair, mapped: Mapping[str, str], place: Place) -> int | str:
    """Where an area of the corridor is: a place in the cell, or the one code of a filter."""
    meant = _on_left(pair, place)
    if meant.side == "LEFT" and meant.dimension in mapped:
        return list(mapped).index(meant.dimension)
    side: SideName = meant.side
    fixed = (pair.left if side == "LEFT" else pair.right).filters.get(meant.dimension, ())
    if len(fixed) != 1:
        raise InvalidArtefactError(
            f"{pair.short_urn}: {side}.{meant.dimension} is neither in the cell nor one code.",
            f"{pair.short_urn}: {side}.{meant.dimension} no está en la celda ni es un solo código.",
            urn=pair.urn,
        )
    return fixed[0]
