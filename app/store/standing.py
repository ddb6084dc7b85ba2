"""The states of submissions that follow from what other publications did to theirs."""

from __future__ import annotations

import uuid
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

from app.sdmx.undo import Undoing
from app.store.locks import AT_LENGTH, SHORTLY, busy_when_locked
from app.store.submissions import UNDECIDED
from app.store.types import Connection

UNDOABLE = ("published", "awaiting release", "superseded")
"""States of submissions that may be rolled back or withdrawn."""

FALLEN: Mapping[Undoing, str] = {"rollback": "rolled back", "withdrawal": "withdrawn"}

_LOCK = "SELECT organisation, kind, state, publication_id FROM submission WHERE id = $1 FOR UPDATE"
_CHILD = """
SELECT id, kind, state FROM submission
WHERE parent_id = $1 AND kind IN ('rollback', 'withdrawal', 'redaction')
  AND state <> ALL ($2::text[])
ORDER BY received_at DESC LIMIT 1
"""
_FALL = "UPDATE submission SET state = $2 WHERE id = ANY ($1::uuid[]) RETURNING id"
_STAND = """
UPDATE submission SET state = CASE WHEN release_at > clock_timestamp() THEN 'awaiting release'
  ELSE 'published' END
WHERE id = ANY ($1::uuid[]) AND state = ANY ($2::text[])
RETURNING id
"""
_FORGET_WITNESS = """
DELETE FROM witness WHERE publication_id IN (
  SELECT publication_id FROM submission WHERE id = ANY ($1::uuid[])
)
"""


_REPLACED_BY = """
SELECT options ->> 'supersedes' AS replaced, id FROM submission
WHERE organisation = $1 AND options ->> 'supersedes' = ANY ($2::text[]) AND state = ANY ($3::text[])
ORDER BY sequence
"""


@dataclass(frozen=True, slots=True)
class Standing:
    """How a submission stands, under its lock.

    Attributes:
        publication: its publication, if there is one.
        undone_by: the submission that undid it or is about to, and the kind of that.
        is_pending: whether that one is not decided yet.
    """

    organisation: str
    kind: str
    state: str
    publication: int | None
    undone_by: tuple[uuid.UUID, str] | None
    is_pending: bool


async def lock_shortly(connection: Connection, submission: uuid.UUID) -> Standing | None:
    """Lock a submission for a request, which waits two seconds at most.

    Raises:
        ConflictError: it is being decided at this moment.
    """
    with busy_when_locked():
        await connection.execute(SHORTLY)
        stands = await lock(connection, submission)
        await connection.execute(AT_LENGTH)
    return stands


async def lock(connection: Connection, submission: uuid.UUID) -> Standing | None:
    """Lock a submission and tell how it stands."""
    row = await connection.fetchrow(_LOCK, submission)
    if row is None:
        return None
    ended = ["rejected", "cancelled", "broken", "rolled back", "validated"]
    child = await connection.fetchrow(_CHILD, submission, ended)
    return Standing(
        row["organisation"],
        row["kind"],
        row["state"],
        row["publication_id"],
        None if child is None else (child["id"], child["kind"]),
        child is not None and (child["state"] in UNDECIDED or child["state"] == "accepted"),
    )


async def replaced_by(
    connection: Connection, organisation: str, submissions: Collection[uuid.UUID]
) -> dict[uuid.UUID, uuid.UUID]:
    """The published files of an organisation that replace submissions whole, by what they replace.

    Of several that replaced the same one it is the last.
    """
    named = [str(each) for each in submissions]
    rows = await connection.fetch(_REPLACED_BY, organisation, named, list(UNDOABLE))
    return {uuid.UUID(row["replaced"]): row["id"] for row in rows}


async def fall(
    connection: Connection, submissions: Collection[uuid.UUID], state: str
) -> list[uuid.UUID]:
    """Call submissions undone; returns those that were."""
    return [row["id"] for row in await connection.fetch(_FALL, list(submissions), state)]


async def stand_again(
    connection: Connection, submissions: Collection[uuid.UUID], states: Sequence[str]
) -> list[uuid.UUID]:
    """Call submissions published that were in one of the states, and have figures again.

    Returns those that were.
    """
    rows = await connection.fetch(_STAND, list(submissions), list(states))
    # Where they are current has to be looked for anew.
    await connection.execute(_FORGET_WITNESS, list(submissions))
    return [row["id"] for row in rows]
