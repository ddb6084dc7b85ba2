"""The process that marks cells in a workbook: `python -m app.sheets.marking_process`."""

from __future__ import annotations

import io
import os
import zipfile
from typing import Any

import openpyxl
from openpyxl.cell.cell import MergedCell
from openpyxl.comments import Comment
from openpyxl.styles import Alignment, Font, PatternFill
from openpyxl.utils import get_column_letter

from app.sheets.child import Channel, RefusalError, open_channel, refuse
from app.sheets.workbook_check import check_workbook

AUTHOR = "VIPMG"
MOST_SHEET_BYTES = 40 << 20
"""Sheets of more bytes, inflated, are not marked: it would take too long."""

NOTE_WIDTH = 360
NOTE_HEIGHT = 170
COLOURED = 2
"""Columns of a line that show its severity."""

_FILLS = {
    "error": PatternFill("solid", start_color="FFC7CE", end_color="FFC7CE"),
    "warning": PatternFill("solid", start_color="FFEB9C", end_color="FFEB9C"),
    "head": PatternFill("solid", start_color="1F4E79", end_color="1F4E79"),
}
_FONTS = {
    "title": Font(bold=True, size=14),
    "bold": Font(bold=True),
    "head": Font(bold=True, color="FFFFFF"),
}
_LINKED = Font(color="0563C1", underline="single")
_WRAPPED = Alignment(wrap_text=True, vertical="top")


def main() -> None:
    """Mark the workbook that comes, and give it back."""
    channel, order = open_channel()
    try:
        _mark(channel, order)
    except RefusalError as error:
        refuse(channel, error)
    except MemoryError:
        refuse(channel, RefusalError("xlsx-memory", allowed=str(order["memory"] >> 20)))
    except Exception:  # the library says what it cannot read in any way
        refuse(channel, RefusalError("xlsx-broken"))


def _mark(channel: Channel, order: dict[str, Any]) -> None:
    data = channel.receive_bytes(order["size"])
    check_workbook(data)
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        sizes = [m.file_size for m in archive.infolist() if m.filename.startswith("xl/worksheets/")]
    if sum(sizes) > MOST_SHEET_BYTES:
        raise RefusalError("xlsx-size", allowed=str(MOST_SHEET_BYTES >> 20))
    book = openpyxl.load_workbook(io.BytesIO(data))
    del data
    _forget_former(book, order["titles"])
    report = _ReportSheet(book.create_sheet(order["title"]), order["widths"])
    while (message := channel.receive()) is not None and "end" not in message:
        for sheet, row, column, style, note in message.get("marks", ()):
            if sheet in book.sheetnames:
                _note(book[sheet], row, column, style, note)
        for cells, style, link in message.get("lines", ()):
            report.append(cells, style, link)
    sink = io.BytesIO()
    book.save(sink)
    channel.send({"size": sink.tell()})
    channel.send_bytes(sink.getvalue())


def _forget_former(book: Any, titles: list[str]) -> None:  # noqa: ANN401 - it has no types
    """Take off what an earlier report marked: the sender mends that very workbook."""
    former = [title for title in titles if title in book.sheetnames]
    former = [title for title in former if str(book[title]["A1"].value).startswith(AUTHOR)]
    for title in former:
        del book[title]
    for sheet in book.worksheets if former else ():
        for row in sheet.iter_rows():
            for cell in row:
                if cell.comment is not None and cell.comment.author == AUTHOR:
                    cell.comment = None
                    cell.fill = PatternFill()


def _note(sheet: Any, row: int, column: int, style: str, note: str) -> None:  # noqa: ANN401
    cell = sheet.cell(row, column + 1)
    if isinstance(cell, MergedCell):
        area = next(each for each in sheet.merged_cells.ranges if cell.coordinate in each)
        cell = sheet.cell(area.min_row, area.min_col)
    cell.fill = _FILLS[style]
    own = cell.comment
    text = note if own is None else f"{own.text}\n\n{note}"
    cell.comment = Comment(text, AUTHOR, height=NOTE_HEIGHT, width=NOTE_WIDTH)


class _ReportSheet:
    """The sheet of the report, line by line."""

    def __init__(self, sheet: Any, widths: list[int]) -> None:  # noqa: ANN401 - it has no types
        self._sheet = sheet
        self._row = 0
        for column, width in enumerate(widths, 1):
            sheet.column_dimensions[get_column_letter(column)].width = width

    def append(self, cells: list[str | int], style: str, link: str) -> None:
        """Write a line below the others."""
        self._row += 1
        for column, value in enumerate(cells, 1):
            if value != "":
                self._write(column, value, style)
        if link:
            first = self._sheet.cell(self._row, 1)
            first.hyperlink = f"#{link}"
            first.font = _LINKED

    def _write(self, column: int, value: str | int, style: str) -> None:
        cell = self._sheet.cell(self._row, column, value)
        if isinstance(value, str):
            cell.data_type = "s"  # what was sent must not become a formula
        if style in _FONTS:
            cell.font = _FONTS[style]
        if style not in {"title", "bold"}:
            cell.alignment = _WRAPPED
        if style == "head" or (style in {"error", "warning"} and column <= COLOURED):
            cell.fill = _FILLS[style]


if __name__ == "__main__":
    main()
    os._exit(0)
