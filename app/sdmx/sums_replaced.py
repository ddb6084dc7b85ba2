"""Figures that a map adds from several categories, replaced by those of other categories."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final

from app.sdmx import series
from app.sdmx.actions import BETWEEN, Outcome, Segment
from app.sdmx.findings import Finding
from app.sdmx.series import TIME, Document

CATEGORY: Final = "NAT_CATEGORY"
"""The attribute with the national words that a figure counts."""


def sums_replaced(
    before: Document, outcome: Outcome, segments: Sequence[Segment]
) -> Iterator[Finding]:
    """Warnings on one series that has figures, where a map adds rows of several categories.

    What a stored figure counts is told by the words that stand with it: a file without one of
    these takes its part away.

    Args:
        before: the series as it is.
        outcome: the series as it becomes.
        segments: what the message says of it.
    """
    adds = any(CATEGORY in segment.joins for segment in segments)
    if not adds or CATEGORY not in before:
        return
    document = outcome.observations
    stored = dict(zip(before[TIME], series.column(before, CATEGORY), strict=True))
    for time, text in zip(document[TIME], series.column(document, CATEGORY), strict=True):
        old = stored.get(time)
        if time in outcome.touched and old and text and not _words(old) <= _words(text):
            yield Finding("VIPMG-335", outcome.touched[time], CATEGORY, text, allowed=old)


def _words(text: str) -> set[str]:
    return set(text.split(BETWEEN))
