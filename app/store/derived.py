"""Computed dataflows: how far each has come, and what of it differs from what was computed.

`through_sequence` moves in the transaction that publishes, so that whatever is cut off is done
again from where it was. The row of a computed dataflow is the lock of those who compute it.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

import orjson

from app.sdmx import series
from app.sdmx.actions import Segment
from app.sdmx.computed_series import Computed as Computed
from app.sdmx.series import EMPTY, TIME, Document
from app.store import jobs, staging
from app.store.types import Connection

JOB = "derive"
PRIORITY = -2
"""After the submissions that wait, and after what was superseded."""

_IS_PRACTICE = "SELECT current_schema() = 'practice'"
_LAST = """
SELECT coalesce(max(sequence), 0) AS sequence, coalesce(max(public_sequence), 0) AS told
FROM (
  (SELECT sequence, public_sequence FROM ledger ORDER BY sequence DESC LIMIT 1)
  UNION ALL
  (SELECT sequence, public_sequence FROM ledger
   WHERE public_sequence IS NOT NULL ORDER BY public_sequence DESC LIMIT 1)
) AS ends
"""
_STATE = "SELECT through_sequence, computed_at, facts FROM derived WHERE dataflow = $1"
_STATES = "SELECT dataflow, through_sequence, computed_at, facts FROM derived"
_BEGIN = """
INSERT INTO derived (dataflow, through_sequence, computed_at, facts)
VALUES ($1, 0, clock_timestamp(), '{}') ON CONFLICT (dataflow) DO NOTHING
"""
_LOCK = "SELECT through_sequence FROM derived WHERE dataflow = $1 FOR UPDATE"
_ADVANCE = """
UPDATE derived SET through_sequence = $2, computed_at = clock_timestamp(), facts = $3
WHERE dataflow = $1
"""
_STAND_STILL = """
UPDATE derived SET through_sequence = greatest(through_sequence, $2),
  computed_at = clock_timestamp()
WHERE dataflow = ANY ($1::text[]) AND through_sequence < $2
"""
_WRITTEN = """
SELECT agreement, max(sequence) AS sequence
FROM ledger, unnest(agreement_ids) AS agreement
WHERE sequence > $1 AND sequence <= $2 GROUP BY agreement
"""
_PROGRESS = """
SELECT d.dataflow, d.computed_at, told.public_sequence, EXISTS (
  SELECT FROM ledger AS l WHERE l.sequence > d.through_sequence
    AND l.public_sequence IS NOT NULL AND l.action <> 'derivation'
) AS is_behind
FROM derived AS d LEFT JOIN LATERAL (
  SELECT public_sequence FROM ledger
  WHERE public_sequence IS NOT NULL AND sequence <= d.through_sequence
  ORDER BY sequence DESC LIMIT 1
) AS told ON true
"""
_STORED = """
SELECT s.key, s.observations, s.attributes
FROM unnest($2::text[]) AS listed (key)
JOIN series AS s ON s.agreement_id = $1 AND s.key = string_to_array(listed.key, E'\x1f')
"""


@dataclass(frozen=True, slots=True)
class DerivedState:
    """How far a computed dataflow has come.

    Attributes:
        through: the last sequence number of the ledger that it knows.
        facts: what the computation keeps for its next turn.
    """

    through: int
    computed_at: dt.datetime | None
    facts: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Seen:
    """The end of the ledger in a snapshot: of all publications, and of those that all may see."""

    sequence: int
    public_sequence: int


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a computed dataflow has come, in numbers of the public ledger.

    Attributes:
        is_behind: whether reported data were published since.
    """

    public_sequence: int
    computed_at: dt.datetime
    is_behind: bool


async def look_later(connection: Connection, about: str) -> None:
    """Enqueue the computation, in the transaction of what it has to see; not for practice."""
    if not await connection.fetchval(_IS_PRACTICE):
        await jobs.enqueue(connection, JOB, about, PRIORITY)


@asynccontextmanager
async def snapshot(connection: Connection) -> AsyncIterator[Seen]:
    """One moment of the public room, to compute from; only temporary tables can be written."""
    async with connection.transaction(isolation="repeatable_read", readonly=True):
        yield await last_seen(connection)


async def last_seen(connection: Connection) -> Seen:
    """The end of the ledger."""
    row = await connection.fetchrow(_LAST)
    assert row is not None  # noqa: S101 - an aggregate has one row
    return Seen(row["sequence"], row["told"])


async def state(connection: Connection, dataflow: str) -> DerivedState:
    """How far a computed dataflow has come; nowhere, before the first time."""
    row = await connection.fetchrow(_STATE, dataflow)
    if row is None:
        return DerivedState(0, None, {})
    return DerivedState(row["through_sequence"], row["computed_at"], orjson.loads(row["facts"]))


async def states(connection: Connection) -> dict[str, DerivedState]:
    """The same of all that were computed, by URN of the dataflow."""
    return {
        row["dataflow"]: DerivedState(
            row["through_sequence"], row["computed_at"], orjson.loads(row["facts"])
        )
        for row in await connection.fetch(_STATES)
    }


async def lock(connection: Connection, dataflow: str) -> int:
    """Lock a computed dataflow until the transaction ends, and tell how far it has come."""
    await connection.execute(_BEGIN, dataflow)
    through: int = await connection.fetchval(_LOCK, dataflow)
    return through


async def advance(
    connection: Connection, dataflow: str, through: int, facts: Mapping[str, Any]
) -> None:
    """Say how far a computed dataflow has come; to be called under its lock."""
    await connection.execute(_ADVANCE, dataflow, through, orjson.dumps(facts).decode())


async def stand_still(connection: Connection, dataflows: Sequence[str], through: int) -> None:
    """Say of computed dataflows that nothing up to a sequence number concerns them."""
    await connection.execute(_STAND_STILL, list(dataflows), through)


async def written(connection: Connection, since: int, until: int) -> dict[int, int]:
    """The agreements that were published under after `since`, with the last sequence of each."""
    rows = await connection.fetch(_WRITTEN, since, until)
    return {row["agreement"]: row["sequence"] for row in rows}


async def progress(connection: Connection) -> dict[str, Progress]:
    """By URN of a computed dataflow, how far it has come for all to see."""
    return {
        row["dataflow"]: Progress(row["public_sequence"] or 0, row["computed_at"], row["is_behind"])
        for row in await connection.fetch(_PROGRESS)
    }


async def stage_computed(
    connection: Connection, agreement: int, computed: Sequence[Computed]
) -> int:
    """Stage what differs from what is published; returns the number of series that do."""
    joined = [staging.SEPARATOR.join(one.key) for one in computed]
    stored = {
        tuple(row["key"]): (orjson.loads(row["observations"]), orjson.loads(row["attributes"]))
        for row in await connection.fetch(_STORED, agreement, joined)
    }
    records: list[staging.StageRecord] = []
    count = 0
    for key, one in zip(joined, computed, strict=True):
        old, attributes = stored.get(one.key, (EMPTY, {}))
        segments = _segments(old, attributes, one)
        count += bool(segments)
        records += [
            (agreement, key, segment.rows[0], staging.encode_segment(segment))
            for segment in segments
        ]
    if records:
        await staging.put_records(connection, records)
    return count


def _segments(old: Document, attributes: Mapping[str, Any], new: Computed) -> list[Segment]:
    """What leads from a published series to the computed one; nothing where they are the same."""
    if not new.observations[TIME]:
        if not old[TIME]:
            return []
        return [Segment("Delete", [1], {}, dict.fromkeys(attributes, True), whole_series=True)]
    put, gone = series.difference(old, series.compact(new.observations))
    names = attributes.keys() | new.attributes.keys()
    changed = {n: v for n in names if (v := new.attributes.get(n)) != attributes.get(n)}
    segments = []
    if gone:
        segments.append(Segment("Delete", [1] * len(gone), {TIME: gone}, {}))
    if put is not None or changed:
        rows = [2] * len(put[TIME]) if put else [2]
        segments.append(Segment("Replace", rows, put or {}, changed))
    return segments
