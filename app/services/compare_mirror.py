"""Comparing a mirror pair cell by cell: a page of series as JSON, or all of them as a table."""

from __future__ import annotations

import asyncio
import csv
import io
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from itertools import islice
from typing import Any, Final, Literal

import orjson

from app.auth.subject import Subject
from app.sdmx.mirrors.cells import SideSeries
from app.sdmx.mirrors.compare import (
    ComparedSeries,
    Observation,
    compare,
    compare_series,
    most_apart,
)
from app.sdmx.mirrors.corridors import CorridorPage, find_corridors
from app.sdmx.mirrors.lags import best_lag
from app.sdmx.mirrors.notes import Note, agreed_value, cell_name, standing_notes, told_notes
from app.sdmx.mirrors.periods import move_period
from app.sdmx.mirrors.plan import CellQuery
from app.services.mirror_parties import mirror_parties
from app.services.mirror_words import (
    AREAS,
    AreaNames,
    describe_pair,
    describe_states,
    explain_nothing,
    number,
    tell_lags,
    tell_note,
)
from app.services.plan_mirror import MirrorSource
from app.services.read_mirror import MirrorReading, read_mirror
from app.store.catalogue import CatalogueCache
from app.store.pools import Pools

COLUMNS: Final = (
    *("period", "left", "right", "gap", "ratio", "asymmetry", "state", "left_provider"),
    *("right_provider", "left_computed", "right_computed", "left_unit", "right_unit"),
    *("unit_mult", "right_period", "agreed_value"),
)
BYTE_ORDER_MARK: Final = "\ufeff"
"""It tells spreadsheets that the text is UTF-8."""

SeriesOrder = Literal["cell", "asymmetry", "gap"]
_Standing = Mapping[tuple[str, ...], Mapping[str, Note]]


@dataclass(frozen=True, slots=True)
class MirrorPage:
    """What of the comparison is told.

    Attributes:
        order: by cell, or the series that disagree most first.
        compared: only series that both sides have.
    """

    offset: int = 0
    limit: int = 500
    order: SeriesOrder = "cell"
    compared: bool = False


async def compare_mirror(
    pools: Pools,
    cache: CatalogueCache,
    named: str,
    query: CellQuery,
    page: MirrorPage,
    subject: Subject | None,
    *,
    language: str,
    as_table: bool,
) -> bytes:
    """The comparison of a pair, in JSON or CSV.

    Raises:
        NotFoundError: there is no such pair.
        InvalidArtefactError: the pair does not suit its dataflows.
        QueryMisfitError: the query names a dimension that the pair does not have.
        TooLargeError: a side has too many series.
    """
    reading = await read_mirror(pools, cache, named, query, subject)
    write = _table if as_table else _message
    return await asyncio.to_thread(write, reading, query, page, language)


def _compared(
    reading: MirrorReading, query: CellQuery, page: MirrorPage
) -> Iterator[ComparedSeries]:
    """The compared series that a page asks for, in its order, from its begin to its end."""
    left, right = reading.left, reading.right
    if page.compared:
        common = left.keys() & right.keys()
        left = {cell: left[cell] for cell in common}
        right = {cell: right[cell] for cell in common}
    plan = reading.planned.plan
    order = None if page.order == "cell" else most_apart(plan, left, right, query, page.order)
    found = compare_series(plan, left, right, query, order)
    return islice(found, page.offset, page.offset + page.limit)


def _message(reading: MirrorReading, query: CellQuery, page: MirrorPage, language: str) -> bytes:
    standing = standing_notes(reading.notes)
    cells = (
        reading.left.keys() & reading.right.keys()
        if page.compared
        else (reading.left.keys() | reading.right.keys())
    )
    names = AreaNames(reading.planned.plan, language)
    shown = [_series(reading, one, standing, query, names) for one in
             _compared(reading, query, page)]  # fmt: skip
    reply: dict[str, Any] = {
        "pair": describe_pair(reading.pair, language),
        "dimensions": list(reading.planned.plan.dimensions),
        "total": len(cells),
        "offset": page.offset,
        "limit": page.limit,
        "lag": query.lag,
        **_lags(reading, query),
        "reason": explain_nothing(reading, language),
        "states": describe_states(reading.catalogue, language),
        "series": shown,
    }
    return orjson.dumps(reply)


def _lags(reading: MirrorReading, query: CellQuery) -> dict[str, Any]:
    """The correlations of the whole selection, where it is of one corridor."""
    if reading.pair.time_rule != "LAG":
        return {"lags": None, "best_lag": None}
    plan, page = reading.planned.plan, CorridorPage(limit=1)
    found = find_corridors(plan, reading.left, reading.right, query, page)
    lags = found.corridors[0].lags if found.total == 1 else ()
    return {"lags": tell_lags(lags) or None, "best_lag": best_lag(lags)}


def _series(
    reading: MirrorReading,
    one: ComparedSeries,
    standing: _Standing,
    query: CellQuery,
    names: AreaNames,
) -> dict[str, Any]:
    plan = reading.planned.plan
    first, second = plan.areas(one.cell)
    observations = []
    for seen in one.observations:
        said, agreed = _said(reading, one, seen, standing, query)
        observations.append(_observation(seen, said, agreed, query.lag))
    return {
        "cell": dict(zip(plan.dimensions, one.cell, strict=True)),
        "first_area": first,
        "first_area_name": names.first(first),
        "second_area": second,
        "second_area_name": names.second(second),
        "left": _side(reading.planned.left, one.left, [seen.left for seen in one.observations]),
        "right": _side(reading.planned.right, one.right, [seen.right for seen in one.observations]),
        "unit_mult": one.multiplier,
        "over_periods": _over_periods(one) if reading.pair.adds_over_time else None,
        "observations": observations,
    }


def _said(
    reading: MirrorReading,
    one: ComparedSeries,
    seen: Observation,
    standing: _Standing,
    query: CellQuery,
) -> tuple[Mapping[str, Note], str | None]:
    """What parties say of a period of a cell, as it may be told, and the figure they agree on."""
    name = cell_name(reading.planned.plan, one.cell, seen.period) if standing else ()
    said = standing.get(name)
    if not said:
        return {}, None
    told = told_notes(said, seen.figures if query.is_of_notes else None)
    return told, agreed_value(told, mirror_parties(reading, one, seen))


def _observation(
    seen: Observation, said: Mapping[str, Note], agreed: str | None, lag: int
) -> dict[str, Any]:
    figures = seen.figures
    found: dict[str, Any] = {
        "period": seen.period,
        "left": number(figures.left),
        "right": number(figures.right),
        "gap": number(figures.gap),
        "ratio": figures.ratio,
        "asymmetry": figures.asymmetry,
        "state": figures.state,
        "left_provider": seen.left and seen.left.provider,
        "right_provider": seen.right and seen.right.provider,
        "agreed_value": number(agreed),
    }
    for name, side in (("left", seen.left), ("right", seen.right)):
        if side is not None and side.formula is not None:
            found[f"{name}_computed"] = side.formula.text
    if lag:
        found["right_period"] = move_period(seen.period, lag)
    if said:
        found["notes"] = [tell_note(note) for _, note in sorted(said.items())]
    return found


def _side(
    source: MirrorSource, one: SideSeries | None, told: Sequence[SideSeries | None]
) -> dict[str, Any] | None:
    """A side, with those whose values it has, that of the highest precedence first."""
    if one is None:
        return None
    counts = Counter(id(each) for each in told if each is not None)
    return {
        "unit": one.unit or None,
        "sources": [
            {
                "provider": each.provider,
                "agreement": source.agreements[each.agreement].urn.rpartition("=")[2],
                "computed": each.formula.text if each.formula else None,
                "periods": counts[id(each)],
            }
            for each in one.ranked()
            if id(each) in counts
        ],
    }


def _over_periods(one: ComparedSeries) -> dict[str, Any]:
    """Each side added up over the periods that it has, and what comparing the sums gives."""
    figures = [seen.figures for seen in one.observations]
    left = [Decimal(each.left) for each in figures if each.left is not None]
    right = [Decimal(each.right) for each in figures if each.right is not None]
    told: dict[str, Any] = {"left_periods": len(left), "right_periods": len(right)}
    if left and right:
        sums = compare(f"{sum(left):f}", f"{sum(right):f}")
        told |= {
            "left": number(sums.left),
            "right": number(sums.right),
            "gap": number(sums.gap),
            "ratio": sums.ratio,
            "asymmetry": sums.asymmetry,
            "state": sums.state,
        }
    return told


def _table(reading: MirrorReading, query: CellQuery, page: MirrorPage, language: str) -> bytes:
    plan = reading.planned.plan
    standing = standing_notes(reading.notes)
    table = io.StringIO(newline="")
    table.write(BYTE_ORDER_MARK)
    writer = csv.writer(table)
    names = AreaNames(plan, language)
    writer.writerow([*plan.dimensions, *AREAS, *COLUMNS])
    for one in _compared(reading, query, page):
        first, second = plan.areas(one.cell)
        head = [*one.cell, first, names.first(first), second, names.second(second)]
        for seen in one.observations:
            _, agreed = _said(reading, one, seen, standing, query)
            writer.writerow([*head, *_row(one, seen, query.lag), agreed])
    return table.getvalue().encode()


def _row(one: ComparedSeries, seen: Observation, lag: int) -> Iterator[object]:
    figures, sides = seen.figures, (seen.left, seen.right)
    yield from (seen.period, figures.left, figures.right, figures.gap, figures.ratio)
    yield from (figures.asymmetry, figures.state)
    yield from (side and side.provider for side in sides)
    yield from (side and side.formula and side.formula.text for side in sides)
    yield from (one.left and one.left.unit, one.right and one.right.unit, one.multiplier)
    yield move_period(seen.period, lag)
