"""The bytes of a submission, exactly as they came."""

from __future__ import annotations

from collections.abc import AsyncIterator

from app.auth.subject import Subject
from app.errors import DestroyedError
from app.models.api import FileReply
from app.services.get_submission import find_submission
from app.store import contents
from app.store.pools import Pools, with_retry


async def stream_content(
    pools: Pools, subject: Subject, submission: str
) -> tuple[FileReply, AsyncIterator[bytes]]:
    """What the file is, and its bytes; no connection is held while a part is on its way.

    Raises:
        NotFoundError: the caller's organisation has no such submission.
        DestroyedError: a redaction destroyed the bytes.
    """
    stored = await find_submission(pools, subject, submission)
    first = await _part(pools, stored.sha256, 0)
    if first is None and stored.byte_count:
        raise DestroyedError(
            "The file was destroyed by a redaction; its digest stays in the ledger.",
            "El archivo fue destruido por una supresión del historial; su huella queda en el libro "
            "de publicaciones.",
            sha256=stored.sha256,
        )
    file = FileReply(
        name=stored.file_name,
        content_type=stored.content_type,
        content_encoding=stored.content_encoding,
        sha256=stored.sha256,
        bytes=stored.byte_count,
    )
    return file, _parts(pools, stored.sha256, first)


async def _parts(pools: Pools, sha256: str, first: bytes | None) -> AsyncIterator[bytes]:
    part, number = first, 0
    while part is not None:
        yield part
        number += 1
        part = await _part(pools, sha256, number)


async def _part(pools: Pools, sha256: str, number: int) -> bytes | None:
    async def read() -> bytes | None:
        async with pools.writer.acquire() as connection:
            return await contents.part(connection, sha256, number)

    return await with_retry(read)
