"""Receiving a submission: the bytes as they came, a receipt, a durable job; then acknowledge."""

from __future__ import annotations

import asyncio
import hashlib
import uuid
import zlib
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from dataclasses import KW_ONLY, dataclass, field
from typing import Any, TypeAlias

from app.auth.subject import Subject
from app.errors import (
    ConflictError,
    IdempotencyKeyReusedError,
    MessageError,
    NotAuthorisedError,
    RepeatedContentError,
    TooLargeError,
)
from app.services.admit_submission import admit_submission
from app.store import submissions
from app.store.pools import Pools
from app.store.submissions import Arrival, StoredSubmission
from app.store.types import Connection

OnStored: TypeAlias = Callable[[Connection, uuid.UUID], Awaitable[None]]

REPEATABLE = (*submissions.UNDECIDED, "accepted", "awaiting release", "published")
"""States of which the same bytes again are no new submission."""


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
    if subject.organisation_kind == "data_consumer":
        raise NotAuthorisedError(
            f"{subject.organisation} is a data consumer; only data providers send data.",
            f"{subject.organisation} es consumidor de datos; solo los proveedores envían datos.",
        )
    parts, digest, size = await _read(upload)
    if size == 0:
        raise MessageError("The body is empty.", "El cuerpo está vacío.")
    arrival = _arrival(subject, upload, digest, size)
    async with pools.writer.acquire() as connection, connection.transaction():
        stored, is_new = await _store(connection, arrival, parts, upload, pools.is_practice)
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


async def _store(
    connection: Connection, arrival: Arrival, parts: list[bytes], upload: Upload, practice: bool
) -> tuple[StoredSubmission, bool]:
    """Store the arrival, or find the one that it repeats."""
    key = arrival.idempotency_key
    found = None
    if key is not None:
        found = await submissions.by_idempotency_key(connection, arrival.client_id, key)
    if found is None and not upload.again:
        found = await _repeated(connection, arrival)
        if found is not None:
            return found, False
    if found is None and await admit_submission(connection, arrival, parts, practice=practice):
        stored = await submissions.by_id(connection, arrival.id)
        assert stored is not None  # noqa: S101 - of this transaction
        return stored, True
    if found is None and key is not None:
        found = await submissions.by_idempotency_key(connection, arrival.client_id, key)
    if found is None:
        raise ConflictError("The submission is gone.", "El envío ya no existe.")
    if found.sha256 != arrival.sha256:
        raise IdempotencyKeyReusedError(
            "This Idempotency-Key was used before with another file.",
            "Esta Idempotency-Key ya se usó con otro archivo.",
            submission=str(found.id),
        )
    return found, False


async def _repeated(connection: Connection, arrival: Arrival) -> StoredSubmission | None:
    """The submission that has the same bytes and is read in the same way.

    Raises:
        RepeatedContentError: it was published, and figures of its agreements changed after it.
    """
    states = submissions.UNDECIDED if arrival.validate_only else REPEATABLE
    found = await submissions.same_content(connection, arrival, list(states))
    if found is None or found.sequence is None:
        return found
    if await submissions.changed_since(connection, found):
        raise RepeatedContentError(
            f"This file was published before, on {found.decided_at:%Y-%m-%d}, and others changed "
            "figures after it: to publish it again would bring back old figures. If that is meant, "
            "send it with ?again=true.",
            f"Este archivo ya se publicó el {found.decided_at:%Y-%m-%d} y otros cambiaron cifras "
            "después: publicarlo de nuevo traería cifras viejas. Si es lo que quiere, envíelo con "
            "?again=true.",
            repeated_of=str(found.id),
        )
    return found


async def _read(upload: Upload) -> tuple[list[bytes], str, int]:
    """The body in deflated parts, its SHA-256 and its size; memory holds the deflated parts."""
    digest, size = hashlib.sha256(), 0
    parts: list[bytes] = []
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
        while len(pending) >= submissions.PART_BYTES:
            parts.append(await _deflate(pending[: submissions.PART_BYTES]))
            del pending[: submissions.PART_BYTES]
    if pending:
        parts.append(await _deflate(pending))
    return parts, digest.hexdigest(), size


async def _deflate(part: bytes | bytearray) -> bytes:
    return await asyncio.to_thread(zlib.compress, part, 1)
