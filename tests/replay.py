"""What journal entries lead to: the oracle of the tests of the journal."""

from __future__ import annotations

from collections.abc import Iterable

from app.sdmx import series


def replay(changes: Iterable[tuple[str, series.Document]]) -> series.Document:
    """The document that journal entries lead to: `Replace` puts observations, `Delete` drops."""
    rows: dict[str, series.Observation] = {}
    for action, document in changes:
        if action in {"Delete", "Redaction"}:
            for time in document[series.TIME]:
                rows.pop(time, None)
        else:
            rows.update(series.observations(document))
    return series.from_observations(rows)
