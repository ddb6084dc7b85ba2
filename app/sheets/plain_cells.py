"""Cells of tables that somebody else wrote: no spreadsheet takes them for formulas."""

from __future__ import annotations

from typing import Final

_FORMULA_BEGINS: Final = ("=", "+", "-", "@", "\t", "\r")


def plain_cell(value: object) -> str:
    """A cell that no spreadsheet takes for a formula; numbers stay as they are."""
    text = "" if value is None else str(value)
    if not text.startswith(_FORMULA_BEGINS) or text.lstrip("+-").replace(".", "", 1).isdecimal():
        return text
    return f"'{text}"
