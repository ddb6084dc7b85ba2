"""Data constraints as predicates (SDMX 3.1 DataConstraint: cube regions and data key sets).

Within a cube region the components are joined by AND; a dimension that is not named is free.
An included region lists what is allowed, an excluded one what is forbidden. Of key sets, the
included ones (all keys if there is none) less the excluded ones are allowed. Constraints of
the data structure, the dataflow and the agreement hold together (AND).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import product
from typing import Literal, TypeAlias

from app.sdmx.structures import (
    ComponentValueSet,
    CubeRegion,
    DataConstraint,
    DataKeySet,
    TimePeriodRange,
    TimeRange,
)
from app.sdmx.time_period import parse_time_period

Level: TypeAlias = Literal["datastructure", "dataflow", "provisionagreement"]


@dataclass(frozen=True, slots=True)
class ValueSet:
    """The values that a region lists for a component; `included` False: all but these."""

    component: str
    values: frozenset[str]
    included: bool = True
    time_range: tuple[TimePeriodRange | None, TimePeriodRange | None] | None = None

    def holds(self, value: str | None) -> bool:
        """Whether the value is within the set; a missing value is not."""
        if value is None:
            return False
        if self.time_range is not None:
            return _within(value, self.time_range) == self.included
        return (value in self.values) == self.included


@dataclass(frozen=True, slots=True)
class Region:
    """A cube region."""

    included: bool
    sets: tuple[ValueSet, ...]


@dataclass(frozen=True, slots=True)
class KeySet:
    """Keys over the same dimensions, each a tuple of codes in the order of `dimensions`."""

    included: bool
    dimensions: tuple[str, ...]
    keys: frozenset[tuple[str, ...]]


@dataclass(frozen=True, slots=True)
class Constraint:
    """A data constraint and the level of what it is attached to."""

    id: str
    level: Level
    regions: tuple[Region, ...]
    key_sets: tuple[KeySet, ...]

    def allowed_values(self) -> Iterator[ValueSet]:
        """The value sets that each row has to satisfy for itself."""
        for region in self.regions:
            if region.included:
                yield from region.sets
            elif len(region.sets) == 1:
                only = region.sets[0]
                yield replace(only, included=not only.included)

    def excluded_combinations(self) -> Iterator[Region]:
        """The excluded regions that several components make together."""
        for region in self.regions:
            if not region.included and len(region.sets) > 1:
                yield region


CodesBelow: TypeAlias = Callable[[str, str], Iterable[str]]
"""The codes below a code of a component, at any depth."""


def read_constraint(document: DataConstraint, below: CodesBelow | None = None) -> Constraint:
    """The predicates of a DataConstraint.

    Args:
        document: the constraint.
        below: what a value that cascades takes with it; without it such a component is left free.
    """
    return Constraint(
        document.id,
        _level(document),
        tuple(_region(region, below) for region in document.cube_regions),
        tuple(_key_sets(document.data_key_sets)),
    )


def _level(document: DataConstraint) -> Level:
    attachment = document.constraint_attachment
    if attachment.data_structures:
        return "datastructure"
    return "dataflow" if attachment.dataflows else "provisionagreement"


def may_overlap(left: Sequence[Constraint], right: Sequence[Constraint]) -> bool:
    """Whether a key could satisfy the constraints of both sides: no dimension keeps them apart."""
    for mine in _included_sets(left):
        for theirs in _included_sets(right):
            if mine.component == theirs.component and not mine.values & theirs.values:
                return False
    return True


def _included_sets(constraints: Sequence[Constraint]) -> Iterator[ValueSet]:
    for constraint in constraints:
        for values in constraint.allowed_values():
            if values.included and values.time_range is None:
                yield values


def _region(region: CubeRegion, below: CodesBelow | None) -> Region:
    return Region(
        region.include,
        tuple(
            ValueSet(
                part.id,
                frozenset(_values(part, below)),
                part.include,
                _time_range(part.time_range) if part.time_range else None,
            )
            for part in (*region.key_values, *region.components)
            if (part.values or part.time_range) and (below or not _cascades(part))
        ),
    )


def _cascades(part: ComponentValueSet) -> bool:
    return any(not isinstance(value, str) and value.cascade_values for value in part.values)


def _values(part: ComponentValueSet, below: CodesBelow | None) -> Iterator[str]:
    for value in part.values:
        if isinstance(value, str):
            yield value
            continue
        if value.cascade_values != "excluderoot":
            yield value.value
        if value.cascade_values and below is not None:
            yield from below(part.id, value.value)


def _time_range(document: TimeRange) -> tuple[TimePeriodRange | None, TimePeriodRange | None]:
    return (
        document.start_period or document.after_period,
        document.end_period or document.before_period,
    )


def _within(value: str, bounds: tuple[TimePeriodRange | None, TimePeriodRange | None]) -> bool:
    period = parse_time_period(value)
    start, end = bounds
    if start is not None:
        first = parse_time_period(start.period)
        if period.start < first.start or not (start.is_inclusive or period.start > first.end):
            return False
    if end is None:
        return True
    last = parse_time_period(end.period)
    return period.end <= last.end if end.is_inclusive else period.end < last.start


def _key_sets(documents: Iterable[DataKeySet]) -> Iterator[KeySet]:
    for document in documents:
        by_dimensions: dict[tuple[str, ...], set[tuple[str, ...]]] = {}
        for key in document.keys:
            dimensions = tuple(part.id for part in key.key_values)
            codes = product(*(part.codes for part in key.key_values))
            by_dimensions.setdefault(dimensions, set()).update(codes)
        for dimensions, keys in by_dimensions.items():
            yield KeySet(document.is_included, dimensions, frozenset(keys))
