"""The preview of a submission: what its publication changed, or would change."""

from __future__ import annotations

from typing import Any

from app.auth.subject import Subject
from app.errors import NotFoundError
from app.models.sending import PreviewReply
from app.services.get_submission import find_submission
from app.store import submissions
from app.store.pools import Pools, with_retry


async def get_preview(pools: Pools, subject: Subject, submission: str) -> PreviewReply:
    """The whole preview.

    Raises:
        NotFoundError: the caller's organisation has no such submission, or there is no preview:
            it is not decided, or was refused.
    """
    stored = await find_submission(pools, subject, submission)

    async def read() -> dict[str, Any] | None:
        async with pools.writer.acquire() as connection:
            return await submissions.preview(connection, stored.id)

    preview = await with_retry(read)
    if preview is None:
        raise NotFoundError(
            f"There is no preview: the submission is {stored.state}.",
            f"No hay vista previa: el envío está en estado {stored.state!r}.",
            state=stored.state,
        )
    return PreviewReply(
        submission=stored.id,
        state=stored.state,
        published=stored.sequence is not None,
        agreements=preview["agreements"],
    )
