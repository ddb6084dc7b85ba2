"""Going on with an upload: bytes at its offset, kept as they come; the last make a submission."""

from __future__ import annotations

import asyncio
import datetime as dt
import hashlib
import tempfile
import time
import uuid
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from dataclasses import dataclass, replace
from typing import IO, Final, Literal, TypeAlias

from app.auth.subject import Subject
from app.errors import ChecksumMismatchError, ConflictError, NotAuthorisedError, TooLargeError
from app.services.find_upload import find_upload
from app.services.receive_submission import Upload, receive_submission
from app.store import uploads
from app.store.pools import Pools
from app.store.types import Connection
from app.store.uploads import PART_BYTES, StoredUpload

KEEP_SECONDS: Final = 2.0
"""What came is stored at least this often, however slow the line is."""

CHECKED_BYTES: Final = 64 << 20
"""Most bytes of one request with a checksum: none of them is kept before all are verified."""

SPOOL_MEMORY_BYTES: Final = 1 << 20

Algorithm: TypeAlias = Literal["sha256", "sha1"]
Announce: TypeAlias = Callable[
    [Mapping[str, str], Subject, AsyncIterator[bytes]], Awaitable[tuple[Pools, Upload]]
]
"""Gives the submission that metadata announced, with its bytes, and the space that it is for."""


@dataclass(frozen=True, slots=True)
class Checksum:
    """The digest of the bytes of one request, as its sender made it."""

    algorithm: Algorithm
    digest: bytes


@dataclass(frozen=True, slots=True)
class Arriving:
    """Bytes on their way to an offset of an upload."""

    offset: int
    chunks: AsyncIterator[bytes]
    checksum: Checksum | None = None


async def continue_upload(
    pools: Pools,
    subject: Subject,
    upload: str,
    arriving: Arriving,
    announce: Announce,
    life: dt.timedelta,
) -> StoredUpload:
    """Add bytes to an upload; with the last it becomes a submission, in one transaction.

    It stays with the program that began it: the submission is that program's, and nobody may
    approve bytes of its own. What came before a broken line is kept. Of several that send to one
    offset one goes on, and the others add nothing.

    Raises:
        NotFoundError: the caller's organisation has no such upload.
        NotAuthorisedError: another program of it began the upload.
        ConflictError: it stands at another offset, or somebody else goes on with it.
        TooLargeError: more bytes than were announced.
        ChecksumMismatchError: they are not those that were sent; none of them is kept.
        VipmgError: the whole file is no submission; `receive_submission` says why.
    """
    found = await find_upload(pools, subject, upload)
    if found.client_id != subject.client_id:
        raise _of_another()
    if arriving.offset != found.byte_offset:
        raise _elsewhere(found.byte_offset)
    if found.submission_id is not None:
        return found
    sender = _Sender(pools, subject, found, announce, life)
    if arriving.checksum is None:
        return await sender.take(arriving.chunks)
    with tempfile.SpooledTemporaryFile(SPOOL_MEMORY_BYTES) as spool:
        await _verify(arriving.chunks, arriving.checksum, spool, found)
        return await sender.take(_read(spool))


class _Sender:
    """Takes the bytes of one request."""

    def __init__(
        self,
        pools: Pools,
        subject: Subject,
        upload: StoredUpload,
        announce: Announce,
        life: dt.timedelta,
    ) -> None:
        self._pools = pools
        self._subject = subject
        self._upload = upload
        self._announce = announce
        self._life = life
        self._pending = bytearray()
        self._kept_at = time.monotonic()

    async def take(self, chunks: AsyncIterator[bytes]) -> StoredUpload:
        """Keep the bytes of a request as they come, also when it breaks off."""
        try:
            async for chunk in chunks:
                self._pending += chunk
                if self._reached > self._upload.byte_count:
                    raise _too_many(self._upload.byte_count)
                while len(self._pending) >= self._room and not self._is_whole:
                    await self._keep(self._room)
                if time.monotonic() - self._kept_at > KEEP_SECONDS and not self._is_whole:
                    await self._keep(len(self._pending))
        finally:
            # The line may be cut: no await of ours may then be cut with it.
            await asyncio.shield(self._keep_rest())
        if self._is_whole:
            return await self._submit()
        return self._upload

    @property
    def _reached(self) -> int:
        return self._upload.byte_offset + len(self._pending)

    @property
    def _is_whole(self) -> bool:
        return self._reached == self._upload.byte_count

    @property
    def _room(self) -> int:
        """Bytes that are missing of the part at the offset."""
        return PART_BYTES - self._upload.byte_offset % PART_BYTES

    async def _keep_rest(self) -> None:
        # The bytes that complete a file are stored with the submission, and not before.
        while self._pending and not self._is_whole and self._reached < self._upload.byte_count:
            await self._keep(min(self._room, len(self._pending)))

    async def _keep(self, size: int) -> None:
        offset, content = self._upload.byte_offset, bytes(self._pending[:size])
        if not content:
            return
        async with self._pools.writer.acquire() as connection:
            expires = await uploads.append(connection, self._upload.id, offset, content, self._life)
        del self._pending[:size]
        self._kept_at = time.monotonic()
        if expires is None:
            self._pending.clear()
            raise _elsewhere(None)
        self._upload = replace(self._upload, byte_offset=offset + len(content), expires_at=expires)

    async def _submit(self) -> StoredUpload:
        """The whole file as a submission; the upload names it from the same moment on."""
        upload = self._upload

        async def name(connection: Connection, submission: uuid.UUID) -> None:
            if not await uploads.finish(connection, upload.id, upload.byte_offset, submission):
                raise _elsewhere(None)

        space, announced = await self._announce(upload.metadata, self._subject, self._whole())
        stored, _ = await receive_submission(space, self._subject, announced, on_stored=name)
        return replace(upload, byte_offset=upload.byte_count, submission_id=stored.id)

    async def _whole(self) -> AsyncIterator[bytes]:
        async with self._pools.writer.acquire() as connection:
            size = self._upload.byte_offset
            async for part in uploads.content(connection, self._upload.id, size):
                size -= len(part)
                yield part
        if size:
            raise _elsewhere(None)  # another request finished it meanwhile
        yield bytes(self._pending)


async def _verify(
    chunks: AsyncIterator[bytes], checksum: Checksum, spool: IO[bytes], upload: StoredUpload
) -> None:
    """Take all bytes of a request aside, and compare their digest."""
    # What SHA-1 guards here is a line, not a secret.
    digest = hashlib.new(checksum.algorithm, usedforsecurity=False)
    size = 0
    async for chunk in chunks:
        size += len(chunk)
        if upload.byte_offset + size > upload.byte_count:
            raise _too_many(upload.byte_count)
        if size > CHECKED_BYTES:
            raise TooLargeError(
                f"With Upload-Checksum a request has up to {CHECKED_BYTES} bytes; send several.",
                f"Con Upload-Checksum una solicitud tiene hasta {CHECKED_BYTES} bytes; envíe "
                "varias.",
                limit=CHECKED_BYTES,
            )
        digest.update(chunk)
        await asyncio.to_thread(spool.write, chunk)
    if digest.digest() != checksum.digest:
        raise ChecksumMismatchError(
            "The bytes are not those of Upload-Checksum; none of them was kept. Send them again.",
            "Los bytes no son los de Upload-Checksum; no se guardó ninguno. Envíelos de nuevo.",
        )
    spool.seek(0)


async def _read(spool: IO[bytes]) -> AsyncIterator[bytes]:
    while part := await asyncio.to_thread(spool.read, PART_BYTES):
        yield part


def _of_another() -> NotAuthorisedError:
    return NotAuthorisedError(
        "Another program of your organisation began this upload, and goes on with it. Begin one "
        "of your own.",
        "Otro programa de su organización comenzó esta carga, y es quien la continúa. Comience "
        "una propia.",
    )


def _elsewhere(offset: int | None) -> ConflictError:
    known = {} if offset is None else {"offset": offset}
    return ConflictError(
        "The upload does not stand at this Upload-Offset. Ask with HEAD where it stands, and go "
        "on from there.",
        "La carga no está en este Upload-Offset. Pregunte con HEAD dónde está y continúe desde "
        "allí.",
        **known,
    )


def _too_many(byte_count: int) -> TooLargeError:
    return TooLargeError(
        f"The upload was announced with {byte_count} bytes; what is beyond them is not taken.",
        f"La carga se anunció con {byte_count} bytes; no se acepta lo que los excede.",
        limit=byte_count,
    )
