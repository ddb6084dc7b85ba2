"""Whether the service can do its work now."""

from __future__ import annotations

import asyncio
from typing import Final

from app.errors import VipmgError
from app.models.api import ReadinessReply
from app.store import readiness
from app.store.catalogue import CatalogueCache
from app.store.pools import Pools, is_retriable
from app.store.schema_revision import is_newest

PATIENCE_SECONDS: Final = 3.0


class ReadinessProbe:
    """Asks whether the database is writable, migrated and has a registry."""

    def __init__(self, pools: Pools, catalogue: CatalogueCache, dsn: str) -> None:
        self._pools = pools
        self._catalogue = catalogue
        self._dsn = dsn
        self._migrated = False

    async def check(self) -> ReadinessReply:
        """Ask all questions; one that is not answered in time is answered no."""
        checks = dict.fromkeys(("database", "migrations", "registry"), False)
        try:
            async with asyncio.timeout(PATIENCE_SECONDS):
                async with self._pools.writer.acquire() as connection:
                    checks["database"] = await readiness.is_writable(connection)
                    current = await self._catalogue.current(connection)
                    checks["registry"] = current.snapshot.revision > 0
                checks["migrations"] = await self._is_migrated()
        except Exception as error:
            if not (isinstance(error, VipmgError | TimeoutError) or is_retriable(error)):
                raise
        ready = all(checks.values())
        return ReadinessReply(status="ready" if ready else "not ready", checks=checks)

    async def _is_migrated(self) -> bool:
        """Once true it stays true: revisions are never taken back."""
        if not self._migrated:
            self._migrated = await is_newest(self._dsn)
        return self._migrated
