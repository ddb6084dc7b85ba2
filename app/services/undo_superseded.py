"""Calling submissions superseded once nothing of theirs is current: after each publication."""

from __future__ import annotations

import structlog

from app.store import superseded
from app.store.pools import Pools

log = structlog.get_logger("vipmg.superseded")


async def settle_superseded(pools: Pools, publication: int) -> None:
    """Look at the submissions that a publication may have superseded.

    Runs after the commit, again at will, and beside other publications.
    """
    async with pools.writer.acquire() as connection:
        for candidate in await superseded.candidates(connection, publication):
            while True:
                found = await superseded.search(connection, candidate)
                if found.witness is not None or not found.wrote:
                    await superseded.keep_witness(connection, candidate, found)
                    break
                if await superseded.mark(connection, candidate, found):
                    log.info("superseded", submission=str(candidate.submission))
                    break
