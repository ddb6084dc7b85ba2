"""What a change of an artefact would touch, directly and through others."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any, Final

from app.errors import InvalidArtefactError
from app.sdmx.aggregates.declarations import computed_dataflows, source_of
from app.sdmx.artefact_set import ArtefactSet
from app.sdmx.artefacts import Artefact
from app.sdmx.mapping.documents import StructureMap
from app.sdmx.mirrors.pair import find_pair_sets
from app.sdmx.structures import decode

NOT_FOLLOWED: Final = frozenset(
    {
        "AgencyScheme",
        "CategoryScheme",
        "Categorisation",
        "DataConsumerScheme",
        "DataProviderScheme",
        "MetadataProviderScheme",
    }
)
"""Classes that list things, or sort them: a change reaches nobody through them."""

ENDS: Final = frozenset({"MetadataSet", "StructureMap"})
"""Classes through which a change goes on by what they say alone, not by who refers to them."""

GROUPS: Final[Mapping[str, str]] = {
    "ProvisionAgreement": "agreements",
    "StructureMap": "maps",
    "RepresentationMap": "tables",
    "DataConstraint": "constraints",
    "RulesetScheme": "rulesets",
    "DataStructure": "data_structures",
    "Dataflow": "dataflows",
    "Codelist": "codelists",
    "ConceptScheme": "concept_schemes",
    "Hierarchy": "hierarchies",
}


@dataclass(frozen=True, slots=True)
class Touched:
    """An artefact that a change would touch.

    Attributes:
        via: URN of what leads to it: the changed artefact itself, or another one touched.
        distance: how many steps it is away.
        codes: the removed codes that it names itself, or that public figures of it have.
    """

    artefact: Artefact
    via: str
    distance: int
    codes: tuple[str, ...] = ()

    @property
    def group(self) -> str:
        """The group in which it is told."""
        return GROUPS.get(self.artefact.artefact_class.name, "others")


def touched_by(
    artefacts: ArtefactSet,
    changed: Artefact,
    fed: Callable[[Artefact], Iterable[str]] = lambda artefact: (),
) -> list[Touched]:
    """All artefacts that a change touches, the nearest first.

    Args:
        artefacts: the registry.
        changed: the artefact that is to change.
        fed: the agreements that a map feeds.
    """
    seen: dict[str, Touched] = {}
    pending = [(changed.urn, 0)]
    computed = _computed(artefacts)
    while pending:
        urn, distance = pending.pop(0)
        for found in sorted(_next(artefacts, urn, computed, fed)):
            one = artefacts.get(found)
            if one is None or found in seen or found == changed.urn:
                continue
            if one.artefact_class.name in NOT_FOLLOWED:
                continue
            seen[found] = Touched(one, urn, distance + 1)
            pending.append((found, distance + 1))
    return list(seen.values())


def touched_by_codes(
    artefacts: ArtefactSet,
    touched: Iterable[Touched],
    named: Mapping[str, tuple[str, ...]],
    fed: Callable[[Artefact], Iterable[str]] = lambda artefact: (),
) -> list[Touched]:
    """Of what rests on a list, what uses codes of it, and what rests on that.

    Args:
        artefacts: the registry.
        touched: all that rests on the list.
        named: by URN, the codes that an artefact names, or that its figures have.
        fed: the agreements that a map feeds.
    """
    listed = list(touched)
    wanted = set(named)
    computed = _computed(artefacts)
    for one in listed:
        if one.artefact.urn not in named:
            continue
        match one.artefact.artefact_class.name:
            case "RepresentationMap":
                wanted |= _maps_of(artefacts, one.artefact.urn)
            case "Dataflow":
                wanted.update(computed.get(one.artefact.urn, ()))
            case "DataConstraint":
                wanted |= _agreements_of(artefacts, one.artefact.urn)
    for one in listed:
        if one.artefact.urn in wanted and one.artefact.artefact_class.name == "StructureMap":
            wanted.update(fed(one.artefact))
    return [
        replace(one, codes=named.get(one.artefact.urn, ()))
        for one in listed
        if one.artefact.urn in wanted
    ]


def _maps_of(artefacts: ArtefactSet, table: str) -> set[str]:
    found = (artefacts.get(urn) for urn in artefacts.parents(table))
    return {
        one.urn for one in found if one is not None and one.artefact_class.name == "StructureMap"
    }


def _agreements_of(artefacts: ArtefactSet, constraint: str) -> set[str]:
    """The agreements that a constraint is attached to."""
    found = (artefacts.get(urn) for urn in artefacts.children(constraint))
    wanted = "ProvisionAgreement"
    return {one.urn for one in found if one is not None and one.artefact_class.name == wanted}


def mirror_pairs(artefacts: ArtefactSet, touched: Iterable[str]) -> list[str]:
    """The mirror pairs that compare what is touched."""
    urns = set(touched)
    shorts = {urn.rpartition("=")[2] for urn in urns}
    found = []
    for one in find_pair_sets(artefacts):
        linked = {str(urn) for urn in artefacts.references_of(one)}
        if one.urn in urns or linked & urns or any(_names(one.document, s) for s in shorts):
            found.append(one.urn)
    return sorted(found)


def removed_codes(before: Artefact, after: Artefact) -> list[str]:
    """The codes that a code list has before a change and not after it."""
    kept = {code.get("id") for code in _codes(after)}
    return [str(code["id"]) for code in _codes(before) if code.get("id") not in kept]


def _codes(artefact: Artefact) -> list[dict[str, Any]]:
    document = artefact.document
    return [*document.get("codes", ()), *document.get("valueItems", ())]


def _next(
    artefacts: ArtefactSet,
    urn: str,
    computed: Mapping[str, list[str]],
    fed: Callable[[Artefact], Iterable[str]],
) -> Iterator[str]:
    one = artefacts.get(urn)
    if one is not None and one.artefact_class.name == "StructureMap":
        yield from fed(one)
    if one is None or one.artefact_class.name not in ENDS:
        yield from artefacts.parents(urn)
    yield from computed.get(urn, ())


def _computed(artefacts: ArtefactSet) -> dict[str, list[str]]:
    """The computed dataflows by what they are computed from."""
    found: dict[str, list[str]] = {}
    for one in computed_dataflows(artefacts):
        found.setdefault(source_of(one), []).append(one.urn)
    return found


def _names(value: object, text: str) -> bool:
    """Whether a document has a text as a whole value."""
    if isinstance(value, dict):
        return any(_names(each, text) for each in value.values())
    if isinstance(value, list):
        return any(_names(each, text) for each in value)
    return value == text


def map_target(artefacts: ArtefactSet, one: Artefact) -> Artefact | None:
    """What a structure map leads to, if it is here."""
    try:
        return artefacts.resolve(decode(one, StructureMap).target)
    except InvalidArtefactError:
        return None
