"""Jobs and a database that goes away at the worst moment."""

from __future__ import annotations

import asyncio
import datetime as dt

import asyncpg
import pytest

from app.store import jobs
from app.store.pools import Pools
from tests.conftest import database_dsn


async def test_a_job_that_cannot_be_put_back_is_not_dropped(
    pools: Pools, dsn: str, postgres_dsn: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The database leaves while a job runs, and is back before the worker has noticed more."""
    monkeypatch.setattr(jobs, "HEARTBEAT_TIMEOUT", dt.timedelta(seconds=1))
    monkeypatch.setattr(jobs, "RETRY_SECONDS", (0,))
    name = dsn.split("///")[1].split("?")[0]
    outside = await asyncpg.connect(database_dsn(postgres_dsn, "postgres"))
    done, stop = asyncio.Event(), asyncio.Event()
    tries = 0

    async def close_and_fail(_payload: str) -> None:
        nonlocal tries
        tries += 1
        if tries == 1:
            await outside.execute(f"ALTER DATABASE {name} ALLOW_CONNECTIONS false")
            await outside.execute(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = $1", name
            )
            asyncio.get_running_loop().call_later(0.3, opening.set)
            raise ConnectionError
        done.set()

    async def open_again() -> None:
        await opening.wait()
        await outside.execute(f"ALTER DATABASE {name} ALLOW_CONNECTIONS true")

    async def failed(_name: str, _payload: str, _error: Exception) -> None:
        """A failure that need not be noted."""

    async def work() -> None:
        while not stop.is_set():
            try:
                await jobs.work(pools.writer, {"test": close_and_fail}, failed, stop=stop)
            except (OSError, asyncpg.PostgresError, asyncpg.InterfaceError):
                await asyncio.sleep(0.1)

    opening = asyncio.Event()
    async with pools.writer.acquire() as connection:
        await jobs.enqueue(connection, "test", "payload")
    opener, worker = asyncio.create_task(open_again()), asyncio.create_task(work())
    try:
        await asyncio.wait_for(done.wait(), 30)
    finally:
        stop.set()
        await asyncio.gather(opener, worker)
        await outside.close()
    assert tries == 2
