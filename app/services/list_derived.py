"""The computed dataflows, each with the publication up to which it has come."""

from __future__ import annotations

from app.models.derived_reply import DerivedDataflow, DerivedLinks, DerivedList
from app.sdmx.aggregates.declarations import computed_dataflows, method_of, source_of
from app.sdmx.artefacts import Artefact
from app.sdmx.components import names_of
from app.services.derive.publish_derived import PROVIDER
from app.sheets.template_texts import name_in
from app.store import derived
from app.store.catalogue import Catalogue, CatalogueCache
from app.store.derived import Progress
from app.store.pools import Pools, with_retry
from app.store.series import Head, read_heads


async def list_derived(
    pools: Pools, cache: CatalogueCache, base_url: str, language: str
) -> DerivedList:
    """The computed dataflows by id: what the public sees of them, and how far they have come."""

    async def read() -> DerivedList:
        async with (
            pools.public.acquire() as connection,
            connection.transaction(isolation="repeatable_read", readonly=True),
        ):
            catalogue = await cache.current(connection)
            seen = await derived.last_seen(connection)
            progress = await derived.progress(connection)
            numbers = {
                one.dataflow_urn: one.id
                for one in catalogue.agreements.values()
                if one.provider == PROVIDER
            }
            _, _, heads = await read_heads(connection, sorted(numbers.values()))
        listed = [
            _describe(
                catalogue,
                artefact,
                progress.get(artefact.urn),
                heads.get(numbers.get(artefact.urn, 0)),
                (base_url, language),
            )
            for artefact in computed_dataflows(catalogue.snapshot.artefacts)
        ]
        listed.sort(key=lambda one: one.dataflow)
        return DerivedList(last_sequence=seen.public_sequence, dataflows=listed)

    return await with_retry(read)


def _describe(
    catalogue: Catalogue,
    artefact: Artefact,
    progress: Progress | None,
    head: Head | None,
    asked: tuple[str, str],
) -> DerivedDataflow:
    base_url, language = asked
    names = names_of(artefact.document)
    source = catalogue.snapshot.artefacts.get(source_of(artefact))
    rest = f"{base_url}/sdmx/v2"
    return DerivedDataflow(
        dataflow=_short(artefact),
        name=name_in(names, language),
        names=dict(names),
        method=method_of(artefact) or "",
        source=None if source is None else _short(source),
        through_sequence=0 if progress is None else progress.public_sequence,
        is_current=progress is not None and not progress.is_behind,
        computed_at=None if progress is None else progress.computed_at,
        series=0 if head is None else head.series_count,
        observations=0 if head is None else head.observation_count,
        links=DerivedLinks(
            data=f"{rest}/data/dataflow/{_path(artefact)}",
            source=None if source is None else f"{rest}/data/dataflow/{_path(source)}",
            structure=f"{rest}/structure/dataflow/{_path(artefact)}",
        ),
    )


def _short(artefact: Artefact) -> str:
    return artefact.urn.rpartition("=")[2]


def _path(artefact: Artefact) -> str:
    return f"{artefact.agency}/{artefact.id}/{artefact.version}"
