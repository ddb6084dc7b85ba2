"""Maintenance of structures: what each artefact of a request would do to a registry.

Each artefact is taken or refused alone; those taken are stored together. What is refused never
leaves a reference without its target: whoever needed it is refused too (sdmx-rest 2.2,
doc/maintenance.md).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from enum import Enum
from typing import Final

from app.errors import (
    ConflictError,
    InvalidArtefactError,
    NotAuthorisedError,
    NotFoundError,
    VipmgError,
)
from app.sdmx.agreements import agreement_terms, dataflow_dimensions
from app.sdmx.artefact_checks import check_artefact
from app.sdmx.artefact_set import ArtefactSet
from app.sdmx.artefact_trial import check_shape
from app.sdmx.artefacts import Artefact
from app.sdmx.maintenance_references import (
    Fault,
    check_agency,
    reference_faults,
    unlisted,
    unlisted_agencies,
    versions_of,
    with_changes,
)
from app.sdmx.maintenance_updates import apply_partial, delete_item, is_partial
from app.sdmx.maintenance_versions import check_version_rule
from app.sdmx.registry_changes import (
    RegistryChanges,
    check_in_context,
    refuse_changes_of_stable,
    refuse_parts,
    stored_form,
    unique_artefacts,
)
from app.sdmx.report_rights import SpeaksFor, check_reporter, may_take_away, stays


class Effect(Enum):
    """What was done with an artefact."""

    CREATED = "created"
    REPLACED = "replaced"
    UNCHANGED = "unchanged"
    DELETED = "deleted"


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of one artefact of a request.

    Attributes:
        urn: the artefact.
        effect: what was done, or would have been done but for the error.
        error: why it was refused, or None.
        item: the item that was to be deleted, empty for a whole artefact.
    """

    urn: str
    effect: Effect
    error: VipmgError | None = None
    item: str = ""


@dataclass(frozen=True, slots=True)
class StoredAgreement:
    """An agreement as the rows of the store know it.

    Attributes:
        urn: its URN.
        dataflow: the dataflow it is bound to.
        provider: id of its data provider.
        has_data: whether anything was ever published under it.
    """

    urn: str
    dataflow: str
    provider: str
    has_data: bool

    @property
    def stem(self) -> str:
        """Its URN up to the version, which all its versions have in common."""
        return self.urn.partition("(")[0]


@dataclass(frozen=True, slots=True)
class StoredFacts:
    """What the store has derived from structures and can never change again.

    Attributes:
        dimensions: the dimensions of each dataflow, by its URN.
        agreements: the agreements that are in force.
    """

    dimensions: Mapping[str, Sequence[str]] = field(default_factory=dict)
    agreements: Sequence[StoredAgreement] = ()


@dataclass(frozen=True, slots=True)
class MaintenancePlan:
    """What a request changes, and what became of each of its artefacts, in their order."""

    changes: RegistryChanges
    outcomes: tuple[Outcome, ...]


MayMaintain = Callable[[str], bool]
"""Whether the caller may maintain artefacts of an agency."""


def plan_submission(
    current: ArtefactSet,
    artefacts: Iterable[Artefact],
    may_maintain: MayMaintain,
    *,
    facts: StoredFacts | None = None,
    must_exist: bool = False,
    speaks_for: SpeaksFor | None = None,
) -> MaintenancePlan:
    """Plan what a POST or PUT of artefacts does.

    Args:
        current: the registry.
        artefacts: what was sent; partial ones are merged with what is stored.
        may_maintain: the rights of the caller.
        facts: what the store has derived from structures.
        must_exist: whether an artefact that is not stored is refused (PUT).
        speaks_for: the agencies on whose artefacts the caller may report; None: not asked.

    Raises:
        InvalidArtefactError: an artefact is there twice.
    """
    given = unique_artefacts(artefacts)
    everything = with_changes(current, [one for one in given if not is_partial(one)])
    errors: dict[str, VipmgError] = {}
    candidates: dict[str, Artefact] = {}
    for artefact in given:
        try:
            _check_right(artefact, may_maintain)
            whole = _whole(artefact, current, must_exist=must_exist)
            check_artefact(whole)
            if speaks_for is not None:
                check_reporter(whole, everything, speaks_for)
            candidates[artefact.urn] = stored_form(whole, current, everything)
        except VipmgError as error:
            errors[artefact.urn] = error
    _settle(current, candidates, errors, facts or StoredFacts())
    absent = Effect.REPLACED if must_exist else Effect.CREATED
    outcomes = tuple(
        Outcome(one.urn, _effect(current, one, candidates, absent), errors.get(one.urn))
        for one in given
    )
    return MaintenancePlan(_changes(current, candidates), outcomes)


def plan_deletion(
    current: ArtefactSet,
    urn: str,
    item: str,
    may_maintain: MayMaintain,
    *,
    facts: StoredFacts | None = None,
) -> MaintenancePlan:
    """Plan the deletion of one artefact, or of one item of it where `item` is its path."""
    effect = Effect.DELETED
    nothing = RegistryChanges((), (), (), current)
    stored = current.get(urn)
    try:
        if stored is None:
            raise NotFoundError(f"There is no {urn}.", f"No existe {urn}.", urn=urn)
        _check_right(stored, may_maintain)
        changes = (
            _item_changes(current, stored, item, facts or StoredFacts())
            if item
            else _deletion(current, stored, may_maintain, facts or StoredFacts())
        )
    except VipmgError as error:
        return MaintenancePlan(nothing, (Outcome(urn, effect, error, item),))
    return MaintenancePlan(changes, (Outcome(urn, effect, None, item),))


def _check_right(artefact: Artefact, may_maintain: MayMaintain) -> None:
    if not may_maintain(artefact.agency):
        raise NotAuthorisedError(
            f"Your program may not maintain artefacts of {artefact.agency}.",
            f"Su programa no puede mantener artefactos de {artefact.agency}.",
            agency=artefact.agency,
        )


def _whole(artefact: Artefact, current: ArtefactSet, *, must_exist: bool) -> Artefact:
    """The artefact as it would be stored; parts need a whole that is stored."""
    stored = current.get(artefact.urn)
    partial = is_partial(artefact)
    if stored is None:
        if must_exist or partial:
            raise NotFoundError(
                f"There is no {artefact} that could be updated.",
                f"No existe {artefact} para actualizar.",
                urn=artefact.urn,
            )
        return artefact
    if stored.artefact_class != artefact.artefact_class:
        raise ConflictError(
            f"{artefact.urn} is stored as {stored.artefact_class.name}.",
            f"{artefact.urn} está guardado como {stored.artefact_class.name}.",
            urn=artefact.urn,
        )
    return apply_partial(stored, artefact) if partial else artefact


def _settle(
    current: ArtefactSet,
    candidates: dict[str, Artefact],
    errors: dict[str, VipmgError],
    facts: StoredFacts,
) -> None:
    """Drop candidates until those left contradict neither each other nor what is stored."""
    faults: Iterator[Fault]
    while candidates:
        after = with_changes(current, candidates.values())
        found: dict[str, VipmgError] = {}
        for faults in (
            _change_faults(current, after, candidates),
            reference_faults(current, after, candidates),
            _context_faults(current, after, candidates),
            _fact_faults(after, candidates, facts),
        ):
            for urn, error in faults:
                found.setdefault(urn, error)
            if found:
                break
        if not found:
            return
        for urn, error in found.items():
            errors[urn] = error
            del candidates[urn]


def _change_faults(
    current: ArtefactSet, after: ArtefactSet, candidates: Mapping[str, Artefact]
) -> Iterator[Fault]:
    """Changes of what may not change, and versions that do not tell what changed."""
    for urn, artefact in candidates.items():
        stored = current.get(urn)
        try:
            if stored is None:
                check_agency(artefact, after)
                check_version_rule(artefact, versions_of(after, artefact))
            elif stored.canonical() != artefact.canonical():
                refuse_changes_of_stable([(artefact, stored)])
                refuse_parts([(artefact, stored)])
        except VipmgError as error:
            yield urn, error


def _context_faults(
    current: ArtefactSet, after: ArtefactSet, candidates: Mapping[str, Artefact]
) -> Iterator[Fault]:
    """Artefacts that what they refer to does not allow, or would allow no more."""
    for artefact in after:
        is_candidate = artefact.urn in candidates
        if not is_candidate and not after.children(artefact.urn).intersection(candidates):
            continue
        try:
            check_in_context(artefact, after)
            if is_candidate:
                check_shape(artefact, after)
        except InvalidArtefactError as error:
            if is_candidate:
                yield artefact.urn, error
            elif _was_right(artefact, current):
                conflict = ConflictError(error.text["en"], error.text["es"], **error.detail)
                yield from ((one, conflict) for one in blamed(after, candidates, artefact.urn))


def _was_right(artefact: Artefact, current: ArtefactSet) -> bool:
    try:
        check_in_context(artefact, current)
    except InvalidArtefactError:
        return False
    return True


def _fact_faults(
    after: ArtefactSet, candidates: Mapping[str, Artefact], facts: StoredFacts
) -> Iterator[Fault]:
    """Changes that data would no longer fit."""
    try:
        dimensions = dataflow_dimensions(after)
        terms = agreement_terms(after)
    except InvalidArtefactError as error:
        yield from ((urn, error) for urn in candidates)
        return
    for urn, new in dimensions.items():
        old = tuple(facts.dimensions.get(urn, new))
        if old != new:
            refused = changed_dimensions(urn, old, new)
            yield from ((one, refused) for one in blamed(after, candidates, urn))
    providers = {(one.stem, one.dataflow): one.provider for one in facts.agreements}
    dataflows = {one.urn: one.dataflow for one in facts.agreements}
    for term in terms:
        moved = dataflows.get(term.urn, term.dataflow) != term.dataflow
        if moved or providers.get(term.identity, term.provider) != term.provider:
            refused = changed_parties(term.urn)
            yield from ((one, refused) for one in blamed(after, candidates, term.urn))


def blamed(after: ArtefactSet, candidates: Mapping[str, Artefact], urn: str) -> Iterable[str]:
    """The candidates that may be why an artefact is no longer right: it, what it needs, or all."""
    if urn in candidates:
        return (urn,)
    return [one for one in after.children(urn) if one in candidates] or list(candidates)


def changed_dimensions(urn: str, old: Sequence[str], new: Sequence[str]) -> ConflictError:
    """The refusal of a change of a dataflow's dimensions."""
    before, then = ", ".join(old), ", ".join(new)
    return ConflictError(
        f"{urn}: the dimensions of a dataflow never change ({before} -> {then}); "
        "publish another version of the dataflow.",
        f"{urn}: las dimensiones de un flujo de datos nunca cambian "
        f"({before} -> {then}); publique otra versión del flujo.",
        urn=urn,
        old=list(old),
        new=list(new),
    )


def changed_parties(urn: str) -> ConflictError:
    """The refusal of a change of an agreement's data provider or dataflow."""
    return ConflictError(
        f"{urn}: an agreement never changes its data provider or its dataflow; publish another.",
        f"{urn}: un acuerdo nunca cambia de proveedor ni de flujo de datos; publique otro.",
        urn=urn,
    )


def _item_changes(
    current: ArtefactSet, stored: Artefact, item: str, facts: StoredFacts
) -> RegistryChanges:
    candidates = {stored.urn: delete_item(stored, item)}
    errors: dict[str, VipmgError] = {}
    _settle(current, candidates, errors, facts)
    if errors:
        raise errors[stored.urn]
    return _changes(current, candidates)


def _deletion(
    current: ArtefactSet, stored: Artefact, may_maintain: MayMaintain, facts: StoredFacts
) -> RegistryChanges:
    if stored.stable and not may_take_away(stored, current, may_maintain):
        raise stays(stored, current)
    parents = sorted(current.parents(stored.urn) - {stored.urn})
    if parents:
        named = ", ".join(parents[:_SHOWN])
        raise ConflictError(
            f"{stored} is referred to by {len(parents)} artefact(s): {named}.",
            f"{stored} es referido por {len(parents)} artefacto(s): {named}.",
            urn=stored.urn,
            parents=parents,
        )
    after = with_changes(current, (), deleted=stored.urn)
    for agency, held in unlisted_agencies(current, after):
        raise unlisted(agency, held)
    lost = lost_agreements(current, after, stored, facts.agreements)
    if any(one.has_data for one in lost):
        raise ConflictError(
            f"{stored}: data were published under this agreement, so it stays.",
            f"{stored}: se publicaron datos bajo este acuerdo, por eso se conserva.",
            urn=stored.urn,
        )
    return RegistryChanges((), (), (), after, deleted=(stored,))


_SHOWN: Final = 20


def lost_agreements(
    current: ArtefactSet,
    after: ArtefactSet,
    deleted: Artefact,
    agreements: Iterable[StoredAgreement],
) -> list[StoredAgreement]:
    """The agreements in force that end with the deletion of an artefact."""
    if deleted.artefact_class.name != "ProvisionAgreement":
        return []
    stem = deleted.urn.partition("(")[0]
    kept = {one.identity for one in agreement_terms(after)}
    ended = {one.identity for one in agreement_terms(current) if one.urn == deleted.urn}
    others = any(one.urn.partition("(")[0] == stem for one in after.of_class("ProvisionAgreement"))
    return [
        one
        for one in agreements
        if one.stem == stem
        and (one.stem, one.dataflow) not in kept
        and (not others or (one.stem, one.dataflow) in ended)
    ]


def _effect(
    current: ArtefactSet, artefact: Artefact, candidates: Mapping[str, Artefact], absent: Effect
) -> Effect:
    """What is done with an artefact; `absent` is what was asked for with one that is not stored."""
    stored = current.get(artefact.urn)
    if stored is None:
        return absent
    new = candidates.get(artefact.urn)
    same = new is not None and new.canonical() == stored.canonical()
    return Effect.UNCHANGED if same else Effect.REPLACED


def _changes(current: ArtefactSet, candidates: Mapping[str, Artefact]) -> RegistryChanges:
    added: list[Artefact] = []
    changed: list[Artefact] = []
    unchanged: list[Artefact] = []
    for urn, artefact in candidates.items():
        stored = current.get(urn)
        if stored is None:
            added.append(artefact)
        elif stored.canonical() == artefact.canonical():
            unchanged.append(artefact)
        else:
            changed.append(artefact)
    after = with_changes(current, (*added, *changed))
    return RegistryChanges(tuple(added), tuple(changed), tuple(unchanged), after)
