"""The worker: processes submissions and releases what is embargoed, until told to stop."""

from __future__ import annotations

import asyncio
import contextlib
import datetime as dt
import uuid
from functools import partial
from typing import Final

import structlog

from app.services.admit_submission import JOB, PRACTICE_JOB
from app.services.derive.run_derivations import Derivations, run_derivations
from app.services.empty_practice import keep_emptying
from app.services.process_submission import process_submission
from app.services.release_embargoed import keep_releasing
from app.services.score_providers import keep_scoring
from app.services.sweep_uploads import keep_sweeping
from app.services.tend_agreements import keep_tending, tend_agreements
from app.services.undo_superseded import settle_superseded
from app.settings import Settings
from app.store import derived, jobs, submissions, superseded
from app.store.catalogue import CatalogueCache
from app.store.pools import Pools, is_passing
from app.store.registry_publication import TERMS_JOB
from app.store.types import JobHandler

PAUSE_SECONDS: Final = 1.0

log = structlog.get_logger("vipmg.worker")


async def run_worker(pools: Pools, settings: Settings, *, stop: asyncio.Event) -> None:
    """Work until told to stop; the job in hand is finished first.

    Being cut off at any moment loses nothing: jobs are durable, and each decision is one
    transaction.
    """
    worker = _Worker(pools, settings)
    beside = [
        asyncio.create_task(keep_releasing(pools, stop)),
        asyncio.create_task(keep_sweeping(pools, stop)),
        asyncio.create_task(keep_tending(pools, worker.cache, stop)),
        asyncio.create_task(keep_scoring(pools, worker.cache, stop)),
    ]
    practice = pools.space(practice=True)
    beside.append(asyncio.create_task(keep_releasing(practice, stop)))
    beside.append(asyncio.create_task(keep_emptying(practice, settings.practice_days, stop)))
    try:
        while not stop.is_set():
            try:
                await jobs.work(pools.writer, worker.handlers, worker.failed, stop=stop)
            except Exception:
                log.exception("queue not usable, tried again soon")
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(stop.wait(), PAUSE_SECONDS)
    finally:
        stop.set()
        await asyncio.gather(*beside)


class _Worker:
    """Processes submissions, real ones and those of practice, one at a time."""

    def __init__(self, pools: Pools, settings: Settings) -> None:
        self._spaces = {JOB: pools, PRACTICE_JOB: pools.space(practice=True)}
        self._settings = settings
        self.cache = CatalogueCache()
        self._turn = asyncio.Lock()
        self._derivations = Derivations()
        self._not_counted: set[str] = set()
        self.handlers: dict[str, JobHandler] = {
            **{name: partial(self._process, name) for name in self._spaces},
            superseded.JOB: partial(self._settle, pools),
            superseded.PRACTICE_JOB: partial(self._settle, pools.space(practice=True)),
            derived.JOB: self._derive,
            TERMS_JOB: partial(self._tend, pools),
        }

    async def _process(self, name: str, payload: str) -> None:
        async with self._turn:
            begin = asyncio.get_running_loop().time()
            counts = payload not in self._not_counted
            await process_submission(
                self._spaces[name],
                self.cache,
                uuid.UUID(payload),
                max_bytes=self._settings.max_body_bytes,
                max_xlsx_rows=self._settings.max_xlsx_rows,
                counts=counts,
            )
            self._not_counted.discard(payload)
            seconds = asyncio.get_running_loop().time() - begin
            log.info("submission processed", submission=payload, seconds=round(seconds, 2))

    async def _tend(self, pools: Pools, _payload: str) -> None:
        """Terms have changed: what waited for that goes on."""
        await tend_agreements(pools, self.cache, dt.datetime.now(dt.UTC).date())

    async def _settle(self, pools: Pools, payload: str) -> None:
        """Beside the submissions, which never wait for it."""
        await settle_superseded(pools, int(payload))

    async def _derive(self, _about: str) -> None:
        """Beside the submissions, too: it sees all that was published before it looks."""
        await run_derivations(self._spaces[JOB], self.cache, self._derivations)

    async def failed(self, name: str, payload: str, error: Exception) -> None:
        """Note that a job failed; when a part was away, the next attempt does not count."""
        log.error("job failed, tried again later", job=name, payload=payload, exc_info=error)
        if name not in self._spaces:
            return
        if is_passing(error):
            self._not_counted.add(payload)
        try:
            async with self._spaces[name].writer.acquire() as connection:
                reason = f"{type(error).__name__}: {error}"[:1000]
                await submissions.fail(connection, uuid.UUID(payload), reason)
        except Exception:
            # The job must go back to the queue, whatever has become of the database.
            log.exception("failure not noted", payload=payload)
