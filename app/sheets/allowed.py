"""The codes that an agreement takes for a component."""

from __future__ import annotations

from app.sdmx.components import Code, Component
from app.sdmx.flow import Flow


def allowed_codes(flow: Flow, component: Component) -> list[Code]:
    """The codes of a component that all constraints allow, in the order of the code list.

    Constraints on combinations of components are left to the validation.
    """
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
    ]
