"""The bytes of submissions as they came: content-addressed, in deflated parts. All their SQL."""

from __future__ import annotations

import asyncio
import zlib
from collections.abc import AsyncIterator, Iterable
from typing import IO

from app.errors import DestroyedError
from app.store.types import Connection

PART_BYTES = 1 << 20
"""Bytes of content that one row holds, before deflation."""

_HAS_CONTENT = "SELECT EXISTS (SELECT FROM submission_content WHERE sha256 = $1)"
_PUT_PART = """
INSERT INTO submission_content (sha256, part, deflated) VALUES ($1, $2, $3)
ON CONFLICT (sha256, part) DO NOTHING
"""
_PART = "SELECT deflated FROM submission_content WHERE sha256 = $1 AND part = $2"
_LOCK_BYTES = "SELECT pg_advisory_xact_lock(hashtextextended('content ' || $1, 0))"
_BYTE_COUNT = "SELECT byte_count FROM submission WHERE sha256 = $1 LIMIT 1"


async def put(connection: Connection, sha256: str, deflated: Iterable[bytes]) -> None:
    """Store bytes (parts of `PART_BYTES`, deflated), unless they are there.

    Raises:
        DestroyedError: there are no parts, and those that were stored are gone.
    """
    await lock(connection, sha256)
    if await connection.fetchval(_HAS_CONTENT, sha256):
        return
    stored = 0
    for each in deflated:
        await connection.execute(_PUT_PART, sha256, stored, each)
        stored += 1
    if not stored:
        raise _destroyed(sha256)


async def lock(connection: Connection, sha256: str) -> None:
    """Let nobody else store or delete these bytes until the transaction ends.

    Submissions with the same bytes share them. Whoever deletes takes this first, and looks
    afterwards who refers to them: so the bytes of one that is just being stored stay.
    """
    await connection.execute(_LOCK_BYTES, sha256)


async def parts(connection: Connection, sha256: str) -> AsyncIterator[bytes]:
    """The bytes as they came, part by part; each part is one statement.

    Raises:
        DestroyedError: they are gone, or went meanwhile; what was read is not the file.
    """
    number, size = 0, 0
    while (found := await part(connection, sha256, number)) is not None:
        yield found
        number, size = number + 1, size + len(found)
    if size != await connection.fetchval(_BYTE_COUNT, sha256):
        raise _destroyed(sha256)


async def part(connection: Connection, sha256: str, number: int) -> bytes | None:
    """One part of the bytes as they came, or nothing after the last."""
    deflated = await connection.fetchval(_PART, sha256, number)
    return None if deflated is None else zlib.decompress(deflated)


async def spool(connection: Connection, sha256: str, file: IO[bytes]) -> None:
    """Write the bytes as they came to a file, and wind it back.

    Raises:
        DestroyedError: as `parts`.
    """
    async for found in parts(connection, sha256):
        await asyncio.to_thread(file.write, found)
    file.seek(0)


def _destroyed(sha256: str) -> DestroyedError:
    return DestroyedError(
        "The file is not there any more: a redaction destroyed it.",
        "El archivo ya no está: una supresión del historial lo destruyó.",
        sha256=sha256,
    )
