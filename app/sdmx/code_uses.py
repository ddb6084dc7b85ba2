"""Who names the codes of a list: maps, constraints, rules, hierarchies, lists that extend it.

The same letters are codes of several lists (`M` is a sex and a frequency), so a code counts where
it stands for a component of that list, or where the item itself is referred to.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import cached_property
from typing import Final

from app.errors import InvalidArtefactError
from app.sdmx.artefact_set import ArtefactSet
from app.sdmx.artefacts import Artefact
from app.sdmx.codelist_extension import resolve_extensions
from app.sdmx.flow import Flow
from app.sdmx.item_schemes import item_paths
from app.sdmx.mapping.documents import RepresentationMap, StructureMap
from app.sdmx.structures import Codelist, ComponentValueSet, DataConstraint, decode

LISTS: Final = frozenset({"Codelist", "ValueList"})

FindFlow = Callable[[str], Flow | None]
"""The resolved dataflow or data structure of a URN."""


def codes_of(artefacts: ArtefactSet, scheme: Artefact) -> frozenset[str]:
    """The items of a scheme; those that a code list takes over from others too."""
    if scheme.artefact_class.name != "Codelist":
        return item_paths(scheme)
    try:
        return item_paths(resolve_extensions(scheme, artefacts.resolve))
    except InvalidArtefactError:
        return item_paths(scheme)


class CodeUses:
    """Finds who names codes of a scheme.

    Args:
        artefacts: the registry.
        scheme: the scheme; of one that is no list of codes, references to its items count.
        codes: the codes.
        find_flow: resolves dataflows and data structures.
    """

    def __init__(
        self, artefacts: ArtefactSet, scheme: Artefact, codes: Iterable[str], find_flow: FindFlow
    ) -> None:
        self._artefacts = artefacts
        self._scheme = scheme
        self._codes = tuple(codes)
        self._find_flow = find_flow

    @cached_property
    def lists(self) -> frozenset[str]:
        """URNs of the list and of those that extend it."""
        if self._scheme.artefact_class.name not in LISTS:
            return frozenset()
        found = {self._scheme.urn}
        pending = [self._scheme.urn]
        while pending:
            for parent in self._artefacts.parents(pending.pop()):
                one = self._artefacts.get(parent)
                if one is not None and one.artefact_class.name in LISTS and parent not in found:
                    found.add(parent)
                    pending.append(parent)
        return frozenset(found)

    def has(self, reference: str | None) -> bool:
        """Whether the codes of a component, or of a side of a table, are of the list."""
        found = self._artefacts.resolve(reference) if reference else None
        return found is not None and found.urn in self.lists

    def of(self, one: Artefact) -> tuple[str, ...]:
        """The codes that an artefact names, in the order in which they were asked for."""
        try:
            named = {*self._named(one), *self._referred(one)}
        except InvalidArtefactError:  # of another shape than its class: it is never used
            named = set(self._referred(one))
        return tuple(code for code in self._codes if code in named)

    def _referred(self, one: Artefact) -> Iterator[str]:
        for code in self._codes:
            if one.urn in self._artefacts.parents_of_items(self._scheme.urn, (code,)):
                yield code

    def _named(self, one: Artefact) -> Iterator[str]:
        match one.artefact_class.name:
            case "RepresentationMap":
                yield from self._in_table(decode(one, RepresentationMap))
            case "StructureMap":
                yield from self._in_map(decode(one, StructureMap))
            case "DataConstraint":
                yield from self._in_constraint(decode(one, DataConstraint))
            case "Codelist":
                yield from self._taken_over(one)
            case "RulesetScheme" | "MetadataSet":
                yield from (code for code in self._codes if _quotes(one.document, code))

    def _in_table(self, table: RepresentationMap) -> Iterator[str]:
        sources = [place for place, side in enumerate(table.source) if self.has(side.codelist)]
        targets = [place for place, side in enumerate(table.target) if self.has(side.codelist)]
        yield from _values(table, sources, targets)

    def _in_map(self, document: StructureMap) -> Iterator[str]:
        """Constants, and tables where they stand for components of the list."""
        sources, targets = self._coded(document.source), self._coded(document.target)
        for fixed in document.fixed_value_maps:
            if fixed.target in targets or fixed.source in sources:
                yield from fixed.values
        for one in document.component_maps:
            found = one.representation_map and self._artefacts.resolve(one.representation_map)
            if not found:
                continue
            table = decode(found, RepresentationMap)
            yield from self._in_table(table)
            yield from _values(
                table,
                [place for place, name in enumerate(one.source) if name in sources],
                [place for place, name in enumerate(one.target) if name in targets],
            )

    def _in_constraint(self, document: DataConstraint) -> Iterator[str]:
        coded = frozenset(
            name for urn in document.constraint_attachment.urns for name in self._coded(urn)
        )
        for region in document.cube_regions:
            yield from _listed((*region.key_values, *region.components), coded)
        for key_set in document.data_key_sets:
            for key in key_set.keys:
                yield from _listed(key.components, coded)
                for value in key.key_values:
                    if value.id in coded:
                        yield from value.codes

    def _taken_over(self, one: Artefact) -> Iterator[str]:
        """Codes that another list takes over, whatever it puts before them."""
        there = codes_of(self._artefacts, one)
        for extension in decode(one, Codelist).codelist_extensions:
            if self.has(extension.codelist):
                yield from (code for code in self._codes if extension.prefix + code in there)

    def _coded(self, reference: str) -> frozenset[str]:
        """The components of a dataflow, structure or agreement that take codes of the list."""
        found = self._artefacts.resolve(reference)
        if found is not None and found.artefact_class.name == "ProvisionAgreement":
            found = self._artefacts.resolve(str(found.document.get("dataflow")))
        flow = None if found is None else self._find_flow(found.urn)
        if flow is None:
            return frozenset()
        return frozenset(c.id for c in flow.components.values() if self.has(c.codelist))


def _values(
    table: RepresentationMap, sources: Sequence[int], targets: Sequence[int]
) -> Iterator[str]:
    """The values of a table at some places of its sources and targets."""
    for one in table.representation_mappings:
        yield from (one.source_values[n].value for n in sources if n < len(one.source_values))
        yield from (one.target_values[n] for n in targets if n < len(one.target_values))


def _listed(sets: Iterable[ComponentValueSet], coded: frozenset[str]) -> Iterator[str]:
    for one in sets:
        if one.id in coded:
            yield from (each if isinstance(each, str) else each.value for each in one.values)


def _quotes(value: object, code: str) -> bool:
    """Whether a text of a document is a code, or has it in quotation marks."""
    if isinstance(value, dict):
        return any(_quotes(each, code) for each in value.values())
    if isinstance(value, list):
        return any(_quotes(each, code) for each in value)
    return isinstance(value, str) and (value == code or f'"{code}"' in value)
