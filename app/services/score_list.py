"""The last scorecard of each data provider and dataflow."""

from __future__ import annotations

from urllib.parse import urlencode

from app.errors import NotFoundError
from app.models.owed import ScorecardList
from app.sdmx.calendar.texts import text_of
from app.services.calendar_names import calendar_names
from app.services.read_calendar import names_of_dataflow
from app.services.score_reply import SCORECARDS_PATH, score_reply
from app.store import scorecards
from app.store.catalogue import Catalogue, CatalogueCache
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
            flows = None if dataflow is None else dataflows_named(catalogue, provider, dataflow)
            if provider is not None and not catalogue.of_provider(provider):
                raise _nobody(provider)
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


def dataflows_named(catalogue: Catalogue, provider: str | None, named: str) -> list[str]:
    """The dataflows that a name means, as `AGENCY:ID(VERSION)`.

    Raises:
        NotFoundError: no agreement (of the provider) is with such a dataflow.
    """
    found = {
        one.dataflow_urn.rpartition("=")[2]
        for one in catalogue.agreements.values()
        if provider in (None, one.provider) and named in names_of_dataflow(one.dataflow_urn)
    }
    if not found:
        raise _nobody(" ".join(filter(None, (provider, named))))
    return sorted(found)


def _nobody(named: str) -> NotFoundError:
    return NotFoundError(
        f"No agreement with {named[:120]!r} is in force here.",
        f"Aquí no rige ningún convenio con {named[:120]!r}.",
    )
