"""Faults put into the service at the start of each of its processes, to show that they are seen.

Python imports this module by itself when its folder stands in PYTHONPATH, which only the harness
arranges; the variable FAULT_CHANGES names the faults. A pause or a death of its own in the window
of a fault spares the many kills that would otherwise be needed to hit it.
"""

from __future__ import annotations

import asyncio
import os
import random
import signal
from typing import Any

PAUSE_SECONDS = 0.15
STEP_SECONDS = 2.0
DEATHS = 0.1
"""Share of its windows in which `split` dies, as nothing but a death in one shows it."""


def split() -> None:
    """Publish in two transactions: first the rows, then ledger, heads and state."""
    from app.store import publication

    end = publication.end_publication

    async def end_publication(connection: Any, begun: Any, **facts: Any) -> Any:
        await _commit_and_go_on(connection)
        if random.random() < DEATHS:
            os.kill(os.getpid(), signal.SIGKILL)
        return await end(connection, begun, **facts)

    publication.end_publication = end_publication


def halves() -> None:
    """Write the series of a file in two transactions, each the half of them."""
    from app.store import confirmed, publication, series_writing

    put, write = series_writing.UPSERT_SERIES, publication.write_series

    class Halving:
        def __init__(self, connection: Any) -> None:
            self._connection = connection

        def __getattr__(self, name: str) -> Any:
            return getattr(self._connection, name)

        async def execute(self, statement: str, *arguments: Any) -> Any:
            if statement is not put:
                return await self._connection.execute(statement, *arguments)
            of_half = "FROM outcome WHERE abs(hashtext(key::text)) % 2 = {}"
            first, second = (put.replace("FROM outcome", of_half.format(n)) for n in (0, 1))
            await self._connection.execute(first, *arguments)
            await _commit_and_go_on(self._connection)
            return await self._connection.execute(second, *arguments)

    async def halved(connection: Any, *rest: Any) -> Any:
        return await write(Halving(connection), *rest)

    created = ("CREATE_OUTCOME", "CREATE_HIDDEN")
    kept = (*((series_writing, name) for name in created), (confirmed, "CREATE"))
    for module, name in kept:
        setattr(module, name, getattr(module, name).replace("ON COMMIT DROP", ""))
    publication.write_series = halved


def early() -> None:
    """Acknowledge before the receipt is on disk: a commit does not wait for its WAL."""
    from app.store import embedded, pools

    pools.WRITER["synchronous_commit"] = "off"
    # As late as PostgreSQL can be made to write by itself.
    embedded.SERVER_SETTINGS += "wal_writer_delay = 5s\nwal_writer_flush_after = 1GB\n"


def forgetful() -> None:
    """Leave out one series in three."""
    from app.store import staging

    taken = staging.records
    staging.records = lambda segments: [
        each for number, each in enumerate(taken(segments), 1) if number % 3
    ]


def stale() -> None:
    """Merge into a series as it was one publication before: what came between is lost."""
    from app.store import stored

    read, known = stored.Stored.read, {}

    def read_before(row: Any) -> Any:
        place = tuple(row["key"])
        now, before = read(row), known.get(place)
        known[place] = now
        return before or now

    stored.Stored.read = read_before


def shallow() -> None:
    """Roll back by deleting: nothing older comes back."""
    from app.store import undo

    undo.plan_rollback = lambda past, undone, _fallen: undo.plan_withdrawal(past, undone)


def torn() -> None:
    """Re-harmonise in two transactions: first the figures, then ledger, heads and state."""
    from app.store import reharmonising

    publish = reharmonising.publish_fold

    async def publish_fold(connection: Any, *rest: Any) -> Any:
        effect = await publish(connection, *rest)
        await _commit_and_go_on(connection)
        return effect

    reharmonising.publish_fold = publish_fold


def waiting() -> None:
    """No fault: wait where history was read, and where its figures are written, to be killed."""
    from app.services import reharmonise_submission
    from app.store import reharmonising

    read, publish = reharmonise_submission.reread_history, reharmonising.publish_fold

    async def reread_history(*given: Any) -> Any:
        history = await read(*given)
        await asyncio.sleep(STEP_SECONDS)
        return history

    async def publish_fold(*given: Any) -> Any:
        effect = await publish(*given)
        await asyncio.sleep(STEP_SECONDS)
        return effect

    reharmonise_submission.reread_history = reread_history
    reharmonising.publish_fold = publish_fold


def hasty() -> None:
    """No fault: take up the job of a dead worker after two seconds, to spare a test the wait."""
    import datetime as dt

    from app.store import jobs

    jobs.HEARTBEAT_TIMEOUT = dt.timedelta(seconds=2)


async def _commit_and_go_on(connection: Any) -> None:
    await connection.execute("COMMIT")
    await asyncio.sleep(PAUSE_SECONDS)
    await connection.execute("BEGIN")


CHANGES = {
    each.__name__: each
    for each in (split, halves, early, forgetful, stale, shallow, torn, waiting, hasty)
}

for name in filter(None, os.environ.get("FAULT_CHANGES", "").split(",")):
    CHANGES[name]()
