"""All findings of a submission: page by page, or as a table for a spreadsheet."""

from __future__ import annotations

import csv
import io
import uuid
from collections.abc import AsyncIterator
from typing import Final

from app.auth.subject import Subject
from app.models.api import FindingsPage
from app.sdmx.findings import Finding, message
from app.services.get_submission import describe_finding, find_submission
from app.store import submissions
from app.store.pools import Pools, with_retry

COLUMNS: Final = ("row", "column", "value", "code", "rule", "allowed", "nearest", "message")
PAGE: Final = submissions.FINDING_BATCH
BYTE_ORDER_MARK: Final = "\ufeff"
"""It tells spreadsheets that the text is UTF-8."""

_FORMULA_BEGINS: Final = ("=", "+", "-", "@", "\t", "\r")


async def get_findings(
    pools: Pools, subject: Subject, submission: str, offset: int, limit: int, language: str
) -> FindingsPage:
    """A page of the findings of a submission.

    Raises:
        NotFoundError: the caller's organisation has no such submission.
    """
    stored = await find_submission(pools, subject, submission)
    total = await _count(pools, stored.id)
    found = await _page(pools, stored.id, offset, limit)
    return FindingsPage(
        total=total,
        offset=offset,
        limit=limit,
        findings=[describe_finding(finding, language) for finding in found],
    )


async def stream_findings(
    pools: Pools, subject: Subject, submission: str, language: str
) -> AsyncIterator[bytes]:
    """All findings as CSV; no connection is held while a part is on its way to the caller.

    Raises:
        NotFoundError: the caller's organisation has no such submission; raised at once.
    """
    stored = await find_submission(pools, subject, submission)
    return _parts(pools, stored.id, language)


async def _parts(pools: Pools, submission: uuid.UUID, language: str) -> AsyncIterator[bytes]:
    offset, begin = 0, BYTE_ORDER_MARK + ",".join(COLUMNS) + "\r\n"
    while True:
        found = await _page(pools, submission, offset, PAGE)
        yield (begin + _table(found, language)).encode()
        if len(found) < PAGE:
            return
        offset, begin = offset + PAGE, ""


def _table(findings: list[Finding], language: str) -> str:
    table = io.StringIO()
    writer = csv.writer(table)
    for each in findings:
        cells = (
            each.row,
            each.component,
            each.value,
            each.code,
            each.rule,
            each.allowed,
            each.nearest,
            message(each, language),
        )
        writer.writerow([_cell(cell) for cell in cells])
    return table.getvalue()


def _cell(value: object) -> str:
    """A cell that no spreadsheet takes for a formula."""
    text = "" if value is None else str(value)
    if not text.startswith(_FORMULA_BEGINS) or text.lstrip("+-").replace(".", "", 1).isdecimal():
        return text
    return f"'{text}"


async def _page(pools: Pools, submission: uuid.UUID, offset: int, limit: int) -> list[Finding]:
    async def read() -> list[Finding]:
        async with pools.writer.acquire() as connection:
            return await submissions.findings(connection, submission, offset, limit)

    return await with_retry(read)


async def _count(pools: Pools, submission: uuid.UUID) -> int:
    async def read() -> dict[str, int]:
        async with pools.writer.acquire() as connection:
            return await submissions.finding_counts(connection, submission)

    return sum((await with_retry(read)).values())
