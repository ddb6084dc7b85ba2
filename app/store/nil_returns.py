"""Nil returns, and how many observations there are of each period."""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Sequence
from dataclasses import dataclass

from app.store.types import Connection, Record

_LOCK = "SELECT id FROM agreement WHERE id = $1 AND active FOR UPDATE"
_INSERT = """
INSERT INTO nil_return (agreement_id, period, submission_id, note) VALUES ($1, $2, $3, $4)
ON CONFLICT DO NOTHING
"""
_OF_AGREEMENT = """
SELECT n.agreement_id, n.period, n.submission_id, n.note, n.superseded_by, s.state, s.received_at
FROM nil_return AS n JOIN submission AS s ON s.id = n.submission_id
WHERE n.agreement_id = $1 AND s.state = ANY ($2) ORDER BY n.period DESC, s.received_at DESC
"""
_SUPERSEDE = """
UPDATE nil_return SET superseded_by = $3
WHERE agreement_id = $1 AND period = ANY ($2) AND superseded_by IS NULL
"""
_HOLD_AGAIN = """
UPDATE nil_return AS n SET superseded_by = NULL FROM submission AS by
WHERE n.agreement_id = $1 AND n.period = ANY ($2) AND by.id = n.superseded_by
  AND by.state IN ('rolled back', 'withdrawn')
  AND NOT EXISTS (SELECT FROM nil_return AS other JOIN submission AS s ON s.id = other.submission_id
    WHERE other.agreement_id = n.agreement_id AND other.period = n.period
      AND other.submission_id <> n.submission_id AND other.superseded_by IS NULL
      AND s.state = ANY ($3))
"""
_WITHIN = """
  AND ($2::date IS NULL OR last_period >= $2) AND ($3::date IS NULL OR first_period <= $3)
"""
_COUNTS = " UNION ALL ".join(
    f"""
SELECT period, count(*) AS observations, {withheld} AS withheld
FROM {table}, json_array_elements_text(observations -> 'TIME_PERIOD') AS period
WHERE agreement_id = $1 AND observation_count > 0 {_WITHIN} GROUP BY period
"""  # noqa: S608 - own names
    for table, withheld in (("series", "false"), ("withheld_series", "true"))
)
_TODAY = "SELECT (clock_timestamp() AT TIME ZONE 'UTC')::date"

STANDING = ("accepted", "published")
"""States in which the submission of a nil return says something."""


@dataclass(frozen=True, slots=True)
class StoredNilReturn:
    """A nil return, with the state of its submission."""

    agreement_id: int
    period: str
    submission_id: uuid.UUID
    note: str | None
    superseded_by: uuid.UUID | None
    state: str
    received_at: dt.datetime


@dataclass(frozen=True, slots=True)
class PeriodCount:
    """Observations of a period in one of the rooms."""

    period: str
    observations: int
    withheld: bool


async def today(connection: Connection) -> dt.date:
    """The day by the clock of the database."""
    day: dt.date = await connection.fetchval(_TODAY)
    return day


async def lock(connection: Connection, agreement: int) -> bool:
    """Lock an agreement against publications; False: it has ended."""
    return await connection.fetchval(_LOCK, agreement) is not None


async def insert(
    connection: Connection, agreement: int, period: str, submission: uuid.UUID, note: str | None
) -> None:
    """Store a nil return; once more is no other."""
    await connection.execute(_INSERT, agreement, period, submission, note)


async def of_agreement(connection: Connection, agreement: int) -> list[StoredNilReturn]:
    """The nil returns of an agreement that stand or were superseded, the latest period first."""
    rows = await connection.fetch(_OF_AGREEMENT, agreement, list(STANDING))
    return [_stored(row) for row in rows]


async def supersede(
    connection: Connection, agreement: int, periods: Sequence[str], submission: uuid.UUID
) -> None:
    """Mark nil returns of which data came."""
    await connection.execute(_SUPERSEDE, agreement, list(periods), submission)


async def hold_again(connection: Connection, agreement: int, periods: Sequence[str]) -> None:
    """Let nil returns hold whose data came with submissions that are undone by now."""
    await connection.execute(_HOLD_AGAIN, agreement, list(periods), list(STANDING))


async def count_periods(
    connection: Connection,
    agreement: int,
    first: dt.date | None = None,
    last: dt.date | None = None,
) -> list[PeriodCount]:
    """Observations by period and room, of series that touch the days."""
    rows = await connection.fetch(_COUNTS, agreement, first, last)
    return [PeriodCount(row["period"], row["observations"], row["withheld"]) for row in rows]


def _stored(row: Record) -> StoredNilReturn:
    return StoredNilReturn(**dict(row))
