"""Copying what is published of an agreement into the practice space, so that it can be revised."""

from __future__ import annotations

from app.auth.subject import Subject
from app.services.check_provider import check_provider
from app.services.find_agreement import find_agreement
from app.store import practice, publication
from app.store.catalogue import CatalogueCache
from app.store.effects import Effect
from app.store.pools import Pools


async def copy_to_practice(
    pools: Pools, cache: CatalogueCache, subject: Subject, agreement: str
) -> dict[str, int]:
    """Replace what the practice space has of an agreement of the caller by its published data.

    Args:
        pools: those of the practice space.
        cache: the registry, which is the same for both spaces.
        subject: the caller.
        agreement: its id.

    Returns:
        How many series were copied.

    Raises:
        NotFoundError: the caller's organisation has no such agreement.
    """
    check_provider(subject)
    async with pools.writer.acquire() as connection:
        found = find_agreement(await cache.current(connection), subject, agreement)
        async with connection.transaction():
            begun = await publication.begin_publication(connection, None)
            series = await practice.copy_agreement(connection, found.id, begun.id)
            begun.effects.append(Effect(found.id))
            await publication.end_publication(
                connection, begun, action="copy", actor=subject.organisation, about=found.urn
            )
    return {"series": series}
