"""Types that the store speaks in: those of asyncpg, and what does a job."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, TypeAlias

import asyncpg
from asyncpg.pool import PoolConnectionProxy

# asyncpg's classes are generic in the stubs only; a pool lends a proxy, not a connection.
if TYPE_CHECKING:
    Connection: TypeAlias = asyncpg.Connection[asyncpg.Record] | PoolConnectionProxy[asyncpg.Record]
    Pool: TypeAlias = asyncpg.Pool[asyncpg.Record]
else:
    Connection: TypeAlias = asyncpg.Connection | PoolConnectionProxy
    Pool: TypeAlias = asyncpg.Pool

Record: TypeAlias = asyncpg.Record

JobHandler: TypeAlias = Callable[[str], Awaitable[None]]
"""What does a job, given its payload."""
