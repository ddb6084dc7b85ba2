"""What differs between two maps, in words."""

from __future__ import annotations

from typing import Any, Final

from app.sdmx.map_differences import map_differences
from app.services.find_map import find_map
from app.store.catalogue import CatalogueCache
from app.store.pools import Pools, with_retry

MOST: Final = 5000
"""Differences that are told one by one."""


async def compare_maps(
    pools: Pools, cache: CatalogueCache, named: str, other: str, language: str
) -> dict[str, Any]:
    """The differences that lead from `other` to `named`.

    Raises:
        NotFoundError: there is no such map.
        InvalidArtefactError: a map is not shaped as it should be.
    """

    async def read() -> dict[str, Any]:
        async with pools.public.acquire() as connection:
            artefacts = (await cache.current(connection)).snapshot.artefacts
        new, old = find_map(artefacts, named), find_map(artefacts, other)
        found = map_differences(artefacts, old, new)
        return {
            "map": new.urn,
            "with": old.urn,
            "count": len(found),
            "differences": [
                {
                    "part": one.part,
                    "change": one.change,
                    "subject": one.subject or None,
                    "value": one.value,
                    "before": one.before,
                    "after": one.after,
                    "message": one.text(language),
                    "messages": {each: one.text(each) for each in ("en", "es")},
                }
                for one in found[:MOST]
            ],
        }

    return await with_retry(read)
