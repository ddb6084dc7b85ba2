"""From a cell of a spreadsheet to the text that a component takes, or to what is wrong with it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from app.sdmx.flow import Component, Flow
from app.sdmx.messages.data_reading import join_cell, split_cell
from app.sheets.allowed import allowed_codes
from app.sheets.labels import CodeNames, clean
from app.sheets.numbers import NumberStyle, number_text, read_number
from app.sheets.periods import period_of_date, read_period
from app.sheets.table import Table
from app.sheets.workbook import Cell

SEPARATOR: Final = ";"
"""Between several values of one cell."""

REMEMBERED: Final = 1 << 16
"""Texts of one component whose reading is kept."""

_NUMBERS: Final = frozenset(
    {
        *("Decimal", "Float", "Double", "Numeric", "Integer", "BigInteger", "Long", "Short"),
        *("Count", "InclusiveValueRange", "ExclusiveValueRange", "Incremental"),
    }
)
_TEXTS: Final = frozenset({"String", "XHTML", "Alpha", "AlphaNumeric", "URI"})


@dataclass(frozen=True, slots=True)
class Fault:
    """What is wrong with a cell itself: the code of the finding, and what the cell shows."""

    code: str
    value: str | None = None


class CellReader:
    """Reads the cells of one component.

    Args:
        component: the component; `None` for a column that is none.
        flow: the dataflow, whose constraints tell the allowed codes.
        table: how numbers and labels are written.
    """

    def __init__(self, component: Component | None, flow: Flow | None, table: Table) -> None:
        self._known: dict[tuple[str, str | None], str] = {}
        self._numbers: NumberStyle = table.numbers
        self._names: CodeNames | None = None
        if component is not None and component.codes is not None and flow is not None:
            allowed = {code.id for code in allowed_codes(flow, component)}
            self._names = CodeNames(component, allowed, table.codes.get(component.id))
        kind = component.data_type if component is not None else ""
        self._is_time = component is not None and component.level == "time"
        self._is_number = self._names is None and kind in _NUMBERS
        self._is_boolean = self._names is None and kind == "Boolean"
        self._is_text = component is None or (self._names is None and kind in _TEXTS)
        self._takes_dates = self._is_text or not (
            self._is_time or self._is_number or self._is_boolean or self._names is not None
        )

    def read(self, cell: Cell, frequency: str | None = None, *, many: bool = False) -> str | Fault:
        """The text of a cell."""
        if isinstance(cell, str):
            if self._is_text:
                return cell.strip()
            known = self._known.get((cell, frequency))
            if known is None:
                known = self._text(cell, frequency, many=many)
                if len(self._known) < REMEMBERED:
                    self._known[cell, frequency] = known
            return known
        if isinstance(cell, bool):
            shown = "true" if cell else "false"
            taken = self._is_boolean or self._is_text
            return shown if taken else Fault("VIPMG-243", shown.upper())
        if isinstance(cell, dict):
            return self._special(cell, frequency)
        if self._is_number or self._is_text:
            return number_text(cell)
        return self._text(number_text(cell), frequency, many=many)

    def _text(self, text: str, frequency: str | None, *, many: bool) -> str:
        text = clean(text)
        if not text:
            return ""
        if self._names is not None:
            if not many:
                return self._names.code(text)
            return join_cell(map(self._names.code, split_cell(text, SEPARATOR)), SEPARATOR)
        if self._is_time:
            return read_period(text, frequency) or text
        if self._is_number and not many:
            return read_number(text, self._numbers) or text
        return text

    def _special(self, cell: dict[str, str], frequency: str | None) -> str | Fault:
        kind, shown = next(iter(cell.items()))
        if kind == "e":
            return Fault("VIPMG-240", shown)
        if kind == "f":
            return Fault("VIPMG-241")
        if kind == "d" and self._is_time:
            return period_of_date(shown, frequency)
        return shown if self._takes_dates else Fault("VIPMG-242", shown)


def show(cell: Cell) -> str:
    """A cell as it is shown, for labels and titles."""
    if isinstance(cell, str):
        return clean(cell)
    if isinstance(cell, bool):
        return "TRUE" if cell else "FALSE"
    if isinstance(cell, dict):
        return next(iter(cell.values()))
    return number_text(cell)
