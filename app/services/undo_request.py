"""Asking for a submission to be undone: a submission of its own, which is processed like others."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from app.auth.subject import Subject
from app.errors import NotFoundError, NotUndoableError
from app.sdmx.undo import Undoing
from app.services.admit_order import admit_order, order_arrival
from app.services.check_provider import check_provider
from app.services.get_submission import find_submission
from app.store import standing, submissions
from app.store.pools import Pools
from app.store.standing import Standing
from app.store.submissions import StoredSubmission
from app.store.types import Connection

KINDS: Final[Mapping[Undoing, frozenset[str]]] = {
    "rollback": frozenset(
        {"file", "correction", "nil return", "reharmonisation", "rollback", "withdrawal"}
    ),
    "withdrawal": frozenset({"file", "correction", "nil return"}),
}
"""What may be rolled back, and what withdrawn."""

_VERBS: Final = {
    "rollback": ("rolled back", "revertir"),
    "withdrawal": ("withdrawn", "retirar"),
}


async def request_undo(
    pools: Pools,
    subject: Subject,
    submission: str,
    undoing: Undoing,
    reason: str,
    idempotency_key: str | None = None,
) -> tuple[StoredSubmission, bool]:
    """Store the request as a submission; the flag tells whether it is a new one.

    Asked again, it is the submission that is there already.

    Raises:
        NotFoundError: there is no such submission, or it is another organisation's.
        NotAuthorisedError: the caller's organisation is no data provider.
        NotUndoableError: the submission is in no state that can be undone in this way.
        IdempotencyKeyReusedError: the key was used for something else.
        ConflictError: the submission is being decided at this moment.
    """
    check_provider(subject)
    parent = await find_submission(pools, subject, submission)
    async with pools.writer.acquire() as connection, connection.transaction():
        stands = await standing.lock_shortly(connection, parent.id)
        if stands is None:
            raise NotFoundError("The submission is gone.", "El envío ya no existe.")
        found = await _repeated(connection, stands, undoing)
        if found is not None:
            return found, False
        _check(stands, undoing)
        order = {undoing: str(parent.id), "reason": reason}
        arrival, parts = order_arrival(
            subject,
            undoing,
            order,
            idempotency_key=idempotency_key,
            parent_id=parent.id,
            note=reason,
        )
        return await admit_order(connection, arrival, parts, practice=pools.is_practice), True


async def _repeated(
    connection: Connection, stands: Standing, undoing: Undoing
) -> StoredSubmission | None:
    """The submission that asked for the same, while it is under way or holds.

    Raises:
        NotUndoableError: another way of undoing is under way.
    """
    if stands.undone_by is None:
        return None
    other, kind = stands.undone_by
    if kind == undoing:
        return await submissions.by_id(connection, other)
    if stands.is_pending:
        raise NotUndoableError(
            f"The submission is being undone already, by {other}.",
            f"El envío ya se está deshaciendo, con {other}.",
            undone_by=str(other),
        )
    return None


def _check(stands: Standing, undoing: Undoing) -> None:
    done, to_do = _VERBS[undoing]
    if stands.kind not in KINDS[undoing]:
        raise NotUndoableError(
            f"A submission of the kind {stands.kind!r} cannot be {done}.",
            f"Un envío del tipo {stands.kind!r} no se puede {to_do}.",
            kind=stands.kind,
        )
    if stands.state not in standing.UNDOABLE or stands.publication is None:
        raise NotUndoableError(
            f"The submission is {stands.state}; only what is published can be {done}.",
            f"El envío está en el estado {stands.state!r}; solo lo publicado se puede {to_do}.",
            state=stands.state,
            undone_by=None if stands.undone_by is None else str(stands.undone_by[0]),
        )
