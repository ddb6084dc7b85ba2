"""Keys that verify access tokens: looked up by `kid`, cached, refetched with restraint."""

from __future__ import annotations

import asyncio
import logging
import math
import time
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from typing import Any, Final

from joserfc.jwk import ECKey, Key

from app.auth.jose import MAX_KID, OWN_ALGORITHM, usable_key
from app.errors import UnavailableError
from app.store import clients as store
from app.store.pools import with_retry
from app.store.types import Pool

FRESH_SECONDS: Final = 20 * 60
KEPT_SECONDS: Final = 24 * 3600
RETRY_SECONDS: Final = 30
FIRST_RETRY_SECONDS: Final = 3

_log = logging.getLogger(__name__)


class KeyCache(ABC):
    """Keys of one issuer by `kid`.

    They are fetched when older than 20 minutes and when a `kid` is unknown, but never more
    often than every 30 seconds (3 while there have never been any); while the issuer cannot
    be reached, the last good keys serve for 24 hours.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._lock = asyncio.Lock()
        self._keys: Mapping[str, Key] = {}
        self._fetched_at = -math.inf
        self._tried_at = -math.inf

    async def find(self, kid: object) -> Key | None:
        """Return the key that a token's header names, or None if the issuer has no such key.

        Raises:
            UnavailableError: the issuer's keys are not known and cannot be fetched now.
        """
        if not isinstance(kid, str) or not 0 < len(kid) <= MAX_KID:
            return None
        return (await self.all(wanted=kid)).get(kid)

    async def all(self, wanted: str | None = None) -> Mapping[str, Key]:
        """Return all keys by `kid`, fetched anew if they are old or lack the wanted one."""
        if self._due(wanted):
            async with self._lock:
                if self._due(wanted):
                    await self._refresh()
        if self._clock() - self._fetched_at > KEPT_SECONDS:
            raise UnavailableError(
                "The keys of the token issuer cannot be fetched now.",
                "Las claves del emisor de tokens no se pueden obtener ahora.",
            )
        return self._keys

    async def aclose(self) -> None:
        """Give back what the cache holds open."""
        return

    @abstractmethod
    async def _fetch(self) -> Mapping[str, Key]:
        """Fetch the keys; UnavailableError when that is not possible now."""

    def _due(self, wanted: str | None) -> bool:
        now = self._clock()
        pause = FIRST_RETRY_SECONDS if self._fetched_at == -math.inf else RETRY_SECONDS
        if now - self._tried_at < pause:
            return False
        stale = now - self._fetched_at > FRESH_SECONDS
        return stale or (wanted is not None and wanted not in self._keys)

    async def _refresh(self) -> None:
        try:
            self._keys = await self._fetch()
            self._fetched_at = self._clock()
        except UnavailableError as error:
            _log.warning("keys of the token issuer not fetched: %s", error)
        finally:
            self._tried_at = self._clock()


class OwnKeys(KeyCache):
    """Keys of the built-in authorisation server, in the database; made at the first start."""

    def __init__(self, pool: Pool, clock: Callable[[], float] = time.monotonic) -> None:
        super().__init__(clock)
        self._pool = pool

    async def signing_key(self) -> Key:
        """Return the private key that signs now."""
        return next(iter((await self.all()).values()))

    async def public_jwks(self) -> dict[str, list[dict[str, Any]]]:
        """Return the public key set (RFC 7517, 5)."""
        keys = (await self.all()).values()
        return {"keys": [dict(key.as_dict(private=False)) for key in keys]}

    async def _fetch(self) -> Mapping[str, Key]:
        return await with_retry(self._read)

    async def _read(self) -> Mapping[str, Key]:
        async with self._pool.acquire() as connection:
            rows = await store.list_signing_keys(connection)
            if not rows or rows[0].retired_at is not None:
                kid, private_jwk = _new_signing_key()
                await store.add_first_signing_key(connection, kid, private_jwk)
                rows = await store.list_signing_keys(connection)
        found = {row.kid: usable_key(row.private_jwk, (OWN_ALGORITHM,)) for row in rows}
        return {kid: key for kid, key in found.items() if key is not None}


def _new_signing_key() -> tuple[str, dict[str, Any]]:
    key = ECKey.generate_key("P-256", {"use": "sig", "alg": OWN_ALGORITHM}, auto_kid=True)
    return str(key.kid), dict(key.as_dict(private=True))
