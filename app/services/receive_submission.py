"""Receiving a submission: the bytes as they came, a receipt, a durable job; then acknowledge."""

from __future__ import annotations

import asyncio
import hashlib
import uuid
import zlib
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass
from typing import TypeAlias

from app.auth.subject import Subject
from app.errors import (
    ConflictError,
    IdempotencyKeyReusedError,
    MessageError,
    NotAuthorisedError,
    TooLargeError,
)
from app.services.issue_receipt import issue_receipt
from app.store import jobs, submissions
from app.store.pools import Pools
from app.store.types import Connection

JOB = "process-submission"

OnStored: TypeAlias = Callable[[Connection, uuid.UUID], Awaitable[None]]


@dataclass(frozen=True, slots=True)
class Upload:
    """A body on its way in."""

    chunks: AsyncIterator[bytes]
    content_type: str
    content_encoding: str | None
    file_name: str | None
    idempotency_key: str | None
    max_bytes: int


async def receive_submission(
    pools: Pools, subject: Subject, upload: Upload, *, on_stored: OnStored | None = None
) -> tuple[submissions.StoredSubmission, bool]:
    """Store a submission and enqueue its processing; the flag tells whether it is a new one.

    The same Idempotency-Key with the same bytes gives the submission that is there already.
    `on_stored` is called within the transaction that stores, with the id of either.

    Raises:
        NotAuthorisedError: the caller's organisation is no data provider.
        TooLargeError: more bytes than allowed.
        IdempotencyKeyReusedError: the key was used with other bytes.
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
    arrival = submissions.Arrival(
        uuid.uuid4(),
        subject.client_id,
        subject.organisation,
        upload.idempotency_key,
        upload.content_type,
        upload.content_encoding,
        upload.file_name,
        digest,
        size,
    )
    async with pools.writer.acquire() as connection, connection.transaction():
        inserted = await submissions.insert(connection, arrival, parts)
        if inserted:
            await jobs.enqueue(connection, JOB, str(arrival.id))
            await issue_receipt(connection, arrival.id, "arrival")
            stored = await submissions.by_id(connection, arrival.id)
        else:
            key = upload.idempotency_key or ""
            stored = await submissions.by_idempotency_key(connection, subject.client_id, key)
        if stored is None:
            raise ConflictError("The submission is gone.", "El envío ya no existe.")
        if stored.sha256 != digest:
            raise IdempotencyKeyReusedError(
                "This Idempotency-Key was used before with another file.",
                "Esta Idempotency-Key ya se usó con otro archivo.",
                submission=str(stored.id),
            )
        if on_stored is not None:
            await on_stored(connection, stored.id)
    return stored, inserted


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
