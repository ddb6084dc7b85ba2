"""Series documents: the observations of one time series as columns in time order.

A document maps component ids to columns: `TIME_PERIOD` is the first, and always a list, in time
order; any other component is a list of the same length, or one value that holds for all of them.
`None` is no value, and a component without values is left out. Numbers are the decimal text
that was sent. A multi-valued value is a list, and so never stands as the one value for all.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, TypeAlias

from app.sdmx.time_period import parse_time_period

TIME = "TIME_PERIOD"

Document: TypeAlias = dict[str, Any]
"""Component id to column, see the module."""

Observation: TypeAlias = dict[str, Any]
"""One observation: component id to value, without its time period and without `None`."""


EMPTY: Document = {TIME: []}
"""A series without observations."""


def count(document: Mapping[str, Any]) -> int:
    """Number of observations."""
    return len(document[TIME])


def column(document: Mapping[str, Any], component: str) -> list[Any]:
    """The values of a component, one an observation, `None` where there is none."""
    values = document.get(component)
    return values if isinstance(values, list) else [values] * len(document[TIME])


def observations(document: Mapping[str, Any]) -> dict[str, Observation]:
    """The document by time period, in time order."""
    names = [name for name in document if name != TIME]
    columns = [column(document, name) for name in names]
    rows = zip(*columns, strict=True) if columns else iter([()] * count(document))
    return {
        time: {name: value for name, value in zip(names, row, strict=True) if value is not None}
        for time, row in zip(document[TIME], rows, strict=True)
    }


def from_observations(rows: Mapping[str, Observation]) -> Document:
    """The document of observations by time period, in any order."""
    times = in_time_order(rows)
    names = dict.fromkeys(name for time in times for name in rows[time])
    return compact({TIME: times} | {n: [rows[t].get(n) for t in times] for n in names})


def compact(document: Document) -> Document:
    """The same document with one value for a component where it is the same for all."""
    times = document[TIME]
    result: Document = {TIME: times}
    for name, values in document.items():
        if name == TIME:
            continue
        if isinstance(values, list) and times:
            first = values[0]
            if not isinstance(first, list) and values.count(first) == len(values):
                values = first
        if values is not None:
            result[name] = values
    return result


def in_time_order(times: Iterable[str]) -> list[str]:
    """Time periods by the start of their frames; text of one shape sorts as it stands."""
    ordered = list(times)
    if len(ordered) < 2:
        return ordered
    if of_one_shape(ordered):
        ordered.sort()
    else:
        ordered.sort(key=_start)
    return ordered


def sort_by_time(document: Document) -> Document:
    """The document with its observations in time order; the same object if they are."""
    times = document[TIME]
    ordered = in_time_order(times)
    if ordered == times:
        return document
    places = {time: place for place, time in enumerate(times)}
    order = [places[time] for time in ordered]
    return {
        name: [values[place] for place in order] if isinstance(values, list) else values
        for name, values in document.items()
    }


def take(document: Mapping[str, Any], places: list[int]) -> Document:
    """The observations at these places, in the order given."""
    return {
        name: [values[place] for place in places] if isinstance(values, list) else values
        for name, values in document.items()
    }


def period_bounds(document: Mapping[str, Any]) -> tuple[dt.date | None, dt.date | None]:
    """First day of the first period and last day that any covers, or nothing without time."""
    times = document[TIME]
    if not times or not times[0]:
        return None, None
    ends = times[-1:] if of_one_shape(times) else times
    last = max(parse_time_period(time).end_date for time in ends)
    return parse_time_period(times[0]).start_date, last


def overlay(document: Document, over: Iterable[Document]) -> Document:
    """The document with the observations of `over` put in the place of its own."""
    layers = [layer for layer in over if layer[TIME]]
    if not layers:
        return document
    rows = observations(document)
    for layer in layers:
        rows.update(observations(layer))
    return from_observations(rows)


def difference(old: Document | None, new: Document) -> tuple[Document | None, list[str]]:
    """What leads from `old` to `new`: observations to put, and time periods to delete."""
    if old is None or not old[TIME]:
        return (new if new[TIME] else None), []
    if old == new:
        return None, []
    size = count(old)
    if new[TIME][:size] == old[TIME] and _begins_with(new, old, size):
        return compact(take(new, list(range(size, count(new))))), []
    before, after = observations(old), observations(new)
    put = {time: row for time, row in after.items() if before.get(time) != row}
    gone = [time for time in before if time not in after]
    return (from_observations(put) if put else None), gone


def _begins_with(new: Document, old: Document, size: int) -> bool:
    """Whether nothing that was there has changed, so that `new` only has more."""
    return count(new) > size and all(
        column(old, name) == column(new, name)[:size] for name in {**old, **new} if name != TIME
    )


def rows_of(document: Mapping[str, Any], components: Iterable[str]) -> Iterator[tuple[Any, ...]]:
    """The document row by row: time period, then the components in the order given."""
    return zip(document[TIME], *(column(document, name) for name in components), strict=True)


def of_one_shape(times: list[str]) -> bool:
    """Whether periods are of one shape, so that they begin and end in the order of their text."""
    first = times[0]
    if len(first) > 10 or len(set(map(len, times))) != 1:  # ranges and instants may overlap
        return False
    letter = first[5:6]
    if letter.isalpha():
        return all(time[5:6] == letter for time in times)
    return not any(time[5:6].isalpha() for time in times)


def _start(time: str) -> tuple[dt.datetime, dt.datetime]:
    period = parse_time_period(time)
    return period.start, period.end
