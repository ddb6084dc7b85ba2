"""What the rows of one message hold for one agreement, and what it does to its series."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeAlias

from app.sdmx.actions import Dropped, Outcome, Segment
from app.sdmx.checks.binding import NO_CHECKS, Checks
from app.sdmx.faults import Faults
from app.sdmx.findings import Finding
from app.sdmx.flow import Component, Flow
from app.sdmx.series import TIME, Document
from app.sdmx.terms_rows import RowRule

Key: TypeAlias = tuple[str, ...]
PartialKey: TypeAlias = tuple[str | None, ...]

Place: TypeAlias = tuple[PartialKey, str]
"""Where a value above the series stands: its key, and its attribute."""

NO_TIME = ""
"""The time period of an observation whose structure has no time dimension."""


@dataclass(frozen=True)
class Target:
    """An agreement that rows may go to: the dataflow, what is fixed, the checks that hold.

    Attributes:
        agreed: what its terms say of rows.
    """

    agreement: int
    urn: str
    flow: Flow
    fixed: Mapping[str, str]
    checks: Checks = NO_CHECKS
    agreed: tuple[RowRule, ...] = ()


@dataclass(frozen=True, slots=True)
class Deletion:
    """A Delete row whose key leaves dimensions open.

    Attributes:
        key: the codes given, `None` where open.
        time: the time period, or `None` for all.
        components: components to delete; none: the observations and their attributes.
    """

    row: int
    key: PartialKey
    time: str | None
    components: tuple[str, ...]


@dataclass(slots=True)
class Intake:
    """What the batches of one message hold for one agreement, besides the series.

    Attributes:
        removed: values above the series that go with the submission that this one replaces.
        faults: where its rows have errors.
    """

    target: Target
    attachments: dict[PartialKey, dict[str, Any]] = field(default_factory=dict)
    removed: dict[PartialKey, set[str]] = field(default_factory=dict)
    deletions: list[Deletion] = field(default_factory=list)
    faults: Faults = field(default_factory=Faults)
    missing_columns: set[tuple[int, str]] = field(default_factory=set)


def deletion_segment(
    flow: Flow, row: int, time: str | None, marked: Sequence[Component]
) -> Segment:
    """What a Delete row does to one series: to the marked components, or to all of it."""
    observed = [c.id for c in marked if c.level in {"observation", "measure"}]
    attributes = {c.id: True for c in marked if c.level == "series"}
    if time is not None:
        document: Document = {}
        if observed or not marked:
            document = {TIME: [time]} | {name: ["-"] for name in observed}
        return Segment("Delete", [row], document, attributes)
    if not marked:
        attributes = {a.id: True for a in flow.series_attributes}
    whole = bool(observed) or not marked
    return Segment("Delete", [row], {}, attributes, whole, tuple(observed))


def segment_of_deletion(flow: Flow, deletion: Deletion) -> Segment:
    """What a deletion with an open key does to one of the series that it reaches."""
    marked = [flow.components[name] for name in deletion.components]
    return deletion_segment(flow, deletion.row, deletion.time, marked)


def delete_attachments(
    attachments: dict[PartialKey, dict[str, Any]], deletion: Deletion, flow: Flow
) -> list[Place]:
    """Take out the values above the series that a deletion reaches, and tell where they stood."""
    marked = {a.id for a in flow.partial_attributes}.intersection(deletion.components)
    if not marked and (deletion.components or deletion.time is not None):
        return []
    taken: list[Place] = []
    for key, values in attachments.items():
        pairs = [(code, mine) for code, mine in zip(deletion.key, key, strict=True) if code]
        # A mark is of its attribute, whose dimensions alone count.
        if all(code == mine or (marked and mine is None) for code, mine in pairs):
            names = marked or tuple(values)
            taken += [(key, name) for name in names if values.pop(name, None) is not None]
    return taken


def complete(
    target: Target, key: Key, outcome: Outcome, attached: Callable[[Component, Key], bool]
) -> Iterator[Finding]:
    """Findings on a series whose segments were put together: repeated keys, mandatory parts.

    `attached` tells whether an attribute above the series has a value for the key.
    """
    for row, first_row, time in outcome.duplicates:
        shown = ".".join(key) + (f" {time}" if time else "")
        yield Finding("VIPMG-231", row, value=shown, rule=str(first_row))
    for row, name, shown in outcome.conflicts:
        yield Finding("VIPMG-232", row, name, shown)
    for one in outcome.mixed:
        yield _of_a_sum(one)
    document = outcome.observations
    times = document[TIME]
    if not times:
        return
    if not outcome.touched:
        # The message speaks of the series alone: what it takes away must not be missed below.
        for component in target.flow.series_attributes:
            taken = component.mandatory and outcome.attributes.get(component.id) is None
            if taken and component.id in outcome.dropped:
                yield Finding("VIPMG-230", outcome.dropped[component.id], component.id)
        return
    first = min(outcome.touched.values())
    for component in target.flow.observation_components:
        if component.mandatory:
            yield from _missing_values(component.id, document, outcome.touched)
    for component in target.flow.series_attributes:
        if component.mandatory and outcome.attributes.get(component.id) is None:
            yield Finding("VIPMG-230", first, component.id)
    for component in target.flow.mandatory_above_series:
        if not attached(component, key):
            yield Finding("VIPMG-230", first, component.id)


def _of_a_sum(one: Dropped) -> Finding:
    """That a row with another value of an attribute was added to the row that is named."""
    value, kept = (each if isinstance(each, str) else _text(each) for each in (one.value, one.kept))
    return Finding("VIPMG-333", one.row, one.name, value, rule=str(one.first_row), allowed=kept)


def _text(value: Any) -> str:  # noqa: ANN401 - of a document
    """A value by language, or of several, as people read it."""
    parts = value.values() if isinstance(value, dict) else value
    return ", ".join(str(part) for part in parts) if isinstance(parts, Iterable) else str(value)


def _missing_values(name: str, document: Document, touched: Mapping[str, int]) -> Iterator[Finding]:
    values = document.get(name)
    if values is None:
        yield from (Finding("VIPMG-230", touched[t], name) for t in document[TIME] if t in touched)
    elif isinstance(values, list) and None in values:
        for time, value in zip(document[TIME], values, strict=True):
            if value is None and time in touched:
                yield Finding("VIPMG-230", touched[time], name)
