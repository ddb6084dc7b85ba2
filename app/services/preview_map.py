"""What a map would make of a submission that is stored: nothing of it is kept.

The file is its sender's: only programs of the organisation that sent it may have it previewed,
whoever maintains the map. An agency that is no provider previews on files of its own practice.
"""

from __future__ import annotations

import asyncio
import datetime as dt
import tempfile
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import IO, Any, Final

from app.auth.subject import Subject
from app.errors import InvalidArtefactError, NotFoundError, QuerySemanticError
from app.sdmx.artefact_set import ArtefactSet
from app.sdmx.artefacts import Artefact
from app.sdmx.findings import Finding
from app.sdmx.maintenance import plan_submission
from app.sdmx.maintenance_body import read_artefacts
from app.sdmx.map_preview import MOST_ROWS, MapPreview, Refuses
from app.sdmx.mapping import CompiledMap, compile_map
from app.sdmx.mapping.coverage import SAME_KEY
from app.sdmx.mapping.documents import StructureMap
from app.sdmx.messages.data_reading import Batch, DataReader, ReaderOver
from app.sdmx.structures import decode
from app.sdmx.validation import Validator
from app.services.check_reader import check_reader
from app.services.describe_finding import describe_finding
from app.services.find_map import find_map
from app.services.find_maps import find_maps
from app.services.find_structure import find_structure
from app.services.find_target import find_target
from app.services.get_submission import find_submission
from app.services.open_again import open_again
from app.store import contents
from app.store.catalogue import Catalogue, CatalogueCache
from app.store.local_stage import LocalStage
from app.store.pools import Pools
from app.store.submissions import StoredSubmission

SPOOL_MEMORY_BYTES: Final = 8 << 20

_OF_MAPS: Final = frozenset({"StructureMap", "RepresentationMap"})

FIRST: Final = 100
"""Findings that are told one by one."""


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
    language: str,
    bounds: Bounds,
) -> dict[str, Any]:
    """Coverage, findings, the cube before and after, and the totals of a map on a submission.

    Args:
        pools: those of the service.
        cache: the registry.
        subject: the caller.
        named: the map, in the registry or in `draft`.
        submission: id of a submission of the caller's organisation, of practice too.
        draft: a structure message with the map, and with tables that go with it.
        language: of the caller.
        bounds: what it may take.

    Raises:
        NotFoundError: there is no such map, or no such submission of the caller's.
        InvalidArtefactError: the map cannot run, or the draft could not be stored.
        ConflictError: the draft changes what is stable.
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
                _preview, catalogue, stored, spool, named, draft, language, bounds
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
    language: str,
    bounds: Bounds,
) -> dict[str, Any]:
    artefacts = catalogue.snapshot.artefacts
    sent = [] if draft is None else _of_map(read_artefacts(draft), artefacts, named)
    artefacts = ArtefactSet([*artefacts, *sent])
    source = _Source(catalogue, stored, artefacts, find_map(artefacts, named))
    _check(catalogue.snapshot.artefacts, sent)

    def opened() -> _SourceReader:
        spool.seek(0)
        reader = open_again(
            catalogue,
            stored,
            spool,
            max_bytes=bounds.max_bytes,
            max_xlsx_rows=bounds.max_xlsx_rows,
        )
        return _SourceReader(reader, source)

    found, wrong = _findings(source, opened, language)
    return _run(source, opened(), wrong) | {"findings": found}


def _of_map(sent: list[Artefact], artefacts: ArtefactSet, named: str) -> list[Artefact]:
    """What of a message goes with one map: no other map, and no table that it does not name.

    What a preview may take is bounded for one map.
    """
    one = find_map(ArtefactSet([*artefacts, *sent]), named)
    tables = {part.representation_map for part in decode(one, StructureMap).component_maps}
    mine = {one.urn} | tables
    return [each for each in sent if each.artefact_class.name not in _OF_MAPS or each.urn in mine]


def _check(artefacts: ArtefactSet, sent: list[Artefact]) -> None:
    """Check a map that is not stored as if it were to be; its agency may be another's.

    Raises:
        VipmgError: it would be refused; the first reason.
    """
    plan = plan_submission(artefacts, sent, lambda _: True)
    # Of a table that is wrong the map says only that it is not there.
    for outcome in sorted(plan.outcomes, key=lambda one: ".StructureMap=" in one.urn):
        if outcome.error is not None:
            raise outcome.error


def _findings(
    source: _Source, opened: Callable[[], DataReader], language: str
) -> tuple[dict[str, Any], frozenset[int]]:
    """What the file would be told if the map were active, and the rows that it would refuse."""
    own = source.catalogue.of_provider(source.stored.organisation)
    by_code: Counter[str] = Counter()
    wrong: set[int] = set()
    first: list[Finding] = []
    with LocalStage() as stage:
        checked = check_reader(
            source.catalogue, own, opened, stage, maps=source.maps, now=dt.datetime.now(dt.UTC)
        )
        for finding in stage.findings():
            by_code[finding.code] += 1
            if len(first) < FIRST:
                first.append(finding)
            if finding.is_error and finding.row is not None and finding.code != SAME_KEY:
                wrong.add(finding.row)
    told = [describe_finding(one, language, checked.names) for one in first]
    return {
        "errors": checked.report.errors,
        "warnings": checked.report.warnings,
        "by_code": dict(by_code),
        "first": [one.model_dump(mode="json") for one in told],
    }, frozenset(wrong)


def _run(source: _Source, reader: _SourceReader, wrong: frozenset[int]) -> dict[str, Any]:
    preview: MapPreview | None = None
    found = 0
    for batch in reader.batches():
        found += len(reader.findings)
        reader.findings.clear()
        if preview is None:
            preview = MapPreview(
                source.compiled, source.active_map(batch), lambda _: wrong, source.refuses()
            )
        preview.take(batch)
    if preview is None:
        raise QuerySemanticError(
            f"The submission has no rows of {source.compiled.source}, which the map reads.",
            f"El envío no tiene filas de {source.compiled.source}, que es lo que el mapa lee.",
            source=source.compiled.source,
        )
    return preview.document() | {
        "other_rows": reader.other_rows,
        "is_whole": reader.is_whole,
        "unreadable_cells": found + len(reader.findings),
    }


class _SourceReader(ReaderOver):
    """The rows of a submission that a map reads, so many as a preview takes.

    Attributes:
        other_rows: rows of other structures.
        is_whole: whether all were read.
    """

    def __init__(self, reader: DataReader, source: _Source) -> None:
        super().__init__(reader)
        self.other_rows = 0
        self.is_whole = True
        self._source = source

    def batches(self) -> Iterator[Batch]:
        """The rows of the source."""
        rows = 0
        for batch in self._reader.batches():
            self._take_findings()
            if not self._source.is_of(batch):
                self.other_rows += len(batch.rows)
                continue
            rows += len(batch.rows)
            if rows > MOST_ROWS:
                self.is_whole = False
                return
            yield batch
        self._take_findings()

    def _take_findings(self) -> None:
        self.findings += self._reader.findings
        self._reader.findings.clear()


@dataclass
class _Source:
    """Which rows of a submission a map reads, and which map reads them now."""

    catalogue: Catalogue
    stored: StoredSubmission
    artefacts: ArtefactSet
    artefact: Artefact
    compiled: CompiledMap = field(init=False)

    def __post_init__(self) -> None:
        self.compiled = compile_map(self.artefacts, self.artefact)

    def is_of(self, batch: Batch) -> bool:
        """Whether the rows are of the map's source."""
        artefact = find_structure(self.catalogue, batch.kind, batch.structure)
        return artefact is not None and self.compiled.source in self._structures(artefact)

    def active_map(self, batch: Batch) -> CompiledMap | None:
        """The map that leads such rows to the same target now."""
        maps = self._active(batch.kind, batch.structure)
        return next((one for one in maps if one.target == self.compiled.target), None)

    def maps(self, kind: str, structure: str) -> list[CompiledMap]:
        """The maps that would read such rows if the one that is previewed were active."""
        active = self._active(kind, structure)
        stem = self.compiled.urn.partition("(")[0]
        others = [one for one in active if one.urn.partition("(")[0] != stem]
        return [compile_map(self.artefacts, self.artefact), *others]

    def refuses(self) -> Refuses:
        """Tells the rows of each batch that the service refuses as they are."""
        own = self.catalogue.of_provider(self.stored.organisation)
        found: list[Finding] = []
        validator = Validator(
            lambda kind, structure: find_target(self.catalogue, own, kind, structure), found.append
        )

        def refuses(batch: Batch) -> frozenset[int]:
            for _ in validator.check(batch):
                pass
            rows = frozenset(one.row for one in found if one.is_error and one.row is not None)
            found.clear()
            return rows

        return refuses

    def _active(self, kind: str, structure: str) -> list[CompiledMap]:
        own = self.catalogue.of_provider(self.stored.organisation)
        today = dt.datetime.now(dt.UTC).date()
        try:
            return find_maps(self.catalogue, own, kind, structure, today)
        except InvalidArtefactError:
            return []  # one cannot run: nothing is published by them

    def _structures(self, artefact: Artefact) -> Iterator[str]:
        yield artefact.urn
        if artefact.artefact_class.name == "Dataflow":
            yield self.catalogue.flow(artefact.urn).structure_urn
