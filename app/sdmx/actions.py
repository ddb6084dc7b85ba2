"""What Merge, Replace and Delete do to a series (SDMX 3.1; SDMX-CSV 2.1 field guide, actions).

Append and Information have the effect of Merge. The unit of Replace is the observation: its
measures and observation attributes are put as sent, and what is left out is gone. Attributes
of a series are merged by Replace too.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Context, Decimal, InvalidOperation
from typing import Any, Literal, NamedTuple, TypeAlias

import msgspec

from app.sdmx import series
from app.sdmx.series import EMPTY, TIME, Document, Observation

Action: TypeAlias = Literal["Merge", "Replace", "Delete"]

_EXACT = Context(prec=1000)
"""Numbers are added with all their digits."""

BETWEEN = "; "
"""Between words that are told one after the other."""

ACTIONS: Mapping[str, Action] = {
    "": "Merge",
    "I": "Merge",
    "A": "Merge",
    "M": "Merge",
    "R": "Replace",
    "D": "Delete",
    "Information": "Merge",
    "Append": "Merge",
    "Merge": "Merge",
    "Replace": "Replace",
    "Delete": "Delete",
}


class Segment(msgspec.Struct, array_like=True):
    """Rows of one message that speak of one series with one action, in their order.

    Attributes:
        action: what is done.
        rows: row number in the message of each observation.
        observations: the sent columns; `None` is a cell that was left out. A Delete names
            with any value the components that it deletes; none: the whole observation. Empty:
            the rows speak of the series only.
        attributes: attributes of the series; `None` is one that goes by Replace. With Delete,
            those to delete.
        whole_series: a Delete without a time period: all observations, or in all of them the
            named components (`deleted`).
        deleted: components that a Delete of a whole series names.
        adds: measures whose values are added where two rows have one key, as their map says.
        joins: attributes in words that are then told one after the other.
        origins: then the key that each row has in its own structure: one may not come twice.
    """

    action: Action
    rows: list[int]
    observations: Document
    attributes: dict[str, Any]
    whole_series: bool = False
    deleted: tuple[str, ...] = ()
    adds: tuple[str, ...] = ()
    joins: tuple[str, ...] = ()
    origins: list[str] = []

    @property
    def is_idle(self) -> bool:
        """Whether it does nothing to a series."""
        return not (self.observations or self.attributes or self.whole_series)


class Dropped(NamedTuple):
    """An attribute of a row that was added to another row, which says otherwise.

    Attributes:
        first_row: the row whose value is kept.
    """

    row: int
    first_row: int
    name: str
    kept: Any
    value: Any


@dataclass(slots=True)
class Outcome:
    """A series after its segments.

    Attributes:
        observations: the new document.
        attributes: the new attributes of the series.
        touched: row number of the last row that spoke of each time period.
        duplicates: rows that repeat a key of the same message and action: the row, the first
            row with that key, the time period.
        conflicts: row, attribute of the series and both values where segments disagree.
        dropped: row that took an attribute of the series away, by attribute.
        mixed: attributes that differ between rows whose measures were added.
    """

    observations: Document
    attributes: dict[str, Any]
    touched: dict[str, int]
    duplicates: list[tuple[int, int, str]]
    conflicts: list[tuple[int, str, str]] = field(default_factory=list)
    dropped: dict[str, int] = field(default_factory=dict)
    mixed: Sequence[Dropped] = ()


def apply(
    old: Document | None, attributes: Mapping[str, Any], segments: Sequence[Segment]
) -> Outcome:
    """Apply the segments of one message to a series, in the order of their first rows."""
    if any(segment.adds for segment in segments):
        added = add_up(segments)
        outcome = _apply(old, attributes, added.segments)
        outcome.mixed = added.mixed
        outcome.duplicates += added.duplicates
        return outcome
    return _apply(old, attributes, segments)


def _apply(
    old: Document | None, attributes: Mapping[str, Any], segments: Sequence[Segment]
) -> Outcome:
    conflicts = list(_conflicts(segments)) if len(segments) > 1 else []
    if old is None or not old[TIME]:
        fresh = _fresh(attributes, segments)
        if fresh is not None:
            fresh.conflicts = conflicts
            return fresh
    elif len(segments) == 1:
        grown = _grown(old, attributes, segments[0])
        if grown is not None:
            return grown
    result = Outcome(old or EMPTY, dict(attributes), {}, [], conflicts)
    rows = series.observations(result.observations)
    seen: dict[str, tuple[Action, int]] = {}
    for segment in segments:
        _apply_attributes(result, segment)
        if segment.action == "Delete":
            _delete(rows, segment)
        else:
            _put(rows, segment, seen, result.duplicates)
        result.touched.update(zip(segment.observations.get(TIME, ()), segment.rows, strict=False))
        if segment.action == "Delete":
            seen.clear()
    result.observations = series.from_observations(rows)
    return result


def _fresh(attributes: Mapping[str, Any], segments: Sequence[Segment]) -> Outcome | None:
    """The quick way for a series that is new: columns are joined as they are."""
    if any(s.action == "Delete" or TIME not in s.observations for s in segments):
        return None
    document = segments[0].observations
    rows = segments[0].rows
    if len(segments) > 1:
        parts = [segment.observations for segment in segments]
        document = {name: _joined(parts, name) for name in {n: 0 for part in parts for n in part}}
        rows = [row for segment in segments for row in segment.rows]
    touched = dict(zip(document[TIME], rows, strict=True))
    if len(touched) != len(rows):
        return None
    merged = dict(attributes)
    for segment in segments:
        _take_attributes(merged, segment)
    # A row without any value holds nothing: it is no observation.
    if any(isinstance(v, list) and None in v for v in document.values()) or len(document) == 1:
        kept = {time: row for time, row in series.observations(document).items() if row}
        return Outcome(series.from_observations(kept), merged, touched, [])
    return Outcome(series.compact(series.sort_by_time(document)), merged, touched, [])


def _grown(old: Document, attributes: Mapping[str, Any], segment: Segment) -> Outcome | None:
    """The quick way for observations later than all that are there: columns are lengthened."""
    sent = segment.observations
    if segment.action == "Delete" or TIME not in sent or len(sent) == 1:
        return None
    times, last = sent[TIME], old[TIME][-1]
    if not series.of_one_shape([last, *times]) or min(times) <= last:
        return None
    if any(isinstance(column, list) and None in column for column in sent.values()):
        return None  # a row without any value holds nothing: the long way sees to it
    touched = dict(zip(times, segment.rows, strict=True))
    if len(touched) != len(times):
        return None
    more = series.sort_by_time(sent)
    document = {name: _joined((old, more), name) for name in {**old, **more}}
    merged = dict(attributes)
    _take_attributes(merged, segment)
    return Outcome(series.compact(document), merged, touched, [])


def _joined(parts: Sequence[Document], name: str) -> Any:  # noqa: ANN401
    """A column of several documents one after the other; one value where all have the same."""
    first = parts[0].get(name)
    if not isinstance(first, list) and all(part.get(name) == first for part in parts):
        return first
    return [value for part in parts for value in series.column(part, name)]


def _conflicts(segments: Sequence[Segment]) -> Iterator[tuple[int, str, str]]:
    """Attributes of the series to which one message gives two values by the same action."""
    sent: dict[tuple[Action, str], Any] = {}
    for segment in segments:
        if segment.action == "Delete":
            sent.clear()
            continue
        for name, value in segment.attributes.items():
            known = sent.setdefault((segment.action, name), value)
            if known != value and known is not None and value is not None:
                yield segment.rows[0], name, f"{known} / {value}"


def _apply_attributes(result: Outcome, segment: Segment) -> None:
    if segment.action == "Delete":
        for name in segment.attributes:
            if result.attributes.pop(name, None) is not None and segment.rows:
                result.dropped[name] = segment.rows[0]
    else:
        _take_attributes(result.attributes, segment)


def _take_attributes(attributes: dict[str, Any], segment: Segment) -> None:
    for name, value in segment.attributes.items():
        if value is None:
            attributes.pop(name, None)
        else:
            attributes[name] = value


def _put(
    rows: dict[str, Observation],
    segment: Segment,
    seen: dict[str, tuple[Action, int]],
    duplicates: list[tuple[int, int, str]],
) -> None:
    if TIME not in segment.observations:
        return
    names = [name for name in segment.observations if name != TIME]
    values = series.rows_of(segment.observations, names)
    for row, (time, *cells) in zip(segment.rows, values, strict=True):
        known = seen.get(time)
        if known is not None and known[0] == segment.action:
            duplicates.append((row, known[1], time))
        else:
            seen[time] = segment.action, row
        sent = {name: cell for name, cell in zip(names, cells, strict=True) if cell is not None}
        new = sent if segment.action == "Replace" else rows.get(time, {}) | sent
        if new:
            rows[time] = new
        else:
            rows.pop(time, None)


def _delete(rows: dict[str, Observation], segment: Segment) -> None:
    if segment.whole_series:
        for time in list(rows):
            _drop(rows, time, segment.deleted)
        return
    if TIME not in segment.observations:
        return
    names = [name for name in segment.observations if name != TIME]
    for time, *cells in series.rows_of(segment.observations, names):
        marked = [name for name, cell in zip(names, cells, strict=True) if cell is not None]
        # Marks on attributes of the series alone leave the observation as it is.
        if marked or not segment.attributes:
            _drop(rows, time, marked)


def _drop(rows: dict[str, Observation], time: str, components: Sequence[str]) -> None:
    observation = rows.get(time)
    if observation is None:
        return
    kept = {k: v for k, v in observation.items() if k not in components} if components else {}
    if kept:
        rows[time] = kept
    else:
        del rows[time]


@dataclass(slots=True)
class Added:
    """Segments after those that are to be added were.

    Attributes:
        segments: in the order of their first rows.
        mixed: attributes that differ between rows that were added.
        duplicates: rows that repeat a key of their own structure, as in `Outcome`: not added.
    """

    segments: Sequence[Segment] = ()
    mixed: list[Dropped] = field(default_factory=list)
    duplicates: list[tuple[int, int, str]] = field(default_factory=list)
    seen: dict[tuple[Action, str, str], int] = field(default_factory=dict)

    def repeats(self, action: Action, row: int, time: str, origin: str) -> bool:
        """Whether a row repeats one that was added, which is noted."""
        first = self.seen.setdefault((action, time, origin), row)
        if first != row:
            self.duplicates.append((row, first, time))
        return first != row


def add_up(segments: Sequence[Segment]) -> Added:
    """The segments with one row for each time period of those whose measures are added.

    Numbers are added exactly, words of attributes told one after the other; of all else the first
    value stays, and what is dropped is told.
    """
    added = Added()
    kept: list[Segment] = []
    sums: dict[Action, Segment] = {}
    for segment in segments:
        if not segment.adds or segment.action == "Delete" or TIME not in segment.observations:
            kept.append(segment)
            continue
        known = sums.get(segment.action)
        if known is None:
            known = sums[segment.action] = Segment(segment.action, [], {TIME: []}, {})
        for name, value in segment.attributes.items():
            first = known.attributes.setdefault(name, value)
            if first != value and first is not None and value is not None:
                added.mixed.append(Dropped(segment.rows[0], known.rows[0], name, first, value))
        _add_rows(known, segment, added)
    added.segments = sorted((*kept, *sums.values()), key=lambda segment: segment.rows[0])
    return added


def _add_rows(known: Segment, more: Segment, added: Added) -> None:
    """Add rows to those of a segment, period by period."""
    document = known.observations
    places = {time: place for place, time in enumerate(document[TIME])}
    names = [name for name in more.observations if name != TIME]
    for name in names:
        document.setdefault(name, [None] * len(places))
    origins = more.origins or [str(row) for row in more.rows]
    rows = zip(more.rows, origins, series.rows_of(more.observations, names), strict=True)
    for row, origin, (time, *cells) in rows:
        if added.repeats(more.action, row, time, origin):
            continue
        place = places.setdefault(time, len(places))
        if place == len(known.rows):
            known.rows.append(row)
            document[TIME].append(time)
            for name, column in document.items():
                if name != TIME:
                    column.append(None)
        for name, cell in zip(names, cells, strict=True):
            before = document[name][place]
            if name in more.adds:
                document[name][place] = _sum(before, cell)
            elif name in more.joins:
                document[name][place] = _words(before, cell)
            else:
                document[name][place] = _first(before, cell)
                if before != cell and before is not None and cell is not None:
                    added.mixed.append(Dropped(row, known.rows[place], name, before, cell))


def _first(one: Any, other: Any) -> Any:  # noqa: ANN401
    return other if one is None else one


def _words(one: Any, other: Any) -> Any:  # noqa: ANN401
    """Two texts one after the other, each once."""
    if not (isinstance(one, str) and isinstance(other, str)):
        return _first(one, other)
    return one if other in one.split(BETWEEN) else f"{one}{BETWEEN}{other}"


def _sum(one: Any, other: Any) -> Any:  # noqa: ANN401
    """Two values of a measure together, exactly as decimals."""
    if one is None or other is None:
        return _first(one, other)
    try:
        total = _EXACT.add(Decimal(one), Decimal(other))
    except InvalidOperation:
        return one
    return f"{total:f}" if total.is_finite() else one
