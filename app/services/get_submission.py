"""Submissions as their own organisation sees them; for others they do not exist."""

from __future__ import annotations

import asyncio
import uuid
from dataclasses import dataclass
from typing import Any

from app.auth.subject import Subject
from app.errors import BrokenSubmissionError, NotFoundError
from app.models.api import (
    FileReply,
    FindingsSummary,
    SubmissionLinks,
    SubmissionReply,
)
from app.sdmx.finding_names import NO_NAMES
from app.sdmx.findings import Finding
from app.services.describe_finding import describe_finding
from app.services.names_of_submission import names_of_submission
from app.store import mappings, standing, submissions
from app.store.catalogue import CatalogueCache
from app.store.notices import DecisionListener
from app.store.pools import Pools, with_retry
from app.store.submissions import LEFT_OUT, StoredSubmission
from app.store.types import Connection

SUBMISSIONS_PATH = "/api/submissions"
PRACTICE_PATH = "/api/practice/submissions"
PRACTICE_NOTICE = {
    "en": "This is practice: nobody else sees it, nothing is published, and it is forgotten after "
    "a few days.",
    "es": "Esto es práctica: nadie más lo ve, no se publica nada y se olvida después de unos días.",
}
BROKEN = BrokenSubmissionError(
    "The service could not process this submission, however often it tried. The fault is ours; "
    "nothing of it is published. Tell the operators its id.",
    "El servicio no pudo procesar este envío, aunque lo intentó varias veces. La falla es nuestra; "
    "no se publicó nada de él. Dé su id a los operadores.",
)
WAITING = {
    "approval": {
        "en": "Checked and in order; a second person has to approve it, as the agreement says: {}.",
        "es": "Revisado y en orden; debe aprobarlo una segunda persona, como dice el convenio: {}.",
    },
    "expired": {
        "en": "Checked and in order; it waits because the agreement has ended: {}. When it is "
        "extended, the data are published by themselves.",
        "es": "Revisado y en orden; espera porque el convenio venció: {}. Cuando se prorrogue, los "
        "datos se publican solos.",
    },
}
FIRST_FINDINGS = 20
LOOK_AGAIN_SECONDS = 1.0


@dataclass(frozen=True, slots=True)
class SubmissionFacts:
    """What a reply tells beside the submission itself: findings by code, queue, first findings.

    Attributes:
        superseded_by: the submission that replaced it whole.
        mapping: what each map did with its rows.
    """

    counts: dict[str, int]
    position: int | None
    first: list[Any]
    preview: dict[str, Any] | None
    superseded_by: uuid.UUID | None = None
    mapping: list[dict[str, Any]] | None = None


async def get_submission(
    pools: Pools,
    cache: CatalogueCache,
    subject: Subject,
    submission: str,
    base_url: str,
    language: str,
) -> SubmissionReply:
    """A submission of the caller's organisation, with its first findings.

    Raises:
        NotFoundError: there is none of this id, or it is another organisation's.
    """
    stored = await find_submission(pools, subject, submission)

    async def read() -> SubmissionReply:
        async with pools.writer.acquire() as connection:
            return await _describe(
                connection, cache, stored, base_url, language, practice=pools.is_practice
            )

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


async def _describe(
    connection: Connection,
    cache: CatalogueCache,
    stored: StoredSubmission,
    base_url: str,
    language: str,
    *,
    practice: bool,
) -> SubmissionReply:
    """A stored submission as a reply, with the first of its findings."""
    counts = await submissions.finding_counts(connection, stored.id)
    position = await submissions.queue_position(connection, stored)
    first: list[Finding] = []
    names = NO_NAMES
    if stored.is_decided and counts:
        first = await submissions.findings(connection, stored.id, 0, FIRST_FINDINGS)
        names = await names_of_submission(connection, cache, stored)
    preview = await submissions.preview(connection, stored.id)
    told = [describe_finding(finding, language, names) for finding in first]
    replaced = await standing.replaced_by(connection, stored.organisation, [stored.id])
    mapping = await mappings.read(connection, stored.id)
    facts = SubmissionFacts(counts, position, told, preview, replaced.get(stored.id), mapping)
    return describe_with(stored, facts, base_url, language, practice=practice)


def describe_with(
    stored: StoredSubmission,
    facts: SubmissionFacts,
    base_url: str,
    language: str,
    *,
    practice: bool,
) -> SubmissionReply:
    """A stored submission as a reply, with what is known beside it."""
    counts, preview = facts.counts, facts.preview
    address = f"{base_url}{PRACTICE_PATH if practice else SUBMISSIONS_PATH}/{stored.id}"
    return SubmissionReply.model_validate(
        {
            "id": stored.id,
            "state": stored.state,
            "kind": stored.kind,
            "validate_only": stored.validate_only,
            "practice": practice,
            "notice": PRACTICE_NOTICE if practice else None,
            "repeated_of": None,
            "parent_id": stored.parent_id,
            "supersedes": stored.options.get("supersedes"),
            "superseded_by": facts.superseded_by,
            "corrections": len(stored.corrections or ()),
            "note": stored.note,
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
            "rows_total": stored.rows_total if stored.row_count is None else stored.row_count,
            "phase": stored.phase,
            "queue_position": facts.position,
            "attempts": stored.attempts,
            "failure": _failure(language) if stored.state == "broken" else None,
            "approval": _approval(stored),
            "waiting": _waiting(stored, language),
            "partial": bool(_left_out(stored)),
            "rows_left_out": _left_out(stored),
            "preview": None if preview is None else _in_short(preview),
            "mapping": facts.mapping,
            "findings": FindingsSummary(
                total=sum(counts.values()),
                by_code=counts,
                first=facts.first,
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
                preview=f"{address}/preview",
            ),
        }
    )


def _failure(language: str) -> dict[str, Any]:
    text = BROKEN.text.get(language, BROKEN.text["en"])
    return {"code": BROKEN.code, "message": text, "messages": BROKEN.text}


def _approval(stored: StoredSubmission) -> dict[str, Any] | None:
    if stored.approval is None:
        return None
    return {
        "decision": stored.approval,
        "by": stored.approved_by,
        "at": stored.approved_at,
        "note": stored.approval_note,
    }


def _waiting(stored: StoredSubmission, language: str) -> dict[str, Any] | None:
    if stored.state != "accepted" or stored.waiting is None:
        return None
    texts = WAITING[stored.waiting["reason"]]
    named = ", ".join(urn.rpartition("=")[2] for urn in stored.waiting["agreements"])
    told = {name: text.format(named) for name, text in texts.items()}
    return dict(stored.waiting) | {
        "message": told.get(language, told["en"]),
        "messages": told,
    }


def _left_out(stored: StoredSubmission) -> int:
    return (stored.changes or {}).get(LEFT_OUT, 0)


def _in_short(preview: dict[str, Any]) -> list[dict[str, Any]]:
    """The counts of a preview, without the periods and the movers one by one."""
    return [
        each | {"periods": {name: each["periods"][name] for name in ("count", "first", "last")}}
        for each in preview["agreements"]
    ]


def _not_found(submission: str) -> NotFoundError:
    return NotFoundError(
        f"Your organisation has no submission {submission[:64]!r}.",
        f"Su organización no tiene ningún envío {submission[:64]!r}.",
    )
