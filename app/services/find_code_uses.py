"""Where public figures have codes of a list: in keys, attributes and measures."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from app.errors import InvalidArtefactError
from app.sdmx.code_uses import CodeUses
from app.sdmx.flow import Component, Flow
from app.store import impact
from app.store.catalogue import Catalogue
from app.store.types import Connection


@dataclass(frozen=True, slots=True)
class UsedCode:
    """A code that public figures of a dataflow have in a component."""

    dataflow: str
    component: str
    code: str
    series: int
    observations: int
    agreements: tuple[str, ...]

    def document(self) -> dict[str, Any]:
        """As it is told."""
        return {
            "dataflow": self.dataflow,
            "component": self.component,
            "code": self.code,
            "series": self.series,
            "observations": self.observations,
            "agreements": list(self.agreements),
        }


async def find_code_uses(
    connection: Connection,
    catalogue: Catalogue,
    dataflows: Sequence[str],
    codes: Sequence[str],
    uses: CodeUses,
) -> list[UsedCode]:
    """The codes that public figures have, by dataflow and component.

    Args:
        connection: that reads the public room.
        catalogue: the registry.
        dataflows: URNs of those that may have them.
        codes: the codes.
        uses: knows which components have their codes in the list.
    """
    found = []
    for urn in dataflows:
        number = catalogue.dataflows.get(urn)
        if number is None:
            continue
        try:
            flow = catalogue.flow(urn)
        except InvalidArtefactError:
            continue
        for component in flow.components.values():
            if uses.has(component.codelist):
                read = await _read(connection, catalogue, number, flow, component, codes)
                found += _by_code(catalogue, urn, component.id, read)
    return found


async def _read(
    connection: Connection,
    catalogue: Catalogue,
    dataflow: int,
    flow: Flow,
    component: Component,
    codes: Sequence[str],
) -> list[impact.Use]:
    """How often a component has the codes."""
    agreements = [one.id for one in catalogue.agreements_of(dataflow)]
    match component.level:
        case "dimension":
            ids = [one.id for one in flow.dimensions]
            position = ids.index(component.id) + 1
            return await impact.uses_in_keys(connection, dataflow, position, codes)
        case "partial":
            return await impact.uses_above(connection, agreements, component.id, codes)
        case "series":
            part: impact.Part = "attributes"
        case _:
            part = "observations"
    return await impact.uses_in_values(
        connection, dataflow, agreements, component.id, codes, part=part
    )


def _by_code(
    catalogue: Catalogue, dataflow: str, component: str, read: Sequence[impact.Use]
) -> list[UsedCode]:
    """The uses of all agreements together."""
    return [
        UsedCode(
            dataflow,
            component,
            code,
            sum(use.series for use in read if use.code == code),
            sum(use.observations for use in read if use.code == code),
            tuple(
                catalogue.agreements[use.agreement].urn
                for use in read
                if use.code == code and use.agreement in catalogue.agreements
            ),
        )
        for code in dict.fromkeys(use.code for use in read)
    ]
