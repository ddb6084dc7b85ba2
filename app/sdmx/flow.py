"""A dataflow resolved for work on data: components with their code sets, and constraints.

Built from the registry, extensions of code lists resolved. Positions count the dimensions from
0 in the order of the data structure, without the time dimension.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Literal, TypeAlias

import msgspec

from app.errors import InvalidArtefactError
from app.sdmx.artefact_set import ArtefactSet
from app.sdmx.artefacts import Artefact
from app.sdmx.constraints import Constraint, read_constraint
from app.sdmx.series import TIME
from app.sdmx.structures import (
    Attribute,
    Concept,
    ConceptScheme,
    DataConstraint,
    Dataflow,
    DataStructure,
    Dimension,
    Measure,
    Representation,
    TextFormat,
    TimeDimension,
    decode,
)
from app.sdmx.urn import parse_urn
from app.sdmx.values import Check, representation, value_check

Level: TypeAlias = Literal["dimension", "time", "measure", "observation", "series", "partial"]
"""Where a component stands. `partial`: an attribute of some dimensions, or of none (dataset)."""

Names: TypeAlias = Mapping[str, str]
"""Text by language."""


@dataclass(frozen=True, slots=True)
class Code:
    """A code of a code list, with its place in the list."""

    id: str
    names: Names
    order: int
    parent: str | None


@dataclass(frozen=True, eq=False)
class Component:
    """A dimension, measure or attribute of a data structure.

    Attributes:
        level: where its values are attached.
        positions: for attributes of dimensions, the positions of these dimensions.
        codelist: URN of its code list; `codes` are then its codes by id.
        data_type: SDMX data type of a component that is not coded.
        relationship: the attribute relationship as in SDMX-JSON, groups resolved.
        constant: value fixed by the agreement, or `None`.
    """

    id: str
    names: Names
    level: Level
    positions: tuple[int, ...]
    codelist: str | None
    codes: Mapping[str, Code] | None
    data_type: str
    facets: Mapping[str, Any]
    mandatory: bool
    multilingual: bool
    max_occurs: int | None
    roles: tuple[str, ...]
    relationship: Mapping[str, Any]

    @cached_property
    def check(self) -> Check:
        """The check of a value that is not coded."""
        return value_check(self.data_type, self.facets)

    @property
    def representation(self) -> str:
        """What a value that is not coded must be, in short."""
        return representation(self.data_type, self.facets)

    @property
    def is_multi_valued(self) -> bool:
        """Whether it takes more than one value."""
        return self.max_occurs is None or self.max_occurs > 1

    @cached_property
    def code_set(self) -> frozenset[str]:
        """Ids of its codes; empty for a component that is not coded."""
        return frozenset(self.codes or ())


@dataclass(frozen=True, eq=False)
class Flow:
    """A dataflow with its data structure, ready for reading, validating and writing data."""

    urn: str
    structure_urn: str
    names: Names
    dimensions: tuple[Component, ...]
    time: Component | None
    measures: tuple[Component, ...]
    attributes: tuple[Component, ...]
    constraints: tuple[Constraint, ...]

    @cached_property
    def short_urn(self) -> str:
        """`AGENCY:ID(VERSION)`."""
        return self.urn.rpartition("=")[2]

    @cached_property
    def position(self) -> Mapping[str, int]:
        """Position of each dimension."""
        return {dimension.id: place for place, dimension in enumerate(self.dimensions)}

    @cached_property
    def components(self) -> Mapping[str, Component]:
        """All components by id: dimensions, time, measures, attributes."""
        time = (self.time,) if self.time else ()
        every = (*self.dimensions, *time, *self.measures, *self.attributes)
        return {component.id: component for component in every}

    @cached_property
    def observation_components(self) -> tuple[Component, ...]:
        """Measures and attributes of the observation, in order."""
        attributes = (a for a in self.attributes if a.level == "observation")
        return (*self.measures, *attributes)

    @cached_property
    def series_attributes(self) -> tuple[Component, ...]:
        """Attributes of the series."""
        return tuple(a for a in self.attributes if a.level == "series")

    @cached_property
    def partial_attributes(self) -> tuple[Component, ...]:
        """Attributes of some of the dimensions (groups too), or of none (dataset)."""
        return tuple(a for a in self.attributes if a.level == "partial")

    @cached_property
    def frequency(self) -> int | None:
        """Position of the dimension that tells the frequency."""
        for place, dimension in enumerate(self.dimensions):
            if dimension.id == "FREQ" or "FREQ" in dimension.roles:
                return place
        return None


def resolve_flow(artefacts: ArtefactSet, urn: str, agreement: str | None = None) -> Flow:
    """Resolve a dataflow, or a data structure by itself.

    Constraints are those of the data structure and the dataflow, and of the agreement if given.

    Raises:
        InvalidArtefactError: something that the dataflow rests on is not in the set.
    """
    artefact = _held(artefacts, urn)
    structure_artefact, chosen = artefact, None
    if artefact.artefact_class.name == "Dataflow":
        dataflow = decode(artefact, Dataflow)
        structure_artefact = _held(artefacts, dataflow.structure)
        chosen = dataflow
    structure = decode(structure_artefact, DataStructure)
    kept = chosen.dimension_ids(structure) if chosen else None
    written = [d for d in structure.dimensions if kept is None or d.id in kept]
    builder = _Builder(artefacts)
    order = [dimension.id for dimension in written]
    groups = {group.id: group.group_dimensions for group in structure.groups}
    time = structure.time_dimension
    attached = [structure_artefact.urn, artefact.urn, *([agreement] if agreement else [])]
    return Flow(
        artefact.urn,
        structure_artefact.urn,
        names_of(artefact.document),
        tuple(builder.component(d, "dimension", (place,)) for place, d in enumerate(written)),
        builder.component(time, "time", ()) if time else None,
        tuple(builder.component(measure, "measure", ()) for measure in structure.measures),
        tuple(
            builder.attribute(attribute, order, groups)
            for attribute in structure.attributes
            if _applies(attribute, order, groups)
        ),
        tuple(c for target in dict.fromkeys(attached) for c in constraints_of(artefacts, target)),
    )


def constraints_of(artefacts: ArtefactSet, urn: str) -> Iterator[Constraint]:
    """The data constraints that are attached to an artefact."""
    for parent in sorted(artefacts.parents(urn)):
        constraint = artefacts.get(parent)
        if constraint is not None and constraint.artefact_class.name == "DataConstraint":
            document = decode(constraint, DataConstraint)
            targets = map(artefacts.resolve, document.constraint_attachment.urns)
            if any(target is not None and target.urn == urn for target in targets):
                yield read_constraint(document)


def names_of(document: Mapping[str, Any]) -> Names:
    """Names of an artefact or item by language."""
    names: Names = document.get("names") or {"en": document.get("name", document.get("id", ""))}
    return names


def _held(artefacts: ArtefactSet, urn: str) -> Artefact:
    artefact = artefacts.resolve(urn)
    if artefact is None:
        raise InvalidArtefactError(f"{urn} is not in the registry.", f"{urn} no está registrado.")
    return artefact


def _applies(attribute: Attribute, order: list[str], groups: Mapping[str, tuple[str, ...]]) -> bool:
    """Whether the dimensions of an attribute are all used by the dataflow."""
    named = _attached_dimensions(attribute, groups)
    return all(name in order or name == TIME for name in named)


def _attached_dimensions(
    attribute: Attribute, groups: Mapping[str, tuple[str, ...]]
) -> tuple[str, ...]:
    relationship = attribute.attribute_relationship
    if relationship.group is not None:
        return groups[relationship.group]
    return relationship.dimensions or ()


class _Builder:
    """Builds components, resolving each concept scheme and code list once."""

    def __init__(self, artefacts: ArtefactSet) -> None:
        self.artefacts = artefacts
        self.code_cache: dict[str, Mapping[str, Code]] = {}
        self.concept_cache: dict[str, Mapping[str, Concept]] = {}

    def component(
        self,
        item: Dimension | TimeDimension | Measure | Attribute,
        level: Level,
        positions: tuple[int, ...],
        relationship: Mapping[str, Any] | None = None,
    ) -> Component:
        concept = self.concept(item.concept_identity)
        representation = item.local_representation
        if representation is None and concept is not None:
            representation = concept.core_representation
        representation = representation or Representation()
        text = representation.format or representation.enumeration_format or TextFormat()
        codelist = representation.enumeration
        if isinstance(item, TimeDimension) and text.data_type == "String":
            text = TextFormat(data_type="ObservationalTimePeriod")
        maximum = representation.max_occurs
        return Component(
            id=item.id,
            names=(concept.names or {"en": concept.name}) if concept else {"en": item.id},
            level=level,
            positions=positions,
            codelist=codelist,
            codes=self.codes(codelist) if codelist else None,
            data_type=text.data_type,
            facets=msgspec.to_builtins(text),
            mandatory=getattr(item, "usage", "optional") == "mandatory",
            multilingual=text.is_multi_lingual,
            max_occurs=None if maximum == "unbounded" else maximum,
            roles=tuple(role.rpartition(".")[2] for role in item.concept_roles),
            relationship=relationship or {},
        )

    def attribute(
        self, item: Attribute, order: list[str], groups: Mapping[str, tuple[str, ...]]
    ) -> Component:
        named = _attached_dimensions(item, groups)
        if item.attribute_relationship.observation is not None or TIME in named:
            return self.component(item, "observation", (), {"observation": {}})
        positions = tuple(sorted(order.index(name) for name in named))
        level: Level = "series" if len(positions) == len(order) else "partial"
        shown: dict[str, Any] = {"dataflow": {}}
        if named:
            shown = {"dimensions": [order[place] for place in positions]}
        return self.component(item, level, positions, shown)

    def concept(self, reference: str) -> Concept | None:
        urn = parse_urn(reference)
        scheme = str(urn.maintainable)
        if scheme not in self.concept_cache:
            artefact = self.artefacts.resolve(urn)
            listed = decode(artefact, ConceptScheme).concepts if artefact else ()
            self.concept_cache[scheme] = {concept.id: concept for concept in listed}
        return self.concept_cache[scheme].get((urn.item or "").rpartition(".")[2])

    def codes(self, urn: str) -> Mapping[str, Code]:
        if urn not in self.code_cache:
            artefact = self.artefacts.resolved_codelist(urn)
            document = artefact.document if artefact else {}
            listed = document.get("codes") or document.get("valueItems") or ()
            self.code_cache[urn] = {
                item["id"]: Code(item["id"], names_of(item), place, item.get("parent"))
                for place, item in enumerate(listed)
            }
        return self.code_cache[urn]
