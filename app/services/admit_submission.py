"""Admitting a submission: everything that goes with its arrival, in one transaction."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from typing import Final

from app.services.issue_receipt import issue_receipt
from app.store import jobs, submissions
from app.store.submissions import Arrival
from app.store.types import Connection

JOB: Final = "process-submission"
PRACTICE_JOB: Final = "process-practice"


async def admit_submission(
    connection: Connection, arrival: Arrival, parts: Sequence[bytes], *, practice: bool
) -> bool:
    """Store a submission with its bytes and its receipt, and enqueue its processing.

    `parts` are what `submissions.insert` takes; none where the bytes are stored already.

    Returns:
        False when the Idempotency-Key was used before, and so nothing was stored.
    """
    if not await submissions.insert(connection, arrival, parts):
        return False
    await enqueue_submission(connection, arrival.id, practice=practice)
    await issue_receipt(connection, arrival.id, "arrival")
    return True


async def enqueue_submission(
    connection: Connection, submission: uuid.UUID, *, practice: bool
) -> None:
    """Let a submission be processed; those of practice when no other waits."""
    if practice:
        await jobs.enqueue(connection, PRACTICE_JOB, str(submission), priority=-1)
    else:
        await jobs.enqueue(connection, JOB, str(submission))
