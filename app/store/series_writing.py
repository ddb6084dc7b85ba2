"""Writing merged series: copied aside as they come, then written set by set at the end.

Rooms, journals and what was sent again follow from the same outcomes.
"""

from __future__ import annotations

from collections.abc import AsyncIterable, Callable

from app.sdmx.intake import Key
from app.store import confirmed
from app.store.effects import Effect
from app.store.families import members
from app.store.merge import FLUSH_SERIES, Merge, RefusedError
from app.store.past_rooms import PastScope, deleted_keys, hide_past
from app.store.stored import Placed, Stored
from app.store.types import Connection, Record

CREATE_OUTCOME = """
CREATE TEMPORARY TABLE outcome (
  key text COLLATE "C" NOT NULL,
  observations text NOT NULL,
  attributes text NOT NULL,
  observation_count integer NOT NULL,
  first_period date,
  last_period date,
  put text,
  gone text,
  changed_attributes text
) ON COMMIT DROP
"""
CREATE_HIDDEN = """
CREATE TEMPORARY TABLE hidden (
  key text[] COLLATE "C" NOT NULL,
  release_at timestamptz,
  observations text,
  attributes text,
  observation_count integer,
  first_period date,
  last_period date
) ON COMMIT DROP;
CREATE TEMPORARY TABLE hidden_change (
  key text[] COLLATE "C" NOT NULL,
  action text NOT NULL,
  observations text,
  attributes text
) ON COMMIT DROP
"""
UPSERT_SERIES = """
INSERT INTO series AS s (agreement_id, key, dataflow_id, observations, attributes,
                         observation_count, first_period, last_period, publication_id)
SELECT $1, string_to_array(key, E'\x1f'), $2, observations::json, attributes::json,
  observation_count, first_period, last_period, $3
FROM outcome
ON CONFLICT (agreement_id, key) DO UPDATE SET
  observations = excluded.observations,
  attributes = excluded.attributes,
  observation_count = excluded.observation_count,
  first_period = excluded.first_period,
  last_period = excluded.last_period,
  publication_id = excluded.publication_id
"""
JOURNAL = """
INSERT INTO change (agreement_id, key, publication_id, action, observations, attributes)
SELECT $1::integer, string_to_array(key, E'\x1f'), $2::bigint, 'Replace',
  CASE WHEN put = '' THEN NULL ELSE coalesce(put, observations)::json END,
  coalesce(changed_attributes, attributes)::json
FROM outcome WHERE put IS DISTINCT FROM '' OR changed_attributes IS DISTINCT FROM '{}'
UNION ALL
SELECT $1::integer, string_to_array(key, E'\x1f'), $2::bigint, 'Delete', gone::json, NULL
FROM outcome WHERE gone IS NOT NULL
"""
REPLACE_HIDDEN = """
DELETE FROM withheld_series AS w USING hidden AS h WHERE w.agreement_id = $1 AND w.key = h.key
"""
INSERT_HIDDEN = """
INSERT INTO withheld_series (agreement_id, key, release_at, dataflow_id, audience, observations,
                             attributes, observation_count, first_period, last_period,
                             publication_id)
SELECT $1, key, release_at, $2, $3, observations::json, attributes::json, observation_count,
  first_period, last_period, $4
FROM hidden WHERE release_at IS NOT NULL
"""
JOURNAL_HIDDEN = """
INSERT INTO withheld_change (agreement_id, key, publication_id, action, audience, observations,
                             attributes)
SELECT $1, key, $2, action, $3, observations::json, attributes::json FROM hidden_change
"""


async def write_series(
    connection: Connection,
    merge: Merge,
    rows: AsyncIterable[Record],
    dataflow: int,
    audience: list[str],
    progress: Callable[[int], None],
) -> Effect:
    """Merge series by series, copy the outcomes aside, then write them set by set."""
    await connection.execute("DROP TABLE IF EXISTS outcome, hidden, hidden_change, sent_again")
    await connection.execute(CREATE_OUTCOME)
    await connection.execute(CREATE_HIDDEN)
    await connection.execute(confirmed.CREATE)
    seen = 0
    async for row in rows:
        if merge.waiting and merge.ends_family(row["key"]):
            await settle(connection, merge, dataflow)
        merge.series(row)
        seen += 1
        if seen % FLUSH_SERIES == 0:
            await merge.flush(connection)
            progress(seen)
    await settle(connection, merge, dataflow)
    await merge.flush(connection)
    effect = merge.effect
    agreement, publication = effect.agreement, merge.publication.id
    if merge.refused:
        raise RefusedError
    if effect.public_room:
        await connection.execute(UPSERT_SERIES, agreement, dataflow, publication)
        await connection.execute(JOURNAL, agreement, publication)
    if effect.withheld_room:
        await connection.execute(REPLACE_HIDDEN, agreement)
        await connection.execute(INSERT_HIDDEN, agreement, dataflow, audience, publication)
        await connection.execute(JOURNAL_HIDDEN, agreement, publication, audience)
    await confirmed.write_confirmed(connection, agreement, publication)
    if not merge.edits_past:
        await follow_past(connection, merge, dataflow, audience)
    return effect


async def follow_past(
    connection: Connection, merge: Merge, dataflow: int, audience: list[str]
) -> None:
    """Take out of the public past what is suppressed by now, and was not before."""
    effect, rule = merge.effect, merge.rule
    if merge.doubtful and not merge.is_whole:
        deleted = {merge.family(key) for key in await deleted_keys(connection, effect.agreement)}
        merge.reopened |= merge.doubtful & deleted
    if merge.reopened or (merge.is_whole and rule.minimum_cell):
        families = None if merge.is_whole else merge.reopened
        scope = PastScope(effect.agreement, dataflow, rule, audience, families)
        if await hide_past(connection, merge.publication.id, scope):
            effect.public_room = effect.withheld_room = True


async def settle(connection: Connection, merge: Merge, dataflow: int) -> None:
    """Divide into the rooms the series that wait for the others of their families."""
    waiting = merge.take_waiting()
    if merge.refused or not waiting:
        return
    families: dict[Key, list[Placed]] = {}
    for placed in waiting:
        families.setdefault(merge.family(placed.stored.key), []).append(placed)
    there = {tuple(placed.stored.key) for placed in waiting}
    if not merge.is_whole:
        agreement = merge.effect.agreement
        async for row in members(connection, agreement, dataflow, merge.rule, families):
            if tuple(row["key"]) not in there:
                placed = Placed.unchanged(Stored.read(row))
                families[merge.family(placed.stored.key)].append(placed)
    for family, listed in families.items():
        merge.place_family(family, listed)
