"""Marking a notice as seen."""

from __future__ import annotations

import uuid

from app.auth.subject import Subject
from app.errors import NotFoundError
from app.store import notices_kept
from app.store.pools import Pools


async def mark_notice(pools: Pools, subject: Subject, notice: str) -> None:
    """Note that somebody of the caller's organisation has seen a notice.

    Raises:
        NotFoundError: it was told no such notice.
    """
    error = NotFoundError(
        f"Your organisation has no notice {notice[:64]!r}.",
        f"Su organización no tiene un aviso {notice[:64]!r}.",
    )
    try:
        identifier = uuid.UUID(notice)
    except ValueError:
        raise error from None
    async with pools.writer.acquire() as connection:
        told_to = [subject.organisation, *subject.agencies]
        if not await notices_kept.mark_seen(connection, identifier, told_to):
            raise error
