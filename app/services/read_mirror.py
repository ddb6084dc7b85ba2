"""Reading both sides of a mirror pair in one snapshot."""

from __future__ import annotations

from dataclasses import dataclass

from app.auth.subject import Subject
from app.sdmx.mirrors.cells import SideCells, StoredSeries, collect_cells
from app.sdmx.mirrors.notes import Note, note_key
from app.sdmx.mirrors.pair import MirrorPair
from app.sdmx.mirrors.plan import CellQuery
from app.services.find_mirror_pair import find_mirror_pair
from app.services.plan_mirror import MirrorSource, PlannedMirror, plan_mirror
from app.store.catalogue import Catalogue, CatalogueCache
from app.store.mirrors import read_notes, read_side
from app.store.pools import Pools, with_retry
from app.store.snapshots import snapshot
from app.store.types import Connection


@dataclass(frozen=True, slots=True)
class MirrorReading:
    """A pair with the series of both sides, by cell, and what was said of its cells."""

    catalogue: Catalogue
    planned: PlannedMirror
    left: SideCells
    right: SideCells
    notes: list[Note]

    @property
    def pair(self) -> MirrorPair:
        """The pair."""
        return self.planned.plan.pair


async def read_mirror(
    pools: Pools,
    cache: CatalogueCache,
    named: str,
    query: CellQuery,
    subject: Subject | None,
) -> MirrorReading:
    """Read both sides of a pair: what is public, and what else the caller may see.

    Raises:
        NotFoundError: there is no such pair.
        InvalidArtefactError: the pair does not suit its dataflows.
        QueryMisfitError: the query names a dimension that the pair does not have.
        TooLargeError: a side has too many series.
    """

    async def read() -> MirrorReading:
        async with pools.public.acquire() as connection:
            catalogue = await cache.current(connection)
        pair = find_mirror_pair(catalogue, named)
        planned = plan_mirror(catalogue, pair, query, subject)
        organisation = subject.organisation if subject and planned.sees_more else None
        async with snapshot(pools, organisation) as connection:
            return await read_planned(connection, catalogue, planned)

    return await with_retry(read)


async def read_planned(
    connection: Connection, catalogue: Catalogue, planned: PlannedMirror
) -> MirrorReading:
    """Read what was planned, on a connection that sees one moment."""
    plan = planned.plan
    left: SideCells = {}
    right: SideCells = {}
    if not plan.is_empty:
        left = collect_cells(plan.left, *await _rows(connection, planned.left))
        right = collect_cells(plan.right, *await _rows(connection, planned.right))
    notes = await read_notes(connection, note_key(plan.pair.urn))
    return MirrorReading(catalogue, planned, left, right, notes)


async def _rows(
    connection: Connection, source: MirrorSource
) -> tuple[list[StoredSeries], dict[int, str]]:
    return await read_side(connection, source.selection), source.providers
