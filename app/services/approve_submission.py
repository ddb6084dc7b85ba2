"""Approving a submission: what a second person of the same organisation says of it."""

from __future__ import annotations

from app.auth.subject import Subject
from app.errors import ApprovalBySenderError, ConflictError
from app.services.admit_submission import enqueue_submission
from app.services.check_provider import check_provider
from app.services.get_submission import find_submission
from app.services.tell_decision import tell_decision
from app.store import decisions
from app.store.pools import Pools


async def approve_submission(
    pools: Pools, subject: Subject, submission: str, decision: str, note: str | None
) -> None:
    """Approve an accepted submission, which is then checked again and published, or refuse it.

    Raises:
        NotFoundError: the caller's organisation has no such submission.
        ApprovalBySenderError: the caller is the program that sent it.
        ConflictError: it does not wait for a second person.
    """
    check_provider(subject)
    stored = await find_submission(pools, subject, submission)
    if stored.client_id == subject.client_id:
        raise ApprovalBySenderError(
            "The program that sent the submission cannot approve or refuse it: the agreement asks "
            "for a second person, with a client of its own.",
            "El programa que hizo el envío no puede aprobarlo ni rechazarlo: el convenio pide una "
            "segunda persona, con un cliente propio.",
        )
    async with pools.writer.acquire() as connection, connection.transaction():
        state = await decisions.approve(connection, stored.id, decision, subject.client_id, note)
        if state != "accepted":
            raise ConflictError(
                f"The submission is {state}, and does not wait for a second person.",
                f"El envío está en estado {state!r} y no espera a una segunda persona.",
                state=state,
            )
        if decision == "approve":
            await enqueue_submission(connection, stored.id, practice=pools.is_practice)
        else:
            await tell_decision(connection, stored.id)
