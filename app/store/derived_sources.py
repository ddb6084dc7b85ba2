"""What computed dataflows are computed from: families of public series, and which were touched.

A family is what the dimensions that stay the same have in common, codes joined as staged keys are.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass
from operator import itemgetter

import orjson

from app.sdmx.aggregates.families import SourceSeries
from app.sdmx.intake import Key, PartialKey
from app.store.staging import SEPARATOR, terms
from app.store.types import Connection, Record

FETCH = 1000
LOOKED_UP = 100
"""Families that are looked up one by one; where there are more all series are read in order."""

_TOUCHED = """
SELECT DISTINCT array_to_string(ARRAY[{family}]::text[], E'\x1f') COLLATE "C" AS family
FROM change AS c JOIN ledger AS l ON l.publication_id = c.publication_id
WHERE l.sequence > $2 AND l.sequence <= $3 AND c.agreement_id = ANY ($1::integer[])
  AND c.action <> 'Attachment' AND array_position(c.key, NULL) IS NULL
"""
_REDACTED = """
SELECT DISTINCT array_to_string(ARRAY[{family}]::text[], E'\x1f') COLLATE "C" AS family
FROM redacted_key AS c JOIN ledger AS l ON l.publication_id = c.redaction_id
WHERE l.sequence > $2 AND l.sequence <= $3 AND c.agreement_id = ANY ($1::integer[])
"""
_IN_PERIODS = """
SELECT DISTINCT array_to_string(ARRAY[{family}]::text[], E'\x1f') COLLATE "C" AS family
FROM series WHERE agreement_id = ANY ($1::integer[]) AND observation_count > 0
  AND last_period >= $2 AND first_period <= $3
"""
_SERIES = """
SELECT array_to_string(ARRAY[{family}]::text[], E'\x1f') COLLATE "C" AS family, agreement_id, key,
  CASE WHEN agreement_id <> $2 THEN observations::text END AS observations,
  CASE WHEN agreement_id <> $2 THEN attributes::text END AS attributes
FROM series
WHERE agreement_id = ANY ($1::integer[]) AND observation_count > 0
  AND (agreement_id = $2 OR ({conditions}))
"""
_NIL = """
SELECT n.agreement_id, n.period FROM nil_return AS n JOIN submission AS s ON s.id = n.submission_id
WHERE n.agreement_id = ANY ($1::integer[]) AND n.superseded_by IS NULL AND s.state = 'published'
ORDER BY n.agreement_id, n.period
"""


@dataclass(frozen=True, slots=True)
class Selection:
    """The series that a computed dataflow is computed from.

    Attributes:
        agreements: numbers of the agreements of the source, the highest precedence first.
        dataflow: number of the source.
        own: number of the agreement under which it is published.
        own_dataflow: number of the computed dataflow.
        family: positions of the dimensions that a family shares.
        codes: by position of a dimension, the codes that enter.
        size: how many dimensions there are.
    """

    agreements: Sequence[int]
    dataflow: int
    own: int
    own_dataflow: int
    family: Sequence[int]
    codes: Mapping[int, Sequence[str]]
    size: int


@dataclass(slots=True)
class Family:
    """The series of a family: those of the source, and the keys published so far."""

    sources: list[SourceSeries]
    published: list[Key]


async def nil_returns(connection: Connection, agreements: Sequence[int]) -> list[tuple[int, str]]:
    """The nil returns that stand: number of the agreement, period."""
    rows = await connection.fetch(_NIL, list(agreements))
    return [(row["agreement_id"], row["period"]) for row in rows]


async def touched(connection: Connection, selection: Selection, since: int, until: int) -> set[str]:
    """The families that publications after `since` wrote in."""
    statement = _TOUCHED.format(family=_family(selection, "c.key"))
    rows = await connection.fetch(statement, list(selection.agreements), since, until)
    return {row["family"] for row in rows}


async def redacted(
    connection: Connection, selection: Selection, since: int, until: int
) -> list[PartialKey]:
    """The families that figures were taken out of the history of, as keys with open positions."""
    statement = _REDACTED.format(family=_family(selection, "c.key"))
    rows = await connection.fetch(statement, list(selection.agreements), since, until)
    return [_key(selection, row["family"]) for row in rows]


async def in_periods(
    connection: Connection, selection: Selection, first: dt.date, last: dt.date
) -> set[str]:
    """The families with series that reach into a span of days."""
    statement = _IN_PERIODS.format(family=_family(selection, "key"))
    rows = await connection.fetch(statement, list(selection.agreements), first, last)
    return {row["family"] for row in rows}


async def read_families(
    connection: Connection, selection: Selection, families: set[str] | None
) -> AsyncIterator[Family]:
    """The families named, or all, one after the other; in a transaction of the caller."""
    if families is not None and len(families) <= LOOKED_UP:
        for family in sorted(families):
            yield _together(selection, await _look_up(connection, selection, family))
        return
    statement, arguments = _statement(selection)
    cursor = await connection.cursor(f"{statement} ORDER BY 1", *arguments)
    pending: list[Record] = []
    while rows := await cursor.fetch(FETCH):
        for row in rows:
            if pending and row["family"] != pending[0]["family"]:
                if families is None or pending[0]["family"] in families:
                    yield _together(selection, pending)
                pending = []
            pending.append(row)
    if pending and (families is None or pending[0]["family"] in families):
        yield _together(selection, pending)


async def _look_up(connection: Connection, selection: Selection, family: str) -> list[Record]:
    """The series of one family, by the index of terms."""
    codes = _key(selection, family)
    statement, arguments = _statement(selection)
    size = len(arguments)
    found: list[Record] = []
    if not selection.family:
        return await connection.fetch(statement, *arguments)
    where = f" AND series_terms(dataflow_id, key) @> ${size + 1}::text[]"
    for dataflow in (selection.dataflow, selection.own_dataflow):
        listed = terms(dataflow, codes)
        found += await connection.fetch(f"{statement}{where}", *arguments, listed)
    return found


def _statement(selection: Selection) -> tuple[str, list[object]]:
    arguments: list[object] = [[*selection.agreements, selection.own], selection.own]
    conditions = ["true"]
    for place, codes in selection.codes.items():
        arguments.append(list(codes))
        conditions.append(f"key[{int(place) + 1}] = ANY (${len(arguments)}::text[])")
    statement = _SERIES.format(
        family=_family(selection, "key"), conditions=" AND ".join(conditions)
    )
    return statement, arguments


def _key(selection: Selection, family: str) -> PartialKey:
    """The key of a family, open where its series differ."""
    codes: list[str | None] = [None] * selection.size
    for place, code in zip(selection.family, family.split(SEPARATOR), strict=False):
        codes[place] = code
    return tuple(codes)


def _family(selection: Selection, key: str) -> str:
    return ", ".join(f"{key}[{int(place) + 1}]" for place in selection.family)


def _together(selection: Selection, rows: Sequence[Record]) -> Family:
    """The series of a family in the order of their keys, of each those of all agreements."""
    places = {number: place for place, number in enumerate(selection.agreements)}
    found: list[tuple[Key, int, Record]] = []
    published: list[Key] = []
    for row in rows:
        key, number = tuple(row["key"]), row["agreement_id"]
        if number == selection.own:
            published.append(key)
        else:
            found.append((key, places[number], row))
    found.sort(key=itemgetter(0, 1))
    sources = [
        SourceSeries(key, orjson.loads(row["observations"]), orjson.loads(row["attributes"]), place)
        for key, place, row in found
    ]
    return Family(sources, published)
