"""Where a figure comes from: its versions, and the publications and submissions that made them."""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Any, Final

import orjson

from app.sdmx.undo import Acts, Past
from app.store.pasts import read_acts, read_entries, read_past
from app.store.types import Connection

_PUBLIC: Final = """
SELECT array_agg(ARRAY[publication_id::text, 'public', action, observations::text,
  attributes::text]) FROM change
WHERE agreement_id = $1 AND key = $2::text[] AND action <> 'Attachment'
"""
_FACTS: Final = """
SELECT l.publication_id, l.sequence, l.public_sequence, l.published_at, l.action,
  s.id AS submission, s.kind, s.state, s.organisation, s.client_id, s.approval, s.approved_by,
  s.file_name, s.mapping::text AS mapping, s.options ->> 'ordered_by' AS ordered_by,
  (SELECT r.jws FROM receipt AS r WHERE r.submission_id = s.id AND r.kind = 'decision'
    ORDER BY r.number DESC LIMIT 1) AS jws,
  (SELECT r.id FROM receipt AS r WHERE r.submission_id = s.id AND r.kind = 'decision'
    ORDER BY r.number DESC LIMIT 1) AS receipt
FROM ledger AS l LEFT JOIN submission AS s ON s.publication_id = l.publication_id
WHERE l.publication_id = ANY ($1::bigint[])
"""


@dataclass(frozen=True, slots=True)
class Made:
    """The publication that made a version, and the submission that it was.

    Attributes:
        public_sequence: its number in the public ledger; nothing where it showed the public
            nothing.
        jws: the signed receipt of the decision.
        ordered_by: who ordered a re-harmonisation.
    """

    publication_id: int
    sequence: int
    public_sequence: int | None
    published_at: dt.datetime
    action: str
    submission: uuid.UUID | None
    kind: str | None
    state: str | None
    organisation: str | None
    client_id: str | None
    approval: str | None
    approved_by: str | None
    file_name: str | None
    mapping: list[dict[str, Any]]
    ordered_by: str | None
    jws: str | None
    receipt: uuid.UUID | None


async def acts_of(connection: Connection, agreement: int) -> Acts:
    """The publications of an agreement in their order."""
    acts, _ = await read_acts(connection, agreement)
    return acts


async def public_past(
    connection: Connection, agreement: int, key: Sequence[str], acts: Acts
) -> Past:
    """The past of a series as the public may see it; by a connection that sees no more."""
    told = await connection.fetchval(_PUBLIC, agreement, list(key))
    return Past.replay(read_entries(told), acts)


async def whole_past(
    connection: Connection, agreement: int, key: Sequence[str], acts: Acts
) -> Past:
    """The past of a series over both rooms."""
    return await read_past(connection, agreement, key, acts)


async def made_by(connection: Connection, publications: Collection[int]) -> dict[int, Made]:
    """The publications by id."""
    return {
        row["publication_id"]: Made(
            **{
                **dict(row),
                "mapping": [] if row["mapping"] is None else orjson.loads(row["mapping"]),
            }
        )
        for row in await connection.fetch(_FACTS, list(publications))
    }
