"""Reading the series of both sides of a mirror pair, and what parties say of its cells."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from app.errors import TooLargeError
from app.sdmx.mirrors.cells import StoredSeries
from app.sdmx.mirrors.notes import Note
from app.sdmx.slices import Key, SeriesSelection
from app.store.conditions import series_conditions
from app.store.types import Connection, Record

MOST_SERIES = 250_000
"""Series of one side that are compared at once."""

MOST_NOTES = 10_000

_SEPARATOR = "\x1f"
_SIDE = """
SELECT agreement_id, array_to_string(key, E'\\x1f') AS key, observations, attributes
FROM series WHERE agreement_id = ANY ($1::integer[]) AND observation_count > 0 AND {conditions}
LIMIT {limit:d}
"""
_WITHHELD = """
SELECT agreement_id, array_to_string(key, E'\\x1f') AS key,
  array_agg(observations::text ORDER BY release_at) AS observations,
  (array_agg(attributes::text ORDER BY release_at DESC))[1] AS attributes
FROM withheld_series WHERE agreement_id = ANY ($1::integer[]) AND {conditions}
GROUP BY agreement_id, key LIMIT {limit:d}
"""
_HAS_ANY = """
SELECT EXISTS (
  SELECT FROM series
  WHERE agreement_id = ANY ($1::integer[]) AND observation_count > 0 AND {conditions}
)
"""
_ADD_NOTE = """
INSERT INTO mirror_note
  (id, pair, cell, organisation, client_id, note, agreed_value, written_at)
VALUES ($1, $2, $3, $4, $5, $6, $7, clock_timestamp()) RETURNING written_at
"""
_NOTES = """
SELECT id, pair, cell, organisation, client_id, note, agreed_value, written_at
FROM mirror_note WHERE pair = $1 AND ($2::text[] IS NULL OR cell @> $2)
ORDER BY written_at DESC, id LIMIT $3
"""
_NOTE_COUNTS = "SELECT pair, count(*) AS notes FROM mirror_note GROUP BY pair"
_PUBLISHED = """
SELECT array_to_string(key, E'\\x1f') AS key FROM series
WHERE agreement_id = $1 AND key[$2] = $3 AND observation_count > 0
"""
_REDACTED = """
SELECT c.agreement_id, array_to_string(c.key, E'\\x1f') AS key
FROM redacted_key AS c JOIN ledger AS l ON l.publication_id = c.redaction_id
WHERE l.sequence > $2 AND l.sequence <= $3 AND c.agreement_id = ANY ($1::integer[])
"""
_IN_HISTORY = """
SELECT DISTINCT array_to_string(key, E'\\x1f') AS key FROM change
WHERE agreement_id = $1 AND array_position(key, NULL) IS NULL
  AND array_to_string(key, E'\\x1f') = ANY ($2::text[])
"""
_ONE_AT_A_TIME = "SELECT pg_advisory_xact_lock(hashtextextended('mirror_note ' || $1, 0))"


@dataclass(frozen=True, slots=True)
class SideSelection:
    """The series of one side.

    Attributes:
        agreements: those that are read.
        granted: those of them whose withheld series the caller may see.
        dataflow: number of the dataflow.
    """

    agreements: Sequence[int]
    granted: Sequence[int]
    dataflow: int
    series: SeriesSelection


async def read_side(connection: Connection, side: SideSelection) -> list[StoredSeries]:
    """The series of one side in one statement, and one more where the caller may see more.

    Raises:
        TooLargeError: there are more than are compared at once.
    """
    rows = await _fetch(connection, _SIDE, side, side.agreements)
    read = [
        StoredSeries(row["agreement_id"], _key(row), row["observations"], row["attributes"])
        for row in rows
    ]
    if not side.granted:
        return read
    hidden = {
        (row["agreement_id"], _key(row)): row
        for row in await _fetch(connection, _WITHHELD, side, side.granted)
    }
    overlaid = [_overlaid(one, hidden.pop((one.agreement, one.key), None)) for one in read]
    return overlaid + [
        StoredSeries(agreement, key, None, row["attributes"], tuple(row["observations"]))
        for (agreement, key), row in hidden.items()
    ]


async def has_any(connection: Connection, side: SideSelection) -> bool:
    """Whether the public sees any series of a side."""
    parameters: list[object] = [list(side.agreements)]
    conditions = series_conditions(side.series, side.dataflow, parameters)
    statement = _HAS_ANY.format(conditions=conditions.sql)
    found: bool = await connection.fetchval(statement, *parameters)
    return found


async def add_note(connection: Connection, note: Note) -> dt.datetime:
    """Store what a party says, and tell when it was; nothing is ever changed."""
    written: dt.datetime = await connection.fetchval(
        _ADD_NOTE,
        note.id,
        note.pair,
        list(note.cell),
        note.organisation,
        note.client_id,
        note.note,
        note.agreed_value,
    )
    return written


async def lock_notes(connection: Connection, pair: str) -> None:
    """Let no other note on a pair be written until the transaction ends."""
    await connection.execute(_ONE_AT_A_TIME, pair)


async def read_notes(
    connection: Connection,
    pair: str,
    cell: Sequence[str] | None = None,
    limit: int | None = MOST_NOTES,
) -> list[Note]:
    """What was said of the cells of a pair, or of those that have these codes; the last first."""
    rows = await connection.fetch(_NOTES, pair, None if cell is None else list(cell), limit)
    return [
        Note(
            row["id"],
            row["pair"],
            tuple(row["cell"]),
            row["organisation"],
            row["client_id"],
            row["note"],
            row["agreed_value"],
            row["written_at"],
        )
        for row in rows
    ]


async def note_counts(connection: Connection) -> dict[str, int]:
    """How many notes there are on each pair."""
    return {row["pair"]: row["notes"] for row in await connection.fetch(_NOTE_COUNTS)}


async def published_keys(
    connection: Connection, agreement: int, position: int, code: str
) -> set[Key]:
    """The keys of an agreement that have a code at a position (from 0)."""
    rows = await connection.fetch(_PUBLISHED, agreement, position + 1, code)
    return {_key(row) for row in rows}


async def redacted(
    connection: Connection, agreements: Sequence[int], since: int, until: int
) -> list[tuple[int, Key]]:
    """The series of agreements that figures were taken out of the history of."""
    rows = await connection.fetch(_REDACTED, list(agreements), since, until)
    return [(row["agreement_id"], _key(row)) for row in rows]


async def in_history(connection: Connection, agreement: int, keys: Iterable[Key]) -> list[Key]:
    """Those of the keys that the history of an agreement tells of."""
    joined = [_SEPARATOR.join(key) for key in keys]
    rows = await connection.fetch(_IN_HISTORY, agreement, joined)
    return sorted(_key(row) for row in rows)


async def _fetch(
    connection: Connection, template: str, side: SideSelection, agreements: Sequence[int]
) -> list[Record]:
    parameters: list[object] = [list(agreements)]
    conditions = series_conditions(side.series, side.dataflow, parameters)
    statement = template.format(conditions=conditions.sql, limit=MOST_SERIES + 1)
    rows: list[Record] = await connection.fetch(statement, *parameters)
    if len(rows) > MOST_SERIES:
        raise TooLargeError(
            f"A side of the mirror has more than {MOST_SERIES} series. Ask for fewer: name "
            "REF_AREA, COUNTERPART_AREA or other codes.",
            f"Un lado del espejo tiene más de {MOST_SERIES} series. Pida menos: indique "
            "REF_AREA, COUNTERPART_AREA u otros códigos.",
            limit=MOST_SERIES,
        )
    return rows


def _key(row: Record) -> tuple[str, ...]:
    return tuple(row["key"].split(_SEPARATOR))


def _overlaid(one: StoredSeries, row: Record | None) -> StoredSeries:
    if row is None:
        return one
    hidden = tuple(row["observations"])
    return StoredSeries(one.agreement, one.key, one.observations, one.attributes, hidden)
