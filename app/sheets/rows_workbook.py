"""The report on a file that is no workbook, or too big a one: its rows with findings."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import IO, Any, Final

from app.sdmx.findings import Finding
from app.sdmx.messages.data_reading import DataReader
from app.sheets.new_workbook import new_workbook
from app.sheets.report_sheet import (
    WIDTHS,
    Line,
    Mark,
    ReportFacts,
    note_of,
    plain_text,
    report_lines,
)
from app.sheets.report_texts import ROWS_SHEETS, SHEETS, WORDS

MOST_ROWS: Final = 20_000
MOST_NOTES: Final = 10_000
_SIZE: Final = {"x_scale": 2.6, "y_scale": 2.2}


@dataclass(frozen=True, slots=True)
class SentRow:
    """A row as it was read, of a file or of the member of an archive."""

    file: str | None
    row: int
    cells: Mapping[str, str]


def collect_rows(reader: DataReader, findings: Iterable[Finding]) -> list[SentRow]:
    """The rows of a message that have findings, `MOST_ROWS` at most.

    Raises:
        UnreadableError: the message cannot be read, or not from some place on.
    """
    wanted = {(f.file, f.row) for f in findings if f.row is not None}
    found: list[SentRow] = []
    for batch in reader.batches():
        names = list(batch.cells)
        for place, number in enumerate(batch.rows):
            here = reader.locate(number, None)
            row = number if here.row is None else here.row
            if (here.file, row) in wanted:
                cells = {name: batch.cells[name][place] for name in names}
                found.append(SentRow(here.file, row, cells))
                if len(found) == MOST_ROWS:
                    return found
    return found


def write_rows_workbook(rows: Sequence[SentRow], facts: ReportFacts, sink: IO[bytes]) -> None:
    """Write the rows with their wrong cells marked, and the sheet of the report."""
    with new_workbook(sink, strings_to_formulas=False, strings_to_urls=False) as workbook:
        writer = _Writer(workbook, facts)
        if rows:
            writer.write_rows(rows, facts.findings)
        writer.write_report(report_lines(facts, "rows"))


class _Writer:
    """Writes the sheets."""

    def __init__(self, workbook: Any, facts: ReportFacts) -> None:  # noqa: ANN401 - it has no types
        self._workbook = workbook
        self._facts = facts
        self._language = facts.language
        top = {"text_wrap": True, "valign": "top"}
        add = workbook.add_format
        self._formats = {
            "": add(top),
            "title": add({"bold": True, "font_size": 14}),
            "bold": add({"bold": True}),
            "head": add(top | {"bold": True, "bg_color": "#1F4E79", "font_color": "#FFFFFF"}),
            "error": add(top | {"bg_color": "#FFC7CE", "num_format": "@"}),
            "warning": add(top | {"bg_color": "#FFEB9C", "num_format": "@"}),
        }
        self._text = add({"num_format": "@"})

    def write_rows(self, rows: Sequence[SentRow], findings: Sequence[Finding]) -> None:
        """The rows as they were sent, in the columns of the file."""
        sheet = self._workbook.add_worksheet(ROWS_SHEETS[self._language])
        words = WORDS[self._language]
        names = list(dict.fromkeys(name for row in rows for name in row.cells))
        has_files = any(row.file for row in rows)
        heads = [words["row"], *([words["file"]] if has_files else [])]
        heads += [self._facts.column(name) for name in names]
        for column, name in enumerate(heads):
            sheet.write_string(0, column, plain_text(name), self._formats["head"])
        start = len(heads) - len(names)
        marks = self._marks(findings, names)
        notes = 0
        for place, row in enumerate(rows, 1):
            whole = marks.get((row.file, row.row, None))
            style = self._style(whole) or self._text
            sheet.write_number(place, 0, row.row, style)
            notes += self._note(sheet, place, 0, whole, notes)
            if has_files:
                sheet.write_string(place, 1, plain_text(row.file or ""), self._text)
            for column, name in enumerate(names, start):
                mark = marks.get((row.file, row.row, name))
                cell = plain_text(row.cells.get(name, ""))
                sheet.write_string(place, column, cell, self._style(mark) or self._text)
                notes += self._note(sheet, place, column, mark, notes)
        sheet.set_column(0, len(heads), 16)
        sheet.freeze_panes(1, start)
        sheet.autofilter(0, 0, len(rows), len(heads) - 1)

    def write_report(self, lines: Iterable[Line]) -> None:
        """The sheet of the report."""
        sheet = self._workbook.add_worksheet(SHEETS[self._language])
        for column, width in enumerate(WIDTHS):
            sheet.set_column(column, column, width)
        for row, line in enumerate(lines):
            for column, cell in enumerate(line.cells):
                plain = column > 1 and line.style in {"error", "warning"}
                style = self._formats["" if plain else line.style]
                if isinstance(cell, int):
                    sheet.write_number(row, column, cell, style)
                elif cell:
                    sheet.write_string(row, column, cell, style)

    def _marks(
        self, findings: Sequence[Finding], names: Sequence[str]
    ) -> dict[tuple[str | None, int, str | None], Mark]:
        """What is noted at each cell: file, row and column; without column of the row."""
        known = set(names)
        marks: dict[tuple[str | None, int, str | None], Mark] = {}
        for finding in findings:
            if finding.row is None:
                continue
            name = finding.component if finding.component in known else None
            mark = marks.setdefault((finding.file, finding.row, name), Mark())
            mark.is_error = mark.is_error or finding.is_error
            mark.texts[note_of(finding, self._language, self._facts.names)] = None
        return marks

    def _style(self, mark: Mark | None) -> Any:  # noqa: ANN401 - it has no types
        if mark is None:
            return None
        return self._formats["error" if mark.is_error else "warning"]

    def _note(
        self,
        sheet: Any,  # noqa: ANN401 - it has no types
        row: int,
        column: int,
        mark: Mark | None,
        before: int,
    ) -> bool:
        if mark is None or before >= MOST_NOTES:
            return False
        sheet.write_comment(row, column, mark.note, _SIZE | {"author": "VIPMG"})
        return True
