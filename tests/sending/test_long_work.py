"""Work that takes long, fails or is cut off: its place, its progress, and always an end."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
import uuid
from pathlib import Path
from typing import IO, Any

import asyncpg
import pytest

from app.services import process_submission as processing
from app.services import run_worker as working
from app.services.run_worker import run_worker
from app.settings import Settings
from app.store import job_queue, submissions
from app.store.pools import Pools, is_passing
from tests.conftest import execute
from tests.sending.desk import House, rows

ROOT = Path(__file__).parents[2]


async def work_on(pools: Pools, settings: Settings, until: Any) -> None:
    """Let a worker work until something holds."""
    stop = asyncio.Event()
    running = asyncio.create_task(run_worker(pools, settings, stop=stop))
    try:
        for _ in range(1200):
            if await until():
                return
            await asyncio.sleep(0.05)
        raise AssertionError("nothing came of it")
    finally:
        stop.set()
        await running


async def test_the_position_in_the_queue_is_told(
    quiet_house: House, pools: Pools, settings: Settings
) -> None:
    sender = await quiet_house.sender()
    sent = [
        (await sender.send(rows(f"M,CRI,2024-01,{value}"), wait=None)).json() for value in range(3)
    ]
    assert [each["queue_position"] for each in sent] == [1, 2, 3]
    gone = await sender.client.delete(sent[0]["links"]["self"])
    assert (gone.json()["state"], gone.json()["queue_position"]) == ("cancelled", None)
    places = [(await sender.get(each["links"]["self"]))["queue_position"] for each in sent]
    assert places == [None, 1, 2]

    async def all_decided() -> bool:
        listed = (await sender.get("/api/submissions"))["submissions"]
        return all(each["queue_position"] is None for each in listed)

    await work_on(pools, settings, all_decided)
    assert await quiet_house.figures() == {"M.CRI.2024-01": "2"}
    told = await sender.get(sent[2]["links"]["self"])
    assert (told["rows_read"], told["rows_total"], told["phase"], told["attempts"]) == (
        1,
        1,
        None,
        1,
    )


async def test_what_is_decided_is_not_cancelled(house: House) -> None:
    sender = await house.sender()
    told = await sender.publish(rows("M,CRI,2024-01,1"))
    reply = await sender.client.delete(told["links"]["self"])
    assert (reply.status_code, reply.json()["code"]) == (409, "VIPMG-120")
    other = await house.sender("SLV_STAT")
    assert (await other.client.delete(told["links"]["self"])).status_code == 404


async def test_one_that_is_cancelled_while_it_is_read_publishes_nothing(
    quiet_house: House, pools: Pools, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    sender = await quiet_house.sender()
    told = (await sender.send(rows("M,CRI,2024-01,1"), wait=None)).json()
    decide = processing.decide_submission

    async def cancelled_meanwhile(work: Any, validator: Any) -> None:
        reply = await sender.client.delete(told["links"]["self"])
        assert reply.json()["state"] == "cancelled"
        await decide(work, validator)

    monkeypatch.setattr(processing, "decide_submission", cancelled_meanwhile)

    async def no_jobs() -> bool:
        return not await pools.writer.fetchval("SELECT count(*) FROM pgqueuer.pgqueuer")

    await work_on(pools, settings, no_jobs)
    assert (await sender.get(told["links"]["self"]))["state"] == "cancelled"
    assert await quiet_house.figures() == {}


async def test_what_always_fails_ends_as_broken_and_the_others_go_on(
    quiet_house: House, pools: Pools, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(job_queue, "AT_ONCE_SECONDS", (0.0, 0.0))
    monkeypatch.setattr(job_queue, "RETRY_SECONDS", (0,))
    sender = await quiet_house.sender()
    bad = (await sender.send(rows("M,CRI,2024-01,666"), wait=None)).json()
    good = (await sender.send(rows("M,CRI,2024-02,2"), wait=None)).json()
    check = processing.check_message

    async def fail(work: Any, spool: Any) -> Any:
        if str(work.submission.id) == bad["id"]:
            raise ZeroDivisionError("a fault of ours")
        return await check(work, spool)

    monkeypatch.setattr(processing, "check_message", fail)

    async def both_ended() -> bool:
        states = {(await sender.get(each["links"]["self"]))["state"] for each in (bad, good)}
        return states == {"broken", "published"}

    await work_on(pools, settings, both_ended)
    told = await sender.get(bad["links"]["self"])
    assert told["failure"]["code"] == "VIPMG-152"
    assert told["failure"]["messages"].keys() >= {"en", "es"}
    assert "ZeroDivisionError" not in str(told)
    assert told["decided_at"] is not None
    stored = await pools.writer.fetchval("SELECT failure FROM submission WHERE id = $1", bad["id"])
    assert "a fault of ours" in stored
    again = await sender.send(rows("M,CRI,2024-01,666"), wait=None)
    assert again.status_code == 202  # what is broken may be sent again


async def test_a_database_that_is_away_breaks_nothing(
    quiet_house: House, pools: Pools, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(job_queue, "AT_ONCE_SECONDS", (0.0, 0.0))
    monkeypatch.setattr(job_queue, "RETRY_SECONDS", (0,))
    sender = await quiet_house.sender()
    told = (await sender.send(rows("M,CRI,2024-01,1"), wait=None)).json()
    check, times = processing.check_message, 0

    async def away(work: Any, spool: Any) -> Any:
        nonlocal times
        times += 1
        if times < 3 * processing.MAX_ATTEMPTS:
            raise ConnectionResetError
        return await check(work, spool)

    monkeypatch.setattr(processing, "check_message", away)

    async def published() -> bool:
        return bool((await sender.get(told["links"]["self"]))["state"] == "published")

    await work_on(pools, settings, published)
    assert times == 3 * processing.MAX_ATTEMPTS


@pytest.mark.parametrize(
    ("error", "passing"),
    [
        (asyncpg.DiskFullError(), True),
        (asyncpg.AdminShutdownError(), True),
        (asyncpg.LockNotAvailableError(), True),
        (asyncpg.QueryCanceledError(), True),
        (ConnectionResetError(), True),
        (asyncpg.UndefinedTableError(), False),
        (asyncpg.UniqueViolationError(), False),
        (ZeroDivisionError(), False),
        (MemoryError(), False),
    ],
)
def test_which_failures_are_not_the_fault_of_the_work(error: Exception, passing: bool) -> None:
    assert is_passing(error) is passing


KILLER = """
import os, sys
from app.services import process_submission as processing
check, deadly = processing.check_message, sys.argv[1]

async def check_message(work, spool):
    if str(work.submission.id) == deadly:
        os.kill(os.getpid(), 9)  # as the kernel does to who takes too much memory
    return await check(work, spool)

processing.check_message = check_message
sys.argv[1:] = ["worker"]
from app.cli import main
main()
"""


def start_worker(
    deadly: str, environment: dict[str, str], log: IO[bytes]
) -> subprocess.Popen[bytes]:
    """A worker that is killed when it comes to one submission."""
    command = [sys.executable, "-c", KILLER, deadly]
    return subprocess.Popen(command, env=environment, cwd=ROOT, stdout=log, stderr=log)


async def test_a_worker_that_is_killed_each_time_gives_up_and_the_queue_goes_on(
    quiet_house: House, dsn: str, tmp_path: Path
) -> None:
    sender = await quiet_house.sender()
    bad = (await sender.send(rows("M,CRI,2024-01,666"), wait=None)).json()
    good = (await sender.send(rows("M,CRI,2024-02,2"), wait=None)).json()
    environment = {k: v for k, v in os.environ.items() if not k.startswith("VIPMG_")}
    environment |= {
        "VIPMG_DATABASE_URL": dsn,
        "VIPMG_DATA_DIR": str(tmp_path),
        "PYTHONPATH": str(ROOT),
    }
    deaths = 0
    states: list[str] = []
    with (tmp_path / "log").open("wb") as log:
        while states.count("published") == 0 and deaths < 12:
            worker = start_worker(bad["id"], environment, log)
            while worker.poll() is None and states.count("published") == 0:
                states = [
                    (await sender.get(each["links"]["self"]))["state"] for each in (bad, good)
                ]
                await asyncio.sleep(0.1)
            if worker.poll() is None:
                worker.terminate()
                await asyncio.to_thread(worker.wait, 60)
            else:
                assert worker.returncode == -signal.SIGKILL, (tmp_path / "log").read_text()
                deaths += 1
    assert states == ["broken", "published"], (tmp_path / "log").read_text()
    assert deaths == processing.MAX_ATTEMPTS
    assert (await sender.get(bad["links"]["self"]))["failure"]["code"] == "VIPMG-152"


async def test_practice_waits_for_what_is_in_earnest(
    quiet_house: House, pools: Pools, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    sender = await quiet_house.sender()
    tried = (await sender.send(rows("M,CRI,2024-01,1"), space="/practice", wait=None)).json()
    real = (await sender.send(rows("M,CRI,2024-01,1"), wait=None)).json()
    order: list[str] = []
    process = working.process_submission

    async def note(spaces: Pools, cache: Any, submission: Any, **parts: Any) -> None:
        order.append(str(submission))
        await process(spaces, cache, submission, **parts)

    monkeypatch.setattr(working, "process_submission", note)

    async def both() -> bool:
        return len(order) == 2

    await work_on(pools, settings, both)
    assert order == [real["id"], tried["id"]]


async def test_progress_shows_the_phase(
    quiet_house: House, pools: Pools, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    sender = await quiet_house.sender()
    told = (await sender.send(rows("M,CRI,2024-01,1", "M,CRI,2024-02,2"), wait=None)).json()
    phases: list[tuple[str | None, int, int | None]] = []
    progress = submissions.progress

    async def look(*parts: Any) -> bool:
        going_on = await progress(*parts)
        seen = await sender.get(told["links"]["self"])
        phases.append((seen["phase"], seen["rows_read"], seen["rows_total"]))
        return going_on

    monkeypatch.setattr(submissions, "progress", look)

    async def published() -> bool:
        return bool((await sender.get(told["links"]["self"]))["state"] == "published")

    await work_on(pools, settings, published)
    assert phases[0] == ("reading", 0, None)
    assert ("reading", 2, None) in phases
    assert phases[-1] == ("publishing", 2, 2)


async def test_a_restart_goes_on_where_it_was(
    quiet_house: House, pools: Pools, settings: Settings, dsn: str
) -> None:
    sender = await quiet_house.sender()
    told = (await sender.send(rows("M,CRI,2024-01,1"), wait=None)).json()
    async with pools.writer.acquire() as connection:
        assert await submissions.begin(connection, told["id"]) == 1
    await asyncio.to_thread(execute, dsn, "UPDATE pgqueuer.pgqueuer SET status = 'picked'")
    assert (await sender.get(told["links"]["self"]))["state"] == "validating"

    async def published() -> bool:
        return bool((await sender.get(told["links"]["self"]))["state"] == "published")

    await work_on(pools, settings, published)
    assert (await sender.get(told["links"]["self"]))["attempts"] == 2


async def test_what_is_just_being_published_is_said_to_be_and_nobody_waits(
    quiet_house: House, pools: Pools
) -> None:
    sender = await quiet_house.sender()
    told = (await sender.send(rows("M,CRI,2024-01,1"), wait=None)).json()
    path, order = told["links"]["self"], {"reason": "Error"}
    async with pools.writer.acquire() as connection, connection.transaction():
        await connection.execute(
            "SELECT FROM submission WHERE id = $1 FOR UPDATE", uuid.UUID(told["id"])
        )
        for reply in await asyncio.wait_for(
            asyncio.gather(
                sender.client.delete(path),
                sender.client.post(f"{path}/rollback", json=order),
                sender.client.post(f"{path}/withdrawal", json=order),
            ),
            30,  # a lock is waited for a minute
        ):
            assert (reply.status_code, reply.json()["code"]) == (409, "VIPMG-120"), reply.text
            assert "being decided now" in reply.json()["detail"], reply.text
    assert (await sender.client.delete(path)).json()["state"] == "cancelled"
