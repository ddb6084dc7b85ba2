"""Receiving a submission: the bytes as they came, a receipt, a durable job; then acknowledge."""

from __future__ import annotations

import asyncio
import hashlib
import io
import tempfile
import uuid
import zlib
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from dataclasses import KW_ONLY, dataclass, field
from typing import IO, Any, Final, TypeAlias, overload

from app.auth.subject import Subject
from app.errors import MessageError, TooLargeError
from app.services.check_provider import check_provider
from app.services.take_submission import take_submission
from app.store import contents
from app.store.pools import Pools
from app.store.submissions import Arrival, StoredSubmission
from app.store.types import Connection

SPOOL_MEMORY_BYTES: Final = 4 << 20
"""Deflated bytes of a body that are held in memory; what is more waits in a file."""

OnStored: TypeAlias = Callable[[Connection, uuid.UUID], Awaitable[None]]


class SpooledParts(Sequence[bytes]):
    """The parts of a body, deflated, in a file."""

    def __init__(self, file: IO[bytes]) -> None:
        self._file = file
        self._ends: list[int] = []

    def put(self, part: bytes | bytearray) -> None:
        """Add a part, deflated here."""
        end = self._file.seek(0, io.SEEK_END) or self._file.tell()
        self._ends.append(end + self._file.write(zlib.compress(part, 1)))

    def __len__(self) -> int:
        return len(self._ends)

    @overload
    def __getitem__(self, index: int) -> bytes: ...
    @overload
    def __getitem__(self, index: slice) -> Sequence[bytes]: ...
    def __getitem__(self, index: int | slice) -> bytes | Sequence[bytes]:
        """One part, read when it is asked for."""
        if isinstance(index, slice):
            return [self[number] for number in range(len(self))[index]]
        place = range(len(self))[index]
        begin = self._ends[place - 1] if place else 0
        self._file.seek(begin)
        return self._file.read(self._ends[place] - begin)


@dataclass(frozen=True, slots=True)
class Upload:
    """A body on its way in.

    Attributes:
        kind: what the body is: a file, or what the service wrote down for its caller.
        validate_only: check it, tell what it would change, and publish nothing.
        options: what the caller said of the reading of the body; part of what makes it the same.
        again: take it also when the same bytes were sent before.
        parent_id: the submission that it mends.
        corrections: what is to be read otherwise than the bytes say.
        note: why it is sent, in the words of the sender.
    """

    chunks: AsyncIterator[bytes]
    content_type: str
    content_encoding: str | None
    file_name: str | None
    idempotency_key: str | None
    max_bytes: int
    _: KW_ONLY
    kind: str = "file"
    validate_only: bool = False
    options: Mapping[str, str] = field(default_factory=dict)
    again: bool = False
    parent_id: uuid.UUID | None = None
    corrections: Sequence[Mapping[str, Any]] | None = None
    note: str | None = None


async def receive_submission(
    pools: Pools, subject: Subject, upload: Upload, *, on_stored: OnStored | None = None
) -> tuple[StoredSubmission, bool]:
    """Store a submission and enqueue its processing; the flag tells whether it is a new one.

    The same Idempotency-Key with the same bytes gives the submission that is there already. So do
    the same bytes of the same organisation, read in the same way, while that one is not decided
    or is published; a try only while it is not decided. `on_stored` is called within the
    transaction that stores, with the id of either.

    Raises:
        NotAuthorisedError: the caller's organisation is no data provider.
        TooLargeError: more bytes than allowed.
        IdempotencyKeyReusedError: the key was used with other bytes.
        RepeatedContentError: the same bytes were published, and others after them.
        MessageError: there is no body.
    """
    check_provider(subject)
    with tempfile.SpooledTemporaryFile(SPOOL_MEMORY_BYTES) as spool:
        parts = SpooledParts(spool)
        digest, size = await _read(upload, parts)
        if size == 0:
            raise MessageError("The body is empty.", "El cuerpo está vacío.")
        arrival = _arrival(subject, upload, digest, size)
        async with pools.writer.acquire() as connection, connection.transaction():
            stored, is_new = await take_submission(
                connection, arrival, parts, practice=pools.is_practice, again=upload.again
            )
            if on_stored is not None:
                await on_stored(connection, stored.id)
        return stored, is_new


def _arrival(subject: Subject, upload: Upload, digest: str, size: int) -> Arrival:
    return Arrival(
        uuid.uuid4(),
        subject.client_id,
        subject.organisation,
        upload.idempotency_key,
        upload.content_type,
        upload.content_encoding,
        upload.file_name,
        digest,
        size,
        kind=upload.kind,
        validate_only=upload.validate_only,
        parent_id=upload.parent_id,
        options=upload.options,
        corrections=upload.corrections,
        note=upload.note,
    )


async def _read(upload: Upload, parts: SpooledParts) -> tuple[str, int]:
    """Put the body aside in deflated parts; its SHA-256 and its size."""
    digest, size = hashlib.sha256(), 0
    pending = bytearray()
    async for chunk in upload.chunks:
        size += len(chunk)
        if size > upload.max_bytes:
            raise TooLargeError(
                f"The body has more than {upload.max_bytes} bytes; send it in several files.",
                f"El cuerpo tiene más de {upload.max_bytes} bytes; envíelo en varios archivos.",
                limit=upload.max_bytes,
            )
        digest.update(chunk)
        pending += chunk
        while len(pending) >= contents.PART_BYTES:
            await asyncio.to_thread(parts.put, pending[: contents.PART_BYTES])
            del pending[: contents.PART_BYTES]
    if pending:
        await asyncio.to_thread(parts.put, pending)
    return digest.hexdigest(), size
