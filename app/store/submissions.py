"""Submissions: receipts, the bytes as they came, findings. All SQL of theirs."""

from __future__ import annotations

import datetime as dt
import uuid
import zlib
from collections.abc import AsyncIterator, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import msgspec
import orjson

from app.sdmx.findings import Finding
from app.store.types import Connection, Record

PART_BYTES = 1 << 20
"""Bytes of content that one row holds, before deflation."""

SHOWN_CHARACTERS = 500
"""Longest text that a finding keeps of what was sent."""

FINDING_BATCH = 5000

_COLUMNS = """
id, client_id, organisation, idempotency_key, content_type, content_encoding, file_name, sha256,
byte_count, received_at, state, decided_at, agreements, row_count, rows_read, finding_count,
publication_id, sequence, release_at, changes, failure
"""
_INSERT = """
INSERT INTO submission (id, client_id, organisation, idempotency_key, content_type,
  content_encoding, file_name, sha256, byte_count, received_at, state, agreements, rows_read,
  finding_count)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, clock_timestamp(), 'received', '{}', 0, 0)
ON CONFLICT (client_id, idempotency_key) DO NOTHING
RETURNING id
"""
_BY_ID = f"SELECT {_COLUMNS} FROM submission WHERE id = $1"  # noqa: S608 - own column names
_BY_KEY = (
    f"SELECT {_COLUMNS} FROM submission "  # noqa: S608 - own column names
    "WHERE client_id = $1 AND idempotency_key = $2"
)
_LIST = (
    f"SELECT {_COLUMNS} FROM submission "  # noqa: S608 - own column names
    "WHERE organisation = $1 AND ($2::text IS NULL OR state = $2) "
    "ORDER BY received_at DESC, id LIMIT $3 OFFSET $4"
)
_HAS_CONTENT = "SELECT EXISTS (SELECT FROM submission_content WHERE sha256 = $1)"
_PUT_PART = """
INSERT INTO submission_content (sha256, part, deflated) VALUES ($1, $2, $3)
ON CONFLICT (sha256, part) DO NOTHING
"""
_PART = "SELECT deflated FROM submission_content WHERE sha256 = $1 AND part = $2"
_BEGIN = """
UPDATE submission SET state = 'validating', rows_read = 0, failure = NULL
WHERE id = $1 AND state IN ('received', 'validating', 'failed')
RETURNING id
"""
_LOCK = "SELECT state FROM submission WHERE id = $1 FOR UPDATE"
_PROGRESS = "UPDATE submission SET rows_read = $2 WHERE id = $1"
_REJECT = """
UPDATE submission SET state = 'rejected', decided_at = clock_timestamp(), row_count = $2,
  rows_read = $2, finding_count = $3, agreements = $4
WHERE id = $1 AND state = 'validating'
"""
_PUBLISH = """
UPDATE submission SET state = $2, decided_at = $3, row_count = $4, rows_read = $4,
  finding_count = $5, agreements = $6, publication_id = $7, sequence = $8, release_at = $9,
  changes = $10
WHERE id = $1
"""
_FAIL = """
UPDATE submission SET state = 'failed', failure = $2
WHERE id = $1 AND state IN ('received', 'validating')
"""
_RELEASED = """
UPDATE submission SET state = 'published' WHERE state = 'awaiting release' AND release_at <= $1
"""
_FINDINGS = """
SELECT row, component, value, code, rule, allowed, nearest, severity, place, file FROM finding
WHERE submission_id = $1 ORDER BY coalesce(row, 0), number OFFSET $2 LIMIT $3
"""
_COUNT_BY_CODE = """
SELECT code, count(*) AS count FROM finding WHERE submission_id = $1 GROUP BY code ORDER BY code
"""


@dataclass(frozen=True, slots=True)
class Arrival:
    """What is known of a submission when it arrives."""

    id: uuid.UUID
    client_id: str
    organisation: str
    idempotency_key: str | None
    content_type: str
    content_encoding: str | None
    file_name: str | None
    sha256: str
    byte_count: int


@dataclass(frozen=True, slots=True)
class StoredSubmission(Arrival):
    """A submission as stored."""

    received_at: dt.datetime
    state: str
    decided_at: dt.datetime | None
    agreements: Sequence[str]
    row_count: int | None
    rows_read: int
    finding_count: int
    publication_id: int | None
    sequence: int | None
    release_at: dt.datetime | None
    changes: Mapping[str, int] | None
    failure: str | None

    @property
    def is_decided(self) -> bool:
        """Whether the verdict stands."""
        return self.state not in {"received", "validating", "failed"}


@dataclass(frozen=True, slots=True)
class Verdict:
    """The outcome of processing, for the receipt of decision."""

    row_count: int
    finding_count: int
    agreements: Sequence[str]


async def insert(connection: Connection, arrival: Arrival, parts: Iterable[bytes]) -> bool:
    """Store a receipt and its bytes (parts of `PART_BYTES`, deflated); False: the key was used."""
    inserted = await connection.fetchval(
        _INSERT,
        arrival.id,
        arrival.client_id,
        arrival.organisation,
        arrival.idempotency_key,
        arrival.content_type,
        arrival.content_encoding,
        arrival.file_name,
        arrival.sha256,
        arrival.byte_count,
    )
    if inserted is None:
        return False
    if not await connection.fetchval(_HAS_CONTENT, arrival.sha256):
        for number, part in enumerate(parts):
            await connection.execute(_PUT_PART, arrival.sha256, number, part)
    return True


async def by_id(connection: Connection, submission: uuid.UUID) -> StoredSubmission | None:
    """The submission of an id."""
    return _submission(await connection.fetchrow(_BY_ID, submission))


async def by_idempotency_key(
    connection: Connection, client_id: str, key: str
) -> StoredSubmission | None:
    """The submission that a client sent under a key."""
    return _submission(await connection.fetchrow(_BY_KEY, client_id, key))


async def of_organisation(
    connection: Connection, organisation: str, state: str | None, limit: int, offset: int
) -> list[StoredSubmission]:
    """Submissions of an organisation, the newest first."""
    rows = await connection.fetch(_LIST, organisation, state, limit, offset)
    return [found for row in rows if (found := _submission(row)) is not None]


async def content(connection: Connection, sha256: str) -> AsyncIterator[bytes]:
    """The bytes as they came, part by part; each part is one statement."""
    number = 0
    while (part := await connection.fetchval(_PART, sha256, number)) is not None:
        yield zlib.decompress(part)
        number += 1


async def content_part(connection: Connection, sha256: str, number: int) -> bytes | None:
    """One part of the bytes as they came, or nothing after the last."""
    part = await connection.fetchval(_PART, sha256, number)
    return None if part is None else zlib.decompress(part)


async def begin(connection: Connection, submission: uuid.UUID) -> bool:
    """Take a submission into validation, also one whose processing was cut off before."""
    return await connection.fetchval(_BEGIN, submission) is not None


async def lock_undecided(connection: Connection, submission: uuid.UUID) -> bool:
    """Lock a submission to decide it; False when another worker has."""
    return bool(await connection.fetchval(_LOCK, submission) == "validating")


async def progress(connection: Connection, submission: uuid.UUID, rows: int) -> None:
    """Tell how many rows were read."""
    await connection.execute(_PROGRESS, submission, rows)


async def put_findings(
    connection: Connection, submission: uuid.UUID, first: int, findings: Sequence[Finding]
) -> None:
    """Store findings, numbered from `first`."""
    records = [
        (submission, first + place, *map(_storable, msgspec.structs.astuple(finding)))
        for place, finding in enumerate(findings)
    ]
    columns = [
        "submission_id",
        "number",
        "code",
        "row",
        "component",
        "value",
        "rule",
        "allowed",
        "nearest",
        "severity",
        "place",
        "file",
    ]
    await connection.copy_records_to_table("finding", records=records, columns=columns)


def _storable(value: str | int | None) -> str | int | None:
    """A value of a finding as text that PostgreSQL takes (no NUL), cut where nobody reads on."""
    if not isinstance(value, str):
        return value
    value = value.replace("\x00", "\N{SYMBOL FOR NULL}")
    return value if len(value) <= SHOWN_CHARACTERS else value[:SHOWN_CHARACTERS] + "…"


async def drop_findings(connection: Connection, submission: uuid.UUID) -> None:
    """Forget the findings of a validation that was cut off."""
    await connection.execute("DELETE FROM finding WHERE submission_id = $1", submission)


async def reject(connection: Connection, submission: uuid.UUID, verdict: Verdict) -> None:
    """Decide: refused."""
    await connection.execute(
        _REJECT, submission, verdict.row_count, verdict.finding_count, list(verdict.agreements)
    )


async def publish(
    connection: Connection,
    submission: uuid.UUID,
    verdict: Verdict,
    *,
    state: str,
    decided_at: dt.datetime,
    publication: int,
    sequence: int,
    release_at: dt.datetime | None,
    changes: Mapping[str, int],
) -> None:
    """Decide: published, or awaiting release."""
    await connection.execute(
        _PUBLISH,
        submission,
        state,
        decided_at,
        verdict.row_count,
        verdict.finding_count,
        list(verdict.agreements),
        publication,
        sequence,
        release_at,
        orjson.dumps(dict(changes)).decode(),
    )


async def fail(connection: Connection, submission: uuid.UUID, reason: str) -> None:
    """Say that processing broke off for a fault of ours; it will be tried again."""
    await connection.execute(_FAIL, submission, reason)


async def mark_released(connection: Connection, now: dt.datetime) -> None:
    """Call published those whose last embargo has passed."""
    await connection.execute(_RELEASED, now)


async def findings(
    connection: Connection, submission: uuid.UUID, offset: int, limit: int
) -> list[Finding]:
    """Findings in their order."""
    rows = await connection.fetch(_FINDINGS, submission, offset, limit)
    return [Finding(**dict(row)) for row in rows]


async def finding_counts(connection: Connection, submission: uuid.UUID) -> dict[str, int]:
    """Number of findings by code."""
    rows = await connection.fetch(_COUNT_BY_CODE, submission)
    return {row["code"]: row["count"] for row in rows}


def _submission(row: Record | None) -> StoredSubmission | None:
    if row is None:
        return None
    facts: dict[str, Any] = dict(row)
    if facts["changes"] is not None:
        facts["changes"] = orjson.loads(facts["changes"])
    return StoredSubmission(**facts)
