"""Deletions of messages that say series and observations apart, row by row as SDMX-CSV has them.

A row of a deletion that marks an attribute deletes this attribute, and leaves the observation as
it is. Where the attribute stands at the series, and observations below it, both are meant: the
observations as they say themselves, and the attribute.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from app.sdmx.flow import Flow
from app.sdmx.messages.data_reading import Batch

_OF_KEY = frozenset({"dimension", "time"})


def split_deletion(flow: Flow, batch: Batch) -> tuple[Batch, Batch | None]:
    """The rows as observations say them, and rows of what stands above, each once."""
    above = [name for name in batch.above if _is_marked(flow, batch, name)]
    if batch.action != "Delete" or not above:
        return batch, None
    own = {name: cells for name, cells in batch.cells.items() if name not in above}
    key = [d.id for d in flow.dimensions if d.id in batch.cells]
    columns = [batch.cells[name] for name in (*above, *key)]
    first: dict[tuple[str, ...], int] = {}
    for place, cells in enumerate(zip(*columns, strict=True)):
        if any(cells[: len(above)]):
            first.setdefault(cells, place)
    places = list(first.values())
    rest: dict[str, Sequence[str]] = {
        name: [batch.cells[name][p] for p in places] for name in (*key, *above)
    }
    rows = [batch.rows[place] for place in places]
    return (
        replace(batch, cells=own, above=frozenset()),
        replace(batch, cells=rest, rows=rows, above=frozenset()),
    )


def _is_marked(flow: Flow, batch: Batch, name: str) -> bool:
    component = flow.components.get(name)
    if component is None or component.level in _OF_KEY:
        return False
    return any(cell != "" for cell in batch.cells[name])
