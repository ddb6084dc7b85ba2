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
  finding_count = $4, agreements = $5, preview = $6, phase = NULL
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
) -> None:
    """Decide without publishing: `validated`, or `accepted` until a second person has spoken."""
    await connection.execute(
        _SETTLE,
        submission,
        state,
        verdict.row_count,
        verdict.finding_count,
        list(verdict.agreements),
        orjson.dumps(preview).decode(),
    )


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


async def give_up(connection: Connection, submission: uuid.UUID) -> str | None:
    """End a submission whose processing failed too often.

    Returns:
        What failed the last time; nothing when it is decided already.
    """
    failure: str | None = await connection.fetchval(_GIVE_UP, submission)
    return failure
