"""The practice space: the schema `practice`, named in full wherever something is deleted."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from app.store import contents
from app.store.types import Connection

CONTENTS: Final = 1000
"""Files that are forgotten at a time, as each takes a lock; the rest go with the next time."""

_OF_PUBLICATION = (
    "series",
    "attachment",
    "change",
    "withheld_series",
    "withheld_attachment",
    "withheld_change",
    "confirmed",
    "witness",
)
_OF_AGREEMENT = (*_OF_PUBLICATION, "redacted_change", "redacted_key", "nil_return")
_COPIED = ("series", "attachment", "withheld_series", "withheld_attachment")
_ENSURE_HEADS = """
INSERT INTO practice.agreement_head (agreement_id, revision, series_count, observation_count)
SELECT unnest($1::integer[]), 0, 0, 0 ON CONFLICT DO NOTHING
"""
_ENSURE_WITHHELD_HEADS = """
INSERT INTO practice.withheld_head (agreement_id, revision)
SELECT unnest($1::integer[]), 0 ON CONFLICT DO NOTHING
"""
_COUNT_HEADS = """
UPDATE practice.agreement_head AS h SET revision = revision + 1, published_at = clock_timestamp(),
  series_count = (SELECT count(*) FROM practice.series AS s
    WHERE s.agreement_id = h.agreement_id AND s.observation_count > 0),
  observation_count = (SELECT coalesce(sum(s.observation_count), 0) FROM practice.series AS s
    WHERE s.agreement_id = h.agreement_id)
WHERE agreement_id = ANY ($1)
"""
_MOVE_WITHHELD_HEADS = """
UPDATE practice.withheld_head SET revision = revision + 1, published_at = clock_timestamp()
WHERE agreement_id = ANY ($1)
"""
_DROP_AGREEMENT = {
    name: f"DELETE FROM practice.{name} WHERE agreement_id = ANY ($1)"  # noqa: S608 - own names
    for name in _OF_AGREEMENT
}
_DROP_SUBMISSIONS = {
    "submission": "DELETE FROM practice.submission WHERE organisation = $1",
    "receipt": "DELETE FROM practice.receipt WHERE organisation = $1",
}
_DROP_LEDGER = "DELETE FROM practice.ledger WHERE agreement_ids && $1"
_DROP_OUTBOX = """
DELETE FROM practice.outbox AS o
WHERE NOT EXISTS (SELECT FROM practice.ledger AS l WHERE l.sequence = o.sequence)
"""
_ORPHANED = f"""
SELECT DISTINCT c.sha256 FROM practice.submission_content AS c
WHERE NOT EXISTS (SELECT FROM practice.submission AS s WHERE s.sha256 = c.sha256)
ORDER BY 1 LIMIT {CONTENTS}
"""  # noqa: S608 - own number
_DROP_CONTENT = """
DELETE FROM practice.submission_content AS c
WHERE c.sha256 = ANY ($1::text[])
  AND NOT EXISTS (SELECT FROM practice.submission AS s WHERE s.sha256 = c.sha256)
"""
_OLD = "clock_timestamp() - make_interval(days => $1)"
_OLD_AGREEMENTS = f"""
SELECT coalesce(array_agg(DISTINCT agreement), '{{}}') FROM practice.ledger,
  unnest(agreement_ids) AS agreement WHERE published_at < {_OLD}
"""  # noqa: S608 - own text
_FORGET_PUBLICATIONS = {
    name: f"""
DELETE FROM practice.{name} AS t USING practice.ledger AS l
WHERE l.publication_id = t.publication_id AND l.published_at < {_OLD}
"""  # noqa: S608 - own names
    for name in _OF_PUBLICATION
}
_FORGET = {
    "submission": f"DELETE FROM practice.submission WHERE received_at < {_OLD}",  # noqa: S608
    "receipt": f"DELETE FROM practice.receipt WHERE issued_at < {_OLD}",  # noqa: S608
    "ledger": f"DELETE FROM practice.ledger WHERE published_at < {_OLD}",  # noqa: S608
}
_DROP_NIL_RETURNS = """
DELETE FROM practice.nil_return AS n
WHERE NOT EXISTS (SELECT FROM practice.submission AS s WHERE s.id = n.submission_id)
"""
_COLUMNS = """
SELECT string_agg(quote_ident(column_name), ', ' ORDER BY ordinal_position)
FROM information_schema.columns
WHERE table_schema = 'practice' AND table_name = $1 AND column_name <> 'publication_id'
"""
_COPY = """
INSERT INTO practice.{table} ({columns}, publication_id)
SELECT {columns}, $2 FROM public.{table} WHERE agreement_id = $1
"""
_JOURNAL_COPY = """
INSERT INTO practice.change (agreement_id, key, publication_id, action, observations, attributes)
SELECT agreement_id, key, publication_id, 'Replace', observations, attributes
FROM practice.series WHERE agreement_id = $1
"""


async def ensure_heads(connection: Connection, agreements: Sequence[int]) -> None:
    """Let the agreements have heads in the practice space."""
    await connection.execute(_ENSURE_HEADS, list(agreements))
    await connection.execute(_ENSURE_WITHHELD_HEADS, list(agreements))


async def empty(
    connection: Connection, organisation: str, agreements: Sequence[int]
) -> dict[str, int]:
    """Forget all of an organisation and of its agreements; counts of what a person knows of."""
    gone: dict[str, int] = {}
    for name, statement in _DROP_AGREEMENT.items():
        gone[name] = _count(await connection.execute(statement, list(agreements)))
    for name, statement in _DROP_SUBMISSIONS.items():
        gone[name] = _count(await connection.execute(statement, organisation))
    await connection.execute(_DROP_LEDGER, list(agreements))
    await _drop_orphans(connection, agreements)
    return {"submissions": gone["submission"], "series": gone["series"]}


async def forget_older(connection: Connection, days: int) -> dict[str, int]:
    """Forget what is older than so many days; series are as old as their last publication."""
    agreements = await connection.fetchval(_OLD_AGREEMENTS, days)
    gone: dict[str, int] = {}
    for name, statement in (_FORGET_PUBLICATIONS | _FORGET).items():
        gone[name] = _count(await connection.execute(statement, days))
    await connection.execute(_DROP_NIL_RETURNS)
    await _drop_orphans(connection, agreements)
    return {"submissions": gone["submission"], "series": gone["series"]}


async def copy_agreement(connection: Connection, agreement: int, publication: int) -> int:
    """Replace what the practice space has of an agreement by what is published of it.

    Returns:
        The number of series in the public room.
    """
    await ensure_heads(connection, [agreement])
    for statement in _DROP_AGREEMENT.values():
        await connection.execute(statement, [agreement])
    copied: dict[str, int] = {}
    for table in _COPIED:
        columns = await connection.fetchval(_COLUMNS, table)
        statement = _COPY.format(table=table, columns=columns)
        copied[table] = _count(await connection.execute(statement, agreement, publication))
    await connection.execute(_JOURNAL_COPY, agreement)
    await connection.execute(_COUNT_HEADS, [agreement])
    await connection.execute(_MOVE_WITHHELD_HEADS, [agreement])
    return copied["series"]


async def _drop_orphans(connection: Connection, agreements: Sequence[int]) -> None:
    await connection.execute(_DROP_OUTBOX)
    orphaned = [row["sha256"] for row in await connection.fetch(_ORPHANED)]
    for sha256 in orphaned:
        await contents.lock(connection, sha256)
    await connection.execute(_DROP_CONTENT, orphaned)
    if agreements:
        await connection.execute(_COUNT_HEADS, list(agreements))
        await connection.execute(_MOVE_WITHHELD_HEADS, list(agreements))


def _count(status: str) -> int:
    """Number of rows in the status of a statement, such as `DELETE 12`."""
    return int(status.rpartition(" ")[2])
