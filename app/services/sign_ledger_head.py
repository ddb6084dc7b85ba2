"""A signed statement of how far a ledger has come, which anybody can keep as a witness."""

from __future__ import annotations

from app.auth.keyring import Keyring
from app.auth.subject import Subject
from app.services.check_provider import check_provider
from app.store import ledger_reading
from app.store.ledger_reading import Head
from app.store.pools import Pools, with_retry


async def sign_ledger_head(
    pools: Pools, keyring: Keyring, provider: Subject | None, issuer: str
) -> str:
    """The head of the ledger of all publications, or without a provider that of the public one.

    Raises:
        NotAuthorisedError: the caller is no data provider.
    """
    if provider is not None:
        check_provider(provider)

    async def read() -> Head:
        if provider is None:
            async with pools.public.acquire() as connection:
                return await ledger_reading.public_head(connection)
        async with pools.writer.acquire() as connection:
            return await ledger_reading.head(connection)

    name = "public" if provider is None else "all"
    return await keyring.sign_head(head_claims(name, await with_retry(read), issuer))


def head_claims(name: str, head: Head, issuer: str) -> dict[str, object]:
    """What is stated of the end of a ledger."""
    at = head.published_at
    return {
        "iss": issuer,
        "ledger": name,
        "sequence": head.sequence,
        "hash": head.hash,
        "at": at and at.isoformat(timespec="microseconds"),
    }
