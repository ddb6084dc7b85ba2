"""Jobs and a database that goes away at the worst moment."""

from __future__ import annotations

import asyncio
import datetime as dt

import asyncpg
import pytest

from app.store import job_queue, jobs
from app.store.pools import Pools
from tests.conftest import database_dsn


async def test_a_job_that_cannot_be_put_back_is_not_dropped(
    pools: Pools, dsn: str, postgres_dsn: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The database leaves while a job runs, and is back before the worker has noticed more."""
    monkeypatch.setattr(jobs, "HEARTBEAT_TIMEOUT", dt.timedelta(seconds=1))
    monkeypatch.setattr(job_queue, "RETRY_SECONDS", (0,))
    monkeypatch.setattr(job_queue, "AT_ONCE_SECONDS", ())
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


async def test_what_a_dead_worker_had_in_hand_is_taken_up_at_once(pools: Pools) -> None:
    done, stop = asyncio.Event(), asyncio.Event()

    async def handle(_payload: str) -> None:
        done.set()

    async def failed(_name: str, _payload: str, error: Exception) -> None:
        raise error

    async with pools.writer.acquire() as connection:
        await jobs.enqueue(connection, "test", "payload")
        # As the dead left it: in hand, and heard of a moment ago.
        await connection.execute(
            "UPDATE pgqueuer.pgqueuer SET status = 'picked', slot = 0, heartbeat = now(), "
            "queue_manager_id = gen_random_uuid()"
        )
    worker = asyncio.create_task(jobs.work(pools.writer, {"test": handle}, failed, stop=stop))
    try:
        await asyncio.wait_for(done.wait(), jobs.HEARTBEAT_TIMEOUT.total_seconds() / 2)
    finally:
        stop.set()
        await worker


async def test_a_job_that_fails_once_keeps_its_turn(
    pools: Pools, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The correction of a file must not be published before the file itself."""
    monkeypatch.setattr(job_queue, "AT_ONCE_SECONDS", (0.1,))
    handled: list[str] = []
    stop = asyncio.Event()

    async def handle(payload: str) -> None:
        handled.append(payload)
        if handled == ["first"]:
            raise ConnectionError
        if len(handled) == 3:
            stop.set()

    async def failed(_name: str, _payload: str, _error: Exception) -> None:
        """A failure that need not be noted."""

    async with pools.writer.acquire() as connection:
        for payload in ("first", "correction"):
            await jobs.enqueue(connection, "test", payload)
    await asyncio.wait_for(jobs.work(pools.writer, {"test": handle}, failed, stop=stop), 20)
    assert handled == ["first", "first", "correction"]
