"""Deleting a saved layout of an agreement."""

from __future__ import annotations

from app.auth.subject import Subject
from app.services.find_agreement import find_agreement
from app.services.get_layout import no_layout
from app.store import layouts
from app.store.catalogue import CatalogueCache
from app.store.pools import Pools


async def delete_layout(
    pools: Pools, cache: CatalogueCache, subject: Subject, named: str, name: str
) -> None:
    """Delete a layout; submissions that were sent with it keep what it said.

    Raises:
        NotFoundError: the caller's organisation has no such agreement, or that no such layout.
    """
    async with pools.writer.acquire() as connection:
        catalogue = await cache.current(connection)
        agreement = find_agreement(catalogue, subject, named)
        if not await layouts.delete_layout(connection, agreement.id, name):
            raise no_layout(name)
