"""Submissions: what came, what became of it, its findings. All SQL of theirs."""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import KW_ONLY, dataclass, field
from typing import Any

import msgspec
import orjson

from app.sdmx.findings import Finding
from app.store import contents
from app.store.findings import WARNS
from app.store.types import Connection, Record

SHOWN_CHARACTERS = 500
"""Longest text that a finding keeps of what was sent."""

FINDING_BATCH = 5000

UNDECIDED = frozenset({"received", "validating", "failed"})
"""States of submissions that wait for their verdict."""

LEFT_OUT = "rows_left_out"
"""Among the changes of a submission, how many of its rows were left out for their errors."""

UNTOUCHING = ("release", "terms", "nil return")
"""Publications that change no figure that somebody sent."""

_COLUMNS = """
id, client_id, organisation, idempotency_key, content_type, content_encoding, file_name, sha256,
byte_count, received_at, state, decided_at, agreements, row_count, rows_read, finding_count,
publication_id, sequence, release_at, changes, failure, kind, validate_only, parent_id, options,
corrections, note, attempts, phase, rows_total, approval, approved_by, approved_at, approval_note,
waiting
"""
_INSERT = """
INSERT INTO submission (id, client_id, organisation, idempotency_key, content_type,
  content_encoding, file_name, sha256, byte_count, received_at, state, agreements, rows_read,
  finding_count, kind, validate_only, parent_id, options, corrections, note)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, clock_timestamp(), 'received', '{}', 0, 0, $10, $11,
  $12, $13, $14, $15)
ON CONFLICT (client_id, idempotency_key) DO NOTHING
RETURNING id
"""
_BY_ID = f"SELECT {_COLUMNS} FROM submission WHERE id = $1"  # noqa: S608 - own column names
_BY_KEY = (
    f"SELECT {_COLUMNS} FROM submission "  # noqa: S608 - own column names
    "WHERE client_id = $1 AND idempotency_key = $2"
)
_SAME = (
    f"SELECT {_COLUMNS} FROM submission "  # noqa: S608 - own column names
    "WHERE organisation = $1 AND sha256 = $2 AND state = ANY ($3) AND kind = $4 "
    "AND validate_only = $5 AND content_type = $6 AND content_encoding IS NOT DISTINCT FROM $7 "
    "AND options::text = $8 AND corrections::text IS NOT DISTINCT FROM $9 "
    "ORDER BY received_at DESC, id LIMIT 1"
)
_LOCK_CONTENT = "SELECT pg_advisory_xact_lock(hashtextextended($1, 0))"
_CHANGED_SINCE = """
SELECT EXISTS (
  SELECT FROM ledger WHERE sequence > $1 AND NOT action = ANY ($3)
    AND agreement_ids && (SELECT array_agg(id) FROM agreement WHERE urn = ANY ($2))
)
"""
_LIST = (
    f"SELECT {_COLUMNS} FROM submission "  # noqa: S608 - own column names
    "WHERE organisation = $1 AND ($2::text IS NULL OR state = $2) "
    "ORDER BY received_at DESC, id LIMIT $3 OFFSET $4"
)
_POSITION = """
SELECT count(*) FROM submission
WHERE state IN ('received', 'validating', 'failed') AND (received_at, id) <= ($1, $2)
"""
_POSITIONS = """
SELECT id, position FROM (
  SELECT id, row_number() OVER (ORDER BY received_at, id) AS position FROM submission
  WHERE state IN ('received', 'validating', 'failed')
) AS queue WHERE id = ANY ($1)
"""
_PREVIEW = "SELECT preview FROM submission WHERE id = $1"
_BEGIN = """
UPDATE submission SET state = 'validating', rows_read = 0, phase = NULL,
  rows_total = NULL, attempts = attempts + $2
WHERE id = $1 AND state IN ('received', 'validating', 'failed')
RETURNING attempts
"""
_LOCK = "SELECT state FROM submission WHERE id = $1 FOR UPDATE"
_PROGRESS = """
UPDATE submission SET rows_read = $2, phase = $3, rows_total = $4
WHERE id = $1 AND state = 'validating'
RETURNING id
"""
_REJECT = """
UPDATE submission SET state = 'rejected', decided_at = clock_timestamp(), row_count = $2,
  rows_read = $2, finding_count = $3, agreements = $4, phase = NULL, preview = NULL
WHERE id = $1 AND state = 'validating'
"""
_PUBLISH = """
UPDATE submission SET state = $2, decided_at = $3, row_count = $4, rows_read = $4,
  finding_count = $5, agreements = $6, publication_id = $7, sequence = $8, release_at = $9,
  changes = $10, preview = $11, phase = NULL, failure = NULL, waiting = NULL
WHERE id = $1
"""
_FAIL = """
UPDATE submission SET state = 'failed', failure = $2
WHERE id = $1 AND state IN ('received', 'validating')
"""
_RELEASED = """
WITH released AS (
  UPDATE submission SET state = 'published'
  WHERE state = 'awaiting release' AND release_at <= $1
  RETURNING id, organisation
)
SELECT id FROM released ORDER BY organisation, id
"""
_FINDINGS = f"""
SELECT row, component, value, code, rule, allowed, nearest, severity, place, file FROM finding
WHERE submission_id = $1
ORDER BY {WARNS}, coalesce(row, 0), number OFFSET $2 LIMIT $3
"""  # noqa: S608 - own text
_COUNTS_OF_MANY = """
SELECT submission_id, code, count(*) AS count FROM finding WHERE submission_id = ANY ($1)
GROUP BY submission_id, code ORDER BY submission_id, code
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
    _: KW_ONLY
    kind: str = "file"
    validate_only: bool = False
    parent_id: uuid.UUID | None = None
    options: Mapping[str, str] = field(default_factory=dict)
    corrections: Sequence[Mapping[str, Any]] | None = None
    note: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredSubmission(Arrival):
    """A submission as stored.

    Attributes:
        attempts: how often processing was begun, but for times when a part was away.
        phase: what is being done: `reading`, `checking` or `publishing`.
        rows_total: rows of the message, once that is known.
        approval: what a second person said: `approve` or `refuse`.
        approved_by: the program of that person.
        waiting: why it is `accepted` and not published: `reason`, `agreements`.
    """

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
    attempts: int = 0
    phase: str | None = None
    rows_total: int | None = None
    approval: str | None = None
    approved_by: str | None = None
    approved_at: dt.datetime | None = None
    approval_note: str | None = None
    waiting: Mapping[str, Any] | None = None

    @property
    def is_decided(self) -> bool:
        """Whether the verdict stands."""
        return self.state not in UNDECIDED


@dataclass(frozen=True, slots=True)
class Verdict:
    """The outcome of processing, for the receipt of decision."""

    row_count: int
    finding_count: int
    agreements: Sequence[str]


async def insert(connection: Connection, arrival: Arrival, parts: Iterable[bytes]) -> bool:
    """Store a receipt and its bytes (parts as `contents` has them); False: the key was used."""
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
        arrival.kind,
        arrival.validate_only,
        arrival.parent_id,
        _json(arrival.options),
        None if arrival.corrections is None else _json(arrival.corrections),
        arrival.note,
    )
    if inserted is None:
        return False
    await contents.put(connection, arrival.sha256, parts)
    return True


async def by_id(connection: Connection, submission: uuid.UUID) -> StoredSubmission | None:
    """The submission of an id."""
    return _submission(await connection.fetchrow(_BY_ID, submission))


async def by_idempotency_key(
    connection: Connection, client_id: str, key: str
) -> StoredSubmission | None:
    """The submission that a client sent under a key."""
    return _submission(await connection.fetchrow(_BY_KEY, client_id, key))


async def same_content(
    connection: Connection, arrival: Arrival, states: Sequence[str]
) -> StoredSubmission | None:
    """The newest submission in one of the states that is the same in bytes and options.

    A lock until the end of the transaction: of two that arrive at once the second finds the first.
    """
    await connection.execute(_LOCK_CONTENT, f"{arrival.organisation} {arrival.sha256}")
    row = await connection.fetchrow(
        _SAME,
        arrival.organisation,
        arrival.sha256,
        list(states),
        arrival.kind,
        arrival.validate_only,
        arrival.content_type,
        arrival.content_encoding,
        _json(arrival.options),
        None if arrival.corrections is None else _json(arrival.corrections),
    )
    return _submission(row)


async def changed_since(connection: Connection, stored: StoredSubmission) -> bool:
    """Whether anything changed the figures of its agreements after it was published."""
    found: bool = await connection.fetchval(
        _CHANGED_SINCE, stored.sequence, list(stored.agreements), list(UNTOUCHING)
    )
    return found


async def queue_position(connection: Connection, stored: StoredSubmission) -> int | None:
    """How many are to be decided up to this one, which counts; nothing once it is decided."""
    if stored.is_decided:
        return None
    found: int = await connection.fetchval(_POSITION, stored.received_at, stored.id)
    return found


async def queue_positions(
    connection: Connection, listed: Iterable[uuid.UUID]
) -> dict[uuid.UUID, int]:
    """`queue_position` of several; those that are decided are not there."""
    rows = await connection.fetch(_POSITIONS, list(listed))
    return {row["id"]: row["position"] for row in rows}


async def preview(connection: Connection, submission: uuid.UUID) -> dict[str, Any] | None:
    """What publication changed or would change, once that is known."""
    text = await connection.fetchval(_PREVIEW, submission)
    return None if text is None else orjson.loads(text)


async def of_organisation(
    connection: Connection, organisation: str, state: str | None, limit: int, offset: int
) -> list[StoredSubmission]:
    """Submissions of an organisation, the newest first."""
    rows = await connection.fetch(_LIST, organisation, state, limit, offset)
    return [found for row in rows if (found := _submission(row)) is not None]


async def begin(
    connection: Connection, submission: uuid.UUID, *, counts: bool = True
) -> int | None:
    """Take a submission into validation, also one whose processing was cut off before.

    Returns:
        How often it was begun, this time included where it `counts`; nothing when it is decided.
    """
    attempts: int | None = await connection.fetchval(_BEGIN, submission, int(counts))
    return attempts


async def lock_undecided(connection: Connection, submission: uuid.UUID) -> bool:
    """Lock a submission to decide it; False when another worker has."""
    return bool(await connection.fetchval(_LOCK, submission) == "validating")


async def progress(
    connection: Connection,
    submission: uuid.UUID,
    rows: int,
    phase: str,
    rows_total: int | None = None,
) -> bool:
    """Tell how far the work is; False when the submission is no more being validated."""
    found = await connection.fetchval(_PROGRESS, submission, rows, phase, rows_total)
    return found is not None


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
    preview: Mapping[str, Any],
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
        _json(changes),
        _json(preview),
    )


async def fail(connection: Connection, submission: uuid.UUID, reason: str) -> None:
    """Say that processing broke off for a fault of ours; it will be tried again."""
    await connection.execute(_FAIL, submission, reason)


async def mark_released(connection: Connection, now: dt.datetime) -> list[uuid.UUID]:
    """Call published those whose last embargo has passed; in the order of their organisations."""
    return [row["id"] for row in await connection.fetch(_RELEASED, now)]


async def findings(
    connection: Connection, submission: uuid.UUID, offset: int, limit: int
) -> list[Finding]:
    """Findings: what refuses the submission first, each in the order of the rows."""
    rows = await connection.fetch(_FINDINGS, submission, offset, limit)
    return [Finding(**dict(row)) for row in rows]


async def finding_counts(connection: Connection, submission: uuid.UUID) -> dict[str, int]:
    """Number of findings by code."""
    rows = await connection.fetch(_COUNT_BY_CODE, submission)
    return {row["code"]: row["count"] for row in rows}


async def finding_counts_of(
    connection: Connection, listed: Iterable[uuid.UUID]
) -> dict[uuid.UUID, dict[str, int]]:
    """`finding_counts` of several; those without findings are not there."""
    found: dict[uuid.UUID, dict[str, int]] = {}
    for row in await connection.fetch(_COUNTS_OF_MANY, list(listed)):
        found.setdefault(row["submission_id"], {})[row["code"]] = row["count"]
    return found


def _submission(row: Record | None) -> StoredSubmission | None:
    if row is None:
        return None
    facts: dict[str, Any] = dict(row)
    for name in ("changes", "options", "corrections", "waiting"):
        if facts[name] is not None:
            facts[name] = orjson.loads(facts[name])
    return StoredSubmission(**facts)


def _json(value: object) -> str:
    return orjson.dumps(value, option=orjson.OPT_SORT_KEYS).decode()
