"""Notices between processes: a decided submission is told to whoever waits for it."""

from __future__ import annotations

import asyncio
import contextlib
import uuid
from collections import defaultdict
from collections.abc import Callable

import asyncpg

from app.store.types import Connection

CHANNEL = "vipmg_decided"
REDACTED_CHANNEL = "vipmg_redacted"
LISTEN_AGAIN_SECONDS = 1.0


async def tell_decided(connection: Connection, submission: uuid.UUID) -> None:
    """Tell that a submission is decided, when the caller's transaction commits."""
    await connection.execute("SELECT pg_notify($1, $2)", CHANNEL, str(submission))


class DecisionListener:
    """Waits for decisions on one connection of its own."""

    def __init__(self, dsn: str) -> None:
        self._dsn = dsn
        self._connection: asyncpg.Connection[asyncpg.Record] | None = None
        self._opening = asyncio.Lock()
        self._waiting: dict[str, set[asyncio.Event]] = defaultdict(set)

    async def wait(self, submission: uuid.UUID, seconds: float) -> None:
        """Return when the submission is decided, or after the time; then ask the database."""
        event = asyncio.Event()
        waiting = self._waiting[str(submission)]
        waiting.add(event)
        try:
            await self._listen()
            await asyncio.wait_for(event.wait(), seconds)
        except (TimeoutError, OSError, asyncpg.PostgresError, asyncpg.InterfaceError):
            return
        finally:
            waiting.discard(event)
            if not waiting:
                self._waiting.pop(str(submission), None)

    async def close(self) -> None:
        """Close the connection."""
        if self._connection is not None:
            await self._connection.close()

    async def _listen(self) -> None:
        async with self._opening:
            if self._connection is None or self._connection.is_closed():
                self._connection = await asyncpg.connect(self._dsn)
                await self._connection.add_listener(CHANNEL, self._hear)

    def _hear(self, _connection: object, _pid: int, _channel: str, payload: object) -> None:
        for event in self._waiting.get(str(payload), ()):
            event.set()


async def tell_redacted(connection: Connection) -> None:
    """Tell that something was redacted, when the caller's transaction commits."""
    await connection.execute("SELECT pg_notify($1, '')", REDACTED_CHANNEL)


async def hear_redactions(dsn: str, let_go: Callable[[], None]) -> None:
    """Call `let_go` at each redaction, until cancelled.

    Also whenever the line to the database is new: one may have been missed before.
    """
    while True:
        ended = asyncio.Event()
        with contextlib.suppress(OSError, asyncpg.PostgresError, asyncpg.InterfaceError):
            connection = await asyncpg.connect(dsn)
            try:
                connection.add_termination_listener(lambda _connection, end=ended: end.set())
                await connection.add_listener(REDACTED_CHANNEL, lambda *_: let_go())
                let_go()
                await ended.wait()
            finally:
                await connection.close()
        await asyncio.sleep(LISTEN_AGAIN_SECONDS)
