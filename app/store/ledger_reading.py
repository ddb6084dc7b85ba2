"""Reading the ledgers, line by line, for those who want to check them."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass

from app.store.ledger import said, told
from app.store.ledger_lines import GENESIS, Line, line_of_all
from app.store.types import Connection, Record

# The line before the first is read too: its hash begins the page.
_PUBLIC = """
SELECT public_sequence, published_at, action, agreements, public_hash FROM ledger
WHERE public_sequence >= $1 ORDER BY public_sequence LIMIT $2
"""
_ALL = """
SELECT * , coalesce(
    actor = $3 OR cardinality(agreement_ids) > 0 AND agreement_ids <@
      (SELECT array_agg(id) FROM agreement WHERE provider = $3), false
  ) AS is_own
FROM ledger WHERE sequence >= $1 ORDER BY sequence LIMIT $2
"""
_PUBLIC_HEAD = """
SELECT public_sequence AS sequence, public_hash AS hash, published_at FROM ledger
WHERE public_sequence IS NOT NULL ORDER BY public_sequence DESC LIMIT 1
"""
_HEAD = "SELECT sequence, hash, published_at FROM ledger ORDER BY sequence DESC LIMIT 1"


@dataclass(frozen=True, slots=True)
class Head:
    """How far a ledger has come; at its beginning sequence 0, and no time."""

    sequence: int
    hash: str
    published_at: dt.datetime | None


async def public_lines(connection: Connection, after: int, limit: int) -> list[Line]:
    """Lines of the public ledger that follow a number."""
    rows = await connection.fetch(_PUBLIC, after, limit + 1)
    previous, shown = _begin(rows, "public_sequence", "public_hash", after, limit)
    lines: list[Line] = []
    for row in shown:
        line = told(row, previous)
        lines.append(line | {"hash": row["public_hash"]})
        previous = row["public_hash"]
    return lines


async def all_lines(
    connection: Connection, after: int, limit: int, organisation: str
) -> list[Line]:
    """Lines of the ledger of all; those of an organisation with what they say."""
    rows = await connection.fetch(_ALL, after, limit + 1, organisation)
    previous, shown = _begin(rows, "sequence", "hash", after, limit)
    lines: list[Line] = []
    for row in shown:
        line = line_of_all(row["sequence"], row["entry_sha256"], previous) | {"hash": row["hash"]}
        lines.append(line | {"entry": said(row)} if row["is_own"] else line)
        previous = row["hash"]
    return lines


async def public_head(connection: Connection) -> Head:
    """The last line of the public ledger."""
    return _head(await connection.fetchrow(_PUBLIC_HEAD))


async def head(connection: Connection) -> Head:
    """The last line of the ledger of all."""
    return _head(await connection.fetchrow(_HEAD))


def _begin(
    rows: Sequence[Record], number: str, hashed: str, after: int, limit: int
) -> tuple[str, Sequence[Record]]:
    if rows and rows[0][number] == after:
        return rows[0][hashed], rows[1 : limit + 1]
    return GENESIS, rows[:limit]


def _head(row: Record | None) -> Head:
    return Head(0, GENESIS, None) if row is None else Head(**dict(row))
