"""Finding the rows of a message that led to one figure, by reading it through the same map."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from app.sdmx.flow import Flow
from app.sdmx.mapping import CompiledMap
from app.sdmx.messages.data_reading import Batch, Location

MOST_ROWS: Final = 500_000
"""Rows that are read for one figure."""

MOST_FOUND: Final = 20
"""Rows that are told: several lead to one figure where a map adds them."""


@dataclass(frozen=True, slots=True)
class FoundRow:
    """A row that led to a figure.

    Attributes:
        row: its number in the message.
        cells: what it says, by the name of the column.
        component: the component of the message that holds the figure.
        column: the name of its column.
        location: where it stands in the file.
    """

    row: int
    cells: dict[str, str]
    component: str | None
    column: str | None = None
    location: Location | None = None


def wanted_key(flow: Flow, key: Sequence[str], period: str) -> dict[str, str]:
    """The codes of a figure by dimension, time included."""
    named = dict(zip((one.id for one in flow.dimensions), key, strict=True))
    return named if flow.time is None else named | {flow.time.id: period}


def find_rows(
    batch: Batch, mapped: CompiledMap | None, wanted: dict[str, str], measures: Sequence[str]
) -> Iterator[FoundRow]:
    """The rows of a batch that lead to a figure.

    Args:
        batch: as the message has it.
        mapped: the map that it is read by; nothing where it is in shared codes.
        wanted: codes by dimension of the shared structure, time included.
        measures: the measures of the shared structure.
    """
    target: Batch | None = batch
    measure = next(iter(measures), None)
    component = measure if measure in batch.cells else None
    if mapped is not None:
        target = mapped.apply(batch)
        sources = mapped.origins.get(measure or "", ())
        component = sources[0] if len(sources) == 1 else None
    if target is None or any(name not in target.cells for name in wanted):
        return
    columns = [target.cells[name] for name in wanted]
    codes = tuple(wanted.values())
    places = {row: place for place, row in enumerate(batch.rows)}
    for row, found in zip(target.rows, zip(*columns, strict=True), strict=True):
        if found == codes or _plain(found) == codes:
            column = batch.form.columns.get(component or "")
            name = component if column is None else column.name
            yield FoundRow(row, _cells(batch, places[row]), component, name)


def _plain(codes: tuple[str, ...]) -> tuple[str, ...]:
    """The codes without their labels, where they are sent with them."""
    return tuple(code.split(": ", 1)[0] for code in codes)


def _cells(batch: Batch, place: int) -> dict[str, str]:
    columns = batch.form.columns
    return {
        columns[name].name if name in columns else name: cells[place]
        for name, cells in batch.cells.items()
    }
