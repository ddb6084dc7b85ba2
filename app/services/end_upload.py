"""Ending an upload before it is whole, at the wish of its sender."""

from __future__ import annotations

from app.auth.subject import Subject
from app.errors import NotFoundError
from app.services.find_upload import find_upload
from app.store import uploads
from app.store.pools import Pools


async def end_upload(pools: Pools, subject: Subject, upload: str) -> None:
    """Forget an upload and what came of it; a submission that it became stays.

    Raises:
        NotFoundError: the caller's organisation has none of this id.
    """
    found = await find_upload(pools, subject, upload)
    async with pools.writer.acquire() as connection:
        if not await uploads.delete(connection, found.id, subject.organisation):
            raise NotFoundError("There is no such upload.", "No existe tal carga.")
