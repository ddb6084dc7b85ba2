"""The journals follow the rooms: what is suppressed by now leaves the public past as well.

Journals are written once; for this the transaction takes the role of redactions for a moment.
Nothing is lost: every row that leaves the public journal stands in that of the withheld room.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import orjson

from app.sdmx.intake import Key
from app.sdmx.past_rooms import hide_past as hidden_past
from app.sdmx.redaction import Row
from app.sdmx.rooms import RoomRule
from app.sdmx.undo import Act, Acts, Entry
from app.store.families import by_family, family_terms
from app.store.journal_edits import JournalEdits
from app.store.pasts import FETCH_SERIES, SERIES, read_acts, read_entries
from app.store.types import Connection

_WRITTEN: Final = """
SELECT key FROM change WHERE agreement_id = $1 AND action <> 'Attachment'
"""
_DELETED: Final = """
SELECT DISTINCT key FROM change WHERE agreement_id = $1 AND action = 'Delete'
"""
_OF_FAMILIES: Final = """
SELECT s.key FROM unnest($2::text[]) AS f (listed), LATERAL (
  SELECT key FROM series
  WHERE agreement_id = $1 AND series_terms(dataflow_id, key) @> string_to_array(f.listed, E'\x1f')
) AS s
"""
_ROLE: Final = "SELECT set_config('role', $1, true)"
# What is computed from a key looks there, and leaves its own past too.
_TELL: Final = """
INSERT INTO redacted_key (redaction_id, agreement_id, key)
SELECT DISTINCT $2::bigint, $1::integer, key FROM moved ON CONFLICT DO NOTHING
"""
_MOVED: Final = JournalEdits("moved")


@dataclass(frozen=True, slots=True)
class PastScope:
    """The series whose past is looked at.

    Attributes:
        rule: what the agreement withholds by now.
        audience: who may see what is withheld.
        families: of the rule; None: all.
    """

    agreement: int
    dataflow: int
    rule: RoomRule
    audience: Sequence[str]
    families: Collection[Key] | None


async def deleted_keys(connection: Connection, agreement: int) -> list[Key]:
    """The keys of which the public has seen figures that are gone."""
    return [tuple(row["key"]) for row in await connection.fetch(_DELETED, agreement)]


async def hide_past(connection: Connection, publication: int, scope: PastScope) -> bool:
    """Move to the withheld journal what is suppressed by now; whether anything was.

    In the transaction of a publication, after it has written its own rows.
    """
    acts, _ = await read_acts(connection, scope.agreement)
    acts = acts.with_act(Act(publication, acts.end))
    role = await connection.fetchval("SELECT current_setting('role')")
    await _MOVED.open(connection)
    await _collect(connection, scope, acts)
    if not await connection.fetchval("SELECT EXISTS (SELECT FROM moved)"):
        return False
    await connection.execute(_ROLE, "vipmg_redactor")
    await _MOVED.put(connection, scope.agreement, scope.audience)
    await connection.execute(_ROLE, role)
    await connection.execute(_TELL, scope.agreement, publication)
    return True


async def _collect(connection: Connection, scope: PastScope, acts: Acts) -> None:
    """Copy aside the rows that change, family by family."""
    arguments: list[Any] = [scope.agreement]
    reached = _WRITTEN
    if scope.families is not None:
        reached = _OF_FAMILIES
        arguments.append(
            ["\x1f".join(family_terms(scope.dataflow, scope.rule, one)) for one in scope.families]
        )
    written = f"SELECT DISTINCT key FROM ({reached}) AS written"  # noqa: S608 - own text
    statement = by_family(SERIES.format(reached=written), scope.rule)
    entries: dict[Key, list[Entry]] = {}
    family: Key | None = None
    async for row in connection.cursor(statement, *arguments, prefetch=FETCH_SERIES):
        key = tuple(row["key"])
        own = tuple(key[place] for place in scope.rule.family) if scope.rule.sums else key
        if own != family:
            await _copy(connection, hidden_past(entries, acts, scope.rule))
            entries, family = {}, own
        entries[key] = read_entries(row["entries"])
    await _copy(connection, hidden_past(entries, acts, scope.rule))


async def _copy(connection: Connection, rows: Mapping[Key, Sequence[Row]]) -> None:
    records = [
        (
            row.withheld,
            key,
            row.publication,
            row.action,
            _text(row.document),
            _text(row.attributes),
        )
        for key, listed in rows.items()
        for row in listed
    ]
    if records:
        await _MOVED.add(connection, records)


def _text(document: Mapping[str, Any] | None) -> str | None:
    return None if not document else orjson.dumps(document).decode()
