"""What a sender says of the submission that a new file replaces."""

from __future__ import annotations

from app.auth.subject import Subject
from app.errors import NotUndoableError
from app.services.get_submission import find_submission
from app.services.replace_submission import OPTION
from app.services.undo_request import KINDS
from app.store.pools import Pools
from app.store.standing import UNDOABLE


async def replacing_options(pools: Pools, subject: Subject, submission: str) -> dict[str, str]:
    """The options of a file that replaces a submission.

    Raises:
        NotFoundError: there is no such submission, or it is another organisation's.
        NotUndoableError: it is not published.
    """
    replaced = await find_submission(pools, subject, submission)
    if replaced.kind not in KINDS["withdrawal"] or replaced.state not in UNDOABLE:
        raise NotUndoableError(
            f"The submission is {replaced.state}; only what is published can be replaced.",
            f"El envío está en el estado {replaced.state!r}; solo lo publicado se puede "
            "reemplazar.",
            state=replaced.state,
        )
    return {OPTION: str(replaced.id)}
