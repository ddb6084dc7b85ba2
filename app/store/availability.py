"""Counting what there is: series and observations by code, without reading the observations."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass, field

from app.sdmx.slices import SeriesSelection
from app.store.conditions import Conditions, series_conditions
from app.store.series import Source
from app.store.types import Connection


@dataclass(slots=True)
class Tally:
    """What a selection holds.

    Attributes:
        codes: the codes that occur, by position of the key.
        series: number of series.
        observations: number of observations.
        first_day: first day of the earliest period.
        last_day: last day of the latest period.
    """

    codes: dict[int, set[str]] = field(default_factory=dict)
    series: int = 0
    observations: int = 0
    first_day: dt.date | None = None
    last_day: dt.date | None = None

    def add(self, other: Tally) -> None:
        """Add what another selection holds."""
        for position, codes in other.codes.items():
            self.codes.setdefault(position, set()).update(codes)
        self.series += other.series
        self.observations += other.observations
        self.extend(other.first_day, other.last_day)

    def extend(self, first: dt.date | None, last: dt.date | None) -> None:
        """Take in a stretch of time."""
        self.first_day = min(filter(None, (self.first_day, first)), default=None)
        self.last_day = max(filter(None, (self.last_day, last)), default=None)


async def count_series(
    connection: Connection,
    source: Source,
    selection: SeriesSelection,
    positions: Sequence[int],
    *,
    within: bool = False,
) -> Tally:
    """Count current public series, and the codes at some positions.

    `within` counts only the series that lie inside the bounds of time altogether; those that
    straddle them have to be read.
    """
    parameters: list[object] = [source.agreement]
    conditions = series_conditions(selection, source.dataflow, parameters)
    if within:
        conditions.parts.append(conditions.inside(selection))
    distinct = ", ".join(
        f"array_agg(DISTINCT key[{position + 1:d}]) AS codes_{position:d}" for position in positions
    )
    row = await connection.fetchrow(
        f"""
        SELECT {distinct + "," if distinct else ""} count(*) AS series,
          coalesce(sum(observation_count), 0)::bigint AS observations,
          min(first_period) AS first_day, max(last_period) AS last_day
        FROM series
        WHERE agreement_id = $1 AND observation_count > 0
          AND {conditions.sql}{_unshadowed(source, conditions)}
        """,  # noqa: S608 - positions are numbers, the rest is ours
        *parameters,
    )
    assert row is not None  # noqa: S101 - an aggregate without groups has one row
    return Tally(
        {position: set(row[f"codes_{position}"] or ()) for position in positions},
        row["series"],
        row["observations"],
        row["first_day"],
        row["last_day"],
    )


def _unshadowed(source: Source, conditions: Conditions) -> str:
    if not source.shadowed_by:
        return ""
    higher = conditions.parameter(list(source.shadowed_by))
    return (
        " AND key NOT IN (SELECT key FROM series "  # noqa: S608 - own text
        f"WHERE agreement_id = ANY ({higher}::integer[]) AND observation_count > 0)"
    )
