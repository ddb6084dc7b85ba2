"""Reading what was: as of an instant, what changed since, and every dissemination.

All three compare what a reader saw of a key at two moments: observations, attributes of the
series and values above it, each as they were then, under the agreement that was shown then.
"""

from __future__ import annotations

import datetime as dt
import heapq
from bisect import bisect_right
from collections.abc import AsyncIterator, Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from app.sdmx import series
from app.sdmx.history import Change, disseminations
from app.sdmx.messages.data_message import SeriesData
from app.sdmx.rooms import FOR_GOOD
from app.sdmx.series import TIME
from app.sdmx.slices import Key, PartialKey
from app.sdmx.timeline import Shown, Told, changed_rows, gone_times, shown_at
from app.sdmx.timeline import disseminations as disseminations_of_key
from app.services.read_data import Reading, Uppers
from app.store import series as store
from app.store.types import Connection


@dataclass(frozen=True, slots=True)
class Disseminated:
    """What one publication changed of a key: observations put, and time periods gone."""

    published_at: dt.datetime
    put: SeriesData | None
    gone: SeriesData | None


class UpperHistory:
    """Values above the series of one agreement, as they were at any moment."""

    def __init__(self, uppers: Uppers, changes: Sequence[tuple[PartialKey, Change]]) -> None:
        self._uppers = uppers
        self._changes = changes
        self._times = [change.published_at for _, change in changes]
        self._kept: dict[int, Uppers] = {}

    def at(self, moment: dt.datetime) -> Uppers:
        """The values at a moment."""
        count = bisect_right(self._times, moment)
        if count not in self._kept:
            self._kept[count] = self._uppers.with_attached(self._state(count))
        return self._kept[count]

    def changed(self, after: dt.datetime) -> list[PartialKey]:
        """The keys whose values changed after a moment."""
        return [key for key, _ in self._changes[bisect_right(self._times, after) :]]

    def _state(self, count: int) -> Mapping[PartialKey, Mapping[str, Any]]:
        rooms: dict[bool, dict[PartialKey, dict[str, Any]]] = {False: {}, True: {}}
        for key, change in self._changes[:count]:
            rooms[change.withheld].setdefault(key, {}).update(change.attributes)
        state: dict[PartialKey, dict[str, Any]] = {}
        for room in rooms.values():
            for key, values in room.items():
                known = {name: value for name, value in values.items() if value is not None}
                state.setdefault(key, {}).update(known)
        return state


class Past:
    """The past of one scope, up to an instant."""

    def __init__(
        self, reading: Reading, uppers: Sequence[UpperHistory], until: dt.datetime | None
    ) -> None:
        self.reading = reading
        self.until = until
        self._uppers = uppers

    @classmethod
    async def open(
        cls, connection: Connection, reading: Reading, until: dt.datetime | None
    ) -> Past:
        """Read the journal of what stands above the series."""
        uppers = [
            UpperHistory(
                reading.uppers[source.agreement],
                await store.read_attachment_changes(connection, source, until=until),
            )
            for source in reading.sources
        ]
        return cls(reading, uppers, until)

    def upper(self, key: Key, seen: Shown, moment: dt.datetime) -> dict[str, Any]:
        """The values of a series and above it at a moment."""
        if seen.rank is None:
            return {}
        return self._uppers[seen.rank].at(moment).of(key, seen.attributes)

    def upper_changed(self, after: dt.datetime) -> bool:
        """Whether anything above the series changed after a moment."""
        return any(one.changed(after) for one in self._uppers)

    def put(
        self,
        key: Key,
        before: Shown,
        after: Shown,
        moments: tuple[dt.datetime, dt.datetime],
        told: Told,
    ) -> SeriesData | None:
        """What a query shows of the difference; all where values above observations differ."""
        if after.rank is None:
            return None
        upper = self.upper(key, after, moments[1])
        whole = self.upper(key, before, moments[0]) != upper
        marked = {
            time
            for seen in told[after.rank]
            if moments[0] < seen.published_at <= moments[1]
            for time in seen.marked
        }
        return self.reading.cut(key, changed_rows(before, after, marked, whole=whole), upper)

    def gone(
        self, key: Key, before: Shown, after: Shown, redacted: Iterable[str]
    ) -> SeriesData | None:
        """The time periods that are gone, as far as a query asks for them.

        Of what was redacted nobody can tell who saw it: it is gone for all.
        """
        passes, left = self.reading.slice.time, after.rows
        gone = {time: None for time in (*gone_times(before, after), *redacted) if time not in left}
        times = [time for time in gone if passes is None or passes(time)]
        return SeriesData(key, {TIME: series.in_time_order(times)}, {}) if times else None


async def read_as_of(
    connection: Connection, reading: Reading, instant: dt.datetime
) -> AsyncIterator[list[SeriesData]]:
    """The series as they were at an instant."""
    past = await Past.open(connection, reading, instant)
    async for key, told in _told(connection, past, None):
        seen = shown_at(told, instant)
        if data := reading.cut(key, seen.document, past.upper(key, seen, instant)):
            yield [data]


async def read_changed(
    connection: Connection, reading: Reading, after: dt.datetime, until: dt.datetime | None
) -> AsyncIterator[list[SeriesData]]:
    """The latest version of what is different since an instant.

    Where an attribute of a series or above it changed, the whole series is given again.
    """
    past = await Past.open(connection, reading, until)
    moments = (after, until or FOR_GOOD)
    async for key, told in _told(connection, past, after):
        before, now = (shown_at(told, moment) for moment in moments)
        if data := past.put(key, before, now, moments, told):
            yield [data]


async def read_deleted(
    connection: Connection, reading: Reading, after: dt.datetime, until: dt.datetime | None
) -> AsyncIterator[list[SeriesData]]:
    """The time periods whose observations are gone since an instant."""
    past = await Past.open(connection, reading, until)
    async for key, told in _told(connection, past, after):
        before, now = (shown_at(told, moment) for moment in (after, until or FOR_GOOD))
        redacted = _redacted(told, lambda moment: moment > after)
        if data := past.gone(key, before, now, redacted):
            yield [data]


async def read_disseminations(
    connection: Connection,
    reading: Reading,
    after: dt.datetime | None,
    until: dt.datetime | None,
) -> AsyncIterator[Disseminated]:
    """Every dissemination of each series, key by key."""
    past = await Past.open(connection, reading, until)
    async for key, told in _told(connection, past, None):
        last = dt.datetime.min.replace(tzinfo=dt.UTC)
        for moment, before, now in disseminations_of_key(told):
            if after is None or moment > after:
                put = past.put(key, before, now, (last, moment), told)
                redacted = _redacted(told, moment.__eq__)
                gone = past.gone(key, before, now, redacted)
                if put or gone:
                    yield Disseminated(moment, put, gone)
            last = moment


def _redacted(told: Told, at: Callable[[dt.datetime], bool]) -> list[str]:
    """The time periods that were redacted at some moments."""
    return [t for one in told for seen in one if at(seen.published_at) for t in seen.redacted]


async def _told(
    connection: Connection, past: Past, after: dt.datetime | None
) -> AsyncIterator[tuple[Key, Told]]:
    """What was published of each key, in key order; `after`: of keys that changed since."""
    reading = past.reading
    unseen = any(source.privileged for source in reading.sources)
    if after is not None and (unseen or past.upper_changed(after)):
        after = None  # what stands above is above any of the series; the store tells of public ones
    among = [source.agreement for source in reading.sources]
    streams = [
        store.read_changes(
            connection,
            source,
            reading.slice.series,
            changed_after=after,
            among=among,
            until=past.until,
        )
        for source in reading.sources
    ]
    async for key, found in _merged(streams):
        by_rank: list[list[Change]] = [[] for _ in streams]
        for rank, changes in found:
            by_rank[rank] = changes
        yield key, [disseminations(changes) for changes in by_rank]


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
