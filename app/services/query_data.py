"""Answering data queries: the observations of what was prepared, streamed in one snapshot."""

from __future__ import annotations

import datetime as dt
from collections.abc import AsyncGenerator, AsyncIterator, Mapping, Sequence
from dataclasses import dataclass, replace

from app.sdmx.canonical import canonical
from app.sdmx.messages.data_message import (
    DataSet,
    DataSetAction,
    DataWriter,
    Group,
    Header,
    Layout,
    SeriesData,
    StoredSeries,
    StoredWriter,
)
from app.sdmx.messages.data_writers import data_writer, has_groups, has_series, plain_action
from app.sdmx.negotiation import LanguageChoice, Representation
from app.sdmx.query import DataQuery
from app.services.arrange_data import (
    Batches,
    Page,
    gather,
    ordered,
    plan_order,
    regrouped,
    sections,
)
from app.services.plan_data import Scope, is_reduced, lay_out
from app.services.prepare_data import PreparedData, UpperCache, check_heads, plan_sources
from app.services.read_data import Reading, Uppers, is_as_stored, read_current, read_stored
from app.services.read_history import (
    read_as_of,
    read_changed,
    read_deleted,
    read_disseminations,
)
from app.store.pools import Pools
from app.store.snapshots import snapshot
from app.store.types import Connection


@dataclass(frozen=True, slots=True)
class Form:
    """The form of a reply: representation, languages, and the address for links."""

    representation: Representation
    languages: LanguageChoice
    base_url: str


def data_etag(prepared: PreparedData, form: Form) -> str:
    """The entity tag of a reply."""
    return prepared.etag(
        canonical(prepared.query), (form.representation.content_type, form.languages)
    )


def content_languages(prepared: PreparedData, form: Form) -> tuple[str, ...]:
    """The languages that a reply says to have, of those that its flows have texts in.

    They stand before the data, of which nothing is known then. A table has texts in the best
    language alone, but for columns of texts in all of them.
    """
    flows = {scope.flow for scope in prepared.scopes}
    known = {language for flow in flows for language in flow.languages}
    known.update(language for scope in prepared.scopes for language in scope.names)
    told = form.languages.among(known)
    if form.representation.format != "csv":
        return told
    columns = (c for flow in flows for c in flow.components.values())
    several = form.languages.every and any(column.multilingual for column in columns)
    return told if several else told[:1]


async def stream_data(
    pools: Pools, prepared: PreparedData, uppers: UpperCache, form: Form, etag: str
) -> AsyncGenerator[bytes, None]:
    """The reply; nothing at all when no observation (or series) matches.

    Raises:
        StaleError: before the first bytes, when heads have moved since they were prepared.
    """
    async with snapshot(pools, prepared.organisation) as connection:
        await check_heads(connection, prepared)
        async for part in write_data(connection, prepared, uppers, form, etag):
            yield part


async def write_data(
    connection: Connection, prepared: PreparedData, uppers: UpperCache, form: Form, etag: str
) -> AsyncGenerator[bytes, None]:
    """The reply, in the snapshot that the connection has and the heads are of."""
    after = prepared.query.selection.updated_after
    several = prepared.query.include_history
    plans = [await _plan(connection, scope, prepared, uppers) for scope in prepared.scopes]
    by_series = has_series(form.representation)
    plans = [replace(plan, by_series=by_series) for plan in plans]
    expected = [_dataset(plan, "Information") for plan in plans if plan.reading.sources]
    writer = data_writer(form.representation, expected, with_validity=several)
    datasets = _datasets(connection, prepared, plans, form, after, writer)
    async for part in _written(writer, _header(prepared, form, etag), datasets):
        yield part


async def write_single(
    pools: Pools, prepared: PreparedData, uppers: UpperCache, form: Form, etag: str
) -> bytes | None:
    """The whole reply to a query for one key, whose row was read with the heads.

    Raises:
        StaleError: heads have moved since they were prepared.
    """
    rows = prepared.rows or []
    if not rows:
        return None
    plan = await _plan_single(pools, prepared, uppers)
    shown = (
        plan.reading.shown(row.agreement, row.key, row.document, row.attributes) for row in rows
    )
    batch = [data for data in shown if data is not None]
    if not batch:
        return None
    dataset = _dataset(plan, _action(plan, form), groups=_groups(plan, form))
    writer = data_writer(form.representation, [dataset], with_validity=False)
    return b"".join(
        (
            writer.begin(_header(prepared, form, etag)),
            writer.begin_dataset(dataset),
            writer.write(batch),
            writer.end_dataset(),
            writer.end(),
        )
    )


def is_single(prepared: PreparedData) -> bool:
    """Whether `write_single` can answer: one row, given as it is."""
    query = prepared.query
    arranged = query.offset or query.limit or query.sort or query.dimension_at_observation
    return prepared.rows is not None and not arranged


def _header(prepared: PreparedData, form: Form, etag: str) -> Header:
    """The id is the same for the same reply, so that replies can be compared byte by byte."""
    identity = "VIPMG-" + etag.strip('"')
    told = content_languages(prepared, form)
    return Header(identity, prepared.prepared_at, form.languages, form.base_url, told)


@dataclass(frozen=True, slots=True)
class _Plan:
    """A scope with what it takes to read it; `by_series`: its message has series."""

    scope: Scope
    reading: Reading
    layout: Layout
    gathered: tuple[object, ...]
    by_series: bool = False


DataSets = AsyncIterator[tuple[DataSet, Batches | AsyncIterator[StoredSeries]]]


async def _plan(
    connection: Connection, scope: Scope, prepared: PreparedData, cache: UpperCache
) -> _Plan:
    sources = plan_sources(prepared, scope)
    one_source = len(sources) < 2
    order = plan_order(prepared.query, scope.flow, one_source=one_source)
    uppers = {
        s.agreement: await cache.of(connection, scope, s.agreement, prepared) for s in sources
    }
    layout = lay_out(prepared.query, scope.flow, one_source=one_source)
    needed = _needed(uppers, layout, scope)
    reading = Reading(prepared.query, scope.slice, sources, needed, order.positions)
    return _Plan(scope, reading, layout, order.gathered)


async def _plan_single(pools: Pools, prepared: PreparedData, cache: UpperCache) -> _Plan:
    """The plan of the only scope, without a connection where all is known."""
    scope = prepared.scopes[0]
    sources = plan_sources(prepared, scope)
    known = {s.agreement: cache.known(scope, s.agreement, prepared) for s in sources}
    uppers = {agreement: found for agreement, found in known.items() if found is not None}
    if len(uppers) < len(known):
        async with pools.public.acquire() as connection:
            return await _plan(connection, scope, prepared, cache)
    layout = lay_out(prepared.query, scope.flow, one_source=len(sources) < 2)
    reading = Reading(prepared.query, scope.slice, sources, _needed(uppers, layout, scope))
    return _Plan(scope, reading, layout, ())


def _needed(uppers: Mapping[int, Uppers], layout: Layout, scope: Scope) -> Mapping[int, Uppers]:
    """What stands above the series as far as a query shows it or filters by it."""
    filtered = (scope.flow.components[name] for name in scope.slice.components)
    metadata = any(one.is_metadata for one in (*layout.attributes, *filtered))
    return {number: each.for_query(metadata=metadata) for number, each in uppers.items()}


async def _datasets(
    connection: Connection,
    prepared: PreparedData,
    plans: Sequence[_Plan],
    form: Form,
    after: dt.datetime | None,
    writer: DataWriter,
) -> DataSets:
    query = prepared.query
    page = Page(query.offset, query.limit)
    for plan in plans:
        if query.include_history:
            async for dataset in _history(connection, query, plan, after, page):
                yield dataset
            continue
        action = _action(plan, form, is_change=after is not None)
        if after is not None:
            if plan.layout.observations:
                gone = read_deleted(connection, plan.reading, after, query.as_of)
                yield _deletions(plan), _arranged(query, plan, gone, page)
            changed = read_changed(connection, plan.reading, after, query.as_of)
            yield _dataset(plan, action), _arranged(query, plan, changed, page)
        elif query.as_of is not None:
            then = read_as_of(connection, plan.reading, query.as_of)
            yield _dataset(plan, action), _arranged(query, plan, then, page)
        elif _goes_as_stored(plan, writer):
            yield _dataset(plan, action), read_stored(connection, plan.reading)
        else:
            now = read_current(connection, plan.reading)
            shown = _dataset(plan, action, groups=_groups(plan, form))
            yield shown, _arranged(query, plan, now, page)


def _goes_as_stored(plan: _Plan, writer: DataWriter) -> bool:
    """Whether series need not be read one by one: nothing is cut, and they are written whole."""
    whole = not plan.gathered and is_as_stored(plan.reading)
    return whole and isinstance(writer, StoredWriter) and writer.takes_stored(plan.layout)


def _arranged(query: DataQuery, plan: _Plan, batches: Batches, page: Page) -> Batches:
    layout = plan.layout
    if plan.gathered:
        batches = ordered(batches, query.sort, layout.flow)
    batches = page.of(batches, observes=layout.observations)
    if not plan.by_series or not layout.observations:
        return batches
    if plan.gathered and not layout.is_flat and not layout.is_section:
        return regrouped(batches)
    return sections(batches, layout) if layout.is_section else batches


async def _history(
    connection: Connection,
    query: DataQuery,
    plan: _Plan,
    after: dt.datetime | None,
    page: Page,
) -> DataSets:
    """One or two datasets per dissemination, in their order (C081, C082)."""
    told: dict[dt.datetime, tuple[list[SeriesData], list[SeriesData]]] = {}
    read = read_disseminations(connection, plan.reading, after, query.as_of)

    async def put() -> Batches:
        async for one in read:
            rows, gone = told.setdefault(one.published_at, ([], []))
            rows += [one.put] if one.put else []
            gone += [one.gone] if one.gone else []
            yield [data for data in (one.put, one.gone) if data]

    async for _ in gather(put(), "includeHistory"):
        pass
    for moment in sorted(told):
        rows, gone = told[moment]
        if rows:
            shown = _dataset(plan, "Replace", valid_from=moment)
            yield shown, _arranged(query, plan, _given(rows), page)
        if gone and plan.layout.observations:
            yield _deletions(plan, valid_to=moment), _arranged(query, plan, _given(gone), page)


async def _given(rows: list[SeriesData]) -> Batches:
    yield rows


def _action(plan: _Plan, form: Form, *, is_change: bool = False) -> DataSetAction:
    reduced = is_reduced(plan.layout)
    return plain_action(form.representation, is_reduced=reduced, is_change=is_change)


def _dataset(
    plan: _Plan,
    action: DataSetAction,
    *,
    valid_from: dt.datetime | None = None,
    groups: tuple[Group, ...] = (),
) -> DataSet:
    scope = plan.scope
    return DataSet(
        scope.kind, scope.urn, scope.names, plan.layout, action, valid_from, groups=groups
    )


def _groups(plan: _Plan, form: Form) -> tuple[Group, ...]:
    """What is attached to groups now, if of one agreement: others may have other values."""
    if not plan.layout.one_source or not has_groups(form.representation):
        return ()
    shown = {attribute.id for attribute in plan.layout.attributes}
    groups = [
        Group(group.id, group.codes, values)
        for uppers in plan.reading.uppers.values()
        for group in uppers.groups(plan.scope.slice.series)
        if (values := {name: one for name, one in group.values.items() if name in shown})
    ]
    return tuple(groups)


def _deletions(plan: _Plan, *, valid_to: dt.datetime | None = None) -> DataSet:
    scope = plan.scope
    return DataSet(scope.kind, scope.urn, scope.names, plan.layout, "Delete", None, valid_to)


async def _written(writer: DataWriter, header: Header, datasets: DataSets) -> AsyncIterator[bytes]:
    """The message; nothing when no dataset has anything."""
    begun = False
    async for dataset, batches in datasets:
        opened = False
        async for batch in batches:
            text = b"" if begun else writer.begin(header)
            if not opened:
                text += writer.begin_dataset(dataset)
            begun = opened = True
            yield text + _written_batch(writer, batch)
        if opened:
            yield writer.end_dataset()
    if begun:
        yield writer.end()


def _written_batch(writer: DataWriter, batch: list[SeriesData] | StoredSeries) -> bytes:
    if isinstance(batch, StoredSeries):
        assert isinstance(writer, StoredWriter)  # noqa: S101 - no other is given stored series
        return writer.write_stored(batch)
    return writer.write(batch)
