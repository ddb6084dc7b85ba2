"""What is due to be released, by the clock of the database."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

from app.store.types import Connection

# `max` of the calendar is the release time of what is confidential for good.
_DUE = """
SELECT clock.now,
  (SELECT array_agg(DISTINCT w.agreement_id ORDER BY w.agreement_id)
   FROM withheld_series AS w JOIN agreement AS a ON a.id = w.agreement_id AND a.active
   WHERE w.release_at <= clock.now) AS agreements,
  EXISTS (SELECT FROM submission WHERE state = 'awaiting release' AND release_at <= clock.now)
    AS submissions,
  extract(epoch FROM least(
    (SELECT min(release_at) FROM withheld_series WHERE release_at > clock.now),
    (SELECT min(release_at) FROM submission
     WHERE state = 'awaiting release' AND release_at > clock.now)
  ) - clock.now)::float8 AS seconds
FROM (SELECT clock_timestamp() AS now) AS clock
"""
_AGREEMENT = "SELECT urn, dataflow_id FROM agreement WHERE id = $1"


@dataclass(frozen=True, slots=True)
class Due:
    """What is due now.

    Attributes:
        now: the clock of the database.
        agreements: numbers of the agreements with observations to release.
        submissions: whether submissions wait whose last release time has passed.
        seconds: until something else is due; None when nothing waits.
    """

    now: dt.datetime
    agreements: tuple[int, ...]
    submissions: bool
    seconds: float | None


async def due(connection: Connection) -> Due:
    """Ask what is due."""
    row = await connection.fetchrow(_DUE)
    assert row is not None  # noqa: S101 - the clock always has one row
    return Due(row["now"], tuple(row["agreements"] or ()), row["submissions"], row["seconds"])


async def agreement(connection: Connection, number: int) -> tuple[str, int]:
    """URN of an agreement, and the number of its dataflow."""
    row = await connection.fetchrow(_AGREEMENT, number)
    assert row is not None  # noqa: S101 - rows of agreements are never deleted
    return row["urn"], row["dataflow_id"]
