"""Computing totals and regions anew: the families that were touched, from one snapshot."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from app.sdmx.aggregates.declarations import Computation
from app.sdmx.aggregates.families import compute_family, sums_of
from app.sdmx.aggregates.voices import Voice
from app.sdmx.intake import Target
from app.sdmx.reporting_periods import read_period
from app.sdmx.series import EMPTY
from app.services.derive.publish_derived import (
    BehindError,
    Derivation,
    publish_derived,
    target_of,
)
from app.services.derive.redact_history import redact_history
from app.store import derived, derived_sources, staging
from app.store.catalogue import Catalogue, StoredAgreement
from app.store.derived import Computed
from app.store.derived_sources import Selection
from app.store.ledger import Place
from app.store.types import Connection

STAGED = 500
"""Computed series that are compared with the published ones at once."""


@dataclass(frozen=True)
class Aggregation:
    """A computation with what it is computed from, at one revision of the registry.

    Attributes:
        voices: the agreements of the source as they speak, in the order of `numbers`.
        basis: changes when anything changes that all figures rest on.
        numbers: the agreements of the source, the highest precedence first.
    """

    computation: Computation
    target: Target
    voices: tuple[Voice, ...]
    basis: str
    numbers: tuple[int, ...]


def aggregation_of(catalogue: Catalogue, computation: Computation) -> Aggregation | None:
    """A computation at a revision of the registry; None where nobody publishes it."""
    target = target_of(catalogue, computation.dataflow)
    number = catalogue.dataflows.get(computation.source)
    if target is None or number is None:
        return None
    agreements = tuple(catalogue.agreements_of(number))
    voices = tuple(Voice(each.provider, _area(catalogue, computation, each)) for each in agreements)
    told = [(each.id, each.precedence, v) for each, v in zip(agreements, voices, strict=True)]
    basis = hashlib.sha256(f"{computation.fingerprint} {told}".encode()).hexdigest()
    return Aggregation(computation, target, voices, basis, tuple(each.id for each in agreements))


async def derive_aggregates(
    connection: Connection, catalogue: Catalogue, aggregation: Aggregation
) -> Place | None:
    """Compute what was touched since the last time, or all where its basis has changed.

    Raises:
        StructuresChangedError: the registry has moved on; compute again.
        BehindError: another worker has computed meanwhile, or something was redacted; compute
            again.
    """
    computation, target = aggregation.computation, aggregation.target
    selection = selection_of(catalogue, aggregation)
    checked = await _redact(connection, catalogue, aggregation, selection)
    async with staging.stage(connection):
        async with derived.snapshot(connection) as seen:
            before = await derived.state(connection, computation.dataflow)
            if await derived_sources.redacted(connection, selection, checked, seen.sequence):
                raise BehindError
            nil = await derived_sources.nil_returns(connection, aggregation.numbers)
            families: set[str] | None = None
            if before.facts.get("basis") == aggregation.basis:
                families = await derived_sources.touched(
                    connection, selection, before.through, seen.sequence
                )
                changed = {*nil} ^ {(number, text) for number, text in before.facts["nil"]}
                families |= await _reached(connection, selection, [text for _, text in changed])
            staged = await _stage(connection, aggregation, selection, families, nil)
        facts: dict[str, Any] = {"basis": aggregation.basis, "nil": nil}
        derivation = Derivation(computation.dataflow, before.through, seen, staged, facts)
        return await publish_derived(connection, catalogue, target, derivation)


async def _redact(
    connection: Connection, catalogue: Catalogue, aggregation: Aggregation, selection: Selection
) -> int:
    """Follow the redactions of the source since the last time; up to which sequence it did."""
    before = await derived.state(connection, aggregation.computation.dataflow)
    until = (await derived.last_seen(connection)).sequence
    if before.computed_at is not None:
        keys = await derived_sources.redacted(connection, selection, before.through, until)
        if keys:
            await redact_history(connection, catalogue, aggregation.target, keys)
    return until


async def _stage(
    connection: Connection,
    aggregation: Aggregation,
    selection: Selection,
    families: set[str] | None,
    nil: Sequence[tuple[int, str]],
) -> int:
    """Compute families, and stage what differs from what is published."""
    computation = aggregation.computation
    sums = sums_of(computation, aggregation.voices, _nil_by_area(aggregation, nil))
    staged, waiting = 0, list[Computed]()
    async for family in derived_sources.read_families(connection, selection, families):
        computed = list(compute_family(computation, family.sources, sums))
        there = {one.key for one in computed}
        waiting += computed
        waiting += [Computed(key, EMPTY, {}) for key in family.published if key not in there]
        if len(waiting) >= STAGED:
            staged += await derived.stage_computed(connection, selection.own, waiting)
            waiting.clear()
    if waiting:
        staged += await derived.stage_computed(connection, selection.own, waiting)
    return staged


async def _reached(
    connection: Connection, selection: Selection, periods: Sequence[str]
) -> set[str]:
    """The families with figures of periods of which nil returns came or went."""
    read = [period for text in periods if (period := read_period(text)) is not None]
    if not read:
        return set()
    first, last = min(one.first_day for one in read), max(one.last_day for one in read)
    return await derived_sources.in_periods(connection, selection, first, last)


def _nil_by_area(aggregation: Aggregation, nil: Sequence[tuple[int, str]]) -> dict[str, set[str]]:
    """What members themselves said; that a compiler has nothing says nothing of a member."""
    speaks_for = {
        number: voice.area
        for number, voice in zip(aggregation.numbers, aggregation.voices, strict=True)
    }
    found: dict[str, set[str]] = {}
    for number, text in nil:
        period, area = read_period(text), speaks_for[number]
        if period is not None and area is not None:
            found.setdefault(area, set()).update(period.spellings)
    return found


def selection_of(catalogue: Catalogue, aggregation: Aggregation) -> Selection:
    """The series that a computation is computed from."""
    computation = aggregation.computation
    codes = {place: sorted(listed) for place, listed in computation.only.items()}
    if computation.areas is not None:
        codes[computation.area] = sorted(computation.areas)
    return Selection(
        aggregation.numbers,
        catalogue.dataflows[computation.source],
        aggregation.target.agreement,
        catalogue.dataflows[computation.dataflow],
        computation.family,
        codes,
        len(computation.flow.dimensions),
    )


def _area(catalogue: Catalogue, computation: Computation, agreement: StoredAgreement) -> str | None:
    """The one area that an agreement is held to; None where it may report on several."""
    name = computation.flow.dimensions[computation.area].id
    found: frozenset[str] | None = None
    for constraint in catalogue.flow(agreement.dataflow_urn, agreement.urn).constraints:
        for allowed in (
            constraint.allowed_values() if constraint.level == "provisionagreement" else ()
        ):
            if allowed.component == name and allowed.included:
                found = allowed.values if found is None else found & allowed.values
    return next(iter(found)) if found is not None and len(found) == 1 else None
