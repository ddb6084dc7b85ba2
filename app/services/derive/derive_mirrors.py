"""Computing the dataflow of mirrors anew: the pairs whose figures, notes or terms were touched."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any, Final

import structlog

from app.errors import VipmgError
from app.sdmx.aggregates.declarations import computed_dataflows, method_of
from app.sdmx.computed_series import Computed
from app.sdmx.intake import Target
from app.sdmx.mirrors.cells import cells_of
from app.sdmx.mirrors.compare import compare_series
from app.sdmx.mirrors.computed import computed_series, mirror_key, pair_code
from app.sdmx.mirrors.notes import note_key, standing_notes
from app.sdmx.mirrors.pair import find_pair_sets, read_pair
from app.sdmx.mirrors.plan import CellQuery
from app.sdmx.series import EMPTY
from app.services.derive.publish_derived import (
    BehindError,
    Derivation,
    publish_derived,
    target_of,
)
from app.services.derive.redact_history import redact_history
from app.services.mirror_parties import mirror_parties
from app.services.plan_mirror import MirrorSource, PlannedMirror, plan_mirror
from app.services.read_mirror import MirrorReading, read_planned
from app.store import derived, mirrors, staging
from app.store.catalogue import Catalogue
from app.store.derived import DerivedState, Seen
from app.store.types import Connection

METHOD: Final = "MIRROR"
"""What the dataflow of mirrors says of how it is computed."""

STAGED: Final = 500
POSITION: Final = "MIRROR_PAIR"

log = structlog.get_logger("vipmg.derive")


async def derive_mirrors(connection: Connection, catalogue: Catalogue) -> None:
    """Bring each dataflow of mirrors up to the last publication and the last note.

    Raises:
        StructuresChangedError: the registry has moved on; compute again.
        BehindError: another worker has computed meanwhile; compute again.
    """
    for artefact in list(computed_dataflows(catalogue.snapshot.artefacts)):
        if method_of(artefact) == METHOD:
            await _derive(connection, catalogue, artefact.urn)


async def _derive(connection: Connection, catalogue: Catalogue, dataflow: str) -> None:
    target = target_of(catalogue, dataflow)
    if target is None or POSITION not in target.flow.position:
        return
    planned = _plans(catalogue)
    basis = _basis(planned)
    if not await _is_due(connection, dataflow, planned, basis):
        return
    checked = await _redact(connection, catalogue, target, planned)
    async with staging.stage(connection):
        async with derived.snapshot(connection) as seen:
            before = await derived.state(connection, dataflow)
            if await mirrors.redacted(connection, _agreements(planned), checked, seen.sequence):
                raise BehindError
            counts = await mirrors.note_counts(connection)
            touched = await _touched(connection, planned, before, seen, basis, counts)
            staged = 0
            for one in touched:
                reading = await read_planned(connection, catalogue, one)
                position = target.flow.position[POSITION]
                staged += await _stage(connection, target.agreement, position, reading)
            staged += await _leave_out(connection, target.agreement, before.facts, planned)
        facts: dict[str, Any] = {
            "basis": basis,
            "notes": counts,
            "pairs": [pair_code(one.plan.pair) for one in planned],
            "position": target.flow.position[POSITION],
        }
        derivation = Derivation(dataflow, before.through, seen, staged, facts)
        place = await publish_derived(connection, catalogue, target, derivation)
    if place is not None:
        log.info("derived", dataflow=dataflow, sequence=place.sequence)


async def _is_due(
    connection: Connection, dataflow: str, planned: Sequence[PlannedMirror], basis: str
) -> bool:
    """Whether any pair was touched; if none was, it is said that it knows all up to now."""
    seen = await derived.last_seen(connection)
    before = await derived.state(connection, dataflow)
    counts = await mirrors.note_counts(connection)
    if before.computed_at is None or before.facts.get("basis") != basis:
        return True
    if await _touched(connection, planned, before, seen, basis, counts):
        return True
    await derived.stand_still(connection, [dataflow], seen.sequence)
    return False


def _plans(catalogue: Catalogue) -> list[PlannedMirror]:
    """The pairs that can be compared; one that cannot is logged, and the others go on."""
    found = []
    for artefact in find_pair_sets(catalogue.snapshot.artefacts):
        try:
            found.append(plan_mirror(catalogue, read_pair(artefact), CellQuery(), None))
        except VipmgError as error:
            log.error("cannot be computed", pair=artefact.urn, reason=str(error))
    return found


def _basis(planned: Sequence[PlannedMirror]) -> str:
    """Changes with anything beside figures and notes that the comparison rests on."""
    told = sorted(
        (one.plan.pair.urn, repr(one.plan.pair), [list(s.providers.items()) for s in _sides(one)])
        for one in planned
    )
    return hashlib.sha256(repr(told).encode()).hexdigest()


def _sides(one: PlannedMirror) -> tuple[MirrorSource, MirrorSource]:
    return one.left, one.right


async def _redact(
    connection: Connection, catalogue: Catalogue, target: Target, planned: Sequence[PlannedMirror]
) -> int:
    """Take out of history what was redacted on either side; up to which sequence it looked."""
    before = await derived.state(connection, target.flow.urn)
    until = (await derived.last_seen(connection)).sequence
    if before.computed_at is None:
        return until
    gone = await mirrors.redacted(connection, _agreements(planned), before.through, until)
    named = {
        mirror_key(one.plan, cell)
        for number, key in gone
        for one in planned
        for source, side in ((one.left, one.plan.left), (one.right, one.plan.right))
        if number in source.agreements
        for cell in cells_of(side, key)
    }
    keys = await mirrors.in_history(connection, target.agreement, named)
    if keys:
        await redact_history(connection, catalogue, target, keys)
    return until


def _agreements(planned: Sequence[PlannedMirror]) -> list[int]:
    return sorted({number for one in planned for side in _sides(one) for number in side.agreements})


async def _touched(
    connection: Connection,
    planned: Sequence[PlannedMirror],
    before: DerivedState,
    seen: Seen,
    basis: str,
    counts: Mapping[str, int],
) -> list[PlannedMirror]:
    if before.facts.get("basis") != basis:
        return list(planned)
    written = await derived.written(connection, before.through, seen.sequence)
    noted: Mapping[str, int] = before.facts.get("notes", {})
    return [
        one
        for one in planned
        if written.keys() & {*one.left.agreements, *one.right.agreements}
        or noted.get(note_key(one.plan.pair.urn)) != counts.get(note_key(one.plan.pair.urn))
    ]


async def _stage(
    connection: Connection, agreement: int, position: int, reading: MirrorReading
) -> int:
    """Stage what of a pair differs from what is published; cells that one side lacks are not."""
    plan = reading.planned.plan
    standing = standing_notes(reading.notes)
    common = reading.left.keys() & reading.right.keys()
    left = {cell: reading.left[cell] for cell in common}
    right = {cell: reading.right[cell] for cell in common}
    gone = await mirrors.published_keys(connection, agreement, position, pair_code(plan.pair))
    staged, waiting = 0, list[Computed]()
    for one in compare_series(plan, left, right, CellQuery()):
        computed = computed_series(plan, one, standing, partial(mirror_parties, reading, one))
        gone.discard(computed.key)
        waiting.append(computed)
        if len(waiting) >= STAGED:
            staged += await derived.stage_computed(connection, agreement, waiting)
            waiting.clear()
    waiting += [Computed(key, EMPTY, {}) for key in sorted(gone)]
    return staged + await derived.stage_computed(connection, agreement, waiting)


async def _leave_out(
    connection: Connection,
    agreement: int,
    facts: Mapping[str, Any],
    planned: Sequence[PlannedMirror],
) -> int:
    """Stage the end of what was published of pairs that are not there any more."""
    staged = 0
    there = {pair_code(one.plan.pair) for one in planned}
    for code in facts.get("pairs", ()):
        if code not in there:
            keys = await mirrors.published_keys(connection, agreement, facts["position"], code)
            ended = [Computed(key, EMPTY, {}) for key in sorted(keys)]
            staged += await derived.stage_computed(connection, agreement, ended)
    return staged
