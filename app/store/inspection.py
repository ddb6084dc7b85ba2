"""What an inspection asks of the database server."""

from __future__ import annotations

from app.store.types import Connection

_FACTS = """
SELECT current_setting('server_version_num')::integer AS version,
  current_setting('server_version') AS version_text,
  current_setting('fsync') AS fsync,
  current_setting('full_page_writes') AS full_page_writes,
  current_setting('synchronous_commit') AS synchronous_commit,
  current_setting('data_checksums') AS data_checksums
"""
_QUEUE = """
SELECT count(*) AS waiting,
  coalesce(extract(epoch FROM clock_timestamp() - min(received_at)), 0)::integer AS seconds
FROM submission WHERE state IN ('received', 'validating', 'failed')
"""


async def server_facts(connection: Connection) -> dict[str, str | int]:
    """Version of the server, and the settings on which the safety of data rests."""
    row = await connection.fetchrow(_FACTS)
    assert row is not None  # noqa: S101 - a SELECT without FROM has one row
    return dict(row)


async def undecided(connection: Connection) -> tuple[int, int]:
    """Number of submissions without a verdict, and the age of the oldest in seconds."""
    row = await connection.fetchrow(_QUEUE)
    assert row is not None  # noqa: S101 - an aggregate has one row
    return row["waiting"], row["seconds"]
