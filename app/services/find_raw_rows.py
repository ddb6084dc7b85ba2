"""Finding the rows of stored files that a figure came from; for their sender alone."""

from __future__ import annotations

import asyncio
import tempfile
import uuid
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import IO, Final

from app.errors import DestroyedError, InvalidArtefactError, VipmgError
from app.sdmx.flow import Flow
from app.sdmx.intake import Target
from app.sdmx.mapping import CompiledMap, compile_map
from app.sdmx.messages.data_reading import Batch
from app.sdmx.row_search import MOST_FOUND, MOST_ROWS, FoundRow, find_rows, wanted_key
from app.services.find_map import find_map
from app.services.find_structure import find_structure
from app.services.find_target import find_target
from app.services.open_again import open_again
from app.services.preview_map import Bounds
from app.store import contents, reharmonising, submissions
from app.store.catalogue import Catalogue, StoredAgreement
from app.store.lineage import Made
from app.store.pools import Pools
from app.store.submissions import StoredSubmission
from app.store.types import Connection

SPOOL_MEMORY_BYTES: Final = 8 << 20


@dataclass
class RawRows:
    """The rows that a figure came from.

    Attributes:
        submission: the submission whose file has them.
        file_name: the name of that file.
        rows: the rows, in their order.
        rows_read: how many rows were read to find them.
        is_whole: whether all were read that could hold it.
        is_destroyed: whether a file is not there any more.
    """

    submission: uuid.UUID | None = None
    file_name: str | None = None
    rows: list[FoundRow] = field(default_factory=list)
    rows_read: int = 0
    is_whole: bool = True
    is_destroyed: bool = False


@dataclass(frozen=True, slots=True)
class Wanted:
    """A figure whose rows are looked for."""

    agreement: StoredAgreement
    flow: Flow
    key: Sequence[str]
    period: str
    map: str | None


async def find_raw_rows(
    pools: Pools, catalogue: Catalogue, wanted: Wanted, made: Made, bounds: Bounds
) -> RawRows:
    """The rows that led to a figure, in the last file that has any.

    Of a re-harmonisation these are among the submissions that it read again.
    """
    found = RawRows()
    async with bounds.turns, pools.writer.acquire() as connection:
        for identity in await _candidates(connection, wanted, made):
            stored = await submissions.by_id(connection, identity)
            if stored is None or not found.is_whole:
                continue
            with tempfile.SpooledTemporaryFile(SPOOL_MEMORY_BYTES) as spool:
                try:
                    await contents.spool(connection, stored.sha256, spool)
                except DestroyedError:
                    found.is_destroyed = True
                    continue
                search = _Search(catalogue, wanted, stored, bounds)
                await asyncio.to_thread(search.run, spool, found)
            if found.rows:
                found.submission, found.file_name = stored.id, stored.file_name
                break
    return found


async def _candidates(connection: Connection, wanted: Wanted, made: Made) -> list[uuid.UUID]:
    if made.submission is None:
        return []
    if made.kind != "reharmonisation":
        return [made.submission]
    agreement = wanted.agreement
    standing = await reharmonising.standing(connection, agreement.provider, agreement.urn)
    return [one.id for one in reversed(standing) if one.sequence < made.sequence]


@dataclass
class _Search:
    """Reads one file as far as needed."""

    catalogue: Catalogue
    wanted: Wanted
    stored: StoredSubmission
    bounds: Bounds

    def run(self, spool: IO[bytes], found: RawRows) -> None:
        """Read the file; what it cannot read on from some place is left."""
        reader = open_again(
            self.catalogue,
            self.stored,
            spool,
            max_bytes=self.bounds.max_bytes,
            max_xlsx_rows=self.bounds.max_xlsx_rows,
        )
        wanted = self.wanted
        codes = wanted_key(wanted.flow, wanted.key, wanted.period)
        measures = [one.id for one in wanted.flow.measures]
        by_map = self._map()
        try:
            for batch in reader.batches():
                found.rows_read += len(batch.rows)
                if found.rows_read > MOST_ROWS:
                    found.is_whole = False
                    break
                used = by_map if self._is_national(batch) else None
                if used is None and not self._is_shared(batch):
                    continue
                for row in find_rows(batch, used, codes, measures):
                    located = reader.locate(row.row, row.component)
                    found.rows.append(replace(row, location=located))
        except VipmgError:
            found.is_whole = False
        del found.rows[MOST_FOUND:]

    def _map(self) -> CompiledMap | None:
        if self.wanted.map is None:
            return None
        artefacts = self.catalogue.snapshot.artefacts
        try:
            return compile_map(artefacts, find_map(artefacts, self.wanted.map))
        except (InvalidArtefactError, VipmgError):
            return None

    def _is_shared(self, batch: Batch) -> bool:
        own = [self.wanted.agreement]
        return isinstance(find_target(self.catalogue, own, batch.kind, batch.structure), Target)

    def _is_national(self, batch: Batch) -> bool:
        artefact = find_structure(self.catalogue, batch.kind, batch.structure)
        return artefact is not None and not self._is_shared(batch)
