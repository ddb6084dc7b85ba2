"""Asking for a redaction: a submission of its own, which a second person has to approve."""

from __future__ import annotations

from app.auth.subject import Subject
from app.errors import NotFoundError, NotUndoableError
from app.services.admit_order import admit_order, order_arrival
from app.services.check_provider import check_provider
from app.services.get_submission import find_submission
from app.services.redact import REDACTABLE
from app.services.undo_request import KINDS
from app.store import standing, submissions
from app.store.pools import Pools
from app.store.submissions import StoredSubmission


async def request_redaction(
    pools: Pools,
    subject: Subject,
    submission: str,
    *,
    reason: str,
    reference: str,
    destroy: bool,
    destroy_file: bool,
    idempotency_key: str | None = None,
) -> tuple[StoredSubmission, bool]:
    """Store the request as a submission; the flag tells whether it is a new one.

    Raises:
        NotFoundError: there is no such submission, or it is another organisation's.
        NotAuthorisedError: the caller's organisation is no data provider.
        NotUndoableError: nothing of the submission stands in history, or it is being undone.
        IdempotencyKeyReusedError: the key was used for something else.
        ConflictError: the submission is being decided at this moment.
    """
    check_provider(subject)
    parent = await find_submission(pools, subject, submission)
    async with pools.writer.acquire() as connection, connection.transaction():
        stands = await standing.lock_shortly(connection, parent.id)
        if stands is None:
            raise NotFoundError("The submission is gone.", "El envío ya no existe.")
        if stands.undone_by is not None:
            other, kind = stands.undone_by
            found = await submissions.by_id(connection, other)
            if kind == "redaction" and found is not None:
                return found, False
            if stands.is_pending:
                raise NotUndoableError(
                    f"The submission is being undone, by {other}.",
                    f"El envío se está deshaciendo, con {other}.",
                    undone_by=str(other),
                )
        if stands.kind not in KINDS["withdrawal"] or stands.state not in REDACTABLE:
            raise NotUndoableError(
                f"The submission is {stands.state}: nothing of it stands in history.",
                f"El envío está en el estado {stands.state!r}: nada suyo está en el historial.",
                state=stands.state,
            )
        options = {
            "reference": reference,
            "destroy": str(destroy).lower(),
            "destroy_file": str(destroy_file).lower(),
        }
        order = {"redaction": str(parent.id), "reason": reason} | options
        arrival, parts = order_arrival(
            subject,
            "redaction",
            order,
            idempotency_key=idempotency_key,
            parent_id=parent.id,
            options=options,
            note=reason,
        )
        return await admit_order(connection, arrival, parts, practice=pools.is_practice), True
