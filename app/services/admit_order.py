"""Orders: submissions without a file, whose bytes are what was asked for, as JSON."""

from __future__ import annotations

import hashlib
import uuid
import zlib
from collections.abc import Mapping
from typing import Any, Final

import orjson

from app.auth.subject import Subject
from app.errors import IdempotencyKeyReusedError
from app.services.admit_submission import admit_submission
from app.store import submissions
from app.store.submissions import Arrival, StoredSubmission
from app.store.types import Connection

CONTENT_TYPE: Final = "application/json"


def order_arrival(
    subject: Subject,
    kind: str,
    order: Mapping[str, Any],
    *,
    note: str | None,
    idempotency_key: str | None = None,
    parent_id: uuid.UUID | None = None,
    options: Mapping[str, str] | None = None,
) -> tuple[Arrival, list[bytes]]:
    """The arrival of an order, and its bytes as they are stored."""
    body = orjson.dumps(order)
    arrival = Arrival(
        uuid.uuid4(),
        subject.client_id,
        subject.organisation,
        idempotency_key,
        CONTENT_TYPE,
        None,
        None,
        hashlib.sha256(body).hexdigest(),
        len(body),
        kind=kind,
        parent_id=parent_id,
        options=options or {},
        note=note,
    )
    return arrival, [zlib.compress(body, 1)]


async def admit_order(
    connection: Connection, arrival: Arrival, parts: list[bytes], *, practice: bool
) -> StoredSubmission:
    """Store an order, to be processed like any other submission.

    Raises:
        IdempotencyKeyReusedError: the key was used for something else.
    """
    if not await admit_submission(connection, arrival, parts, practice=practice):
        raise IdempotencyKeyReusedError(
            "This Idempotency-Key was used before for something else.",
            "Esta Idempotency-Key ya se usó para otra cosa.",
        )
    stored = await submissions.by_id(connection, arrival.id)
    assert stored is not None  # noqa: S101 - of this transaction
    return stored
