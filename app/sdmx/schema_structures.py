"""What a schema query asks for, and its answer as structures (sdmx-rest 2.2, doc/schema.md).

The structures are the data or metadata structure with what its components rest on, item schemes
cut: codelists to the codes that the constraints of the context allow, concept schemes to the
concepts used, agency schemes to the maintainers. The constraints come with them, as a codelist
that two components share cannot tell which of them may take which code.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Final

from app.errors import NotFoundError
from app.sdmx.artefact_set import ArtefactSet, class_order
from app.sdmx.artefacts import Artefact
from app.sdmx.partial import (
    ENUMERATIONS,
    chain_of,
    constrained_codes,
    constraints_on,
    cut_schemes,
)
from app.sdmx.query import SchemaQuery, StructureQuery
from app.sdmx.structure_answer import find_matches

_STRUCTURES: Final = frozenset({"DataStructure", "MetadataStructure"})
_SCHEMES: Final = ENUMERATIONS | {"ConceptScheme"}


def find_context(artefacts: ArtefactSet, query: SchemaQuery) -> Artefact:
    """The artefact that a schema is asked for.

    Raises:
        NotFoundError: there is none.
    """
    matched = find_matches(
        artefacts,
        StructureQuery((query.context,), (query.agency,), (query.resource_id,), (query.version,)),
    )
    if not matched:
        asked = f"{query.context} {query.agency}:{query.resource_id}({query.version.as_sent})"
        raise NotFoundError(f"There is no {asked}.", f"No existe {asked}.")
    return matched[0]


def schema_structures(artefacts: ArtefactSet, context: Artefact) -> list[Artefact]:
    """The structures that say which data are valid in a context, in the order of a reply."""
    chain = chain_of(context, artefacts)
    # What a structure refers to that is itself a structure: the attributes of reference metadata.
    structures = list(_reached(chain, artefacts, _STRUCTURES))
    constraints = [*constraints_on(chain, artefacts), *_metadata_constraints(chain, artefacts)]
    schemes = [artefacts.with_extensions(one) for one in _reached(structures, artefacts, _SCHEMES)]
    whole = [*structures, *constraints]
    agencies = _agency_schemes([*whole, *schemes], artefacts)
    allowed = constrained_codes([context], artefacts)
    cut = cut_schemes(whole, [*schemes, *agencies], artefacts, allowed)
    return sorted([*whole, *cut], key=class_order)


def _reached(
    start: Iterable[Artefact], artefacts: ArtefactSet, classes: frozenset[str]
) -> Iterator[Artefact]:
    """The artefacts of some classes among these and what they refer to, however far."""
    pending = list(start)
    seen = {artefact.urn for artefact in pending}
    while pending:
        artefact = pending.pop()
        is_wanted = artefact.artefact_class.name in classes
        if is_wanted:
            yield artefact
        for urn in artefacts.children(artefact.urn) - seen:
            child = artefacts.get(urn)
            if child is not None and child.artefact_class.name in classes:
                # A codelist holds the codes of those that it extends.
                if is_wanted and artefact.artefact_class.name in ENUMERATIONS:
                    continue
                seen.add(urn)
                pending.append(child)


def _metadata_constraints(chain: Iterable[Artefact], artefacts: ArtefactSet) -> Iterator[Artefact]:
    urns = frozenset().union(*(artefacts.parents(one.urn) for one in chain))
    return (one for one in artefacts.of_class("MetadataConstraint") if one.urn in urns)


def _agency_schemes(answer: Iterable[Artefact], artefacts: ArtefactSet) -> list[Artefact]:
    """The schemes that list the maintainers of an answer, and those that list theirs."""
    found: dict[str, Artefact] = {}
    pending = {artefact.agency for artefact in answer}
    while pending:
        entry = artefacts.agency_scheme(pending.pop())
        if entry is not None and entry[0].urn not in found:
            found[entry[0].urn] = entry[0]
            pending.add(entry[0].agency)
    return list(found.values())
