"""How many series use codes, and which layouts agreements have."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from app.store.types import Connection

_USES: Final = """
SELECT asked.term, count(s.key) AS series, coalesce(sum(s.observation_count), 0) AS observations
FROM unnest($2::text[]) AS asked (term)
LEFT JOIN series AS s ON s.dataflow_id = $1 AND s.observation_count > 0
  AND series_terms(s.dataflow_id, s.key) @> ARRAY[asked.term]
GROUP BY asked.term
"""
_LAYOUTS: Final = """
SELECT a.urn, a.provider, l.name FROM layout_profile AS l JOIN agreement AS a
  ON a.id = l.agreement_id
WHERE a.urn = ANY ($1::text[]) ORDER BY a.urn, l.name
"""


@dataclass(frozen=True, slots=True)
class Use:
    """How many public series of a dataflow have a code."""

    code: str
    series: int
    observations: int


@dataclass(frozen=True, slots=True)
class NamedLayout:
    """A layout of an agreement."""

    agreement: str
    provider: str
    name: str


async def uses(
    connection: Connection, dataflow: int, position: int, codes: Sequence[str]
) -> list[Use]:
    """The codes of a dimension that public series of a dataflow have; those without are left out.

    Args:
        connection: that reads the public room.
        dataflow: number of the dataflow.
        position: of the dimension in the key, from 1.
        codes: the codes that are asked for.
    """
    begin = f"{dataflow}.{position}="
    rows = await connection.fetch(_USES, dataflow, [begin + code for code in codes])
    found = [
        Use(row["term"].removeprefix(begin), row["series"], row["observations"]) for row in rows
    ]
    return sorted((one for one in found if one.series), key=lambda one: one.code)


async def layouts(connection: Connection, agreements: Sequence[str]) -> list[NamedLayout]:
    """The layouts of agreements."""
    rows = await connection.fetch(_LAYOUTS, list(agreements))
    return [NamedLayout(row["urn"], row["provider"], row["name"]) for row in rows]
