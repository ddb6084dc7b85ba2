"""Names that SDMX-ML data messages share with the schemas that are made for them."""

from __future__ import annotations


def dataset_namespace(urn: str, dimension_at_observation: str) -> str:
    """The namespace of structure-specific data (SDMX 2.1 and 3.x, section 3A, 5.3).

    Args:
        urn: of the dataflow, data structure or provision agreement that was asked for.
        dimension_at_observation: a dimension, or `AllDimensions`.
    """
    return f"{urn}:ObsLevelDim:{dimension_at_observation}"


def component_type(component_id: str, *, measure: bool = False) -> str:
    """The type (`xsi:type`) of an element `Comp` in structure-specific data of SDMX-ML 3.x."""
    return f"{component_id}_{'MEASURE' if measure else 'ATTRIBUTE'}"
