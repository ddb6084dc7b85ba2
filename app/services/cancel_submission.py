"""Cancelling a submission that is not decided yet."""

from __future__ import annotations

from app.auth.subject import Subject
from app.errors import ConflictError
from app.services.get_submission import find_submission
from app.services.tell_decision import tell_decision
from app.store import decisions
from app.store.pools import Pools
from app.store.submissions import UNDECIDED


async def cancel_submission(pools: Pools, subject: Subject, submission: str) -> None:
    """Cancel a submission that is not decided, or waits for a second person.

    Raises:
        NotFoundError: the caller's organisation has no such submission.
        ConflictError: it is decided; what is published is withdrawn, not cancelled.
    """
    stored = await find_submission(pools, subject, submission)
    async with pools.writer.acquire() as connection, connection.transaction():
        state = await decisions.cancel(connection, stored.id)
        if state in UNDECIDED or state == "accepted":
            await tell_decision(connection, stored.id)
        elif state != "cancelled":
            raise ConflictError(
                f"The submission is {state} already and cannot be cancelled.",
                f"El envío ya está en estado {state!r} y no se puede cancelar.",
                state=state,
            )
