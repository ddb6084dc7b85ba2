"""Reading series: current ones, single ones, and the journal of the selected ones.

Rows come agreement by agreement, those of the highest precedence first, each in the order of its
keys, so that the index gives the order and nothing is sorted.
"""

from __future__ import annotations

import asyncio
import datetime as dt
from collections.abc import AsyncIterator, Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Any, TypeAlias

import msgspec
import orjson

from app.sdmx import series
from app.sdmx.history import Change
from app.sdmx.series import EMPTY, Document
from app.sdmx.slices import Key, PartialKey, SeriesSelection
from app.store.conditions import Conditions, series_conditions
from app.store.types import Connection, Record

FIRST_FETCH = 64
FETCH = 512
FETCH_LEAST = 64
FETCH_MOST = 4096
FETCH_BYTES = 1 << 18
ROW_BYTES = 128

_HEADS = """
SELECT r.revision AS registry, r.restore_epoch, h.agreement_id, h.revision, h.published_at,
  h.series_count, h.observation_count
FROM registry AS r
LEFT JOIN agreement_head AS h ON h.agreement_id = ANY ($1::integer[])
WHERE r.id = 1
"""
_WITHHELD_HEADS = """
SELECT agreement_id, revision, published_at FROM withheld_head
WHERE agreement_id = ANY ($1::integer[])
"""
_SINGLE = """
SELECT r.revision AS registry, r.restore_epoch, h.agreement_id, h.revision, h.published_at,
  h.series_count, h.observation_count, s.observations, s.attributes
FROM registry AS r
LEFT JOIN agreement_head AS h ON h.agreement_id = ANY ($1::integer[])
LEFT JOIN LATERAL (
  SELECT observations, attributes FROM series
  WHERE agreement_id = h.agreement_id AND key = $2::text[] AND observation_count > 0
  OFFSET 0
) AS s ON true
WHERE r.id = 1
"""
_ATTACHMENTS = """
SELECT h.revision, a.key, a.attributes
FROM agreement_head AS h LEFT JOIN attachment AS a ON a.agreement_id = h.agreement_id
WHERE h.agreement_id = $1
"""
_WITHHELD_ATTACHMENTS = "SELECT key, attributes FROM withheld_attachment WHERE agreement_id = $1"


# A template: room, keys and window are put together in app.store.conditions and here.
_CHANGES = """
SELECT c.key, l.sequence, {withheld} AS withheld, l.published_at, c.action, c.observations,
  c.attributes
FROM ({keys}) AS s
JOIN {room}change AS c ON c.agreement_id = $1 AND c.key = s.key
JOIN ledger AS l ON l.publication_id = c.publication_id
WHERE {window}
"""
_ATTACHMENT_CHANGES = """
SELECT c.key, l.sequence, {withheld} AS withheld, l.published_at, c.action, c.observations,
  c.attributes
FROM {room}change AS c JOIN ledger AS l ON l.publication_id = c.publication_id
WHERE c.agreement_id = $1 AND c.action = 'Attachment' AND {window}
"""


@dataclass(frozen=True, slots=True)
class Head:
    """An agreement's last publication, as far as the caller may see it."""

    agreement: int
    revision: int
    published_at: dt.datetime | None
    series_count: int
    observation_count: int

    @property
    def has_data(self) -> bool:
        """Whether anything was ever published."""
        return self.revision > 0


@dataclass(frozen=True, slots=True)
class Source:
    """An agreement to read from.

    Attributes:
        privileged: also what it withholds; the connection is then a privileged one.
        shadowed_by: agreements of a higher precedence, whose keys are left out here.
        shadowed_unseen: whether that goes for keys that those withhold from the public, too.
    """

    agreement: int
    dataflow: int
    privileged: bool
    shadowed_by: tuple[int, ...]
    shadowed_unseen: bool


class SeriesRow(msgspec.Struct, frozen=True, gc=False):
    """A series as read."""

    agreement: int
    key: Key
    document: Document
    attributes: dict[str, Any]


Heads: TypeAlias = dict[int, Head]


async def read_heads(connection: Connection, agreements: Sequence[int]) -> tuple[int, str, Heads]:
    """The registry's revision and restore epoch, and the public heads of agreements."""
    return _heads(await connection.fetch(_HEADS, agreements))


async def read_withheld_heads(
    connection: Connection, agreements: Sequence[int]
) -> dict[int, tuple[int, dt.datetime | None]]:
    """Revision and time of the withheld rooms of agreements."""
    rows = await connection.fetch(_WITHHELD_HEADS, agreements)
    return {row["agreement_id"]: (row["revision"], row["published_at"]) for row in rows}


async def read_single(
    connection: Connection, agreements: Sequence[int], key: Key
) -> tuple[int, str, Heads, list[SeriesRow]]:
    """Heads and the series of one key in one statement, and so of one moment."""
    rows = await connection.fetch(_SINGLE, agreements, list(key))
    found = [
        SeriesRow(
            row["agreement_id"],
            key,
            orjson.loads(row["observations"]),
            orjson.loads(row["attributes"]),
        )
        for row in rows
        if row["observations"] is not None
    ]
    place = {agreement: place for place, agreement in enumerate(agreements)}
    found.sort(key=lambda row: place[row.agreement])
    return *_heads(rows), found


async def read_attachments(
    connection: Connection, agreement: int, *, privileged: bool
) -> tuple[int, dict[PartialKey, dict[str, Any]]]:
    """The attachments of an agreement, with the revision of the head they belong to."""
    rows = await connection.fetch(_ATTACHMENTS, agreement)
    found: dict[PartialKey, dict[str, Any]] = {
        tuple(row["key"]): orjson.loads(row["attributes"]) for row in rows if row["key"] is not None
    }
    if privileged:
        for row in await connection.fetch(_WITHHELD_ATTACHMENTS, agreement):
            found.setdefault(tuple(row["key"]), {}).update(orjson.loads(row["attributes"]))
    return (rows[0]["revision"] if rows else 0), found


async def read_series(
    connection: Connection,
    source: Source,
    selection: SeriesSelection,
    order: Sequence[tuple[int, bool]] = (),
) -> AsyncIterator[list[SeriesRow]]:
    """Current series in batches, by key or by the positions given (True: descending).

    Runs in a transaction of the caller, on a cursor.
    """
    statement, parameters = _current(source, selection, order)
    async for rows in _ahead(connection, statement, parameters):
        yield [_row(source, row) for row in rows]


async def read_stored(
    connection: Connection,
    source: Source,
    selection: SeriesSelection,
    order: Sequence[tuple[int, bool]] = (),
) -> AsyncIterator[list[Record]]:
    """The same of the public room as stored: key (codes joined by commas), and JSON as text."""
    statement, parameters = _current(source, selection, order)
    stored = f"""
      SELECT array_to_string(key, ',') AS key, observations, attributes
      FROM ({statement}) AS chosen"""  # noqa: S608 - put together here
    async for rows in _ahead(connection, stored, parameters):
        yield rows


async def _ahead(
    connection: Connection, statement: str, parameters: Sequence[object]
) -> AsyncIterator[list[Record]]:
    """Rows in batches of about the same size in bytes, the next one coming meanwhile."""
    cursor = await connection.cursor(statement, *parameters)
    size = FIRST_FETCH
    rows = await cursor.fetch(size)
    while rows:
        if len(rows) < size:
            yield rows
            return
        length = len(rows[0]["observations"] or "") + ROW_BYTES
        size = max(FETCH_LEAST, min(FETCH_MOST, FETCH_BYTES // length))
        coming = asyncio.ensure_future(cursor.fetch(size))
        try:
            await asyncio.sleep(0)  # the request is on its way before the work on these rows
            yield rows
        finally:
            await asyncio.wait({coming})
        rows = coming.result()


async def read_changes(
    connection: Connection,
    source: Source,
    selection: SeriesSelection,
    *,
    changed_after: dt.datetime | None,
    among: Sequence[int],
    until: dt.datetime | None,
) -> AsyncIterator[tuple[Key, list[Change]]]:
    """The journal of the selected series from its begin: each with its changes in their order.

    With `changed_after`, of keys whose last public change under any of the agreements `among` is
    later; `until` is inclusive. Keys of a higher
    precedence are not left out here.
    """
    parameters: list[object] = [source.agreement]
    conditions = series_conditions(_timeless(selection), source.dataflow, parameters)
    window = _window(parameters, until)
    if changed_after is not None:
        place, every = conditions.parameter(changed_after), conditions.parameter(list(among))
        conditions.parts.append(
            f"key IN (SELECT key FROM series WHERE agreement_id = ANY ({every}::integer[]) "  # noqa: S608 - own text
            "AND publication_id IN (SELECT publication_id FROM ledger "
            f"WHERE published_at > {place} AND agreement_ids && {every}::integer[]))"
        )
    keys = f"SELECT key FROM series WHERE agreement_id = $1 AND {conditions.sql}"  # noqa: S608
    statement = _CHANGES.format(room="", withheld="false", keys=keys, window=window)
    if source.privileged:
        # A series that was withheld only, and then withdrawn, has left no row but its journal.
        keys = f"""
          SELECT key FROM (
            SELECT DISTINCT key, {source.dataflow:d} AS dataflow_id FROM withheld_change
            WHERE agreement_id = $1 AND action <> 'Attachment'
          ) AS journal WHERE {conditions.sql}"""  # noqa: S608
        statement += " UNION ALL " + _CHANGES.format(
            room="withheld_", withheld="true", keys=keys, window=window
        )
    cursor = await connection.cursor(f"{statement} ORDER BY 1, 2, 3, 5", *parameters)
    pending: list[Record] = []
    while rows := await cursor.fetch(FETCH):
        pending += rows
        last = pending[-1]["key"]
        for group in _changes([row for row in pending if row["key"] != last]):
            yield group
        pending = [row for row in pending if row["key"] == last]
    for group in _changes(pending):
        yield group


async def read_attachment_changes(
    connection: Connection, source: Source, *, until: dt.datetime | None
) -> list[tuple[PartialKey, Change]]:
    """The journal of the attachments of an agreement."""
    parameters: list[object] = [source.agreement]
    window = _window(parameters, until)
    statement = _ATTACHMENT_CHANGES.format(room="", withheld="false", window=window)
    if source.privileged:
        statement += " UNION ALL " + _ATTACHMENT_CHANGES.format(
            room="withheld_", withheld="true", window=window
        )
    rows = await connection.fetch(f"{statement} ORDER BY 2, 3", *parameters)
    return [(tuple(row["key"]), _change(row)) for row in rows]


def _current(
    source: Source,
    selection: SeriesSelection,
    order: Sequence[tuple[int, bool]],
) -> tuple[str, list[object]]:
    parameters: list[object] = [source.agreement]
    conditions = series_conditions(selection, source.dataflow, parameters)
    where = f"agreement_id = $1 AND observation_count > 0 AND {conditions.sql}"
    rows = "both_rooms" if source.privileged else "series"
    shadow = unshadowed(source, conditions, rows)
    by = ", ".join(
        [f"key[{int(place) + 1}]{' DESC' if descending else ''}" for place, descending in order]
        + ["key"]
    )
    if not source.privileged:
        statement = f"""
          SELECT key, observations, attributes, NULL::text[] AS hidden
          FROM series WHERE {where}{shadow} ORDER BY {by}"""  # noqa: S608
        return statement, parameters
    statement = f"""
      SELECT key, observations, attributes, hidden FROM (
        SELECT coalesce(s.key, w.key) AS key, s.observations, s.attributes, w.hidden
        FROM (SELECT key, observations, attributes FROM series WHERE {where}) AS s
        FULL JOIN (
          SELECT key, array_agg(ARRAY[observations::text, attributes::text] ORDER BY release_at)
            AS hidden
          FROM withheld_series WHERE agreement_id = $1 AND {conditions.sql} GROUP BY key
        ) AS w ON w.key = s.key
      ) AS both_rooms WHERE true{shadow} ORDER BY {by}"""  # noqa: S608
    return statement, parameters


def unshadowed(source: Source, conditions: Conditions, rows: str = "series") -> str:
    """Leaves out the keys that higher agreements hold, whatever their periods and dataflows."""
    if not source.shadowed_by:
        return ""
    higher = conditions.parameter(list(source.shadowed_by))
    held = f"h.agreement_id = ANY ({higher}::integer[]) AND h.key = {rows}.key"
    shadow = f" AND NOT EXISTS (SELECT FROM series AS h WHERE {held} AND h.observation_count > 0)"
    if source.shadowed_unseen:
        shadow += f" AND NOT EXISTS (SELECT FROM withheld_series AS h WHERE {held})"
    return shadow


def _row(source: Source, row: Record) -> SeriesRow:
    stored = row["observations"]
    document: Document = EMPTY if stored is None else orjson.loads(stored)
    values = row["attributes"]
    attributes: dict[str, Any] = {} if values is None or values == "{}" else orjson.loads(values)
    hidden = row["hidden"]
    if hidden:
        document = series.overlay(document, (orjson.loads(text) for text, _ in hidden))
        for _, text in hidden:
            attributes.update(orjson.loads(text))
    return SeriesRow(source.agreement, tuple(row["key"]), document, attributes)


def _heads(rows: Sequence[Record]) -> tuple[int, str, Heads]:
    heads = {
        row["agreement_id"]: Head(
            row["agreement_id"],
            row["revision"],
            row["published_at"],
            row["series_count"],
            row["observation_count"],
        )
        for row in rows
        if row["agreement_id"] is not None
    }
    return rows[0]["registry"], rows[0]["restore_epoch"], heads


def _window(parameters: list[object], until: dt.datetime | None) -> str:
    if until is None:
        return "true"
    parameters.append(until)
    return f"l.published_at <= ${len(parameters)}"


def _timeless(selection: SeriesSelection) -> SeriesSelection:
    """The bounds of time are those of the current state: history may lie outside."""
    return SeriesSelection(selection.keys, selection.codes)


def _changes(rows: Sequence[Record]) -> Iterator[tuple[Key, list[Change]]]:
    for key, group in groupby(rows, key=lambda row: row["key"]):
        yield tuple(key), [_change(row) for row in group]


def _change(row: Record) -> Change:
    observations, attributes = row["observations"], row["attributes"]
    return Change(
        row["published_at"],
        row["action"],
        EMPTY if observations is None else orjson.loads(observations),
        {} if attributes is None else orjson.loads(attributes),
        row["withheld"],
    )
