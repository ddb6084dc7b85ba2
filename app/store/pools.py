"""Pools of connections, one for each right: public reading, privileged reading, writing."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import TypeVar

import asyncpg

from app.errors import ConfigurationError, UnavailableError
from app.settings import Settings
from app.store.types import Connection, Pool

Result = TypeVar("Result")

READER = {
    "role": "vipmg_reader",
    "application_name": "vipmg public reader",
    "default_transaction_read_only": "on",
    "statement_timeout": "60s",
}
PRIVILEGED = READER | {
    "role": "vipmg_privileged",
    "application_name": "vipmg privileged reader",
}
WRITER = {
    "role": "vipmg_writer",
    "application_name": "vipmg writer",
    "lock_timeout": "60s",
    "idle_in_transaction_session_timeout": "300s",
}
PRACTICE = WRITER | {
    "application_name": "vipmg practice",
    "search_path": "practice, public",
    "statement_timeout": "300s",
}
PRACTICE_CONNECTIONS = 4
SESSION = {"timezone": "UTC"}

# Serialisation, deadlock, server going down or coming up, connection lost (class 08).
RETRIABLE_STATES = {"40001", "40P01", "57P01", "57P02", "57P03"}
# Out of resources, locks not had in time, told to stop, faults of the system below.
PASSING_STATES = ("53", "55P03", "57", "58")
ATTEMPTS = 16
FIRST_WAIT_SECONDS = 0.05
LONGEST_WAIT_SECONDS = 0.5


@dataclass(frozen=True, slots=True)
class Pools:
    """The pools of one process.

    Attributes:
        public: sees the public room only, and can change nothing.
        privileged: sees also withheld rows of the organisation named in the transaction setting
            `vipmg.organisation`, and can change nothing.
        writer: may write.
        practice: the same on the practice space, by one pool of connections that find the tables
            of data and submissions there.
        is_practice: whether these are those of the practice space.
    """

    public: Pool
    privileged: Pool
    writer: Pool
    practice: Pools | None = None
    is_practice: bool = False

    def space(self, *, practice: bool) -> Pools:
        """Those of the practice space, or of the real one: never of one for the other."""
        if not practice:
            return self
        assert self.practice is not None  # noqa: S101 - the service opens both
        return self.practice

    async def close(self) -> None:
        """Wait for the connections that are lent, then close all."""
        pools = {self.public, self.privileged, self.writer}
        await asyncio.gather(*map(_close, pools))
        if self.practice is not None:
            await self.practice.close()


async def open_pools(dsn: str, settings: Settings) -> Pools:
    """Open the pools on a migrated database; the login user is a member of the roles.

    Raises:
        UnavailableError: the database cannot be reached.
        ConfigurationError: the database is not migrated, or the login may not take the roles.
    """
    size = settings.database_pool_size
    sizes = (
        (READER, size),
        (PRIVILEGED, max(2, size // 2)),
        (WRITER, max(4, size // 2)),
        (PRACTICE, PRACTICE_CONNECTIONS),
    )
    opened: list[Pool] = []
    try:
        for session, most in sizes:
            issuer = {"vipmg.issuer": settings.base_url}
            opened.append(await _open_pool(dsn, session | issuer, most))
    except BaseException as error:
        for pool in opened:
            pool.terminate()
        if is_retriable(error):
            raise _unavailable() from error
        if isinstance(
            error, asyncpg.InvalidParameterValueError | asyncpg.InsufficientPrivilegeError
        ):
            raise _no_role(str(error)) from error
        raise
    public, privileged, writer, practice = opened
    sandbox = Pools(practice, practice, practice, is_practice=True)
    return Pools(public, privileged, writer, sandbox)


async def with_retry(read: Callable[[], Awaitable[Result]]) -> Result:
    """Run an idempotent read, again if the server went away or wished it, for about six seconds.

    `read` takes its connection from the pool itself, so that each attempt has a sound one.

    Raises:
        UnavailableError: the last attempt failed for a reason that may pass.
    """
    for attempt in range(ATTEMPTS):
        try:
            return await read()
        except Exception as error:
            if not is_retriable(error):
                raise
            if attempt == ATTEMPTS - 1:
                raise _unavailable() from error
        await asyncio.sleep(min(FIRST_WAIT_SECONDS * 2**attempt, LONGEST_WAIT_SECONDS))
    raise AssertionError  # the last attempt returns or raises


def is_retriable(error: BaseException) -> bool:
    """Whether the same statement may succeed on another connection, or a little later."""
    if isinstance(error, asyncpg.PostgresError):
        state = error.sqlstate or ""
        return state in RETRIABLE_STATES or state.startswith("08")
    if isinstance(error, ValueError):  # asyncpg.DataError: an argument of the wrong type
        return False
    # asyncpg reports a connection that died while idle as InternalClientError.
    return isinstance(error, OSError | asyncpg.InterfaceError | asyncpg.InternalClientError)


def is_passing(error: BaseException) -> bool:
    """Whether a part was away, full or busy, so that the work itself is not to blame."""
    if isinstance(error, asyncpg.PostgresError):
        state = error.sqlstate or ""
        return is_retriable(error) or state.startswith(PASSING_STATES)
    return is_retriable(error)


async def _open_pool(dsn: str, session: dict[str, str], size: int) -> Pool:
    async def check_role(connection: Connection) -> None:
        # A connection pooler in between may drop what a connection asks for at its start.
        user = await connection.fetchval("SELECT current_user")
        if user != session["role"]:
            raise _no_role(f"connected as {user} instead of {session['role']}")

    return await asyncpg.create_pool(
        dsn,
        min_size=0 if session["application_name"] == PRACTICE["application_name"] else 1,
        max_size=size,
        server_settings=SESSION | session,
        init=check_role,
        reset=_nothing_to_reset,
        timeout=10,
    )


async def _close(pool: Pool) -> None:
    """Close a pool; a connection whose server is dead already has nobody to take leave of."""
    try:
        await pool.close()
    except Exception as error:
        pool.terminate()
        if not is_retriable(error):
            raise


async def _nothing_to_reset(connection: Connection) -> None:
    """Save the round trip of RESET ALL at each release.

    Nothing is ever set for a session, only for a transaction (SET LOCAL), and asyncpg itself rolls
    back a transaction left open before it calls this.
    """


def _unavailable() -> UnavailableError:
    return UnavailableError(
        "The database does not answer at the moment. Try again shortly.",
        "La base de datos no responde en este momento. Inténtelo de nuevo en breve.",
    )


def _no_role(reason: str) -> ConfigurationError:
    return ConfigurationError(
        f"The database does not give the service its roles: {reason}. Run `vipmg migrate` as a "
        "user that may create roles; a connection pooler in between must pass on `role`.",
        f"La base de datos no da al servicio sus roles: {reason}. Ejecute `vipmg migrate` con un "
        "usuario que pueda crear roles; un agrupador de conexiones intermedio debe transmitir "
        "`role`.",
    )
