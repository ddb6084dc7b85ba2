"""`detail=referencepartial`: referenced item schemes cut to what the answer uses.

Concept schemes keep the concepts that components use, provider schemes the providers with an
agreement, agency schemes the maintainers, codelists the codes that constraints allow (sdmx-rest
2.2, doc/structures.md).
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from typing import TypeAlias

from app.sdmx.artefact_set import ArtefactSet
from app.sdmx.artefacts import Artefact, find_references
from app.sdmx.item_schemes import cut_items, item_paths, with_descendants
from app.sdmx.structures import (
    ComponentValueSet,
    ConceptScheme,
    DataConstraint,
    DataStructure,
    decode,
)
from app.sdmx.urn import parse_urn

ENUMERATIONS = frozenset({"Codelist", "GeographicCodelist", "GeoGridCodelist", "ValueList"})
"""The classes that components take their values from."""

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
    return cut_schemes(roots, referenced, artefacts, constrained_codes(roots, artefacts))


def cut_schemes(
    whole: Sequence[Artefact],
    schemes: Sequence[Artefact],
    artefacts: ArtefactSet,
    allowed: Mapping[str, Codes | None],
) -> list[Artefact]:
    """Cut item schemes to what is used in an answer of these and of artefacts that stay whole.

    Args:
        whole: the artefacts that stay whole.
        schemes: what is cut, codelists with their extensions resolved.
        artefacts: where references lead.
        allowed: codes by the URN of a codelist that is named as a whole; None or absent: all.
    """
    others = [one for one in schemes if one.artefact_class.name not in ENUMERATIONS]
    used = _used_items((*whole, *schemes), artefacts)
    cut = [_cut_scheme(one, used.get(one.urn), (*whole, *schemes), artefacts) for one in others]
    named, entire = used_enumerations((*whole, *cut), artefacts)
    for codelist in (one for one in schemes if one.artefact_class.name in ENUMERATIONS):
        urn = codelist.urn
        if urn in entire:
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
            if target is None or target.artefact_class.name not in ENUMERATIONS:
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
        for _, codelist, codes in component_codes(root, artefacts):
            known = found.get(codelist.urn, frozenset())
            found[codelist.urn] = None if codes is None or known is None else known | codes
    return found


def component_codes(
    root: Artefact, artefacts: ArtefactSet
) -> Iterator[tuple[str, Artefact, Codes | None]]:
    """The coded components of a data structure, each with its codelist and the codes it may take.

    Args:
        root: the structure, or a dataflow or agreement, whose constraints then hold too.
        artefacts: where references lead.
    """
    chain = chain_of(root, artefacts)
    constraints = [decode(one, DataConstraint) for one in constraints_on(chain, artefacts)]
    for structure in (one for one in chain if one.artefact_class.name == "DataStructure"):
        for component, codelist in _coded_components(structure, artefacts):
            yield component, codelist, _allowed(component, codelist, constraints)


_BELOW: Mapping[str, str] = {
    "ProvisionAgreement": "dataflow",
    "Dataflow": "structure",
    "MetadataProvisionAgreement": "metadataflow",
    "Metadataflow": "structure",
}


def chain_of(root: Artefact, artefacts: ArtefactSet) -> list[Artefact]:
    """An agreement, flow or structure and what it is bound to, down to the structure."""
    reference = root.document.get(_BELOW.get(root.artefact_class.name, ""))
    below = artefacts.resolve(reference) if reference else None
    return [root] if below is None else [root, *chain_of(below, artefacts)]


def constraints_on(chain: Iterable[Artefact], artefacts: ArtefactSet) -> list[Artefact]:
    """The data constraints that are attached to one of these artefacts, or to its provider."""
    listed = list(chain)
    providers = {one.document["dataProvider"] for one in listed if "dataProvider" in one.document}
    urns = {artefact.urn for artefact in listed} | providers
    candidates = {
        parent for urn in urns for parent in artefacts.parents(str(parse_urn(urn).maintainable))
    }
    return [
        artefact
        for artefact in artefacts.of_class("DataConstraint")
        if artefact.urn in candidates and _is_attached(artefact, urns, artefacts)
    ]


def _is_attached(constraint: Artefact, urns: Collection[str], artefacts: ArtefactSet) -> bool:
    attachment = decode(constraint, DataConstraint).constraint_attachment
    targets = map(artefacts.resolve, attachment.urns)
    return attachment.data_provider in urns or any(
        target is not None and target.urn in urns for target in targets
    )


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
