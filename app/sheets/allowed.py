"""The codes that an agreement takes for a component."""

from __future__ import annotations

from collections.abc import Iterable

from app.sdmx.components import Code, Component
from app.sdmx.flow import Flow
from app.sdmx.terms_rows import RowRule


def allowed_codes(flow: Flow, component: Component, agreed: Iterable[RowRule] = ()) -> list[Code]:
    """The codes of a component that are allowed, in the order of the code list.

    Constraints on combinations of components are left to the validation.

    Args:
        flow: the dataflow with its constraints.
        component: one of it.
        agreed: what the terms of the agreement say of rows.
    """
    terms = [rule.allowed for rule in agreed if rule.component == component.id]
    sets = [
        values
        for constraint in flow.constraints
        for values in constraint.allowed_values()
        if values.component == component.id and values.time_range is None
    ]
    return [
        code
        for code in (component.codes or {}).values()
        if all(values.holds(code.id) for values in sets)
        and all(code.id in listed for listed in terms)
    ]
