"""Units that change under figures that are stored: none of these is sent, and all are read anew."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

from app.sdmx.actions import Outcome, Segment
from app.sdmx.findings import Finding
from app.sdmx.flow import Flow
from app.sdmx.series import TIME

UNITS: Final = ("UNIT_MULT", "UNIT_MEASURE", "DECIMALS")
"""Attributes that say how the figures of a series are read."""


def unit_changes(
    flow: Flow, attributes: Mapping[str, Any], outcome: Outcome, segments: Sequence[Segment]
) -> Iterator[Finding]:
    """Warnings on one series that has figures: its unit becomes another.

    Args:
        flow: the dataflow.
        attributes: the attributes of the series as they are.
        outcome: the series as it becomes.
        segments: what the message says of it.
    """
    if not outcome.observations[TIME]:
        return
    for name in UNITS:
        old, new = attributes.get(name), outcome.attributes.get(name)
        if old is not None and new is not None and old != new:
            rows = [s.rows[0] for s in segments if name in s.attributes and s.rows]
            yield _finding(flow, max(rows, default=None), name, old, new)


def units_above(
    flow: Flow,
    before: Mapping[tuple[str | None, ...], Mapping[str, Any]],
    after: Mapping[tuple[str | None, ...], Mapping[str, Any]],
) -> Iterator[Finding]:
    """Warnings on values above the series, by key: they hold for all figures below."""
    for key, values in before.items():
        for name in UNITS:
            old, new = values.get(name), after.get(key, {}).get(name)
            if old is not None and new is not None and old != new:
                yield _finding(flow, None, name, old, new)


def _finding(flow: Flow, row: int | None, name: str, old: object, new: object) -> Finding:
    return Finding("VIPMG-321", row, name, str(new), rule=flow.short_urn, allowed=str(old))
