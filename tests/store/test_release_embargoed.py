"""Release of embargoed observations: at their time, once, whoever asks."""

from __future__ import annotations

import asyncio
import datetime as dt
from collections.abc import AsyncIterator
from pathlib import Path

import app
from app.auth.subject import Subject
from app.services.process_submission import process_submission
from app.services.receive_submission import Upload, receive_submission
from app.services.release_embargoed import release_embargoed
from app.settings import Settings
from app.store.catalogue import CatalogueCache
from app.store.pools import Pools
from tests.published import publish_shared

GOOD = (Path(app.__file__).parent / "demo" / "mex_upmrip_return_out.csv").read_text("utf-8")
MEXICO = Subject("mexico-1", "MEX_UPMRIP", "data_provider")


async def publish(pools: Pools, embargo: dt.datetime | None, rows: int) -> str:
    """Put the first rows under an embargo, or replace them without; return the new state."""
    header, *lines = GOOD.splitlines()
    if embargo is None:
        lines = [line.replace(",M,", ",R,", 1) for line in lines]
    time = "" if embargo is None else embargo.isoformat()
    body = "\n".join([f"{header},EMBARGO_TIME", *(f"{line},{time}" for line in lines[:rows])])

    async def chunks() -> AsyncIterator[bytes]:
        yield body.encode()

    upload = Upload(chunks(), "text/csv", None, None, None, 1 << 20)
    stored, _ = await receive_submission(pools, MEXICO, upload)
    await process_submission(pools, CatalogueCache(), stored.id, max_bytes=1 << 20)
    async with pools.writer.acquire() as connection:
        state: str = await connection.fetchval(
            "SELECT state FROM submission WHERE id = $1", stored.id
        )
    return state


async def public_count(pools: Pools) -> int:
    async with pools.public.acquire() as connection:
        count: int = await connection.fetchval(
            "SELECT coalesce(sum(observation_count), 0)::integer FROM series"
        )
    return count


async def ledger(pools: Pools) -> list[str]:
    async with pools.public.acquire() as connection:
        rows = await connection.fetch("SELECT action FROM ledger ORDER BY sequence")
    return [row["action"] for row in rows]


async def test_what_is_due_is_released_once_and_nothing_before(
    pools: Pools, settings: Settings
) -> None:
    await publish_shared(pools, settings)
    assert await release_embargoed(pools) is None
    moment = dt.datetime.now(dt.UTC) + dt.timedelta(seconds=1.5)
    assert await publish(pools, moment, 5) == "awaiting release"
    seconds = await release_embargoed(pools)
    assert seconds is not None
    assert 0 < seconds < 1.5
    assert await public_count(pools) == 0
    await asyncio.sleep(seconds + 0.05)
    await asyncio.gather(release_embargoed(pools), release_embargoed(pools))
    assert await public_count(pools) == 5
    assert await ledger(pools) == ["submission", "release"]
    async with pools.writer.acquire() as connection:
        assert await connection.fetchval("SELECT state FROM submission") == "published"
    assert await release_embargoed(pools) is None


async def test_what_replaced_an_embargoed_value_is_not_overwritten_by_its_release(
    pools: Pools, settings: Settings
) -> None:
    await publish_shared(pools, settings)
    moment = dt.datetime.now(dt.UTC) + dt.timedelta(seconds=1)
    await publish(pools, moment, 5)
    assert await publish(pools, None, 5) == "published"
    assert await public_count(pools) == 5
    await asyncio.sleep(1.2)
    await release_embargoed(pools)
    async with pools.writer.acquire() as connection:
        states = await connection.fetch("SELECT DISTINCT state FROM submission")
    assert [row["state"] for row in states] == ["published"]
    assert await public_count(pools) == 5
