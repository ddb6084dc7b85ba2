"""Submissions as their own organisation sees them; for others they do not exist."""

from __future__ import annotations

import asyncio
import uuid

from app.auth.subject import Subject
from app.errors import NotFoundError
from app.models.api import (
    FileReply,
    FindingsSummary,
    SubmissionLinks,
    SubmissionReply,
)
from app.sdmx.findings import Finding
from app.services.describe_finding import describe_finding
from app.store import submissions
from app.store.notices import DecisionListener
from app.store.pools import Pools, with_retry
from app.store.submissions import StoredSubmission
from app.store.types import Connection

SUBMISSIONS_PATH = "/api/submissions"
FIRST_FINDINGS = 20
LOOK_AGAIN_SECONDS = 1.0


async def get_submission(
    pools: Pools, subject: Subject, submission: str, base_url: str, language: str
) -> SubmissionReply:
    """A submission of the caller's organisation, with its first findings.

    Raises:
        NotFoundError: there is none of this id, or it is another organisation's.
    """
    stored = await find_submission(pools, subject, submission)

    async def read() -> SubmissionReply:
        async with pools.writer.acquire() as connection:
            return await describe(connection, stored, base_url, language)

    return await with_retry(read)


async def await_decision(
    pools: Pools, listener: DecisionListener, subject: Subject, submission: str, seconds: float
) -> None:
    """Return when a submission is decided, or after the time."""
    loop = asyncio.get_running_loop()
    deadline = loop.time() + seconds
    while (left := deadline - loop.time()) > 0:
        stored = await find_submission(pools, subject, submission)
        if stored.is_decided:
            return
        # A decision between the question and the listening is not heard: hence the short waits.
        await listener.wait(stored.id, min(left, LOOK_AGAIN_SECONDS))


async def find_submission(pools: Pools, subject: Subject, submission: str) -> StoredSubmission:
    """The stored submission of an id, if it is the caller's organisation's.

    Raises:
        NotFoundError: there is none of this id, or it is another organisation's.
    """
    try:
        identifier = uuid.UUID(submission)
    except ValueError:
        raise _not_found(submission) from None

    async def read() -> StoredSubmission | None:
        async with pools.writer.acquire() as connection:
            return await submissions.by_id(connection, identifier)

    stored = await with_retry(read)
    if stored is None or stored.organisation != subject.organisation:
        raise _not_found(submission)
    return stored


async def describe(
    connection: Connection,
    stored: StoredSubmission,
    base_url: str,
    language: str,
    *,
    shown: int = FIRST_FINDINGS,
) -> SubmissionReply:
    """A stored submission as a reply, with so many of its findings."""
    counts = await submissions.finding_counts(connection, stored.id)
    first: list[Finding] = []
    if shown and stored.is_decided and counts:
        first = await submissions.findings(connection, stored.id, 0, shown)
    address = f"{base_url}{SUBMISSIONS_PATH}/{stored.id}"
    return SubmissionReply.model_validate(
        {
            "id": stored.id,
            "state": stored.state,
            "received_at": stored.received_at,
            "decided_at": stored.decided_at,
            "organisation": stored.organisation,
            "agreements": list(stored.agreements),
            "file": FileReply(
                name=stored.file_name,
                content_type=stored.content_type,
                content_encoding=stored.content_encoding,
                sha256=stored.sha256,
                bytes=stored.byte_count,
            ),
            "rows": stored.row_count,
            "rows_read": stored.rows_read,
            "findings": FindingsSummary(
                total=sum(counts.values()),
                by_code=counts,
                first=[describe_finding(finding, language) for finding in first],
            ),
            "changes": None if stored.changes is None else dict(stored.changes),
            "release_at": stored.release_at,
            "sequence": stored.sequence,
            "links": SubmissionLinks(
                self=address,
                findings=f"{address}/findings",
                findings_csv=f"{address}/findings?format=csv",
                content=f"{address}/content",
                receipts=f"{address}/receipts",
            ),
        }
    )


def _not_found(submission: str) -> NotFoundError:
    return NotFoundError(
        f"Your organisation has no submission {submission[:64]!r}.",
        f"Su organización no tiene ningún envío {submission[:64]!r}.",
    )
