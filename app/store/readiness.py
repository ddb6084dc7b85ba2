"""What the service asks of its database before it calls itself ready."""

from __future__ import annotations

import datetime as dt

from app.store.types import Connection

_WRITABLE = "SELECT NOT pg_is_in_recovery() AND current_setting('transaction_read_only') = 'off'"
_CLOCK = "SELECT clock_timestamp()"


async def is_writable(connection: Connection) -> bool:
    """Whether the database takes changes now."""
    writable: bool = await connection.fetchval(_WRITABLE)
    return writable


async def clock(connection: Connection) -> dt.datetime:
    """The clock of the database, the only one that decides anything."""
    instant: dt.datetime = await connection.fetchval(_CLOCK)
    return instant


async def has_publications(connection: Connection) -> bool:
    """Whether anything was ever published here."""
    found: bool = await connection.fetchval("SELECT EXISTS (SELECT FROM ledger)")
    return found
