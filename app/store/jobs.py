"""Durable jobs on PostgreSQL: work that survives a restart."""

from __future__ import annotations

import asyncio
import datetime as dt
from collections.abc import Awaitable, Callable, Mapping

from app.store.types import Connection, JobHandler, Pool

HEARTBEAT_TIMEOUT = dt.timedelta(seconds=8)
"""A job whose worker has not been heard of for so long is taken up by another."""

WORKER_LOCK = 0x776F726B  # "work"
STANDBY_SECONDS = 1.0

_TAKE_UP = """
UPDATE pgqueuer.pgqueuer SET status = 'queued', queue_manager_id = NULL, slot = NULL
WHERE status = 'picked'
"""


async def enqueue(connection: Connection, name: str, payload: str, priority: int = 0) -> None:
    """Add a job in the caller's transaction: it exists when, and only when, that commits.

    Of jobs that wait the one of the highest priority is begun first, then the oldest.
    """
    from app.store.job_queue import add_job  # what a start can spare

    await add_job(connection, name, payload, priority)


async def work(
    pool: Pool,
    handlers: Mapping[str, JobHandler],
    on_failure: Callable[[str, str, Exception], Awaitable[None]],
    *,
    stop: asyncio.Event,
) -> None:
    """Run jobs until told to stop: one at a time, failed ones again after growing waits.

    Of several workers one works, and the others stand by: they hold no lock of the session. So
    the one that begins knows that nobody else is at work, and takes up at once what a dead worker
    had in hand.

    Args:
        pool: pool of the writer role.
        handlers: by job name; each takes the payload.
        on_failure: told of each failure, with name and payload, before the job is put back.
        stop: set to end after the job in hand.
    """
    from app.store.job_queue import run_jobs

    async with pool.acquire() as connection:
        while not await connection.fetchval("SELECT pg_try_advisory_lock($1)", WORKER_LOCK):
            if stop.is_set():
                return
            await asyncio.sleep(STANDBY_SECONDS)
        try:
            await connection.execute(_TAKE_UP)
            await run_jobs(pool, handlers, on_failure, stop, HEARTBEAT_TIMEOUT)
        finally:
            if not connection.is_closed():
                await connection.execute("SELECT pg_advisory_unlock($1)", WORKER_LOCK)
