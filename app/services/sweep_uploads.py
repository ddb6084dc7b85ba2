"""Sweeping uploads that nobody went on with: what came of them is forgotten."""

from __future__ import annotations

import asyncio
import contextlib
from typing import Final

import structlog

from app.store import uploads
from app.store.pools import Pools

PAUSE_SECONDS: Final = 300.0

log = structlog.get_logger("vipmg.uploads")


async def keep_sweeping(pools: Pools, stop: asyncio.Event) -> None:
    """Sweep every few minutes until told to stop; an expired upload is not seen before either."""
    while not stop.is_set():
        try:
            async with pools.writer.acquire() as connection:
                swept = await uploads.sweep(connection)
            if swept:
                log.info("expired uploads forgotten", number=swept)
        except Exception:
            log.exception("uploads not swept, tried again later")
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(stop.wait(), PAUSE_SECONDS)
