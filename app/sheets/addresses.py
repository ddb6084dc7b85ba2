"""Addresses of cells as spreadsheets write them; columns count from 0, rows from 1."""

from __future__ import annotations

import re
from typing import Final

_COLUMN: Final = re.compile(r"[A-Za-z]{1,3}")
_CELL: Final = re.compile(r"(?:(?P<sheet>.+)!)?\$?(?P<column>[A-Za-z]{1,3})\$?(?P<row>[0-9]{1,7})")
_PLAIN: Final = re.compile(r"[^\W\d]\w*")
LAST_COLUMN: Final = 16_383
LAST_ROW: Final = 1_048_576


def column_letters(column: int) -> str:
    """The letters of a column: 0 is `A`, 26 is `AA`."""
    letters, rest = "", column + 1
    while rest:
        rest, last = divmod(rest - 1, 26)
        letters = chr(65 + last) + letters
    return letters


def column_number(letters: str) -> int | None:
    """The column of letters, or nothing where they name none."""
    if not _COLUMN.fullmatch(letters):
        return None
    number = 0
    for letter in letters.upper():
        number = number * 26 + ord(letter) - 64
    return number - 1 if number - 1 <= LAST_COLUMN else None


def quote_sheet(name: str) -> str:
    """The name of a sheet as an address begins with it."""
    if _PLAIN.fullmatch(name):
        return name
    doubled = name.replace("'", "''")
    return f"'{doubled}'"


def cell_address(sheet: str, row: int, column: int) -> str:
    """`Hoja1!C14`."""
    return f"{quote_sheet(sheet)}!{column_letters(column)}{row}"


def parse_cell(address: str) -> tuple[str, int, int] | None:
    """Sheet (empty when none is named), row and column of an address; nothing if it is none."""
    match = _CELL.fullmatch(address.strip())
    if match is None:
        return None
    column, row = column_number(match["column"]), int(match["row"])
    if column is None or not 1 <= row <= LAST_ROW:
        return None
    sheet = match["sheet"] or ""
    if len(sheet) > 1 and sheet.startswith("'") and sheet.endswith("'"):
        sheet = sheet[1:-1].replace("''", "'")
    return sheet, row, column
