"""The scorecards of a data provider and dataflow, day by day."""

from __future__ import annotations

from urllib.parse import quote

from app.models.owed import ScorecardHistory
from app.services.calendar_names import calendar_names
from app.services.find_agreed_dataflows import find_agreed_dataflows
from app.services.score_reply import SCORECARDS_PATH, score_reply
from app.store import scorecards
from app.store.catalogue import CatalogueCache
from app.store.pools import Pools, with_retry


async def score_history(
    pools: Pools,
    cache: CatalogueCache,
    of: tuple[str, str],
    page: tuple[int, int],
    base_url: str,
    language: str,
) -> ScorecardHistory:
    """The scorecards of a provider and dataflow (`of`), the last day first.

    Raises:
        NotFoundError: the provider has no agreement with such a dataflow.
    """
    provider, dataflow = of
    limit, offset = page

    async def read() -> ScorecardHistory:
        async with pools.public.acquire() as connection:
            catalogue = await cache.current(connection)
            agreed = find_agreed_dataflows(catalogue, provider, dataflow)
            flows = [urn.rpartition("=")[2] for urn in agreed]
            found = await scorecards.history(connection, provider, flows, (limit + 1, offset))
        names = calendar_names(catalogue)
        address = f"{base_url}{SCORECARDS_PATH}/{quote(provider)}/{quote(dataflow, safe=':()')}"
        following = f"{address}/history?limit={limit}&offset={offset + limit}"
        return ScorecardHistory(
            provider=provider,
            dataflow=dataflow,
            days=[score_reply(one, names, base_url, language) for one in found[:limit]],
            next=following if len(found) > limit else None,
        )

    return await with_retry(read)
