"""Decisions on submissions beside publishing and refusing: tried, approved, cancelled, given up."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from typing import Any

import orjson

from app.store.locks import AT_LENGTH, SHORTLY, busy_when_locked
from app.store.submissions import UNDECIDED, Verdict
from app.store.types import Connection

_SETTLE = """
UPDATE submission SET state = $2, decided_at = clock_timestamp(), row_count = $3, rows_read = $3,
  finding_count = $4, agreements = $5, preview = $6, waiting = $7, changes = $8, phase = NULL
WHERE id = $1
"""
_STATE = "SELECT state FROM submission WHERE id = $1 FOR UPDATE"
_CANCEL = """
UPDATE submission SET state = 'cancelled', decided_at = clock_timestamp(), phase = NULL
WHERE id = $1
"""
_APPROVE = """
UPDATE submission SET approval = $2, approved_by = $3, approval_note = $4,
  approved_at = clock_timestamp(), state = CASE $2 WHEN 'approve' THEN 'received'
  ELSE 'rejected' END, decided_at = CASE $2 WHEN 'approve' THEN NULL ELSE clock_timestamp() END,
  rows_read = 0, attempts = 0
WHERE id = $1
"""
_WAITING = """
SELECT id, (waiting -> 'agreements')::text AS agreements FROM submission
WHERE state = 'accepted' AND waiting ->> 'reason' = 'expired' ORDER BY received_at, id
"""
_GO_ON = """
UPDATE submission SET state = 'received', decided_at = NULL, rows_read = 0, attempts = 0,
  waiting = NULL
WHERE id = $1 AND state = 'accepted' AND waiting ->> 'reason' = 'expired' RETURNING id
"""
_GIVE_UP = """
UPDATE submission SET state = 'broken', decided_at = clock_timestamp(), phase = NULL
WHERE id = $1 AND state IN ('received', 'validating', 'failed')
RETURNING coalesce(failure, 'the process that worked on it was ended each time')
"""


async def settle(
    connection: Connection,
    submission: uuid.UUID,
    verdict: Verdict,
    state: str,
    preview: Mapping[str, Any],
    waiting: Mapping[str, Any] | None = None,
    changes: Mapping[str, int] | None = None,
) -> None:
    """Decide without publishing: `validated`, or `accepted` until it may go on."""
    await connection.execute(
        _SETTLE,
        submission,
        state,
        verdict.row_count,
        verdict.finding_count,
        list(verdict.agreements),
        orjson.dumps(preview).decode(),
        _json(waiting),
        _json(changes),
    )


def _json(document: Mapping[str, Any] | None) -> str | None:
    return None if document is None else orjson.dumps(dict(document)).decode()


async def cancel(connection: Connection, submission: uuid.UUID) -> str:
    """Cancel a submission that is not decided, or waits for a second person.

    Returns:
        The state in which it was found; of one that was decided nothing is changed.

    Raises:
        ConflictError: it is being published at this moment.
    """
    with busy_when_locked():
        await connection.execute(SHORTLY)
        state: str = await connection.fetchval(_STATE, submission)
        await connection.execute(AT_LENGTH)
    if state in UNDECIDED or state == "accepted":
        await connection.execute(_CANCEL, submission)
    return state


async def approve(
    connection: Connection, submission: uuid.UUID, decision: str, client_id: str, note: str | None
) -> str:
    """Note what a second person says of an accepted submission; the caller enqueues it again.

    Returns:
        The state in which it was found; nothing is changed unless it is `accepted`.
    """
    state: str = await connection.fetchval(_STATE, submission)
    if state == "accepted":
        await connection.execute(_APPROVE, submission, decision, client_id, note)
    return state


async def waiting_for_terms(connection: Connection) -> list[tuple[uuid.UUID, list[str]]]:
    """The submissions that wait for agreements to be extended, with these agreements' URNs."""
    rows = await connection.fetch(_WAITING)
    return [(row["id"], orjson.loads(row["agreements"])) for row in rows]


async def go_on(connection: Connection, submission: uuid.UUID) -> bool:
    """Let a submission that waited for its agreement be processed; the caller enqueues it."""
    return await connection.fetchval(_GO_ON, submission) is not None


async def give_up(connection: Connection, submission: uuid.UUID) -> str | None:
    """End a submission whose processing failed too often.

    Returns:
        What failed the last time; nothing when it is decided already.
    """
    failure: str | None = await connection.fetchval(_GIVE_UP, submission)
    return failure
