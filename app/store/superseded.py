"""Which submissions have no observation left that is current.

Each submission has a witness: one of its observations that was current when last looked at. A
publication can only have superseded those whose witness it touched; of these another witness is
looked for, and where there is none the submission is superseded. That is decided under the locks
of the agreements, and only if nothing was published since the search.
"""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from dataclasses import dataclass

from app.sdmx.undo import has_written, is_current
from app.store import jobs
from app.store.pasts import read_acts, read_past, read_pasts
from app.store.types import Connection

JOB = "settle-superseded"
PRACTICE_JOB = "settle-superseded-practice"
PRIORITY = -1
"""After the submissions that wait."""

NEVER = 0
"""The agreement of a witness that says: wrote no observation."""

_IS_PRACTICE = "SELECT current_schema() = 'practice'"
_CANDIDATES = """
SELECT s.id, s.publication_id, w.agreement_id, w.key, w.period
FROM submission AS s LEFT JOIN witness AS w ON w.publication_id = s.publication_id
WHERE s.organisation IN (SELECT provider FROM agreement WHERE id = ANY ($2::integer[]))
  AND s.state IN ('published', 'awaiting release')
  AND s.kind NOT IN ('rollback', 'withdrawal', 'redaction')
  AND s.publication_id IS NOT NULL
  AND s.agreements && (SELECT array_agg(urn) FROM agreement WHERE id = ANY ($2::integer[]))
  AND (w.publication_id IS NULL
    OR EXISTS (SELECT FROM change AS c WHERE c.agreement_id = w.agreement_id
      AND c.key = w.key AND c.publication_id = $1)
    OR EXISTS (SELECT FROM withheld_change AS c WHERE c.agreement_id = w.agreement_id
      AND c.key = w.key AND c.publication_id = $1)
    OR EXISTS (SELECT FROM confirmed AS c WHERE c.agreement_id = w.agreement_id
      AND c.key = w.key AND c.publication_id = $1))
ORDER BY s.sequence
"""
_AGREEMENTS = "SELECT agreement_ids FROM ledger WHERE publication_id = $1"
_LAST = "SELECT max(sequence) FROM ledger WHERE agreement_ids && $1::integer[]"
_LOCK = "SELECT id FROM agreement WHERE id = ANY ($1::integer[]) ORDER BY id FOR UPDATE"
_PUT = """
INSERT INTO witness (publication_id, agreement_id, key, period) VALUES ($1, $2, $3, $4)
ON CONFLICT (publication_id) DO UPDATE SET
  agreement_id = excluded.agreement_id, key = excluded.key, period = excluded.period
"""
_MARK = """
UPDATE submission SET state = 'superseded'
WHERE id = $1 AND state IN ('published', 'awaiting release')
"""


@dataclass(frozen=True, slots=True)
class Candidate:
    """A submission that a publication may have superseded, and where it was current last."""

    submission: uuid.UUID
    publication: int
    witness: tuple[int, Sequence[str]] | None


@dataclass(frozen=True, slots=True)
class Found:
    """What a search found.

    Attributes:
        witness: agreement, key and time period of an observation that is current.
        wrote: whether the submission wrote any observation at all.
        seen: sequence number of the last publication that the search saw.
    """

    witness: tuple[int, Sequence[str], str] | None
    wrote: bool
    seen: int


async def look_later(connection: Connection, publication: int) -> None:
    """Enqueue the look at those that a publication may have superseded, in its transaction."""
    name = PRACTICE_JOB if await connection.fetchval(_IS_PRACTICE) else JOB
    await jobs.enqueue(connection, name, str(publication), PRIORITY)


async def candidates(connection: Connection, publication: int) -> list[Candidate]:
    """The submissions whose witness a publication touched, or that have none yet."""
    agreements = await connection.fetchval(_AGREEMENTS, publication)
    return [
        Candidate(
            row["id"],
            row["publication_id"],
            None if row["agreement_id"] is None else (row["agreement_id"], row["key"]),
        )
        for row in await connection.fetch(_CANDIDATES, publication, agreements or [])
    ]


async def search(connection: Connection, candidate: Candidate) -> Found:
    """Look for an observation of a submission that is current, where one was first."""
    async with connection.transaction(isolation="repeatable_read", readonly=True):
        agreements = await connection.fetchval(_AGREEMENTS, candidate.publication)
        seen = await connection.fetchval(_LAST, agreements)
        publication, wrote = candidate.publication, False
        if candidate.witness is not None and candidate.witness[0] != NEVER:
            number, key = candidate.witness
            acts, _ = await read_acts(connection, number)
            past = await read_past(connection, number, key, acts)
            if (time := is_current(past, publication)) is not None:
                return Found((number, key, time), True, seen)
        for number in agreements:
            acts, _ = await read_acts(connection, number)
            async for key, past in read_pasts(connection, number, publication, acts):
                if (time := is_current(past, publication)) is not None:
                    return Found((number, key, time), True, seen)
                wrote = wrote or has_written(past, publication)
    return Found(None, wrote, seen)


async def keep_witness(connection: Connection, candidate: Candidate, found: Found) -> None:
    """Remember where a submission is current; or that it wrote no observation."""
    number, key, time = found.witness or (NEVER, (), "")
    await connection.execute(_PUT, candidate.publication, number, list(key), time)


async def mark(connection: Connection, candidate: Candidate, found: Found) -> bool:
    """Call a submission superseded; False when something was published since the search.

    No receipt is signed, nor when an undoing takes the state back: it is no decision on the
    submission, whose receipt stays true. It follows from publications that have their own
    receipts and places in the ledger, and whoever has the journal can work it out again.
    """
    async with connection.transaction():
        agreements = await connection.fetchval(_AGREEMENTS, candidate.publication)
        await connection.execute(_LOCK, agreements)
        if await connection.fetchval(_LAST, agreements) != found.seen:
            return False
        await connection.execute(_MARK, candidate.submission)
    return True
