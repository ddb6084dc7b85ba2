"""Where the attributes of a layout stand in SDMX-ML messages.

Attributes of some of the dimensions, those of groups among them, stand with the series, as the
standard has it for attributes without a group and allows it for the others: clients in the field
read attributes where the key is, and some pass over groups. Those of groups stand with the groups
too, before the series, where all data come from one agreement (`DataSet.groups`).

Attributes of the dataset stand with the dataset in 2.1, where all data come from one agreement;
else each agreement has a value of its own, and they stand with the series. In 3.x they always
do: the element for them there, `Atts`, is refused by readers that are in wide use.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeAlias

from app.sdmx.flow import Component
from app.sdmx.messages.data_message import Layout
from app.sdmx.messages.data_ml_names import PRIMARY_MEASURE, primary_measure

Named: TypeAlias = tuple[tuple[Component, str], ...]
"""Components, each with the name under which it is written."""


@dataclass(frozen=True, slots=True)
class Places:
    """The components at each level; measures first among those at the observation."""

    dataset: Named
    series: Named
    observation: Named


def places(layout: Layout, *, is_old: bool, one_source: bool | None = None) -> Places:
    """The components of a layout by level.

    Args:
        layout: what is shown.
        is_old: whether this is for SDMX 2.1.
        one_source: where the structure is shared with other datasets, whether the data of each
            come from one agreement.
    """
    one_source = layout.one_source if one_source is None else one_source
    of_dataset = [a for a in layout.attributes if a.level == "partial" and not a.positions]
    above = of_dataset if is_old and one_source else []
    rest = [a for a in layout.attributes if a not in above]
    at_series = [a for a in rest if layout.observations and _is_at_series(a, layout, one_source)]
    at_observation = [*_measures(layout, is_old=is_old), *rest]
    if not layout.observations:
        at_series = [a for a in rest if a.level != "observation"]
        at_observation = []
    primary = primary_measure(layout.flow.measures) if is_old else None

    def named(components: list[Component]) -> Named:
        return tuple((c, PRIMARY_MEASURE if c is primary else c.undotted_id) for c in components)

    left = [c for c in at_observation if c not in at_series]
    return Places(named(above), named(at_series), named(left))


def _measures(layout: Layout, *, is_old: bool) -> list[Component]:
    """The measures shown; in 2.1 the primary measure before the others."""
    primary = primary_measure(layout.flow.measures) if is_old else None
    return sorted(layout.measures, key=lambda measure: measure is not primary)


def _is_at_series(attribute: Component, layout: Layout, one_source: bool) -> bool:
    if layout.is_flat or attribute.level == "observation":
        return False
    if not layout.is_section:
        return True
    # Of several agreements the observations of a section may have values of their own.
    along = layout.flow.position[layout.dimension_at_observation]
    return one_source and along not in attribute.positions
