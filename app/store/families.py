"""The series whose figures add up, read together: what is hidden of one depends on the others."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterable, Sequence
from typing import Final

from app.sdmx.rooms import RoomRule
from app.store.staging import terms
from app.store.types import Connection, Record

FETCH_SERIES: Final = 500

HIDDEN: Final = (
    "array_agg(ARRAY[observations::text, attributes::text] ORDER BY release_at) AS hidden"
)
"""What waits of a series, of rows of `withheld_series`."""

_MEMBERS: Final = f"""
SELECT reached.key, NULL::bytea[] AS segments, s.observations, s.attributes, w.hidden
FROM (
  SELECT m.key FROM unnest($2::text[]) AS f (listed), LATERAL (
    SELECT key FROM series
    WHERE agreement_id = $1
      AND series_terms(dataflow_id, key) @> string_to_array(f.listed, E'\x1f')
    UNION
    SELECT key FROM withheld_series
    WHERE agreement_id = $1
      AND series_terms(dataflow_id, key) @> string_to_array(f.listed, E'\x1f')
  ) AS m
) AS reached
LEFT JOIN series AS s ON s.agreement_id = $1 AND s.key = reached.key
LEFT JOIN LATERAL (
  SELECT {HIDDEN} FROM withheld_series WHERE agreement_id = $1 AND key = reached.key
) AS w ON true
"""  # noqa: S608 - own text


def by_family(statement: str, rule: RoomRule) -> str:
    """A statement on series in the order of their families, where more than one series matters."""
    if not rule.sums or not rule.family:
        return statement
    order = ", ".join(f"every.key[{int(place) + 1}]" for place in rule.family)
    return f"SELECT every.* FROM ({statement}) AS every ORDER BY {order}"  # noqa: S608 - own text


async def members(
    connection: Connection,
    agreement: int,
    dataflow: int,
    rule: RoomRule,
    families: Iterable[Sequence[str]],
) -> AsyncIterator[Record]:
    """All series of families, with what waits of them."""
    listed = ["\x1f".join(family_terms(dataflow, rule, family)) for family in families]
    async for row in connection.cursor(_MEMBERS, agreement, listed, prefetch=FETCH_SERIES):
        yield row


def family_terms(dataflow: int, rule: RoomRule, family: Sequence[str]) -> list[str]:
    """A family as the terms that its series have in common."""
    size = max(rule.family, default=-1) + 1
    key: list[str | None] = [None] * size
    for place, code in zip(rule.family, family, strict=True):
        key[place] = code
    return terms(dataflow, key)
