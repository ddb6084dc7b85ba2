"""Answering structure queries over a set of artefacts (sdmx-rest 2.2, doc/structures.md).

What is asked for is found first (types, agencies, ids, versions, items), then what comes with it
(`references`), then both are brought to the form asked for (`detail`).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from typing import Final, TypeAlias

from app.sdmx.artefact_classes import METADATA_SET
from app.sdmx.artefact_set import ArtefactSet, class_order
from app.sdmx.artefacts import Artefact, Document, find_references
from app.sdmx.item_schemes import cut_items, item_paths
from app.sdmx.partial import cut_references
from app.sdmx.query import StructureQuery
from app.sdmx.version import VersionQuery

_ALL: Final = VersionQuery.parse("*")

_STUB: Final = ("id", "agencyID", "version", "name", "names", "isPartialLanguage", "links")
_COMPLETE_STUB: Final = (*_STUB, "description", "descriptions", "annotations")

_Urns: TypeAlias = frozenset[str]


@dataclass(frozen=True, slots=True)
class StructureAnswer:
    """The artefacts that a query asks for, and those that come with them."""

    matched: tuple[Artefact, ...]
    referenced: tuple[Artefact, ...]

    @property
    def artefacts(self) -> tuple[Artefact, ...]:
        """All, in the order of a reply."""
        return tuple(sorted((*self.matched, *self.referenced), key=class_order))


def answer_structure_query(
    artefacts: ArtefactSet, query: StructureQuery, *, with_metadata: bool = True
) -> StructureAnswer:
    """Find, extend and shape what a structure query asks for.

    Without metadata, data structures and the metadata structures that they use do not lead to each
    other: formats that cannot tell what is used of these have no use for them.
    """
    matched = find_matches(artefacts, query)
    raw = query.detail == "raw"
    if not raw:
        matched = [artefacts.with_extensions(artefact) for artefact in matched]
    if query.items:
        matched = [cut for one in matched if (cut := _with_items(one, query.items)) is not None]
    graph = _Graph(artefacts, query, raw=raw, with_metadata=with_metadata)
    urns = graph.extend(matched)
    referenced = [one for urn in sorted(urns) if (one := artefacts.get(urn)) is not None]
    if not raw:
        referenced = [artefacts.with_extensions(artefact) for artefact in referenced]
    return _shape(StructureAnswer(tuple(matched), tuple(referenced)), query.detail, artefacts)


def find_matches(artefacts: ArtefactSet, query: StructureQuery) -> list[Artefact]:
    """Find the artefacts by type, agency, id and version; versions are chosen per artefact."""
    queries = query.versions or (_ALL,)
    found: list[Artefact] = []
    for versions in artefacts.versions():
        # All versions share type, agency and id.
        if _is_asked(next(iter(versions.values())), query):
            chosen = {version for wanted in queries for version in wanted.select(versions)}
            found.extend(versions[version] for version in sorted(chosen))
    return sorted(found, key=class_order)


def names_one_by_one(query: StructureQuery) -> bool:
    """Whether a query names type, agency and id, so that finding nothing means it is not there."""
    return bool(query.artefact_types and query.agencies and query.resource_ids)


def _is_asked(artefact: Artefact, query: StructureQuery) -> bool:
    artefact_type = artefact.artefact_class.artefact_type
    return (
        artefact.artefact_class is not METADATA_SET
        and (not query.artefact_types or artefact_type in query.artefact_types)
        and (not query.agencies or artefact.agency in query.agencies)
        and (not query.resource_ids or artefact.id in query.resource_ids)
    )


def _with_items(artefact: Artefact, items: Iterable[str]) -> Artefact | None:
    held = item_paths(artefact).intersection(items)
    if not held:
        return None
    cut = cut_items(artefact, held)
    # The answer to a query for items is a part, even where the scheme has no other item.
    if artefact.artefact_class.name == "ValueList":
        return cut
    return cut.with_document(cut.document | {"isPartial": True})


_FAMILY: Final = frozenset({"parents", "parentsandsiblings", "all"})

_STOPPING: Final = frozenset({"structuremap", "representationmap", "reportingtaxonomy"})
"""What does not come in 1.x with what it refers to: clients stop at the first that they meet."""


_APART: Final = {"datastructure": "metadatastructure", "metadatastructure": "datastructure"}
"""Types that lead to each other by what data structures use of metadata structures."""


class _Graph:
    """The references of one query, followed in its directions.

    With `detail=raw` a codelist refers to those that it extends; otherwise their codes are in it
    and they are not given a second time.
    """

    def __init__(
        self, artefacts: ArtefactSet, query: StructureQuery, *, raw: bool, with_metadata: bool
    ) -> None:
        self._artefacts = artefacts
        self._query = query
        self._raw = raw
        self._apart = {} if with_metadata else _APART

    def extend(self, matched: Iterable[Artefact]) -> _Urns:
        """The URNs of what comes with the artefacts that were asked for."""
        start = {artefact.urn: artefact for artefact in matched}
        found: set[str] = set()
        for direction in self._query.references:
            found |= self._follow(direction, start)
        return frozenset(found.difference(start))

    def _follow(self, direction: str, start: dict[str, Artefact]) -> _Urns:
        if direction == "none" or not start:
            return frozenset()
        children = _union(self._children_of(artefact) for artefact in start.values())
        if direction == "children":
            return children
        if direction == "descendants":
            return self._closure(children, self._children)
        parents = _union(self._parents_of(artefact) for artefact in start.values())
        if self._query.asked_type and direction in _FAMILY:
            parents = frozenset(urn for urn in parents if self._type(urn) not in _STOPPING)
        if direction == "parents":
            return parents
        if direction == "ancestors":
            return self._closure(parents, self._parents)
        family = parents | _union(map(self._children, parents))
        if direction == "parentsandsiblings":
            return family
        descendants = self._closure(children, self._children)
        if direction == "all":
            return family | descendants | self._under_hierarchies(family)
        every = family | descendants | self._closure(parents, self._parents)
        return frozenset(urn for urn in every if self._type(urn) == direction)

    def _under_hierarchies(self, family: _Urns) -> _Urns:
        """The code lists of hierarchies: a hierarchy says nothing without the codes it orders."""
        found = (self._artefacts.children(urn) for urn in family if self._type(urn) == "hierarchy")
        return frozenset(urn for urn in _union(found) if self._type(urn) == "codelist")

    def _closure(self, start: _Urns, step: Callable[[str], _Urns]) -> _Urns:
        found, pending = set(start), list(start)
        while pending:
            new = step(pending.pop()) - found
            found |= new
            pending.extend(new)
        return frozenset(found)

    def _children(self, urn: str) -> _Urns:
        artefact = self._artefacts.get(urn)
        if artefact is None:
            return frozenset()
        return self._kept(artefact, self._artefacts.children(urn)) | self._agency(artefact)

    def _parents(self, urn: str) -> _Urns:
        artefact = self._artefacts.get(urn)
        return (
            frozenset() if artefact is None else self._kept(artefact, self._artefacts.parents(urn))
        )

    def _children_of(self, artefact: Artefact) -> _Urns:
        """Children of a matched artefact; of its kept items only, if it was cut."""
        if not self._query.items:
            return self._children(artefact.urn)
        targets = (self._artefacts.resolve(urn) for _, urn in find_references(artefact))
        found = frozenset(target.urn for target in targets if target is not None)
        return self._kept(artefact, found) | self._agency(artefact)

    def _parents_of(self, artefact: Artefact) -> _Urns:
        if not self._query.items:
            return self._parents(artefact.urn)
        held = item_paths(artefact)
        return self._kept(artefact, self._artefacts.parents_of_items(artefact.urn, held))

    def _kept(self, artefact: Artefact, others: _Urns) -> _Urns:
        left_out = {METADATA_SET.artefact_type, self._apart.get(self._type(artefact.urn))}
        others = frozenset(urn for urn in others if self._type(urn) not in left_out)
        if self._raw or not artefact.artefact_class.is_codelist:
            return others
        return frozenset(urn for urn in others if self._type(urn) != "codelist")

    def _agency(self, artefact: Artefact) -> _Urns:
        held = self._artefacts.agency_scheme(artefact.agency)
        return frozenset() if held is None else frozenset((held[0].urn,))

    def _type(self, urn: str) -> str:
        artefact = self._artefacts.get(urn)
        return "" if artefact is None else artefact.artefact_class.artefact_type


def _union(sets: Iterable[_Urns]) -> _Urns:
    return frozenset().union(*sets)


def _shape(answer: StructureAnswer, detail: str, artefacts: ArtefactSet) -> StructureAnswer:
    if detail in ("allstubs", "allcompletestubs"):
        properties = _STUB if detail == "allstubs" else _COMPLETE_STUB
        return StructureAnswer(
            tuple(_stubs(answer.matched, properties)), tuple(_stubs(answer.referenced, properties))
        )
    if detail in ("referencestubs", "referencecompletestubs"):
        properties = _STUB if detail == "referencestubs" else _COMPLETE_STUB
        return replace(answer, referenced=tuple(_stubs(answer.referenced, properties)))
    if detail == "referencepartial":
        cut = cut_references(answer.matched, answer.referenced, artefacts)
        return replace(answer, referenced=tuple(cut))
    return answer


def _stubs(artefacts: Iterable[Artefact], properties: Iterable[str]) -> Iterator[Artefact]:
    """Keep the properties named; the link to itself, set on writing, leads to the whole."""
    for artefact in artefacts:
        document: Document = {
            key: artefact.document[key] for key in properties if key in artefact.document
        }
        yield artefact.with_document(document | {"isExternalReference": True})
