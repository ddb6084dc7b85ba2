"""What constraints and maps say of the components that they are about."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any, Final

from app.sdmx.artefact_set import ArtefactSet
from app.sdmx.artefact_shape import misshapen
from app.sdmx.artefacts import Artefact
from app.sdmx.components import Component
from app.sdmx.flow import Flow, resolve_flow
from app.sdmx.mapping.compiling import check_map_runs
from app.sdmx.structures import (
    ComponentValue,
    ComponentValueSet,
    DataConstraint,
    ProvisionAgreement,
    decode,
)

_WILDCARDS: Final = frozenset("%*")
_SIDES: Final = ("source", "target")
_WITH_DATA: Final = frozenset({"DataStructure", "Dataflow"})


def check_constraint(artefact: Artefact, after: ArtefactSet) -> None:
    """Check that a data constraint names components, and codes, of all that it is attached to.

    Of a data provider nothing is checked, for its constraint is about whatever it reports.

    Raises:
        InvalidArtefactError: a component is not there, or its list does not have a code.
    """
    constraint = decode(artefact, DataConstraint)
    flows = [
        flow
        for urn in constraint.constraint_attachment.urns
        if (flow := _flow_of(urn, after)) is not None
    ]
    for flow in flows:
        for path, name, values, is_cut in _named(constraint):
            found = flow.find(name)
            if found is None:
                raise misshapen(
                    artefact,
                    f"{flow.short_urn} has no component {name!r}",
                    f"{flow.short_urn} no tiene el componente {name!r}",
                    path,
                )
            for value in values:
                if not _has(found, value, is_cut=is_cut):
                    raise misshapen(
                        artefact,
                        f"{name} of {flow.short_urn} has no code {value!r}",
                        f"{name} de {flow.short_urn} no tiene el código {value!r}",
                        path,
                    )


def _flow_of(urn: str, after: ArtefactSet) -> Flow | None:
    """The structure of what a constraint or map is about; None where it is not held in whole."""
    target = after.resolve(urn)
    if target is not None and target.artefact_class.name == "ProvisionAgreement":
        if target.is_external:
            return None
        target = after.resolve(decode(target, ProvisionAgreement).dataflow)
    if target is None or target.is_external or target.artefact_class.name not in _WITH_DATA:
        return None
    structure = target.document.get("structure")
    held = after.resolve(structure) if isinstance(structure, str) else target
    if held is None or held.is_external:
        return None
    # A dataflow may leave out dimensions that a constraint of all versions names.
    return resolve_flow(after, held.urn)


_Named = tuple[str, str, tuple[str, ...], bool]
"""Path, component, values, and whether these lack the prefix of an extended list."""


def _named(constraint: DataConstraint) -> Iterator[_Named]:
    for place, region in enumerate(constraint.cube_regions):
        path = f"/cubeRegions/{place}"
        yield from _of_sets(f"{path}/keyValues", region.key_values)
        yield from _of_sets(f"{path}/components", region.components)
    for place, keys in enumerate(constraint.data_key_sets):
        for position, key in enumerate(keys.keys):
            path = f"/dataKeySets/{place}/keys/{position}"
            for number, part in enumerate(key.key_values):
                yield f"{path}/keyValues/{number}", part.id, part.codes, part.remove_prefix
            yield from _of_sets(f"{path}/components", key.components)


def _of_sets(path: str, sets: Iterable[ComponentValueSet]) -> Iterator[_Named]:
    for place, one in enumerate(sets):
        yield f"{path}/{place}", one.id, tuple(map(_text, one.values)), one.remove_prefix


def _text(value: str | ComponentValue) -> str:
    return value if isinstance(value, str) else value.value


def _has(component: Component, value: str, *, is_cut: bool) -> bool:
    codes = component.codes
    if codes is None or value in codes or not _WILDCARDS.isdisjoint(value):
        return True
    return is_cut and any(code.endswith(value) for code in codes)


def check_map(artefact: Artefact, after: ArtefactSet) -> None:
    """Check that the components of a structure map are there on its sides, and that it can run.

    One of metadata, or with a side that is not held here in whole, is never run.

    Raises:
        InvalidArtefactError: a component is not there, or a part of it cannot be run.
    """
    flows = []
    for other, side in enumerate(_SIDES):
        flow = _flow_of(str(artefact.document.get(side, "")), after)
        if flow is None:
            continue
        flows.append(flow)
        for path, sides in _pairs(artefact.document):
            for name in sides[other]:
                if flow.find(name) is None:
                    raise misshapen(
                        artefact,
                        f"{flow.short_urn} has no component {name!r}",
                        f"{flow.short_urn} no tiene el componente {name!r}",
                        f"{path}/{side}",
                    )
    if len(flows) == len(_SIDES):
        check_map_runs(after, artefact)


def _pairs(document: dict[str, Any]) -> Iterator[tuple[str, tuple[list[str], list[str]]]]:
    for place, one in enumerate(document.get("componentMaps", ())):
        yield f"/componentMaps/{place}", (one["source"], one["target"])
    for place, one in enumerate(document.get("fixedValueMaps", ())):
        ends = [[one[key]] if key in one else [] for key in ("source", "target")]
        yield f"/fixedValueMaps/{place}", (ends[0], ends[1])
    for key in ("epochMaps", "datePatternMaps"):
        for place, one in enumerate(document.get(key, ())):
            for number, pair in enumerate(one["mappedComponents"]):
                path = f"/{key}/{place}/mappedComponents/{number}"
                yield path, ([pair["source"]], [pair["target"]])
