"""What the agreements of a provider hold: series, observations, and the time that they cover."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass

from app.store.types import Connection

_COVERAGE = """
SELECT agreement_id, count(DISTINCT key) AS series, sum(observation_count)::bigint AS observations,
  min(first_period) AS first_day, max(last_period) AS last_day
FROM (
  SELECT agreement_id, key, observation_count, first_period, last_period FROM series
  WHERE agreement_id = ANY ($1) AND observation_count > 0
  UNION ALL
  SELECT agreement_id, key, observation_count, first_period, last_period FROM withheld_series
  WHERE agreement_id = ANY ($1) AND observation_count > 0
) AS held GROUP BY agreement_id
"""


@dataclass(frozen=True, slots=True)
class Coverage:
    """What an agreement holds, in both rooms.

    Attributes:
        first_day: first day of the earliest period.
        last_day: last day of the latest period.
    """

    series: int = 0
    observations: int = 0
    first_day: dt.date | None = None
    last_day: dt.date | None = None


async def read_coverage(connection: Connection, agreements: Sequence[int]) -> dict[int, Coverage]:
    """What agreements hold, by number; those that hold nothing are not in it."""
    rows = await connection.fetch(_COVERAGE, list(agreements))
    return {
        row["agreement_id"]: Coverage(
            row["series"], row["observations"], row["first_day"], row["last_day"]
        )
        for row in rows
    }
