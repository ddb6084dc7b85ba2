"""The columns of a batch as the source structure means them, before they are mapped.

Labels are taken off (`code: name`), numbers get a decimal point, and words are spelled as the code
list spells them: a cell that is no code, but the name of one code in any language, is that code;
case and accents do not count.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Final, TypeAlias

from app.sdmx.column_names import ColumnNames
from app.sdmx.components import Component
from app.sdmx.flow import Flow
from app.sdmx.mapping.folding import fold, unique
from app.sdmx.messages.data_reading import Batch, Form, split_cell

Columns: TypeAlias = dict[str, Sequence[str]]

PASSED: Final = frozenset({"", "~"})
"""Cells that say nothing, or switch a dimension off: they stay what they are."""

_NUMBERS: Final = frozenset({"Decimal", "Float", "Double", "Numeric"})
_INTEGERS: Final = frozenset({"BigInteger", "Integer", "Long", "Short", "Count"})

_ZEROS: Final = re.compile(r"([0-9]+)[.,]0{1,2}")
"""A whole number as some programs write it, `12.0`; three zeros may mean thousands."""


class SourceColumns:
    """Reads the batches of one message as a source structure."""

    def __init__(self, flow: Flow) -> None:
        self._flow = flow
        self._names = ColumnNames()
        self._spelled: dict[str, Mapping[str, str]] = {}

    def fit(self, batch: Batch) -> Batch:
        """The batch with its columns under the ids of the source structure, cells as sent.

        The form is the same object for all batches of one form.
        """
        return self._names.fit(self._flow, batch)

    def read(self, fitted: Batch) -> Columns:
        """The cells by component of the source structure, of a batch that was fitted."""
        columns: Columns = {}
        for name, cells in fitted.cells.items():
            component = self._flow.components.get(name)
            if component is not None:
                columns[name] = self._cells(component, cells, fitted.form)
        return columns

    def _cells(self, component: Component, cells: Sequence[str], form: Form) -> Sequence[str]:
        column = form.columns[component.id]
        if component.codes is None and component.level != "time":
            if component.data_type in _INTEGERS or (
                form.decimal_comma and component.data_type in _NUMBERS
            ):
                return [as_number(cell, component, form) for cell in cells]
            return cells
        known = component.code_set
        changed = {}
        for cell in set(cells) - known - PASSED:
            read = _without_label(cell, form.sub_separator, many=column.many)
            read = read if column.labelled else cell
            if component.codes is not None and read not in known and not column.many:
                read = self._names_of(component).get(fold(read), read)
            if read != cell:
                changed[cell] = read
        return [changed.get(cell, cell) for cell in cells] if changed else cells

    def _names_of(self, component: Component) -> Mapping[str, str]:
        """Codes by their folded names, ids first."""
        found = self._spelled.get(component.id)
        if found is None:
            codes = (component.codes or {}).values()
            names = unique((name, code.id) for code in codes for name in code.names.values())
            ids = unique((code.id, code.id) for code in codes)
            found = self._spelled[component.id] = {**names, **ids}
        return found


def as_number(cell: str, component: Component, form: Form) -> str:
    """A number with a decimal point; a whole one without decimals that are zeros."""
    if component.data_type in _INTEGERS:
        zeros = _ZEROS.fullmatch(cell)
        return zeros[1] if zeros else cell
    return cell.replace(",", ".") if form.decimal_comma else cell


def _without_label(cell: str, separator: str, *, many: bool) -> str:
    if not many:
        return cell.split(": ", 1)[0]
    parts = split_cell(cell, separator)
    return separator.join(part.split(": ", 1)[0] for part in parts)
