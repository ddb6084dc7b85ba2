"""What is suppressed for another figure's sake in the series of one family, at present.

The series of a family differ only in the dimensions whose figures add up (`RoomRule.sums`).
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal, InvalidOperation
from typing import Any

from app.sdmx import series
from app.sdmx.rooms import FOR_GOOD, RoomRule, is_marker, release_time
from app.sdmx.secondary import Key, secondary_keys
from app.sdmx.series import Document, Observation


@dataclass(frozen=True, slots=True)
class Standing:
    """A series that is about to be divided into the rooms.

    Attributes:
        public: what the public sees of it now.
        after: what it becomes, over both rooms.
        shown: what the public goes on seeing of observations that wait.
        attributes: those that it becomes.
    """

    key: Key
    public: Document
    after: Document
    shown: Document
    attributes: Mapping[str, Any]


@dataclass(slots=True)
class Cells:
    """The figures of a family in one time period: what there is, and what the public may see.

    Attributes:
        figures: by measure and key; None where the value is not known.
        hidden: keys whose figures are suppressed.
        known: keys whose figures everybody knows.
    """

    figures: dict[str, dict[Key, Decimal | None]] = field(default_factory=dict)
    hidden: set[Key] = field(default_factory=set)
    known: set[Key] = field(default_factory=set)

    def put(self, key: Key, observation: Mapping[str, Any], measures: Iterable[str]) -> None:
        """Take the figures of one key."""
        for name in measures:
            self.figures.setdefault(name, {})[key] = _number(observation.get(name))

    def beside(self, rule: RoomRule) -> set[Key]:
        """The keys to suppress beside those that are."""
        gone = set(self.hidden)
        size = -1
        while gone and len(gone) != size:
            size = len(gone)
            for figures in self.figures.values():
                there = gone & figures.keys()
                gone |= secondary_keys(figures, there, self.known, rule.sums, rule.minimum_cell)
        return gone - self.hidden


def suppressed_beside(
    members: Sequence[Standing], rule: RoomRule, now: dt.datetime, *, anew: bool
) -> tuple[dict[Key, frozenset[str]], bool]:
    """The time periods to suppress of each key of a family.

    Args:
        members: all series of the family.
        rule: what the agreement withholds.
        now: the present instant.
        anew: whether what was public until now counts for nothing, since history follows.

    Returns:
        The time periods by key, and whether figures are among them that the public has seen.
    """
    periods: dict[str, Cells] = {}
    for one in members:
        own = rule.for_series(one.key, one.attributes)
        if own.minimum_cell:
            _take(periods, one, own, now, anew=anew)
    beside: dict[Key, set[str]] = {}
    was_known = False
    for time, cells in periods.items():
        for key in cells.beside(rule) if cells.hidden else ():
            beside.setdefault(key, set()).add(time)
            was_known = was_known or key in cells.known
    return {key: frozenset(times) for key, times in beside.items()}, was_known


def _take(
    periods: dict[str, Cells], one: Standing, rule: RoomRule, now: dt.datetime, *, anew: bool
) -> None:
    public, shown = series.observations(one.public), series.observations(one.shown)
    for time, observation in series.observations(one.after).items():
        release = release_time(observation, now, rule, time)
        if release is not None and release != FOR_GOOD:
            waiting = shown.get(time)
            if waiting is None:
                continue
            observation, release = waiting, FOR_GOOD if rule.is_small(waiting) else None
        cells = periods.setdefault(time, Cells())
        cells.put(one.key, observation, rule.measures)
        if release is not None or is_marker(observation):
            cells.hidden.add(one.key)
        elif not anew and figures_of(public.get(time), rule) == figures_of(observation, rule):
            cells.known.add(one.key)


def figures_of(observation: Observation | None, rule: RoomRule) -> tuple[Any, ...]:
    """The values of an observation that are counts."""
    return tuple((observation or {}).get(name) for name in rule.measures)


def _number(value: object) -> Decimal | None:
    try:
        number = Decimal(str(value))
    except InvalidOperation:
        return None
    return number if number.is_finite() else None
