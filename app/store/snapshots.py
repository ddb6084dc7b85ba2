"""Snapshots: one consistent view of the database for the reading of one reply."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from app.store.pools import Pools
from app.store.types import Connection


@asynccontextmanager
async def snapshot(pools: Pools, organisation: str | None) -> AsyncIterator[Connection]:
    """A read-only transaction that sees one moment.

    With an organisation the connection is a privileged one, and sees of the withheld room what
    that organisation may; without, it has no right on that room at all.
    """
    pool = pools.public if organisation is None else pools.privileged
    async with (
        pool.acquire() as connection,
        connection.transaction(isolation="repeatable_read", readonly=True),
    ):
        if organisation is not None:
            await connection.execute(
                "SELECT set_config('vipmg.organisation', $1, true)", organisation
            )
        yield connection
