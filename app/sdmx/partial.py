"""`detail=referencepartial`: referenced item schemes cut to what the answer uses.

Concept schemes keep the concepts that components use, provider schemes the providers with an
agreement, agency schemes the maintainers, codelists the codes that constraints allow (sdmx-rest
2.2, doc/structures.md).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import TypeAlias

from app.sdmx.artefact_set import ArtefactSet
from app.sdmx.artefacts import Artefact, find_references
from app.sdmx.item_schemes import cut_items, item_paths, with_descendants
from app.sdmx.structures import (
    ComponentValueSet,
    ConceptScheme,
    DataConstraint,
    Dataflow,
    DataStructure,
    ProvisionAgreement,
    decode,
)
from app.sdmx.urn import parse_urn

_ENUMERATIONS = frozenset({"Codelist", "GeographicCodelist", "GeoGridCodelist", "ValueList"})

Codes: TypeAlias = frozenset[str]


def cut_references(
    roots: Sequence[Artefact], referenced: Sequence[Artefact], artefacts: ArtefactSet
) -> list[Artefact]:
    """Cut the referenced item schemes; codelists that only cut concepts named are left out.

    Args:
        roots: what was asked for; stays whole.
        referenced: what comes with it, codelists with their extensions resolved.
        artefacts: where references lead.
    """
    schemes = [one for one in referenced if one.artefact_class.name not in _ENUMERATIONS]
    used = _used_items((*roots, *referenced), artefacts)
    cut = [_cut_scheme(one, used.get(one.urn), (*roots, *referenced), artefacts) for one in schemes]
    named, whole = used_enumerations((*roots, *cut), artefacts)
    allowed = constrained_codes(roots, artefacts)
    for codelist in (one for one in referenced if one.artefact_class.name in _ENUMERATIONS):
        urn = codelist.urn
        if urn in whole:
            keep = allowed.get(urn)
            cut.append(codelist if keep is None else cut_items(codelist, keep))
        elif urn in named:
            cut.append(cut_items(codelist, named[urn]))
    return cut


def _used_items(answer: Iterable[Artefact], artefacts: ArtefactSet) -> dict[str, set[str]]:
    """Items that the artefacts of the answer name, by the URN of their scheme."""
    used: dict[str, set[str]] = {}
    for artefact in answer:
        for _, reference in find_references(artefact):
            target = artefacts.resolve(reference) if reference.item else None
            if target is not None and reference.item is not None:
                used.setdefault(target.urn, set()).add(reference.item)
    return used


def _cut_scheme(
    scheme: Artefact,
    used: set[str] | None,
    answer: Sequence[Artefact],
    artefacts: ArtefactSet,
) -> Artefact:
    if scheme.artefact_class.name == "AgencyScheme":
        return cut_items(scheme, _maintainers(scheme, answer, artefacts))
    if used is None:
        return scheme
    return cut_items(scheme, used)


def _maintainers(
    scheme: Artefact, answer: Iterable[Artefact], artefacts: ArtefactSet
) -> frozenset[str]:
    found = (artefacts.agency_scheme(agency) for agency in {one.agency for one in answer})
    return frozenset(
        name for entry in found if entry for held, name in (entry,) if held.urn == scheme.urn
    )


def used_enumerations(
    answer: Iterable[Artefact], artefacts: ArtefactSet
) -> tuple[dict[str, set[str]], set[str]]:
    """Codelists that an answer names: by single codes, and as a whole."""
    named: dict[str, set[str]] = {}
    whole: set[str] = set()
    for artefact in answer:
        for _, reference in find_references(artefact):
            target = artefacts.resolve(reference)
            if target is None or target.artefact_class.name not in _ENUMERATIONS:
                continue
            if reference.item is None:
                whole.add(target.urn)
            else:
                named.setdefault(target.urn, set()).add(reference.item)
    return named, whole


def constrained_codes(roots: Iterable[Artefact], artefacts: ArtefactSet) -> dict[str, Codes | None]:
    """The codes that constraints leave in each codelist of the structures asked for.

    Constraints of the data structure, the dataflow and the agreement hold together. Where two
    components share a codelist, or two roots, the list keeps what any of them may use.

    Returns:
        Codes by the URN of the codelist; None: all of them.
    """
    found: dict[str, Codes | None] = {}
    for root in roots:
        chain = _chain(root, artefacts)
        constraints = _constraints(chain, artefacts)
        structure = next((one for one in chain if one.artefact_class.name == "DataStructure"), None)
        if structure is None:
            continue
        for component, codelist in _coded_components(structure, artefacts):
            codes = _allowed(component, codelist, constraints)
            known = found.get(codelist.urn, frozenset())
            found[codelist.urn] = None if codes is None or known is None else known | codes
    return found


def _chain(root: Artefact, artefacts: ArtefactSet) -> list[Artefact]:
    """The artefact and what it is bound to, down to the data structure."""
    chain = [root]
    name = root.artefact_class.name
    if name == "ProvisionAgreement":
        below = artefacts.resolve(decode(root, ProvisionAgreement).dataflow)
    elif name == "Dataflow":
        below = artefacts.resolve(decode(root, Dataflow).structure)
    else:
        return chain
    return chain if below is None else chain + _chain(below, artefacts)


def _constraints(chain: Iterable[Artefact], artefacts: ArtefactSet) -> list[DataConstraint]:
    urns = {artefact.urn for artefact in chain}
    candidates = {parent for urn in urns for parent in artefacts.parents(urn)}
    constraints = [
        decode(artefact, DataConstraint)
        for artefact in artefacts.of_class("DataConstraint")
        if artefact.urn in candidates
    ]
    return [
        constraint
        for constraint in constraints
        if any(
            target is not None and target.urn in urns
            for target in map(artefacts.resolve, constraint.constraint_attachment.urns)
        )
    ]


def _coded_components(artefact: Artefact, artefacts: ArtefactSet) -> Iterator[tuple[str, Artefact]]:
    structure = decode(artefact, DataStructure)
    for component in (*structure.dimensions, *structure.measures, *structure.attributes):
        local = component.local_representation
        reference = (
            local.enumeration if local else _core_enumeration(component.concept_identity, artefacts)
        )
        codelist = artefacts.resolved_codelist(reference) if reference else None
        if codelist is not None:
            yield component.id, codelist


def _core_enumeration(concept: str, artefacts: ArtefactSet) -> str | None:
    scheme = artefacts.resolve(concept)
    item = parse_urn(concept).item
    if scheme is None:
        return None
    concepts = decode(scheme, ConceptScheme).concepts
    core = next((one.core_representation for one in concepts if one.id == item), None)
    return core.enumeration if core else None


def _allowed(
    component: str, codelist: Artefact, constraints: Iterable[DataConstraint]
) -> Codes | None:
    allowed: Codes | None = None
    for constraint in constraints:
        for codes in _limits(component, codelist, constraint):
            allowed = codes if allowed is None else allowed & codes
    return allowed


def _limits(component: str, codelist: Artefact, constraint: DataConstraint) -> Iterator[Codes]:
    """What single parts of a constraint leave to one component."""
    every = item_paths(codelist)
    for region in constraint.cube_regions:
        parts = (*region.key_values, *region.components)
        if not region.include and len(parts) > 1:
            # Excluded together: no value of one component is forbidden by itself.
            continue
        for values in (part for part in parts if part.id == component and part.values):
            codes = _listed(values, codelist)
            yield codes if values.include == region.include else every - codes
    included = [keys for keys in constraint.data_key_sets if keys.is_included]
    listed = [value for keys in included for key in keys.keys for value in key.key_values]
    total = sum(len(keys.keys) for keys in included)
    of_component = [value for value in listed if value.id == component]
    if total and len(of_component) == total:
        yield frozenset(code for value in of_component for code in value.codes)


def _listed(values: ComponentValueSet, codelist: Artefact) -> Codes:
    found: set[str] = set()
    for value in values.values:
        if isinstance(value, str):
            found.add(value)
        elif value.cascade_values:
            roots = value.cascade_values != "excluderoot"
            found |= with_descendants(codelist, (value.value,), roots=roots)
        else:
            found.add(value.value)
    return frozenset(found)
