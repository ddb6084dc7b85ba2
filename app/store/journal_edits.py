"""Changing the past: journal rows are edited aside, then put in the place of those there."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, Final

from app.store.types import Connection

_CREATE: Final = """
CREATE TEMPORARY TABLE {table} (
  withheld boolean NOT NULL,
  key text[] COLLATE "C" NOT NULL,
  publication_id bigint NOT NULL,
  action text NOT NULL,
  observations text,
  attributes text
) ON COMMIT DROP
"""
_TAKE_OUT: Final = """
DELETE FROM {room}change AS c USING {table} AS e
WHERE e.withheld = {withheld} AND c.agreement_id = $1 AND c.key = e.key
  AND c.publication_id = e.publication_id AND c.action = e.action
"""
_PUT: Final = """
INSERT INTO change (agreement_id, key, publication_id, action, observations, attributes)
SELECT $1, key, publication_id, action, observations::json, attributes::json FROM {table}
WHERE NOT withheld AND (observations IS NOT NULL OR attributes IS NOT NULL)
"""
_PUT_WITHHELD: Final = """
INSERT INTO withheld_change (agreement_id, key, publication_id, action, audience, observations,
                             attributes)
SELECT $1, key, publication_id, action, $2, observations::json, attributes::json FROM {table}
WHERE withheld AND (observations IS NOT NULL OR attributes IS NOT NULL)
"""

ROOMS: Final = (("", "false"), ("withheld_", "true"))
"""The journals: what stands before the name of their table, and whether they are withheld."""


class JournalEdits:
    """Edited rows of the journals of one agreement, in a table of the transaction.

    A row has withheld, key, publication, action, and observations and attributes as JSON; one
    without both is taken out of its journal.

    Args:
        table: its name; a transaction may have several.
    """

    def __init__(self, table: str) -> None:
        self._table = table

    async def open(self, connection: Connection) -> None:
        """Begin without rows."""
        await connection.execute(f"DROP TABLE IF EXISTS {self._table}")
        await connection.execute(_CREATE.format(table=self._table))

    async def add(self, connection: Connection, rows: Iterable[Sequence[Any]]) -> None:
        """Add rows; the one of a journal, key, publication and action once."""
        await connection.copy_records_to_table(self._table, records=rows)

    async def put(self, connection: Connection, agreement: int, audience: Sequence[str]) -> None:
        """Put the rows in the place of those that they were made of.

        Args:
            connection: in the role that may touch the journals.
            agreement: whose journals.
            audience: who may see what is withheld.
        """
        for room, withheld in ROOMS:
            take_out = _TAKE_OUT.format(room=room, withheld=withheld, table=self._table)
            await connection.execute(take_out, agreement)
        await connection.execute(_PUT.format(table=self._table), agreement)
        await connection.execute(_PUT_WITHHELD.format(table=self._table), agreement, list(audience))
