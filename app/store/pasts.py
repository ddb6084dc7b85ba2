"""The pasts of series: their journals of both rooms, and what was sent again, read together."""

from __future__ import annotations

import uuid
from collections.abc import AsyncIterator, Iterable, Sequence

import orjson

from app.sdmx.intake import PartialKey
from app.sdmx.series import TIME
from app.sdmx.undo import Act, Acts, Entry, Past
from app.store.types import Connection

FETCH_SERIES = 200

_ACTS = """
SELECT l.publication_id, l.sequence, l.object, s.id AS submission, s.kind,
  p.publication_id AS undone
FROM ledger AS l
LEFT JOIN submission AS s ON s.publication_id = l.publication_id
LEFT JOIN submission AS p ON p.id = s.parent_id AND s.kind IN ('rollback', 'withdrawal')
WHERE l.agreement_ids @> ARRAY[$1::integer]
"""
_ENTRIES = """
SELECT array_agg(told.entry) AS entries FROM (
  SELECT ARRAY[publication_id::text, 'public', action, observations::text, attributes::text]
    AS entry
  FROM change WHERE agreement_id = $1 AND key = {key} AND action <> 'Attachment'
  UNION ALL
  SELECT ARRAY[publication_id::text, 'withheld', action, observations::text, attributes::text]
  FROM withheld_change WHERE agreement_id = $1 AND key = {key} AND action <> 'Attachment'
  UNION ALL
  SELECT ARRAY[publication_id::text, 'public', 'Confirm', to_json(periods)::text,
    to_json(attributes)::text]
  FROM confirmed WHERE agreement_id = $1 AND key = {key} AND NOT above
) AS told
"""
REACHED = """
SELECT key FROM change
WHERE agreement_id = $1 AND publication_id = $2 AND action <> 'Attachment'
UNION
SELECT key FROM withheld_change
WHERE agreement_id = $1 AND publication_id = $2 AND action <> 'Attachment'
UNION
SELECT key FROM confirmed WHERE agreement_id = $1 AND publication_id = $2 AND NOT above
"""
SERIES = f"""
SELECT reached.key, s.observations, s.attributes, w.hidden, j.entries
FROM ({{reached}}) AS reached
LEFT JOIN series AS s ON s.agreement_id = $1 AND s.key = reached.key
LEFT JOIN LATERAL (
  SELECT array_agg(ARRAY[observations::text, attributes::text] ORDER BY release_at) AS hidden
  FROM withheld_series WHERE agreement_id = $1 AND key = reached.key
) AS w ON true
LEFT JOIN LATERAL ({_ENTRIES.format(key="reached.key")}) AS j ON true
"""  # noqa: S608 - own text
"""Series as they stand, with their journals; a template of the keys that are reached."""

OF_PUBLICATION = SERIES.format(reached=REACHED)
"""The series that a publication wrote to."""

_PASTS = f"""
SELECT reached.key, j.entries
FROM ({REACHED}) AS reached
LEFT JOIN LATERAL ({_ENTRIES.format(key="reached.key")}) AS j ON true
"""  # noqa: S608 - own text
_STAGED = f"""
SELECT reached.key, j.entries, staged.segments
FROM ({REACHED}) AS reached
LEFT JOIN LATERAL ({_ENTRIES.format(key="reached.key")}) AS j ON true
LEFT JOIN (
  SELECT key, array_agg(segment) AS segments FROM stage WHERE agreement_id = $1 GROUP BY key
) AS staged ON staged.key = array_to_string(reached.key, E'\x1f')
"""  # noqa: S608 - own text
_PAST = _ENTRIES.format(key="$2::text[]")
_ABOVE = """
SELECT key, publication_id, 'public' AS room, action, attributes FROM change
WHERE agreement_id = $1 AND action = 'Attachment'
UNION ALL
SELECT key, publication_id, 'withheld', action, attributes FROM withheld_change
WHERE agreement_id = $1 AND action = 'Attachment'
UNION ALL
SELECT key, publication_id, 'public', 'Confirm', to_json(attributes) FROM confirmed
WHERE agreement_id = $1 AND above
"""


def read_entries(told: Iterable[Sequence[str | None]] | None) -> list[Entry]:
    """The journals and confirmations of a series, as the database has put them together."""
    return [
        _entry(int(publication or 0), room == "withheld", action or "", document, attributes)
        for publication, room, action, document, attributes in told or ()
    ]


def _entry(
    publication: int, withheld: bool, action: str, document: str | None, attributes: str | None
) -> Entry:
    values = {} if attributes is None else orjson.loads(attributes)
    if action == "Confirm":
        times = None if document is None else {TIME: orjson.loads(document)}
        return Entry(publication, withheld, action, times, dict.fromkeys(values))
    read = None if document is None else orjson.loads(document)
    return Entry(publication, withheld, action, read, values)


async def read_acts(connection: Connection, agreement: int) -> tuple[Acts, dict[int, uuid.UUID]]:
    """The publications of an agreement, and which submissions they were."""
    rows = await connection.fetch(_ACTS, agreement)
    acts = Acts(
        Act(row["publication_id"], row["sequence"], row["kind"], row["undone"])
        if row["undone"] is not None
        else Act(row["publication_id"], row["sequence"])
        for row in rows
    )
    submissions = {
        row["publication_id"]: row["submission"] for row in rows if row["submission"] is not None
    }
    return acts, submissions


async def read_past(connection: Connection, agreement: int, key: Sequence[str], acts: Acts) -> Past:
    """The past of one series."""
    told = await connection.fetchval(_PAST, agreement, list(key))
    return Past.replay(read_entries(told), acts)


async def read_pasts(
    connection: Connection, agreement: int, publication: int, acts: Acts
) -> AsyncIterator[tuple[list[str], Past]]:
    """The pasts of the series that a publication wrote to; in a transaction of the caller."""
    async for row in connection.cursor(_PASTS, agreement, publication, prefetch=FETCH_SERIES):
        yield row["key"], Past.replay(read_entries(row["entries"]), acts)


async def reached_with_stage(
    connection: Connection, agreement: int, publication: int, acts: Acts
) -> AsyncIterator[tuple[list[str], Past, Sequence[bytes]]]:
    """The same, each with the segments that are staged for it."""
    async for row in connection.cursor(_STAGED, agreement, publication, prefetch=FETCH_SERIES):
        past = Past.replay(read_entries(row["entries"]), acts)
        yield row["key"], past, row["segments"] or ()


async def read_above(connection: Connection, agreement: int, acts: Acts) -> dict[PartialKey, Past]:
    """The pasts of the values above the series, by key."""
    found = await read_entries_above(connection, agreement)
    return {key: Past.replay(listed, acts) for key, listed in found.items()}


async def read_entries_above(
    connection: Connection, agreement: int
) -> dict[PartialKey, list[Entry]]:
    """The journals and confirmations of the values above the series, by key."""
    entries: dict[PartialKey, list[Entry]] = {}
    for row in await connection.fetch(_ABOVE, agreement):
        entries.setdefault(tuple(row["key"]), []).append(
            _entry(
                row["publication_id"],
                row["room"] == "withheld",
                row["action"],
                "[]" if row["action"] == "Confirm" else None,
                row["attributes"],
            )
        )
    return entries
