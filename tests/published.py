"""Structures in a database that has none: published once a process, their rows copied from then on.

What is published is checked whole, which takes a second for the shared structures, and the rows
that come of it are the same each time.
"""

from __future__ import annotations

import datetime as dt
import io
from collections.abc import AsyncIterator, Awaitable, Callable, Hashable, Iterable
from contextlib import asynccontextmanager
from typing import Any, NamedTuple

from app.sdmx.artefacts import Artefact
from app.services.publish_structures import publish_structures, shared_structures
from app.settings import Settings
from app.store.pools import Pools
from app.store.registry_publication import publish

TABLES = """
SELECT relname FROM pg_class
WHERE relkind = 'r' AND relnamespace = 'public'::regnamespace ORDER BY relname
"""
SEQUENCES = """
SELECT sequencename, last_value FROM pg_sequences
WHERE schemaname = 'public' AND last_value IS NOT NULL
"""


class Publication(NamedTuple):
    """The tables that a publication changed, as PostgreSQL writes them, and the numbers given."""

    before: dict[str, bytes]
    after: dict[str, bytes]
    numbers: dict[str, int]


_kept: dict[Hashable, Publication] = {}


async def publish_shared(pools: Pools, settings: Settings) -> None:
    """Publish the shared structures; all databases of a process say that it was at one instant."""
    folder = shared_structures(settings)

    async def really() -> None:
        await publish_structures(pools.writer, [folder], dt.datetime.now(dt.UTC))

    await _once(pools, folder, really)


async def publish_artefacts(pools: Pools, artefacts: Iterable[Artefact], now: dt.datetime) -> None:
    """Publish artefacts at an instant."""
    listed = list(artefacts)

    async def really() -> None:
        async with pools.writer.acquire() as connection:
            await publish(connection, listed, now)

    await _once(pools, (now, *((one.urn, one.canonical()) for one in listed)), really)


async def _once(pools: Pools, key: Hashable, really: Callable[[], Awaitable[None]]) -> None:
    known = _kept.get(key)
    if known is not None:
        async with _whole_right(pools) as connection:
            if await _rows(connection, known.before) == known.before:
                await _copy(connection, known)
                return
    async with _whole_right(pools) as connection:
        tables = [row["relname"] for row in await connection.fetch(TABLES)]
        before = await _rows(connection, tables)
        given = dict(await connection.fetch(SEQUENCES))
    await really()
    async with _whole_right(pools) as connection:
        after = await _rows(connection, tables)
        numbers = dict(await connection.fetch(SEQUENCES))
    changed = [name for name in tables if before[name] != after[name]]
    _kept[key] = Publication(
        {name: before[name] for name in changed},
        {name: after[name] for name in changed},
        {name: last for name, last in numbers.items() if given.get(name) != last},
    )


@asynccontextmanager
async def _whole_right(pools: Pools) -> AsyncIterator[Any]:
    """A connection of the writer with the rights of the login, until the end of a transaction."""
    async with pools.writer.acquire() as connection, connection.transaction():
        await connection.execute("SET LOCAL ROLE none")
        yield connection


async def _copy(connection: Any, known: Publication) -> None:
    # The rows are whole: no trigger has to look at them again.
    await connection.execute("SET LOCAL session_replication_role = replica")
    for name, rows in known.after.items():
        await connection.execute(f'DELETE FROM "{name}"')
        await connection.copy_to_table(name, source=io.BytesIO(rows), format="binary")
    for name, number in known.numbers.items():
        await connection.execute("SELECT setval($1::text::regclass, $2)", f'"{name}"', number)


async def _rows(connection: Any, tables: Iterable[str]) -> dict[str, bytes]:
    found = {}
    for name in tables:
        output = io.BytesIO()
        await connection.copy_from_table(name, output=output, format="binary")
        found[name] = output.getvalue()
    return found
