"""Looking through the whole database for a text."""

from __future__ import annotations

import asyncpg

KEPT = frozenset({"redacted_change"})
"""Tables that a redaction leaves what it took out in, for whoever holds the legal copy."""

_TABLES = """
SELECT table_schema, table_name FROM information_schema.tables
WHERE table_type = 'BASE TABLE' AND table_schema NOT IN ('pg_catalog', 'information_schema')
ORDER BY 1, 2
"""


async def tables_with(dsn: str, text: str, *, kept: frozenset[str] = KEPT) -> set[str]:
    """The tables that a text stands in, anywhere in a row; files are stored deflated."""
    connection = await asyncpg.connect(dsn)
    try:
        found = set()
        for schema, name in await connection.fetch(_TABLES):
            stands = await connection.fetchval(
                f'SELECT EXISTS (SELECT FROM "{schema}"."{name}" AS t '
                "WHERE position($1 in t::text) > 0)",
                text,
            )
            if stands and name not in kept:
                found.add(f"{schema}.{name}")
        return found
    finally:
        await connection.close()
