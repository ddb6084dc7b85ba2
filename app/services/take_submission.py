"""Taking a submission that may have been sent before: as a new one, or as the one that is there."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from app.errors import ConflictError, IdempotencyKeyReusedError, RepeatedContentError
from app.services.admit_submission import admit_submission
from app.store import submissions
from app.store.submissions import Arrival, StoredSubmission
from app.store.types import Connection

REPEATABLE: Final = (
    *submissions.UNDECIDED,
    "accepted",
    "awaiting release",
    "published",
    "superseded",
)
"""States of which the same bytes again are no new submission."""


async def take_submission(
    connection: Connection,
    arrival: Arrival,
    parts: Sequence[bytes],
    *,
    practice: bool,
    again: bool,
) -> tuple[StoredSubmission, bool]:
    """Store a submission with its receipt and enqueue it, or find the one that it repeats.

    Args:
        connection: in the transaction that acknowledges.
        arrival: what is known of it.
        parts: its bytes as `submissions.insert` takes them; none where they are stored already.
        practice: whether the tables are those of the practice space.
        again: whether it is wanted although the same was sent before.

    Returns:
        The submission, and whether it is a new one.

    Raises:
        IdempotencyKeyReusedError: the key was used with other bytes, or for another sending.
        RepeatedContentError: the same was published, and figures of its agreements changed since.
    """
    key = arrival.idempotency_key
    found = None
    if key is not None:
        found = await submissions.by_idempotency_key(connection, arrival.client_id, key)
    if found is None and not again:
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
    if _asked(found) != _asked(arrival):
        raise IdempotencyKeyReusedError(
            "This Idempotency-Key was used before with another file, or with other options.",
            "Esta Idempotency-Key ya se usó con otro archivo, o con otras opciones.",
            submission=str(found.id),
        )
    return found, False


def _asked(arrival: Arrival) -> tuple[object, ...]:
    """All that makes a sending another one; a dry run is not the sending that follows it."""
    return (
        arrival.sha256,
        arrival.kind,
        arrival.validate_only,
        arrival.content_type,
        arrival.content_encoding,
        dict(arrival.options),
        arrival.corrections if arrival.corrections is None else list(arrival.corrections),
        arrival.parent_id,
    )


async def check_overtaken(connection: Connection, stored: StoredSubmission) -> None:
    """See that nothing changed the figures of a published submission.

    Raises:
        RepeatedContentError: something did; to publish its figures again would bring them back.
    """
    if stored.sequence is None or not await submissions.changed_since(connection, stored):
        return
    raise RepeatedContentError(
        f"This file was published before, on {stored.decided_at:%Y-%m-%d}, and others changed "
        "figures after it: to publish it again would bring back old figures. If that is meant, "
        "send it with ?again=true.",
        f"Este archivo ya se publicó el {stored.decided_at:%Y-%m-%d} y otros cambiaron cifras "
        "después: publicarlo de nuevo traería cifras viejas. Si es lo que quiere, envíelo con "
        "?again=true.",
        repeated_of=str(stored.id),
    )


async def _repeated(connection: Connection, arrival: Arrival) -> StoredSubmission | None:
    """The submission that has the same bytes and is read in the same way.

    Raises:
        RepeatedContentError: it was published, and figures of its agreements changed after it.
    """
    states = submissions.UNDECIDED if arrival.validate_only else REPEATABLE
    found = await submissions.same_content(connection, arrival, list(states))
    if found is not None:
        await check_overtaken(connection, found)
    return found
