"""Reading the current series of one scope (those of the past: `read_history`)."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from app.sdmx.flow import Component, Flow
from app.sdmx.messages.data_message import Group, SeriesData, StoredSeries
from app.sdmx.query import DataQuery
from app.sdmx.series import TIME, Document
from app.sdmx.slices import Key, PartialKey, SeriesSelection, Slice, first_and_last
from app.store import series as store
from app.store.series import Source
from app.store.types import Connection

Attached = Mapping[PartialKey, Mapping[str, Any]]


class Uppers:
    """Values above the observations, for the series of one agreement."""

    def __init__(self, flow: Flow, attached: Attached, fixed: Mapping[str, str]) -> None:
        self._flow = flow
        self._fixed = fixed
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

    def for_query(self, *, metadata: bool) -> Uppers:
        """The same without reference metadata where a query has nothing to do with them.

        They depend on the key; series of which they are not shown can then be given as stored.
        """
        return self if metadata or not self._has_metadata else self._plain

    @cached_property
    def _has_metadata(self) -> bool:
        return any(attribute.is_metadata for attribute, _ in self._parts)

    @cached_property
    def _plain(self) -> Uppers:
        plain = Uppers(self._flow, {}, self._fixed)
        plain._constant = self._constant
        plain._parts = [part for part in self._parts if not part[0].is_metadata]
        return plain

    @property
    def constant(self) -> Mapping[str, Any] | None:
        """The values above all series alike; `None` where they depend on the key."""
        return None if self._parts else self._constant

    def with_attached(self, attached: Attached) -> Uppers:
        """The same where other values are attached."""
        return Uppers(self._flow, attached, self._fixed)

    def groups(self, selection: SeriesSelection) -> list[Group]:
        """What is attached to groups that selected series may be of, in the order of their keys."""
        found: dict[tuple[str, tuple[str, ...]], dict[str, Any]] = {}
        places: dict[str, tuple[int, ...]] = {}
        single = selection.single_key
        for attribute, table in self._parts:
            if not attribute.group:
                continue
            places[attribute.group] = attribute.positions
            if single is not None:
                codes = tuple([single[place] for place in attribute.positions])
                table = {codes: table.get(codes)}
            for codes, value in table.items():
                if value is not None and selection.may_match(attribute.positions, codes):
                    found.setdefault((attribute.group, codes), {})[attribute.id] = value
        names = [dimension.id for dimension in self._flow.dimensions]
        return [
            Group(group, {names[p]: c for p, c in zip(places[group], codes, strict=True)}, values)
            for (group, codes), values in sorted(found.items(), key=lambda item: item[0])
        ]

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
        return self.cut(key, document, self.uppers[agreement].of(key, attributes))

    def cut(self, key: Key, document: Document, upper: Mapping[str, Any]) -> SeriesData | None:
        """What a query shows of observations with these values above them, or nothing."""
        document = self.slice.of(document, self.lookup(key, upper))
        first, last = self.query.first_n_observations, self.query.last_n_observations
        document = first_and_last(document, first, last)
        return SeriesData(key, document, upper) if document[TIME] else None


def is_as_stored(reading: Reading) -> bool:
    """Whether the series can be given as they are stored: whole, public, alike above."""
    query = reading.query
    cut = query.first_n_observations or query.last_n_observations or query.offset or query.limit
    return (
        not cut
        and reading.slice.is_whole_series
        and not any(source.privileged for source in reading.sources)
        and all(upper.constant is not None for upper in reading.uppers.values())
    )


async def read_stored(connection: Connection, reading: Reading) -> AsyncIterator[StoredSeries]:
    """The current series as they are stored, agreement by agreement."""
    for source in reading.sources:
        constant = reading.uppers[source.agreement].constant or {}
        rows = store.read_stored(connection, source, reading.slice.series, reading.order)
        async for batch in rows:
            yield StoredSeries(batch, constant)


async def read_current(connection: Connection, reading: Reading) -> AsyncIterator[list[SeriesData]]:
    """The current series, agreement by agreement."""
    for source in reading.sources:
        rows = store.read_series(connection, source, reading.slice.series, reading.order)
        async for batch in rows:
            shown = (
                reading.shown(row.agreement, row.key, row.document, row.attributes) for row in batch
            )
            if kept := [data for data in shown if data is not None]:
                yield kept
