"""Processing a submission: read, validate, stage, publish. All or nothing."""

from __future__ import annotations

import asyncio
import tempfile
import uuid
from dataclasses import dataclass, field
from typing import IO

import msgspec

from app.errors import MessageError, TooLargeError, VipmgError
from app.sdmx.findings import Finding, UnreadableError
from app.sdmx.intake import Target
from app.sdmx.messages.data_reading import DataReader
from app.sdmx.validation import Validator
from app.services.open_message import open_message
from app.store import notices, publication, staging, submissions
from app.store.catalogue import Catalogue, CatalogueCache, StoredAgreement
from app.store.merge import RefusedError
from app.store.pools import Pools
from app.store.publication import StructuresChangedError
from app.store.staging import StageRecord
from app.store.submissions import StoredSubmission, Verdict
from app.store.types import Connection

SPOOL_MEMORY_BYTES = 8 << 20


@dataclass(slots=True)
class _Work:
    """One submission being processed."""

    submission: StoredSubmission
    connection: Connection
    catalogue: Catalogue
    max_bytes: int
    findings: list[Finding] = field(default_factory=list)
    stored_findings: int = 0
    errors: int = 0
    rows: int = 0
    reader: DataReader | None = None

    def report(self, finding: Finding) -> None:
        self.findings.append(finding)
        self.errors += finding.is_error


async def process_submission(
    pools: Pools, cache: CatalogueCache, submission: uuid.UUID, *, max_bytes: int
) -> None:
    """Decide a submission: refused with all findings, or published whole.

    Safe to be cut off at any moment and run again: nothing is decided before the one transaction
    that decides it.
    """
    async with pools.writer.acquire() as connection:
        if not await submissions.begin(connection, submission):
            return
        stored = await submissions.by_id(connection, submission)
        if stored is None:
            return
        with tempfile.SpooledTemporaryFile(SPOOL_MEMORY_BYTES) as spool:
            await _spool_content(connection, stored, spool)
            while True:
                spool.seek(0)
                catalogue = await cache.current(connection)
                work = _Work(stored, connection, catalogue, max_bytes)
                try:
                    async with staging.stage(connection):
                        await _decide(work, spool)
                    return
                except StructuresChangedError:
                    continue  # a new revision of the registry: validate against that


async def _decide(work: _Work, spool: IO[bytes]) -> None:
    await submissions.drop_findings(work.connection, work.submission.id)
    validator: Validator | None = None
    try:
        validator = await _validate(work, spool)
    except VipmgError as error:
        work.report(_unreadable(error))
    if work.errors or validator is None:
        await _refuse(work, validator, put_together=False)
        return
    try:
        await _publish(work, validator)
    except RefusedError:
        await _refuse(work, validator, put_together=True)


def _unreadable(error: VipmgError) -> Finding:
    """What cut the reading of a file short, as a finding; its message is in each language."""
    if isinstance(error, UnreadableError):
        return error.finding
    if isinstance(error, TooLargeError):
        return Finding("VIPMG-201", rule="size", allowed=str(error.detail["limit"]))
    if isinstance(error, MessageError):  # of the stream below the reader
        return Finding("VIPMG-201", rule="gzip", allowed="gzip")
    return Finding("VIPMG-201", rule=error.code)


async def _validate(work: _Work, spool: IO[bytes]) -> Validator:
    """Check the message batch by batch and stage its segments."""
    reader = work.reader = open_message(work.submission, spool, work.max_bytes)
    try:
        return await _validate_batches(work, reader)
    finally:
        await _flush(work, reader.findings)
        work.rows = reader.row_count


async def _validate_batches(work: _Work, reader: DataReader) -> Validator:
    """While the database takes a batch, the next one is read and checked in a thread."""
    checking = _Checking(work, reader)
    checked = await asyncio.to_thread(checking.next)
    while checked is not None:
        coming = asyncio.create_task(asyncio.to_thread(checking.next))
        try:
            await staging.put_records(work.connection, checked.records)
            work.rows += checked.rows
            await submissions.progress(work.connection, work.submission.id, work.rows)
            await _flush(work, checked.findings)
        finally:
            # Also when this batch fails: the thread must be done before the stream is closed.
            await asyncio.wait({coming})
        checked = await coming
    if reader.row_count == 0 and not reader.findings and not work.errors:
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

    def __init__(self, work: _Work, reader: DataReader) -> None:
        self._reader = reader
        self._batches = reader.batches()
        self._found: list[Finding] = []
        self.validator = Validator(
            lambda kind, structure: find_target(work.catalogue, work.submission, kind, structure),
            self._found.append,
        )

    def next(self) -> _Checked | None:
        """The next batch, checked; nothing after the last."""
        batch = next(self._batches, None)
        if batch is None:
            return None
        records = staging.records(self.validator.check(batch))
        findings = [*self._reader.findings, *self._found]
        self._reader.findings.clear()
        self._found.clear()
        return _Checked(len(batch.rows), records, findings)


async def _publish(work: _Work, validator: Validator) -> None:
    """The one transaction that publishes and decides."""
    connection, stored = work.connection, work.submission
    intakes = sorted(validator.intakes.values(), key=lambda intake: intake.target.agreement)
    async with connection.transaction():
        if not await submissions.lock_undecided(connection, stored.id):
            return
        begun = await publication.begin_publication(connection, work.catalogue.snapshot.revision)
        refused = False
        for intake in intakes:
            dataflow = work.catalogue.agreements[intake.target.agreement].dataflow
            try:
                if refused:
                    await publication.check_intake(connection, begun, intake, dataflow, work.report)
                else:
                    await publication.publish_intake(
                        connection, begun, intake, dataflow, work.report
                    )
            except RefusedError:
                refused = True
        if refused:
            raise RefusedError
        place = await publication.end_publication(
            connection,
            begun,
            action="submission",
            actor=stored.organisation,
            about=f"submission/{stored.id}",
            content_sha256=stored.sha256,
        )
        await _flush(work, [])
        await submissions.publish(
            connection,
            stored.id,
            _verdict(work, validator),
            state="awaiting release" if begun.release_at else "published",
            decided_at=place.published_at,
            publication=begun.id,
            sequence=place.sequence,
            release_at=begun.release_at,
            changes=begun.facts,
        )
        await notices.tell_decided(connection, stored.id)


async def _refuse(work: _Work, validator: Validator | None, *, put_together: bool) -> None:
    """Decide: refused, with all findings; those of whole series too, if not found before."""
    connection = work.connection
    if validator is not None and not put_together:
        async with connection.transaction():
            begun = await publication.begin_publication(connection, None)
            for intake in validator.intakes.values():
                dataflow = work.catalogue.agreements[intake.target.agreement].dataflow
                await publication.check_intake(connection, begun, intake, dataflow, work.report)
    async with connection.transaction():
        if not await submissions.lock_undecided(connection, work.submission.id):
            return
        await _flush(work, [])
        await submissions.reject(connection, work.submission.id, _verdict(work, validator))
        await notices.tell_decided(connection, work.submission.id)


def _verdict(work: _Work, validator: Validator | None) -> Verdict:
    intakes = validator.intakes.values() if validator else ()
    return Verdict(work.rows, work.stored_findings, [intake.target.urn for intake in intakes])


async def _flush(work: _Work, more: list[Finding]) -> None:
    """Store the findings collected so far."""
    for finding in more:
        work.report(finding)
    more.clear()
    if work.findings:
        found = sorted(work.findings, key=lambda finding: finding.row or 0)
        if work.reader is not None:
            found = [_located(work.reader, finding) for finding in found]
        await submissions.put_findings(
            work.connection, work.submission.id, work.stored_findings + 1, found
        )
        work.stored_findings += len(found)
        work.findings.clear()


def _located(reader: DataReader, finding: Finding) -> Finding:
    """The finding with the row of its file, and where in it."""
    if finding.row is None:
        return finding
    here = reader.locate(finding.row, finding.component)
    rule = finding.rule
    if finding.code == "VIPMG-231" and rule is not None:  # it names another row
        rule = str(reader.locate(int(rule), None).row)
    return msgspec.structs.replace(
        finding, row=here.row, place=here.place, file=here.file, rule=rule
    )


def find_target(
    catalogue: Catalogue, stored: StoredSubmission, kind: str, structure: str
) -> Target | str:
    """The agreement that rows of a structure go to, or the code of the finding that says no."""
    artefact_class = {
        "dataflow": "datastructure.Dataflow",
        "datastructure": "datastructure.DataStructure",
        "dataprovision": "registry.ProvisionAgreement",
    }[kind]
    named = structure if structure.endswith(")") else f"{structure}(*)"
    try:
        artefact = catalogue.snapshot.artefacts.resolve(
            f"urn:sdmx:org.sdmx.infomodel.{artefact_class}={named}"
        )
    except VipmgError:
        artefact = None
    if artefact is None:
        return "VIPMG-203"
    mine = [
        agreement
        for agreement in catalogue.agreements.values()
        if agreement.provider == stored.organisation
        and artefact.urn in _structures_of(catalogue, agreement, kind)
    ]
    if len(mine) != 1:
        return "VIPMG-223"
    flow = catalogue.flow(mine[0].dataflow_urn, mine[0].urn)
    return Target(mine[0].id, mine[0].urn, flow, mine[0].fixed)


def _structures_of(catalogue: Catalogue, agreement: StoredAgreement, kind: str) -> tuple[str, ...]:
    if kind == "dataprovision":
        return (agreement.urn,)
    if kind == "dataflow":
        return (agreement.dataflow_urn,)
    return (catalogue.flow(agreement.dataflow_urn).structure_urn,)


async def _spool_content(
    connection: Connection, stored: StoredSubmission, spool: IO[bytes]
) -> None:
    async for part in submissions.content(connection, stored.sha256):
        await asyncio.to_thread(spool.write, part)
