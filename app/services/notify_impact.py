"""Telling the owners of what a change would touch, before it is made."""

from __future__ import annotations

import hashlib

from app.auth.subject import Subject
from app.services.check_maintainer import check_maintainer
from app.services.derive.publish_derived import PROVIDER
from app.services.find_impact import Impact
from app.store import notices_kept
from app.store.catalogue import CatalogueCache
from app.store.pools import Pools

KIND = "structure-impact"


async def notify_impact(
    pools: Pools, cache: CatalogueCache, subject: Subject, impact: Impact, note: str
) -> list[str]:
    """Tell the providers of agreements and the agencies of all else; the same words are told once.

    Returns:
        The organisations that were told now.

    Raises:
        NotAuthorisedError: the caller may not maintain the artefact's agency.
    """
    artefact = impact.artefact
    check_maintainer(subject, artefact)
    said = hashlib.sha256(f"{sorted(impact.removed)} {note}".encode()).hexdigest()[:16]
    told = []
    async with pools.writer.acquire() as connection:
        catalogue = await cache.current(connection)
        providers = {one.urn: one.provider for one in catalogue.agreements.values()}
        async with connection.transaction():
            for organisation, touched in sorted(_owners(impact, providers).items()):
                facts = {
                    "artefact": artefact.urn.rpartition("=")[2],
                    "agency": artefact.agency,
                    "touched": ", ".join(urn.rpartition("=")[2] for urn in touched),
                    "codes": ", ".join(impact.removed) or "–",
                    "note": note,
                }
                if await notices_kept.tell(
                    connection, organisation, KIND, f"{artefact.urn} {said}", facts
                ):
                    told.append(organisation)
    return told


def _owners(impact: Impact, providers: dict[str, str]) -> dict[str, list[str]]:
    """What is touched by whose it is: agreements by provider, all else by agency."""
    owners: dict[str, list[str]] = {}
    for one in impact.touched:
        urn = one.artefact.urn
        owner = providers.get(urn, one.artefact.agency)
        if owner != PROVIDER and owner != impact.artefact.agency:
            owners.setdefault(owner, []).append(urn)
    return owners
