"""The last scorecard of each data provider and dataflow."""

from __future__ import annotations

from urllib.parse import urlencode

from app.models.owed import ScorecardList
from app.sdmx.calendar.texts import text_of
from app.services.calendar_names import calendar_names
from app.services.find_agreed_dataflows import find_agreed_dataflows
from app.services.score_reply import SCORECARDS_PATH, score_reply
from app.store import scorecards
from app.store.catalogue import CatalogueCache
from app.store.pools import Pools, with_retry


async def score_list(
    pools: Pools,
    cache: CatalogueCache,
    selection: tuple[str | None, str | None],
    page: tuple[int, int],
    base_url: str,
    language: str,
) -> ScorecardList:
    """The last scorecards, by provider and dataflow.

    Args:
        pools: of the service.
        cache: with the catalogue.
        selection: provider and dataflow; None: all.
        page: how many at most, and how many are left out.
        base_url: of the service.
        language: of the texts.

    Raises:
        NotFoundError: no agreement is with such a provider or dataflow.
    """
    provider, dataflow = selection
    limit, offset = page

    async def read() -> ScorecardList:
        async with pools.public.acquire() as connection:
            catalogue = await cache.current(connection)
            agreed = find_agreed_dataflows(catalogue, provider, dataflow)
            flows = [urn.rpartition("=")[2] for urn in agreed]
            found = await scorecards.last_of_each(connection, provider, flows, (limit + 1, offset))
        names = calendar_names(catalogue)
        more = [("provider", provider), ("dataflow", dataflow)]
        asked = [(name, value) for name, value in more if value is not None]
        query = urlencode([*asked, ("limit", limit), ("offset", offset + limit)])
        return ScorecardList(
            scorecards=[score_reply(one, names, base_url, language) for one in found[:limit]],
            note=text_of(language, "score", "note"),
            next=f"{base_url}{SCORECARDS_PATH}?{query}" if len(found) > limit else None,
        )

    return await with_retry(read)
