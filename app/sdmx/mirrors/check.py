"""Whether a mirror pair suits the dataflows that it names: asked before it is published."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Final, NamedTuple

from app.errors import InvalidArtefactError
from app.sdmx.artefact_set import ArtefactSet
from app.sdmx.artefact_shape import misshapen
from app.sdmx.artefacts import Artefact
from app.sdmx.flow import Flow, resolve_flow
from app.sdmx.mirrors.pair import (
    LONGEST_LAG,
    NATIONAL,
    MirrorPair,
    PairSide,
    SideName,
    is_pair,
    read_pair,
)
from app.sdmx.mirrors.plan import CellQuery, plan_pair
from app.sdmx.slices import NUMBERS

_PATH: Final = "/attributes"


class _Named(NamedTuple):
    """A dimension that a pair names, in the attribute where it does, with codes of it."""

    attribute: str
    flow: Flow
    dimension: str
    codes: tuple[str, ...] = ()


def check_pair(artefact: Artefact, after: ArtefactSet) -> None:
    """Check that the dataflows, dimensions, codes and providers of a mirror pair are there.

    Nothing is checked of a metadata set of another structure, nor of a dataflow that is kept
    elsewhere.

    Raises:
        InvalidArtefactError: something is not; the text names the attribute and what it names.
    """
    if not is_pair(artefact, after):
        return
    pair = read_pair(artefact)
    if not 0 <= pair.lag_max <= LONGEST_LAG:
        raise _refused(
            artefact,
            f"LAG_MAX: {pair.lag_max} is not between 0 and {LONGEST_LAG}",
            f"LAG_MAX: {pair.lag_max} no está entre 0 y {LONGEST_LAG}",
        )
    left = _flow(artefact, after, "LEFT", pair.left)
    right = _flow(artefact, after, "RIGHT", pair.right)
    if left is None or right is None:
        return
    for named in _named(pair, left, right):
        _check(artefact, named)
    _check_providers(artefact, after, pair)
    plan_pair(pair, left, right, CellQuery())


def _flow(artefact: Artefact, after: ArtefactSet, name: SideName, side: PairSide) -> Flow | None:
    held = after.resolve(side.dataflow)
    if held is None or held.artefact_class.name != "Dataflow":
        raise _refused(
            artefact,
            f"{name}.DATAFLOW: there is no dataflow {side.dataflow[:200]}",
            f"{name}.DATAFLOW: no existe el flujo de datos {side.dataflow[:200]}",
        )
    if held.is_external:
        return None
    flow = resolve_flow(after, held.urn)
    if flow.time is None or not flow.measures or flow.measures[0].data_type not in NUMBERS:
        raise _refused(
            artefact,
            f"{name}.DATAFLOW: {flow.short_urn} has no time dimension, or no measure in numbers",
            f"{name}.DATAFLOW: {flow.short_urn} no tiene dimensión de tiempo o medida numérica",
        )
    return flow


def _named(pair: MirrorPair, left: Flow, right: Flow) -> Iterator[_Named]:
    for name, flow, side in (("LEFT", left, pair.left), ("RIGHT", right, pair.right)):
        for dimension, codes in side.filters.items():
            yield _Named(f"{name}.FILTER", flow, dimension, codes)
        if side.reported_by is not None:
            yield _Named(f"{name}.REPORTED_BY", flow, side.reported_by)
    for ours, theirs in pair.match.items():
        yield _Named("MATCH", left, ours)
        yield _Named("MATCH", right, theirs)
    for formula in pair.formulas:
        codes = (formula.code, *(part for _, part in formula.parts))
        for flow in _that_have(formula.dimension, left, right):
            yield _Named("FORMULA", flow, formula.dimension, codes)
    for dimension in sorted(pair.separate):
        yield _Named("SEPARATE", next(iter(_that_have(dimension, left, right))), dimension)
    for attribute, place in zip(("FIRST_AREA", "SECOND_AREA"), pair.areas, strict=True):
        yield _Named(attribute, left if place.side == "LEFT" else right, place.dimension)


def _that_have(dimension: str, *flows: Flow) -> Iterable[Flow]:
    """The dataflows that have a dimension; the first, to be told, where none has."""
    return [flow for flow in flows if dimension in flow.position] or flows[:1]


def _check(artefact: Artefact, named: _Named) -> None:
    attribute, flow, dimension, codes = named
    if dimension not in flow.position:
        raise _refused(
            artefact,
            f"{attribute}: {flow.short_urn} has no dimension {dimension[:80]!r}",
            f"{attribute}: {flow.short_urn} no tiene la dimensión {dimension[:80]!r}",
        )
    component = flow.dimensions[flow.position[dimension]]
    wrong = [code for code in codes if component.codes is not None and code not in component.codes]
    if wrong:
        raise _refused(
            artefact,
            f"{attribute}: {dimension} of {flow.short_urn} has no code {wrong[0][:80]!r}",
            f"{attribute}: {dimension} de {flow.short_urn} no tiene el código {wrong[0][:80]!r}",
        )


def _check_providers(artefact: Artefact, after: ArtefactSet, pair: MirrorPair) -> None:
    known = {
        item["id"]
        for scheme in after.of_class("DataProviderScheme")
        for item in scheme.document.get("dataProviders", ())
    }
    for name, side in (("LEFT", pair.left), ("RIGHT", pair.right)):
        for provider in side.providers:
            if provider != NATIONAL and provider not in known:
                raise _refused(
                    artefact,
                    f"{name}.PROVIDER: there is no data provider {provider[:80]!r}",
                    f"{name}.PROVIDER: no existe el proveedor de datos {provider[:80]!r}",
                )


def _refused(artefact: Artefact, en: str, es: str) -> InvalidArtefactError:
    return misshapen(artefact, en, es, _PATH)
