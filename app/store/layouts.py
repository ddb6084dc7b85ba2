"""Layouts of workbooks, under a name for each agreement. All SQL of theirs."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import Any

import orjson

from app.store.types import Connection, Record

MOST_LAYOUTS = 100
"""Layouts that one agreement may have."""

_PUT = """
INSERT INTO layout_profile (agreement_id, name, document, changed_at, changed_by)
VALUES ($1, $2, $3, clock_timestamp(), $4)
ON CONFLICT (agreement_id, name) DO UPDATE SET document = excluded.document,
  changed_at = excluded.changed_at, changed_by = excluded.changed_by
RETURNING (xmax = 0) AS is_new
"""
_GET = """
SELECT name, document, changed_at, changed_by FROM layout_profile
WHERE agreement_id = $1 AND name = $2
"""
_LIST = """
SELECT name, document, changed_at, changed_by FROM layout_profile
WHERE agreement_id = $1 ORDER BY name
"""
_DELETE = "DELETE FROM layout_profile WHERE agreement_id = $1 AND name = $2 RETURNING name"
_COUNT = "SELECT count(*) FROM layout_profile WHERE agreement_id = $1 AND name <> $2"


@dataclass(frozen=True, slots=True)
class StoredLayout:
    """A layout with its name, and who changed it last."""

    name: str
    document: dict[str, Any]
    changed_at: dt.datetime
    changed_by: str


async def put_layout(
    connection: Connection, agreement: int, name: str, document: dict[str, Any], client_id: str
) -> bool | None:
    """Store a layout; whether it is a new one, None where the agreement has too many."""
    if await connection.fetchval(_COUNT, agreement, name) >= MOST_LAYOUTS:
        return None
    text = orjson.dumps(document).decode()
    return bool(await connection.fetchval(_PUT, agreement, name, text, client_id))


async def get_layout(connection: Connection, agreement: int, name: str) -> StoredLayout | None:
    """The layout of a name."""
    return _layout(await connection.fetchrow(_GET, agreement, name))


async def list_layouts(connection: Connection, agreement: int) -> list[StoredLayout]:
    """The layouts of an agreement, by name."""
    rows = await connection.fetch(_LIST, agreement)
    return [found for row in rows if (found := _layout(row)) is not None]


async def delete_layout(connection: Connection, agreement: int, name: str) -> bool:
    """Delete a layout; False where there was none."""
    return await connection.fetchval(_DELETE, agreement, name) is not None


def _layout(row: Record | None) -> StoredLayout | None:
    if row is None:
        return None
    return StoredLayout(**dict(row) | {"document": orjson.loads(row["document"])})
