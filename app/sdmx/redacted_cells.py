"""Figures by where they stand, to tell again which rows of a file hold what is redacted.

Kept as numbers and not as texts: there may be as many as a file has rows.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final, TypeAlias

from app.sdmx.actions import Segment
from app.sdmx.series import TIME

Figures: TypeAlias = tuple[Any, ...]
"""The values of the measures, as text."""

DELETES: Final = "Delete"


@dataclass(slots=True)
class Cells:
    """Figures by key and time period; where a map adds rows, places alone."""

    _figures: set[int] = field(default_factory=set)
    _places: set[int] = field(default_factory=set)

    def __bool__(self) -> bool:
        return bool(self._figures or self._places)

    def add(self, key: Sequence[str | None], time: str, figures: Figures) -> None:
        """Take a figure."""
        self._figures.add(_figure(key, time, figures))

    def add_place(self, key: Sequence[str | None], time: str) -> None:
        """Take whatever figure stands at a place."""
        self._places.add(_place(key, time))

    def holds(self, key: Sequence[str | None], time: str, figures: Figures) -> bool:
        """Whether the figure is among them."""
        return _place(key, time) in self._places or _figure(key, time, figures) in self._figures


@dataclass(slots=True)
class Taken:
    """The figures that a redaction takes out of one agreement.

    Attributes:
        measures: ids of the measures.
        texts: the figures, wherever they stand.
        keys: the series that they stand in.
        periods: their time periods.
        publications: that said anything of the same series.
    """

    measures: Sequence[str]
    texts: set[str] = field(default_factory=set)
    keys: set[tuple[str | None, ...]] = field(default_factory=set)
    periods: set[str] = field(default_factory=set)
    publications: set[int] = field(default_factory=set)
    _cells: Cells = field(default_factory=Cells)
    _places: Cells = field(default_factory=Cells)

    def add(self, key: Sequence[str | None], time: str, value: Mapping[str, Any]) -> None:
        """Take a version of an observation."""
        figures = tuple(value.get(name) for name in self.measures)
        self.keys.add(tuple(key))
        self.periods.add(time)
        self.texts.update(each for each in figures if isinstance(each, str))
        self._cells.add(key, time, figures)
        self._places.add_place(key, time)

    def rows_in(self, key: Sequence[str | None], segment: Segment) -> Iterator[int]:
        """The rows of a segment that say what is taken; of rows that are added, all of a place."""
        cells = self._places if segment.adds else self._cells
        for row, time, figures in rows_of(segment, self.measures):
            if cells.holds(key, time, figures):
                yield row


def rows_of(segment: Segment, measures: Sequence[str]) -> Iterator[tuple[int, str, Figures]]:
    """Row, time period and figures of each observation that a segment puts."""
    if segment.action == DELETES or not segment.observations:
        return
    columns = [segment.observations.get(name) for name in measures]
    for place, (row, time) in enumerate(zip(segment.rows, segment.observations[TIME], strict=True)):
        yield row, time, tuple(c[place] if isinstance(c, list) else c for c in columns)


def _figure(key: Sequence[str | None], time: str, figures: Figures) -> int:
    return hash((tuple(key), time, figures))


def _place(key: Sequence[str | None], time: str) -> int:
    return hash((tuple(key), time))
