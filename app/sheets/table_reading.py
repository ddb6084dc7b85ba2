"""Reading a table row by row: each gives an observation, or one for each column across."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from app.sdmx.flow import Component, Flow
from app.sdmx.messages.data_reading import Column, join_languages
from app.sheets.cells import SEPARATOR, CellReader, Fault, show
from app.sheets.periods import PeriodParts, find_year, read_parts
from app.sheets.table import MONTH, QUARTER, SKIP, YEAR, ZERO, Source, Table
from app.sheets.workbook import Cell, Merged, Row

STATUS = "OBS_STATUS"
LABELS_LOOKED_AT = 3
"""Filled cells of a row, from the left, in which the word for a total is looked for."""


@dataclass(slots=True)
class Record:
    """One observation as it was read.

    Attributes:
        row: its row in the sheet.
        across: place among the columns across; -1 where each row is one observation.
        head: kind, structure and action.
        values: text by component, in the order of `TableReading.names`.
        faults: what is wrong with cells themselves, by component.
    """

    row: int
    across: int
    head: tuple[str, str, str]
    values: list[str]
    faults: list[tuple[str, Fault]]


class TableReading:
    """Reads the rows of one table.

    Args:
        table: where everything is.
        flow: the dataflow; without one cells are read as they stand.

    Attributes:
        names: components, in the order of the values.
        columns: the same, as columns of a message.
    """

    def __init__(self, table: Table, flow: Flow | None) -> None:
        self._table = table
        self._flow = flow
        self._time = flow.time.id if flow and flow.time else "TIME_PERIOD"
        self._frequency_of = (
            flow.dimensions[flow.frequency].id if flow and flow.frequency is not None else "FREQ"
        )
        self._sources: dict[str, list[Source]] = {}
        for source in table.sources:
            self._sources.setdefault(source.component, []).append(source)
        given = [*self._sources, *table.fixed, *table.defaults]
        given += [name for each in table.across for name in each.values]
        if table.across:
            given.append(table.measure)
        if table.marks and flow and STATUS in flow.components:
            given.append(STATUS)
        whole = {name for name in given if ":" not in name}
        if any(name.partition(":")[0] == self._time for name in given):
            whole.add(self._time)
        order = [self._frequency_of, *given, self._time]
        self.names = [name for name in dict.fromkeys(order) if name in whole]
        self._place = {name: place for place, name in enumerate(self.names)}
        self._cells = {name: CellReader(self._component(name), flow, table) for name in self.names}
        self._once = {name for name in table.fixed if self._is_said_once(name)}
        self.columns = {name: self._column(place, name) for place, name in enumerate(self.names)}
        self._singles = [
            (name, sources[0].column)
            for name, sources in self._sources.items()
            if len(sources) == 1
        ]
        self._in_languages = {source.component for source in table.sources if source.language}
        parts = (name for name in given if name.startswith(f"{self._time}:"))
        self._has_parts = next(parts, None) is not None
        self._heads: dict[tuple[Cell, ...], tuple[str, str, str]] = {}
        self._above: dict[int, Cell] = {}
        self._said: set[str] = set()

    def records(self, rows: Iterable[Row], merged: Sequence[Merged]) -> Iterator[Record]:
        """The observations of the table, in order of rows and columns."""
        table, last = self._table, 0
        # A figure in a merged cell is one figure, and not one for each cell.
        areas = MergedAreas(merged if table.fill_merged else (), self._figures())
        for row in rows:
            cells = areas.fill(row, data=row.number >= table.first_row)
            if row.number < table.first_row:
                continue
            if self._ends(row.number, cells, last):
                return
            last = row.number
            if table.skips is not None and self._is_skipped(cells):
                continue
            self._fill_down(cells)
            if table.needed and not any(_cell(cells, c) != "" for c in table.needed):
                continue
            yield from self._read(row.number, cells)

    def _figures(self) -> frozenset[int]:
        """The columns of measures."""
        across = {column.column for column in self._table.across}
        own = {s.column for s in self._table.sources if self._is_measure(s.component)}
        return frozenset(across | own)

    def _ends(self, number: int, cells: list[Cell], last: int) -> bool:
        table = self._table
        if table.stop_at_empty and last and number > last + 1:
            return True
        if table.stops is None:
            return False
        first = next((cell for cell in cells if cell != ""), "")
        return isinstance(first, str) and table.stops(first)

    def _is_skipped(self, cells: list[Cell]) -> bool:
        assert self._table.skips is not None  # noqa: S101 - asked before
        labels = [cell for cell in cells if isinstance(cell, str) and cell.strip()]
        return any(map(self._table.skips, labels[:LABELS_LOOKED_AT]))

    def _fill_down(self, cells: list[Cell]) -> None:
        for source in self._table.sources:
            if not source.fill:
                continue
            cell = _cell(cells, source.column)
            if cell == "":
                cells.extend([""] * (source.column + 1 - len(cells)))
                cells[source.column] = self._above.get(source.column, "")
            else:
                self._above[source.column] = cell

    def _read(self, number: int, cells: list[Cell]) -> Iterator[Record]:
        width = len(cells)
        found = {name: cells[at] if at < width else "" for name, at in self._singles}
        head = self._head(cells)
        if not self._table.across:
            yield self._record(number, -1, head, found, cells)
            return
        for place, column in enumerate(self._table.across):
            value = _cell(cells, column.column)
            if value == "" or self._mark(value) == SKIP:
                continue
            measured = found | dict(column.values) | {self._table.measure: value}
            yield self._record(number, place, head, measured, cells)

    def _record(
        self,
        number: int,
        across: int,
        head: tuple[str, str, str],
        found: Mapping[str, Cell],
        cells: list[Cell],
    ) -> Record:
        values: list[str] = []
        faults: list[tuple[str, Fault]] = []
        frequency: str | None = None
        for name in self.names:
            if self._has_parts and name == self._time:
                read = self._period(found, frequency)
            elif name in self._in_languages:
                read = self._texts(name, cells)
            else:
                read = self._value(name, found, frequency)
            if isinstance(read, Fault):
                faults.append((name, read))
                read = ""
            elif name == self._frequency_of:
                frequency = read or None
            values.append(read)
        if self._table.marks:
            self._take_marks(found, values)
        self._said |= self._once
        return Record(number, across, head, values, faults)

    def _value(self, name: str, found: Mapping[str, Cell], frequency: str | None) -> str | Fault:
        table, cell = self._table, found.get(name, "")
        if cell == "":
            if name in table.fixed and name not in self._said:
                cell = table.fixed[name].value
            else:
                return table.defaults.get(name, "")
        elif table.marks and self._mark(cell) is not None and self._is_measure(name):
            return ""
        read = self._cells[name].read(cell, frequency, many=self.columns[name].many)
        return table.defaults.get(name, "") if read == "" else read

    def _period(self, found: Mapping[str, Cell], frequency: str | None) -> str | Fault:
        """The period of a row: of its cell, with the year that another one gives, or of parts."""
        parts = PeriodParts()
        for part in (YEAR, MONTH, QUARTER):
            name = f"{self._time}:{part}"
            cell = found.get(name, "")
            if cell == "" and name in self._table.fixed:
                cell = self._table.fixed[name].value
            _take_part(parts, part, show(cell))
        read = self._value(self._time, found, frequency)
        if parts == PeriodParts() or isinstance(read, Fault):
            return read
        if not read:
            return parts.text() or " ".join(str(n) for n in (parts.month, parts.year) if n)
        more = read_parts(read, frequency)
        if more is None or more.year is not None:
            return read
        more.year = parts.year
        return more.text() or read

    def _texts(self, name: str, cells: list[Cell]) -> str | Fault:
        """A text in several languages, each in a column of its own."""
        texts: dict[str, str] = {}
        for source in self._sources[name]:
            read = self._cells[name].read(_cell(cells, source.column))
            if isinstance(read, Fault):
                return read
            if read:
                texts[source.language] = read.removeprefix(f"{source.language}:")
        return join_languages(texts, SEPARATOR)

    def _mark(self, cell: Cell) -> str | None:
        """What stands for a missing value: `zero`, `skip` or a code of OBS_STATUS."""
        if not isinstance(cell, str):
            return None
        return self._table.marks.get(mark_key(cell)) if cell else None

    def _take_marks(self, found: Mapping[str, Cell], values: list[str]) -> None:
        """Zeros, and the status of values that are missing."""
        for name in self.names:
            if not self._is_measure(name):
                continue
            mark = self._mark(found.get(name, ""))
            if mark == ZERO:
                values[self._place[name]] = "0"
            elif mark not in {None, SKIP} and STATUS in self._place:
                own = found.get(STATUS, "")
                if own == "":
                    values[self._place[STATUS]] = mark or ""

    def _head(self, cells: list[Cell]) -> tuple[str, str, str]:
        heads = self._table.heads
        if heads is None:
            return self._table.kind, self._table.structure, ""
        action = "" if heads.action is None else _cell(cells, heads.action)
        sent = (_cell(cells, heads.kind), _cell(cells, heads.structure), action)
        try:
            known = self._heads.get(sent)
        except TypeError:  # a date or an error stands there
            return show(sent[0]), show(sent[1]), show(action)
        if known is None:
            known = self._heads[sent] = show(sent[0]), show(sent[1]), show(action)
        return known

    def _component(self, name: str) -> Component | None:
        return self._flow.components.get(name) if self._flow else None

    def _is_measure(self, name: str) -> bool:
        component = self._component(name)
        return component is not None and component.level == "measure"

    def _is_said_once(self, name: str) -> bool:
        """Whether a value of the whole table need not stand in each of its rows."""
        component = self._component(name)
        if component is None or component.level != "partial" or self._flow is None:
            return False
        dimensions = (self._flow.dimensions[place].id for place in component.positions)
        fixed = {*self._table.fixed, *self._table.defaults}
        return all(each in fixed for each in dimensions)

    def _column(self, place: int, name: str) -> Column:
        sources = self._sources.get(name, [])
        header = sources[0].header if sources else name
        languages = tuple(source.language for source in sources if source.language)
        if len(sources) == 1 and not languages:
            languages = sources[0].languages
        if not sources and name in self._table.fixed:
            languages = self._table.fixed[name].languages
        many = any(source.many for source in sources)
        return Column(place, header or name, name, many=many, languages=languages)


class MergedAreas:
    """Gives each cell of a merged area the value of its first one.

    Args:
        merged: the areas.
        figures: columns that are left as they are where the data are.
    """

    def __init__(self, merged: Sequence[Merged], figures: frozenset[int] = frozenset()) -> None:
        self._figures = figures
        self._coming = sorted(merged, key=lambda area: area[0], reverse=True)
        self._open: list[tuple[Merged, Cell]] = []

    def fill(self, row: Row, *, data: bool = False) -> list[Cell]:
        """The cells of a row; rows are asked for in order."""
        cells, place = row.cells, row.number - 1
        while self._coming and self._coming[-1][0][0] <= place:
            area = self._coming.pop()
            first = _cell(cells, area[0][1]) if area[0][0] == place else ""
            self._open.append((area, first))
        self._open = [each for each in self._open if each[0][1][0] >= place]
        for ((_, left), (_, right)), value in self._open:
            if value == "" or right >= len(cells) + MOST_FILLED:
                continue
            cells.extend([""] * (right + 1 - len(cells)))
            for column in range(left, right + 1):
                if cells[column] == "" and not (data and column in self._figures):
                    cells[column] = value
        return cells


MOST_FILLED = 2_000
"""Columns beyond those of a row that a merged area may fill."""


def mark_key(text: str) -> str:
    """A mark for a missing value as it is looked up: `n.d.` and `ND` are the same."""
    return text.replace(".", "").replace(" ", "").strip().casefold() or text.strip()


def _cell(cells: Sequence[Cell], column: int) -> Cell:
    return cells[column] if column < len(cells) else ""


def _take_part(parts: PeriodParts, part: str, label: str) -> None:
    if not label:
        return
    if part == YEAR:
        year = find_year(label)
        parts.year = int(year) if year else parts.year
        return
    read = read_parts(label, "M" if part == MONTH else "Q")
    if read is not None:
        parts.month = read.month if part == MONTH else parts.month
        parts.quarter = read.quarter if part == QUARTER else parts.quarter
        parts.year = parts.year or read.year
