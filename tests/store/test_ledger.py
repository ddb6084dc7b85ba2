"""The ledger: one sequence without gaps, rising time, and a chain that shows any alteration."""

from __future__ import annotations

import asyncio
import datetime as dt
from itertools import pairwise

import asyncpg
import pytest

from app.store import ledger
from app.store.pools import Pools
from app.store.types import Connection

COUNT = 40


def entry(number: int) -> ledger.Entry:
    return ledger.Entry(
        number,
        "submission",
        "CRI_STAT",
        f"submission/{number}",
        [1, number],
        [1] if number % 2 == 0 else [],
        None if number % 3 else f"{number:064x}",
        {"observations_put": number, "observations_deleted": 0},
    )


async def append(pools: Pools, number: int) -> ledger.Place:
    async with pools.writer.acquire() as connection, connection.transaction():
        return await ledger.append(connection, entry(number))


async def broken_at(pools: Pools) -> int | None:
    async with pools.writer.acquire() as connection:
        return await ledger.verify_chain(connection)


async def test_f2_sequence_has_no_gaps_and_time_rises(pools: Pools) -> None:
    places = await asyncio.gather(*(append(pools, number) for number in range(1, COUNT + 1)))
    ordered = sorted(places, key=lambda place: place.sequence)
    assert [place.sequence for place in ordered] == list(range(1, COUNT + 1))
    assert all(a.published_at < b.published_at for a, b in pairwise(ordered))
    assert await broken_at(pools) is None


async def test_a_rolled_back_publication_leaves_no_gap(pools: Pools) -> None:
    await append(pools, 1)
    with pytest.raises(RuntimeError):
        async with pools.writer.acquire() as connection, connection.transaction():
            await ledger.append(connection, entry(2))
            raise RuntimeError
    assert (await append(pools, 3)).sequence == 2
    assert await broken_at(pools) is None


async def test_time_rises_when_the_clock_was_put_back(pools: Pools, dsn: str) -> None:
    first = await append(pools, 1)
    ahead = first.published_at + dt.timedelta(days=1)
    await as_owner(dsn, "UPDATE ledger SET published_at = $1", ahead)
    second = await append(pools, 2)
    assert second.published_at > ahead


async def as_owner(dsn: str, statement: str, *values: object) -> None:
    connection: Connection = await asyncpg.connect(dsn)
    try:
        await connection.execute(statement, *values)
    finally:
        await connection.close()


ALTERATIONS = [
    "UPDATE ledger SET actor = 'SLV_STAT' WHERE sequence = 3",
    "UPDATE ledger SET object = object || 'x' WHERE sequence = 3",
    "UPDATE ledger SET action = 'release' WHERE sequence = 3",
    "UPDATE ledger SET public = NOT public WHERE sequence = 3",
    "UPDATE ledger SET publication_id = 99 WHERE sequence = 3",
    "UPDATE ledger SET agreement_ids = '{1}' WHERE sequence = 3",
    "UPDATE ledger SET content_sha256 = NULL WHERE sequence = 3",
    "UPDATE ledger SET published_at = published_at + interval '1 microsecond' WHERE sequence = 3",
    """UPDATE ledger SET facts = '{"observations_put": 4}' WHERE sequence = 3""",
    "UPDATE ledger SET hash = reverse(hash) WHERE sequence = 3",
    "UPDATE ledger SET agreements = '{x}' WHERE sequence = 3",
    "UPDATE ledger SET salt = '' WHERE sequence = 3",
    "UPDATE ledger SET entry_sha256 = reverse(entry_sha256) WHERE sequence = 3",
    "UPDATE ledger SET public_sequence = 7 WHERE sequence = 3",
    "UPDATE ledger SET public_hash = hash WHERE sequence = 3",
    "UPDATE ledger SET previous_hash = reverse(previous_hash) WHERE sequence = 3",
]


@pytest.mark.parametrize("statement", ALTERATIONS)
async def test_t72_an_altered_entry_is_found(pools: Pools, dsn: str, statement: str) -> None:
    for number in range(1, 6):
        await append(pools, number)
    await as_owner(dsn, statement)
    assert await broken_at(pools) == 3


async def test_t72_a_deleted_entry_is_found(pools: Pools, dsn: str) -> None:
    for number in range(1, 6):
        await append(pools, number)
    await as_owner(dsn, "DELETE FROM ledger WHERE sequence = 2")
    assert await broken_at(pools) == 3


async def test_t72_a_deleted_beginning_is_found(pools: Pools, dsn: str) -> None:
    for number in range(1, 4):
        await append(pools, number)
    await as_owner(dsn, "DELETE FROM ledger WHERE sequence = 1")
    assert await broken_at(pools) == 2


async def test_t72_entries_in_another_order_are_found(pools: Pools, dsn: str) -> None:
    for number in range(1, 5):
        await append(pools, number)
    await as_owner(dsn, "UPDATE ledger SET sequence = -sequence WHERE sequence IN (2, 3)")
    await as_owner(dsn, "UPDATE ledger SET sequence = 5 + sequence WHERE sequence < 0")
    assert await broken_at(pools) == 2


PUBLIC_ALTERATIONS = [
    "UPDATE ledger SET public_sequence = 7 WHERE sequence = 4",
    "UPDATE ledger SET public_sequence = NULL, public_hash = NULL WHERE sequence = 4",
    "UPDATE ledger SET public_hash = hash WHERE sequence = 4",
    "UPDATE ledger SET action = 'terms' WHERE sequence = 4",
]


@pytest.mark.parametrize("statement", PUBLIC_ALTERATIONS)
async def test_t72_an_altered_line_of_the_public_ledger_is_found(
    pools: Pools, dsn: str, statement: str
) -> None:
    for number in range(1, 6):
        await append(pools, number)
    await as_owner(dsn, statement)
    assert await broken_at(pools) == 4


async def test_the_public_ledger_counts_the_public_publications_alone(pools: Pools) -> None:
    for number in range(1, 7):
        await append(pools, number)
    async with pools.public.acquire() as connection:
        rows = await connection.fetch(
            "SELECT sequence, public_sequence FROM ledger WHERE public ORDER BY sequence"
        )
    assert [tuple(row) for row in rows] == [(2, 1), (4, 2), (6, 3)]


async def test_a_publication_of_elsewhere_keeps_its_time_unless_the_ledger_is_later(
    pools: Pools,
) -> None:
    wished = dt.datetime(2025, 3, 1, 12, tzinfo=dt.UTC)
    places = []
    for number, at in enumerate((wished, wished + dt.timedelta(days=1), wished), 1):
        async with pools.writer.acquire() as connection, connection.transaction():
            places.append(await ledger.append(connection, entry(number), wished=at))
    assert [place.published_at for place in places[:2]] == [wished, wished + dt.timedelta(days=1)]
    assert places[2].published_at > dt.datetime(2025, 4, 1, tzinfo=dt.UTC)
    assert await broken_at(pools) is None


async def test_an_empty_ledger_holds(pools: Pools) -> None:
    assert await broken_at(pools) is None
