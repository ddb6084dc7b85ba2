"""Days on which periods are due, against counting them on the fingers."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.sdmx.calendar.duties import Duty, Owed, Reported, duty_of, owed_periods
from app.sdmx.calendar.scores import timeliness
from app.sdmx.calendar.texts import state_text
from app.sdmx.embargoes import read_embargo
from app.sdmx.terms import Term, Terms

DAY = dt.timedelta(days=1)
LONG_AGO = dt.date(1990, 1, 1)
LENGTHS = {"M": 1, "Q": 3, "S": 6, "A": 12}
RULES = {"P20D after month end": (0, 20), "P45D after quarter end": (0, 45), "P6M": (6, 0)}


def terms(**said: str) -> Terms:
    agreement = "urn:sdmx:org.sdmx.infomodel.registry.ProvisionAgreement=TST:PA(1.0.0)"
    return Terms(agreement, "CRI_X", {n: Term(n, (v,), agreement) for n, v in said.items()})


def duty(frequency: str, rule: str, entered: dt.date = LONG_AGO, **more: str) -> Duty:
    said = terms(FREQUENCY=frequency, RELEASE_DUE=rule, **more)
    found = duty_of(said, "urn:DF", frequency.split(), entered)
    assert isinstance(found, Duty)
    return found


def days_between(first: dt.date, last: dt.date) -> Iterator[dt.date]:
    while first <= last:
        yield first
        first += DAY


def due_by_counting(end: dt.date, months: int, days: int) -> dt.date:
    """Walk day by day to the end of the month that is so many months later, then on."""
    while months:
        end += DAY
        months -= (end + DAY).day == 1
    for _ in range(days):
        end += DAY
    return end


def by_counting(frequency: str, rule: tuple[int, int], first: dt.date, last: dt.date) -> set[str]:
    """Periods due in a window: look at each day that could end one."""
    found = set()
    early = first - dt.timedelta(days=rule[0] * 31 + rule[1])
    for day in days_between(early, last):
        is_end = (day + DAY).day == 1 and day.month % LENGTHS[frequency] == 0
        if is_end and first <= due_by_counting(day, *rule) <= last:
            found.add(f"{day.replace(day=1)}..{day}")
    return found


def ends(listed: list[Owed]) -> set[str]:
    return {f"{one.period.last_day.replace(day=1)}..{one.period.last_day}" for one in listed}


@given(
    st.sampled_from(sorted(LENGTHS)),
    st.sampled_from(sorted(RULES)),
    st.dates(dt.date(1999, 1, 1), dt.date(2032, 1, 1)),
    st.integers(0, 500),
)
def test_what_is_due_in_a_window_is_what_counting_days_finds(
    frequency: str, rule: str, first: dt.date, length: int
) -> None:
    last = first + dt.timedelta(days=length)
    listed = list(owed_periods(duty(frequency, rule), {}, first, last, first))
    assert ends(listed) == by_counting(frequency, RULES[rule], first, last)
    assert all(first <= one.due <= last for one in listed)
    assert [one.due for one in listed] == sorted(one.due for one in listed)


@pytest.mark.parametrize(
    ("rule", "frequency", "period", "due"),
    [
        ("P20D after month end", "M", "2024-01", "2024-02-20"),
        ("P45D after quarter end", "Q", "2023-Q4", "2024-02-14"),
        ("P6M after year end", "A", "2023", "2024-06-30"),
    ],
)
def test_rules_of_the_network(rule: str, frequency: str, period: str, due: str) -> None:
    day = dt.date.fromisoformat(due)
    [one] = owed_periods(duty(frequency, rule), {}, day, day, day)
    assert (one.period.text, one.state) == (period, "due")


MONTHLY = duty("M", "P20D after month end")
JANUARY = (dt.date(2026, 2, 20), dt.date(2026, 2, 20))


@pytest.mark.parametrize(
    ("today", "came", "state", "days_late"),
    [
        ("2026-01-31", Reported(), "open", None),
        ("2026-02-01", Reported(), "due", None),
        ("2026-02-20", Reported(), "due", None),
        ("2026-02-21", Reported(), "late", 1),
        ("2026-03-20", Reported(7, dt.date(2026, 2, 20)), "complete", 0),
        ("2026-03-20", Reported(7, dt.date(2026, 3, 2)), "complete", 10),
        ("2026-03-20", Reported(0, dt.date(2026, 2, 3), nil=True), "nil", 0),
        ("2026-01-15", Reported(7, dt.date(2026, 1, 15)), "complete", 0),
    ],
)
def test_states(today: str, came: Reported, state: str, days_late: int | None) -> None:
    day = dt.date.fromisoformat(today)
    [one] = owed_periods(MONTHLY, {("M", "2026-01"): came}, *JANUARY, day)
    assert (one.state, one.days_late) == (state, days_late)


def test_nothing_is_late_that_an_embargo_hides() -> None:
    waiting = duty("M", "P20D after month end", EMBARGO="P60D")
    assert waiting.embargo == read_embargo("P60D")
    states = {
        day: next(owed_periods(waiting, {}, *JANUARY, dt.date.fromisoformat(day))).state
        for day in ("2026-03-31", "2026-04-02", "2026-04-03")
    }
    assert states == {"2026-03-31": "due", "2026-04-02": "due", "2026-04-03": "late"}


def test_an_embargo_is_no_excuse_for_what_was_seen_before_it_ends() -> None:
    waiting = duty("M", "P20D after month end", EMBARGO="P60D")
    today = dt.date(2026, 6, 1)
    days = [
        next(owed_periods(waiting, {("M", "2026-01"): Reported(1, on)}, *JANUARY, today)).days_late
        for on in (dt.date(2026, 2, 20), dt.date(2026, 3, 2), dt.date(2026, 4, 2))
    ]
    assert days == [0, 10, 0]


def test_owed_is_what_falls_due_while_the_agreement_is_here_or_after_the_first_figures() -> None:
    young = duty("M", "P20D after month end", dt.date(2026, 3, 1), EXPIRY_DATE="2026-05-31")
    window = (dt.date(2025, 1, 1), dt.date(2026, 12, 31))
    today = dt.date(2026, 12, 31)
    listed = [one.period.text for one in owed_periods(young, {}, *window, today)]
    assert listed == ["2026-02", "2026-03", "2026-04", "2026-05"]
    came = {("M", "2025-11"): Reported(1, dt.date(2026, 3, 1))}
    told = {one.period.text: one.state for one in owed_periods(young, came, *window, today)}
    assert list(told)[:3] == ["2025-11", "2025-12", "2026-01"]
    assert (told["2025-11"], told["2025-12"]) == ("complete", "late")


def test_of_what_was_due_before_the_agreement_no_delay_is_told_nor_scored() -> None:
    came = {
        ("M", "2025-11"): Reported(1, dt.date(2026, 3, 1)),
        ("M", "2026-01"): Reported(0, dt.date(2026, 3, 1), nil=True),
        ("M", "2026-02"): Reported(1, dt.date(2026, 3, 22)),
    }
    young = duty("M", "P20D after month end", dt.date(2026, 3, 1))
    today = dt.date(2026, 3, 25)
    owed = list(owed_periods(young, came, dt.date(2025, 12, 1), today, today))
    assert [(one.period.text, one.state, one.days_late) for one in owed] == [
        ("2025-11", "complete", None),
        ("2025-12", "late", None),
        ("2026-01", "nil", None),
        ("2026-02", "complete", 2),
    ]
    score = timeliness(owed, today, young.entered)
    assert (score.count, score.facts["late"], score.facts["outstanding"]) == (1, 1, 0)
    for one in owed[:3]:
        assert "(2026-03-01)" in state_text(one, "es")
        assert "de atraso" not in state_text(one, "es")


def test_an_agreement_that_cannot_be_dated_says_why() -> None:
    assert duty_of(terms(FREQUENCY="M", RELEASE_DUE="ad hoc"), "", ["M"], LONG_AGO) == "NO_DUE_RULE"
    assert duty_of(terms(RELEASE_DUE="P20D"), "", ["M", "A"], LONG_AGO) == "NO_FREQUENCY"
    assert isinstance(duty_of(terms(RELEASE_DUE="P20D"), "", ["A", "_Z"], LONG_AGO), Duty)
