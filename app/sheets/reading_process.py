"""The process that opens a workbook and gives its rows: `python -m app.sheets.reading_process`."""

from __future__ import annotations

import datetime as dt
import io
import os
from collections.abc import Iterator
from typing import Any

import python_calamine as calamine

from app.sheets.child import Channel, RefusalError, open_channel, refuse
from app.sheets.workbook_check import Lost, check_workbook

ROWS = 1_000
"""Rows that one frame bears."""

SPARE_ROWS = 1_000
SPARE_SHARE = 10
"""Rows that may be titles, totals and notes beside those of data: so many, and a tenth. The data
themselves are counted as they are read; a sheet that has many more is not loaded at all."""

_PLAIN = frozenset({str, float, int, bool})


def main() -> None:
    """Read the workbook that comes, then sheets as the parent asks for them."""
    channel, order = open_channel()
    try:
        _serve(channel, channel.receive_bytes(order["size"]), order["rows"])
    except RefusalError as error:
        refuse(channel, error)
    except MemoryError:
        refuse(channel, RefusalError("xlsx-memory", allowed=str(order["memory"] >> 20)))
    except calamine.PasswordError:
        refuse(channel, RefusalError("xlsx-encrypted"))
    except (calamine.CalamineError, OSError, ValueError, ArithmeticError):
        refuse(channel, RefusalError("xlsx-broken"))


def _serve(channel: Channel, data: bytes, most: int) -> None:
    inventory = check_workbook(data)
    workbook = calamine.CalamineWorkbook.from_filelike(io.BytesIO(data))
    listed = [
        (each.name, each.visible == calamine.SheetVisibleEnum.Visible)
        for each in workbook.sheets_metadata
        if each.typ == calamine.SheetTypeEnum.WorkSheet
    ]
    channel.send({"sheets": listed})
    name, sheet = "", None
    while (request := channel.receive()) is not None:
        if sheet is None or name != request["sheet"]:
            sheet = None  # its memory goes before that of the next one comes
            name = request["sheet"]
            if inventory.rows_in(name) > most + most // SPARE_SHARE + SPARE_ROWS:
                raise RefusalError("xlsx-rows", allowed=str(most))
            sheet = workbook.get_sheet_by_name(name)
        channel.send({"merged": sheet.merged_cell_ranges or []})
        _send_rows(channel, sheet, inventory.lost_in(name), request["limit"])


def _send_rows(
    channel: Channel, sheet: calamine.CalamineSheet, lost: Lost, limit: int | None
) -> None:
    rows: list[tuple[int, list[Any]]] = []
    for number, cells in _rows(sheet, lost):
        if limit is not None and number > limit:
            break
        rows.append((number, cells))
        if len(rows) == ROWS:
            channel.send({"rows": rows})
            rows = []
    channel.send({"rows": rows, "end": True})


def _rows(sheet: calamine.CalamineSheet, lost: Lost) -> Iterator[tuple[int, list[Any]]]:
    """Number of each row that is not empty, and its cells from the first column on."""
    margin = [""] * (sheet.start[1] if sheet.start else 0)
    by_row: dict[int, dict[int, dict[str, str]]] = {}
    for (row, column), what in lost.items():
        by_row.setdefault(row, {})[column] = what
    number = 0
    for number, read in enumerate(sheet.iter_rows() if sheet.start else (), 1):
        more = by_row.pop(number - 1, None)
        if not more and not any(cell != "" for cell in read):
            continue
        cells: list[Any] = [c if type(c) in _PLAIN else _tagged(c) for c in margin + read]
        yield number, _with(cells, more or {})
    for row in sorted(by_row):
        yield row + 1, _with([], by_row[row])


def _with(cells: list[Any], more: dict[int, dict[str, str]]) -> list[Any]:
    for column, what in more.items():
        cells.extend([""] * (column + 1 - len(cells)))
        cells[column] = what
    while cells and cells[-1] == "":
        cells.pop()
    return cells


def _tagged(cell: object) -> dict[str, str]:
    """A date or a time of day, told apart from text."""
    if isinstance(cell, dt.date):  # a datetime is one too
        return {"d": cell.isoformat()}
    return {"t": str(cell)}


if __name__ == "__main__":
    main()
    os._exit(0)  # the memory of a big workbook is not given back piece by piece
