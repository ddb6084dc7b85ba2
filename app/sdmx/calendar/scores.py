"""Scores of reporting: how each is computed, from how many, and why there is none.

A score that cannot be computed has no value, and a reason: never a zero.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal, InvalidOperation
from statistics import fmean, median
from typing import Any, Final, Literal, TypeAlias

from app.sdmx.calendar.duties import Owed
from app.sdmx.history import GONE, Change
from app.sdmx.reporting_periods import ReportingPeriod
from app.sdmx.series import TIME, column

ScoreId: TypeAlias = Literal["timeliness", "completeness", "coherence", "revisions", "mirror_gap"]
SCORES: Final[tuple[ScoreId, ...]] = (
    "timeliness",
    "completeness",
    "coherence",
    "revisions",
    "mirror_gap",
)
DAYS_BACK: Final = 730
"""Timeliness and completeness look at what fell due in so many days."""

DIGITS: Final = 4


@dataclass(frozen=True, slots=True)
class Score:
    """One score.

    Attributes:
        value: rounded; None: it cannot be computed.
        count: of how many things it is computed.
        facts: what else is known.
        reason: key of the text that says why there is no value.
    """

    value: float | None
    count: int = 0
    facts: Mapping[str, Any] = field(default_factory=dict)
    reason: str | None = None

    def stored(self) -> dict[str, Any]:
        """As it is kept."""
        told: dict[str, Any] = {"value": self.value, "count": self.count}
        if self.facts:
            told["facts"] = dict(self.facts)
        return told if self.reason is None else told | {"reason": self.reason}


def unknown(reason: str, **facts: int | str) -> Score:
    """A score that cannot be computed."""
    return Score(None, 0, facts, reason)


def timeliness(periods: Iterable[Owed], today: dt.date, entered: dt.date) -> Score:
    """The share of periods in time, of those whose day has passed since the agreement is in force.

    Args:
        periods: what is owed.
        today: the day of which the score is.
        entered: the day from which the agreement, or the first of several, is in force.
    """
    passed = [one for one in periods if one.is_timed and one.late_after < today]
    if not passed:
        return unknown("NOTHING_DUE", since=entered.isoformat())
    late = [one.days_late or 0 for one in passed if one.days_late]
    in_time = len(passed) - len(late)
    facts = {
        "in_time": in_time,
        "late": len(late),
        "outstanding": sum(one.state == "late" for one in passed),
        "median_days_late": median(late) if late else None,
    }
    return Score(_share(in_time, len(passed)), len(passed), facts)


def completeness(expected: int, there: int, periods: int, basis: str) -> Score:
    """The share of the expected series that are there.

    Args:
        expected: series that were to be expected, over all periods.
        there: those of them that are there.
        periods: how many periods were looked at.
        basis: `CONSTRAINT` or `LAST_YEAR`.
    """
    if not expected:
        return unknown("NOTHING_EXPECTED", periods=periods)
    facts = {"there": there, "periods": periods, "basis": basis}
    return Score(_share(there, expected), expected, facts)


def coherence(submissions: int, rows: int, totals: int, warnings: int) -> Score:
    """Warnings for each 1,000 rows of the last files; beside it those on totals."""
    if not rows:
        return unknown("NO_OWN_FILES")
    facts = {"submissions": submissions, "warnings": warnings, "totals": totals}
    return Score(round(1000 * warnings / rows, DIGITS), rows, facts)


def mirror_gap(middle: float | None, cells: int, pairs: Sequence[str], *, is_paired: bool) -> Score:
    """The median asymmetry of the cells that a mirror compares."""
    if middle is None:
        return unknown("NOTHING_COMPARED" if is_paired else "NO_PAIR")
    return Score(round(middle, DIGITS), cells, {"pairs": list(pairs)})


@dataclass(slots=True)
class Revisions:
    """Counts what became of observations after they were first published.

    A figure that comes back as it was is no revision; one that is gone is, without a size. What
    history may not tell any more is left out.
    """

    observations: int = 0
    changed: int = 0
    sizes: list[float] = field(default_factory=list)

    def add(self, measure: str, changes: Iterable[Change]) -> None:
        """Count the observations of one series, of which these are all changes."""
        firsts: dict[str, Any] = {}
        lasts: dict[str, Any] = {}
        for change in changes:
            times = change.document[TIME]
            if change.action == "Redaction":
                for time in times:
                    firsts.pop(time, None)
                    lasts.pop(time, None)
            elif change.action in GONE:
                lasts.update((time, None) for time in times if time in firsts)
            else:
                for time, value in zip(times, column(change.document, measure), strict=True):
                    firsts.setdefault(time, value)
                    lasts[time] = value
        self.observations += len(firsts)
        for time, first in firsts.items():
            if lasts[time] != first:
                self._compare(first, lasts[time])

    def score(self) -> Score:
        """The share of observations that are not as they were first published."""
        if not self.observations:
            return unknown("NOTHING_PUBLISHED")
        facts = {
            "changed": self.changed,
            "mean_size": round(fmean(self.sizes), DIGITS) if self.sizes else None,
        }
        return Score(_share(self.changed, self.observations), self.observations, facts)

    def _compare(self, first: object, last: object) -> None:
        before, after = _number(first), _number(last)
        if before is not None and before == after:
            return  # written another way
        self.changed += 1
        if before and after is not None:
            self.sizes.append(float(abs(after - before) / abs(before)))


def year_before(period: ReportingPeriod) -> str:
    """The text of the same period of the year before; of a day, the day 364 days before."""
    if period.frequency == "D":
        return (period.first_day - dt.timedelta(days=364)).isoformat()
    return f"{int(period.text[:4]) - 1:04}{period.text[4:]}"


def full_key_count(sets: Iterator[int | None], most: int) -> int | None:
    """How many keys there can be, if every dimension is bounded and they are not too many."""
    product = 1
    for size in sets:
        if size is None:
            return None
        product *= size
        if product > most:
            return None
    return product


def _share(part: int, whole: int) -> float:
    return round(part / whole, DIGITS)


def _number(value: object) -> Decimal | None:
    try:
        number = Decimal(str(value))
    except InvalidOperation:
        return None
    return number if number.is_finite() else None
