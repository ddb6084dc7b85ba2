"""The same figures in two dataflows: a sheet that was sent to the wrong one."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import TypeAlias

from app.sdmx import series
from app.sdmx.checks.evaluation import fold
from app.sdmx.checks.expressions import Expression, Literal
from app.sdmx.checks.rulesets import Severity
from app.sdmx.findings import Finding
from app.sdmx.series import TIME, Document

SHARE = 0.9
"""What part of the cells that are not nought must be found in the other dataflow."""

Vector: TypeAlias = Mapping[str, Document]
"""The series along one dimension, by its code."""


@dataclass(frozen=True, slots=True)
class VectorCheck:
    """A rule that figures differ from those of another dataflow.

    Attributes:
        flow: the other dataflow, `AGENCY:ID`.
        along: the dimension along which figures are compared.
        same: the dimensions that are the same in both; all others may differ.
        least: how many cells, not counting noughts, must be the same.
    """

    id: str
    code: str
    severity: Severity
    when: Expression | None
    measure: str
    flow: str
    along: str
    same: tuple[str, ...]
    least: int

    def applies(self, codes: Mapping[str, str]) -> bool:
        """Whether the condition of the rule holds for the codes of a key."""
        if self.when is None:
            return True
        folded = fold(self.when, codes)
        return isinstance(folded, Literal) and folded.value is True

    def identical(self, mine: Vector, other: Vector) -> Iterator[tuple[str, int, tuple[str, ...]]]:
        """The periods in which two vectors are the same: period, cells, their codes."""
        sent = _by_time(mine, self.measure)
        known = _by_time(other, self.measure)
        for time, cells in sent.items():
            there = known.get(time)
            if there is None or len(cells) < self.least:
                continue
            same = [code for code, value in cells.items() if there.get(code) == value]
            differs = any(there.get(code, value) != value for code, value in cells.items())
            if not differs and len(same) >= max(self.least, SHARE * len(cells)):
                yield time, len(same), tuple(same)

    def finding(self, row: int, time: str, cells: int, other: str) -> Finding:
        """The finding on one period."""
        return Finding(
            self.code,
            row,
            self.along,
            f"{time}: {cells}",
            rule=self.id,
            allowed=other,
            severity=self.severity,
        )


def _by_time(vector: Vector, measure: str) -> dict[str, dict[str, float]]:
    """The cells that are not nought, by period and code."""
    found: dict[str, dict[str, float]] = {}
    for code, document in vector.items():
        values = series.column(document, measure)
        for time, text in zip(document[TIME], values, strict=True):
            try:
                value = float(text) if text is not None else 0.0
            except ValueError:
                continue
            if value:
                found.setdefault(time, {})[code] = value
    return found
