"""The rows of an SDMX-ML message on their way into batches, and where each stands."""

from __future__ import annotations

from array import array
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final, TypeAlias

from app.sdmx.actions import Action
from app.sdmx.messages.data_cells import Cell, Forms, check_width
from app.sdmx.messages.data_reading import Batch, Location, StructureKind
from app.sdmx.messages.places import Runs

Row: TypeAlias = dict[str, Any]

_ALONE: Final = 1 << 40
"""The number of a run that is one element, no observations."""


class MlRows:
    """Rows of the dataset that is open, until they are taken as batches.

    Attributes:
        count: rows taken so far.
        observation: how a path names the observations of a message.
    """

    def __init__(self, forms: Forms) -> None:
        self.count = 0
        self.observation = "Obs"
        self._forms = forms
        self._reference: tuple[StructureKind, str] = "dataflow", ""
        self._action: Action = "Merge"
        self._observations: list[Row] = []
        self._lines: list[int] = []
        self._above: list[tuple[int, Row, str, int]] = []
        self._open: list[tuple[Row, str, int]] = []
        self._runs = Runs()
        self._all_lines = array("I")

    @property
    def waiting(self) -> int:
        """Rows that are in no batch yet."""
        return len(self._observations) + len(self._open)

    def begin(self, reference: tuple[StructureKind, str], action: Action) -> None:
        """A dataset begins."""
        self._reference, self._action = reference, action
        self._above = []

    def above(self, row: Row, path: str, number: int) -> None:
        """What follows are observations with this above them; the next one has this number."""
        self._above.append((len(self._observations), row, path, number))

    def observe(self, row: Row, line: int) -> None:
        """An observation; more may be put into the row while its element is open."""
        self._observations.append(row)
        self._lines.append(line)

    def alone(self, row: Row, path: str, line: int) -> None:
        """A row that leaves dimensions open."""
        self._open.append((row, path, line))

    def take(self, *, keep_last: bool) -> Iterator[Batch]:
        """All that waits, as batches; without the last observation, whose element is open."""
        if self._open:
            taken, self._open = self._open, []
            names = _names([row for row, _, _ in taken])
            columns = {name: [row.get(name, "") for row, _, _ in taken] for name in names}
            for place, (_, path, line) in enumerate(taken, self.count + 1):
                self._runs.add(place, _ALONE, path)
                self._all_lines.append(line)
            yield self._batch(columns, len(taken), frozenset())
        size = len(self._observations) - keep_last
        if size > 0:
            yield self._take_observations(size)

    def locate(self, row: int) -> Location:
        """The element of a row, by its path, and its line."""
        found = self._runs.find(row)
        if found is None or row > len(self._all_lines):
            return Location(row if row > 1 else None)
        first, number, path = found
        if number != _ALONE:
            path = f"{path}/{self.observation}[{number + row - first}]"
        return Location(self._all_lines[row - 1], path)

    def _take_observations(self, size: int) -> Batch:
        rows, self._observations = self._observations[:size], self._observations[size:]
        self._all_lines.extend(self._lines[:size])
        self._lines = self._lines[size:]
        runs: list[tuple[Mapping[str, Cell], int]] = []
        bounds = [start for start, *_ in self._above[1:]] + [size]
        for (start, above, path, number), end in zip(self._above, bounds, strict=True):
            end = min(end, size)
            if end > start:
                runs.append((above, end - start))
                self._runs.add(self.count + 1 + start, number, path)
        start, above, path, number = self._above[-1]
        self._above = [(0, above, path, number + max(size - start, 0))]
        columns = _columns(rows, runs)
        own = _names(rows)
        over = frozenset(columns).difference(own) if self._action == "Delete" else frozenset()
        return self._batch(columns, size, over)

    def _batch(
        self, columns: Mapping[str, Sequence[Cell]], size: int, above: frozenset[str]
    ) -> Batch:
        first = self.count + 1
        self.count += size
        cells, form = self._forms.write(columns)
        kind, structure = self._reference
        rows = range(first, first + size)
        return Batch(kind, structure, self._action, rows, cells, form, above=above)


def _names(rows: Sequence[Mapping[str, Any]]) -> list[str]:
    """The components that rows name, in the order of the first that do."""
    every = set().union(*rows)
    check_width(len(every))
    first = [name for name in rows[0] if name in every]
    return [
        name for name in (*first, *sorted(every.difference(first))) if " " not in name
    ]  # a blank: of another namespace


def _columns(
    rows: Sequence[Mapping[str, Any]], runs: Sequence[tuple[Mapping[str, Cell], int]]
) -> dict[str, list[Cell]]:
    """The columns of observations and of what is above them; the observation's own counts."""
    columns: dict[str, list[Cell]] = {}
    for name in _names([above for above, _ in runs]):
        column: list[Cell] = []
        for above, size in runs:
            column += [above.get(name, "")] * size
        columns[name] = column
    for name in _names(rows):
        if name in columns:
            pairs = zip(rows, columns[name], strict=True)
            columns[name] = [row.get(name, higher) for row, higher in pairs]
        else:
            columns[name] = [row.get(name, "") for row in rows]
    return columns
