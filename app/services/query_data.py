"""Answering data queries: heads and ETag first, then the observations, streamed.

`prepare_data` costs one small look-up. What it gives knows its ETag before anything is read, so
that a 304 or a reply from the cache costs no more. `stream_data` reads in one snapshot and
fails with `StaleError` when something was published in between; then the caller prepares again.
"""

from __future__ import annotations

import datetime as dt
import hashlib
from collections.abc import AsyncGenerator, AsyncIterator, Sequence
from dataclasses import dataclass

from app.auth.rights import may_read_withheld
from app.auth.subject import Subject
from app.errors import QuerySyntaxError
from app.sdmx.canonical import canonical
from app.sdmx.history import Dissemination
from app.sdmx.messages.data_message import (
    DataSet,
    DataSetAction,
    DataWriter,
    Header,
    Layout,
    SeriesData,
)
from app.sdmx.messages.data_writers import data_writer
from app.sdmx.negotiation import LanguageChoice, Representation
from app.sdmx.query import DataQuery
from app.sdmx.series import TIME
from app.services.arrange_data import Batches, gather, ordered, page, plan_order, sections
from app.services.plan_data import Scope, is_reduced, lay_out, plan_scopes
from app.services.read_data import (
    Reading,
    Uppers,
    read_as_of,
    read_changed,
    read_current,
    read_deleted,
    read_disseminations,
)
from app.store import series as store
from app.store.catalogue import Catalogue, CatalogueCache, StoredAgreement
from app.store.pools import Pools
from app.store.series import Heads, SeriesRow, Source
from app.store.snapshots import snapshot
from app.store.types import Connection


class StaleError(Exception):
    """Something was published between the ETag and the reading: prepare again."""


@dataclass(frozen=True, slots=True)
class Form:
    """The form of a reply: representation, languages, and the address for links."""

    representation: Representation
    languages: LanguageChoice
    base_url: str


@dataclass(slots=True)
class PreparedData:
    """A data query with all that its ETag needs.

    Attributes:
        heads: public heads of the agreements in scope.
        withheld: revisions and times of withheld rooms that the caller may see.
        organisation: whose withheld rows are read; `None`: nobody's.
        rows: the rows themselves, where one statement gave them with the heads.
    """

    query: DataQuery
    catalogue: Catalogue
    scopes: list[Scope]
    epoch: str
    heads: Heads
    withheld: dict[int, tuple[int, dt.datetime | None]]
    organisation: str | None
    rows: list[SeriesRow] | None = None

    @property
    def prepared_at(self) -> dt.datetime:
        """The time of the last publication that the reply can hold."""
        times = [head.published_at for head in self.heads.values() if head.published_at]
        times += [time for _, time in self.withheld.values() if time]
        return max(times, default=self.catalogue.snapshot.revised_at)

    def etag(self, form: Form) -> str:
        """The entity tag: everything that the bytes of the reply depend on."""
        facts = (
            self.epoch,
            self.catalogue.snapshot.revision,
            sorted((head.agreement, head.revision) for head in self.heads.values()),
            sorted((number, revision) for number, (revision, _) in self.withheld.items()),
            self.organisation if self.withheld else None,
            canonical(self.query),
            form.representation.content_type,
            form.languages,
        )
        return f'"{hashlib.sha256(repr(facts).encode()).hexdigest()[:32]}"'


class UpperCache:
    """Public values above the series, kept while the agreement's head does not move."""

    def __init__(self) -> None:
        self._kept: dict[tuple[int, int, int], Uppers] = {}

    async def of(
        self,
        connection: Connection,
        scope: Scope,
        agreement: StoredAgreement,
        prepared: PreparedData,
    ) -> Uppers:
        """The values of an agreement at the revision that was prepared.

        Raises:
            StaleError: the agreement has moved on.
        """
        head = prepared.heads[agreement.id]
        privileged = agreement.id in prepared.withheld
        key = (agreement.id, head.revision, prepared.catalogue.snapshot.revision)
        if not privileged and key in self._kept:
            return self._kept[key]
        revision, attached = await store.read_attachments(
            connection, agreement.id, privileged=privileged
        )
        if revision != head.revision:
            raise StaleError
        uppers = Uppers(scope.flow, attached, agreement.fixed)
        if not privileged:
            if len(self._kept) > 10_000:
                self._kept.clear()
            self._kept[key] = uppers
        return uppers


async def prepare_data(
    pools: Pools, cache: CatalogueCache, query: DataQuery, subject: Subject | None
) -> PreparedData:
    """Find the structures, agreements and heads of a query."""
    _check_instants(query)
    catalogue = cache.known
    if catalogue is None:
        async with pools.public.acquire() as connection:
            catalogue = await cache.current(connection)
    while True:
        scopes = plan_scopes(catalogue, query.selection)
        agreements = {a.id: a for scope in scopes for a in scope.agreements}
        granted = [
            a.id for a in agreements.values() if may_read_withheld(subject, a.provider, a.readers)
        ]
        prepared = await _prepare(pools, catalogue, query, scopes, list(agreements), granted)
        if prepared is not None:
            if granted and subject is not None and prepared.withheld:
                prepared.organisation = subject.organisation
            return prepared
        async with pools.public.acquire() as connection:
            catalogue = await cache.current(connection)


async def _prepare(
    pools: Pools,
    catalogue: Catalogue,
    query: DataQuery,
    scopes: list[Scope],
    agreements: list[int],
    granted: list[int],
) -> PreparedData | None:
    """Heads, and with them the row of a query for one key; `None`: the registry has moved."""
    rows: list[SeriesRow] | None = None
    single = scopes[0].slice.series.single_key if len(scopes) == 1 else None
    plain = not granted and not _reads_history(query)
    withheld: dict[int, tuple[int, dt.datetime | None]] = {}
    pool = pools.privileged if granted else pools.public
    async with pool.acquire() as connection:
        if single is not None and plain:
            revision, epoch, heads, rows = await store.read_single(connection, agreements, single)
            if len(rows) > 1 and scopes[0].kind != "provisionagreement":
                del rows[1:]  # the others are of a lower precedence
        else:
            revision, epoch, heads = await store.read_heads(connection, agreements)
        if granted:
            found = await store.read_withheld_heads(connection, granted)
            withheld = {number: head for number, head in found.items() if head[0] > 0}
    if revision != catalogue.snapshot.revision:
        return None
    return PreparedData(query, catalogue, scopes, epoch, heads, withheld, None, rows)


def _reads_history(query: DataQuery) -> bool:
    return (
        query.include_history
        or query.as_of is not None
        or query.selection.updated_after is not None
    )


def _check_instants(query: DataQuery) -> None:
    after, until = query.selection.updated_after, query.as_of
    if after is not None and until is not None and after > until:
        raise QuerySyntaxError(
            "updatedAfter is later than asOf: nothing lies between.",
            "updatedAfter es posterior a asOf: no hay nada entre ambos.",
        )


async def stream_data(
    pools: Pools, prepared: PreparedData, uppers: UpperCache, form: Form
) -> AsyncGenerator[bytes, None]:
    """The reply; nothing at all when no observation (or series) matches.

    Raises:
        StaleError: before the first bytes, when heads have moved since they were prepared.
    """
    after = prepared.query.selection.updated_after
    several = prepared.query.include_history
    writer = data_writer(form.representation, with_validity=several)
    header = Header(
        _message_id(prepared, form), prepared.prepared_at, form.languages, form.base_url
    )
    if prepared.rows is not None:
        async with pools.public.acquire() as connection:
            plans = [await _plan(connection, scope, prepared, uppers) for scope in prepared.scopes]
        datasets = _of_rows(prepared, plans[0], prepared.rows, form)
        async for part in _written(writer, header, datasets):
            yield part
        return
    async with snapshot(pools, prepared.organisation) as connection:
        await _check_heads(connection, prepared)
        plans = [await _plan(connection, scope, prepared, uppers) for scope in prepared.scopes]
        datasets = _datasets(connection, prepared, plans, form, after)
        async for part in _written(writer, header, datasets):
            yield part


@dataclass(frozen=True, slots=True)
class _Plan:
    """A scope with what it takes to read it."""

    scope: Scope
    reading: Reading
    layout: Layout
    gathered: tuple[object, ...]


DataSets = AsyncIterator[tuple[DataSet, Batches]]


async def _check_heads(connection: Connection, prepared: PreparedData) -> None:
    revision, epoch, heads = await store.read_heads(connection, list(prepared.heads))
    withheld = prepared.withheld
    if withheld:
        withheld = await store.read_withheld_heads(connection, list(withheld))
    now = (revision, epoch, heads, withheld)
    then = (prepared.catalogue.snapshot.revision, prepared.epoch, prepared.heads, prepared.withheld)
    if now != then:
        raise StaleError


async def _plan(
    connection: Connection, scope: Scope, prepared: PreparedData, cache: UpperCache
) -> _Plan:
    """Sources in the order of precedence, each without the keys that a higher one holds."""
    catalogue, query = prepared.catalogue, prepared.query
    holding = [
        a for a in scope.agreements if prepared.heads[a.id].has_data or a.id in prepared.withheld
    ]
    sources: list[Source] = []
    for place, agreement in enumerate(holding):
        above = [h.id for h in holding[:place] if catalogue.may_overlap(h, agreement)]
        shadows = () if scope.kind == "provisionagreement" else tuple(above)
        privileged = agreement.id in prepared.withheld
        sources.append(Source(agreement.id, agreement.dataflow, privileged, shadows))
    one_source = len(sources) < 2
    order = plan_order(query, scope.flow, one_source=one_source)
    uppers = {a.id: await cache.of(connection, scope, a, prepared) for a in holding}
    reading = Reading(query, scope.slice, sources, uppers, order.positions)
    layout = lay_out(query, scope.flow, one_source=one_source)
    return _Plan(scope, reading, layout, order.gathered)


async def _of_rows(
    prepared: PreparedData, plan: _Plan, rows: Sequence[SeriesRow], form: Form
) -> DataSets:
    async def read() -> Batches:
        shown = (
            plan.reading.shown(row.agreement, row.key, row.document, row.attributes) for row in rows
        )
        kept = [data for data in shown if data is not None]
        if kept:
            yield kept

    yield _dataset(plan, _action(plan.layout, form)), _arranged(prepared.query, plan, read())


async def _datasets(
    connection: Connection,
    prepared: PreparedData,
    plans: Sequence[_Plan],
    form: Form,
    after: dt.datetime | None,
) -> DataSets:
    query = prepared.query
    for plan in plans:
        if query.include_history:
            async for dataset in _history(connection, query, plan, after):
                yield dataset
            continue
        action = _action(plan.layout, form)
        if after is not None:
            gone = read_deleted(connection, plan.reading, after, query.as_of)
            yield _deletions(plan), gone
            changed = read_changed(connection, plan.reading, after, query.as_of)
            yield _dataset(plan, action), _arranged(query, plan, changed)
        elif query.as_of is not None:
            then = read_as_of(connection, plan.reading, query.as_of)
            yield _dataset(plan, action), _arranged(query, plan, then)
        else:
            now = read_current(connection, plan.reading)
            yield _dataset(plan, action), _arranged(query, plan, now)


def _arranged(query: DataQuery, plan: _Plan, batches: Batches) -> Batches:
    layout = plan.layout
    if plan.gathered:
        batches = ordered(batches, query.sort, layout.flow)
    batches = page(batches, query.offset, query.limit, observes=layout.observations)
    return sections(batches, layout) if layout.is_section and layout.observations else batches


async def _history(
    connection: Connection, query: DataQuery, plan: _Plan, after: dt.datetime | None
) -> DataSets:
    """One or two datasets per dissemination, in their order (C081, C082)."""
    told: dict[dt.datetime, list[tuple[SeriesData, Dissemination]]] = {}
    read = read_disseminations(connection, plan.reading, after, query.as_of)

    async def put() -> Batches:
        async for key, agreement, seen, attributes in read:
            document = plan.reading.slice.of(seen.put, attributes.get) if seen.put else {TIME: []}
            upper = plan.reading.uppers[agreement].of(key, attributes)
            data = SeriesData(key, document, upper)
            told.setdefault(seen.published_at, []).append((data, seen))
            yield [data]

    async for _ in gather(put(), "includeHistory"):
        pass
    passes = plan.reading.slice.time
    for moment in sorted(told):
        rows = [data for data, _ in told[moment] if data.document[TIME]]
        gone = [
            SeriesData(data.key, {TIME: times}, {})
            for data, seen in told[moment]
            if (times := [time for time in seen.gone if passes is None or passes(time)])
        ]
        if rows:
            shown = _dataset(plan, "Replace", valid_from=moment)
            yield shown, _arranged(query, plan, _given(rows))
        if gone:
            yield _deletions(plan, valid_to=moment), _given(gone)


async def _given(rows: list[SeriesData]) -> Batches:
    yield rows


def _action(layout: Layout, form: Form) -> DataSetAction:
    """`Replace` for a whole, `Merge` for a part; JSON 2.0 has no Merge (SDMX-JSON guide)."""
    if not is_reduced(layout):
        return "Replace"
    return "Information" if form.representation.version == "2.0.0" else "Merge"


def _dataset(
    plan: _Plan, action: DataSetAction, *, valid_from: dt.datetime | None = None
) -> DataSet:
    scope = plan.scope
    return DataSet(scope.kind, scope.urn, scope.names, plan.layout, action, valid_from)


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
            yield text + writer.write(batch)
        if opened:
            yield writer.end_dataset()
    if begun:
        yield writer.end()


def _message_id(prepared: PreparedData, form: Form) -> str:
    """The same for the same reply, so that replies may be compared byte by byte."""
    return "VIPMG-" + prepared.etag(form).strip('"')
