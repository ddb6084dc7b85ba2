"""Maintain structures and metadata sets: create, replace and delete them for those who may."""

from __future__ import annotations

import asyncio
import datetime as dt
from collections.abc import Callable
from functools import partial

from app.auth.rights import may_maintain, may_report_metadata
from app.auth.subject import Subject
from app.errors import PreconditionFailedError
from app.sdmx.artefacts import Artefact
from app.sdmx.maintenance import (
    Effect,
    MaintenancePlan,
    MayMaintain,
    Outcome,
    StoredFacts,
    plan_deletion,
    plan_submission,
)
from app.sdmx.maintenance_body import MessageKind, read_artefacts
from app.sdmx.maintenance_query import MaintenanceTarget, check_target, check_types
from app.sdmx.registry_changes import RegistryChanges
from app.store import registry_publication
from app.store.registry import RegistrySnapshot
from app.store.types import Pool

Planner = Callable[[RegistrySnapshot, StoredFacts], MaintenancePlan]


async def submit_structures(
    writer: Pool,
    subject: Subject,
    body: bytes,
    artefact_type: str,
    now: dt.datetime,
    *,
    kind: MessageKind = "structure",
) -> MaintenancePlan:
    """Create or replace artefacts, each alone (POST).

    Args:
        writer: pool that may write.
        subject: the caller.
        body: the message.
        artefact_type: the only type that it may hold, empty for any.
        now: the instant of the change.
        kind: what the message is one of.

    Raises:
        MessageError: the message cannot be read.
        QuerySemanticError: it holds no artefact, or one of another type.
        InvalidArtefactError: an artefact has no identification, or is there twice.
    """
    artefacts = await asyncio.to_thread(read_artefacts, body, kind)
    check_types(artefacts, artefact_type)

    def plan(current: RegistrySnapshot, facts: StoredFacts) -> MaintenancePlan:
        return plan_submission(
            current.artefacts,
            artefacts,
            _right(subject, kind),
            facts=facts,
            speaks_for=partial(may_maintain, subject),
        )

    return await _maintain(writer, plan, now)


async def replace_structure(
    writer: Pool,
    subject: Subject,
    body: bytes,
    target: MaintenanceTarget,
    now: dt.datetime,
    *,
    kind: MessageKind = "structure",
    revision: int | None = None,
) -> MaintenancePlan:
    """Replace the one artefact that a path identifies, or a part of it (PUT).

    Args:
        writer: pool that may write.
        subject: the caller.
        body: a message that holds the artefact.
        target: the artefact of the path.
        now: the instant of the change.
        kind: what the message is one of.
        revision: the revision of the registry that the caller's precondition was checked with;
            -1 if it did not hold.

    Raises:
        MessageError: the message cannot be read.
        QuerySemanticError: it does not hold exactly the artefact of the path.
    """
    artefacts = await asyncio.to_thread(read_artefacts, body, kind)
    check_target(artefacts, target)

    def plan(current: RegistrySnapshot, facts: StoredFacts) -> MaintenancePlan:
        if _has_moved(current, revision):
            return _refuse(current, target, artefacts[0])
        return plan_submission(
            current.artefacts,
            artefacts,
            _right(subject, kind),
            facts=facts,
            must_exist=True,
            speaks_for=partial(may_maintain, subject),
        )

    return await _maintain(writer, plan, now)


async def delete_structure(
    writer: Pool,
    subject: Subject,
    target: MaintenanceTarget,
    now: dt.datetime,
    *,
    revision: int | None = None,
) -> MaintenancePlan:
    """Delete the artefact, or the item of a scheme, that a path identifies (DELETE).

    Args:
        writer: pool that may write.
        subject: the caller.
        target: the artefact or item.
        now: the instant of the change; who asks as of an earlier one still finds it.
        revision: as for `replace_structure`.
    """

    def plan(current: RegistrySnapshot, facts: StoredFacts) -> MaintenancePlan:
        if _has_moved(current, revision):
            return _refuse(current, target, None)
        may = _right(subject, "metadata" if ".MetadataSet=" in target.urn else "structure")
        return plan_deletion(current.artefacts, target.urn, target.item, may, facts=facts)

    return await _maintain(writer, plan, now)


def _right(subject: Subject, kind: MessageKind) -> MayMaintain:
    """What a caller may maintain: metadata sets also those of its own metadata provider."""
    return partial(may_report_metadata if kind == "metadata" else may_maintain, subject)


async def _maintain(writer: Pool, plan: Planner, now: dt.datetime) -> MaintenancePlan:
    async with writer.acquire() as connection:
        return await registry_publication.maintain(connection, plan, now)


def _has_moved(current: RegistrySnapshot, revision: int | None) -> bool:
    return revision is not None and revision != current.revision


def _refuse(
    current: RegistrySnapshot, target: MaintenanceTarget, artefact: Artefact | None
) -> MaintenancePlan:
    """Say that the caller has seen another state (RFC 9110, 13.1.1)."""
    error = PreconditionFailedError(
        "The artefact is not as you have seen it (If-Match). Read it again.",
        "El artefacto no está como usted lo vio (If-Match). Léalo de nuevo.",
        urn=target.urn,
    )
    effect = Effect.DELETED if artefact is None else Effect.REPLACED
    nothing = RegistryChanges((), (), (), current.artefacts)
    return MaintenancePlan(nothing, (Outcome(target.urn, effect, error, target.item),))
