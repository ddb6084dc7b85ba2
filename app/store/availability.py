"""Counting what there is: series and observations by code, without reading the observations."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass, field

import orjson

from app.sdmx.series import TIME
from app.sdmx.slices import SeriesSelection
from app.store.conditions import series_conditions
from app.store.series import Source, unshadowed
from app.store.types import Connection

MOST_GROUPED = 31


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
    visible = unshadowed(source, conditions)
    tally = Tally({position: set() for position in positions})
    for part in _parts(positions):
        keys = [f"key[{position + 1:d}]" for position in part]
        named = f"GROUPING ({', '.join(keys)})" if keys else "0"
        code = f"coalesce({', '.join(keys)})" if keys else "NULL::text"
        sets = ", ".join([*(f"({key})" for key in keys), "()"])
        rows = await connection.fetch(
            f"""
            SELECT {named} AS open, {code} AS code, count(*) AS series,
              coalesce(sum(observation_count), 0)::bigint AS observations,
              min(first_period) AS first_day, max(last_period) AS last_day
            FROM series
            WHERE agreement_id = $1 AND observation_count > 0
              AND {conditions.sql}{visible}
            GROUP BY GROUPING SETS ({sets})
            """,  # noqa: S608 - positions are numbers, the rest is ours
            *parameters,
        )
        everything = (1 << len(part)) - 1
        # GROUPING has a bit for each column, the first one highest; 0 is the one grouped by.
        by_mask = {
            everything ^ (1 << (len(part) - 1 - place)): position
            for place, position in enumerate(part)
        }
        for row in rows:
            position = by_mask.get(row["open"])
            if position is not None and part:
                tally.codes[position].add(row["code"])
            else:
                tally.series, tally.observations = row["series"], row["observations"]
                tally.first_day, tally.last_day = row["first_day"], row["last_day"]
    return tally


@dataclass(frozen=True, slots=True)
class SameTimes:
    """Series that have observations for the same time periods.

    Attributes:
        times: the time periods.
        series: how many series.
        codes: the codes that occur in them, by position of the key.
    """

    times: list[str]
    series: int
    codes: dict[int, set[str]]


async def straddling_series(
    connection: Connection, source: Source, selection: SeriesSelection, positions: Sequence[int]
) -> list[SameTimes]:
    """The series that a bound of time cuts, by their time periods.

    A document begins with its time periods: they are compared as text, and read once for all
    series that share them.
    """
    parameters: list[object] = [source.agreement]
    conditions = series_conditions(selection, source.dataflow, parameters)
    conditions.parts.append(f"NOT ({conditions.inside(selection)})")
    codes = "".join(
        f", array_agg(DISTINCT key[{position + 1:d}]) AS codes_{position:d}"
        for position in positions
    )
    rows = await connection.fetch(
        f"""
        SELECT times, count(*) AS series{codes}
        FROM (
          SELECT key, split_part(observations::text, ']', 1) AS times FROM series
          WHERE agreement_id = $1 AND observation_count > 0
            AND {conditions.sql}{unshadowed(source, conditions)}
        ) AS cut GROUP BY times
        """,  # noqa: S608 - positions are numbers, the rest is ours
        *parameters,
    )
    return [
        SameTimes(
            orjson.loads(row["times"] + "]}")[TIME],
            row["series"],
            {position: set(row[f"codes_{position}"]) for position in positions},
        )
        for row in rows
    ]


def _parts(positions: Sequence[int]) -> list[Sequence[int]]:
    """Positions in parts that GROUPING takes at once; one empty part for no positions."""
    return [
        positions[start : start + MOST_GROUPED]
        for start in range(0, max(len(positions), 1), MOST_GROUPED)
    ]
