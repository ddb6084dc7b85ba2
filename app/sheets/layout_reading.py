"""Tables of a national workbook, by its layout."""

from __future__ import annotations

import fnmatch
import re
from collections.abc import Callable, Iterable, Sequence
from typing import Final

from app.sdmx.findings import UnreadableError
from app.sheets.addresses import column_number, parse_cell
from app.sheets.cells import show
from app.sheets.labels import fold, without_notes
from app.sheets.layout import Layout, parse_columns
from app.sheets.table import AcrossColumn, Fixed, Source, Table
from app.sheets.table_reading import MergedAreas, mark_key
from app.sheets.workbook import Cell, Workbook

LABEL_LENGTH: Final = 500
"""Characters of a cell that are held against patterns."""


def layout_tables(workbook: Workbook, layout: Layout, agreement: str) -> list[Table]:
    """The tables of the sheets that a layout names.

    Raises:
        UnreadableError: the workbook has none of them.
    """
    return [
        _table(workbook, layout, agreement, sheet) for sheet in _sheets(workbook, layout.sheets)
    ]


def _sheets(workbook: Workbook, wanted: Sequence[str]) -> list[str]:
    if not wanted:
        return (workbook.visible or workbook.sheets)[:1]
    is_wanted = _matcher(wanted)
    found = [name for name in workbook.sheets if is_wanted(name)]
    if not found:
        raise UnreadableError(
            "xlsx-sheet", value=", ".join(workbook.sheets)[:200], allowed=" / ".join(wanted)[:200]
        )
    return found


def _table(workbook: Workbook, layout: Layout, agreement: str, sheet: str) -> Table:
    across = layout.across
    named = [cell for cell in map(parse_cell, layout.cells.values()) if cell is not None]
    above = max([layout.first_data_row - 1, *(row for s, row, _ in named if not s or s == sheet)])
    rows = _head(workbook, sheet, above)
    table = Table(
        sheet,
        max([*layout.header_rows, *(across.headers.values() if across else ())], default=1),
        layout.first_data_row,
        [_source(layout, name, rows) for name in layout.columns],
        structure=agreement,
        numbers=layout.numbers,
        marks={mark_key(mark): meaning for mark, meaning in layout.marks.items()},
        skips=_matcher(layout.skip_rows) if layout.skip_rows else None,
        stops=_matcher(layout.stop.labels) if layout.stop.labels else None,
        stop_at_empty=layout.stop.empty_row,
        codes=layout.codes,
        fill_merged=True,
    )
    for name, value in layout.constants.items():
        table.fixed[name] = Fixed(value)
    for name, address in layout.cells.items():
        table.fixed[name] = _named_cell(workbook, sheet, rows, address)
    if across is not None:
        table.measure = across.measure
        table.across = list(_across(layout, rows))
    else:
        measures = {s.column for s in table.sources}
        table.needed = frozenset(measures)
    return table


def _head(workbook: Workbook, sheet: str, rows: int) -> dict[int, list[Cell]]:
    """The rows above the data, merged cells filled."""
    merged, first = workbook.head(sheet, rows)
    areas = MergedAreas(merged)
    return {row.number: areas.fill(row) for row in first}


def _source(layout: Layout, name: str, rows: dict[int, list[Cell]]) -> Source:
    rule = layout.column_rule(name)
    column = column_number(rule.column) or 0
    headers = [show(_at(rows, row, column)) for row in layout.header_rows]
    return Source(name, column, " ".join(filter(None, headers)) or name, fill=rule.fill)


def _across(layout: Layout, rows: dict[int, list[Cell]]) -> Iterable[AcrossColumn]:
    """The columns of values that have headers and are no totals."""
    across = layout.across
    assert across is not None  # noqa: S101 - asked for with one
    left_out = _matcher(across.skip)
    for column in parse_columns(across.columns) or ():
        values = {name: _at(rows, row, column) for name, row in across.headers.items()}
        if any(isinstance(value, str) and left_out(value) for value in values.values()):
            continue
        if any(value != "" for value in values.values()):
            yield AcrossColumn(column, values, dict(across.headers))


def _named_cell(workbook: Workbook, sheet: str, rows: dict[int, list[Cell]], address: str) -> Fixed:
    named = parse_cell(address)
    assert named is not None  # noqa: S101 - checked when the layout was read
    other, row, column = named
    if not other or other == sheet:
        return Fixed(_at(rows, row, column), sheet, row, column)
    if other not in workbook.sheets:
        raise UnreadableError("xlsx-sheet", value=", ".join(workbook.sheets)[:200], allowed=other)
    return Fixed(_at(_head(workbook, other, row), row, column), other, row, column)


def _at(rows: dict[int, list[Cell]], row: int, column: int) -> Cell:
    cells = rows.get(row, [])
    return cells[column] if column < len(cells) else ""


def _matcher(patterns: Sequence[str]) -> Callable[[str], bool]:
    """Whether a label is one of the patterns, which know no case and no accents.

    What a long cell says beyond `LABEL_LENGTH` does not count.
    """
    if not patterns:
        return lambda _label: False
    joined = "|".join(fnmatch.translate(_folded(pattern)) for pattern in patterns)
    expression = re.compile(joined)

    def matches(label: str) -> bool:
        label = label[:LABEL_LENGTH]
        return bool(expression.match(fold(label)) or expression.match(fold(without_notes(label))))

    return matches


def _folded(pattern: str) -> str:
    """A pattern in the form of folded labels; its own signs stay."""
    return "".join(part if part in "*?" else _fold_part(part) for part in _PARTS.findall(pattern))


def _fold_part(text: str) -> str:
    """Fold a part of a pattern, keeping the blanks at its ends; a bracket is a bracket."""
    head = " " if text[:1] == " " else ""
    tail = " " if text[-1:] == " " and text.strip() else ""
    return head + fold(text).replace("[", "[[]") + tail


_PARTS = re.compile(r"[*?]|[^*?]+")
