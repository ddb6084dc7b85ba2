"""Looking after agreements: what waited goes on when they are extended, their parties are told."""

from __future__ import annotations

import asyncio
import contextlib
import datetime as dt
from typing import Final

import structlog

from app.sdmx.terms_notices import occasions
from app.sdmx.terms_sets import stem_of
from app.services.admit_submission import enqueue_submission
from app.store import decisions, notices_kept
from app.store.catalogue import Catalogue, CatalogueCache
from app.store.coverage import read_coverage
from app.store.pools import Pools
from app.store.types import Connection

EVERY_SECONDS: Final = 3600.0

log = structlog.get_logger("vipmg.agreements")


async def keep_tending(pools: Pools, cache: CatalogueCache, stop: asyncio.Event) -> None:
    """Look after the agreements every hour, until told to stop."""
    while not stop.is_set():
        try:
            await tend_agreements(pools, cache, dt.datetime.now(dt.UTC).date())
        except Exception:
            log.exception("agreements not looked after, tried again later")
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(stop.wait(), EVERY_SECONDS)


async def tend_agreements(pools: Pools, cache: CatalogueCache, today: dt.date) -> None:
    """Let go on what waits for an extension that has come, and tell the parties what is due.

    What was told once is not told again.
    """
    async with pools.writer.acquire() as connection:
        catalogue = await cache.current(connection)
        await _go_on(connection, catalogue, today, practice=False)
        await _tell(connection, catalogue, today)
    async with pools.space(practice=True).writer.acquire() as connection:
        await _go_on(connection, catalogue, today, practice=True)


async def _go_on(
    connection: Connection, catalogue: Catalogue, today: dt.date, *, practice: bool
) -> None:
    ended = {
        stem_of(one.urn)
        for one in catalogue.agreements.values()
        if catalogue.terms(one.urn).has_expired(today)
    }
    for submission, agreements in await decisions.waiting_for_terms(connection):
        if ended.isdisjoint(map(stem_of, agreements)):
            async with connection.transaction():
                if await decisions.go_on(connection, submission):
                    await enqueue_submission(connection, submission, practice=practice)
                    log.info("goes on with its agreement", submission=str(submission))


async def _tell(connection: Connection, catalogue: Catalogue, today: dt.date) -> None:
    terms = {number: catalogue.terms(one.urn) for number, one in catalogue.agreements.items()}
    limited = [number for number, one in terms.items() if one.retention_months is not None]
    held = await read_coverage(connection, limited) if limited else {}
    for number, one in terms.items():
        oldest = held[number].first_day if number in held else None
        short = one.agreement.rpartition("=")[2]
        for occasion in occasions(one, today, oldest):
            facts = {"agreement": short, "day": occasion.day.isoformat()}
            for organisation in dict.fromkeys((one.provider, short.partition(":")[0])):
                await notices_kept.tell(
                    connection, organisation, occasion.kind, occasion.subject, facts
                )
