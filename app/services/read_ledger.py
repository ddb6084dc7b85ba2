"""Reading a ledger: the public one, or for data providers that of all publications."""

from __future__ import annotations

from app.auth.subject import Subject
from app.services.check_provider import check_provider
from app.store import ledger_reading
from app.store.ledger_lines import Line, canonical
from app.store.pools import Pools, with_retry


async def read_ledger(
    pools: Pools, provider: Subject | None, *, after: int, limit: int
) -> tuple[bytes, int | None]:
    """Lines that follow a number, as JSON Lines; and the number after which more come, if any.

    Args:
        pools: of the service.
        provider: whose entries are shown in the ledger of all publications; None: the public
            ledger.
        after: the last number that the caller has.
        limit: how many lines at most.

    Raises:
        NotAuthorisedError: the caller is no data provider.
    """
    if provider is not None:
        check_provider(provider)

    async def read() -> list[Line]:
        if provider is None:
            async with pools.public.acquire() as connection:
                return await ledger_reading.public_lines(connection, after, limit + 1)
        async with pools.writer.acquire() as connection:
            organisation = provider.organisation
            return await ledger_reading.all_lines(connection, after, limit + 1, organisation)

    found = await with_retry(read)
    text = b"".join(canonical(line) + b"\n" for line in found[:limit])
    return text, found[limit - 1]["sequence"] if len(found) > limit else None
