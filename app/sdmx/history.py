"""What was disseminated when: the journal of a series as its readers saw it.

A caller who may see what is withheld reads two journals; what such a caller saw is the public
state with the withheld observations in their places.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from itertools import groupby
from typing import Any

from app.sdmx import series
from app.sdmx.rooms import CONFIDENTIALITY, FREE, is_marker
from app.sdmx.series import TIME, Document, Observation

GONE = frozenset({"Delete", "Redaction"})
"""Entries that name the time periods of observations that are gone."""


@dataclass(frozen=True, slots=True)
class Change:
    """A journal entry: `Replace`, `Delete`, or `Attachment` for values above the series.

    `Redaction` names the time periods of which history tells nothing any more.
    """

    published_at: dt.datetime
    action: str
    document: Document
    attributes: dict[str, Any]
    withheld: bool = False


@dataclass(frozen=True, slots=True)
class Dissemination:
    """What one publication changed of a series, as one caller saw it.

    Attributes:
        put: observations that are new or different.
        gone: time periods whose observations are gone.
        attributes: attributes of the series that changed, `None` for those that are gone.
        redacted: time periods of which history tells nothing any more, so that who once saw them
            has to be told that they are gone.
        marked: time periods whose markers were put where history has a marker by now. Who read
            before it followed the suppression holds a figure, and has to be told.
    """

    published_at: dt.datetime
    put: Document | None
    gone: list[str]
    attributes: dict[str, Any]
    redacted: list[str] = field(default_factory=list)
    marked: list[str] = field(default_factory=list)


def disseminations(changes: Iterable[Change]) -> list[Dissemination]:
    """The changes of a series (in their order, from the first) as the caller saw them."""
    listed = list(changes)
    if any(change.withheld for change in listed):
        return list(_of_two_rooms(listed))
    return list(_of_one_room(listed))


def state(seen: Iterable[Dissemination]) -> tuple[Document, dict[str, Any]]:
    """The observations and attributes that disseminations lead to."""
    listed = list(seen)
    if len(listed) == 1:
        # The usual series: published once, and so its document is its state.
        only = listed[0]
        known = {name: value for name, value in only.attributes.items() if value is not None}
        return only.put or series.EMPTY, known
    rows: dict[str, Observation] = {}
    attributes: dict[str, Any] = {}
    for dissemination in listed:
        for time in dissemination.gone:
            rows.pop(time, None)
        if dissemination.put is not None:
            rows.update(series.observations(dissemination.put))
        attributes.update(dissemination.attributes)
    return (
        series.from_observations(rows),
        {name: value for name, value in attributes.items() if value is not None},
    )


def _of_one_room(changes: Iterable[Change]) -> Iterator[Dissemination]:
    known: set[str] = set()
    for published_at, group in groupby(changes, key=lambda change: change.published_at):
        put: Document | None = None
        gone: list[str] = []
        attributes: dict[str, Any] = {}
        redacted: list[str] = []
        for change in group:
            attributes.update(change.attributes)
            if change.action in GONE:
                gone += change.document[TIME]
                hidden = change.action == "Redaction"
                redacted += (t for t in change.document[TIME] if hidden or t not in known)
            elif change.document[TIME]:
                put = change.document
        marked = [] if put is None else _markers(put, known)
        known.difference_update(gone)
        known.update(() if put is None else put[TIME])
        yield Dissemination(published_at, put, gone, attributes, redacted, marked)


def _markers(put: Document, known: set[str]) -> list[str]:
    """The time periods of what was known before and is a marker."""
    if not known or put.get(CONFIDENTIALITY, FREE) == FREE:
        return []
    rows = series.observations(put).items()
    return [time for time, row in rows if time in known and is_marker(row)]


def _of_two_rooms(changes: Iterable[Change]) -> Iterator[Dissemination]:
    rooms: dict[bool, dict[str, Observation]] = {False: {}, True: {}}
    attributes: dict[bool, dict[str, Any]] = {False: {}, True: {}}
    before: dict[str, Observation] = {}
    for published_at, group in groupby(changes, key=lambda change: change.published_at):
        attributes_before = attributes[False] | attributes[True]
        redacted: list[str] = []
        for change in group:
            room = rooms[change.withheld]
            if change.action in GONE:
                for time in change.document[TIME]:
                    room.pop(time, None)
                redacted += change.document[TIME] if change.action == "Redaction" else ()
            else:
                room.update(series.observations(change.document))
            attributes[change.withheld].update(change.attributes)
        after = rooms[False] | rooms[True]
        put = {time: row for time, row in after.items() if before.get(time) != row}
        seen = attributes[False] | attributes[True]
        yield Dissemination(
            published_at,
            series.from_observations(put) if put else None,
            [time for time in before if time not in after],
            {name: seen[name] for name in seen if seen[name] != attributes_before.get(name)},
            [time for time in redacted if time not in after],
        )
        before = after
