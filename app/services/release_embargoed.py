"""Release of embargoed observations: publications at the time that their providers set."""

from __future__ import annotations

import asyncio
import contextlib
from typing import Final

import structlog

from app.services.issue_receipt import issue_receipt
from app.store import publication, releases, submissions
from app.store.pools import Pools
from app.store.publication import StructuresChangedError
from app.store.types import Connection

LONGEST_SLEEP_SECONDS: Final = 5.0

log = structlog.get_logger("vipmg.release")


async def keep_releasing(pools: Pools, stop: asyncio.Event) -> None:
    """Release what is due, again and again, until told to stop.

    Only the clock of the database decides; the sleep is short, so that a jump of our own clock
    or a restart of the database delays a release by seconds.
    """
    while not stop.is_set():
        seconds: float | None = None
        try:
            seconds = await release_embargoed(pools)
        except Exception:
            log.exception("release failed, tried again soon")
        wait = min(LONGEST_SLEEP_SECONDS, seconds if seconds is not None else LONGEST_SLEEP_SECONDS)
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(stop.wait(), max(wait, 0.01))


async def release_embargoed(pools: Pools) -> float | None:
    """Publish what the clock has passed; return the seconds until the next is due, if any is."""
    async with pools.writer.acquire() as connection:
        due = await releases.due(connection)
        for number in due.agreements:
            try:
                await _release(connection, number)
            except StructuresChangedError:
                log.warning("agreement ended before the release", agreement=number)
        if due.agreements or due.submissions:
            async with connection.transaction():
                for submission in await submissions.mark_released(connection, due.now):
                    await issue_receipt(connection, submission, "decision")
    return due.seconds


async def _release(connection: Connection, number: int) -> None:
    """One agreement, one transaction, one place in the sequence."""
    transaction = connection.transaction()
    await transaction.start()
    try:
        urn, dataflow = await releases.agreement(connection, number)
        begun = await publication.begin_publication(connection, None)
        effect = await publication.publish_release(connection, begun, number, dataflow)
        if not (effect.public_room or effect.withheld_room):
            await transaction.rollback()  # another worker was faster
            return
        await publication.end_publication(
            connection, begun, action="release", actor="vipmg", about=urn
        )
    except BaseException:
        await transaction.rollback()
        raise
    await transaction.commit()
    log.info("released", agreement=urn)
