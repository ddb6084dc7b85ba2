"""What the maps of a submission did with its rows."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from typing import Any

import orjson

from app.store.types import Connection

_PUT = "UPDATE submission SET mapping = $2 WHERE id = $1"
_READ = "SELECT mapping FROM submission WHERE id = $1"


async def put(
    connection: Connection, submission: uuid.UUID, mapping: Sequence[dict[str, Any]] | None
) -> None:
    """Note what each map did; nothing where none ran."""
    written = None if mapping is None else orjson.dumps(mapping).decode().replace("\\\\u0000", "")
    await connection.execute(_PUT, submission, written)


async def read(connection: Connection, submission: uuid.UUID) -> list[dict[str, Any]] | None:
    """What each map did; nothing where none ran."""
    stored = await connection.fetchval(_READ, submission)
    return None if stored is None else orjson.loads(stored)
