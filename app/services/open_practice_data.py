"""Opening the practice data of one agreement for reading, as queries of SDMX-REST are read."""

from __future__ import annotations

from app.auth.subject import Subject
from app.sdmx.urn import parse_urn
from app.services.find_agreement import find_agreement
from app.store import practice
from app.store.catalogue import CatalogueCache
from app.store.pools import Pools


async def open_practice_data(
    pools: Pools, cache: CatalogueCache, subject: Subject, agreement: str
) -> tuple[str, ...]:
    """The path of a data query for an agreement of the caller: context, agency, id, version.

    Raises:
        NotFoundError: the caller's organisation has no such agreement.
    """
    async with pools.writer.acquire() as connection:
        found = find_agreement(await cache.current(connection), subject, agreement)
        await practice.ensure_heads(connection, [found.id])
    urn = parse_urn(found.urn)
    return "provisionagreement", urn.agency, urn.id, str(urn.version)
