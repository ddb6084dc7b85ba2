"""What a measurement says: samples of ours, samples of the other, a ratio, a budget."""

from __future__ import annotations

import statistics
from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeVar


@dataclass(frozen=True)
class Check:
    """One line of the table.

    Attributes:
        against: what it is compared with.
        limit: the budget; `None`: told for information.
        at_least: whether more is better.
        figures: the ratio of each pair of runs, or the plain figures.
        ours: median of ours, with its unit.
        theirs: median of the other.
    """

    what: str
    against: str
    limit: float | None
    at_least: bool
    figures: list[float]
    ours: str = ""
    theirs: str = ""
    unit: str = "x"

    @property
    def median(self) -> float:
        """The figure that counts."""
        return statistics.median(self.figures)

    @property
    def met(self) -> bool | None:
        """Whether the budget is met; `None` without one."""
        if self.limit is None:
            return None
        return self.median >= self.limit if self.at_least else self.median <= self.limit


@dataclass(frozen=True)
class Skipped:
    """A measurement that could not be made."""

    what: str
    why: str


Sample = TypeVar("Sample")


def interleaved(runs: int, *actions: Callable[[], Sample]) -> list[list[Sample]]:
    """Run actions in turn, A B A B, so that a drift of the machine hits all; warm up first."""
    samples: list[list[Sample]] = [[] for _ in actions]
    for run in range(runs + 1):
        for action, found in zip(actions, samples, strict=True):
            sample = action()
            if run:
                found.append(sample)
    return samples


def faster(
    what: str, against: str, limit: float | None, ours: list[float], theirs: list[float]
) -> Check:
    """How many times faster ours is: their seconds by ours."""
    ratios = [b / a for a, b in zip(ours, theirs, strict=True)]
    return Check(what, against, limit, True, ratios, _seconds(ours), _seconds(theirs))


def slower(
    what: str, against: str, limit: float | None, ours: list[float], theirs: list[float]
) -> Check:
    """How many times slower ours is: our seconds by theirs."""
    ratios = [a / b for a, b in zip(ours, theirs, strict=True)]
    return Check(what, against, limit, False, ratios, _seconds(ours), _seconds(theirs))


def rate(
    what: str, against: str, limit: float | None, ours: list[float], theirs: list[float]
) -> Check:
    """Our rate by theirs."""
    ratios = [a / b for a, b in zip(ours, theirs, strict=True)]
    shown = (f"{statistics.median(rates):,.0f}/s" for rates in (ours, theirs))
    return Check(what, against, limit, True, ratios, *shown)


def at_most(what: str, against: str, limit: float | None, figures: list[float], unit: str) -> Check:
    """A figure by itself."""
    return Check(what, against, limit, False, figures, unit=unit)


def _seconds(samples: list[float]) -> str:
    median = statistics.median(samples)
    return f"{median:.2f} s" if median >= 1 else f"{median * 1000:.3g} ms"
