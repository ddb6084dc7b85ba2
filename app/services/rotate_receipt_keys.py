"""Replacing the key that signs receipts."""

from __future__ import annotations

from app.auth.receipt_keys import new_key, public_jwk
from app.store import receipts
from app.store.types import Pool


async def rotate_receipt_keys(writer: Pool) -> list[dict[str, object]]:
    """Make a new key that signs from now on; all public keys, the new one first."""
    async with writer.acquire() as connection:
        async with connection.transaction():
            await receipts.replace_key(connection, new_key())
        found = await receipts.keys(connection)
    return [public_jwk(key.private_jwk, key.created_at, key.retired_at) for key in found]
