"""Who wrote each part of a series last, and what undoing a publication puts in its place.

The journals of both rooms are replayed part by part: an observation, an attribute, a value above
the series. Each publication that wrote a part made a version of it, also when it sent again what
was there. Moves between the rooms (the release of what was embargoed) write nothing: the version
stays whose it was. A roll back makes a version that belongs to the writer of what it gave back.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import groupby
from typing import Any, Literal, TypeAlias

from app.sdmx import series
from app.sdmx.history import GONE
from app.sdmx.rooms import EMBARGO
from app.sdmx.series import TIME, Document

Undoing: TypeAlias = Literal["rollback", "withdrawal"]
Parts: TypeAlias = dict[str, list["Version"]]
"""By time period, or by attribute id, the versions in their order."""


@dataclass(frozen=True, slots=True)
class Act:
    """A publication in the sequence, and which earlier one it undoes, if it does that."""

    publication: int
    sequence: int
    undoing: Undoing | None = None
    undone: int | None = None


class Acts:
    """The publications of an agreement in their sequence."""

    def __init__(self, acts: Iterable[Act]) -> None:
        self._acts = {act.publication: act for act in acts}
        self._undoing = sorted(
            (act for act in self._acts.values() if act.undoing),
            key=lambda act: act.sequence,
            reverse=True,
        )
        self._fallen: dict[int, Mapping[int, Undoing]] = {}

    def __getitem__(self, publication: int) -> Act:
        return self._acts[publication]

    @property
    def end(self) -> int:
        """The place after the last."""
        return max((act.sequence for act in self._acts.values()), default=0) + 1

    def with_act(self, act: Act) -> Acts:
        """The same with one more."""
        return Acts([*self._acts.values(), act])

    def fallen(self, sequence: int) -> Mapping[int, Undoing]:
        """The publications that were undone at a place in the sequence, and how.

        What undid them may have been undone since: it counts only while it stands itself.
        """
        if sequence not in self._fallen:
            fallen: dict[int, Undoing] = {}
            for act in self._undoing:
                if act.sequence <= sequence and act.publication not in fallen:
                    assert act.undone is not None and act.undoing is not None  # noqa: S101
                    fallen.setdefault(act.undone, act.undoing)
            self._fallen[sequence] = fallen
        return self._fallen[sequence]


@dataclass(frozen=True, slots=True)
class Entry:
    """A row of a journal, or what a publication confirmed (`Confirm`).

    Attributes:
        document: observations put; of `Delete` and `Redaction` the time periods; of `Confirm`
            those sent again, `None` for all that the series then had.
        attributes: attributes put, `None` for those that are gone; of `Confirm` those sent again.
    """

    publication: int
    withheld: bool
    action: str
    document: Document | None
    attributes: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Version:
    """One version of a part.

    Attributes:
        publication: that made it.
        owner: whose it is; after a roll back that of the earlier writer, or nobody's.
        public: the value in the public room.
        withheld: the value in the withheld room.
    """

    publication: int
    owner: int | None
    public: Any | None = None
    withheld: Any | None = None

    @property
    def value(self) -> Any | None:  # noqa: ANN401 - an observation, or a value of an attribute
        """The value over both rooms."""
        return self.public if self.withheld is None else self.withheld


ABSENT = Version(0, None)


@dataclass(slots=True)
class Past:
    """The versions of all parts of one series, or of one key above the series."""

    observations: Parts = field(default_factory=dict)
    attributes: Parts = field(default_factory=dict)

    @classmethod
    def replay(cls, entries: Iterable[Entry], acts: Acts) -> Past:
        """Read the journals and confirmations of one key, in any order."""
        past = cls()
        in_order = sorted(entries, key=lambda entry: acts[entry.publication].sequence)
        for publication, group in groupby(in_order, key=lambda entry: entry.publication):
            past._add(acts[publication], acts, list(group))
        return past

    def _add(self, act: Act, acts: Acts, entries: Sequence[Entry]) -> None:
        rooms: dict[bool, dict[str, Any]] = {False: {}, True: {}}
        named: dict[bool, dict[str, Any]] = {False: {}, True: {}}
        again: set[str] | None = set()
        again_named: set[str] = set()
        for entry in entries:
            if entry.action == "Confirm":
                again = None if entry.document is None else set(entry.document[TIME])
                again_named.update(entry.attributes)
                continue
            named[entry.withheld].update(entry.attributes)
            rooms[entry.withheld].update(_told(entry))
        for name, value in named[False].items():
            if value is not None and name in self.attributes:
                # Told though nothing changed in its room: it was sent again.
                again_named.update({name} if self.attributes[name][-1].public == value else ())
        self._take(self.observations, act, acts, rooms)
        self._take(self.attributes, act, acts, named)
        if again is None:
            again = {time for time, versions in self.observations.items() if versions[-1].value}
        for parts, names in ((self.observations, again), (self.attributes, again_named)):
            for name in names & parts.keys():
                last = parts[name][-1]
                if last.publication != act.publication:
                    owner = _owner(parts[name], act, acts)
                    parts[name].append(Version(act.publication, owner, last.public, last.withheld))

    @staticmethod
    def _take(parts: Parts, act: Act, acts: Acts, rooms: Mapping[bool, Mapping[str, Any]]) -> None:
        for name in rooms[False].keys() | rooms[True].keys():
            versions = parts.setdefault(name, [])
            last = versions[-1] if versions else ABSENT
            public = rooms[False].get(name, last.public)
            withheld = rooms[True].get(name, last.withheld)
            now = Version(act.publication, None, public, withheld)
            if now.value == last.value and versions:
                versions[-1] = Version(last.publication, last.owner, public, withheld)
            else:
                owner = _owner(versions, act, acts)
                versions.append(Version(act.publication, owner, public, withheld))


def _told(entry: Entry) -> Mapping[str, Any]:
    """The observations that a row of a journal puts, `None` for those that are gone."""
    if entry.document is None:
        return {}
    if entry.action in GONE:
        return dict.fromkeys(entry.document[TIME])
    return series.observations(entry.document)


def _owner(versions: Sequence[Version], act: Act, acts: Acts) -> int | None:
    if act.undone is None:
        return act.publication
    if act.undoing == "withdrawal":
        left = version_left(versions, act.undone)
        return act.publication if left is None or left.owner is None else left.owner
    before = version_before(versions, act.undone, acts.fallen(act.sequence))
    return None if before is None else before.owner


def version_before(
    versions: Sequence[Version], publication: int, fallen: Mapping[int, Undoing]
) -> Version | None:
    """The version that rolling back a publication gives back; `None`: it wrote the last no more.

    What was undone itself does not come back: of a publication that was rolled back, what was
    before that; of one that was withdrawn, nothing.

    Args:
        versions: of one part, in their order.
        publication: the one that is rolled back.
        fallen: the publications that are undone, this roll back included.
    """
    if not versions or publication not in (versions[-1].publication, versions[-1].owner):
        return None
    place = _place(versions, publication, len(versions))
    if place is None:
        return None
    while place > 0:
        version = versions[place - 1]
        if version.owner is None or version.owner not in fallen:
            return version
        if fallen[version.owner] == "withdrawal":
            return ABSENT
        own = _place(versions, version.owner, place)
        place = place - 1 if own is None else own
    return ABSENT


def version_left(versions: Sequence[Version], publication: int) -> Version | None:
    """The version that withdrawing a publication leaves; `None`: the last is not its own.

    That is nothing; only where it wrote what still waits, the public keeps what it sees.
    """
    if not versions or versions[-1].owner != publication or versions[-1].value is None:
        return None
    last, place = versions[-1], _place(versions, publication, len(versions))
    if place and last.public is not None and _waits(last):
        seen = [v for v in versions[:place] if v.value == last.public]
        if seen and versions[place - 1].public == last.public:
            return Version(seen[-1].publication, seen[-1].owner, last.public)
    return ABSENT


def _waits(version: Version) -> bool:
    """Whether the value is embargoed, or came with what is."""
    if isinstance(version.withheld, Mapping) and isinstance(version.public, Mapping):
        return EMBARGO in version.withheld
    return version.withheld is not None and version.withheld != version.public


def _place(versions: Sequence[Version], publication: int, end: int) -> int | None:
    """Where a publication made its version, before a place."""
    for place in range(end - 1, -1, -1):
        if versions[place].publication == publication:
            return place
    return None


@dataclass(slots=True)
class Plan:
    """What undoing a publication does to one series, or to one key above the series.

    Attributes:
        observations: by time period, the version to go back to.
        attributes: the same by attribute.
        kept: parts that stay, because the publication named wrote them later.
    """

    observations: dict[str, Version] = field(default_factory=dict)
    attributes: dict[str, Version] = field(default_factory=dict)
    kept: list[tuple[str, int]] = field(default_factory=list)
    kept_attributes: list[tuple[str, int]] = field(default_factory=list)

    @property
    def is_idle(self) -> bool:
        """Whether nothing changes."""
        return not (self.observations or self.attributes)

    @property
    def owners(self) -> set[int]:
        """The publications that get something back."""
        given = (*self.observations.values(), *self.attributes.values())
        return {version.owner for version in given if version.owner is not None}


def plan_rollback(past: Past, publication: int, fallen: Mapping[int, Undoing]) -> Plan:
    """Back to the state before a publication, where it wrote last."""
    plan = Plan()
    for parts, changed, kept in _both(past, plan):
        for name, versions in parts.items():
            before = version_before(versions, publication, fallen)
            if before is not None:
                changed[name] = before
            elif any(version.publication == publication for version in versions):
                kept.append((name, _writer(versions[-1])))
    return plan


def plan_withdrawal(past: Past, publication: int) -> Plan:
    """Delete what a publication wrote and what is still its own."""
    plan = Plan()
    for parts, changed, kept in _both(past, plan):
        for name, versions in parts.items():
            left = version_left(versions, publication)
            if left is not None:
                changed[name] = left
            elif versions[-1].owner != publication and any(
                version.publication == publication for version in versions
            ):
                kept.append((name, _writer(versions[-1])))
    return plan


def is_current(past: Past, publication: int) -> str | None:
    """A time period whose observation belongs to a publication; `None`: there is none."""
    for time, versions in past.observations.items():
        if versions[-1].owner == publication and versions[-1].value is not None:
            return time
    return None


def has_written(past: Past, publication: int) -> bool:
    """Whether a publication wrote any observation of a series."""
    return any(
        version.publication == publication and version.value is not None
        for versions in past.observations.values()
        for version in versions
    )


def _both(
    past: Past, plan: Plan
) -> tuple[tuple[Parts, dict[str, Version], list[tuple[str, int]]], ...]:
    return (
        (past.observations, plan.observations, plan.kept),
        (past.attributes, plan.attributes, plan.kept_attributes),
    )


def _writer(version: Version) -> int:
    return version.publication if version.owner is None else version.owner
