"""What a map would make of a submission that is stored: nothing of it is kept.

The file is its sender's: only programs of the organisation that sent it may have it previewed,
whoever maintains the map. An agency that is no provider previews on files of its own practice.
"""

from __future__ import annotations

import asyncio
import datetime as dt
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from typing import IO, Any, Final

from app.auth.subject import Subject
from app.errors import InvalidArtefactError, NotFoundError, QuerySemanticError
from app.sdmx.artefact_set import ArtefactSet
from app.sdmx.artefacts import Artefact
from app.sdmx.maintenance_body import read_artefacts
from app.sdmx.map_preview import MOST_ROWS, MapPreview
from app.sdmx.mapping import CompiledMap, compile_map
from app.sdmx.messages.data_reading import Batch, DataReader
from app.services.find_map import find_map
from app.services.find_maps import find_maps
from app.services.find_structure import find_structure
from app.services.get_submission import find_submission
from app.services.open_again import open_again
from app.store import contents
from app.store.catalogue import Catalogue, CatalogueCache
from app.store.pools import Pools
from app.store.submissions import StoredSubmission

SPOOL_MEMORY_BYTES: Final = 8 << 20


@dataclass(frozen=True, slots=True)
class Bounds:
    """What a preview may take.

    Attributes:
        max_bytes: bytes that a file may have when decompressed.
        max_xlsx_rows: rows that a workbook may have.
        turns: how many run at the same time.
    """

    max_bytes: int
    max_xlsx_rows: int
    turns: asyncio.Semaphore


async def preview_map(
    pools: Pools,
    cache: CatalogueCache,
    subject: Subject,
    named: str,
    submission: str,
    draft: bytes | None,
    bounds: Bounds,
) -> dict[str, Any]:
    """Coverage, the cube before and after, and the totals of a map on a submission.

    Args:
        pools: those of the service.
        cache: the registry.
        subject: the caller.
        named: the map, in the registry or in `draft`.
        submission: id of a submission of the caller's organisation, of practice too.
        draft: a structure message with the map, and with tables that go with it.
        bounds: what it may take.

    Raises:
        NotFoundError: there is no such map, or no such submission of the caller's.
        InvalidArtefactError: the map cannot run.
        MessageError: the draft or the file cannot be read.
        QuerySemanticError: the submission has no rows of the map's source.
        DestroyedError: the file is not there any more.
    """
    space, stored = await _find(pools, subject, submission)
    async with bounds.turns:
        with tempfile.SpooledTemporaryFile(SPOOL_MEMORY_BYTES) as spool:
            async with space.writer.acquire() as connection:
                catalogue = await cache.current(connection)
                await contents.spool(connection, stored.sha256, spool)
            document = await asyncio.to_thread(
                _preview, catalogue, stored, spool, named, draft, bounds
            )
    return {"submission": str(stored.id), "practice": space.is_practice} | document


async def _find(pools: Pools, subject: Subject, submission: str) -> tuple[Pools, StoredSubmission]:
    try:
        return pools, await find_submission(pools, subject, submission)
    except NotFoundError:
        if pools.practice is None:
            raise
    return pools.practice, await find_submission(pools.practice, subject, submission)


def _preview(
    catalogue: Catalogue,
    stored: StoredSubmission,
    spool: IO[bytes],
    named: str,
    draft: bytes | None,
    bounds: Bounds,
) -> dict[str, Any]:
    artefacts = catalogue.snapshot.artefacts
    if draft is not None:
        artefacts = ArtefactSet([*artefacts, *read_artefacts(draft)])
    artefact = find_map(artefacts, named)
    after = compile_map(artefacts, artefact)
    reader = open_again(
        catalogue,
        stored,
        spool,
        max_bytes=bounds.max_bytes,
        max_xlsx_rows=bounds.max_xlsx_rows,
    )
    return _run(_Source(catalogue, stored, artefacts, after), reader)


def _run(source: _Source, reader: DataReader) -> dict[str, Any]:
    preview: MapPreview | None = None
    found = other_rows = 0
    for batch in reader.batches():
        found += len(reader.findings)
        reader.findings.clear()
        if not source.is_of(batch):
            other_rows += len(batch.rows)
            continue
        if preview is None:
            preview = MapPreview(source.map, source.active_map(batch))
        if preview.rows + len(batch.rows) > MOST_ROWS:
            preview.is_whole = False
            break
        preview.take(batch)
    if preview is None:
        raise QuerySemanticError(
            f"The submission has no rows of {source.map.source}, which the map reads.",
            f"El envío no tiene filas de {source.map.source}, que es lo que el mapa lee.",
            source=source.map.source,
        )
    found += len(reader.findings)
    return preview.document() | {"other_rows": other_rows, "unreadable_cells": found}


@dataclass
class _Source:
    """Which rows of a submission a map reads, and which map reads them now."""

    catalogue: Catalogue
    stored: StoredSubmission
    artefacts: ArtefactSet
    map: CompiledMap

    def is_of(self, batch: Batch) -> bool:
        """Whether the rows are of the map's source."""
        artefact = find_structure(self.catalogue, batch.kind, batch.structure)
        return artefact is not None and self.map.source in self._structures(artefact)

    def active_map(self, batch: Batch) -> CompiledMap | None:
        """The map that leads such rows to the same target now."""
        own = self.catalogue.of_provider(self.stored.organisation)
        today = dt.datetime.now(dt.UTC).date()
        try:
            maps = find_maps(self.catalogue, own, batch.kind, batch.structure, today)
        except InvalidArtefactError:
            return None  # it cannot run: nothing is published by it
        return next((one for one in maps if one.target == self.map.target), None)

    def _structures(self, artefact: Artefact) -> Iterator[str]:
        yield artefact.urn
        if artefact.artefact_class.name == "Dataflow":
            yield self.catalogue.flow(artefact.urn).structure_urn
