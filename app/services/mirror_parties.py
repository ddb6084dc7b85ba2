"""Who may speak of a cell of a mirror: the two parties."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from app.sdmx.mirrors.cells import SideSeries
from app.sdmx.mirrors.compare import ComparedSeries, Observation
from app.sdmx.mirrors.notes import Parties
from app.sdmx.mirrors.pair import COMPILER
from app.sdmx.mirrors.plan import Cell, SidePlan
from app.services.plan_mirror import MirrorSource
from app.services.read_mirror import MirrorReading
from app.store.catalogue import Catalogue, StoredAgreement

AREA: Final = "REF_AREA"


def mirror_parties(reading: MirrorReading, one: ComparedSeries, seen: Observation) -> Parties:
    """The organisations of the left and of the right side of a cell, in a period.

    It is who reports the figure. Where a compiler does, or nobody, it is also who reports other
    periods, and who has an agreement to report it for the area of that side.
    """
    planned = reading.planned
    plan, catalogue = planned.plan, reading.catalogue
    return (
        _of_side(catalogue, planned.left, plan.left, one.cell, (one.left, seen.left)),
        _of_side(catalogue, planned.right, plan.right, one.cell, (one.right, seen.right)),
    )


def _of_side(
    catalogue: Catalogue,
    source: MirrorSource,
    plan: SidePlan,
    cell: Cell,
    reported: tuple[SideSeries | None, SideSeries | None],
) -> frozenset[str]:
    """Parties of a side; `reported`: the first series of the cell, and that of the figure."""
    first, own = reported
    if own is not None and not own.provider.startswith(COMPILER):
        return frozenset({own.provider})
    others = () if first is None else (one.provider for one in first.ranked())
    return frozenset({*_could_report(catalogue, source, plan, cell), *others})


def _could_report(
    catalogue: Catalogue, source: MirrorSource, plan: SidePlan, cell: Cell
) -> Iterator[str]:
    """Providers whose agreement is held to the area that the side is reported for."""
    position = plan.flow.position.get(AREA)
    if position in plan.places:
        areas = {cell[plan.places.index(position)]}
    else:
        areas = set(plan.side.filters.get(AREA, ()))
    for agreement in source.agreements.values():
        if areas & _held_to(catalogue, agreement):
            yield agreement.provider


def _held_to(catalogue: Catalogue, agreement: StoredAgreement) -> frozenset[str]:
    """The areas that an agreement is held to; none where it may report on any."""
    found: frozenset[str] = frozenset()
    for constraint in catalogue.flow(agreement.dataflow_urn, agreement.urn).constraints:
        if constraint.level != "provisionagreement":
            continue
        for allowed in constraint.allowed_values():
            if allowed.component == AREA and allowed.included:
                found = allowed.values
    return found
