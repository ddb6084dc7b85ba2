"""Checking a message: read it batch by batch, and stage the segments of its series."""

from __future__ import annotations

import asyncio
import datetime as dt
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import IO, TypeAlias

from app.sdmx.corrections import CorrectedReader
from app.sdmx.datasets import Datasets
from app.sdmx.findings import Finding, UnreadableError
from app.sdmx.intake import Target
from app.sdmx.left_out import LeftOutReader
from app.sdmx.mapping.coverage import whole_file
from app.sdmx.mapping.harmonising import FindMaps, Harmonising
from app.sdmx.messages.data_reading import DataReader
from app.sdmx.validation import Validator
from app.services.find_maps import find_maps
from app.services.find_source import find_source
from app.services.find_target import find_target
from app.services.open_message import open_message
from app.services.submission_work import Work
from app.store import mappings, staging
from app.store.catalogue import Catalogue, StoredAgreement
from app.store.datasets import put_datasets
from app.store.staging import StageRecord


async def check_message(work: Work, spool: IO[bytes]) -> Validator:
    """Check the message and stage what it holds; findings are stored as they come.

    Raises:
        VipmgError: the message cannot be read, or not from some place on.
        CancelledError: the submission was cancelled meanwhile.
    """
    reader = open_message(
        work.submission,
        spool,
        work.max_bytes,
        resolve=_resolver(work, find_source),
        options=work.submission.options,
        max_xlsx_rows=work.max_xlsx_rows,
    )
    if work.submission.corrections:
        reader = CorrectedReader(reader, work.submission.corrections)
    if work.left_out:
        reader = LeftOutReader(reader, work.left_out)
    work.reader = reader
    work.told = lambda finding: finding
    checking = _Checking(work, reader)
    try:
        return await _check_batches(work, checking, reader)
    finally:
        await work.flush(reader.findings)
        await put_datasets(work.connection, work.submission.id, checking.datasets.listed)
        work.rows = reader.row_count
        if checking.harmonising.maps:
            now = checking.harmonising.document()
            work.mapping = whole_file(work.mapping or [], now)
            work.told = checking.harmonising.told_later
        await mappings.put(work.connection, work.submission.id, work.mapping)


_Find: TypeAlias = Callable[[Catalogue, Sequence[StoredAgreement], str, str], Target | str]


def _resolver(work: Work, find: _Find) -> Callable[[str, str], Target | str]:
    """Finds the agreements of the sender."""
    own = work.catalogue.of_provider(work.submission.organisation)
    return lambda kind, structure: find(work.catalogue, own, kind, structure)


def _find_maps(work: Work) -> FindMaps:
    """Finds the maps that lead to the agreements of the sender, as they are today."""
    own = work.catalogue.of_provider(work.submission.organisation)
    today = dt.datetime.now(dt.UTC).date()
    return lambda kind, structure: find_maps(
        work.catalogue, own, kind, structure, today, needs_one=True
    )


async def _check_batches(work: Work, checking: _Checking, reader: DataReader) -> Validator:
    """While the database takes a batch, the next one is read and checked in a thread."""
    await work.progress("reading")
    checked = await asyncio.to_thread(checking.next)
    while checked is not None:
        coming = asyncio.create_task(asyncio.to_thread(checking.next))
        try:
            await staging.put_records(work.connection, checked.records)
            work.rows += checked.rows
            await work.progress("reading")
            await work.flush(checked.findings)
        finally:
            # Also when this batch fails: the thread must be done before the stream is closed.
            await asyncio.wait({coming})
        checked = await coming
    await work.flush(checking.close())
    work.wrong.rows |= checking.harmonising.unmapped_rows
    if work.rows == 0 and not reader.findings and not work.errors and not work.left_out:
        raise UnreadableError("no-rows", value="0")
    return checking.validator


@dataclass(frozen=True, slots=True)
class _Checked:
    """A batch that was checked."""

    rows: int
    records: list[StageRecord]
    findings: list[Finding]


class _Checking:
    """Reads and checks one batch after the other; `next` runs in a thread, one at a time."""

    def __init__(self, work: Work, reader: DataReader) -> None:
        self._reader = reader
        self._batches = reader.batches()
        self._found: list[Finding] = []
        self.datasets = Datasets()
        self.harmonising = Harmonising(_find_maps(work), self._found.append)
        self.validator = Validator(_resolver(work, find_target), self._report)

    def next(self) -> _Checked | None:
        """The next batch, checked; nothing after the last."""
        batch = next(self._batches, None)
        if batch is None:
            return None
        self.datasets.take(batch)
        records = staging.records(self.harmonising.check(self.validator, batch))
        findings = [*self._reader.findings, *self._found]
        self._reader.findings.clear()
        self._found.clear()
        return _Checked(len(batch.rows), records, findings)

    def close(self) -> list[Finding]:
        """After the last batch: what its maps have no counterpart for."""
        return [*self.harmonising.close()]

    def _report(self, finding: Finding) -> None:
        told = self.harmonising.told(finding)
        if told is not None:
            self._found.append(told)
