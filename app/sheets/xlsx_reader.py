"""Reading a workbook as a data message: a filled template, a plain sheet, or by a layout."""

from __future__ import annotations

from array import array
from bisect import bisect_left
from collections.abc import Callable, Generator, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Final

from app.sdmx.actions import ACTIONS
from app.sdmx.findings import Finding, UnreadableError
from app.sdmx.flow import Flow
from app.sdmx.intake import Target
from app.sdmx.messages.data_reading import BATCH_ROWS, Batch, Form, Location, StructureKind
from app.sheets.addresses import cell_address
from app.sheets.cells import SEPARATOR
from app.sheets.header_reading import plain_tables, template_facts, template_table
from app.sheets.layout import Layout
from app.sheets.layout_reading import layout_tables
from app.sheets.table import Table
from app.sheets.table_reading import Record, TableReading
from app.sheets.workbook import MAX_ROWS as MAX_ROWS
from app.sheets.workbook import Readable, Workbook

_KINDS: Final = frozenset({"dataflow", "datastructure", "dataprovision"})


@dataclass(slots=True)
class _Places:
    """Where the rows of one table stand, by their number in the message."""

    table: Table
    columns: dict[str, int]
    numbers: array[int] = field(default_factory=lambda: array("Q"))
    rows: array[int] = field(default_factory=lambda: array("L"))
    across: array[int] = field(default_factory=lambda: array("h"))

    def add(self, number: int, record: Record) -> None:
        self.numbers.append(number)
        self.rows.append(record.row)
        self.across.append(record.across)


class XlsxReader:
    """Reads one workbook.

    Args:
        source: its bytes, with a method `read`.
        resolve: the target of a structure as named (kind, `AGENCY:ID(VERSION)`), or the code of
            the finding that says why there is none.
        agreement: `AGENCY:ID` of the agreement that was named with the file.
        dataflow: `AGENCY:ID(VERSION)` of a dataflow that was named with it instead.
        layout: how its sheets are laid out; without one it is a template, or has a header.
        max_rows: observations that it may have.

    Attributes:
        findings: what is wrong with cells and headers; filled while it is read.
        row_count: observations read so far.
    """

    def __init__(
        self,
        source: Readable,
        resolve: Callable[[str, str], Target | str],
        *,
        agreement: str | None = None,
        dataflow: str | None = None,
        layout: Layout | None = None,
        max_rows: int = MAX_ROWS,
    ) -> None:
        self.findings: list[Finding] = []
        self.row_count = 0
        self._source = source
        self._resolve = resolve
        self._agreement = agreement
        self._dataflow = dataflow
        self._layout = layout
        self._max_rows = max_rows
        self._places: list[_Places] = []

    def batches(self, batch_rows: int = BATCH_ROWS) -> Generator[Batch, None, None]:
        """All rows of the workbook, in the order of its sheets.

        Raises:
            UnreadableError: it is no workbook, or one that is not opened, or it has no table.
        """
        with Workbook(self._source, max_rows=self._max_rows) as workbook:
            for table in self._tables(workbook):
                yield from self._read(workbook, table, batch_rows)

    def locate(self, row: int, component: str | None) -> Location:
        """The cell of a component in a row; of a row without data, the header of its column."""
        for places in self._places:
            if places.numbers and row <= places.numbers[-1]:
                place = bisect_left(places.numbers, row)
                if places.numbers[place] == row:
                    found = places.rows[place]
                    cell = self._cell(places, found, places.across[place], component)
                    return Location(found, cell)
        if not self._places:
            return Location(row)
        first = self._places[0]
        column = first.columns.get(component or "", 0)
        header = first.table.header_row
        return Location(header, cell_address(first.table.sheet, header, column))

    def _tables(self, workbook: Workbook) -> list[Table]:
        if self._layout is not None:
            return layout_tables(workbook, self._layout, self._agreement or "")
        facts = template_facts(workbook)
        if facts is not None:
            table, found = template_table(workbook, facts)
            self.findings += found
            return [table]
        named = self._agreement or self._dataflow
        kind: StructureKind = "dataprovision" if self._agreement else "dataflow"
        flow = self._flow(kind, named) if named else None
        tables, found = plain_tables(workbook, named, flow)
        for table in tables:
            table.kind = kind
        self.findings += found
        return tables

    def _flow(self, kind: str, structure: str) -> Flow | None:
        target = self._resolve(kind, structure) if kind in _KINDS else "VIPMG-203"
        return None if isinstance(target, str) else target.flow

    def _read(self, workbook: Workbook, table: Table, batch_rows: int) -> Iterator[Batch]:
        if table.heads is None:
            flow = self._flow(table.kind, table.structure)
        else:
            flow = self._flow_of_heads(workbook, table)
        reading = TableReading(table, flow)
        merged, rows = workbook.read(table.sheet)
        headers = {source.component: source.column for source in table.sources}
        headers |= {source.header: source.column for source in table.sources}
        places = _Places(table, headers)
        self._places.append(places)
        form = Form(reading.columns, SEPARATOR)
        waiting: list[Record] = []
        for record in reading.records(rows, merged):
            if self.row_count + len(waiting) >= self._max_rows:
                raise UnreadableError("xlsx-rows", allowed=f"{self._max_rows}")
            if waiting and (len(waiting) == batch_rows or waiting[-1].head != record.head):
                yield from self._batch(waiting, reading.names, form, places)
                waiting = []
            waiting.append(record)
        if waiting:
            yield from self._batch(waiting, reading.names, form, places)

    def _flow_of_heads(self, workbook: Workbook, table: Table) -> Flow | None:
        """The dataflow that the first row of data names: labels are read by its codes."""
        assert table.heads is not None  # noqa: S101 - asked before
        for row in workbook.first_rows(table.sheet, table.first_row + 20):
            if row.number >= table.first_row and len(row.cells) > table.heads.structure:
                kind, structure = (
                    str(row.cells[place]) for place in (table.heads.kind, table.heads.structure)
                )
                return self._flow(kind.strip(), _identity(structure.strip()))
        return None

    def _batch(
        self, records: list[Record], names: list[str], form: Form, places: _Places
    ) -> Iterator[Batch]:
        numbers = self._number(records, places)
        self.row_count += len(records)
        faulty: set[tuple[int, str]] = set()
        for number, record in zip(numbers, records, strict=True):
            for name, fault in record.faults:
                faulty.add((number, name))
                self.findings.append(Finding(fault.code, number, name, fault.value))
        kind, structure, action = records[0].head
        if kind not in _KINDS:
            self.findings += [
                Finding("VIPMG-203", number, "STRUCTURE", kind, allowed="dataflow")
                for number in numbers
            ]
            return
        if action not in ACTIONS:
            self.findings += [Finding("VIPMG-206", n, "ACTION", action) for n in numbers]
            return
        values = zip(*(record.values for record in records), strict=True)
        cells: dict[str, Sequence[str]] = dict(zip(names, values, strict=True))
        yield Batch(
            kind,  # type: ignore[arg-type]
            _identity(structure),
            ACTIONS[action],
            numbers,
            cells,
            form,
            frozenset(faulty),
        )

    def _number(self, records: list[Record], places: _Places) -> list[int]:
        """Numbers in the message: those of the sheet, as long as they rise."""
        numbers = []
        last = max((p.numbers[-1] for p in self._places if p.numbers), default=1)
        for record in records:
            last = max(last + 1, record.row)
            numbers.append(last)
            places.add(last, record)
        return numbers

    def _cell(self, places: _Places, row: int, across: int, component: str | None) -> str:
        table = places.table
        name = component or ""
        if across >= 0:
            column = table.across[across]
            if name == table.measure:
                return cell_address(table.sheet, row, column.column)
            header = next((h for h in column.rows if h.partition(":")[0] == name), None)
            if header is not None:
                return cell_address(table.sheet, column.rows[header], column.column)
        if name in places.columns:
            return cell_address(table.sheet, row, places.columns[name])
        fixed = table.fixed.get(name)
        if fixed is not None and fixed.sheet:
            return cell_address(fixed.sheet, fixed.row, fixed.column)
        part = next((c for c in places.columns if c.startswith(f"{name}:")), None)
        if name and part is not None:
            return cell_address(table.sheet, row, places.columns[part])
        if across >= 0:  # the whole observation
            return cell_address(table.sheet, row, table.across[across].column)
        return cell_address(table.sheet, row, min(places.columns.values(), default=0))


def _identity(structure: str) -> str:
    """A structure without its label."""
    return structure.split(": ", 1)[0]
