"""Publishing what was computed: the ordinary publication step, and how far it has come with it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from app.sdmx.aggregates.declarations import attributes_of
from app.sdmx.findings import Finding
from app.sdmx.intake import Intake, Target
from app.store import derived, publication
from app.store.catalogue import Catalogue
from app.store.ledger import Place
from app.store.types import Connection

PROVIDER: Final = "INT_VIPMG"
"""The data provider of what is computed: the exchange itself."""

THROUGH: Final = "THROUGH_SEQUENCE"
"""The attribute of the dataset that says up to which public publication the figures know."""


@dataclass(frozen=True, slots=True)
class Derivation:
    """A computation that was made from one snapshot, and is staged.

    Attributes:
        dataflow: URN of the computed dataflow.
        since: how far it had come when the snapshot was taken.
        seen: the end of the ledger in that snapshot.
        staged: series that differ from the published ones.
        facts: what the computation keeps for its next turn.
    """

    dataflow: str
    since: int
    seen: derived.Seen
    staged: int
    facts: Mapping[str, Any] = field(default_factory=dict)


def target_of(catalogue: Catalogue, dataflow: str) -> Target | None:
    """The agreement under which the exchange publishes a computed dataflow, if there is one."""
    for agreement in catalogue.agreements.values():
        if agreement.dataflow_urn == dataflow and agreement.provider == PROVIDER:
            flow = catalogue.flow(dataflow, agreement.urn)
            return Target(agreement.id, agreement.urn, flow, agreement.fixed)
    return None


async def publish_derived(
    connection: Connection, catalogue: Catalogue, target: Target, derivation: Derivation
) -> Place | None:
    """Publish what is staged (`derived.stage_computed`), and say how far it has come.

    One transaction: cut off before its end nothing has happened, and the next turn begins where
    this one began. Where nothing differs nothing is published, and only the sequence moves.

    Returns:
        Its place in the ledger; None where nothing was published.

    Raises:
        StructuresChangedError: the registry is no more that of the catalogue; compute again.
        BehindError: another worker has computed meanwhile; compute again.
    """
    async with connection.transaction():
        if await derived.lock(connection, derivation.dataflow) != derivation.since:
            raise BehindError
        place = None
        if derivation.staged:
            place = await _publish(connection, catalogue, target, derivation)
        await derived.advance(
            connection, derivation.dataflow, derivation.seen.sequence, derivation.facts
        )
    return place


class BehindError(Exception):
    """Another worker computed the dataflow since the snapshot was taken."""


def _said(catalogue: Catalogue, target: Target) -> dict[str, Any]:
    """What the dataflow says of its data in several languages."""
    artefact = catalogue.snapshot.artefacts.get(target.flow.urn)
    return {} if artefact is None else attributes_of(artefact, target.flow)


async def _publish(
    connection: Connection, catalogue: Catalogue, target: Target, derivation: Derivation
) -> Place:
    begun = await publication.begin_publication(connection, catalogue.snapshot.revision)
    intake = Intake(target)
    values = _said(catalogue, target)
    if THROUGH in target.flow.components:
        values[THROUGH] = str(derivation.seen.public_sequence)
    if values:
        intake.attachments[(None,) * len(target.flow.dimensions)] = values
    number = catalogue.dataflows[derivation.dataflow]
    await publication.publish_intake(connection, begun, intake, number, _refuse)
    return await publication.end_publication(
        connection, begun, action="derivation", actor="vipmg", about=derivation.dataflow
    )


def _refuse(finding: Finding) -> None:
    """No finding is to be had on what was computed by the structure itself."""
    raise AssertionError(finding)
