"""Notices: what an organisation is told of, once for each kind and subject.

Texts by kind are in `app/sdmx/texts/notices.toml`; the facts of a notice fill them.
"""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

import orjson

from app.store.types import Connection

_TELL: Final = """
INSERT INTO public.notice (id, organisation, kind, subject, facts, created_at)
SELECT $1, $2, $3, $4, $5::text::json, clock_timestamp() WHERE current_schema() <> 'practice'
ON CONFLICT (organisation, kind, subject) DO NOTHING
RETURNING id
"""
_LIST: Final = """
SELECT id, kind, subject, facts::text AS facts, created_at, seen_at FROM notice
WHERE organisation = ANY ($1::text[]) AND (NOT $2 OR seen_at IS NULL)
ORDER BY created_at DESC, id LIMIT $3 OFFSET $4
"""
_SEEN: Final = """
UPDATE notice SET seen_at = coalesce(seen_at, clock_timestamp())
WHERE id = $1 AND organisation = ANY ($2::text[]) RETURNING id
"""


@dataclass(frozen=True, slots=True)
class Notice:
    """A notice as stored."""

    id: uuid.UUID
    kind: str
    subject: str
    facts: Mapping[str, Any]
    created_at: dt.datetime
    seen_at: dt.datetime | None


async def tell(
    connection: Connection, organisation: str, kind: str, subject: str, facts: Mapping[str, Any]
) -> bool:
    """Tell an organisation of something; False: it was told before, or this is practice."""
    text = orjson.dumps(dict(facts)).decode()
    told = await connection.fetchval(_TELL, uuid.uuid4(), organisation, kind, subject, text)
    return told is not None


async def told(
    connection: Connection, organisations: list[str], limit: int, offset: int, *, unseen: bool
) -> list[Notice]:
    """What organisations were told, the newest first."""
    rows = await connection.fetch(_LIST, organisations, unseen, limit, offset)
    return [
        Notice(
            row["id"],
            row["kind"],
            row["subject"],
            orjson.loads(row["facts"]),
            row["created_at"],
            row["seen_at"],
        )
        for row in rows
    ]


async def mark_seen(connection: Connection, notice: uuid.UUID, organisations: list[str]) -> bool:
    """Note that somebody has seen a notice; False: there is none of theirs."""
    return await connection.fetchval(_SEEN, notice, organisations) is not None
