"""Publishing artefacts: one transaction that changes the registry and what is derived from it."""

from __future__ import annotations

import asyncio
import datetime as dt
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import orjson

from app.sdmx.agreements import AgreementTerms, agreement_terms, dataflow_dimensions
from app.sdmx.artefact_set import ArtefactSet
from app.sdmx.artefacts import Artefact
from app.sdmx.maintenance import (
    MaintenancePlan,
    StoredAgreement,
    StoredFacts,
    changed_dimensions,
    changed_parties,
    lost_agreements,
)
from app.sdmx.registry_changes import RegistryChanges, plan_changes
from app.store import derived, jobs
from app.store.registry import RegistrySnapshot, load_current
from app.store.room_rules import read_rule, rule_text
from app.store.terms_publication import ChangedTerms, publish_terms
from app.store.types import Connection, Record

TERMS_JOB: Final = "tend-agreements"
"""The job that looks at what agreements bring about, done when their terms have changed."""

_REGISTRY_LOCK: Final = 0x7265676973747279
"""Advisory lock of the one writer of the registry ("registry")."""

_CLOSE_STATES: Final = (
    "UPDATE artefact SET recorded_to = $2 WHERE urn = ANY ($1) AND recorded_to IS NULL"
)

_INSERT_STATES: Final = """
INSERT INTO artefact (urn, class, agency, artefact_id, version, stable, document, recorded_from)
SELECT urn, class, agency, artefact_id, version, stable, document::json, $8
FROM unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::text[], $6::boolean[], $7::text[])
  AS given (urn, class, agency, artefact_id, version, stable, document)
RETURNING id, urn
"""

_INSERT_REFERENCES: Final = """
INSERT INTO artefact_reference (artefact, to_urn)
SELECT artefact, to_urn FROM unnest($1::bigint[], $2::text[]) AS given (artefact, to_urn)
"""

_REVISE: Final = """
UPDATE registry SET revision = revision + 1, revised_at = $1 WHERE id = 1 RETURNING revision
"""

_INSERT_DATAFLOW: Final = "INSERT INTO dataflow (urn, dimensions) VALUES ($1, $2)"

_SELECT_AGREEMENTS: Final = """
SELECT agreement.urn, dataflow.urn AS dataflow, provider, precedence, readers, active, expires,
       fixed_attributes::text AS fixed_attributes, room_rule::text AS room_rule
FROM agreement JOIN dataflow ON dataflow.id = agreement.dataflow_id
"""

_SELECT_FACTS: Final = """
SELECT agreement.urn, dataflow.urn AS dataflow, provider,
       agreement_head.revision > 0 OR withheld_head.revision > 0 AS has_data
FROM agreement
JOIN dataflow ON dataflow.id = agreement.dataflow_id
JOIN agreement_head ON agreement_head.agreement_id = agreement.id
JOIN withheld_head ON withheld_head.agreement_id = agreement.id
WHERE active
"""

_INSERT_AGREEMENT: Final = """
INSERT INTO agreement (urn, dataflow_id, provider, precedence, readers, fixed_attributes, expires,
                       room_rule, active)
SELECT $1, dataflow.id, $3, $4, $5, $6::text::json, $7, $8::text::json, true
FROM dataflow WHERE dataflow.urn = $2
RETURNING id
"""

_UPDATE_AGREEMENT: Final = """
UPDATE agreement SET urn = $2, precedence = $3, readers = $4, fixed_attributes = $5::text::json,
  expires = $6, room_rule = $7::text::json
WHERE urn = $1
"""

_REVIVE_AGREEMENT: Final = """
UPDATE agreement SET active = true, provider = $3, precedence = $4, readers = $5,
  fixed_attributes = $6::text::json, expires = $7, room_rule = $8::text::json,
  dataflow_id = (SELECT id FROM dataflow WHERE dataflow.urn = $2)
WHERE urn = $1
"""

_END_AGREEMENTS: Final = "UPDATE agreement SET active = false WHERE urn = ANY ($1)"

_INSERT_HEAD: Final = """
INSERT INTO agreement_head (agreement_id, revision, series_count, observation_count)
VALUES ($1, 0, 0, 0)
"""

_INSERT_WITHHELD_HEAD: Final = "INSERT INTO withheld_head (agreement_id, revision) VALUES ($1, 0)"


@dataclass(frozen=True, slots=True)
class PublishResult:
    """What a publication did.

    Attributes:
        revision: the revision of the registry after it.
        added: URNs that were not there.
        changed: URNs whose stored state was replaced.
        unchanged: URNs that were there already.
        changed_terms: URNs of agreements of which something changed that decides who sees what.
    """

    revision: int
    added: tuple[str, ...]
    changed: tuple[str, ...]
    unchanged: tuple[str, ...]
    changed_terms: tuple[str, ...]


async def publish(
    connection: Connection,
    artefacts: Iterable[Artefact],
    now: dt.datetime,
    *,
    prepare: Callable[[ArtefactSet, Artefact], Artefact] = lambda _, artefact: artefact,
) -> PublishResult:
    """Store artefacts, all or none; what is stored already and equal is not written again.

    Args:
        connection: of the writer.
        artefacts: what to store.
        now: the instant of the publication.
        prepare: makes of each artefact, with the registry at hand, what is to be stored.

    Raises:
        InvalidArtefactError: an artefact is not valid or refers to nothing.
        StableArtefactChangedError: a stable artefact differs from the stored one.
        ConflictError: a dataflow would change its dimensions, or an agreement its parties.
    """
    async with connection.transaction():
        current = await _take_registry(connection)
        prepared = [prepare(current.artefacts, artefact) for artefact in artefacts]
        changes = plan_changes(current.artefacts, prepared)
        return await _apply(connection, current, changes, now)


async def maintain(
    connection: Connection,
    plan: Callable[[RegistrySnapshot, StoredFacts], MaintenancePlan],
    now: dt.datetime,
) -> MaintenancePlan:
    """Do what a plan says, made of the registry that nobody else changes meanwhile."""
    async with connection.transaction():
        current = await _take_registry(connection)
        facts = await _stored_facts(connection)
        planned = await asyncio.to_thread(plan, current, facts)
        await _apply(connection, current, planned.changes, now)
        ended = [
            agreement.urn
            for artefact in planned.changes.deleted
            for agreement in lost_agreements(
                current.artefacts, planned.changes.after, artefact, facts.agreements
            )
        ]
        if ended:
            await connection.execute(_END_AGREEMENTS, ended)
        return planned


async def _take_registry(connection: Connection) -> RegistrySnapshot:
    await connection.execute("SELECT pg_advisory_xact_lock($1)", _REGISTRY_LOCK)
    # A publication of data holds the row until its end: what it adds is seen from here on.
    await connection.execute("SELECT FROM registry WHERE id = 1 FOR UPDATE")
    return await load_current(connection)


async def _stored_facts(connection: Connection) -> StoredFacts:
    dataflows = await connection.fetch("SELECT urn, dimensions FROM dataflow")
    agreements = await connection.fetch(_SELECT_FACTS)
    return StoredFacts(
        {row["urn"]: tuple(row["dimensions"]) for row in dataflows},
        [StoredAgreement(**row) for row in agreements],
    )


async def _apply(
    connection: Connection, current: RegistrySnapshot, changes: RegistryChanges, now: dt.datetime
) -> PublishResult:
    if not changes:
        return _result(current.revision, changes, ())
    # Never before the state that is replaced, whatever the clocks of two servers say.
    instant = max(now, current.revised_at)
    await _store(connection, changes, instant)
    await _derive_dataflows(connection, changes.after)
    changed_terms = await _derive_agreements(connection, changes.after)
    revision = await connection.fetchval(_REVISE, instant)
    if changed_terms:
        await publish_terms(connection, changed_terms)
        await jobs.enqueue(connection, TERMS_JOB, str(revision))
    await derived.look_later(connection, f"registry/{revision}")
    return _result(revision, changes, changed_terms)


def _result(
    revision: int, changes: RegistryChanges, changed_terms: Sequence[ChangedTerms]
) -> PublishResult:
    added, changed, unchanged = (
        tuple(sorted(artefact.urn for artefact in group))
        for group in (changes.added, changes.changed, changes.unchanged)
    )
    return PublishResult(
        revision, added, changed, unchanged, tuple(one.urn for one in changed_terms)
    )


async def _store(connection: Connection, changes: RegistryChanges, instant: dt.datetime) -> None:
    closed = [artefact.urn for artefact in (*changes.changed, *changes.deleted)]
    await connection.execute(_CLOSE_STATES, closed, instant)
    new = (*changes.added, *changes.changed)
    rows = await connection.fetch(
        _INSERT_STATES,
        [artefact.urn for artefact in new],
        [artefact.artefact_class.name for artefact in new],
        [artefact.agency for artefact in new],
        [artefact.id for artefact in new],
        [artefact.version.text for artefact in new],
        [artefact.stable for artefact in new],
        [orjson.dumps(artefact.document).decode() for artefact in new],
        instant,
    )
    numbers = {row["urn"]: row["id"] for row in rows}
    edges = [
        (numbers[artefact.urn], str(reference))
        for artefact in new
        for reference in changes.after.references_of(artefact)
    ]
    await connection.execute(
        _INSERT_REFERENCES, [number for number, _ in edges], [urn for _, urn in edges]
    )


async def _derive_dataflows(connection: Connection, artefacts: ArtefactSet) -> None:
    rows = await connection.fetch("SELECT urn, dimensions FROM dataflow")
    stored = {row["urn"]: tuple(row["dimensions"]) for row in rows}
    for urn, dimensions in dataflow_dimensions(artefacts).items():
        if urn not in stored:
            await connection.execute(_INSERT_DATAFLOW, urn, dimensions)
        elif stored[urn] != dimensions:
            raise changed_dimensions(urn, stored[urn], dimensions)


async def _derive_agreements(connection: Connection, artefacts: ArtefactSet) -> list[ChangedTerms]:
    """Bring the rows of the agreements in step, and give those whose terms changed."""
    rows = await connection.fetch(_SELECT_AGREEMENTS)
    stored = {(row["urn"].partition("(")[0], row["dataflow"]): row for row in rows if row["active"]}
    by_urn = {row["urn"]: row for row in rows}
    changed: list[ChangedTerms] = []
    for terms in agreement_terms(artefacts):
        row = stored.get(terms.identity)
        if row is None:
            await _add_agreement(connection, terms, by_urn.get(terms.urn))
        elif _update_is_needed(terms, row):
            await connection.execute(
                _UPDATE_AGREEMENT,
                row["urn"],
                terms.urn,
                terms.precedence,
                terms.readers,
                _json(terms.fixed_attributes),
                terms.expires,
                rule_text(terms.rooms),
            )
            rooms = read_rule(row["room_rule"]) != terms.rooms
            changed.append(ChangedTerms(terms.urn, rooms))
    return changed


async def _add_agreement(
    connection: Connection, terms: AgreementTerms, before: Record | None
) -> None:
    """Add an agreement; one that ended without data begins anew in its old row."""
    if before is not None and before["active"]:
        raise changed_parties(terms.urn)
    values = (
        terms.urn,
        terms.dataflow,
        terms.provider,
        terms.precedence,
        terms.readers,
        _json(terms.fixed_attributes),
        terms.expires,
        rule_text(terms.rooms),
    )
    if before is not None:
        await connection.execute(_REVIVE_AGREEMENT, *values)
        return
    number = await connection.fetchval(_INSERT_AGREEMENT, *values)
    await connection.execute(_INSERT_HEAD, number)
    await connection.execute(_INSERT_WITHHELD_HEAD, number)


def _update_is_needed(terms: AgreementTerms, row: Record) -> bool:
    if terms.provider != row["provider"]:
        raise changed_parties(terms.urn)
    new = (
        terms.urn,
        terms.precedence,
        list(terms.readers),
        dict(terms.fixed_attributes),
        terms.expires,
        terms.rooms,
    )
    return new != (
        row["urn"],
        row["precedence"],
        row["readers"],
        orjson.loads(row["fixed_attributes"]),
        row["expires"],
        read_rule(row["room_rule"]),
    )


def _json(attributes: Mapping[str, str]) -> str:
    return orjson.dumps(dict(attributes)).decode()
