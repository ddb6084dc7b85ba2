"""Spools: written once, read by any number, never more disk than allowed."""

from __future__ import annotations

import asyncio
import gc
from pathlib import Path

import pytest

from app.errors import TooLargeError
from app.http.spool import DiskBudget, Spool


def names(folder: Path) -> list[str]:
    return [path.name for path in folder.iterdir()]


async def whole(spool: Spool) -> bytes:
    return b"".join([part async for part in spool.read()])


@pytest.mark.parametrize("memory", [0, 1, 10, 10_000])
async def test_every_reader_gets_all_bytes_in_order(tmp_path: Path, memory: int) -> None:
    budget = DiskBudget(1 << 20)
    spool = Spool(tmp_path, memory, budget)
    spool.write(b"first;")
    early = [asyncio.create_task(whole(spool)) for _ in range(3)]
    for number in range(200):
        spool.write(f"{number};".encode())
        if number % 50 == 0:
            await asyncio.sleep(0)
    spool.close()
    expected = b"first;" + b"".join(f"{number};".encode() for number in range(200))
    assert set(await asyncio.gather(*early)) == {expected}
    assert await whole(spool) == expected
    assert spool.size == len(expected)
    assert names(tmp_path) == [], "its file has no name"


async def test_a_slow_reader_does_not_hold_up_the_writer(tmp_path: Path) -> None:
    spool = Spool(tmp_path, 10, DiskBudget(1 << 20))
    spool.write(b"x" * 100)
    reading = spool.read()
    assert await anext(reading)
    for _ in range(10):
        spool.write(b"y" * 100)
    spool.close()
    assert spool.size == 1100
    rest = b"".join([part async for part in reading])
    assert rest.endswith(b"y" * 1000)


async def test_readers_are_told_that_the_writer_failed(tmp_path: Path) -> None:
    spool = Spool(tmp_path, 100, DiskBudget(1 << 20))
    spool.write(b"half")
    waiting = asyncio.create_task(whole(spool))
    await asyncio.sleep(0)
    spool.close(RuntimeError("broken"))
    with pytest.raises(RuntimeError, match="broken"):
        await waiting
    assert not spool.complete


async def test_the_disk_is_bounded_and_given_back(tmp_path: Path) -> None:
    budget = DiskBudget(100)
    spool = Spool(tmp_path, 0, budget)
    spool.write(b"x" * 80)
    other = Spool(tmp_path, 0, budget)
    with pytest.raises(TooLargeError):
        other.write(b"x" * 30)
    assert budget.used == 80
    del spool
    gc.collect()
    assert budget.used == 0
    other.write(b"x" * 30)
    assert budget.used == 30
