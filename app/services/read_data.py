"""Reading the series of one scope: current, as of an instant, or what changed since."""

from __future__ import annotations

import datetime as dt
import heapq
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from app.sdmx import series
from app.sdmx.flow import Component, Flow
from app.sdmx.history import Change, Dissemination, net, state
from app.sdmx.messages.data_message import SeriesData
from app.sdmx.query import DataQuery
from app.sdmx.rooms import FOR_GOOD
from app.sdmx.series import TIME, Document
from app.sdmx.slices import Key, PartialKey, Slice, first_and_last
from app.sdmx.timeline import effective
from app.store import series as store
from app.store.series import Source
from app.store.types import Connection

Attached = Mapping[PartialKey, Mapping[str, Any]]


class Uppers:
    """Values above the observations, for the series of one agreement."""

    def __init__(self, flow: Flow, attached: Attached, fixed: Mapping[str, str]) -> None:
        everything = attached.get((None,) * len(flow.dimensions), {})
        self._constant: dict[str, Any] = {**everything, **fixed}
        self._parts: list[tuple[Component, dict[tuple[str, ...], Any]]] = []
        for attribute in flow.partial_attributes:
            if not attribute.positions or attribute.id in fixed:
                continue
            table = {
                tuple(str(key[place]) for place in attribute.positions): values[attribute.id]
                for key, values in attached.items()
                if attribute.id in values
            }
            if table:
                self._parts.append((attribute, table))

    def of(self, key: Key, attributes: Mapping[str, Any]) -> dict[str, Any]:
        """The values for a series that has these attributes of its own."""
        found = {**self._constant, **attributes}
        for attribute, table in self._parts:
            value = table.get(tuple([key[place] for place in attribute.positions]))
            if value is not None:
                found[attribute.id] = value
        return found


@dataclass(frozen=True, slots=True)
class Reading:
    """How the series of one scope are read.

    Attributes:
        sources: those of the highest precedence first.
        uppers: by agreement.
        order: positions that the store sorts by.
    """

    query: DataQuery
    slice: Slice
    sources: Sequence[Source]
    uppers: Mapping[int, Uppers]
    order: tuple[tuple[int, bool], ...] = ()

    def lookup(self, key: Key, upper: Mapping[str, Any]) -> Callable[[str], Any]:
        """How a slice finds what stands above the observations of a series, its codes included."""
        position = self.slice.flow.position

        def find(component: str) -> Any:  # noqa: ANN401
            return key[position[component]] if component in position else upper.get(component)

        return find

    def shown(
        self, agreement: int, key: Key, document: Document, attributes: Mapping[str, Any]
    ) -> SeriesData | None:
        """What a query shows of a series, or nothing."""
        upper = self.uppers[agreement].of(key, attributes)
        document = self.slice.of(document, self.lookup(key, upper))
        first, last = self.query.first_n_observations, self.query.last_n_observations
        document = first_and_last(document, first, last)
        return SeriesData(key, document, upper) if document[TIME] else None


async def read_current(
    connection: Connection, reading: Reading, *, straddling: bool = False
) -> AsyncIterator[list[SeriesData]]:
    """The current series, agreement by agreement; or only those that a bound of time cuts."""
    for source in reading.sources:
        rows = store.read_series(
            connection, source, reading.slice.series, reading.order, straddling=straddling
        )
        async for batch in rows:
            shown = (
                reading.shown(row.agreement, row.key, row.document, row.attributes) for row in batch
            )
            if kept := [data for data in shown if data is not None]:
                yield kept


async def read_as_of(
    connection: Connection, reading: Reading, instant: dt.datetime
) -> AsyncIterator[list[SeriesData]]:
    """The series as they were at an instant."""
    async for key, agreement, seen in _told(connection, reading, None, instant):
        document, attributes = state(seen)
        if data := reading.shown(agreement, key, document, attributes):
            yield [data]


async def read_changed(
    connection: Connection, reading: Reading, after: dt.datetime, until: dt.datetime | None
) -> AsyncIterator[list[SeriesData]]:
    """The latest version of what was put after an instant.

    Where an attribute of a series or above it changed, the whole series is given again.
    """
    patterns = await _changed_attachments(connection, reading, after, until)
    async for key, agreement, seen in _told(connection, reading, after, until):
        if any(_is_under(key, pattern) for pattern in patterns):
            continue
        document, _, attributes_changed = net(one for one in seen if one.published_at > after)
        whole, attributes = state(seen)
        if data := reading.shown(
            agreement, key, whole if attributes_changed else document, attributes
        ):
            yield [data]
    if patterns:
        instant = until or FOR_GOOD
        async for batch in read_as_of(connection, reading, instant):
            under = [d for d in batch if any(_is_under(d.key, pattern) for pattern in patterns)]
            if under:
                yield under


async def read_deleted(
    connection: Connection, reading: Reading, after: dt.datetime, until: dt.datetime | None
) -> AsyncIterator[list[SeriesData]]:
    """The time periods whose observations were deleted after an instant."""
    passes = reading.slice.time
    async for key, _, seen in _told(connection, reading, after, until):
        _, gone, _ = net([one for one in seen if one.published_at > after])
        times = [time for time in gone if passes is None or passes(time)]
        if times:
            yield [SeriesData(key, {TIME: series.in_time_order(times)}, {})]


async def read_disseminations(
    connection: Connection,
    reading: Reading,
    after: dt.datetime | None,
    until: dt.datetime | None,
) -> AsyncIterator[tuple[Key, int, Dissemination, Mapping[str, Any]]]:
    """Every dissemination of each series, with the attributes the series then had."""
    async for key, agreement, seen in _told(connection, reading, None, until):
        attributes: dict[str, Any] = {}
        for one in seen:
            merged = attributes | one.attributes
            attributes = {name: value for name, value in merged.items() if value is not None}
            if after is None or one.published_at > after:
                yield key, agreement, one, attributes


async def _changed_attachments(
    connection: Connection, reading: Reading, after: dt.datetime, until: dt.datetime | None
) -> list[PartialKey]:
    """Keys of attachments that changed after an instant, or began before it and ended."""
    return [
        key
        for source in reading.sources
        for key, change in await store.read_attachment_changes(connection, source, until=until)
        if change.published_at > after
    ]


def _is_under(key: Key, pattern: PartialKey) -> bool:
    return all(code is None or code == mine for code, mine in zip(pattern, key, strict=True))


async def _told(
    connection: Connection,
    reading: Reading,
    after: dt.datetime | None,
    until: dt.datetime | None,
) -> AsyncIterator[tuple[Key, int, list[Dissemination]]]:
    """What was seen of each key, in key order, and the agreement whose attributes it has."""
    streams = [
        store.read_changes(
            connection, source, reading.slice.series, changed_after=after, until=until
        )
        for source in reading.sources
    ]
    async for key, found in _merged(streams):
        by_rank: list[list[Change]] = [[] for _ in streams]
        for rank, changes in found:
            by_rank[rank] = changes
        seen = effective(by_rank)
        if seen and (after is None or seen[-1].published_at > after):
            yield key, reading.sources[found[0][0]].agreement, seen


async def _merged(
    streams: Sequence[AsyncIterator[tuple[Key, list[Change]]]],
) -> AsyncIterator[tuple[Key, list[tuple[int, list[Change]]]]]:
    """Streams in key order, put together key by key."""
    heap: list[tuple[Key, int, list[Change]]] = []
    for rank, stream in enumerate(streams):
        async for key, changes in stream:
            heap.append((key, rank, changes))
            break
    heapq.heapify(heap)
    while heap:
        smallest = heap[0][0]
        found: list[tuple[int, list[Change]]] = []
        while heap and heap[0][0] == smallest:
            _, rank, changes = heapq.heappop(heap)
            found.append((rank, changes))
            async for key, more in streams[rank]:
                heapq.heappush(heap, (key, rank, more))
                break
        yield smallest, found
