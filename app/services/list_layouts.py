"""The saved layouts of an agreement."""

from __future__ import annotations

from app.auth.subject import Subject
from app.models.agreement_reply import LayoutList
from app.services.find_agreement import find_agreement
from app.services.get_layout import describe_layout
from app.store import layouts
from app.store.catalogue import CatalogueCache
from app.store.pools import Pools, with_retry


async def list_layouts(
    pools: Pools, cache: CatalogueCache, subject: Subject, named: str, base_url: str
) -> LayoutList:
    """The layouts, by name.

    Raises:
        NotFoundError: the caller's organisation has no such agreement.
    """

    async def read() -> LayoutList:
        async with pools.writer.acquire() as connection:
            catalogue = await cache.current(connection)
            agreement = find_agreement(catalogue, subject, named)
            found = await layouts.list_layouts(connection, agreement.id)
        return LayoutList(layouts=[describe_layout(agreement, one, base_url) for one in found])

    return await with_retry(read)
