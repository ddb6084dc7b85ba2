"""The report of a submission as a workbook: the sender's own, or one of his rows with findings."""

from __future__ import annotations

import asyncio
import tempfile
import uuid
from contextlib import aclosing
from typing import IO, Final

from app.auth.subject import Subject
from app.services.get_submission import find_submission
from app.services.names_of_submission import names_of_submission
from app.services.open_again import open_again
from app.services.write_workbook_report import write_workbook_report
from app.settings import Settings
from app.sheets.report_sheet import ReportFacts
from app.store import contents
from app.store.catalogue import Catalogue, CatalogueCache
from app.store.findings import all_findings
from app.store.pools import Pools, with_retry
from app.store.submissions import LEFT_OUT, StoredSubmission

SPOOL_MEMORY_BYTES: Final = 8 << 20
MOST_READ: Final = 64 << 20
"""Bytes of a message that are read again to show its rows; of a longer one the findings alone are
told, as reading it would keep a worker thread for minutes."""


async def get_workbook_report(
    pools: Pools,
    cache: CatalogueCache,
    subject: Subject,
    submission: str,
    sink: IO[bytes],
    *,
    language: str,
    settings: Settings,
    turns: asyncio.Semaphore,
) -> str:
    """Write the report to a file, and tell how to name it.

    Raises:
        NotFoundError: the caller's organisation has no such submission.
    """
    stored = await find_submission(pools, subject, submission)
    name = stored.file_name or str(stored.id)
    in_part = bool((stored.changes or {}).get(LEFT_OUT))
    facts = ReportFacts(name, stored.is_decided, language, in_part=in_part)
    async with turns:
        await _read_findings(pools, stored.id, facts)
        with tempfile.SpooledTemporaryFile(SPOOL_MEMORY_BYTES) as spool:
            catalogue = await _spool_content(pools, cache, stored, spool)
            async with pools.writer.acquire() as connection:
                facts.names = await names_of_submission(connection, cache, stored)
            await asyncio.to_thread(
                write_workbook_report,
                facts,
                spool,
                sink,
                lambda: open_again(
                    catalogue,
                    stored,
                    spool,
                    max_bytes=min(settings.max_body_bytes, MOST_READ),
                    max_xlsx_rows=settings.max_xlsx_rows,
                ),
                own=not stored.corrections,
            )
    sink.seek(0)
    stem = name.rpartition(".")[0] or name
    return f"{stem}-report.xlsx"


async def _read_findings(pools: Pools, submission: uuid.UUID, facts: ReportFacts) -> None:
    async with (
        pools.writer.acquire() as connection,
        aclosing(all_findings(connection, submission, "row")) as parts,
    ):
        async for part in parts:
            await asyncio.to_thread(facts.take, part)


async def _spool_content(
    pools: Pools, cache: CatalogueCache, stored: StoredSubmission, spool: IO[bytes]
) -> Catalogue:
    async with pools.writer.acquire() as connection:
        await contents.spool(connection, stored.sha256, spool)

    async def current() -> Catalogue:
        async with pools.writer.acquire() as connection:
            return await cache.current(connection)

    return await with_retry(current)
