"""Names that SDMX-ML data messages share with the schemas that are made for them."""

from __future__ import annotations


def dataset_namespace(urn: str, dimension_at_observation: str) -> str:
    """The namespace of structure-specific data (SDMX 2.1 and 3.x, section 3A, 5.3).

    Args:
        urn: of the dataflow, data structure or provision agreement that was asked for.
        dimension_at_observation: a dimension, or `AllDimensions`.
    """
    return f"{urn}:ObsLevelDim:{dimension_at_observation}"
