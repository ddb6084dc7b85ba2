"""What must hold when the dust has settled, in the database and against what clients remember."""

from __future__ import annotations

import asyncio
import datetime as dt
import hashlib
import time
import zlib
from collections import defaultdict
from collections.abc import Iterable
from itertools import pairwise
from typing import Any

import asyncpg
import orjson

from app.sdmx import history, series
from app.sdmx.history import Change
from app.store.ledger import verify_chain
from tests.fault.clients import Journal
from tests.fault.exchange import File, Ring
from tests.replay import replay

Record = asyncpg.Record

LEDGER = "SELECT sequence, publication_id, published_at, action, object FROM ledger ORDER BY 1"
JOURNAL = """
SELECT c.agreement_id, c.key, c.publication_id, c.action, c.observations, c.attributes,
  l.published_at
FROM change AS c LEFT JOIN ledger AS l USING (publication_id)
ORDER BY c.agreement_id, c.key, l.sequence, c.action
"""
SUBMISSIONS = """
SELECT id::text, idempotency_key, state, sequence, publication_id, sha256, row_count
FROM submission
"""
CONTENT = "SELECT deflated FROM submission_content WHERE sha256 = $1 ORDER BY part"
HEADS = """
SELECT h.agreement_id, h.series_count, h.observation_count,
  count(s.key) FILTER (WHERE s.observation_count > 0) AS series,
  coalesce(sum(s.observation_count), 0) AS observations
FROM agreement_head AS h LEFT JOIN series AS s USING (agreement_id)
GROUP BY 1, 2, 3
"""
JOBS = "SELECT count(*) FROM pgqueuer.pgqueuer"


class Verdict:
    """The findings of all checks, by kind; nothing found is what is wanted."""

    def __init__(self) -> None:
        self.lost: list[str] = []
        self.half: list[str] = []
        self.doubled: list[str] = []
        self.stuck: list[str] = []
        self.ledger: list[str] = []
        self.replay: list[str] = []
        self.stale: list[str] = []
        self.missed: list[str] = []
        self.overtaken: list[str] = []
        self.checks = 0

    def findings(self) -> dict[str, list[str]]:
        """What was found, by kind."""
        return {name: found for name, found in vars(self).items() if isinstance(found, list)}


async def await_idle(dsn: str, deadline: float) -> None:
    """Return when no job is left, those of what is computed included, or after the deadline."""
    connection = await asyncpg.connect(dsn)
    try:
        while time.monotonic() < deadline:
            if not await connection.fetchval(JOBS):
                return
            await asyncio.sleep(0.1)
    finally:
        await connection.close()


async def judge(dsn: str, journal: Journal) -> Verdict:
    """Check everything on a database that nobody writes to any more."""
    verdict = Verdict()
    connection = await asyncpg.connect(dsn)
    try:
        ledger = await connection.fetch(LEDGER)
        stored = await connection.fetch(SUBMISSIONS)
        changes = await connection.fetch(JOURNAL)
        await check_ledger(connection, ledger, verdict)
        _check_submissions(stored, ledger, journal.files, verdict)
        await _check_content(connection, stored, journal.files, verdict)
        _check_journal(changes, stored, ledger, journal.files, verdict)
        await check_replay(connection, changes, verdict)
        for row in await connection.fetch(HEADS):
            counted = (row["series"], row["observations"])
            if (row["series_count"], row["observation_count"]) != counted:
                verdict.replay.append(f"the head of an agreement counts otherwise: {dict(row)}")
        if left := await connection.fetchval(JOBS):
            verdict.stuck.append(f"{left} jobs are left in the queue")
    finally:
        await connection.close()
    _check_reads(journal, ledger, stored, verdict)
    _check_follower(journal, ledger, stored, verdict)
    _check_order(journal.files, stored, verdict)
    return verdict


async def check_ledger(
    connection: asyncpg.Connection[Record], ledger: list[Record], verdict: Verdict
) -> None:
    if (broken := await verify_chain(connection)) is not None:
        verdict.ledger.append(f"the chain breaks at {broken}")
    if [row["sequence"] for row in ledger] != list(range(1, len(ledger) + 1)):
        verdict.ledger.append("the sequence has gaps")
    times = [row["published_at"] for row in ledger]
    if any(later <= earlier for earlier, later in pairwise(times)):
        verdict.ledger.append("the times do not rise strictly")


def _check_submissions(
    stored: list[Record], ledger: list[Record], files: list[File], verdict: Verdict
) -> None:
    by_key: dict[str, list[Record]] = defaultdict(list)
    for row in stored:
        by_key[row["idempotency_key"]].append(row)
    published: dict[str, list[int]] = defaultdict(list)
    for row in ledger:
        published[row["object"]].append(row["sequence"])
    for file in files:
        found = by_key[file.key]
        verdict.checks += 1
        if len(found) > 1:
            verdict.doubled.append(f"{file.key} has {len(found)} submissions")
        if not found:
            if file.acknowledged:
                verdict.lost.append(f"{file.key}, acknowledged as {file.submission}, is gone")
            continue
        row = found[0]
        places = published[f"submission/{row['id']}"]
        if file.acknowledged and row["id"] != file.submission:
            verdict.lost.append(f"{file.key}, acknowledged as {file.submission}, is {row['id']}")
        if row["state"] not in {"published", "superseded"}:
            verdict.stuck.append(f"{row['id']} is {row['state']}")
        if len(places) > 1:
            verdict.doubled.append(f"{row['id']} was published {len(places)} times: {places}")
        if places != ([] if row["sequence"] is None else [row["sequence"]]):
            verdict.half.append(f"{row['id']} says {row['sequence']}, the ledger says {places}")
        if file.sequence is not None and places != [file.sequence]:
            verdict.lost.append(f"{file.key} was told {file.sequence}, the ledger says {places}")


async def _check_content(
    connection: asyncpg.Connection[Record],
    stored: list[Record],
    files: list[File],
    verdict: Verdict,
) -> None:
    sent = {file.key: hashlib.sha256(file.body).hexdigest() for file in files}
    for row in stored:
        digest = hashlib.sha256()
        for part in await connection.fetch(CONTENT, row["sha256"]):
            digest.update(zlib.decompress(part["deflated"]))
        wanted = sent.get(row["idempotency_key"], row["sha256"])
        if not digest.hexdigest() == row["sha256"] == wanted:
            verdict.lost.append(f"the bytes of {row['id']} are not those that were sent")


def _check_journal(
    changes: list[Record],
    stored: list[Record],
    ledger: list[Record],
    files: list[File],
    verdict: Verdict,
) -> None:
    """Each file stands in the journal whole, under its own publication, once."""
    cells: dict[int, dict[str, int]] = defaultdict(lambda: defaultdict(int))
    for row in changes:
        if row["published_at"] is None:
            verdict.half.append(f"{row['key']} of {row['publication_id']} is in no ledger")
        if row["action"] == "Replace" and row["observations"] is not None:
            for observation in series.observations(orjson.loads(row["observations"])).values():
                cells[row["publication_id"]][observation["OBS_VALUE"]] += 1
    publications = {row["idempotency_key"]: row["publication_id"] for row in stored}
    for file in files:
        publication = publications.get(file.key)
        if publication is None:
            continue
        found = dict(cells[publication])
        if found != {str(file.value): file.ring.size}:
            verdict.half.append(f"{file.key} of {file.ring.size} cells published {found}")


async def check_replay(
    connection: asyncpg.Connection[Record], changes: list[Record], verdict: Verdict
) -> None:
    """Current series are their journal, replayed."""
    told: dict[tuple[int, tuple[str, ...]], list[Change]] = defaultdict(list)
    for row in changes:
        if row["action"] == "Attachment":
            continue
        document = orjson.loads(row["observations"]) if row["observations"] else series.EMPTY
        attributes = orjson.loads(row["attributes"]) if row["attributes"] else {}
        at = row["published_at"] or dt.datetime.max.replace(tzinfo=dt.UTC)
        told[row["agreement_id"], tuple(row["key"])].append(
            Change(at, row["action"], document, attributes)
        )
    current = await connection.fetch(
        "SELECT agreement_id, key, observations, attributes, observation_count FROM series"
    )
    for row in current:
        journal = told.pop((row["agreement_id"], tuple(row["key"])), [])
        document, attributes = history.state(history.disseminations(journal))
        replayed = replay((change.action, change.document) for change in journal)
        now = series.observations(orjson.loads(row["observations"]))
        same = now == series.observations(document) == series.observations(replayed)
        if not same or attributes != orjson.loads(row["attributes"]):
            verdict.replay.append(f"{row['key']} is not its journal")
        if row["observation_count"] != len(now):
            verdict.replay.append(f"{row['key']} counts {row['observation_count']}: {len(now)}")
    verdict.replay += [f"{key} is in the journal only" for _, key in told]


def _published(
    files: Iterable[File], stored: list[Record], ledger: list[Record]
) -> dict[Ring, list[tuple[int, dt.datetime, int]]]:
    """By ring: sequence, time and value of its publications, in their order."""
    times = {row["sequence"]: row["published_at"] for row in ledger}
    places = {row["idempotency_key"]: row["sequence"] for row in stored}
    found: dict[Ring, list[tuple[int, dt.datetime, int]]] = defaultdict(list)
    for file in files:
        place = places.get(file.key)
        if place in times:
            found[file.ring].append((place, times[place], file.value))
    for listed in found.values():
        listed.sort()
    return found


def _check_reads(
    journal: Journal, ledger: list[Record], stored: list[Record], verdict: Verdict
) -> None:
    """A read begun after a publication was told sees it, or a later one."""
    places = {
        (ring, value): sequence
        for ring, listed in _published(journal.files, stored, ledger).items()
        for sequence, _, value in listed
    }
    told: dict[Ring, list[tuple[float, int]]] = defaultdict(list)
    for file in journal.files:
        if file.published_at is not None and file.sequence is not None:
            told[file.ring].append((file.published_at, file.sequence))
    for read in journal.reads:
        verdict.checks += 1
        known = [place for moment, place in told[read.ring] if moment < read.begun]
        least = max(known, default=0)
        seen = 0 if read.value is None else places.get((read.ring, read.value))
        if seen is None:
            verdict.half.append(f"{read.ring} showed {read.value}, which was never published")
        elif seen < least:
            verdict.stale.append(f"{read.ring} showed {seen} after {least} was told")


def _check_follower(
    journal: Journal, ledger: list[Record], stored: list[Record], verdict: Verdict
) -> None:
    """After each answer the copy was what had been published up to its `prepared`."""
    published = _published(journal.files, stored, ledger)
    for since, copy in journal.follows:
        moment = dt.datetime.fromisoformat(since)
        for ring, listed in published.items():
            verdict.checks += 1
            due = [value for _, time, value in listed if time <= moment]
            if copy.get(ring) != (due[-1] if due else None):
                verdict.missed.append(f"{ring} at {since}: {copy.get(ring)}, not {due[-1:]}")


def _check_order(files: list[File], stored: list[Record], verdict: Verdict) -> None:
    """A file sent after another was acknowledged, by the same sender, is published after it."""
    places = {row["idempotency_key"]: row["sequence"] for row in stored}
    earlier: dict[Ring, list[File]] = defaultdict(list)
    for file in sorted(files, key=lambda each: each.begun):
        place = places.get(file.key)
        for before in earlier[file.ring] if place is not None else ():
            known = before.acknowledged_at
            if known is not None and known < file.begun and (places.get(before.key) or 0) > place:
                verdict.overtaken.append(
                    f"{file.key} is {place}, {before.key} before it came after"
                )
        earlier[file.ring].append(file)


def never_seen(copy: dict[Any, str], current: dict[Any, str]) -> list[str]:
    """Cells in which the follower's copy differs from the current state at the end."""
    return [
        f"{cell}: {copy.get(cell)} in the copy, {current.get(cell)} at the service"
        for cell in copy.keys() | current.keys()
        if copy.get(cell) != current.get(cell)
    ]
