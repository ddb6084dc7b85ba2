"""Names that SDMX-ML data messages share with the schemas that are made for them.

SDMX 2.1 knows one measure of an observation, the primary measure, whose id is always OBS_VALUE.
Of several measures the one of that id is the primary measure, or else the first; the others are
written as attributes of the observation, under their own ids. Nothing is lost by that, clients
that know one measure find it where they look, and 2.1 has no other place for a second number: a
measure dimension would change the keys of the same data from one format to another.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from app.sdmx.flow import Component

PRIMARY_MEASURE: Final = "OBS_VALUE"
"""The id of the primary measure of SDMX 2.1."""

DATASET_TYPE: Final = "DataSetType"
"""The type of a structure-specific dataset, in the namespace of its structure."""


def dataset_namespace(urn: str, dimension_at_observation: str) -> str:
    """The namespace of structure-specific data (SDMX 2.1 and 3.x, section 3A, 5.3).

    Args:
        urn: of the dataflow, data structure or provision agreement that was asked for.
        dimension_at_observation: a dimension, or `AllDimensions`.
    """
    return f"{urn}:ObsLevelDim:{dimension_at_observation}"


def primary_measure(measures: Sequence[Component]) -> Component | None:
    """The measure that SDMX 2.1 knows as OBS_VALUE, among all measures of a structure."""
    named = (measure for measure in measures if measure.id == PRIMARY_MEASURE)
    return next(named, measures[0] if measures else None)


def is_complex(component: Component) -> bool:
    """Whether SDMX-ML 3.x writes a component as `Comp`: it has several values, or languages."""
    return component.is_multi_valued or component.multilingual


def component_type(component: Component) -> str:
    """The type of the `Comp` of a component, in the namespace of its structure."""
    return f"{component.undotted_id}_{'MEASURE' if component.level == 'measure' else 'ATTRIBUTE'}"
