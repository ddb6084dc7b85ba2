"""Ending a map: a new version of it that holds until a day, and differs in nothing else.

What is stable never changes (SDMX 3.1 section 6, versioning); a day on which something ends is no
material change, so a patch of the version says it. The map may be one that cannot run any more:
that is why it is ended, and what it refers to is there as before.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

from app.auth.subject import Subject
from app.errors import ConflictError
from app.sdmx.artefacts import Artefact
from app.sdmx.maintenance import Effect, MaintenancePlan, Outcome, StoredFacts
from app.sdmx.maintenance_references import with_changes
from app.sdmx.registry_changes import RegistryChanges
from app.services.check_maintainer import check_maintainer
from app.services.fed_agreements import fed_agreements
from app.services.find_map import find_map
from app.services.latest_map import check_latest_map
from app.store import notices_kept, registry_publication
from app.store.catalogue import Catalogue, CatalogueCache
from app.store.pools import Pools
from app.store.registry import RegistrySnapshot
from app.store.types import Connection

KIND = "map-ended"


@dataclass(frozen=True, slots=True)
class Ending:
    """What ends a map.

    Attributes:
        urn: the version that says so.
        last_day: the last day on which it reads files.
        agreements: URNs of the agreements that it fed, whose providers are told.
    """

    urn: str
    last_day: str
    agreements: tuple[str, ...]


async def end_map(
    pools: Pools,
    cache: CatalogueCache,
    subject: Subject,
    named: str,
    *,
    last_day: dt.date | None,
    note: str | None,
    now: dt.datetime,
) -> Ending:
    """Let a map read no file after a day; one that ended by then is left as it is.

    Args:
        pools: those of the service.
        cache: the registry.
        subject: the caller.
        named: the map, in its latest version.
        last_day: the last day on which it reads files; nothing: yesterday, so that it ends now.
        note: why, for the providers whose files it read.
        now: the instant.

    Raises:
        NotFoundError: there is no such map.
        NotAuthorisedError: the caller may not maintain the map's agency.
        ConflictError: it is a draft, or not the latest version.
    """
    last = last_day or now.date() - dt.timedelta(days=1)
    async with pools.writer.acquire() as connection, connection.transaction():
        catalogue = await cache.current(connection)
        artefacts = catalogue.snapshot.artefacts
        found = find_map(artefacts, named)
        check_maintainer(subject, found)
        if not found.version.is_in_production:
            raise ConflictError(
                f"{found} is a draft: it reads no files. Delete it if it is not needed.",
                f"{found} es un borrador: no lee archivos. Elimínelo si no hace falta.",
                urn=found.urn,
            )
        check_latest_map(artefacts, found)
        until = str(found.document.get("validTo") or "")[:10]
        if until and until <= last.isoformat():
            return Ending(found.urn, until, ())
        ended = _ended(found, last)
        await _publish(connection, found, ended, now)
        fed = tuple(fed_agreements(catalogue, found))
        await _tell(connection, catalogue, ended, last, fed, note)
    return Ending(ended.urn, last.isoformat(), fed)


def _ended(found: Artefact, last: dt.date) -> Artefact:
    """The version that holds until a day."""
    version = found.version.text
    if found.stable:
        major, minor, patch = found.version.core
        version = f"{major}.{minor}.{patch + 1}"
    document = found.document | {"version": version, "validTo": last.isoformat()}
    return Artefact.read(found.artefact_class, document)


async def _publish(
    connection: Connection, found: Artefact, ended: Artefact, now: dt.datetime
) -> None:
    """Store the version that ends a map, beside it or in its place."""

    def plan(current: RegistrySnapshot, facts: StoredFacts) -> MaintenancePlan:
        check_latest_map(current.artefacts, found)
        after = with_changes(current.artefacts, [ended])
        is_new = ended.urn not in current.artefacts
        added, changed = ((ended,), ()) if is_new else ((), (ended,))
        effect = Effect.CREATED if is_new else Effect.REPLACED
        return MaintenancePlan(
            RegistryChanges(added, changed, (), after), (Outcome(ended.urn, effect),)
        )

    await registry_publication.maintain(connection, plan, now)


async def _tell(
    connection: Connection,
    catalogue: Catalogue,
    ended: Artefact,
    last: dt.date,
    fed: tuple[str, ...],
    note: str | None,
) -> None:
    """Tell the providers whose files the map read."""
    facts = {
        "agency": ended.agency,
        "map": ended.urn.rpartition("=")[2],
        "source": str(ended.document["source"]).rpartition("=")[2],
        "day": last.isoformat(),
        "note": note or "",
    }
    own = {one.provider for one in catalogue.agreements.values() if one.urn in fed}
    for provider in sorted(own):
        await notices_kept.tell(connection, provider, KIND, ended.urn, facts)
