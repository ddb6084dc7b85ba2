"""The keys of receipts, as everybody may know them."""

from __future__ import annotations

from app.auth.receipt_keys import public_jwk
from app.store import receipts
from app.store.types import Pool


async def list_receipt_keys(writer: Pool) -> list[dict[str, object]]:
    """All public keys, the one that signs now first."""
    async with writer.acquire() as connection:
        found = await receipts.keys(connection)
    return [public_jwk(key.private_jwk, key.created_at, key.retired_at) for key in found]
