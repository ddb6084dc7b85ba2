"""The ledger: the sequence of publications, taken under one lock as the last thing of each.

Rows are chained (`app.store.ledger_lines`): each hash covers the row before it, so that a change
of history shows (`verify_chain`). Sequence and time come from one place in one order; nothing else
in the service orders publications.
"""

from __future__ import annotations

import datetime as dt
import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal, TypeAlias

import orjson

from app.store.ledger_lines import GENESIS, Line, digest, line_of_all, public_line
from app.store.types import Connection, Record

PublicationKind: TypeAlias = Literal[
    "submission",
    "release",
    "terms",
    "load",
    "nil return",
    "copy",
    "rollback",
    "withdrawal",
    "redaction",
    "derivation",
    "reharmonisation",
]

SEQUENCE_LOCK = 0x5649504D47  # "VIPMG"
SALT_BYTES = 16

_LAST = """
SELECT clock_timestamp() AS clock, last.sequence, last.published_at, last.hash,
  told.public_sequence, told.public_hash,
  (SELECT coalesce(array_agg(urn ORDER BY urn), '{}') FROM agreement WHERE id = ANY ($1))
    AS agreements
FROM (SELECT) AS once
LEFT JOIN LATERAL (
  SELECT sequence, published_at, hash FROM ledger ORDER BY sequence DESC LIMIT 1
) AS last ON true
LEFT JOIN LATERAL (
  SELECT public_sequence, public_hash FROM ledger
  WHERE public_sequence IS NOT NULL ORDER BY public_sequence DESC LIMIT 1
) AS told ON true
"""
_INSERT = """
INSERT INTO ledger (sequence, publication_id, published_at, action, actor, object, agreement_ids,
  public, content_sha256, facts, agreements, salt, entry_sha256, previous_hash, hash,
  public_sequence, public_hash)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17)
"""
_OUTBOX = "INSERT INTO outbox (sequence, kind, payload) VALUES ($1, 'publication', $2)"


@dataclass(frozen=True, slots=True)
class Entry:
    """What a publication says of itself, before it has its place in the sequence.

    Attributes:
        agreement_ids: all agreements that it concerns.
        public_ids: those of them whose public data it changes.
        content_sha256: of the file that it publishes.
    """

    publication_id: int
    action: PublicationKind
    actor: str
    object: str
    agreement_ids: Sequence[int]
    public_ids: Sequence[int]
    content_sha256: str | None
    facts: Mapping[str, int | str]


@dataclass(frozen=True, slots=True)
class Place:
    """The place of a publication: its sequence number and its time, both strictly rising."""

    sequence: int
    published_at: dt.datetime


async def take_turn(connection: Connection) -> None:
    """Take the lock of the sequence until the transaction ends.

    Locks are taken in one order by all: registry, agreements, sequence, then the organisation's
    chain of receipts. Who signs before publishing takes the sequence before that.
    """
    await connection.execute("SELECT pg_advisory_xact_lock($1)", SEQUENCE_LOCK)


async def append(
    connection: Connection, entry: Entry, *, wished: dt.datetime | None = None
) -> Place:
    """Give a publication its place; the lock is held until the transaction ends.

    Args:
        connection: in the transaction of the publication.
        entry: what it says.
        wished: the time to give it, of a publication that was made elsewhere; it is the present
            time if the ledger is later already.
    """
    await take_turn(connection)
    last = await connection.fetchrow(_LAST, list(entry.public_ids))
    assert last is not None  # noqa: S101 - outer joins of one row
    sequence, clock = (last["sequence"] or 0) + 1, last["clock"]
    if last["published_at"] is not None:
        clock = max(clock, last["published_at"] + dt.timedelta(microseconds=1))
    if wished is not None and (last["published_at"] is None or wished > last["published_at"]):
        clock = wished
    told = None
    if entry.public_ids:
        told = public_line(
            (last["public_sequence"] or 0) + 1,
            _text(clock),
            entry.action,
            last["agreements"],
            last["public_hash"] or GENESIS,
        )
    row: dict[str, Any] = {
        "publication_id": entry.publication_id,
        "published_at": clock,
        "action": entry.action,
        "actor": entry.actor,
        "object": entry.object,
        "agreement_ids": list(entry.agreement_ids),
        "public": bool(entry.public_ids),
        "content_sha256": entry.content_sha256,
        "facts": orjson.dumps(dict(entry.facts)).decode(),
        "agreements": last["agreements"],
        "salt": secrets.token_hex(SALT_BYTES),
        "public_hash": told and told["hash"],
    }
    line = line_of_all(sequence, digest(said(row)), last["hash"] or GENESIS)
    await connection.execute(
        _INSERT,
        sequence,
        *(row[name] for name in tuple(row)[:-1]),
        line["entry_sha256"],
        line["previous_hash"],
        line["hash"],
        told and told["sequence"],
        row["public_hash"],
    )
    await connection.execute(_OUTBOX, sequence, orjson.dumps({"object": entry.object}).decode())
    return Place(sequence, clock)


def said(row: Mapping[str, Any] | Record) -> dict[str, Any]:
    """What an entry says, as its provider can read it, from a row of the ledger."""
    return {
        "publication_id": row["publication_id"],
        "published_at": _text(row["published_at"]),
        "action": row["action"],
        "actor": row["actor"],
        "object": row["object"],
        "agreement_ids": list(row["agreement_ids"]),
        "agreements": list(row["agreements"]),
        "public": row["public"],
        "content_sha256": row["content_sha256"],
        "facts": orjson.loads(row["facts"]),
        "public_hash": row["public_hash"],
        "salt": row["salt"],
    }


def told(row: Record, previous_hash: str) -> Line:
    """The line of the public ledger that a row stands for."""
    at = _text(row["published_at"])
    return public_line(row["public_sequence"], at, row["action"], row["agreements"], previous_hash)


async def verify_chain(connection: Connection) -> int | None:
    """The sequence number at which one of the chains breaks, or `None` when both hold."""
    previous, expected = GENESIS, 1
    public_previous, public_expected = GENESIS, 1
    async with connection.transaction(readonly=True):
        async for row in connection.cursor("SELECT * FROM ledger ORDER BY sequence", prefetch=500):
            line = line_of_all(row["sequence"], digest(said(row)), previous)
            stored = (row["entry_sha256"], row["previous_hash"], row["hash"])
            if row["sequence"] != expected or stored != (
                line["entry_sha256"],
                previous,
                line["hash"],
            ):
                return int(row["sequence"])
            previous, expected = line["hash"], expected + 1
            if row["public"] != (row["public_sequence"] is not None):
                return int(row["sequence"])
            if row["public"]:
                public = told(row, public_previous)
                if (row["public_sequence"], row["public_hash"]) != (
                    public_expected,
                    public["hash"],
                ):
                    return int(row["sequence"])
                public_previous, public_expected = public["hash"], public_expected + 1
    return None


def _text(instant: dt.datetime) -> str:
    return instant.astimezone(dt.UTC).isoformat(timespec="microseconds")
