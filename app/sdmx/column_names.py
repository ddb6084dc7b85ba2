"""The columns of a batch under the ids of the components that they are.

Formats have names of their own for some: ids of reference metadata without dots, OBS_VALUE for the
one measure of SDMX 2.1. They spell some values their own way too.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from decimal import Decimal, InvalidOperation
from typing import Final

from app.sdmx.flow import Component, Flow
from app.sdmx.messages.data_ml_names import PRIMARY_MEASURE, primary_measure
from app.sdmx.messages.data_reading import Batch, Column, Form
from app.sdmx.values import MISSING

_DECIMALS: Final = frozenset({"Decimal", "Incremental", "BigInteger"})
_INTEGERS: Final = frozenset({"Integer", "Long", "Short", "Count"})
_MOST_DIGITS: Final = 400


class ColumnNames:
    """Names the columns of the batches of one message."""

    def __init__(self) -> None:
        self._forms: dict[tuple[str, Form], tuple[Form, dict[str, Column]]] = {}

    def fit(self, flow: Flow, batch: Batch) -> Batch:
        """The batch with its columns under the ids of a flow; those that it lacks as they are."""
        known = self._forms.get((flow.urn, batch.form))
        if known is None:
            known = self._forms[flow.urn, batch.form] = _fitted(flow, batch.form)
        form, columns = known
        if form is batch.form and not (form.legacy or form.exponents):
            return batch
        cells: dict[str, Sequence[str]] = {}
        for name, values in batch.cells.items():
            column = columns[name]
            component = flow.components.get(column.component)
            cells[column.component] = _spelled(component, form, values)
        above = frozenset(columns[name].component for name in batch.above)
        return replace(batch, cells=cells, form=form, above=above)


def _fitted(flow: Flow, form: Form) -> tuple[Form, dict[str, Column]]:
    """The form by ids of components, and its columns by the names that they came with."""
    columns: dict[str, Column] = {}
    for name, column in form.columns.items():
        component = _component(flow, form, name)
        if component is None or (component.id != name and component.id in form.columns):
            columns[name] = column
            continue
        many = column.many or (form.legacy and component.is_multi_valued)
        columns[name] = replace(column, component=component.id, many=many)
    if columns == form.columns:
        return form, columns
    by_id: dict[str, Column] = {}
    for name, column in columns.items():
        if column.component in by_id:  # two names of one component: the second is not known
            columns[name] = form.columns[name]
        by_id[columns[name].component] = columns[name]
    return replace(form, columns=by_id), columns


def _component(flow: Flow, form: Form, name: str) -> Component | None:
    found = flow.find(name)
    if found is None and form.legacy and name == PRIMARY_MEASURE:
        return primary_measure(flow.measures)
    return found


def _spelled(component: Component | None, form: Form, values: Sequence[str]) -> Sequence[str]:
    """Values as SDMX-CSV spells them."""
    if component is None or component.codes is not None:
        return values
    if component.data_type in _DECIMALS:
        if form.legacy and "NaN" in values:
            values = [MISSING if value == "NaN" else value for value in values]
        if form.exponents:
            return _each(values, without_exponent)
    elif form.exponents and component.data_type in _INTEGERS:
        return _each(values, without_exponent)
    return values


def _each(values: Sequence[str], spell: Callable[[str], str]) -> Sequence[str]:
    if not any("e" in value or "E" in value for value in values):
        return values
    return [spell(value) for value in values]


def without_exponent(text: str) -> str:
    """A number as its digits; what is none, or would have too many digits, as it is."""
    if "e" not in text and "E" not in text:
        return text
    try:
        number = Decimal(text)
    except InvalidOperation:
        return text
    if not number.is_finite() or abs(number.adjusted()) > _MOST_DIGITS:
        return text
    return f"{number:f}"
