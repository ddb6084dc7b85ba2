"""Heads for many requests at once: those that wait at the same time share one look-up.

A request joins a look-up that begins after it came, never one under way, so that it sees
everything that was acknowledged before it.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field

from app.store.series import Heads, read_heads
from app.store.types import Pool

RegistryHeads = tuple[int, str, Heads]


@dataclass(slots=True)
class _LookUp:
    agreements: set[int] = field(default_factory=set)
    done: asyncio.Future[RegistryHeads] = field(
        default_factory=lambda: asyncio.get_running_loop().create_future()
    )


class HeadReader:
    """Reads public heads, one statement at a time."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool
        self._next: _LookUp | None = None
        self._task: asyncio.Task[None] | None = None

    async def read(self, agreements: frozenset[int]) -> RegistryHeads:
        """The registry's revision and epoch, and heads of at least these agreements."""
        if self._next is None:
            self._next = _LookUp()
            if self._task is None:
                self._task = asyncio.create_task(self._run())
        look_up = self._next
        look_up.agreements |= agreements
        return await asyncio.shield(look_up.done)

    async def _run(self) -> None:
        while (look_up := self._next) is not None:
            self._next = None
            try:
                async with self._pool.acquire() as connection:
                    found = await read_heads(connection, sorted(look_up.agreements))
            except Exception as error:  # each that waits is told
                look_up.done.set_exception(error)
            else:
                look_up.done.set_result(found)
        self._task = None
