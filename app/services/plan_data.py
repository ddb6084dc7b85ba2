"""Planning a data query: which datasets, from which agreements, in which layout."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache

from app.errors import (
    InvalidArtefactError,
    NotFoundError,
    QueryMisfitError,
    QuerySyntaxError,
)
from app.sdmx.artefacts import Artefact
from app.sdmx.flow import Component, Flow, Names, names_of
from app.sdmx.messages.data_message import Layout, StructureKind
from app.sdmx.query import DataQuery, DataSelection
from app.sdmx.slices import Slice, compile_slice
from app.sdmx.structures import ProvisionAgreement, decode
from app.sdmx.urn import parse_urn
from app.sdmx.version import VersionQuery
from app.store.catalogue import Catalogue, StoredAgreement

_CLASSES: dict[str, tuple[StructureKind, str]] = {
    "dataflow": ("dataflow", "Dataflow"),
    "*": ("dataflow", "Dataflow"),
    "datastructure": ("datastructure", "DataStructure"),
    "provisionagreement": ("provisionagreement", "ProvisionAgreement"),
}
_NAMED_SETS = frozenset({"dsd", "msd", "dataset", "series", "obs", "all", "none"})


@dataclass(frozen=True, slots=True)
class Scope:
    """One structure that a query matches, with the agreements that hold its data.

    Attributes:
        agreements: those of the highest precedence first.
    """

    kind: StructureKind
    urn: str
    names: Names
    flow: Flow
    agreements: tuple[StoredAgreement, ...]
    slice: Slice


def plan_scopes(catalogue: Catalogue, selection: DataSelection) -> list[Scope]:
    """The structures that a selection matches, one dataset each (sdmx-rest 2.2, doc/data.md).

    Raises:
        NotFoundError: a structure was named in full, and does not exist.
        QuerySyntaxError: keys or components do not suit the one structure that was named.
    """
    kind, class_name = _CLASSES[selection.context]
    asked = (class_name, selection.agencies, selection.resource_ids, selection.versions)
    matched = catalogue.remembered(asked, lambda: list(_matched(catalogue, class_name, selection)))
    if not matched and _is_explicit(selection):
        named = f"{','.join(selection.agencies)}:{','.join(selection.resource_ids)}"
        raise NotFoundError(
            f"There is no {class_name} {named} in the version asked for.",
            f"No existe {class_name} {named} en la versión solicitada.",
        )
    scopes: list[Scope] = []
    misfit: QuerySyntaxError | None = None
    for urn in matched:
        artefact = catalogue.snapshot.artefacts.resolve(urn)
        assert artefact is not None  # noqa: S101 - it was matched in this very set
        names = names_of(artefact.document)
        for flow, found in _usable_flows(catalogue, kind, artefact, _is_explicit(selection)):
            agreements = tuple(a for a in found if _is_provided(catalogue, a, selection))
            try:
                part = compile_slice(selection, flow)
            except QuerySyntaxError as error:
                misfit = error  # with wildcards, a structure that does not fit has no match
            else:
                scopes.append(Scope(kind, urn, names, flow, agreements, part))
    if misfit is not None and not scopes:
        raise misfit
    return scopes


def lay_out(query: DataQuery, flow: Flow, *, one_source: bool) -> Layout:
    """The components that a query wants to see, and along which dimension.

    Raises:
        QueryMisfitError: a component does not exist, or is not of the kind asked for.
    """
    along = query.dimension_at_observation
    return _lay_out(flow, query.attributes, query.measures, along, one_source)


@lru_cache(maxsize=1024)
def _lay_out(
    flow: Flow,
    attributes: tuple[str, ...],
    measures: tuple[str, ...],
    along: str | None,
    one_source: bool,
) -> Layout:
    along = flow.dimension_at_observation(along)
    shown_attributes = tuple(_attributes(attributes, flow))
    shown_measures = _measures(measures, flow)
    observes = bool(shown_measures) or any(a.level == "observation" for a in shown_attributes)
    asked = along
    if not observes and flow.time:
        # Series alone: there is no observation that another dimension could run along.
        along = flow.time.id
    return Layout(flow, shown_measures, shown_attributes, along, observes, one_source, asked)


def is_reduced(layout: Layout) -> bool:
    """Whether a message shows less than all components of the data.

    Reference metadata above the observation are replaced by themselves alone, so that a message
    without them takes nothing away (SDMX-CSV 2.1 field guide, action Replace).
    """
    flow = layout.flow
    shown = set(layout.attributes)
    missing = (a for a in flow.attributes if a not in shown)
    return layout.measures != flow.measures or any(
        not a.is_metadata or a.level == "observation" for a in missing
    )


def _matched(catalogue: Catalogue, class_name: str, selection: DataSelection) -> Iterator[str]:
    queries: Sequence[VersionQuery] = selection.versions or (VersionQuery.parse("*"),)
    for versions in catalogue.snapshot.artefacts.versions():
        one = next(iter(versions.values()))
        if one.artefact_class.name != class_name:
            continue
        if selection.agencies and one.agency not in selection.agencies:
            continue
        if selection.resource_ids and one.id not in selection.resource_ids:
            continue
        chosen = {version for query in queries for version in query.select(versions)}
        for version in sorted(chosen):
            yield versions[version].urn


def _is_explicit(selection: DataSelection) -> bool:
    return bool(selection.agencies and selection.resource_ids)


def _usable_flows(
    catalogue: Catalogue, kind: StructureKind, artefact: Artefact, is_named: bool
) -> list[tuple[Flow, list[StoredAgreement]]]:
    """What data of a structure look like; nothing where one not asked for by name is not right."""
    try:
        return list(_flows(catalogue, kind, artefact))
    except InvalidArtefactError:
        if is_named:
            raise
        return []


def _flows(
    catalogue: Catalogue, kind: StructureKind, artefact: Artefact
) -> Iterator[tuple[Flow, list[StoredAgreement]]]:
    """What data of a structure look like, with the agreements that hold them.

    An evolving data structure has data of several forms: each dataflow has some of its dimensions.
    """
    urn, every = artefact.urn, catalogue.agreements.values()
    if kind == "provisionagreement":
        flow = catalogue.flow(decode(artefact, ProvisionAgreement).dataflow)
        yield flow, [a for a in every if a.urn == urn]
    elif kind == "dataflow":
        number = catalogue.dataflows.get(urn)
        yield catalogue.flow(urn), [] if number is None else catalogue.agreements_of(number)
    else:
        whole = catalogue.flow(urn)
        forms: dict[tuple[str, ...], tuple[Flow, list[StoredAgreement]]] = {}
        for agreement in every:
            used = catalogue.find_flow(agreement.dataflow_urn)
            if used is not None and used.structure_urn == urn:
                flow = catalogue.structure_flow(urn, agreement.dataflow_urn)
                forms.setdefault(tuple(flow.position), (flow, []))[1].append(agreement)
        yield from forms.values() or [(whole, [])]


def _is_provided(catalogue: Catalogue, agreement: StoredAgreement, asked: DataSelection) -> bool:
    """Whether one of the providers asked for gives the data of an agreement."""
    if not asked.providers:
        return True
    artefact = catalogue.snapshot.artefacts.get(agreement.urn)
    if artefact is None:
        return False
    scheme = parse_urn(decode(artefact, ProvisionAgreement).data_provider)
    return any(one.matches(scheme.agency, agreement.provider) for one in asked.providers)


def _attributes(asked: tuple[str, ...], flow: Flow) -> Iterator[Component]:
    for name in asked:
        if name not in _NAMED_SETS and not any(_is_named(a, name) for a in flow.attributes):
            raise _unknown("attributes", name, (a.id for a in flow.attributes))
    for attribute in flow.attributes:
        if attribute.is_metadata:
            if {"msd", "all"}.intersection(asked) or any(_is_named(attribute, n) for n in asked):
                yield attribute
            continue
        of_dataset = attribute.level == "partial" and not attribute.positions
        of_series = attribute.level in {"series", "partial"} and not of_dataset
        wanted = {"dsd", "all", attribute.id}
        wanted |= {"dataset"} if of_dataset else set()
        wanted |= {"series"} if of_series else set()
        wanted |= {"obs"} if attribute.level == "observation" else set()
        if wanted.intersection(asked):
            yield attribute


def _is_named(attribute: Component, name: str) -> bool:
    """Whether a name means an attribute; the path of a metadata attribute all below it too."""
    if name in (attribute.id, attribute.undotted_id):
        return True
    return attribute.is_metadata and attribute.id.startswith(f"{name}.")


def _measures(asked: tuple[str, ...], flow: Flow) -> tuple[Component, ...]:
    known = {measure.id for measure in flow.measures}
    for name in asked:
        if name not in {"all", "none"} and name not in known:
            raise _unknown("measures", name, known)
    return tuple(m for m in flow.measures if "all" in asked or m.id in asked)


def _unknown(parameter: str, name: str, known: Iterable[str]) -> QueryMisfitError:
    listed = ", ".join(known)
    return QueryMisfitError(
        f"{parameter}={name[:64]} is not known here; possible: {listed}.",
        f"{parameter}={name[:64]} no se conoce aquí; posibles: {listed}.",
    )
