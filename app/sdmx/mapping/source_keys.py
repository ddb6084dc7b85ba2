"""The key that a row has in its own structure: a repeated row is not one that is to be added."""

from __future__ import annotations

from collections.abc import Sequence

from app.sdmx.components import Component
from app.sdmx.mapping.compiled import CompiledMap, Mapped
from app.sdmx.mapping.folding import fold

_BETWEEN = "\x1f"


def source_keys(run: CompiledMap, mapped: Mapped) -> list[str]:
    """One key for each row that a map took: the codes of all source dimensions.

    Words that are no code of the source, but lead to one, are that code; other words count without
    case and accents. Periods are those of the target.
    """
    batch = mapped.batch
    if batch is None:
        return []
    places: Sequence[int] = range(len(batch.rows)) if mapped.places is None else mapped.places
    time = run.target_flow.time
    times = run.origins.get(time.id, ()) if time else ()
    columns = []
    for dimension in run.source_flow.dimensions:
        cells = mapped.source.get(dimension.id)
        if cells is None or dimension.id in times:
            continue
        own = [cells[place] for place in places]
        columns.append(_codes(dimension, own, _led_to(run, mapped, dimension)))
    if not columns:
        return [""] * len(batch.rows)
    return list(map(_BETWEEN.join, zip(*columns, strict=True)))


def _led_to(run: CompiledMap, mapped: Mapped, dimension: Component) -> Sequence[str] | None:
    """The target cells of a dimension that leads, alone, to a component with codes of its own."""
    assert mapped.batch is not None  # noqa: S101 - asked of the caller
    for target, sources in run.origins.items():
        component = run.target_flow.components[target]
        if sources == (dimension.id,) and not component.code_set.isdisjoint(dimension.code_set):
            return mapped.batch.cells.get(target)
    return None


def _codes(
    dimension: Component, cells: Sequence[str], led_to: Sequence[str] | None
) -> Sequence[str]:
    known = dimension.code_set
    if known.issuperset(cells):
        return cells
    others = cells if led_to is None else led_to
    return [
        cell if cell in known else other if other in known else fold(cell)
        for cell, other in zip(cells, others, strict=True)
    ]
