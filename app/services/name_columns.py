"""The names of the components that a submission speaks of, for people who know no ids."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TypeAlias

from app.sdmx.components import Names
from app.store.catalogue import Catalogue

ColumnNames: TypeAlias = Mapping[str, Names]
"""Names by component id; each by language."""


def name_columns(catalogue: Catalogue, agreements: Sequence[str]) -> ColumnNames:
    """The names of all components of the dataflows of some agreements, by component id.

    Where two dataflows name a component differently, the first one's holds.
    """
    found: dict[str, Names] = {}
    for agreement in catalogue.agreements.values():
        if agreement.urn in agreements:
            flow = catalogue.find_flow(agreement.dataflow_urn)
            for component in flow.components.values() if flow else ():
                found.setdefault(component.id, component.names)
    return found
