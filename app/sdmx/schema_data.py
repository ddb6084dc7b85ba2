"""What a schema of data messages is made from: components, the values allowed, the layout."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property

from app.sdmx.artefact_set import ArtefactSet
from app.sdmx.artefacts import Artefact
from app.sdmx.flow import ALL_DIMENSIONS, Component, Flow, resolve_flow
from app.sdmx.partial import chain_of, component_codes
from app.sdmx.query import SchemaQuery
from app.sdmx.structures import DataStructure, decode


@dataclass(frozen=True)
class DataSchema:
    """Which data are valid in a context, for messages of one layout.

    Attributes:
        urn: of the data structure, dataflow or agreement that was asked for.
        flow: its components.
        allowed: by component id the values that constraints leave, in the order of the code
            list; a component that is not named takes any value of its type.
        groups: dimensions of each group of the structure, as far as the flow has them all.
        dimension_at_observation: along which the observations of a series run.
        any_layout: whether nothing was said of the layout, and any is valid where it can be.
        deletion: whether messages delete: dimensions left out stand for any value, and values
            of other components say nothing.
        has_metadata: whether reference metadata may come with the data.
    """

    urn: str
    flow: Flow
    allowed: Mapping[str, tuple[str, ...]]
    groups: Mapping[str, tuple[str, ...]]
    dimension_at_observation: str
    any_layout: bool
    deletion: bool
    has_metadata: bool

    @property
    def is_flat(self) -> bool:
        """Whether observations stand alone, without series."""
        return self.dimension_at_observation == ALL_DIMENSIONS

    @property
    def is_time_series(self) -> bool:
        """Whether time runs along the observations."""
        time = self.flow.time
        return time is not None and self.dimension_at_observation == time.id

    @cached_property
    def dimensions(self) -> tuple[Component, ...]:
        """All dimensions, time last."""
        return (*self.flow.dimensions, *((self.flow.time,) if self.flow.time else ()))

    @cached_property
    def at_series(self) -> tuple[Component, ...]:
        """The dimensions of a series."""
        along = self.dimension_at_observation
        return () if self.is_flat else tuple(d for d in self.dimensions if d.id != along)

    @cached_property
    def at_observation(self) -> tuple[Component, ...]:
        """The dimensions of an observation."""
        return tuple(d for d in self.dimensions if d not in self.at_series)

    @cached_property
    def above_observation(self) -> tuple[Component, ...]:
        """The attributes of series, groups and the dataset."""
        return tuple(a for a in self.flow.attributes if a.level != "observation")

    @cached_property
    def observation_attributes(self) -> tuple[Component, ...]:
        """The attributes that may stand with an observation: all, but in time series its own."""
        own = tuple(a for a in self.flow.attributes if a.level == "observation")
        return own if self.is_time_series else self.flow.attributes

    def is_required(self, component: Component) -> bool:
        """Whether a message must have it: dimensions, and the measures that are mandatory.

        Attributes may always be left out, as what is merged need not be whole (SDMX-ML 3.1,
        structure-specific data: the XML attributes of attributes are optional).
        """
        if self.deletion:
            return False
        return component.level in {"dimension", "time"} or (
            component.level == "measure" and component.mandatory
        )


def resolve_data_schema(
    artefacts: ArtefactSet, context: Artefact, query: SchemaQuery
) -> DataSchema:
    """Resolve the data structure, dataflow or agreement that a schema is asked for.

    Raises:
        QueryMisfitError: `dimensionAtObservation` is no dimension of it.
    """
    chain = chain_of(context, artefacts)
    agreement = context.urn if context.artefact_class.name == "ProvisionAgreement" else None
    bound = chain[1 if agreement else 0]
    flow = resolve_flow(artefacts, bound.urn, agreement)
    structure = decode(chain[-1], DataStructure)
    return DataSchema(
        urn=context.urn,
        flow=flow,
        allowed=_allowed_values(artefacts, context, flow),
        groups={
            group.id: group.group_dimensions
            for group in structure.groups
            if all(name in flow.position for name in group.group_dimensions)
        },
        dimension_at_observation=flow.dimension_at_observation(query.dimension_at_observation),
        any_layout=query.dimension_at_observation is None,
        deletion=query.deletion,
        has_metadata=structure.metadata is not None,
    )


def _allowed_values(
    artefacts: ArtefactSet, context: Artefact, flow: Flow
) -> dict[str, tuple[str, ...]]:
    constrained = {one: codes for one, _, codes in component_codes(context, artefacts)}
    allowed: dict[str, tuple[str, ...]] = {}
    for component in flow.components.values():
        codes = constrained.get(component.id)
        if component.codes is not None:
            listed: Iterable[str] = component.codes
            allowed[component.id] = tuple(c for c in listed if codes is None or c in codes)
        elif (values := _listed_values(component.id, flow)) is not None:
            allowed[component.id] = tuple(sorted(values))
    return allowed


def _listed_values(component: str, flow: Flow) -> Collection[str] | None:
    """What constraints leave of a component that is not coded; None: they do not list values."""
    found: frozenset[str] | None = None
    for constraint in flow.constraints:
        for values in constraint.allowed_values():
            is_list = values.included and values.time_range is None
            if values.component == component and is_list:
                found = values.values if found is None else found & values.values
    return found
