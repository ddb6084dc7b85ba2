"""The series of one side of a mirror pair, by the cell that they fall in.

Of several agreements that hold a key, that of the highest precedence answers, and for a period
that it has no value for the next one; every value keeps its provider. Observations stay the text
that is stored until they are compared: a side may have very many.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from functools import lru_cache
from operator import itemgetter
from typing import Final, TypeAlias

import msgspec
import orjson
from msgspec.structs import replace

from app.sdmx import series
from app.sdmx.mirrors.pair import Formula
from app.sdmx.mirrors.plan import YEAR, Cell, SidePlan
from app.sdmx.series import Document
from app.sdmx.slices import Key

UNITS: Final = ("PS", "EVT", "APL", "PMT", "HH")
"""Units of what is counted one by one, that compared first where a side has several ahead."""

FREQUENCIES: Final = (YEAR, "S", "Q", "M")


class SideSeries(msgspec.Struct, gc=False):
    """A series of one side.

    Attributes:
        observations: its document, as JSON until it is read.
        attributes: those of the series, as JSON.
        withheld: documents that lie over it, of what the caller may see beyond the public.
        parts: the series that a formula adds or takes away, if it is computed.
        behind: the series of the same key that answers where this one has no value.
        also: another series of the same cell, in another unit of measure.
    """

    agreement: int
    provider: str
    unit: str
    frequency: str
    observations: str | None
    attributes: str | None
    withheld: tuple[str, ...] = ()
    formula: Formula | None = None
    parts: tuple[tuple[int, SideSeries], ...] = ()
    behind: SideSeries | None = None
    also: SideSeries | None = None

    def ranked(self) -> Iterator[SideSeries]:
        """It, and those of the same key behind it, in the order in which they answer."""
        one: SideSeries | None = self
        while one is not None:
            yield one
            one = one.behind

    def all(self) -> Iterator[SideSeries]:
        """It, and the others of its cell."""
        one: SideSeries | None = self
        while one is not None:
            yield one
            one = one.also

    def document(self) -> Document:
        """Its observations."""
        stored = self.observations
        document: Document = series.EMPTY if stored is None else orjson.loads(stored)
        if self.withheld:
            return series.overlay(document, (orjson.loads(text) for text in self.withheld))
        return document

    def multiplier(self, document: Document) -> int:
        """The power of ten that its values are in."""
        text = document.get("UNIT_MULT")
        if isinstance(text, list):
            text = next((each for each in text if each is not None), None)
        return _multiplier(self.attributes or "") if text is None else _power(text)


@lru_cache(maxsize=4096)
def _multiplier(attributes: str) -> int:
    """The power of ten that attributes of a series tell; there are few different ones."""
    return _power(orjson.loads(attributes).get("UNIT_MULT")) if attributes else 0


def _power(text: object) -> int:
    shown = str(text)
    return int(shown) if shown.lstrip("+-").isdecimal() else 0


class StoredSeries(msgspec.Struct, frozen=True, gc=False):
    """A row of the store."""

    agreement: int
    key: Key
    observations: str | None
    attributes: str | None
    withheld: tuple[str, ...] = ()


SideCells: TypeAlias = dict[Cell, SideSeries]
"""The series of each cell, with others of other units."""


def collect_cells(
    plan: SidePlan, rows: Iterable[StoredSeries], providers: Mapping[int, str]
) -> SideCells:
    """Put the series of one side in their cells.

    Args:
        plan: the side.
        rows: its series, in any order.
        providers: the data provider of each agreement, those of the highest precedence first.
    """
    rank = {agreement: place for place, agreement in enumerate(providers)}
    by_key: dict[Key, SideSeries] = {}
    unit, frequency, reporter = plan.unit, plan.frequency, plan.reporter
    for row in rows:
        key = row.key
        provider = providers[row.agreement]
        if reporter is not None and provider.partition("_")[0] != key[reporter]:
            continue
        one = SideSeries(
            row.agreement,
            provider,
            "" if unit is None else key[unit],
            "" if frequency is None else key[frequency],
            row.observations,
            row.attributes,
            row.withheld,
        )
        known = by_key.get(key)
        by_key[key] = one if known is None else _in_rank(known, one, rank)
    for position, formula in plan.formulas:
        _compute(by_key, position, formula)
    cells = _in_cells(plan, by_key)
    if plan.frequency is not None:
        return {cell: _of_years(one, rank) for cell, one in cells.items()}
    return cells


def _in_rank(first: SideSeries, one: SideSeries, rank: Mapping[int, int]) -> SideSeries:
    """The first of the series of a key when one more has taken its place among them."""
    place = rank[one.agreement]
    if place < rank[first.agreement]:
        one.behind = first
        return one
    before = first
    while before.behind is not None and rank[before.behind.agreement] < place:
        before = before.behind
    one.behind, before.behind = before.behind, one
    return first


def _of_years(first: SideSeries, rank: Mapping[int, int]) -> SideSeries:
    """The series of a cell of years, of several frequencies: of one unit they answer by rank."""
    by_unit: dict[str, list[SideSeries]] = {}
    for one in first.all():
        by_unit.setdefault(one.unit, []).extend(one.ranked())
    also: SideSeries | None = None
    for members in by_unit.values():
        members.sort(key=lambda one: (one.formula is not None, rank[one.agreement], _place(one)))
        behind: SideSeries | None = None
        for one in reversed(members):
            one.behind, one.also = behind, None
            behind = one
        members[0].also = also
        also = members[0]
    return also or first


def _compute(by_key: dict[Key, SideSeries], position: int, formula: Formula) -> None:
    """Add the series of a formula's code behind what is reported, where one body has all parts."""
    first = formula.parts[0][1]
    for key in [key for key in by_key if key[position] == first]:
        before, after = key[:position], key[position + 1 :]
        parts = [(sign, by_key.get((*before, part, *after))) for sign, part in formula.parts]
        bodies = {one.agreement: one for one in by_key[key].ranked()}
        for agreement, one in bodies.items():
            held = tuple(
                (sign, own)
                for sign, part in parts
                if part is not None and (own := _of_body(part, agreement)) is not None
            )
            if len(held) == len(parts):
                made = SideSeries(
                    agreement,
                    one.provider,
                    one.unit,
                    one.frequency,
                    None,
                    one.attributes,
                    formula=formula,
                    parts=held,
                )
                _put_last(by_key, (*before, formula.code, *after), made)


def _of_body(part: SideSeries, agreement: int) -> SideSeries | None:
    """What one body has of a part, reported or computed; no other body may come behind it."""
    found: SideSeries | None = None
    for one in reversed([each for each in part.ranked() if each.agreement == agreement]):
        found = replace(one, behind=found)
    return found


def _put_last(by_key: dict[Key, SideSeries], key: Key, made: SideSeries) -> None:
    known = by_key.get(key)
    if known is None:
        by_key[key] = made
        return
    while known.behind is not None:
        known = known.behind
    known.behind = made


def _in_cells(plan: SidePlan, by_key: Mapping[Key, SideSeries]) -> SideCells:
    # What is read is what is kept, but for parts of formulas.
    parted = {position for position, _ in plan.formulas} & plan.kept.keys()
    kept = tuple((position, plan.kept[position]) for position in parted)
    places = plan.places
    by_year = any(place < 0 for place in places)
    pick = itemgetter(*places) if len(places) > 1 and not by_year else None
    cells: SideCells = {}
    for key, one in by_key.items():
        if kept and not all(key[position] in codes for position, codes in kept):
            continue
        if pick is not None:
            cell = pick(key)
        else:
            cell = tuple([YEAR if place < 0 else key[place] for place in places])
        one.also = cells.get(cell)
        cells[cell] = one
    return cells


def cells_of(plan: SidePlan, key: Key) -> Iterator[Cell]:
    """The cells of a side that a series enters, by itself and as a part of formulas."""
    keys = {key}
    for position, formula in plan.formulas:
        parts = {part for _, part in formula.parts}
        keys |= {
            (*one[:position], formula.code, *one[position + 1 :])
            for one in keys
            if one[position] in parts
        }
    for one in keys:
        yield tuple([YEAR if place < 0 else one[place] for place in plan.places])


def choose(
    left: SideSeries | None, right: SideSeries | None
) -> tuple[SideSeries | None, SideSeries | None]:
    """The series of a cell that are compared: of one unit where both sides have one."""
    alone = all(one is None or one.also is None for one in (left, right))
    if alone:
        return left, right
    ours, theirs = _sorted(left), _sorted(right)
    for one in ours:
        for other in theirs:
            if one.unit == other.unit:
                return one, other
    return next(iter(ours), None), next(iter(theirs), None)


def _sorted(one: SideSeries | None) -> list[SideSeries]:
    return [] if one is None else sorted(one.all(), key=_preference)


def _preference(one: SideSeries) -> tuple[int, str]:
    return UNITS.index(one.unit) if one.unit in UNITS else len(UNITS), one.unit


def _place(one: SideSeries) -> int:
    """The place of its frequency: a year that is reported comes before its months."""
    return FREQUENCIES.index(one.frequency) if one.frequency in FREQUENCIES else len(FREQUENCIES)
