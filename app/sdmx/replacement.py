"""What Replace takes away above the observation: metadata attributes, combination by combination.

Attributes of series, groups and the dataset are merged even by Replace. Metadata attributes are
not: those of one combination of dimensions are replaced together, so that those which are left out
go when another one of the same combination is given (SDMX 3.1, actions; SDMX-CSV 2.1 field guide).
"""

from __future__ import annotations

from typing import Any

from app.sdmx.flow import Component, Flow
from app.sdmx.intake import Deletion, Intake
from app.sdmx.sheet import Sheet


def leave_out_metadata(flow: Flow, attributes: dict[str, Any]) -> None:
    """Say of the metadata attributes of a series that were left out, beside others, to go."""
    metadata = [attribute.id for attribute in flow.series_attributes if attribute.is_metadata]
    if not attributes.keys().isdisjoint(metadata):
        for name in metadata:
            attributes.setdefault(name, None)


def replace_metadata(sheet: Sheet, intake: Intake) -> None:
    """Delete what is stored of the metadata attributes above the series that are left out."""
    levels: dict[tuple[int, ...], list[Component]] = {}
    for attribute in intake.target.flow.partial_attributes:
        if attribute.is_metadata:
            levels.setdefault(attribute.positions, []).append(attribute)
    for positions, attributes in levels.items():
        given = [a.id for a in attributes if sheet.distinct(a.id) != {""}]
        if given and len(attributes) > 1:
            _replace_level(sheet, intake, positions, [a.id for a in attributes], given)


def _replace_level(
    sheet: Sheet, intake: Intake, positions: tuple[int, ...], names: list[str], given: list[str]
) -> None:
    dimensions = intake.target.flow.dimensions
    listed = [dimensions[position].id for position in positions]
    if not all(name in sheet.cells for name in listed):
        return
    told: dict[tuple[str, ...], tuple[int, set[str]]] = {}
    codes = zip(*(sheet.cells[name] for name in listed), strict=True) if listed else None
    for place, row in enumerate(sheet.rows):
        key = next(codes) if codes is not None else ()
        present = {name for name in given if sheet.cells[name][place]}
        if present and "" not in key:
            told.setdefault(key, (row, set()))[1].update(present)
    for key, (row, present) in told.items():
        missing = tuple(name for name in names if name not in present)
        if missing:
            whole: list[str | None] = [None] * len(dimensions)
            for position, code in zip(positions, key, strict=True):
                whole[position] = code
            intake.deletions.append(Deletion(row, tuple(whole), None, missing))
