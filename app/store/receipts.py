"""Receipts and the keys that sign them: all SQL of theirs.

The receipts of one organisation are a chain: they are numbered, and each names the one before.
They are only ever added. Everything runs in the tables that the connection's search path leads to,
so that what is sent for practice has a chain of its own.
"""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import orjson

from app.store.findings import WARNS
from app.store.types import Connection, Record

PRACTICE_SCHEMA: Final = "practice"

_ROTATION_LOCK: Final = 0x726F74617465
"""Held by all who sign (`receipt_turn` too), and alone by who replaces the key ("rotate")."""

_MAKING_LOCK: Final = 0x6D616B65
"""Held by who makes a key ("make")."""

_TURN = """
SELECT clock_timestamp() AS issued_at, current_schema() = $2 AS is_practice,
  current_setting('vipmg.issuer', true) AS issuer, turn.signing_jwk::text AS private_jwk,
  coalesce(turn.last_number, 0) AS last_number, turn.last_jws, s.organisation, s.kind AS sent,
  s.state, s.agreements, s.file_name, s.content_type, s.content_encoding, s.sha256, s.byte_count,
  s.row_count, s.changes, s.validate_only, s.parent_id, s.corrections, s.release_at, s.sequence,
  l.hash AS ledger_hash, l.public_sequence, l.public_hash,
  CASE WHEN s.finding_count = 0 THEN 0 ELSE (
    SELECT count(*) FROM finding WHERE submission_id = s.id AND NOT warns
  ) END AS errors,
  CASE WHEN s.finding_count = 0 THEN 0 ELSE (
    SELECT count(*) FROM finding WHERE submission_id = s.id AND warns
  ) END AS warnings
FROM submission AS s
CROSS JOIN LATERAL receipt_turn(s.organisation) AS turn
LEFT JOIN ledger AS l ON l.sequence = s.sequence
WHERE s.id = $1
""".replace("warns", WARNS)
_INSERT = """
INSERT INTO receipt (id, submission_id, organisation, number, kind, issued_at, jws)
VALUES ($1, $2, $3, $4, $5, $6, $7)
"""
_COLUMNS = "id, submission_id, organisation, number, kind, issued_at, jws"
_OF_SUBMISSION = f"SELECT {_COLUMNS} FROM receipt WHERE submission_id = $1 ORDER BY number"  # noqa: S608
_OF_ORGANISATION = f"""
SELECT {_COLUMNS} FROM receipt WHERE organisation = $1 AND number > $2 ORDER BY number LIMIT $3
"""  # noqa: S608
_NEWEST_FIRST = "SELECT jws FROM receipt ORDER BY issued_at DESC, number DESC"
_KEYS = """
SELECT kid, private_jwk::text AS private_jwk, created_at, retired_at FROM receipt_key
ORDER BY retired_at IS NOT NULL, created_at DESC, kid
"""
_SIGNING_KEY = """
SELECT private_jwk::text AS private_jwk, clock_timestamp() AS now FROM receipt_key
WHERE retired_at IS NULL ORDER BY created_at DESC LIMIT 1
"""
_RETIRE = "UPDATE receipt_key SET retired_at = clock_timestamp() WHERE retired_at IS NULL"
_ADD_KEY = """
INSERT INTO receipt_key (kid, private_jwk, created_at)
SELECT $1, $2::text::json, clock_timestamp()
WHERE NOT EXISTS (SELECT FROM receipt_key WHERE retired_at IS NULL)
"""


@dataclass(frozen=True, slots=True)
class StoredReceipt:
    """A receipt as it was given."""

    id: uuid.UUID
    submission_id: uuid.UUID
    organisation: str
    number: int
    kind: str
    issued_at: dt.datetime
    jws: str


@dataclass(frozen=True, slots=True)
class StoredKey:
    """A key that signs or signed receipts; of another service only its public part is here."""

    kid: str
    private_jwk: Mapping[str, Any]
    created_at: dt.datetime
    retired_at: dt.datetime | None


async def take_turn(connection: Connection, submission: uuid.UUID) -> dict[str, Any] | None:
    """What a receipt says of a submission, with the key that signs and the receipt before it.

    From here on, until the transaction ends, nobody else adds to the organisation's chain.
    `private_jwk` is None where no key has been made yet.
    """
    row = await connection.fetchrow(_TURN, submission, PRACTICE_SCHEMA)
    if row is None:
        return None
    told = dict(row)
    for name in ("changes", "corrections"):
        told[name] = None if row[name] is None else orjson.loads(row[name])
    return told


async def add(connection: Connection, receipt: StoredReceipt) -> None:
    """Store a receipt."""
    await connection.execute(
        _INSERT,
        receipt.id,
        receipt.submission_id,
        receipt.organisation,
        receipt.number,
        receipt.kind,
        receipt.issued_at,
        receipt.jws,
    )


async def of_submission(connection: Connection, submission: uuid.UUID) -> list[StoredReceipt]:
    """The receipts of a submission in their order."""
    return _receipts(await connection.fetch(_OF_SUBMISSION, submission))


async def of_organisation(
    connection: Connection, organisation: str, after: int, limit: int
) -> list[StoredReceipt]:
    """A part of the chain of an organisation."""
    return _receipts(await connection.fetch(_OF_ORGANISATION, organisation, after, limit))


async def newest_first(connection: Connection) -> AsyncIterator[str]:
    """All receipts, as they were signed; to be read in a transaction."""
    async for row in connection.cursor(_NEWEST_FIRST):
        yield row["jws"]


async def keys(connection: Connection) -> list[StoredKey]:
    """All keys, the one that signs now first."""
    rows = await connection.fetch(_KEYS)
    return [
        StoredKey(
            row["kid"], orjson.loads(row["private_jwk"]), row["created_at"], row["retired_at"]
        )
        for row in rows
    ]


async def signing_key(connection: Connection) -> tuple[str, dt.datetime] | None:
    """The key that signs now as JSON, and the time; it is not replaced while the transaction runs.

    None where no key has been made yet.
    """
    await connection.execute("SELECT pg_advisory_xact_lock_shared($1)", _ROTATION_LOCK)
    row = await connection.fetchrow(_SIGNING_KEY)
    return None if row is None else (row["private_jwk"], row["now"])


async def add_key(connection: Connection, private_jwk: Mapping[str, Any]) -> None:
    """Store a key that signs from now on, unless there is one: of several at once, one is made."""
    await connection.execute("SELECT pg_advisory_xact_lock($1)", _MAKING_LOCK)
    await connection.execute(_ADD_KEY, private_jwk["kid"], orjson.dumps(private_jwk).decode())


async def replace_key(connection: Connection, private_jwk: Mapping[str, Any]) -> None:
    """Let a key sign from now on; no receipt that another one signs is under way meanwhile."""
    await connection.execute("SELECT pg_advisory_xact_lock($1)", _ROTATION_LOCK)
    await connection.execute(_RETIRE)
    await add_key(connection, private_jwk)


def _receipts(rows: Sequence[Record]) -> list[StoredReceipt]:
    return [StoredReceipt(**dict(row)) for row in rows]
