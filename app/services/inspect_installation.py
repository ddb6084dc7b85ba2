"""An inspection of a database that the service runs on: what holds, and what does not."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import Final

from app.store import inspection, ledger, readiness
from app.store.embedded import SAFE_SETTINGS
from app.store.registry import load_current
from app.store.types import Connection, Pool

OLDEST_VERSION: Final = 150000
LARGEST_SKEW_SECONDS: Final = 2.0
LONGEST_WAIT_SECONDS: Final = 3600


@dataclass(frozen=True, slots=True)
class Check:
    """One question of the inspection and its answer.

    Attributes:
        name: stable name.
        holds: whether all is well.
        found: what was found, in a word.
    """

    name: str
    holds: bool
    found: str


async def inspect_database(writer: Pool) -> list[Check]:
    """Ask the database all questions; nothing is changed."""
    async with writer.acquire() as connection:
        return [
            *await _server(connection),
            await _clock(connection),
            await _registry(connection),
            await _ledger(connection),
            await _queue(connection),
        ]


async def _server(connection: Connection) -> list[Check]:
    facts = await inspection.server_facts(connection)
    checks = [
        Check("postgresql", int(facts["version"]) >= OLDEST_VERSION, str(facts["version_text"]))
    ]
    for name, safe in SAFE_SETTINGS.items():
        checks.append(Check(name, facts[name] in safe, str(facts[name])))
    return checks


async def _clock(connection: Connection) -> Check:
    before = dt.datetime.now(dt.UTC)
    theirs = await readiness.clock(connection)
    after = dt.datetime.now(dt.UTC)
    skew = max((before - theirs).total_seconds(), (theirs - after).total_seconds(), 0.0)
    return Check("clock", skew <= LARGEST_SKEW_SECONDS, f"{skew:.1f} s")


async def _registry(connection: Connection) -> Check:
    snapshot = await load_current(connection)
    count = len(list(snapshot.artefacts))
    return Check("registry", count > 0, f"{count} artefacts, revision {snapshot.revision}")


async def _ledger(connection: Connection) -> Check:
    broken = await ledger.verify_chain(connection)
    return Check("ledger", broken is None, "ok" if broken is None else f"sequence {broken}")


async def _queue(connection: Connection) -> Check:
    waiting, seconds = await inspection.undecided(connection)
    found = f"{waiting}, {seconds} s" if waiting else "0"
    return Check("queue", not waiting or seconds < LONGEST_WAIT_SECONDS, found)
