"""Series as they are stored, told apart: those of which only the values vary, and the others.

Mostly only the periods and one measure vary along a series, and what else is said of it is the
same for many series. A writer puts that together once for each combination.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any, Final, Generic, TypeVar

import msgspec
import orjson

from app.sdmx.flow import Component
from app.sdmx.messages.data_message import Layout, SeriesData, StoredSeries
from app.sdmx.series import TIME
from app.sdmx.values import MISSING

KNOWN: Final = 10_000
"""Combinations that are remembered."""

NUMBERS: Final = frozenset(
    {"Decimal", "Integer", "Long", "Short", "Count", "BigInteger", "Float", "Double"}
)
"""Data types whose values are plain text in every format."""

T = TypeVar("T")


class PlainSeries(msgspec.Struct, Generic[T], frozen=True, gc=False):
    """A series of which only the values vary.

    Attributes:
        key: its codes.
        same: what the writer made of all that is the same.
    """

    key: list[str]
    times: list[str]
    values: list[str]
    same: T


class StoredReader(Generic[T]):
    """Reads series as they are stored.

    `make` gives what a writer needs of values that are the same for a whole series; it is asked
    with a series that has no key, no periods and no measure.
    """

    def __init__(self, measure: str, make: Callable[[SeriesData], T]) -> None:
        self._measure = measure
        self._make = make
        self._constant: Mapping[str, Any] = {}
        self._known: dict[Any, T] = {}

    def read(self, batch: StoredSeries) -> Iterator[PlainSeries[T] | SeriesData]:
        """The series of a batch in their order; those that are not plain as any other."""
        if batch.constant is not self._constant or len(self._known) > KNOWN:
            self._constant, self._known = batch.constant, {}
        known, loads, measure = self._known, orjson.loads, self._measure
        for key, observations, attributes in batch.rows:
            document = loads(observations)
            times, values = document.pop(TIME), document.pop(measure, None)
            if isinstance(values, list) and None not in values and MISSING not in values:
                try:
                    same = known[attributes, tuple(document.items())]
                except (KeyError, TypeError):  # not known yet, or values that vary
                    found = self._found(batch.constant, attributes, document)
                    if found is not None:
                        yield PlainSeries(key.split(","), times, values, found)
                        continue
                else:
                    yield PlainSeries(key.split(","), times, values, same)
                    continue
            upper = {**batch.constant, **loads(attributes)}
            yield SeriesData(tuple(key.split(",")), loads(observations), upper)

    def _found(
        self, constant: Mapping[str, Any], attributes: str, document: dict[str, Any]
    ) -> T | None:
        """What the writer makes of a combination; nothing where more than the values vary."""
        if any(isinstance(value, list | dict) for value in document.values()):
            return None
        same = self._make(SeriesData((), document, {**constant, **orjson.loads(attributes)}))
        self._known[attributes, tuple(document.items())] = same
        return same


def is_plain(layout: Layout) -> bool:
    """Whether series of a layout can be plain: along time, with one number, all keys coded."""
    flow = layout.flow
    return (
        layout.observations
        and not layout.is_section
        and flow.time is not None
        and len(layout.measures) == 1
        and is_number(layout.measures[0])
        and all(dimension.codes is not None for dimension in flow.dimensions)
    )


def is_number(component: Component) -> bool:
    """Whether the values of a component are plain text in every format."""
    return component.codes is None and component.data_type in NUMBERS
