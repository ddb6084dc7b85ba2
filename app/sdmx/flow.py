"""A dataflow resolved for work on data: components with their code sets, and constraints.

Built from SDMX-JSON artefacts whose code lists have their extensions resolved. Positions count
the dimensions from 0 in the order of the data structure, without the time dimension.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Literal, TypeAlias

from app.errors import InvalidArtefactError
from app.sdmx.constraints import Constraint
from app.sdmx.urn import parse_urn
from app.sdmx.values import Check, value_check

Level: TypeAlias = Literal["dimension", "time", "measure", "observation", "series", "partial"]
"""Where a component stands. `partial`: an attribute of some dimensions, or of none (dataset)."""

Names: TypeAlias = Mapping[str, str]
"""Text by language."""

Lookup: TypeAlias = Callable[[str], Mapping[str, Any]]
"""The artefact of a URN, as SDMX-JSON object; raises when there is none."""


@dataclass(frozen=True, slots=True)
class Code:
    """A code of a code list, with its place in the list."""

    id: str
    names: Names
    order: int
    parent: str | None


@dataclass(frozen=True)
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
    def is_multi_valued(self) -> bool:
        """Whether it takes more than one value."""
        return self.max_occurs is None or self.max_occurs > 1

    @cached_property
    def code_set(self) -> frozenset[str]:
        """Ids of its codes; empty for a component that is not coded."""
        return frozenset(self.codes or ())


@dataclass(frozen=True)
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


def resolve_flow(urn: str, lookup: Lookup, constraints: Iterable[Constraint]) -> Flow:
    """Resolve a dataflow, or a data structure by itself, from the artefacts of a registry."""
    document = lookup(urn)
    structure_urn = urn
    if parse_urn(urn).class_name == "Dataflow":
        structure_urn = document.get("structure", "")
        if not structure_urn:
            raise InvalidArtefactError(
                f"{urn} names no data structure.", f"{urn} no indica una estructura de datos."
            )
    parts = lookup(structure_urn)["dataStructureComponents"]
    builder = _Builder(lookup)
    listed = parts["dimensionList"]
    dimensions = tuple(
        builder.component(item, "dimension", (place,))
        for place, item in enumerate(listed.get("dimensions", ()))
    )
    time = listed.get("timeDimension")
    groups = {g["id"]: tuple(g["groupDimensions"]) for g in parts.get("groups", ())}
    order = [dimension.id for dimension in dimensions]
    attributes = (
        builder.attribute(item, order, groups, time and time["id"])
        for item in parts.get("attributeList", {}).get("attributes", ())
    )
    return Flow(
        urn,
        structure_urn,
        names_of(document),
        dimensions,
        builder.component(time, "time", ()) if time else None,
        tuple(
            builder.component(item, "measure", ())
            for item in parts.get("measureList", {}).get("measures", ())
        ),
        tuple(attributes),
        tuple(constraints),
    )


def names_of(document: Mapping[str, Any]) -> Names:
    """Names of an artefact or item by language."""
    names: Names = document.get("names") or {"en": document.get("name", document.get("id", ""))}
    return names


class _Builder:
    """Builds components, resolving each concept scheme and code list once."""

    def __init__(self, lookup: Lookup) -> None:
        self.lookup = lookup
        self.code_cache: dict[str, Mapping[str, Code]] = {}
        self.concept_cache: dict[str, Mapping[str, Mapping[str, Any]]] = {}

    def component(
        self,
        item: Mapping[str, Any],
        level: Level,
        positions: tuple[int, ...],
        relationship: Mapping[str, Any] | None = None,
    ) -> Component:
        concept = self.concept(item["conceptIdentity"])
        representation = item.get("localRepresentation") or concept.get("coreRepresentation") or {}
        codelist = representation.get("enumeration")
        facets = representation.get("format") or representation.get("enumerationFormat") or {}
        maximum = representation.get("maxOccurs", 1)
        return Component(
            id=item["id"],
            names=names_of(concept) if concept else {"en": item["id"]},
            level=level,
            positions=positions,
            codelist=codelist,
            codes=self.codes(codelist) if codelist else None,
            data_type=facets.get("dataType", "String"),
            facets=facets,
            mandatory=item.get("usage", "optional") == "mandatory",
            multilingual=facets.get("isMultiLingual", False),
            max_occurs=None if maximum == "unbounded" else int(maximum),
            roles=tuple(role.rpartition(".")[2] for role in item.get("conceptRoles", ())),
            relationship=relationship or {},
        )

    def attribute(
        self,
        item: Mapping[str, Any],
        order: list[str],
        groups: Mapping[str, tuple[str, ...]],
        time: str | None,
    ) -> Component:
        relationship = item["attributeRelationship"]
        if "group" in relationship:
            relationship = {"dimensions": list(groups[relationship["group"]])}
        named = relationship.get("dimensions", [])
        if "observation" in relationship or "primaryMeasure" in relationship or time in named:
            return self.component(item, "observation", (), {"observation": {}})
        positions = tuple(sorted(order.index(name) for name in named))
        level: Level = "series" if len(positions) == len(order) else "partial"
        shown: dict[str, Any] = {"dataflow": {}}
        if named:
            shown = {"dimensions": [order[place] for place in positions]}
        return self.component(item, level, positions, shown)

    def concept(self, urn: str) -> Mapping[str, Any]:
        scheme, _, concept = _split_item(urn)
        if scheme not in self.concept_cache:
            try:
                listed = self.lookup(scheme).get("concepts", ())
            except InvalidArtefactError:
                listed = ()
            self.concept_cache[scheme] = {item["id"]: item for item in listed}
        return self.concept_cache[scheme].get(concept, {})

    def codes(self, urn: str) -> Mapping[str, Code]:
        if urn not in self.code_cache:
            document = self.lookup(urn)
            listed = document.get("codes") or document.get("valueItems") or ()
            self.code_cache[urn] = {
                item["id"]: Code(item["id"], names_of(item), place, item.get("parent"))
                for place, item in enumerate(listed)
            }
        return self.code_cache[urn]


def _split_item(urn: str) -> tuple[str, str, str]:
    """A concept's URN as the URN of its scheme, a dot and the id of the concept."""
    scheme, _, item = urn.partition(")")
    scheme = scheme.replace(".conceptscheme.Concept=", ".conceptscheme.ConceptScheme=") + ")"
    return scheme, ".", item.lstrip(".")
