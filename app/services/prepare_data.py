"""Preparing a query on data: structures, agreements, heads; what the ETag needs, and no more.

The heads are those that the caller may see. A reader in a snapshot checks that they still hold
(`check_heads`), so that an ETag never speaks of other data than those it goes with.
"""

from __future__ import annotations

import datetime as dt
import hashlib
from collections.abc import Hashable
from dataclasses import dataclass
from email.utils import format_datetime

from app.auth.rights import may_read_withheld
from app.auth.subject import Subject
from app.errors import NotFoundError, QuerySyntaxError
from app.sdmx.flow import Flow
from app.sdmx.query import DataQuery
from app.services.plan_data import Scope, plan_scopes
from app.services.read_data import Uppers
from app.store import series as store
from app.store.catalogue import Catalogue, CatalogueCache
from app.store.pools import Pools
from app.store.series import Heads, SeriesRow, Source
from app.store.types import Connection

KEPT_UPPERS = 10_000


class StaleError(Exception):
    """Something was published between the ETag and the reading: prepare again."""


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

    @property
    def last_modified(self) -> str:
        """The same time as an HTTP date."""
        return format_datetime(self.prepared_at.astimezone(dt.UTC), usegmt=True)

    @property
    def agreements(self) -> frozenset[int]:
        """The agreements whose heads the answer rests on."""
        return frozenset(self.heads)

    def etag(self, asked: str, form: Hashable) -> str:
        """The entity tag: everything that the bytes of the reply depend on.

        `asked` is the query in its canonical form, `form` the representation and languages.
        """
        facts = (
            self.epoch,
            self.catalogue.snapshot.revision,
            sorted((head.agreement, head.revision) for head in self.heads.values()),
            sorted((number, revision) for number, (revision, _) in self.withheld.items()),
            self.organisation if self.withheld else None,
            asked,
            form,
        )
        return f'"{hashlib.sha256(repr(facts).encode()).hexdigest()[:32]}"'


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
        try:
            scopes = plan_scopes(catalogue, query.selection)
        except (NotFoundError, QuerySyntaxError):
            # Only the registry as it is now can say that something is not there.
            async with pools.public.acquire() as connection:
                now = await cache.current(connection)
            if now is catalogue:
                raise
            catalogue = now
            continue
        agreements = {a.id: a for scope in scopes for a in scope.agreements}
        today = dt.datetime.now(dt.UTC).date()
        granted = [
            a.id
            for a in agreements.values()
            if may_read_withheld(subject, a.provider, a.readers_on(today))
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


class UpperCache:
    """Public values above the series, kept while the agreement's head does not move."""

    def __init__(self) -> None:
        self._kept: dict[tuple[Flow, int, int], Uppers] = {}

    def clear(self) -> None:
        """Keep none any more."""
        self._kept.clear()

    def known(self, scope: Scope, agreement: int, prepared: PreparedData) -> Uppers | None:
        """The values at the revision that was prepared, if they are kept."""
        if agreement in prepared.withheld:
            return None
        return self._kept.get(_upper_key(scope, agreement, prepared))

    async def of(
        self, connection: Connection, scope: Scope, agreement: int, prepared: PreparedData
    ) -> Uppers:
        """The values of an agreement at the revision that was prepared.

        Raises:
            StaleError: the agreement has moved on.
        """
        known = self.known(scope, agreement, prepared)
        if known is not None:
            return known
        privileged = agreement in prepared.withheld
        revision, attached = await store.read_attachments(
            connection, agreement, privileged=privileged
        )
        if revision != prepared.heads[agreement].revision:
            raise StaleError
        fixed = prepared.catalogue.agreements[agreement].fixed
        uppers = Uppers(scope.flow, attached, fixed)
        if not privileged:
            if len(self._kept) > KEPT_UPPERS:
                self._kept.clear()
            self._kept[_upper_key(scope, agreement, prepared)] = uppers
        return uppers


def _upper_key(scope: Scope, agreement: int, prepared: PreparedData) -> tuple[Flow, int, int]:
    return scope.flow, agreement, prepared.heads[agreement].revision


async def check_heads(connection: Connection, prepared: PreparedData) -> None:
    """See that nothing was published since the heads were read.

    Raises:
        StaleError: something was.
    """
    revision, epoch, heads = await store.read_heads(connection, list(prepared.heads))
    withheld = prepared.withheld
    if withheld:
        withheld = await store.read_withheld_heads(connection, list(withheld))
    now = (revision, epoch, heads, withheld)
    then = (prepared.catalogue.snapshot.revision, prepared.epoch, prepared.heads, prepared.withheld)
    if now != then:
        raise StaleError


def plan_sources(prepared: PreparedData, scope: Scope) -> list[Source]:
    """The agreements that hold data, in the order of precedence.

    Asked by agreement each gives its own; else each leaves out the keys that a higher one holds.
    """
    holding = [
        a for a in scope.agreements if prepared.heads[a.id].has_data or a.id in prepared.withheld
    ]
    sources: list[Source] = []
    for place, agreement in enumerate(holding):
        higher = [h for h in holding[:place] if prepared.catalogue.may_overlap(h, agreement)]
        shadows = () if scope.kind == "provisionagreement" else tuple(h.id for h in higher)
        privileged = agreement.id in prepared.withheld
        unseen = not prepared.withheld.keys().isdisjoint(shadows)
        sources.append(Source(agreement.id, agreement.dataflow, privileged, shadows, unseen))
    return sources
