"""Taking versions out of the history of a series: what its journals say afterwards.

Of every part (an observation, an attribute) some versions are redacted. The rows of the journals
that told them tell them no more; where something older had stood there before, they tell that it
was gone, so that nothing older takes the place of what is redacted.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any, TypeAlias

from app.sdmx import series
from app.sdmx.history import GONE
from app.sdmx.series import TIME, Document
from app.sdmx.undo import ABSENT, Acts, Entry, Parts, Past, Plan, Version

Chosen: TypeAlias = Mapping[str, frozenset[int]]
"""By part, the places of the versions to redact."""

Owns: TypeAlias = Callable[[str, Version], bool]
"""Whether the version of an observation in a time period is one of those that are redacted."""


@dataclass(frozen=True, slots=True)
class Row:
    """A row of a journal as it becomes; without document and attributes it is gone."""

    publication: int
    withheld: bool
    action: str
    document: Document | None
    attributes: Mapping[str, Any] | None


@dataclass(slots=True)
class Redacted:
    """What a redaction does to one key.

    Attributes:
        rows: rows of the journals that change.
        plan: what becomes of the current values.
        told: by room (True: withheld), time periods that readers of the room were told once and
            that have no observation now: followers are told that these are gone.
        versions: how many versions of observations are redacted.
        taken: their time periods and values, in both rooms.
    """

    rows: list[Row] = field(default_factory=list)
    plan: Plan = field(default_factory=Plan)
    told: dict[bool, list[str]] = field(default_factory=lambda: {False: [], True: []})
    versions: int = 0
    taken: list[tuple[str, Mapping[str, Any]]] = field(default_factory=list)


def written_by(
    past: Past,
    owns: Owns,
    publications: frozenset[int],
    measures: Sequence[str],
    mandatory: frozenset[str],
) -> tuple[Chosen, Chosen]:
    """The versions of observations that are owned, and of attributes that publications wrote.

    A later version of an observation with the same figures holds them too, whoever sent them; what
    stood there before and was only said again does not. An attribute that another publication
    said again is not theirs alone, and stays.
    """
    observations = {
        time: found
        for time, versions in past.observations.items()
        if (found := _figures(versions, partial(owns, time), measures))
    }
    held = any(
        versions[-1].value is not None and len(versions) - 1 not in observations.get(time, ())
        for time, versions in past.observations.items()
    )
    attributes = {
        name: found
        for name, versions in past.attributes.items()
        if not (held and name in mandatory) and (found := _own(versions, publications))
    }
    return observations, attributes


def within(past: Past, passes: Callable[[str], bool], *, attributes: bool) -> tuple[Chosen, Chosen]:
    """All versions of the observations in some time periods; with all attributes, or with none."""
    observations = {
        time: found
        for time, versions in past.observations.items()
        if passes(time) and (found := _valued(versions))
    }
    if not attributes:
        return observations, {}
    every = {n: found for n, versions in past.attributes.items() if (found := _valued(versions))}
    return observations, every


def _valued(versions: Sequence[Version]) -> frozenset[int]:
    return frozenset(n for n, version in enumerate(versions) if version.value is not None)


def _figures(
    versions: Sequence[Version], owns: Callable[[Version], bool], measures: Sequence[str]
) -> frozenset[int]:
    found: set[int] = set()
    figures: tuple[Any, ...] | None = None
    before = None
    for place, version in enumerate(versions):
        own = version.value != before and owns(version)
        before = version.value
        if version.value is None:
            figures = None
        elif own:
            found.add(place)
            figures = figures_of(version.value, measures)
        elif any(figures or ()) and figures_of(version.value, measures) == figures:
            found.add(place)
        else:
            figures = None
    return frozenset(found)


def figures_of(value: Mapping[str, Any] | None, measures: Sequence[str]) -> tuple[Any, ...]:
    """The values of the measures of an observation."""
    return tuple(value.get(name) for name in measures) if value else ()


def _own(versions: Sequence[Version], publications: frozenset[int]) -> frozenset[int]:
    found: set[int] = set()
    run: list[int] = []
    for place, version in enumerate(versions):
        if run and versions[run[-1]].value != version.value:
            found |= _if_own(versions, run, publications)
            run = []
        run.append(place)
    return frozenset(found | _if_own(versions, run, publications))


def _if_own(
    versions: Sequence[Version], run: Sequence[int], publications: frozenset[int]
) -> set[int]:
    """A run of versions with one value, if all of them are the publications'."""
    if any(versions[place].value is None for place in run):
        return set()
    if all({versions[n].publication, versions[n].owner} & publications for n in run):
        return set(run)
    return set()


def redact(
    entries: Iterable[Entry],
    acts: Acts,
    choose: Callable[[Past], tuple[Chosen, Chosen]],
) -> Redacted | None:
    """What redacting the chosen versions does to one key; `None`: nothing is chosen."""
    listed = sorted(entries, key=lambda entry: acts[entry.publication].sequence)
    past = Past.replay(listed, acts)
    observations, attributes = choose(past)
    if not observations and not attributes:
        return None
    work = _Work(acts, past)
    for entry in listed:
        if entry.action != "Confirm":
            work.take(entry, observations, attributes)
    return work.outcome(observations, attributes)


class _Work:
    """Goes through the journals of one key, row by row."""

    def __init__(self, acts: Acts, past: Past) -> None:
        self._acts = acts
        self._past = past
        self._state: dict[tuple[bool, str, str], Any] = {}
        self._told: dict[bool, dict[str, None]] = {False: {}, True: {}}
        self._rows: list[Row] = []

    def take(self, entry: Entry, observations: Chosen, attributes: Chosen) -> None:
        """Take one row; what it tells of the chosen versions is left out."""
        kept, lost = self._divide(entry, observations)
        values = dict(entry.attributes)
        for name in attributes.keys() & values.keys():
            place = entry.withheld, "attribute", name
            before, self._state[place] = self._state.get(place), values[name]
            if values[name] is not None and self._is_chosen(
                self._past.attributes, entry, name, attributes
            ):
                self._state[place] = values[name] = None
                if before is None:
                    del values[name]
        if not lost and values == dict(entry.attributes):
            return
        document = entry.document
        if lost:
            assert document is not None  # noqa: S101 - something of it is lost
            times: list[str] = document[TIME]
            places = [n for n, time in enumerate(times) if time in kept]
            document = series.compact(series.take(document, places)) if places else None
            self._note_gone(entry, lost)
        self._rows.append(
            Row(entry.publication, entry.withheld, entry.action, document, values or None)
        )

    def _divide(self, entry: Entry, chosen: Chosen) -> tuple[set[str], list[str]]:
        """The time periods that a row goes on telling, and those that it does not."""
        if entry.document is None:
            return set(), []
        kept: set[str] = set()
        lost: list[str] = []
        rows = {} if entry.action in GONE else series.observations(entry.document)
        for time in entry.document[TIME]:
            state = self._state_of(entry, time)
            if entry.action in GONE:
                self._state[state] = None
            elif time in chosen and self._is_chosen(self._past.observations, entry, time, chosen):
                lost.append(time)
                self._told[entry.withheld][time] = None
                continue
            else:
                self._state[state] = rows[time]
            kept.add(time)
        return kept, lost

    def _note_gone(self, entry: Entry, lost: Sequence[str]) -> None:
        """Where something stood before, it was gone then."""
        gone = []
        for time in lost:
            state = self._state_of(entry, time)
            if self._state.get(state) is not None:
                gone.append(time)
            self._state[state] = None
        if gone:
            self._rows.append(Row(entry.publication, entry.withheld, "Delete", {TIME: gone}, None))

    @staticmethod
    def _state_of(entry: Entry, time: str) -> tuple[bool, str, str]:
        return entry.withheld, "observation", time

    def _is_chosen(self, parts: Parts, entry: Entry, name: str, chosen: Chosen) -> bool:
        """Whether the version that held after a row is one of those chosen."""
        sequence = self._acts[entry.publication].sequence
        versions = parts.get(name, ())
        last = None
        for place, version in enumerate(versions):
            if self._acts[version.publication].sequence <= sequence:
                last = place
        return last is not None and last in chosen.get(name, ())

    def outcome(self, observations: Chosen, attributes: Chosen) -> Redacted:
        """All of it together."""
        found = Redacted(rows=self._rows)
        for time, places in observations.items():
            found.versions += len(places)
            versions = self._past.observations[time]
            found.taken += [
                (time, value)
                for place in places
                for value in (versions[place].public, versions[place].withheld)
                if value is not None
            ]
            now = self._now("observation", time)
            last = self._past.observations[time][-1]
            if (now.public, now.withheld) != (last.public, last.withheld):
                found.plan.observations[time] = now
            for withheld, told in self._told.items():
                if time in told and (now.withheld if withheld else now.public) is None:
                    found.told[withheld].append(time)
        for name in attributes:
            now = self._now("attribute", name)
            last = self._past.attributes[name][-1]
            if (now.public, now.withheld) != (last.public, last.withheld):
                found.plan.attributes[name] = now
        return found

    def _now(self, kind: str, name: str) -> Version:
        public = self._state.get((False, kind, name))
        withheld = self._state.get((True, kind, name))
        if public is None and withheld is None:
            return ABSENT
        return Version(0, None, public, withheld)
