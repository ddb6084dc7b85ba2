"""Activating a map: the draft is published as stable, and history re-harmonised if asked."""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from typing import Any, Final

import orjson

from app.auth.rights import may_maintain
from app.auth.subject import Subject
from app.errors import VipmgError
from app.sdmx.artefact_set import ArtefactSet
from app.sdmx.artefacts import Artefact
from app.sdmx.maintenance import MaintenancePlan, StoredFacts, plan_submission
from app.sdmx.mapping import compile_map
from app.services.check_maintainer import check_maintainer
from app.services.find_map import find_map
from app.services.latest_map import check_latest_map
from app.services.order_reharmonisation import order_reharmonisation
from app.store import notices_kept, registry_publication, reharmonising
from app.store.catalogue import Catalogue, CatalogueCache, StoredAgreement
from app.store.pools import Pools
from app.store.registry import RegistrySnapshot
from app.store.types import Connection

ALONG: Final = frozenset({"RepresentationMap", "Codelist", "ValueList"})
"""Drafts of these classes that a map rests on are published with it."""


@dataclass(frozen=True, slots=True)
class Activation:
    """What an activation did.

    Attributes:
        urn: the map that is active now.
        published: URNs of all that was published with it; none where it was stable already.
        reharmonisations: the submissions that put history under it, by agreement.
    """

    urn: str
    published: tuple[str, ...]
    reharmonisations: tuple[tuple[str, uuid.UUID], ...]


async def activate_map(
    pools: Pools,
    cache: CatalogueCache,
    subject: Subject,
    named: str,
    *,
    reharmonise: bool,
    note: str | None,
    now: dt.datetime,
) -> Activation:
    """Publish a draft as stable, with the drafts that it rests on; all in one transaction.

    One that is stable already is left as it is, and can be asked to re-harmonise again.

    Raises:
        NotFoundError: there is no such map.
        NotAuthorisedError: the caller may not maintain the map's agency.
        InvalidArtefactError: the map cannot run.
        ConflictError: a later version is active.
        VipmgError: it may not be published, as maintenance of structures says.
    """
    async with pools.writer.acquire() as connection, connection.transaction():
        catalogue = await cache.current(connection)
        artefacts = catalogue.snapshot.artefacts
        draft = find_map(artefacts, named)
        check_maintainer(subject, draft)
        compile_map(artefacts, draft)
        stable = list(_stable_forms(artefacts, draft))
        active = stable[-1] if stable else draft
        check_latest_map(artefacts, active)
        if stable:
            await _publish(connection, subject, stable, now)
        orders = []
        if reharmonise:
            for agreement in await _fed(connection, catalogue, active):
                order = await _order(connection, subject, active, agreement, note)
                orders.append((agreement.urn, order))
    return Activation(active.urn, tuple(one.urn for one in stable), tuple(orders))


def _stable_forms(artefacts: ArtefactSet, draft: Artefact) -> Iterator[Artefact]:
    """A draft and the drafts that it rests on as they are published, the map last."""
    if not draft.version.extension:
        return
    drafts: dict[str, Artefact] = {}
    _collect(artefacts, draft, drafts)
    names = {urn: _released(urn, one) for urn, one in drafts.items()}
    for one in drafts.values():
        text = orjson.dumps(one.document).decode()
        for before, after in names.items():
            text = text.replace(before, after)
        document: dict[str, Any] = orjson.loads(text)
        document["version"] = _core(one)
        yield Artefact.read(one.artefact_class, document)


def _collect(artefacts: ArtefactSet, one: Artefact, found: dict[str, Artefact]) -> None:
    """What an artefact rests on, then itself."""
    for urn in sorted(artefacts.children(one.urn)):
        child = artefacts.get(urn)
        if child is None or urn in found or not child.version.extension:
            continue
        if child.artefact_class.name in ALONG:
            _collect(artefacts, child, found)
    found[one.urn] = one


def _core(one: Artefact) -> str:
    return one.version.text.partition("-")[0]


def _released(urn: str, one: Artefact) -> str:
    return urn.replace(f"({one.version.text})", f"({_core(one)})")


async def _publish(
    connection: Connection, subject: Subject, stable: list[Artefact], now: dt.datetime
) -> None:
    """Store what is stable now, under the rules of maintenance.

    Raises:
        VipmgError: the first fault of what is refused.
    """

    def plan(current: RegistrySnapshot, facts: StoredFacts) -> MaintenancePlan:
        planned = plan_submission(
            current.artefacts, stable, partial(may_maintain, subject), facts=facts
        )
        refused: list[VipmgError] = [one.error for one in planned.outcomes if one.error]
        if refused:
            raise refused[0]
        return planned

    await registry_publication.maintain(connection, plan, now)


async def _fed(
    connection: Connection, catalogue: Catalogue, active: Artefact
) -> list[StoredAgreement]:
    """The agreements that have figures by any version of the map."""
    artefacts = catalogue.snapshot.artefacts
    target = artefacts.resolve(str(active.document["target"]))
    targets = [] if target is None else [target.urn]
    if target is not None and target.artefact_class.name == "DataStructure":
        targets += artefacts.parents(target.urn)
    stem = active.urn.partition("(")[0]
    urns = await reharmonising.fed_agreements(connection, stem, targets)
    own = [one for one in catalogue.agreements.values() if one.urn in urns]
    return sorted(
        (one for one in own if _is_target(catalogue, one, targets)), key=lambda one: one.urn
    )


def _is_target(catalogue: Catalogue, agreement: StoredAgreement, targets: list[str]) -> bool:
    flow = catalogue.find_flow(agreement.dataflow_urn)
    return flow is not None and bool({flow.urn, flow.structure_urn} & set(targets))


async def _order(
    connection: Connection,
    subject: Subject,
    active: Artefact,
    agreement: StoredAgreement,
    note: str | None,
) -> uuid.UUID:
    """Store the order as a submission of the provider; the one that is under way, if there is."""
    submission, is_new = await order_reharmonisation(
        connection,
        subject.client_id,
        agreement.provider,
        agreement.urn,
        active.urn,
        ordered_by=subject.organisation,
        note=note,
    )
    if is_new:
        facts = {
            "agency": active.agency,
            "map": active.urn.rpartition("=")[2],
            "agreement": agreement.urn.rpartition("=")[2],
            "submission": str(submission),
        }
        await notices_kept.tell(
            connection, agreement.provider, "history-reharmonised", str(submission), facts
        )
    return submission
