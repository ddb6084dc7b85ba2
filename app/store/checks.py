"""Checks over several series, on the state that a publication leads to, before it is told.

Totals: the series that differ from a touched one in one dimension only are put together, family by
family. Vectors: the touched series along a dimension are compared with those of another dataflow of
the same provider. Both rooms count, for only the sender reads what is found. Rows of the message
are looked up only where something is wrong.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Any, TypeAlias

import orjson

from app.sdmx import series
from app.sdmx.checks.limited import Limited
from app.sdmx.checks.totals import Mismatch, TotalChecks, total_finding
from app.sdmx.checks.vectors import VectorCheck
from app.sdmx.findings import Finding
from app.sdmx.flow import Flow
from app.sdmx.intake import Key, Target
from app.sdmx.series import EMPTY, TIME, Document
from app.store import staging
from app.store.types import Connection, Record

Cursor: TypeAlias = Any
"""A cursor of the driver."""

FETCH_FAMILIES = 200
PENDING = 5_000
"""Faults after which their rows are looked up in the stage: together, for it has no index."""
SCAN_RATIO = 3
"""Series that are scanned in the time that one look-up takes."""

_PLAN = "SELECT set_config('enable_seqscan', $1, true), set_config('enable_nestloop', $2, true)"
_SEEN = """
SELECT DISTINCT split_part(key, E'\x1f', $2) AS code FROM stage WHERE agreement_id = $1
"""
_STAGED = "SELECT count(*) FROM stage WHERE agreement_id = $1"
_STORED = "SELECT series_count FROM agreement_head WHERE agreement_id = $1"
_HAS = """
SELECT EXISTS (
  SELECT FROM series WHERE agreement_id = $1 AND series_terms(dataflow_id, key) && $2::text[]
  UNION ALL
  SELECT FROM withheld_series
  WHERE agreement_id = $1 AND series_terms(dataflow_id, key) && $2::text[]
)
"""
_STATE = """
SELECT key, observations::text AS document, 0 AS room FROM series
WHERE agreement_id = {agreement} AND observation_count > 0
UNION ALL
SELECT key, observations::text, 1 FROM withheld_series WHERE agreement_id = {agreement}"""
_FAMILIES = """
WITH family AS (
  SELECT DISTINCT key[:{before}] || key[{after}:] AS rest FROM (
    SELECT string_to_array(key, E'\x1f') AS key FROM stage WHERE agreement_id = $1
  ) AS touched WHERE key[{place}] = ANY ($2::text[])
)
SELECT rest, array_agg(code ORDER BY room) AS codes, array_agg(document ORDER BY room) AS documents
FROM ({members}) AS members GROUP BY rest HAVING count(*) > 1
"""
_LOOKED_UP = """
  SELECT family.rest, listed.code, state.document, state.room
  FROM family CROSS JOIN unnest($2::text[]) AS listed (code)
  JOIN ({state}) AS state
    ON state.key = family.rest[:{before}] || listed.code || family.rest[{place}:]
"""
_SCANNED = """
  SELECT family.rest, state.key[{place}] AS code, state.document, state.room
  FROM ({state}) AS state
  JOIN family ON family.rest = state.key[:{before}] || state.key[{after}:]
  WHERE state.key[{place}] = ANY ($2::text[])
"""
_OTHERS = """
SELECT a.id, d.urn, d.dimensions FROM agreement AS a JOIN dataflow AS d ON d.id = a.dataflow_id
WHERE a.active AND a.id <> $1 AND split_part(split_part(d.urn, '=', 2), '(', 1) = $2
  AND a.provider = (SELECT provider FROM agreement WHERE id = $1)
ORDER BY a.id
"""
_VECTORS = """
WITH slice AS (
  SELECT rest FROM (
    SELECT DISTINCT key[:{before}] || key[{after}:] AS rest, key[{place}] AS code FROM (
      SELECT string_to_array(key, E'\x1f') AS key FROM stage WHERE agreement_id = $1
    ) AS touched
  ) AS counted GROUP BY rest HAVING count(*) >= $3
), mine AS (
  SELECT state.key, state.document, state.room, slice.rest FROM ({mine}) AS state
  JOIN slice ON slice.rest = state.key[:{before}] || state.key[{after}:]
), other AS (
  SELECT key, document, room, key[:{other_before}] || key[{other_after}:] AS rest
  FROM ({other}) AS state
)
SELECT mine.rest, other.rest AS other, mine.key[{place}] AS code, mine.document,
  other.document AS other_document
FROM mine JOIN other ON other.key[{other_place}] = mine.key[{place}] AND {same}
ORDER BY mine.rest, other.rest, mine.room, other.room
"""
_SENT = """
SELECT key, segment FROM stage WHERE agreement_id = $1 AND key = ANY ($2::text[]) ORDER BY first_row
"""


@dataclass(slots=True)
class Unchecked:
    """What a publication put for one agreement, and has still to be seen beside other series."""

    target: Target
    dataflow: int
    report: Callable[[Finding], None]


async def check_together(connection: Connection, unchecked: Unchecked) -> bool:
    """Check what one series alone does not tell; False: something refuses the submission."""
    report = Limited(unchecked.report)
    checks = unchecked.target.checks
    for totals in checks.totals:
        await _check_totals(connection, unchecked, totals, report)
    for vector in checks.vectors:
        await _check_vector(connection, unchecked, vector, report)
    report.close()
    return not report.refused


async def _check_totals(
    connection: Connection, unchecked: Unchecked, checks: TotalChecks, report: Limited
) -> None:
    cursor = await _families(connection, unchecked, checks)
    if cursor is None:
        return
    found: list[tuple[Key, Mismatch]] = []
    while rows := await cursor.fetch(FETCH_FAMILIES):
        for row in rows:
            rest: list[str] = row["rest"]
            members = _members(row["codes"], row["documents"])
            key = _key(rest, checks.position, row["codes"][0])
            found += [(tuple(rest), mismatch) for mismatch in checks.mismatches(key, members)]
        if len(found) > PENDING:
            await _report_totals(connection, unchecked, checks, found, report)
            found.clear()
    if found:
        await _report_totals(connection, unchecked, checks, found, report)


async def _report_totals(
    connection: Connection,
    unchecked: Unchecked,
    checks: TotalChecks,
    found: Sequence[tuple[Key, Mismatch]],
    report: Limited,
) -> None:
    keys = {_key(rest, checks.position, code) for rest, one in found for code in one.codes}
    sent = await _sent_rows(connection, unchecked.target.agreement, keys)
    for rest, mismatch in found:
        rows = {
            (code, time): row
            for code in mismatch.codes
            for time, row in sent.get(_key(rest, checks.position, code), {}).items()
        }
        finding = total_finding(checks, mismatch, rows)
        if finding is not None:
            report(finding)


async def _families(
    connection: Connection, unchecked: Unchecked, checks: TotalChecks
) -> Cursor | None:
    """A cursor on the touched families; none if there is but one code of all."""
    agreement, place = unchecked.target.agreement, checks.position + 1
    seen = {row["code"] for row in await connection.fetch(_SEEN, agreement, place)}
    known = seen.intersection(checks.codes)
    if not known:
        return None
    if len(known) == 1:
        terms = [f"{unchecked.dataflow}.{place}={code}" for code in set(checks.codes) - known]
        if not await connection.fetchval(_HAS, agreement, terms):
            return None
    staged = await connection.fetchval(_STAGED, agreement)
    stored = (await connection.fetchval(_STORED, agreement) or 0) + staged
    looks_up = SCAN_RATIO * staged * len(checks.codes) < stored
    members = _LOOKED_UP if looks_up else _SCANNED
    places = {"before": place - 1, "place": place, "after": place + 1}
    state = _STATE.format(agreement="$1")
    statement = _FAMILIES.format(members=members.format(state=state, **places), **places)
    arguments = (agreement, list(checks.codes))
    return await _cursor(connection, statement, *arguments, looks_up=looks_up)


async def _cursor(
    connection: Connection, statement: str, *arguments: object, looks_up: bool = False
) -> Cursor:
    """A cursor on a join; how it is made is said here.

    What was just written has no statistics, and a nested loop of scans takes the square of them.
    """
    await connection.execute(_PLAN, *(("off", "on") if looks_up else ("on", "off")))
    cursor: Cursor = await connection.cursor(statement, *arguments)
    await connection.execute(_PLAN, "on", "on")
    return cursor


async def _check_vector(
    connection: Connection, unchecked: Unchecked, check: VectorCheck, report: Limited
) -> None:
    flow = unchecked.target.flow
    agreement = unchecked.target.agreement
    for other in await connection.fetch(_OTHERS, agreement, check.flow.partition("(")[0]):
        statement = _vector_statement(check, flow, other["dimensions"])
        if statement is None:
            continue
        shown = str(other["urn"]).rpartition("=")[2]
        cursor = await _cursor(connection, statement, agreement, other["id"], check.least)
        async for rest, mine, theirs in _pairs(cursor):
            await _report_vector(connection, unchecked, check, (rest, mine, theirs), shown, report)


def _vector_statement(check: VectorCheck, flow: Flow, dimensions: Sequence[str]) -> str | None:
    """The statement that pairs slices; none if a dimension is not there."""
    named = (check.along, *check.same)
    if any(name not in flow.position or name not in dimensions for name in named):
        return None
    place, other_place = flow.position[check.along] + 1, dimensions.index(check.along) + 1
    same = " AND ".join(
        f"other.key[{dimensions.index(name) + 1}] = mine.key[{flow.position[name] + 1}]"
        for name in check.same
    )
    return _VECTORS.format(
        before=place - 1,
        place=place,
        after=place + 1,
        other_before=other_place - 1,
        other_place=other_place,
        other_after=other_place + 1,
        same=same or "true",
        mine=_STATE.format(agreement="$1"),
        other=_STATE.format(agreement="$2"),
    )


_Pair = tuple[list[str], dict[str, Document], dict[str, Document]]


async def _pairs(cursor: Cursor) -> AsyncIterator[_Pair]:
    """Pairs of slices, each with its series by code."""
    pending: list[Record] = []
    while rows := await cursor.fetch(FETCH_FAMILIES):
        pending += rows
        last = _slices(pending[-1])
        for pair in _put_together(row for row in pending if _slices(row) != last):
            yield pair
        pending = [row for row in pending if _slices(row) == last]
    for pair in _put_together(pending):
        yield pair


def _slices(row: Record) -> tuple[list[str], list[str]]:
    return row["rest"], row["other"]


def _put_together(rows: Iterable[Record]) -> Iterable[_Pair]:
    for (rest, _), group in groupby(rows, key=_slices):
        listed = list(group)
        codes = [row["code"] for row in listed]
        yield (
            rest,
            _members(codes, [row["document"] for row in listed]),
            _members(codes, [row["other_document"] for row in listed]),
        )


async def _report_vector(
    connection: Connection,
    unchecked: Unchecked,
    check: VectorCheck,
    pair: _Pair,
    other: str,
    report: Limited,
) -> None:
    rest, mine, theirs = pair
    flow = unchecked.target.flow
    position = flow.position[check.along]
    codes = dict(zip(flow.position, _key(rest, position, next(iter(mine))), strict=True))
    if not check.applies(codes):
        return
    identical = list(check.identical(mine, theirs))
    if not identical:
        return
    keys = {_key(rest, position, code) for code in mine}
    sent = await _sent_rows(connection, unchecked.target.agreement, keys)
    for time, cells, same in identical:
        rows = [
            row
            for code in same
            if (row := sent.get(_key(rest, position, code), {}).get(time)) is not None
        ]
        if rows:
            report(check.finding(min(rows), time, cells, other))


def _members(codes: Iterable[str], documents: Iterable[str]) -> dict[str, Document]:
    """Series by code; what waits in the other room stands in the place of what is public."""
    found: dict[str, dict[str, None]] = {}
    for code, document in zip(codes, documents, strict=True):
        found.setdefault(code, {})[document] = None
    return {code: _overlaid(list(texts)) for code, texts in found.items()}


def _overlaid(texts: Sequence[str]) -> Document:
    first: Document = orjson.loads(texts[0]) if texts else EMPTY
    return series.overlay(first, (orjson.loads(text) for text in texts[1:]))


def _key(rest: Sequence[str], position: int, code: str) -> Key:
    return (*rest[:position], code, *rest[position:])


async def _sent_rows(
    connection: Connection, agreement: int, keys: Iterable[Key]
) -> Mapping[Key, Mapping[str, int]]:
    """Row number of each time period that the message spoke of, by key."""
    joined = [staging.SEPARATOR.join(key) for key in keys]
    found: dict[Key, dict[str, int]] = {}
    for row in await connection.fetch(_SENT, agreement, joined):
        segment = staging.decode_segment(row["segment"])
        times = segment.observations.get(TIME, ())
        rows = found.setdefault(tuple(row["key"].split(staging.SEPARATOR)), {})
        rows.update(zip(times, segment.rows, strict=False))
    return found
