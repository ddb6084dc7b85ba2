"""One observation as it stands in both rooms."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import orjson

from app.sdmx import series
from app.store.types import Connection

_PUBLIC: Final = """
SELECT observations::text AS observations, attributes::text AS attributes FROM series
WHERE agreement_id = $1 AND key = $2::text[]
"""
_WITHHELD: Final = """
SELECT observations::text AS observations, release_at FROM withheld_series
WHERE agreement_id = $1 AND key = $2::text[] ORDER BY release_at
"""


@dataclass(frozen=True, slots=True)
class Cell:
    """An observation.

    Attributes:
        public: what the public room has of it, a marker or all; None: nothing.
        withheld: what the other room has of it.
        release_at: when that is released; the end of the calendar: never.
        attributes: public attributes of its series.
    """

    public: Mapping[str, Any] | None
    withheld: Mapping[str, Any] | None
    release_at: dt.datetime | None
    attributes: Mapping[str, Any]


async def read_cell(
    connection: Connection, agreement: int, key: Sequence[str], period: str
) -> Cell:
    """The observation of a key and a period, as written; empty without time."""
    public, attributes = None, {}
    row = await connection.fetchrow(_PUBLIC, agreement, list(key))
    if row is not None:
        public = series.observations(orjson.loads(row["observations"])).get(period)
        attributes = orjson.loads(row["attributes"])
    for row in await connection.fetch(_WITHHELD, agreement, list(key)):
        waiting = series.observations(orjson.loads(row["observations"])).get(period)
        if waiting is not None:
            release = row["release_at"].replace(tzinfo=dt.UTC)  # infinity comes without a zone
            return Cell(public, waiting, release, attributes)
    return Cell(public, None, None, attributes)
