"""What the standing messages of an agreement make of a series, one after the other.

The state that publications have led to, worked out anew from what was sent: each message is put on
what those before it left, and what was withdrawn or replaced whole takes with it what is its own.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from app.sdmx import series
from app.sdmx.actions import Segment, apply
from app.sdmx.flow import Flow
from app.sdmx.intake import (
    Deletion,
    Key,
    PartialKey,
    delete_attachments,
    segment_of_deletion,
)
from app.sdmx.series import EMPTY, TIME, Document

ROW_BITS: Final = 40
"""A row is told by the number of its message, shifted by as many bits, and its own number."""


def place_of(message: int, row: int) -> int:
    """A row of a message as one number; numbers rise with messages, then with rows."""
    return message << ROW_BITS | row


def message_and_row(place: int) -> tuple[int, int]:
    """The message and the row of such a number."""
    return place >> ROW_BITS, place & (1 << ROW_BITS) - 1


@dataclass(slots=True)
class Event:
    """A place in the order of publication.

    Attributes:
        message: number of the message.
        drops: whether what is still its own goes here; else it is put.
        deletions: what its rows with open keys delete.
        attachments: its values above the series.
    """

    message: int
    drops: bool = False
    deletions: Sequence[Deletion] = ()
    attachments: Mapping[PartialKey, Mapping[str, Any]] = field(default_factory=dict)


@dataclass(slots=True)
class Folded:
    """A series as the messages leave it.

    Attributes:
        touched: the place of the last row that spoke of each time period.
        duplicates: two rows of one message on one time period: both places, and the period.
    """

    observations: Document
    attributes: dict[str, Any]
    touched: dict[str, int]
    duplicates: list[tuple[int, int, str]]


def fold_series(
    flow: Flow, events: Sequence[Event], key: Key, sent: Mapping[int, Sequence[Segment]]
) -> Folded:
    """Put the segments of all messages on a series.

    Args:
        flow: the dataflow.
        events: in the order of publication.
        key: of the series.
        sent: the segments by number of the message, each in the order of its rows.
    """
    folded = Folded(EMPTY, {}, {}, [])
    owners: dict[str, int] = {}
    named: dict[str, int] = {}
    for event in events:
        if event.drops:
            _drop(folded, event.message, owners, named)
            continue
        segments = _with_deletions(flow, event, key, sent.get(event.message, ()))
        if not segments:
            continue
        old = folded.observations if folded.observations[TIME] else None
        outcome = apply(old, folded.attributes, segments)
        folded.observations, folded.attributes = outcome.observations, outcome.attributes
        for time, row in outcome.touched.items():
            owners[time] = event.message
            folded.touched[time] = place_of(event.message, row)
        for segment in segments:
            named.update(dict.fromkeys(segment.attributes, event.message))
        folded.duplicates += [
            (place_of(event.message, row), place_of(event.message, first), time)
            for row, first, time in outcome.duplicates
        ]
    return folded


def fold_attachments(flow: Flow, events: Sequence[Event]) -> dict[PartialKey, dict[str, Any]]:
    """Put the values above the series of all messages one on the other."""
    values: dict[PartialKey, dict[str, Any]] = {}
    owners: dict[tuple[PartialKey, str], int] = {}
    for event in events:
        if event.drops:
            for (key, name), owner in owners.items():
                if owner == event.message:
                    values.get(key, {}).pop(name, None)
            continue
        for deletion in event.deletions:
            delete_attachments(values, deletion, flow)
        for key, sent in event.attachments.items():
            values.setdefault(key, {}).update(sent)
            owners.update({(key, name): event.message for name in sent})
    return values


def _drop(folded: Folded, message: int, owners: dict[str, int], named: dict[str, int]) -> None:
    """Take away what is still a message's own."""
    times = folded.observations[TIME]
    kept = [place for place, time in enumerate(times) if owners.get(time) != message]
    if len(kept) < len(times):
        folded.observations = series.take(folded.observations, kept) if kept else EMPTY
    for name, owner in named.items():
        if owner == message:
            folded.attributes.pop(name, None)


def _with_deletions(
    flow: Flow, event: Event, key: Key, segments: Sequence[Segment]
) -> list[Segment]:
    """The segments with those of deletions that reach the series, in the order of their rows."""
    reached = [
        segment_of_deletion(flow, deletion)
        for deletion in event.deletions
        if all(code in (None, mine) for code, mine in zip(deletion.key, key, strict=True))
    ]
    if not reached:
        return list(segments)
    return sorted((*segments, *reached), key=lambda segment: segment.rows[0])
