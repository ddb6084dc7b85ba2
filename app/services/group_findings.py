"""The findings of a submission in groups, as reports and answers tell them."""

from __future__ import annotations

import asyncio
import uuid
from contextlib import aclosing

from app.sdmx.report import Report
from app.store.findings import all_findings
from app.store.pools import Pools


async def group_findings(pools: Pools, submission: uuid.UUID) -> Report:
    """All findings of a submission, grouped beside the event loop: there may be very many."""
    report = Report()
    async with (
        pools.writer.acquire() as connection,
        # In the order of their numbers: it is that of an index, and nearly that of the rows.
        aclosing(all_findings(connection, submission, "number")) as parts,
    ):
        async for part in parts:
            await asyncio.to_thread(report.take, part)
    return report
