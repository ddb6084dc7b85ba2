"""All findings of a submission: page by page, or as a table for a spreadsheet."""

from __future__ import annotations

import asyncio
import tempfile
import uuid
from collections.abc import AsyncIterator
from contextlib import aclosing
from typing import IO, Final

from app.auth.subject import Subject
from app.models.api import FindingsPage
from app.sdmx.finding_names import FindingNames
from app.sdmx.findings import Finding
from app.services.describe_finding import describe_finding
from app.services.findings_table import TABLE_HEADER, findings_table
from app.services.get_submission import find_submission
from app.services.names_of_submission import names_of_submission
from app.store import submissions
from app.store.catalogue import CatalogueCache
from app.store.findings import Order, all_findings
from app.store.pools import Pools, with_retry
from app.store.submissions import StoredSubmission

MEMORY_BYTES: Final = 1 << 20
CHUNK_BYTES: Final = 1 << 16


async def get_findings(
    pools: Pools,
    cache: CatalogueCache,
    subject: Subject,
    submission: str,
    offset: int,
    limit: int,
    language: str,
) -> FindingsPage:
    """A page of the findings of a submission.

    Raises:
        NotFoundError: the caller's organisation has no such submission.
    """
    stored = await find_submission(pools, subject, submission)
    total = await _count(pools, stored.id)
    found, names = await _page(pools, cache, stored, offset, limit)
    return FindingsPage(
        total=total,
        offset=offset,
        limit=limit,
        findings=[describe_finding(finding, language, names) for finding in found],
    )


async def stream_findings(
    pools: Pools,
    cache: CatalogueCache,
    subject: Subject,
    submission: str,
    language: str,
    order: Order = "row",
) -> AsyncIterator[bytes]:
    """All findings as CSV; no connection is held while a part is on its way to the caller.

    Raises:
        NotFoundError: the caller's organisation has no such submission; raised at once.
    """
    stored = await find_submission(pools, subject, submission)
    return _parts(pools, cache, stored, language, order)


async def _spooled(
    pools: Pools, cache: CatalogueCache, stored: StoredSubmission, language: str, order: Order
) -> IO[bytes]:
    """The whole table, in memory while it is small, else in a file without a name."""
    spool = tempfile.SpooledTemporaryFile(MEMORY_BYTES)  # noqa: SIM115 - closed when it was sent
    try:
        spool.write(TABLE_HEADER)
        async with pools.writer.acquire() as connection:
            names = await names_of_submission(connection, cache, stored)
            async with aclosing(all_findings(connection, stored.id, order)) as parts:
                async for part in parts:
                    spool.write(await asyncio.to_thread(findings_table, part, language, names))
        spool.seek(0)
    except BaseException:
        spool.close()
        raise
    return spool


async def _parts(
    pools: Pools, cache: CatalogueCache, stored: StoredSubmission, language: str, order: Order
) -> AsyncIterator[bytes]:
    # All of it is made before the first part: the connection is given back by then.
    with await with_retry(lambda: _spooled(pools, cache, stored, language, order)) as spool:
        while part := await asyncio.to_thread(spool.read, CHUNK_BYTES):
            yield part


async def _page(
    pools: Pools, cache: CatalogueCache, stored: StoredSubmission, offset: int, limit: int
) -> tuple[list[Finding], FindingNames]:
    async def read() -> tuple[list[Finding], FindingNames]:
        async with pools.writer.acquire() as connection:
            names = await names_of_submission(connection, cache, stored)
            return await submissions.findings(connection, stored.id, offset, limit), names

    return await with_retry(read)


async def _count(pools: Pools, submission: uuid.UUID) -> int:
    async def read() -> dict[str, int]:
        async with pools.writer.acquire() as connection:
            return await submissions.finding_counts(connection, submission)

    return sum((await with_retry(read)).values())
