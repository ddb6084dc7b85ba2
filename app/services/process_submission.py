"""Processing a submission: read, validate, stage, publish. All or nothing."""

from __future__ import annotations

import tempfile
import uuid
from typing import IO

import structlog

from app.errors import VipmgError
from app.sdmx.messages.reading_findings import unreadable_finding
from app.sdmx.validation import Validator
from app.services.check_message import check_message
from app.services.decide_submission import InPartError, decide_submission
from app.services.publish_nil_return import publish_nil_return
from app.services.redact_submission import redact_submission
from app.services.reharmonise_submission import reharmonise_submission
from app.services.submission_work import CancelledError, Work
from app.services.tell_decision import tell_decision
from app.services.undo_submission import undo_submission
from app.sheets.xlsx_reader import MAX_ROWS
from app.store import contents, decisions, practice, staging, submissions
from app.store.catalogue import CatalogueCache
from app.store.pools import Pools
from app.store.publication import StructuresChangedError
from app.store.submissions import StoredSubmission
from app.store.types import Connection

SPOOL_MEMORY_BYTES = 8 << 20

MAX_ATTEMPTS = 5
"""How often processing is begun before it is given up as broken."""

log = structlog.get_logger("vipmg.processing")


async def process_submission(
    pools: Pools,
    cache: CatalogueCache,
    submission: uuid.UUID,
    *,
    max_bytes: int,
    counts: bool = True,
    max_xlsx_rows: int = MAX_ROWS,
) -> None:
    """Decide a submission: refused with all findings, or published whole.

    Safe to be cut off at any moment and run again: nothing is decided before the one transaction
    that decides it. One that was begun `MAX_ATTEMPTS` times before and never decided is given up;
    `counts` tells whether this time counts, which it does not after a part had been away.
    """
    async with pools.writer.acquire() as connection:
        attempts = await submissions.begin(connection, submission, counts=counts)
        if attempts is None:
            return
        if attempts > MAX_ATTEMPTS:
            await give_up(connection, submission)
            return
        stored = await submissions.by_id(connection, submission)
        if stored is None:
            return
        if pools.is_practice:
            await _prepare_practice(connection, cache, stored)
        with tempfile.SpooledTemporaryFile(SPOOL_MEMORY_BYTES) as spool:
            await contents.spool(connection, stored.sha256, spool)
            while True:
                spool.seek(0)
                catalogue = await cache.current(connection)
                work = Work(stored, connection, catalogue, max_bytes, max_xlsx_rows=max_xlsx_rows)
                try:
                    await _decide(work, spool)
                    return
                except StructuresChangedError:
                    continue  # a new revision of the registry: validate against that
                except CancelledError:
                    return


async def _prepare_practice(
    connection: Connection, cache: CatalogueCache, stored: StoredSubmission
) -> None:
    """Let the agreements of the sender have heads in the practice space."""
    catalogue = await cache.current(connection)
    own = [agreement.id for agreement in catalogue.of_provider(stored.organisation)]
    await practice.ensure_heads(connection, own)


async def give_up(connection: Connection, submission: uuid.UUID) -> None:
    """End a submission as `broken`: the fault is ours, and others must not wait for it."""
    async with connection.transaction():
        failure = await decisions.give_up(connection, submission)
        if failure is not None:
            log.error("submission given up", submission=str(submission), failure=failure)
            await tell_decision(connection, submission)


async def _decide(work: Work, spool: IO[bytes]) -> None:
    if work.submission.kind in {"rollback", "withdrawal"}:
        await undo_submission(work)
        return
    if work.submission.kind == "redaction":
        await redact_submission(work)
        return
    await submissions.drop_findings(work.connection, work.submission.id)
    if work.submission.kind == "nil return":
        await publish_nil_return(work)
        return
    if work.submission.kind == "reharmonisation":
        await reharmonise_submission(work)
        return
    while True:
        async with staging.stage(work.connection):
            try:
                await _check_and_decide(work, spool)
                return
            except InPartError:
                await work.flush()
                work.read_without_wrong_rows()
                spool.seek(0)


async def _check_and_decide(work: Work, spool: IO[bytes]) -> None:
    validator: Validator | None = None
    try:
        validator = await check_message(work, spool)
    except VipmgError as error:
        work.report(unreadable_finding(error))
    await work.progress("checking" if work.errors else "publishing", work.rows)
    await decide_submission(work, validator)
