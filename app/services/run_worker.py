"""The worker: processes submissions and releases what is embargoed, until told to stop."""

from __future__ import annotations

import asyncio
import contextlib
import uuid
from typing import Final

import structlog

from app.services.process_submission import process_submission
from app.services.receive_submission import JOB
from app.services.release_embargoed import keep_releasing
from app.services.sweep_uploads import keep_sweeping
from app.settings import Settings
from app.store import jobs, submissions
from app.store.catalogue import CatalogueCache
from app.store.pools import Pools

PAUSE_SECONDS: Final = 1.0

log = structlog.get_logger("vipmg.worker")


async def run_worker(pools: Pools, settings: Settings, *, stop: asyncio.Event) -> None:
    """Work until told to stop; the job in hand is finished first.

    Being cut off at any moment loses nothing: jobs are durable, and each decision is one
    transaction.
    """
    cache = CatalogueCache()

    async def process(payload: str) -> None:
        begin = asyncio.get_running_loop().time()
        submission = uuid.UUID(payload)
        await process_submission(pools, cache, submission, max_bytes=settings.max_body_bytes)
        seconds = asyncio.get_running_loop().time() - begin
        log.info("submission processed", submission=payload, seconds=round(seconds, 2))

    async def failed(name: str, payload: str, error: Exception) -> None:
        log.error("job failed, tried again later", job=name, payload=payload, exc_info=error)
        try:
            async with pools.writer.acquire() as connection:
                reason = f"{type(error).__name__}: {error}"[:1000]
                await submissions.fail(connection, uuid.UUID(payload), reason)
        except Exception:
            # The job must go back to the queue, whatever has become of the database.
            log.exception("failure not noted", payload=payload)

    releasing = asyncio.create_task(keep_releasing(pools, stop))
    sweeping = asyncio.create_task(keep_sweeping(pools, stop))
    try:
        while not stop.is_set():
            try:
                await jobs.work(pools.writer, {JOB: process}, failed, stop=stop)
            except Exception:
                log.exception("queue not usable, tried again soon")
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(stop.wait(), PAUSE_SECONDS)
    finally:
        stop.set()
        await releasing
        await sweeping
