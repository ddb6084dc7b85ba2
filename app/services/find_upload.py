"""Uploads as their own organisation sees them; for others they do not exist."""

from __future__ import annotations

import uuid

from app.auth.subject import Subject
from app.errors import NotFoundError
from app.store import uploads
from app.store.pools import Pools, with_retry
from app.store.uploads import StoredUpload as StoredUpload


async def find_upload(pools: Pools, subject: Subject, upload: str) -> StoredUpload:
    """An upload of the caller's organisation: how much of it has come, and what it became.

    Raises:
        NotFoundError: there is none of this id, it has expired, or it is another organisation's.
    """

    async def read() -> StoredUpload | None:
        async with pools.writer.acquire() as connection:
            return await uploads.by_id(connection, uuid.UUID(upload), subject.organisation)

    try:
        found = await with_retry(read)
    except ValueError:
        found = None
    if found is None:
        raise NotFoundError(
            "There is no such upload; it may have expired. Begin it anew.",
            "No existe tal carga; puede haber caducado. Comiéncela de nuevo.",
        )
    return found
