"""How the lineage of the figures of a dataflow or an agreement is asked for."""

from __future__ import annotations

from typing import Any

from app.sdmx.messages.data_json_parts import lineage_address
from app.services.find_agreements import find_agreements
from app.services.trace_figure import Asked
from app.store.catalogue import CatalogueCache
from app.store.pools import Pools


async def describe_lineage(
    pools: Pools, cache: CatalogueCache, asked: Asked, base_url: str
) -> dict[str, Any]:
    """The template of the addresses (RFC 6570), and the dimensions in the order of a key.

    Raises:
        NotFoundError: there is no such agreement or dataflow.
    """
    async with pools.public.acquire() as connection:
        catalogue = await cache.current(connection)
    found = find_agreements(catalogue, asked.agreement, asked.dataflow)[0]
    kind, urn = ("agreement", found.urn) if asked.agreement else ("dataflow", found.dataflow_urn)
    flow = catalogue.flow(found.dataflow_urn, found.urn)
    return {
        "template": lineage_address(base_url, kind, urn) + "{&key,period}",
        "dimensions": [one.id for one in flow.dimensions],
        "time": None if flow.time is None else flow.time.id,
    }
