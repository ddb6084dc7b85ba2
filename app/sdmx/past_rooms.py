"""What the journals of a family say after its terms suppress more than they did.

A figure that is suppressed now, or would have been, leaves the public journal as it leaves the
public room: its marker stands there, and the figure in the journal of the withheld room. Whoever
may see what is withheld sees the same history as before.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Any, TypeAlias

from app.sdmx import series
from app.sdmx.history import GONE
from app.sdmx.redaction import Row
from app.sdmx.rooms import EMBARGO, RoomRule, is_marker, marker_of
from app.sdmx.secondary import Key
from app.sdmx.series import TIME, Observation
from app.sdmx.suppression import Cells, figures_of
from app.sdmx.undo import Acts, Entry

_Told: TypeAlias = dict[str, dict[bool, Observation | None]]
"""By time period and room (True: withheld), what one publication told; None: it is gone."""

_Gone: TypeAlias = set[tuple[Key, tuple[Any, ...]]]
"""The figures of a time period that are suppressed, whenever they were published."""


@dataclass(frozen=True, slots=True)
class _At:
    """An observation in both rooms, from a publication on."""

    sequence: int
    public: Observation | None
    withheld: Observation | None

    @property
    def is_open(self) -> bool:
        """Whether the public saw a figure."""
        return self.public is not None and not is_marker(self.public)

    def is_hidden(self, rule: RoomRule) -> bool:
        """Whether it is withheld for good; where there is no marker, if nothing says until when."""
        if self.public is not None:
            return is_marker(self.public)
        waits = rule.embargo is not None or EMBARGO in (self.withheld or {})
        return self.withheld is not None and not waits


class _Journal:
    """The journals of one key, publication by publication."""

    def __init__(self, key: Key, entries: Iterable[Entry], acts: Acts, rule: RoomRule) -> None:
        self.key = key
        self.entries: list[list[Entry]] = []
        self.versions: dict[str, list[_At]] = {}
        attributes: dict[str, Any] = {}
        listed = sorted(
            (entry for entry in entries if entry.action != "Confirm"),
            key=lambda entry: acts[entry.publication].sequence,
        )
        for publication, group in groupby(listed, key=lambda entry: entry.publication):
            told = list(group)
            self.entries.append(told)
            for entry in told:
                attributes.update(entry.attributes)
            for time, rooms in _told(told).items():
                versions = self.versions.setdefault(time, [])
                public, withheld = (versions[-1].public, versions[-1].withheld) if versions else (
                    None,
                    None,
                )  # fmt: skip
                versions.append(
                    _At(
                        acts[publication].sequence,
                        rooms.get(False, public),
                        rooms.get(True, withheld),
                    )
                )
        known = {name: value for name, value in attributes.items() if value is not None}
        self.rule = rule.for_series(key, known)

    def at(self, time: str, sequence: int) -> _At | None:
        """An observation at a place in the sequence."""
        found = None
        for version in self.versions.get(time, ()):
            if version.sequence <= sequence:
                found = version
        return found

    def rewritten(self, gone: Mapping[str, _Gone]) -> Iterator[Row]:
        """The rows that change."""
        after = {time: found for time in gone if (found := self._after(time, gone[time]))}
        if not after:
            return
        places = dict.fromkeys(after, 0)
        before: dict[str, tuple[Observation | None, Observation | None]] = {}
        for told in self.entries:
            changed: dict[str, dict[bool, tuple[Observation | None, Observation | None]]] = {}
            for time, rooms in _told(told).items():
                if time in after:
                    old, new = before.get(time, (None, None)), after[time][places[time]]
                    places[time] += 1
                    before[time] = new
                    changed[time] = {
                        room: (old[room], new[room])
                        for room in (False, True)
                        if room in rooms or old[room] != new[room]
                    }
            if changed:
                yield from _rows(told, changed)

    def _after(
        self, time: str, gone: _Gone
    ) -> list[tuple[Observation | None, Observation | None]] | None:
        """Both rooms after each publication of an observation; None: as they were."""
        versions, changes = [], False
        for at in self.versions.get(time, ()):
            public, withheld = at.public, at.withheld
            if at.is_open and (self.key, figures_of(public, self.rule)) in gone:
                assert public is not None  # noqa: S101 - it is open
                changes = True
                withheld = public if withheld is None else withheld
                public = marker_of(public, self.rule)
            versions.append((public, withheld))
        return versions if changes else None


def hide_past(
    entries: Mapping[Key, Sequence[Entry]], acts: Acts, rule: RoomRule
) -> dict[Key, list[Row]]:
    """The rows that change in the journals of the series of one family, by key."""
    journals = [_Journal(key, listed, acts, rule) for key, listed in entries.items()]
    journals = [one for one in journals if one.rule.minimum_cell]
    times = dict.fromkeys(time for one in journals for time in one.versions)
    gone = {time: found for time in times if (found := _gone(time, journals, rule))}
    if not gone:
        return {}
    rows = {one.key: list(one.rewritten(gone)) for one in journals}
    return {key: listed for key, listed in rows.items() if listed}


def _gone(time: str, journals: Sequence[_Journal], rule: RoomRule) -> _Gone:
    """The figures of a time period that are not to be seen at any time."""
    gone: _Gone = set()
    now: dict[Key, tuple[Any, ...]] = {}
    for one in journals:
        versions = one.versions.get(time, ())
        if versions and versions[-1].is_open:
            now[one.key] = figures_of(versions[-1].public, one.rule)
        for at in versions:
            if at.is_open and one.rule.is_small(at.public or {}):
                gone.add((one.key, figures_of(at.public, one.rule)))
            elif at.withheld is not None and at.is_hidden(one.rule):
                gone.add((one.key, figures_of(at.withheld, one.rule)))
    gone -= set(now.items())
    if not gone or not rule.sums:
        return gone
    sequences = sorted({at.sequence for one in journals for at in one.versions.get(time, ())})
    size = -1
    while len(gone) != size:
        size = len(gone)
        for sequence in sequences:
            gone |= _beside(time, sequence, journals, rule, gone, now)
    return gone


def _beside(
    time: str,
    sequence: int,
    journals: Sequence[_Journal],
    rule: RoomRule,
    gone: _Gone,
    now: Mapping[Key, tuple[Any, ...]],
) -> _Gone:
    """The figures that give away others at a place in the sequence."""
    cells, figures = Cells(), {}
    for one in journals:
        at = one.at(time, sequence)
        if at is None or not (at.is_open or at.is_hidden(one.rule)):
            continue
        seen = (at.public if at.is_open else at.withheld) or {}
        figures[one.key] = figures_of(seen, one.rule)
        cells.put(one.key, seen, one.rule)
        if not at.is_open or (one.key, figures[one.key]) in gone:
            cells.hidden.add(one.key)
        elif now.get(one.key) == figures[one.key]:
            cells.known.add(one.key)
    return {(key, figures[key]) for key in cells.beside(rule) - cells.known}


def _told(entries: Iterable[Entry]) -> _Told:
    """What one publication told of each time period; what it put comes after what it took away."""
    told: _Told = {}
    for entry in sorted(entries, key=lambda entry: entry.action not in GONE):
        if entry.document is None:
            continue
        if entry.action in GONE:
            for time in entry.document[TIME]:
                told.setdefault(time, {})[entry.withheld] = None
        else:
            for time, row in series.observations(entry.document).items():
                told.setdefault(time, {})[entry.withheld] = row
    return told


def _rows(
    told: Sequence[Entry],
    changed: Mapping[str, Mapping[bool, tuple[Observation | None, Observation | None]]],
) -> Iterator[Row]:
    """The rows of one publication anew."""
    publication = told[0].publication
    for room in (False, True):
        reached = {time: rooms[room] for time, rooms in changed.items() if room in rooms}
        if not reached:
            continue
        put = {time: new for time, (_, new) in reached.items() if new is not None}
        taken = [time for time, (old, new) in reached.items() if new is None and old is not None]
        own = {entry.action: entry for entry in told if entry.withheld == room}
        replaced, deleted = own.get("Replace"), own.get("Delete")
        rows: dict[str, Observation] = {}
        if replaced is not None and replaced.document is not None:
            rows = series.observations(replaced.document)
        rows = {time: row for time, row in rows.items() if time not in reached} | put
        times = [] if deleted is None or deleted.document is None else deleted.document[TIME]
        # What the public was told to be gone stays told, also where it never was by now.
        times = [t for t in times if t not in put and t not in taken] + taken
        attributes = replaced.attributes if replaced is not None else {}
        if replaced is not None or rows:
            document = series.from_observations(rows) if rows else None
            yield Row(publication, room, "Replace", document, dict(attributes) or None)
        if deleted is not None or times:
            listed = {TIME: series.in_time_order(times)} if times else None
            yield Row(publication, room, "Delete", listed, None)
