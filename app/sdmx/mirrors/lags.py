"""How two series of a mirror move together, the right some periods after the left."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence

import msgspec

from app.sdmx.mirrors.periods import move_period

LEAST = 3
"""Periods in common below which a correlation says nothing."""


class LagResult(msgspec.Struct, frozen=True, gc=False):
    """The correlation at a lag, over the periods that both sides have."""

    lag: int
    correlation: float | None
    periods: int


def correlation(left: Sequence[float], right: Sequence[float]) -> float | None:
    """Pearson's correlation; `None` of too few values, or where one side never changes."""
    size = len(left)
    if size < LEAST:
        return None
    mean_left, mean_right = math.fsum(left) / size, math.fsum(right) / size
    ours = [value - mean_left for value in left]
    theirs = [value - mean_right for value in right]
    spread = math.sqrt(sum(a * a for a in ours) * sum(b * b for b in theirs))
    if not spread:
        return None
    found = sum(a * b for a, b in zip(ours, theirs, strict=True)) / spread
    return round(max(-1.0, min(1.0, found)), 6)


def correlate(
    left: Mapping[str, float], right: Mapping[str, float], lags: Iterable[int]
) -> list[LagResult]:
    """The correlation at each lag."""
    results = []
    for lag in lags:
        later = {period: move_period(period, lag) for period in left} if lag else {}
        pairs = [
            (value, right[moved])
            for period, value in left.items()
            if (moved := later.get(period, period)) is not None and moved in right
        ]
        found = correlation([a for a, _ in pairs], [b for _, b in pairs])
        results.append(LagResult(lag, found, len(pairs)))
    return results


def best_lag(results: Sequence[LagResult]) -> int | None:
    """The lag of the highest correlation, of several the shortest."""
    known = [one for one in results if one.correlation is not None]
    if not known:
        return None
    return max(known, key=lambda one: (one.correlation or 0.0, -one.lag)).lag
