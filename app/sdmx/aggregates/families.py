"""Computing a family: the series that share all dimensions but the area and those of partitions."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from app.sdmx import series
from app.sdmx.aggregates.cells import Cell, Codes, Column, read_column, whole
from app.sdmx.aggregates.completion import Completion
from app.sdmx.aggregates.declarations import Computation
from app.sdmx.aggregates.sums import Form, NilReturns, Sums
from app.sdmx.aggregates.voices import AreaFigures, Voice
from app.sdmx.computed_series import Computed
from app.sdmx.intake import Key
from app.sdmx.series import Document, Observation

MULTIPLIER: Final = "UNIT_MULT"
DECIMALS: Final = "DECIMALS"


@dataclass(frozen=True, slots=True)
class SourceSeries:
    """A series of the source.

    Attributes:
        voice: the place of its agreement among those of the source, the highest precedence first.
    """

    key: Key
    observations: Document
    attributes: Mapping[str, Any]
    voice: int


@dataclass(slots=True)
class _Area:
    """What is reported of one area in a family; `columns` by voice."""

    columns: dict[int, dict[Codes, Column]] = field(default_factory=dict)
    multipliers: set[int] = field(default_factory=set)
    decimals: set[int] = field(default_factory=set)


def sums_of(computation: Computation, voices: Sequence[Voice], nil: NilReturns) -> Sums:
    """What the families of a computation are computed with, one after the other."""
    return Sums(computation.flow.dimensions[computation.area].id, computation.groups, voices, nil)


def compute_family(
    computation: Computation, members: Iterable[SourceSeries], sums: Sums
) -> Iterator[Computed]:
    """Compute the series of one family from all its public series."""
    first, areas = _read(computation, members)
    figures = _figures(computation, first, areas)
    if not areas:
        return
    if computation.groups:
        yield from _regions(computation, first, areas, figures, sums)
    else:
        yield from _totals(computation, first, areas, figures, sums.voices)


def sources_of(
    computation: Computation,
    members: Iterable[SourceSeries],
    key: Key,
    time: str,
    areas: Iterable[str],
) -> Iterator[tuple[int, str, list[Key]]]:
    """What a computed figure was put together from.

    Args:
        computation: the computed dataflow.
        members: all public series of the family.
        key: the key of the figure.
        time: its time period.
        areas: the areas whose figures are in it.

    Yields:
        By area the place of the agreement whose figure is in it, the area, and the keys of the
        reported figures: one, or the parts of a total.
    """
    figures = _figures(computation, *_read(computation, members))
    codes = tuple(key[partition.position] for partition in computation.partitions)
    for area in areas:
        found = figures[area].entered(codes, time) if area in figures else None
        if found is not None:
            yield found[0], area, [_key(computation, key, area, parts) for parts in found[1]]


def _read(
    computation: Computation, members: Iterable[SourceSeries]
) -> tuple[Key, dict[str, _Area]]:
    """The first key of a family, and what is reported of each area."""
    areas: dict[str, _Area] = {}
    first: Key = ()
    for one in members:
        first = first or one.key
        area = areas.setdefault(one.key[computation.area], _Area())
        multiplier = whole(one.attributes, MULTIPLIER)
        area.multipliers.add(multiplier)
        area.decimals.add(whole(one.attributes, DECIMALS))
        codes = tuple(one.key[partition.position] for partition in computation.partitions)
        measure = computation.flow.measures[0].id
        column = read_column(one.observations, measure, multiplier, one.voice, computation.left_out)
        area.columns.setdefault(one.voice, {})[codes] = column
    return first, areas


def _figures(
    computation: Computation, first: Key, areas: Mapping[str, _Area]
) -> dict[str, AreaFigures]:
    """What all agreements together say of each area."""
    flow = computation.flow
    known = {flow.dimensions[place].id: first[place] for place in computation.family if first}
    figures: dict[str, AreaFigures] = {}
    for name, area in areas.items():
        named = {**known, flow.dimensions[computation.area].id: name}
        figures[name] = AreaFigures(
            {
                voice: Completion(columns, computation.partitions, named, voice)
                for voice, columns in area.columns.items()
            }
        )
    return figures


def _totals(
    computation: Computation,
    first: Key,
    areas: Mapping[str, _Area],
    figures: Mapping[str, AreaFigures],
    voices: Sequence[Voice],
) -> Iterator[Computed]:
    """The totals that were not reported, area by area."""
    for name, area in sorted(areas.items()):
        form, attributes = _form(computation, [area])
        for codes, key in _results(computation, first, name, figures[name].targets):
            rows: dict[str, Observation] = {
                time: form.observation(cell.value) | _made(cell, voices)
                for time, cell in figures[name].column(codes).items()
                if cell.made
            }
            if rows:
                yield Computed(key, series.from_observations(rows), attributes)


def _made(cell: Cell, voices: Sequence[Voice]) -> Observation:
    """What a total was computed from, of which states, and of whom if that is a compiler."""
    voice = voices[cell.voice]
    said = {
        "COMPUTED_FROM": cell.made,
        "COMPILED_BY": "" if voice.area else voice.provider,
        "PARTS_STATUS": cell.flagged,
    }
    return {name: text for name, text in said.items() if text}


def _regions(
    computation: Computation,
    first: Key,
    areas: Mapping[str, _Area],
    figures: Mapping[str, AreaFigures],
    sums: Sums,
) -> Iterator[Computed]:
    """The sums over the members of each group."""
    for group, listed in computation.groups.items():
        names = {member.area for member in listed}
        there = {name: one for name, one in figures.items() if name in names}
        if not there:
            continue
        form, attributes = _form(computation, [areas[name] for name in there])
        targets = set[Codes]().union(*(one.targets for one in there.values()))
        for codes, key in _results(computation, first, group, targets):
            columns = {name: one.column(codes) for name, one in there.items()}
            rows = sums.rows(group, columns, form)
            if rows:
                yield Computed(key, series.from_observations(rows), attributes)


def _form(computation: Computation, areas: Sequence[_Area]) -> tuple[Form, dict[str, str]]:
    """How figures are written, and the attributes of their series that say so."""
    multiplier = min(min(area.multipliers) for area in areas)
    decimals = max(max(area.decimals) for area in areas)
    form = Form(computation.flow.measures[0].id, multiplier)
    return form, {MULTIPLIER: str(multiplier), DECIMALS: str(decimals)}


def _results(
    computation: Computation, first: Key, area: str, targets: Iterable[Codes]
) -> Iterator[tuple[Codes, Key]]:
    """The series that are published, of the family that a key is of."""
    for codes in sorted(targets):
        key = _key(computation, first, area, codes)
        if all(key[place] in wanted for place, wanted in computation.results.items()):
            yield codes, key


def _key(computation: Computation, first: Key, area: str, codes: Codes) -> Key:
    """The key of an area with the codes of partitions, of the family that a key is of."""
    key = list(first)
    key[computation.area] = area
    for partition, code in zip(computation.partitions, codes, strict=True):
        key[partition.position] = code
    return tuple(key)
