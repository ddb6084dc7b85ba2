"""Answering availability queries (sdmx-rest 2.2, doc/availability.md).

Codes and counts come from the rows of the series. Observations are read only where a filter on
time cuts through a series, or where attributes, measures or the withheld room matter.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

from app.errors import QueryMisfitError
from app.sdmx import series
from app.sdmx.artefact_set import ArtefactSet
from app.sdmx.artefacts import Artefact
from app.sdmx.canonical import canonical
from app.sdmx.flow import Flow
from app.sdmx.item_schemes import cut_items, items_of
from app.sdmx.localisation import Localiser
from app.sdmx.messages.structure_message import MessageHeader
from app.sdmx.messages.structure_writers import write_structure_message
from app.sdmx.query import AvailabilityQuery
from app.sdmx.series import TIME
from app.sdmx.urn import parse_urn
from app.services.plan_data import Scope
from app.services.prepare_data import PreparedData, UpperCache, check_heads, plan_sources
from app.services.query_structures import StructureForm, StructureReply
from app.services.read_data import Reading, read_current
from app.services.read_history import read_changed
from app.store.availability import Tally, count_series, straddling_series
from app.store.pools import Pools
from app.store.series import Source
from app.store.snapshots import snapshot
from app.store.types import Connection

_ATTACHMENTS: Final = {
    "dataflow": "dataflow",
    "datastructure": "dataStructure",
    "provisionagreement": "provisionAgreement",
}
_EDGES: Final = frozenset({"ge", "le", "eq"})


@dataclass(frozen=True, slots=True)
class Available:
    """What is available in one scope.

    Attributes:
        codes: the codes of each dimension asked for, by position.
        tally: counts and time of the exact selection.
    """

    scope: Scope
    codes: Mapping[int, set[str]]
    tally: Tally


def availability_etag(prepared: PreparedData, query: AvailabilityQuery, form: StructureForm) -> str:
    """The entity tag of a reply."""
    return prepared.etag(canonical(query), (form.content_type, form.languages))


async def query_availability(
    pools: Pools,
    prepared: PreparedData,
    uppers: UpperCache,
    query: AvailabilityQuery,
    form: StructureForm,
) -> StructureReply:
    """The constraints with what is available, and the structures asked for beside.

    Raises:
        StaleError: heads have moved since they were prepared.
    """
    async with snapshot(pools, prepared.organisation) as connection:
        await check_heads(connection, prepared)
        counted = [
            await _count(connection, scope, prepared, uppers, query) for scope in prepared.scopes
        ]
    found = [available for available in counted if available.tally.series]
    if not found:
        return StructureReply(None, ())
    localiser = Localiser(form.languages, prepared.catalogue.snapshot.localisations)
    artefacts = [
        localiser.localise(artefact)
        for artefact in _references(prepared.catalogue.snapshot.artefacts, found, query.references)
    ]
    shown = localiser.languages or form.languages.order[:1]
    header = MessageHeader(
        "VIPMG-" + availability_etag(prepared, query, form).strip('"'),
        prepared.prepared_at,
        languages=shown,
    )
    body = write_structure_message(
        form.representation.offer,
        artefacts,
        header,
        base_url=form.base_url,
        availability=[_constraint(available, query) for available in found],
        registry=prepared.catalogue.snapshot.artefacts,
    )
    return StructureReply(body, shown)


async def _count(
    connection: Connection,
    scope: Scope,
    prepared: PreparedData,
    cache: UpperCache,
    query: AvailabilityQuery,
) -> Available:
    asked = _positions(query, scope.flow)
    sources = plan_sources(prepared, scope)
    agreements = [source.agreement for source in sources]
    uppers = {a: await cache.of(connection, scope, a, prepared) for a in agreements}
    reading = Reading(prepared.query, scope.slice, sources, uppers)
    tally = await _tally(connection, reading, asked)
    codes = dict(tally.codes)
    if query.mode == "available":
        for position in asked:
            free = scope.slice.series.without(position)
            if free != scope.slice.series:
                freed = replace(reading, slice=replace(scope.slice, series=free))
                codes[position] = (await _tally(connection, freed, [position])).codes[position]
    return Available(scope, codes, tally)


def _positions(query: AvailabilityQuery, flow: Flow) -> list[int]:
    time = flow.time.id if flow.time else None
    for name in query.component_ids:
        if name not in flow.position and name != time:
            known = ", ".join(flow.position)
            raise QueryMisfitError(
                f"{name[:64]} is no dimension of {flow.short_urn}; its dimensions: {known}.",
                f"{name[:64]} no es una dimensión de {flow.short_urn}; sus dimensiones: {known}.",
            )
    wanted = query.component_ids or tuple(flow.position)
    return [flow.position[name] for name in wanted if name in flow.position]


async def _tally(connection: Connection, reading: Reading, positions: Sequence[int]) -> Tally:
    total = Tally({position: set() for position in positions})
    if reading.query.selection.updated_after is not None:
        return await _tally_observations(connection, reading, positions)
    countable = not reading.slice.components
    for source in reading.sources:
        unseen = source.privileged or source.shadowed_unseen
        if countable and not unseen and _is_plain(reading):
            total.add(await _tally_rows(connection, source, reading, positions))
        else:
            one = replace(reading, sources=[source])
            total.add(await _tally_observations(connection, one, positions))
    return total


def _is_plain(reading: Reading) -> bool:
    """Whether time is free, or bounded so that the rows of series tell most of it."""
    filters = reading.query.selection.filters
    times = [f for f in filters if reading.slice.flow.components[f.component].level == "time"]
    if not times:
        return True
    conditions = times[0].alternatives[0]
    selection = reading.slice.series
    bounded = selection.first_day is not None or selection.last_day is not None
    return (
        bounded
        and len(times[0].alternatives) == 1
        and all(condition.operator in _EDGES for condition in conditions)
    )


async def _tally_rows(
    connection: Connection, source: Source, reading: Reading, positions: Sequence[int]
) -> Tally:
    selection = reading.slice.series
    if reading.slice.time is None:
        return await count_series(connection, source, selection, positions)
    tally = await count_series(connection, source, selection, positions, within=True)
    for same in await straddling_series(connection, source, selection, positions):
        times = [time for time in same.times if reading.slice.time(time)]
        if times:
            bounds = series.period_bounds({TIME: times})
            tally.add(Tally(same.codes, same.series, same.series * len(times), *bounds))
    return tally


async def _tally_observations(
    connection: Connection, reading: Reading, positions: Sequence[int]
) -> Tally:
    tally = Tally({position: set() for position in positions})
    after = reading.query.selection.updated_after
    if after is not None:
        batches = read_changed(connection, reading, after, None)
    else:
        batches = read_current(connection, reading)
    async for batch in batches:
        for data in batch:
            tally.series += 1
            tally.observations += series.count(data.document)
            tally.extend(*series.period_bounds(data.document))
            for position in positions:
                tally.codes[position].add(data.key[position])
    return tally


def _constraint(available: Available, query: AvailabilityQuery) -> dict[str, Any]:
    scope, tally = available.scope, available.tally
    flow = scope.flow
    listed: list[dict[str, Any]] = [
        {"id": flow.dimensions[position].id, "values": _in_order(flow, position, codes)}
        for position, codes in sorted(available.codes.items())
        if codes
    ]
    time = flow.time
    wanted = not query.component_ids or (time is not None and time.id in query.component_ids)
    if time is not None and wanted and tally.first_day and tally.last_day:
        bounds = {"startPeriod": tally.first_day, "endPeriod": tally.last_day}
        time_range = {
            name: {"period": day.isoformat(), "isInclusive": True} for name, day in bounds.items()
        }
        listed.append({"id": time.id, "timeRange": time_range})
    return {
        "constraintAttachment": {_ATTACHMENTS[scope.kind]: scope.urn},
        "cubeRegion": {"include": True, "keyValues": listed},
        "seriesCount": tally.series,
        "obsCount": tally.observations,
    }


def _in_order(flow: Flow, position: int, codes: set[str]) -> list[dict[str, str]]:
    """The codes in the order of their list, as objects, which known clients read."""
    known = flow.dimensions[position].codes or {}
    listed = [code for code in known if code in codes] + sorted(codes.difference(known))
    return [{"value": code} for code in listed]


def _references(
    artefacts: ArtefactSet, found: Sequence[Available], asked: Sequence[str]
) -> Iterator[Artefact]:
    """The structures asked for; item schemes cut to what is used."""
    if asked == ("none",):
        return
    wanted = set(asked)
    every = "all" in wanted
    used: dict[str, set[str]] = {}
    given: dict[str, Artefact] = {}
    for available in found:
        flow = available.scope.flow
        for position, codes in available.codes.items():
            codelist = flow.dimensions[position].codelist
            if codelist is not None and (every or wanted & {"codelist", "valuelist"}):
                used.setdefault(codelist, set()).update(_with_parents(flow, position, codes))
        if every or "conceptscheme" in wanted:
            for reference in _concepts(artefacts, flow):
                urn = parse_urn(reference)
                used.setdefault(str(urn.maintainable), set()).add(urn.item or "")
        if every or "dataproviderscheme" in wanted:
            for agreement in available.scope.agreements:
                scheme = _provider_scheme(artefacts, agreement.urn)
                used.setdefault(scheme, set()).add(agreement.provider)
        for kind, urn_text in (("datastructure", flow.structure_urn), ("dataflow", flow.urn)):
            artefact = artefacts.get(urn_text)
            if artefact is not None and (every or kind in wanted):
                given[artefact.urn] = artefact
    yield from given.values()
    for scheme, items in used.items():
        artefact = artefacts.resolved_codelist(scheme)
        if artefact is not None and items_of(artefact):
            yield cut_items(artefact, items)


def _with_parents(flow: Flow, position: int, codes: set[str]) -> set[str]:
    known = flow.dimensions[position].codes or {}
    found = set(codes)
    for code in codes:
        above = known.get(code)
        while above is not None and above.parent is not None and above.parent not in found:
            found.add(above.parent)
            above = known.get(above.parent)
    return found


def _concepts(artefacts: ArtefactSet, flow: Flow) -> Iterator[str]:
    structure = artefacts.get(flow.structure_urn)
    if structure is not None:
        for reference in artefacts.references_of(structure):
            if reference.class_name == "Concept":
                yield str(reference)


def _provider_scheme(artefacts: ArtefactSet, agreement: str) -> str:
    artefact = artefacts.get(agreement)
    reference = artefact.document["dataProvider"] if artefact else ""
    return str(parse_urn(reference).maintainable)
