"""The structure maps that lead to data, each with its state and what it feeds."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from typing import Any

from app.errors import InvalidArtefactError
from app.sdmx.artefacts import Artefact
from app.sdmx.components import names_of
from app.sdmx.mapping.documents import StructureMap
from app.sdmx.structures import decode
from app.sdmx.version import Version
from app.services.fed_agreements import fed_agreements
from app.sheets.template_texts import name_in
from app.store.catalogue import Catalogue, CatalogueCache
from app.store.pools import Pools, with_retry


async def list_maps(
    pools: Pools, cache: CatalogueCache, base_url: str, language: str
) -> dict[str, Any]:
    """All versions of all maps, by agency and id, the latest version of each first."""

    async def read() -> Catalogue:
        async with pools.public.acquire() as connection:
            return await cache.current(connection)

    catalogue = await with_retry(read)
    artefacts = catalogue.snapshot.artefacts
    today = dt.datetime.now(dt.UTC).date()
    listed = []
    for versions in artefacts.versions():
        of = {v: one for v, one in versions.items() if one.artefact_class.name == "StructureMap"}
        for version in sorted(of, reverse=True):
            told = _describe(catalogue, of[version], _state(of, version, today))
            if told is not None:
                listed.append(told | {"name": _name(of[version], language)})
    listed.sort(key=lambda one: (one["agency"], one["id"]))
    for one in listed:
        one["links"] = _links(base_url, one["urn"])
    return {"maps": listed}


def _state(of: Mapping[Version, Artefact], version: Version, today: dt.date) -> str:
    """`active`, `draft`, `superseded`, or `not in force` where its validity says so."""
    released = [each for each in of if each.is_in_production and not of[each].is_external]
    last = max(released, default=None)
    if not version.is_in_production:
        return "superseded" if last is not None and version < last else "draft"
    if version != last:
        return "superseded"
    try:
        holds = decode(of[version], StructureMap).holds_on(today)
    except InvalidArtefactError:
        holds = False
    return "active" if holds else "not in force"


def _describe(catalogue: Catalogue, one: Artefact, state: str) -> dict[str, Any] | None:
    """What is told of a map; nothing of one that leads between other things than data."""
    artefacts = catalogue.snapshot.artefacts
    try:
        document = decode(one, StructureMap)
        source, target = artefacts.resolve(document.source), artefacts.resolve(document.target)
    except InvalidArtefactError:
        return None
    if source is None or target is None:
        return None
    return {
        "urn": one.urn,
        "agency": one.agency,
        "id": one.id,
        "version": one.version.text,
        "state": state,
        "names": dict(names_of(one.document)),
        "source": source.urn,
        "target": target.urn,
        "valid_from": document.valid_from,
        "valid_to": document.valid_to,
        "agreements": fed_agreements(catalogue, one),
    }


def _name(one: Artefact, language: str) -> str:
    return name_in(names_of(one.document), language)


def _links(base_url: str, urn: str) -> dict[str, str]:
    address = f"{base_url}/api/maps/{urn}"
    return {
        "preview": f"{address}/preview",
        "compare": f"{address}/compare",
        "activate": f"{address}/activate",
        "end": f"{address}/end",
    }
