"""Emptying the practice space: one's own at once, and what is old by itself."""

from __future__ import annotations

import asyncio
import contextlib
from typing import Final

import structlog

from app.auth.subject import Subject
from app.store import practice
from app.store.catalogue import CatalogueCache
from app.store.pools import Pools

PAUSE_SECONDS: Final = 600.0

log = structlog.get_logger("vipmg.practice")


async def empty_practice(pools: Pools, cache: CatalogueCache, subject: Subject) -> dict[str, int]:
    """Forget all that the caller's organisation has in the practice space.

    Args:
        pools: those of the practice space.
        cache: the registry, which is the same for both spaces.
        subject: the caller.

    Returns:
        How many submissions and series were forgotten.
    """
    async with pools.writer.acquire() as connection:
        catalogue = await cache.current(connection)
        own = [agreement.id for agreement in catalogue.of_provider(subject.organisation)]
        async with connection.transaction():
            return await practice.empty(connection, subject.organisation, own)


async def keep_emptying(pools: Pools, days: int, stop: asyncio.Event) -> None:
    """Forget what is older than so many days, every few minutes until told to stop."""
    while not stop.is_set():
        try:
            async with pools.writer.acquire() as connection, connection.transaction():
                gone = await practice.forget_older(connection, days)
            if any(gone.values()):
                log.info("practice emptied", **gone)
        except Exception:
            log.exception("practice not emptied, tried again later")
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(stop.wait(), PAUSE_SECONDS)
