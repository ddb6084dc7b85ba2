"""The keys of receipts as one process uses them outside of submissions: told, and signing heads."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Mapping
from typing import Any, Final

from app.auth.receipt_keys import HEAD_TYPE, new_key, public_jwk, sign
from app.store import receipts
from app.store.pools import with_retry
from app.store.types import Pool

FRESH_SECONDS: Final = 30


class Keyring:
    """Public keys, read again when older than half a minute; and statements on the ledger."""

    def __init__(self, writer: Pool, clock: Callable[[], float] = time.monotonic) -> None:
        self._writer = writer
        self._clock = clock
        self._jwks: dict[str, Any] = {"keys": []}
        self._read_at = -math.inf
        self._signed: dict[str, tuple[Mapping[str, Any], float, str]] = {}

    async def jwks(self) -> dict[str, Any]:
        """All public keys, also those that do not sign any more (RFC 7517)."""
        if self._clock() - self._read_at > FRESH_SECONDS or not self._jwks["keys"]:
            found = await with_retry(self._keys)
            told = [public_jwk(key.private_jwk, key.created_at, key.retired_at) for key in found]
            self._jwks, self._read_at = {"keys": told}, self._clock()
        return self._jwks

    async def sign_head(self, claims: Mapping[str, Any]) -> str:
        """Sign how far a ledger has come, with the time of the signature.

        The same is signed once in half a minute, however often it is asked.
        """
        known = self._signed.get(claims["ledger"])
        if known is not None and known[0] == claims and self._clock() - known[1] < FRESH_SECONDS:
            return known[2]

        async def run() -> str:
            async with self._writer.acquire() as connection, connection.transaction():
                signing = await receipts.signing_key(connection)
                if signing is None:
                    await receipts.add_key(connection, new_key())
                    signing = await receipts.signing_key(connection)
                assert signing is not None  # noqa: S101 - it was made
                private_jwk, now = signing
                return sign({**claims, "iat": int(now.timestamp())}, private_jwk, HEAD_TYPE)

        signed = await with_retry(run)
        self._signed[claims["ledger"]] = (claims, self._clock(), signed)
        return signed

    async def _keys(self) -> list[receipts.StoredKey]:
        async with self._writer.acquire() as connection:
            return await receipts.keys(connection)
