"""Duties: the periods that an agreement reports, each with the day on which it is due.

Nothing here knows the clock: the day on which it is asked is told.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final, Literal, TypeAlias

from app.sdmx.embargoes import Embargo
from app.sdmx.reporting_periods import (
    FREQUENCIES,
    ReportingPeriod,
    due_day,
    period_of,
    read_due,
    read_period,
)
from app.sdmx.terms import Terms

State: TypeAlias = Literal["open", "due", "late", "complete", "nil"]
Reason: TypeAlias = Literal["NO_FREQUENCY", "NO_DUE_RULE"]

STATES: Final[tuple[State, ...]] = ("late", "due", "open", "complete", "nil")
"""`open`: the period has not ended. `due`: it has, and its day has not passed. `late`: it has."""


@dataclass(frozen=True, slots=True)
class Duty:
    """What an agreement owes.

    Attributes:
        agreement: `AGENCY:ID(VERSION)`.
        provider: id of the data provider.
        dataflow: URN of the dataflow.
        frequencies: codes of the regular frequencies in which it reports.
        due: months and days after the end of a period.
        rule: the term that says so.
        entered: the day from which the agreement is in force here: that on which the first version
            of it came into the service.
        expires: its last day.
        embargo: until when its figures are kept from those who ask.
    """

    agreement: str
    provider: str
    dataflow: str
    frequencies: tuple[str, ...]
    due: tuple[int, int]
    rule: str
    entered: dt.date
    expires: dt.date | None = None
    embargo: Embargo | None = None


@dataclass(frozen=True, slots=True)
class Reported:
    """What came of a period.

    Attributes:
        observations: how many there are now.
        on: the day on which the first of them, or the nil return, was there.
        nil: whether it is a nil return that stands.
    """

    observations: int = 0
    on: dt.date | None = None
    nil: bool = False


@dataclass(frozen=True, slots=True)
class Owed:
    """A period of a duty.

    Attributes:
        due: the last day in time.
        late_after: the same, or the end of the embargo, before which nothing can be seen.
        days_late: how late it came, or how late it is by now; 0: in time; None: not due yet, or
            due before the agreement was in force, so that nobody can say.
    """

    duty: Duty
    period: ReportingPeriod
    due: dt.date
    late_after: dt.date
    state: State
    reported: Reported
    days_late: int | None

    @property
    def is_timed(self) -> bool:
        """Whether it fell due under the agreement in force: only then it is in time or late."""
        return self.due >= self.duty.entered


def duty_of(
    terms: Terms, dataflow: str, frequencies: Sequence[str], entered: dt.date
) -> Duty | Reason:
    """The duty of an agreement, or why it cannot be dated.

    Args:
        terms: of the agreement.
        dataflow: URN of its dataflow.
        frequencies: those that it may report: of its term, or of its structure.
        entered: the day from which it is in force.
    """
    regular = tuple(code for code in frequencies if code in FREQUENCIES)
    if not regular or ("FREQUENCY" not in terms.terms and len(regular) > 1):
        return "NO_FREQUENCY"
    due = read_due(terms.get("RELEASE_DUE"))
    if due is None:
        return "NO_DUE_RULE"
    short = terms.agreement.rpartition("=")[2]
    rule = terms.get("RELEASE_DUE")
    return Duty(
        short,
        terms.provider,
        dataflow,
        regular,
        due,
        rule,
        entered,
        terms.expiry,
        terms.embargo,
    )


def owed_periods(
    duty: Duty,
    reported: Mapping[tuple[str, str], Reported],
    first: dt.date,
    last: dt.date,
    today: dt.date,
) -> Iterator[Owed]:
    """The periods that are due between two days, in their order.

    Owed are those that are due since the agreement is in force, and those after the first of which
    anything came; none that ends after the agreement.

    Args:
        duty: of an agreement.
        reported: what came, by frequency and period.
        first: first day on which they are due.
        last: last day on which they are due.
        today: the day of which the states are.
    """
    for frequency in duty.frequencies:
        known = [text for code, text in reported if code == frequency]
        begin = _first_known(known)
        for period, due in _due_between(duty, frequency, first, last):
            ends_in_time = duty.expires is None or period.last_day <= duty.expires
            is_owed = due >= duty.entered or (begin is not None and period.first_day >= begin)
            if ends_in_time and is_owed:
                came = reported.get((frequency, period.text), Reported())
                yield owed(duty, period, due, came, today)


def owed(duty: Duty, period: ReportingPeriod, due: dt.date, came: Reported, today: dt.date) -> Owed:
    """A period as it stands on a day."""
    is_there = came.nil or came.observations > 0
    late_after = _late_after(duty, period, due, came.on if is_there else None)
    state: State
    if came.observations:
        state = "complete"
    elif came.nil:
        state = "nil"
    elif today <= period.last_day:
        state = "open"
    else:
        state = "due" if today <= late_after else "late"
    until = came.on if is_there else (today if state == "late" else None)
    is_timed = due >= duty.entered
    days = max(0, (until - late_after).days) if is_timed and until is not None else None
    return Owed(duty, period, due, late_after, state, came, days)


def _due_between(
    duty: Duty, frequency: str, first: dt.date, last: dt.date
) -> Iterator[tuple[ReportingPeriod, dt.date]]:
    months, days = duty.due
    # A month is at most 31 days, so that no period before this one can be due so late.
    try:
        early = first - dt.timedelta(days=31 * (months + 1) + days)
    except OverflowError:
        early = dt.date.min
    period = period_of(early, frequency)
    while period is not None and period.first_day <= last:
        try:
            due = due_day(period, duty.due)
        except (ValueError, OverflowError):
            return
        if due > last:
            return
        if due >= first:
            yield period, due
        period = period.following


def _first_known(known: Sequence[str]) -> dt.date | None:
    """The first day of the first period of which anything came."""
    periods = (read_period(text) for text in known)
    return min((one.first_day for one in periods if one is not None), default=None)


def _late_after(duty: Duty, period: ReportingPeriod, due: dt.date, seen: dt.date | None) -> dt.date:
    """The day that counts: an embargo is no excuse for what was seen before it ends."""
    until = None if duty.embargo is None else duty.embargo.until(period.text)
    if until is None or (seen is not None and seen < until.date()):
        return due
    return max(due, until.date())
