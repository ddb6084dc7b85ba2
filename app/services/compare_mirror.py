"""Comparing a mirror pair cell by cell: a page of series as JSON, or all of them as a table."""

from __future__ import annotations

import asyncio
import csv
import io
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal
from itertools import islice
from typing import Any, Final, Literal

import orjson

from app.auth.subject import Subject
from app.sdmx.mirrors.cells import SideSeries
from app.sdmx.mirrors.compare import (
    ComparedSeries,
    Figures,
    compare,
    compare_series,
    most_apart,
)
from app.sdmx.mirrors.corridors import CorridorPage, find_corridors
from app.sdmx.mirrors.lags import best_lag
from app.sdmx.mirrors.notes import Note, agreed_value, cell_name, standing_notes
from app.sdmx.mirrors.periods import move_period
from app.sdmx.mirrors.plan import CellQuery
from app.services.mirror_parties import mirror_parties
from app.services.mirror_words import (
    describe_pair,
    describe_states,
    explain_nothing,
    number,
    tell_lags,
    tell_note,
)
from app.services.read_mirror import MirrorReading, read_mirror
from app.store.catalogue import CatalogueCache
from app.store.pools import Pools

COLUMNS: Final = (
    *("period", "left", "right", "gap", "ratio", "asymmetry", "state", "left_provider"),
    *("right_provider", "left_unit", "right_unit", "unit_mult", "right_period", "agreed_value"),
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
    shown = [_series(reading, one, standing, query.lag) for one in
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
    count, corridors = find_corridors(plan, reading.left, reading.right, query, page)
    lags = corridors[0].lags if count == 1 else ()
    return {"lags": tell_lags(lags) or None, "best_lag": best_lag(lags)}


def _series(
    reading: MirrorReading, one: ComparedSeries, standing: _Standing, lag: int
) -> dict[str, Any]:
    plan = reading.planned.plan
    first, second = plan.areas(one.cell)
    observations = []
    for period, figures in one.figures:
        said = standing.get(cell_name(plan, one.cell, period), {}) if standing else {}
        agreed = agreed_value(said, mirror_parties(reading, one)) if said else None
        observations.append(_observation(period, figures, said, agreed, lag))
    return {
        "cell": dict(zip(plan.dimensions, one.cell, strict=True)),
        "first_area": first,
        "second_area": second,
        "left": _side(reading, one.left, "left"),
        "right": _side(reading, one.right, "right"),
        "unit_mult": one.multiplier,
        "over_periods": _over_periods(one) if reading.pair.adds_over_time else None,
        "observations": observations,
    }


def _observation(
    period: str, figures: Figures, said: Mapping[str, Note], agreed: str | None, lag: int
) -> dict[str, Any]:
    found: dict[str, Any] = {
        "period": period,
        "left": number(figures.left),
        "right": number(figures.right),
        "gap": number(figures.gap),
        "ratio": figures.ratio,
        "asymmetry": figures.asymmetry,
        "state": figures.state,
        "agreed_value": number(agreed),
    }
    if lag:
        found["right_period"] = move_period(period, lag)
    if said:
        found["notes"] = [tell_note(note) for _, note in sorted(said.items())]
    return found


def _side(reading: MirrorReading, one: SideSeries | None, name: str) -> dict[str, Any] | None:
    if one is None:
        return None
    planned = reading.planned
    source = planned.left if name == "left" else planned.right
    return {
        "provider": one.provider,
        "agreement": source.agreements[one.agreement].urn.rpartition("=")[2],
        "unit": one.unit or None,
        "computed": one.formula.text if one.formula else None,
    }


def _over_periods(one: ComparedSeries) -> dict[str, Any]:
    """Each side added up over the periods that it has, and what comparing the sums gives."""
    left = [Decimal(f.left) for _, f in one.figures if f.left is not None]
    right = [Decimal(f.right) for _, f in one.figures if f.right is not None]
    told: dict[str, Any] = {"left_periods": len(left), "right_periods": len(right)}
    if left and right:
        figures = compare(f"{sum(left):f}", f"{sum(right):f}")
        told |= {
            "left": number(figures.left),
            "right": number(figures.right),
            "gap": number(figures.gap),
            "ratio": figures.ratio,
            "asymmetry": figures.asymmetry,
            "state": figures.state,
        }
    return told


def _table(reading: MirrorReading, query: CellQuery, page: MirrorPage, language: str) -> bytes:
    del language  # codes and numbers are the same in all of them
    plan = reading.planned.plan
    standing = standing_notes(reading.notes)
    table = io.StringIO(newline="")
    table.write(BYTE_ORDER_MARK)
    writer = csv.writer(table)
    writer.writerow([*plan.dimensions, "first_area", "second_area", *COLUMNS])
    for one in _compared(reading, query, page):
        head = [*one.cell, *plan.areas(one.cell)]
        for period, figures in one.figures:
            said = standing.get(cell_name(plan, one.cell, period), {}) if standing else {}
            agreed = agreed_value(said, mirror_parties(reading, one)) if said else None
            writer.writerow([*head, *_row(one, period, figures, query.lag), agreed])
    return table.getvalue().encode()


def _row(one: ComparedSeries, period: str, figures: Figures, lag: int) -> Iterator[object]:
    yield from (period, figures.left, figures.right, figures.gap, figures.ratio)
    yield from (figures.asymmetry, figures.state)
    yield from (one.left and one.left.provider, one.right and one.right.provider)
    yield from (one.left and one.left.unit, one.right and one.right.unit, one.multiplier)
    yield move_period(period, lag)
