"""The queue of pgqueuer, in its own schema; loaded by whom adds a job or runs them."""

from __future__ import annotations

import asyncio
import datetime as dt
from collections.abc import Awaitable, Callable, Mapping
from typing import cast

import asyncpg
from pgqueuer.adapters.drivers.asyncpg import AsyncpgDriver, AsyncpgPoolDriver
from pgqueuer.adapters.persistence.qb import (
    DBSettings,
    QueryBuilderEnvironment,
    QueryQueueBuilder,
    QuerySchedulerBuilder,
)
from pgqueuer.adapters.persistence.queries import Queries
from pgqueuer.core.qm import QueueManager
from pgqueuer.domain.errors import RetryRequested
from pgqueuer.domain.models import Job, TracebackRecord
from pgqueuer.domain.types import JOB_STATUS
from pgqueuer.ports.driver import Driver

from app.store.types import Connection, JobHandler, Pool

AT_ONCE_SECONDS = (0.5, 2.0, 5.0)
"""Waits before a failed job is tried again in its turn: later files do not overtake it so soon."""

RETRY_SECONDS = (10, 30, 120, 600)
"""Waits of a job that was put back, so that others go on."""


async def add_job(connection: Connection, name: str, payload: str, priority: int) -> None:
    """Add a job in the caller's transaction."""
    driver = AsyncpgDriver(cast("asyncpg.Connection[asyncpg.Record]", connection))
    await _queries(driver).enqueue(name, payload.encode(), priority)


async def run_jobs(
    pool: Pool,
    handlers: Mapping[str, JobHandler],
    on_failure: Callable[[str, str, Exception], Awaitable[None]],
    stop: asyncio.Event,
    heartbeat_timeout: dt.timedelta,
) -> None:
    """Run jobs, one at a time, until told to stop; failed ones again after growing waits."""
    manager = QueueManager(_queries(AsyncpgPoolDriver(pool), _OurQueries))
    for name, handler in handlers.items():
        manager.entrypoint(name, concurrency_limit=1)(_retrying(name, handler, on_failure))
    runner = asyncio.create_task(
        manager.run(
            dequeue_timeout=dt.timedelta(seconds=2),
            batch_size=1,
            heartbeat_timeout=heartbeat_timeout,
        )
    )
    stopper = asyncio.create_task(stop.wait())
    try:
        await asyncio.wait({runner, stopper}, return_when=asyncio.FIRST_COMPLETED)
        manager.shutdown.set()
        await runner
    finally:
        stopper.cancel()
        runner.cancel()


def _retrying(
    name: str, handler: JobHandler, on_failure: Callable[[str, str, Exception], Awaitable[None]]
) -> Callable[[Job], Awaitable[None]]:
    async def run(job: Job) -> None:
        payload = (job.payload or b"").decode()
        for wait in (*AT_ONCE_SECONDS, None):
            try:
                return await handler(payload)
            except Exception as error:
                await on_failure(name, payload, error)
                if wait is None:
                    later = RETRY_SECONDS[min(job.attempts, len(RETRY_SECONDS) - 1)]
                    raise RetryRequested(dt.timedelta(seconds=later), str(error)) from error
            await asyncio.sleep(wait)

    return run


class _OurQueries(Queries):
    """Queries that end a job only when it is done.

    A job that failed is put back. When the database is away at that moment, pgqueuer would take it
    for one that failed for good, and drop it; here it stays, and is taken up like that of a dead
    worker.
    """

    async def log_jobs(
        self, job_status: list[tuple[Job, JOB_STATUS, TracebackRecord | None]]
    ) -> None:
        done = [each for each in job_status if each[1] == "successful"]
        if done:
            await super().log_jobs(done)


def _queries(driver: Driver, kind: type[Queries] = Queries) -> Queries:
    settings = DBSettings(db_schema="pgqueuer")
    return kind(
        driver,
        QueryBuilderEnvironment(settings),
        QueryQueueBuilder(settings),
        QuerySchedulerBuilder(settings),
    )
