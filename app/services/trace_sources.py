"""The agreements whose figures are in a computed one, with a query for just those of each."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, Final
from urllib.parse import quote

from app.errors import InvalidArtefactError
from app.sdmx.aggregates.declarations import REGION, TOTAL, Computation, method_of, read_computation
from app.sdmx.aggregates.families import sources_of
from app.sdmx.intake import Key
from app.sdmx.urn import parse_urn
from app.services.derive.derive_aggregates import Aggregation, aggregation_of, selection_of
from app.store import derived_sources
from app.store.catalogue import Catalogue
from app.store.pools import Pools
from app.store.staging import SEPARATOR

KEYS: Final = 40
"""Keys in one query; more are asked for by several."""


async def trace_sources(
    pools: Pools,
    catalogue: Catalogue,
    dataflow: str,
    key: Sequence[str],
    period: str,
    made_of: str,
    base_url: str,
) -> list[dict[str, Any]]:
    """The figures that a total or a region adds up, by agreement, as they stand now.

    A query of the source dataflow does not give them: it shows one agreement for each series,
    while sums take the figure of each period from the highest agreement that has one. Queries of
    agreements do, and what they give adds up.

    Args:
        pools: connections; only public figures are looked at.
        catalogue: the registry.
        dataflow: URN of the computed dataflow.
        key: codes of the figure.
        period: its time period.
        made_of: what its attribute COMPUTED_FROM says: `REF_AREA: CRI + GTM`.
        base_url: address of the service.
    """
    aggregation = _aggregation(catalogue, dataflow)
    if aggregation is None:
        return []
    computation = aggregation.computation
    areas = (
        made_of.partition(": ")[2].split(" + ") if computation.groups else [_area(computation, key)]
    )
    selection = selection_of(catalogue, aggregation)
    family = SEPARATOR.join(key[place] for place in computation.family)
    by_voice: dict[int, list[tuple[str, Key]]] = {}
    async with pools.public.acquire() as connection:
        async for one in derived_sources.read_families(connection, selection, {family}):
            for voice, area, keys in sources_of(
                computation, one.sources, tuple(key), period, areas
            ):
                by_voice.setdefault(voice, []).extend((area, each) for each in keys)
    agreements = catalogue.agreements_of(catalogue.dataflows[computation.source])
    return [
        {
            "agreement": agreements[voice].urn,
            "provider": agreements[voice].provider,
            "members": list(dict.fromkeys(area for area, _ in part)),
            "links": {"source": _address(agreements[voice].urn, part, period, base_url)},
        }
        for voice, found in sorted(by_voice.items())
        for part in _parts(found)
    ]


def _aggregation(catalogue: Catalogue, dataflow: str) -> Aggregation | None:
    artefacts = catalogue.snapshot.artefacts
    artefact = artefacts.get(dataflow)
    if artefact is None or method_of(artefact) not in (TOTAL, REGION):
        return None
    try:
        return aggregation_of(catalogue, read_computation(artefact, artefacts, catalogue.flow))
    except InvalidArtefactError:
        return None


def _area(computation: Computation, key: Sequence[str]) -> str:
    return key[computation.area]


def _parts(found: Sequence[tuple[str, Key]]) -> Iterator[Sequence[tuple[str, Key]]]:
    return (found[place : place + KEYS] for place in range(0, len(found), KEYS))


def _address(urn: str, part: Sequence[tuple[str, Key]], period: str, base_url: str) -> str:
    named = parse_urn(urn)
    keys = ",".join(quote(".".join(key)) for _, key in part)
    path = f"provisionagreement/{named.agency}/{named.id}/{named.version}/{keys}"
    return f"{base_url}/sdmx/v2/data/{path}?c[TIME_PERIOD]={quote(period)}"
