"""A dataflow resolved for work on data: components with their code sets, and constraints.

Built from the registry, extensions of code lists resolved. Positions count the dimensions from
0 in the order of the data structure, without the time dimension.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any, Final

from app.errors import InvalidArtefactError, QueryMisfitError
from app.sdmx.artefact_set import ArtefactSet
from app.sdmx.artefacts import UNEXPECTED, Artefact
from app.sdmx.components import Code as Code
from app.sdmx.components import Component as Component
from app.sdmx.components import ComponentBuilder, Level
from app.sdmx.components import Names as Names
from app.sdmx.components import names_of as names_of
from app.sdmx.constraints import CodesBelow, Constraint, read_constraint
from app.sdmx.metadata_structures import UsedAttribute, usable_attributes, usages_of
from app.sdmx.series import TIME
from app.sdmx.structures import (
    Attribute,
    AttributeRelationship,
    DataConstraint,
    Dataflow,
    DataStructure,
    ProvisionAgreement,
    decode,
)
from app.sdmx.urn import parse_urn

ALL_DIMENSIONS: Final = "AllDimensions"
"""What `dimensionAtObservation` says for observations that stand alone, without series."""


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
    def data_components(self) -> Mapping[str, Component]:
        """The components of the data themselves, reference metadata apart.

        Only these are meant by the words of a header, and named where something is looked for.
        """
        return {name: one for name, one in self.components.items() if not one.is_metadata}

    @cached_property
    def mandatory_above_series(self) -> tuple[Component, ...]:
        """The attributes above the series that must have a value."""
        return tuple(a for a in self.partial_attributes if a.mandatory)

    def find(self, name: str) -> Component | None:
        """The component of an id; a metadata attribute by its path, or as SDMX-JSON names it."""
        found = self.components.get(name)
        if found is not None:
            return found
        return next((a for a in self.attributes if a.is_metadata and a.undotted_id == name), None)

    def dimension_at_observation(self, asked: str | None) -> str:
        """The dimension along the observations; without a wish time, or none where there is none.

        Raises:
            QueryMisfitError: what was asked for is no dimension.
        """
        if asked is None:
            return self.time.id if self.time else ALL_DIMENSIONS
        known = (ALL_DIMENSIONS, *self.position, *([self.time.id] if self.time else []))
        if asked not in known:
            listed = ", ".join(known)
            raise QueryMisfitError(
                f"dimensionAtObservation cannot be {asked[:80]!r}; there are {listed}.",
                f"dimensionAtObservation no puede ser {asked[:80]!r}; hay {listed}.",
                parameter="dimensionAtObservation",
            )
        return asked

    @cached_property
    def languages(self) -> frozenset[str]:
        """The languages of its texts: its own name, and those of components and codes."""
        named = [self.names]
        for component in self.components.values():
            named.append(component.names)
            named += [code.names for code in (component.codes or {}).values()]
        return frozenset(language for names in named for language in names)

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

    def codes_below(self, component: str, code: str) -> Iterator[str]:
        """The codes below a code of a component, at any depth; each once."""
        found = self.components.get(component)
        pending, seen = [code], {code}
        while pending and found is not None:
            above = pending.pop()
            for each in (found.codes or {}).values():
                if each.parent == above and each.id not in seen:
                    seen.add(each.id)
                    pending.append(each.id)
                    yield each.id

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
        InvalidArtefactError: something that the dataflow rests on is not in the set, or is not
            what it should be.
    """
    try:
        return _resolve_flow(artefacts, urn, agreement)
    except UNEXPECTED as error:
        # What is in the registry was checked when it came, though perhaps by older rules.
        raise InvalidArtefactError(
            f"{urn} cannot be resolved: a structure that it rests on is not valid.",
            f"{urn} no se puede resolver: una estructura en la que se apoya no es válida.",
            urn=urn,
        ) from error


def _resolve_flow(artefacts: ArtefactSet, urn: str, agreement: str | None) -> Flow:
    artefact = _held(artefacts, urn)
    structure_artefact, chosen = artefact, None
    if artefact.artefact_class.name == "Dataflow":
        dataflow = decode(artefact, Dataflow)
        structure_artefact = _held(artefacts, dataflow.structure)
        chosen = dataflow
    structure = decode(structure_artefact, DataStructure)
    kept = chosen.dimension_ids(structure) if chosen else None
    written = [d for d in structure.dimensions if kept is None or d.id in kept]
    builder = ComponentBuilder(artefacts)
    order = [dimension.id for dimension in written]
    groups = {group.id: group.group_dimensions for group in structure.groups}
    time = structure.time_dimension
    attached = [structure_artefact.urn, artefact.urn, *_parties(artefacts, agreement)]
    attributes = [
        _resolve_attribute(builder, attribute, order, groups)
        for attribute in structure.attributes
        if _applies(attribute.attribute_relationship, order, groups)
    ]
    flow = Flow(
        artefact.urn,
        structure_artefact.urn,
        names_of(artefact.document),
        tuple(builder.component(d, "dimension", (place,)) for place, d in enumerate(written)),
        builder.component(time, "time", ()) if time else None,
        tuple(builder.component(measure, "measure", ()) for measure in structure.measures),
        (*attributes, *_metadata_attributes(artefacts, structure, order, groups)),
        (),
    )
    constraints = (
        constraint
        for target in dict.fromkeys(attached)
        for constraint in constraints_of(artefacts, target, flow.codes_below)
    )
    return replace(flow, constraints=tuple(constraints))


def _parties(artefacts: ArtefactSet, agreement: str | None) -> tuple[str, ...]:
    """An agreement and its data provider, whose constraints hold together."""
    if agreement is None:
        return ()
    return agreement, decode(_held(artefacts, agreement), ProvisionAgreement).data_provider


def constraints_of(
    artefacts: ArtefactSet, urn: str, below: CodesBelow | None = None
) -> Iterator[Constraint]:
    """The data constraints that are attached to an artefact, or to a data provider.

    `below` gives the codes that a value of a component takes with it where it cascades.
    """
    for parent in sorted(artefacts.parents(str(parse_urn(urn).maintainable))):
        constraint = artefacts.get(parent)
        if constraint is not None and constraint.artefact_class.name == "DataConstraint":
            document = decode(constraint, DataConstraint)
            named = document.constraint_attachment.urns
            targets = map(artefacts.resolve, named)
            if urn in named or any(target is not None and target.urn == urn for target in targets):
                yield read_constraint(document, below)


def _held(artefacts: ArtefactSet, urn: str) -> Artefact:
    artefact = artefacts.resolve(urn)
    if artefact is None:
        raise InvalidArtefactError(f"{urn} is not in the registry.", f"{urn} no está registrado.")
    return artefact


def _applies(
    relationship: AttributeRelationship, order: list[str], groups: Mapping[str, tuple[str, ...]]
) -> bool:
    """Whether the dimensions of an attribute are all used by the dataflow."""
    named = _attached_dimensions(relationship, groups)
    return all(name in order or name == TIME for name in named)


def _attached_dimensions(
    relationship: AttributeRelationship, groups: Mapping[str, tuple[str, ...]]
) -> tuple[str, ...]:
    group = relationship.group
    if group is not None:
        if group not in groups:
            raise InvalidArtefactError(
                f"An attribute hangs on the group {group!r}, which is not there.",
                f"Un atributo depende del grupo {group!r}, que no existe.",
            )
        return groups[group]
    return relationship.dimensions or ()


def _resolve_attribute(
    builder: ComponentBuilder,
    item: Attribute,
    order: list[str],
    groups: Mapping[str, tuple[str, ...]],
) -> Component:
    relationship = item.attribute_relationship
    level, positions, shown = _place(relationship, order, groups)
    component = builder.component(item, level, positions, shown)
    if relationship.group is None or level != "partial":
        return component
    return replace(component, group=relationship.group)


def _metadata_attributes(
    artefacts: ArtefactSet,
    structure: DataStructure,
    order: list[str],
    groups: Mapping[str, tuple[str, ...]],
) -> Iterator[Component]:
    """The metadata attributes that are reported with the data, those below a used one too."""
    found: dict[str, tuple[UsedAttribute, Component]] = {}
    usages = usages_of(structure)
    known = usable_attributes(artefacts, structure)
    for usage in usages:
        if not _applies(usage.attribute_relationship, order, groups):
            continue
        place = _place(usage.attribute_relationship, order, groups)
        for used in known.get(usage.metadata_attribute_reference, ()):
            # One that is used by itself too stands where that usage says.
            by_itself = any(used.path == one.metadata_attribute_reference for one in usages)
            if used.path == usage.metadata_attribute_reference or not by_itself:
                found[used.path] = used, _reported_with_data(used, *place)
    taken = {component.id for component in (*structure.dimensions, *structure.measures)}
    taken |= {TIME, *(attribute.id for attribute in structure.attributes)}
    leaves = [path.rpartition(".")[2] for path in found]
    for path, (used, component) in found.items():
        leaf = path.rpartition(".")[2]
        if leaf not in taken and leaves.count(leaf) == 1:
            yield replace(component, plain_id=leaf)
        else:
            yield replace(component, plain_id=path.replace(".", "-"), names=used.names)


def _reported_with_data(
    used: UsedAttribute, level: Level, positions: tuple[int, ...], shown: Mapping[str, Any]
) -> Component:
    return replace(
        used.attribute.component,
        id=used.path,
        level=level,
        positions=positions,
        relationship=shown,
        repeats=used.repeats,
        max_occurs=None if any(used.repeats) else 1,
    )


def _place(
    relationship: AttributeRelationship, order: list[str], groups: Mapping[str, tuple[str, ...]]
) -> tuple[Level, tuple[int, ...], dict[str, Any]]:
    """Where an attribute stands: level, positions of its dimensions, relationship as shown."""
    named = _attached_dimensions(relationship, groups)
    if relationship.observation is not None or TIME in named:
        return "observation", (), {"observation": {}}
    positions = tuple(sorted(order.index(name) for name in named))
    level: Level = "series" if len(positions) == len(order) else "partial"
    if not named:
        return level, positions, {"dataflow": {}}
    return level, positions, {"dimensions": [order[place] for place in positions]}
