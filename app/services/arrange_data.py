"""Arranging what was read: paging, sorting, sections along another dimension.

Paging streams. Sorting by time or value over series, and sections, need all observations at
hand; beyond `GATHERED_OBSERVATIONS` they are refused, with a way that works.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from app.errors import QuerySyntaxError, TooLargeError
from app.sdmx import series
from app.sdmx.flow import Flow
from app.sdmx.messages.data_message import Layout, SeriesData
from app.sdmx.query import DataQuery, SortKey
from app.sdmx.series import TIME, Document
from app.sdmx.slices import Key
from app.sdmx.time_period import parse_time_period
from app.sdmx.values import is_float

GATHERED_OBSERVATIONS = 500_000

Batches = AsyncIterator[list[SeriesData]]


@dataclass(frozen=True, slots=True)
class Order:
    """The order of a reply: by positions of the key in the store, or gathered and sorted."""

    positions: tuple[tuple[int, bool], ...] = ()
    gathered: tuple[SortKey, ...] = ()


def plan_order(query: DataQuery, flow: Flow, *, one_source: bool) -> Order:
    """Whether the store gives the order, or everything has to be gathered for it.

    Raises:
        QuerySyntaxError: a component does not exist.
    """
    keys = [key for asked in query.sort for key in _expanded(asked, flow)]
    if not keys:
        return Order()
    dimensions = [key for key in keys if key.component in flow.position]
    rest = keys[len(dimensions) :]
    by_series = keys[: len(dimensions)] == dimensions
    ascending_time = all(k.component == TIME and not k.descending for k in rest)
    if one_source and by_series and ascending_time and len(rest) < 2:
        return Order(tuple((flow.position[k.component], k.descending) for k in dimensions))
    return Order(gathered=tuple(keys))


class Page:
    """A page of a whole reply: of its observations, or of its series where none are shown."""

    def __init__(self, offset: int, limit: int | None) -> None:
        self._skip = offset
        self._left = limit

    async def of(self, batches: Batches, *, observes: bool) -> Batches:
        """The part of a dataset that is on the page, after the datasets before it."""
        if self._skip == 0 and self._left is None:
            async for batch in batches:
                yield batch
            return
        if self._left == 0:
            return
        async for batch in batches:
            if kept := [shown for data in batch if (shown := self._cut(data, observes))]:
                yield kept
            if self._left == 0:
                return

    def _cut(self, data: SeriesData, observes: bool) -> SeriesData | None:
        size = series.count(data.document) if observes else 1
        if self._skip >= size:
            self._skip -= size
            return None
        start, stop = self._skip, size
        self._skip = 0
        if self._left is not None:
            stop = min(stop, start + self._left)
            self._left -= stop - start
        if start == stop:
            return None
        if (start, stop) == (0, size):
            return data
        document = series.take(data.document, list(range(start, stop)))
        return SeriesData(data.key, document, data.upper)


async def ordered(batches: Batches, keys: Sequence[SortKey], flow: Flow) -> Batches:
    """All observations in the order asked for, each as a series of its own."""
    rows = [
        SeriesData(data.key, series.take(data.document, [place]), data.upper)
        async for data in gather(batches, "sort")
        for place in range(series.count(data.document))
    ]
    expanded = [key for asked in keys for key in _expanded(asked, flow)]
    for key in reversed(expanded):
        rows.sort(key=_sort_value(key.component, flow), reverse=key.descending)
    for start in range(0, len(rows), 1000):
        yield rows[start : start + 1000]


async def regrouped(batches: Batches) -> Batches:
    """Observations in an order of their own put together by series, in the order of the first."""
    found: dict[Key, list[SeriesData]] = {}
    async for batch in batches:
        for data in batch:
            found.setdefault(data.key, []).append(data)
    for key, parts in found.items():
        names = {name for data in parts for name in data.document}
        document: Document = {
            name: [value for data in parts for value in series.column(data.document, name)]
            for name in names
        }
        yield [SeriesData(key, series.compact(document), parts[0].upper)]


async def sections(batches: Batches, layout: Layout) -> Batches:
    """Series along another dimension than time: observations of one period side by side."""
    flow = layout.flow
    along = flow.position[layout.dimension_at_observation]
    components = [component.id for component in layout.at_observation]
    found: dict[tuple[str, ...], dict[str, dict[str, Any]]] = {}
    async for data in gather(batches, "dimensionAtObservation"):
        columns = [
            [data.upper[name]] * series.count(data.document)
            if name in data.upper
            else series.column(data.document, name)
            for name in components
        ]
        code = data.key[along]
        others = data.key[:along] + data.key[along + 1 :]
        for time, *values in zip(data.document[TIME], *columns, strict=True):
            cells = {n: v for n, v in zip(components, values, strict=True) if v is not None}
            key = (*others, time) if flow.time else others
            found.setdefault(key, {})[code] = cells
    batch = [SeriesData(key, _section(rows, components), {}) for key, rows in found.items()]
    for start in range(0, len(batch), 1000):
        yield batch[start : start + 1000]


async def gather(batches: Batches, parameter: str) -> AsyncIterator[SeriesData]:
    """All series, as long as they can be held.

    Raises:
        TooLargeError: there are more observations than can be held.
    """
    held: list[SeriesData] = []
    size = 0
    async for batch in batches:
        size += sum(series.count(data.document) for data in batch)
        if size <= GATHERED_OBSERVATIONS:
            held += batch
    if size > GATHERED_OBSERVATIONS:
        raise TooLargeError(
            f"{parameter} needs all {size} observations at once; the limit is "
            f"{GATHERED_OBSERVATIONS}. Ask for less, or without {parameter}.",
            f"{parameter} necesita las {size} observaciones a la vez; el límite es "
            f"{GATHERED_OBSERVATIONS}. Pida menos, o sin {parameter}.",
            count=size,
            limit=GATHERED_OBSERVATIONS,
            without=parameter,
        )
    for data in held:
        yield data


def _section(rows: dict[str, dict[str, Any]], components: Sequence[str]) -> Document:
    document: Document = {TIME: list(rows)}
    for name in components:
        document[name] = [cells.get(name) for cells in rows.values()]
    return series.compact(document)


def _expanded(asked: SortKey, flow: Flow) -> list[SortKey]:
    dimensions = [SortKey(name, asked.descending) for name in flow.position]
    if asked.component == "series_key":
        return dimensions
    if asked.component == "*":
        return [*dimensions, SortKey(TIME, asked.descending)]
    if asked.component not in flow.components:
        raise QuerySyntaxError(
            f"sort={asked.component[:64]}: no such component.",
            f"sort={asked.component[:64]}: no existe tal componente.",
        )
    return [asked]


def _sort_value(component: str, flow: Flow) -> Any:  # noqa: ANN401
    position = flow.position.get(component)
    if position is not None:
        return lambda data: data.key[position]
    if flow.components[component].level == "time":
        return lambda data: parse_time_period(data.document[TIME][0]).sort_key

    def value(data: SeriesData) -> tuple[int, Decimal, str]:
        found = data.upper.get(component)
        if found is None:
            found = series.column(data.document, component)[0]
        if found is None:
            return 0, Decimal(0), ""
        text = found if isinstance(found, str) else str(found)
        if is_float(text) and text[-1].isdigit():
            return 1, Decimal(text), ""
        return 2, Decimal(0), text

    return value
