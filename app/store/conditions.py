"""SQL conditions of a selection of series: the one place where a statement is put together.

Values are always parameters; the names are this module's own.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from app.sdmx.slices import PartialKey, SeriesSelection
from app.store.staging import terms


@dataclass(slots=True)
class Conditions:
    """Conditions on rows of a table of series, with their parameters."""

    parameters: list[object]
    parts: list[str] = field(default_factory=list)

    def parameter(self, value: object) -> str:
        """Take a value; give its place in the statement."""
        self.parameters.append(value)
        return f"${len(self.parameters)}"

    def inside(self, selection: SeriesSelection) -> str:
        """Whether a series lies inside the bounds of time altogether."""
        parts = ["true"]
        if selection.first_day is not None:
            parts.append(f"first_period >= {self.parameter(selection.first_day)}")
        if selection.last_day is not None:
            parts.append(f"last_period <= {self.parameter(selection.last_day)}")
        return " AND ".join(parts)

    @property
    def sql(self) -> str:
        """All conditions, joined by AND."""
        return " AND ".join(self.parts) if self.parts else "true"


def series_conditions(
    selection: SeriesSelection, dataflow: int, parameters: list[object]
) -> Conditions:
    """The conditions on `agreement_id`-less columns: key, dataflow_id, first/last_period."""
    found = Conditions(parameters)
    _keys(found, selection.keys, dataflow)
    for position, codes in selection.codes.items():
        listed = [f"{dataflow}.{position + 1}={code}" for code in codes]
        operator = "@>" if len(listed) == 1 else "&&"
        found.parts.append(
            f"series_terms(dataflow_id, key) {operator} {found.parameter(listed)}::text[]"
        )
    if selection.first_day is not None:
        found.parts.append(f"last_period >= {found.parameter(selection.first_day)}")
    if selection.last_day is not None:
        found.parts.append(f"first_period <= {found.parameter(selection.last_day)}")
    return found


def _keys(found: Conditions, keys: tuple[PartialKey, ...], dataflow: int) -> None:
    if not keys:
        return
    alternatives = []
    for key in keys:
        if None not in key:
            alternatives.append(f"key = {found.parameter(list(key))}::text[]")
            continue
        listed = terms(dataflow, key)
        alternatives.append(f"series_terms(dataflow_id, key) @> {found.parameter(listed)}::text[]")
    found.parts.append(f"({' OR '.join(alternatives)})")
