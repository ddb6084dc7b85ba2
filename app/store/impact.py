"""How many series use codes, and which layouts agreements have."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final, Literal, TypeAlias

from app.store.types import Connection, Record

_OF_KEYS: Final = """
SELECT asked.code, s.agreement_id, count(*) AS series, sum(s.observation_count) AS observations
FROM unnest($2::text[]) AS asked (code) JOIN series AS s
  ON s.dataflow_id = $1 AND s.observation_count > 0
  AND series_terms(s.dataflow_id, s.key) @> ARRAY[$3 || asked.code]
GROUP BY asked.code, s.agreement_id
"""
_OF_VALUES: Final = """
SELECT asked.code, s.agreement_id, count(*) AS series, sum(s.observation_count) AS observations
FROM series AS s JOIN unnest($2::text[]) AS asked (code)
  ON strpos((s.{part} -> $3)::text, '"' || asked.code || '"') > 0
WHERE s.dataflow_id = $1 AND s.observation_count > 0 AND s.agreement_id = ANY ($4::integer[])
GROUP BY asked.code, s.agreement_id
"""
_OF_ATTACHMENTS: Final = """
SELECT asked.code, a.agreement_id, count(*) AS series, 0 AS observations
FROM attachment AS a JOIN unnest($2::text[]) AS asked (code)
  ON strpos((a.attributes -> $3)::text, '"' || asked.code || '"') > 0
WHERE a.agreement_id = ANY ($1::integer[])
GROUP BY asked.code, a.agreement_id
"""
_LAYOUTS: Final = """
SELECT a.urn, a.provider, l.name FROM layout_profile AS l JOIN agreement AS a
  ON a.id = l.agreement_id
WHERE a.urn = ANY ($1::text[]) ORDER BY a.urn, l.name
"""


Part: TypeAlias = Literal["observations", "attributes"]
"""Where the values of an attribute or measure stand in a series."""


@dataclass(frozen=True, slots=True)
class Use:
    """How many public series of an agreement have a code; figures are all those of the series."""

    code: str
    agreement: int
    series: int
    observations: int


@dataclass(frozen=True, slots=True)
class NamedLayout:
    """A layout of an agreement."""

    agreement: str
    provider: str
    name: str


async def uses_in_keys(
    connection: Connection, dataflow: int, position: int, codes: Sequence[str]
) -> list[Use]:
    """The codes of a dimension that public series of a dataflow have; those without are left out.

    Args:
        connection: that reads the public room.
        dataflow: number of the dataflow.
        position: of the dimension in the key, from 1.
        codes: the codes that are asked for.
    """
    rows = await connection.fetch(_OF_KEYS, dataflow, list(codes), f"{dataflow}.{position}=")
    return _read(rows)


async def uses_in_values(
    connection: Connection,
    dataflow: int,
    agreements: Sequence[int],
    component: str,
    codes: Sequence[str],
    *,
    part: Part,
) -> list[Use]:
    """The codes that an attribute or a measure has in public series of a dataflow."""
    query = _OF_VALUES.format(part=part)
    rows = await connection.fetch(query, dataflow, list(codes), component, list(agreements))
    return _read(rows)


async def uses_above(
    connection: Connection, agreements: Sequence[int], component: str, codes: Sequence[str]
) -> list[Use]:
    """The codes that an attribute above the series has; `series` counts where it stands."""
    rows = await connection.fetch(_OF_ATTACHMENTS, list(agreements), list(codes), component)
    return _read(rows)


def _read(rows: Iterable[Record]) -> list[Use]:
    found = (Use(r["code"], r["agreement_id"], r["series"], r["observations"]) for r in rows)
    return sorted(found, key=lambda use: (use.code, use.agreement))


async def layouts(connection: Connection, agreements: Sequence[str]) -> list[NamedLayout]:
    """The layouts of agreements."""
    rows = await connection.fetch(_LAYOUTS, list(agreements))
    return [NamedLayout(row["urn"], row["provider"], row["name"]) for row in rows]
