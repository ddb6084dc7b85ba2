"""What is suppressed for another figure's sake in the series of one family, at present.

The series of a family differ only in the dimensions whose figures add up (`RoomRule.sums`).
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any, TypeAlias

from app.sdmx import series
from app.sdmx.rooms import COUNTED, FOR_GOOD, RoomRule, is_marker, release_time
from app.sdmx.secondary import Key, secondary_keys
from app.sdmx.series import Document, Observation

Periods: TypeAlias = dict[Key, frozenset[str]]
"""Time periods by key."""


@dataclass(frozen=True, slots=True)
class Standing:
    """A series that is about to be divided into the rooms.

    Attributes:
        is_new: whether there was nothing of it before.
        public: what the public sees of it now.
        before: what it is now, over both rooms.
        after: what it becomes, over both rooms.
        shown: what the public goes on seeing of observations that wait.
        attributes: those that it becomes.
    """

    key: Key
    public: Document
    before: Document
    after: Document
    shown: Document
    attributes: Mapping[str, Any]
    is_new: bool = False


@dataclass(frozen=True, slots=True)
class Suppressed:
    """What is suppressed for another figure's sake in a family.

    Attributes:
        periods: the time periods by key.
        was_seen: whether the public sees a figure of one of them now; or it is another figure
            than before, which the public may have seen earlier.
        may_have_been: whether it may have seen one that was deleted.
    """

    periods: Periods
    was_seen: bool = False
    may_have_been: bool = False


@dataclass(slots=True)
class Cells:
    """The figures of a family in one time period: what there is, and what the public may see.

    Attributes:
        figures: by measure and key; None where the value is not known.
        hidden: keys whose figures are suppressed.
        known: keys whose figures everybody knows.
        seen: keys of which the public sees any figure now, or whose figure is another one.
        gone: keys of series that were there, of which it sees nothing now.
    """

    figures: dict[str, dict[Key, Decimal | None]] = field(default_factory=dict)
    hidden: set[Key] = field(default_factory=set)
    known: set[Key] = field(default_factory=set)
    seen: set[Key] = field(default_factory=set)
    gone: set[Key] = field(default_factory=set)

    def put(self, key: Key, observation: Mapping[str, Any], rule: RoomRule) -> None:
        """Take the figures of one key; `rule` as it holds for its series."""
        for name in rule.measures:
            if name in observation or name not in COUNTED:
                self.figures.setdefault(name, {})[key] = rule.count(observation, name)

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
) -> Suppressed:
    """What is suppressed in a family beside small counts.

    Args:
        members: all series of the family.
        rule: what the agreement withholds.
        now: the present instant.
        anew: whether what was public until now counts for nothing, since history follows.
    """
    periods: dict[str, Cells] = {}
    for one in members:
        own = rule.for_series(one.key, one.attributes)
        if own.minimum_cell:
            _take(periods, one, own, now, anew=anew)
    beside: dict[Key, set[str]] = {}
    seen = gone = False
    for time, cells in periods.items():
        keys = cells.beside(rule) if cells.hidden else set[Key]()
        for key in keys:
            beside.setdefault(key, set()).add(time)
        seen = seen or not keys.isdisjoint(cells.seen)
        gone = gone or not keys.isdisjoint(cells.gone)
    return Suppressed({key: frozenset(times) for key, times in beside.items()}, seen, gone)


def _take(
    periods: dict[str, Cells], one: Standing, rule: RoomRule, now: dt.datetime, *, anew: bool
) -> None:
    public, shown = series.observations(one.public), series.observations(one.shown)
    stored = series.observations(one.before)
    for time, observation in series.observations(one.after).items():
        release = release_time(observation, now, rule, time)
        if release is not None and release != FOR_GOOD:
            waiting = shown.get(time)
            if waiting is None:
                continue
            observation, release = waiting, FOR_GOOD if rule.is_small(waiting) else None
        cells = periods.setdefault(time, Cells())
        cells.put(one.key, observation, rule)
        if release is not None or is_marker(observation):
            cells.hidden.add(one.key)
            continue
        seen, figures = public.get(time), figures_of(observation, rule)
        if seen is None:
            cells.gone.update(() if one.is_new else {one.key})
        elif not is_marker(seen) or figures_of(stored.get(time), rule) != figures:
            cells.seen.add(one.key)
            if not anew and not is_marker(seen) and figures_of(seen, rule) == figures:
                cells.known.add(one.key)


def figures_of(observation: Observation | None, rule: RoomRule) -> tuple[Any, ...]:
    """The values of an observation that are counts."""
    return tuple((observation or {}).get(name) for name in rule.measures)
