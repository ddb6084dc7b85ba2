"""The ledger: the sequence of publications, taken under one lock as the last thing of each.

Rows are chained: each hash covers the row before it, so that a change of history shows
(`verify_chain`). Sequence and time come from one place in one order; nothing else in the
service orders publications.
"""

from __future__ import annotations

import datetime as dt
import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal, TypeAlias

import orjson

from app.store.types import Connection

PublicationKind: TypeAlias = Literal["submission", "release", "terms"]

SEQUENCE_LOCK = 0x5649504D47  # "VIPMG"
GENESIS = "0" * 64

LAST = "SELECT sequence, published_at, hash FROM ledger ORDER BY sequence DESC LIMIT 1"
INSERT = """
INSERT INTO ledger (sequence, publication_id, published_at, action, actor, object, agreement_ids,
                    public, content_sha256, facts, previous_hash, hash)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)
"""
OUTBOX = "INSERT INTO outbox (sequence, kind, payload) VALUES ($1, 'publication', $2)"


@dataclass(frozen=True, slots=True)
class Entry:
    """What a publication says of itself, before it has its place in the sequence."""

    publication_id: int
    action: PublicationKind
    actor: str
    object: str
    agreement_ids: Sequence[int]
    public: bool
    content_sha256: str | None
    facts: Mapping[str, int]


@dataclass(frozen=True, slots=True)
class Place:
    """The place of a publication: its sequence number and its time, both strictly rising."""

    sequence: int
    published_at: dt.datetime


async def append(connection: Connection, entry: Entry) -> Place:
    """Give a publication its place; the lock is held until the transaction ends."""
    await connection.execute("SELECT pg_advisory_xact_lock($1)", SEQUENCE_LOCK)
    clock: dt.datetime = await connection.fetchval("SELECT clock_timestamp()")
    last = await connection.fetchrow(LAST)
    sequence, previous = 1, GENESIS
    if last is not None:
        sequence, previous = last["sequence"] + 1, last["hash"]
        clock = max(clock, last["published_at"] + dt.timedelta(microseconds=1))
    place = Place(sequence, clock)
    await connection.execute(
        INSERT,
        sequence,
        entry.publication_id,
        clock,
        entry.action,
        entry.actor,
        entry.object,
        list(entry.agreement_ids),
        entry.public,
        entry.content_sha256,
        orjson.dumps(dict(entry.facts)).decode(),
        previous,
        entry_hash(previous, place, entry),
    )
    await connection.execute(OUTBOX, sequence, orjson.dumps({"object": entry.object}).decode())
    return place


def entry_hash(previous: str, place: Place, entry: Entry) -> str:
    """SHA-256 over the hash before and the entry in one fixed form."""
    record = [
        place.sequence,
        entry.publication_id,
        place.published_at.astimezone(dt.UTC).isoformat(timespec="microseconds"),
        entry.action,
        entry.actor,
        entry.object,
        list(entry.agreement_ids),
        entry.public,
        entry.content_sha256,
        dict(sorted(entry.facts.items())),
    ]
    return hashlib.sha256(previous.encode() + orjson.dumps(record)).hexdigest()


async def verify_chain(connection: Connection) -> int | None:
    """The sequence number at which the chain breaks, or `None` when it holds."""
    previous, expected = GENESIS, 1
    async with connection.transaction(readonly=True):
        async for row in connection.cursor("SELECT * FROM ledger ORDER BY sequence", prefetch=500):
            entry = Entry(
                row["publication_id"],
                row["action"],
                row["actor"],
                row["object"],
                row["agreement_ids"],
                row["public"],
                row["content_sha256"],
                orjson.loads(row["facts"]),
            )
            place = Place(row["sequence"], row["published_at"])
            hashed = entry_hash(previous, place, entry)
            broken = row["sequence"] != expected or row["previous_hash"] != previous
            if broken or row["hash"] != hashed:
                return int(row["sequence"])
            previous, expected = hashed, expected + 1
    return None
