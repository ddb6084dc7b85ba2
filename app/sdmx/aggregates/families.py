"""Computing a family: the series that share all dimensions but the area and those of partitions."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Iterator, Mapping, Sequence, Set
from dataclasses import dataclass, field
from decimal import Decimal
from functools import lru_cache
from typing import Any, Final

from app.sdmx import series
from app.sdmx.aggregates.cells import (
    COMPUTED_STATUS,
    STATUS,
    SUPPRESSED,
    ZERO,
    Cell,
    Codes,
    Column,
    read_column,
    text,
    total,
    whole,
)
from app.sdmx.aggregates.completion import Completion
from app.sdmx.aggregates.declarations import Computation
from app.sdmx.aggregates.membership import Member, due
from app.sdmx.computed_series import Computed
from app.sdmx.intake import Key
from app.sdmx.rooms import CONFIDENTIALITY, FREE
from app.sdmx.series import Document, Observation
from app.sdmx.time_period import parse_time_period

MULTIPLIER: Final = "UNIT_MULT"
DECIMALS: Final = "DECIMALS"

NilReturns = Mapping[str, Set[str]]
"""By area, the time periods of which it was said that nothing happened in them."""


@dataclass(frozen=True, slots=True)
class SourceSeries:
    """A series of the source, of the agreement that answers for its key."""

    key: Key
    observations: Document
    attributes: Mapping[str, Any]


@dataclass(slots=True)
class _Area:
    """What one area reports in a family."""

    columns: dict[Codes, Column] = field(default_factory=dict)
    multipliers: set[int] = field(default_factory=set)
    decimals: set[int] = field(default_factory=set)


@dataclass(frozen=True, slots=True)
class _Form:
    """How computed figures are written."""

    measure: str
    multiplier: int

    def observation(self, value: Decimal | None) -> Observation:
        """A figure with its marks; a suppressed one has no value, and says so."""
        if value is None:
            return {STATUS: SUPPRESSED, CONFIDENTIALITY: FREE}
        shown = text(value, self.multiplier)
        return {self.measure: shown, STATUS: COMPUTED_STATUS, CONFIDENTIALITY: FREE}


def compute_family(
    computation: Computation, members: Iterable[SourceSeries], nil: NilReturns
) -> Iterator[Computed]:
    """Compute the series of one family from all its public series, each key once."""
    flow = computation.flow
    areas: dict[str, _Area] = {}
    first: Key = ()
    for one in members:
        first = first or one.key
        area = areas.setdefault(one.key[computation.area], _Area())
        multiplier = whole(one.attributes, MULTIPLIER)
        area.multipliers.add(multiplier)
        area.decimals.add(whole(one.attributes, DECIMALS))
        codes = tuple(one.key[partition.position] for partition in computation.partitions)
        column = read_column(one.observations, flow.measures[0].id, multiplier)
        area.columns[codes] = column
    if not areas:
        return
    known = {flow.dimensions[place].id: first[place] for place in computation.family}
    completions = {
        name: Completion(
            area.columns,
            computation.partitions,
            {**known, flow.dimensions[computation.area].id: name},
        )
        for name, area in areas.items()
    }
    if computation.groups:
        yield from _regions(computation, first, areas, completions, nil)
    else:
        yield from _totals(computation, first, areas, completions)


def _totals(
    computation: Computation,
    first: Key,
    areas: Mapping[str, _Area],
    completions: Mapping[str, Completion],
) -> Iterator[Computed]:
    """The totals that were not reported, area by area."""
    for name, area in sorted(areas.items()):
        completion = completions[name]
        form, attributes = _form(computation, [area])
        for codes in sorted(completion.targets):
            rows: dict[str, Observation] = {
                time: form.observation(cell.value) | {"COMPUTED_FROM": cell.made}
                for time, cell in completion.column(codes).items()
                if cell.made
            }
            if rows:
                key = _key(computation, first, name, codes)
                yield Computed(key, series.from_observations(rows), attributes)


def _regions(
    computation: Computation,
    first: Key,
    areas: Mapping[str, _Area],
    completions: Mapping[str, Completion],
    nil: NilReturns,
) -> Iterator[Computed]:
    """The sums over the members of each group."""
    for group, listed in computation.groups.items():
        names = {member.area for member in listed}
        there = {name: one for name, one in completions.items() if name in names}
        if not there:
            continue
        form, attributes = _form(computation, [areas[name] for name in there])
        targets = set[Codes]().union(*(one.targets for one in there.values()))
        for codes in sorted(targets):
            columns = {name: one.column(codes) for name, one in there.items()}
            rows = _sums(listed, columns, nil, form)
            if rows:
                key = _key(computation, first, group, codes)
                yield Computed(key, series.from_observations(rows), attributes)


def _sums(
    members: Sequence[Member], columns: Mapping[str, Column], nil: NilReturns, form: _Form
) -> dict[str, Observation]:
    """The sum of each period in which a member reports, with its coverage."""
    rows: dict[str, Observation] = {}
    for time in set[str]().union(*columns.values()):
        start, end = _days(time)
        wanted = due(members, start, end)
        cells = {name: columns[name][time] for name in wanted if time in columns.get(name, ())}
        if cells:
            rows[time] = _sum(wanted, cells, _returned(wanted, cells, nil, time), form)
    return rows


def _returned(
    wanted: Sequence[str], cells: Mapping[str, Cell], nil: NilReturns, time: str
) -> list[str]:
    """The members that said that there was nothing in a period, and report nothing else of it."""
    return [name for name in wanted if name not in cells and time in nil.get(name, ())]


def _sum(
    wanted: Sequence[str], cells: Mapping[str, Cell], returned: Sequence[str], form: _Form
) -> Observation:
    suppressed = sorted(name for name, cell in cells.items() if cell.value is None)
    values = [cell.value for cell in cells.values() if cell.value is not None]
    reported = len(values) + len(returned)
    missing = [name for name in wanted if name not in cells and name not in returned]
    value = None if suppressed else total([*values, *(ZERO for _ in returned)])
    made = sorted(name for name, cell in cells.items() if cell.made and cell.value is not None)
    told = {
        "MEMBERS_REPORTED": str(reported),
        "MEMBERS_DUE": str(len(wanted)),
        "MEMBERS_MISSING": " ".join(missing),
        "MEMBERS_SUPPRESSED": " ".join(suppressed),
        "MEMBERS_NIL": " ".join(returned),
        "MEMBERS_COMPUTED": " ".join(made),
    }
    return form.observation(value) | {name: said for name, said in told.items() if said}


def _form(computation: Computation, areas: Sequence[_Area]) -> tuple[_Form, dict[str, str]]:
    """How figures are written, and the attributes of their series that say so."""
    multiplier = min(min(area.multipliers) for area in areas)
    decimals = max(max(area.decimals) for area in areas)
    form = _Form(computation.flow.measures[0].id, multiplier)
    return form, {MULTIPLIER: str(multiplier), DECIMALS: str(decimals)}


def _key(computation: Computation, first: Key, area: str, codes: Codes) -> Key:
    """The key of a computed series of the family that a key is of."""
    key = list(first)
    key[computation.area] = area
    for partition, code in zip(computation.partitions, codes, strict=True):
        key[partition.position] = code
    return tuple(key)


@lru_cache(maxsize=4096)
def _days(time: str) -> tuple[dt.date, dt.date]:
    period = parse_time_period(time)
    return period.start_date, period.end_date
