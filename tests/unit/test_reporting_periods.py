"""Reporting periods: each follows the one before without a gap, in every spelling."""

from __future__ import annotations

import datetime as dt
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.sdmx.reporting_periods import (
    FREQUENCIES,
    due_day,
    period_of,
    periods_between,
    read_due,
    read_period,
)
from app.sdmx.time_period import fits_frequency, parse_time_period

DAYS = st.dates(dt.date(1, 1, 8), dt.date(9998, 12, 1))


@given(DAYS, st.sampled_from(sorted(FREQUENCIES)))
def test_the_period_of_a_day_holds_it_and_is_read_back(day: dt.date, frequency: str) -> None:
    period = period_of(day, frequency)
    assert period is not None
    assert period.first_day <= day <= period.last_day
    for spelling in period.spellings:
        assert read_period(spelling) == period
        parsed = parse_time_period(spelling)
        assert (parsed.start_date, parsed.end_date) == (period.first_day, period.last_day)
        assert fits_frequency(spelling, frequency)
    following = period.following
    assert following is not None
    assert following.first_day == period.last_day + dt.timedelta(days=1)


@given(DAYS, st.integers(0, 400), st.sampled_from(["M", "Q", "W", "D"]))
def test_between_two_days_nothing_is_left_out(day: dt.date, days: int, frequency: str) -> None:
    first = period_of(day, frequency)
    assert first is not None
    until = day + dt.timedelta(days=min(days, (dt.date(9999, 1, 1) - day).days))
    listed = list(periods_between(first, until))
    assert listed[0] == first
    assert listed[-1].first_day <= until <= listed[-1].last_day
    for before, after in pairwise(listed):
        assert after.first_day == before.last_day + dt.timedelta(days=1)


def test_the_calendar_ends() -> None:
    last = read_period("9999-12")
    assert last is not None
    assert last.following is None
    assert [each.text for each in periods_between(last, dt.date.max)] == ["9999-12"]


@pytest.mark.parametrize("text", ["2024-01-01/P1M", "2024-01-01T00:00:00", "2024-13", "x", ""])
def test_what_is_no_reporting_period(text: str) -> None:
    assert read_period(text) is None


@pytest.mark.parametrize(
    ("term", "period", "day"),
    [
        ("P20D after month end", "2024-02", "2024-03-20"),
        ("P2M", "2024-12", "2025-02-28"),
        ("P1M15D", "2023-12", "2024-02-15"),
        ("P2W", "2024-Q1", "2024-04-14"),
        ("P10M", "2024-02", "2024-12-31"),
    ],
)
def test_when_a_period_is_due(term: str, period: str, day: str) -> None:
    due, found = read_due(term), read_period(period)
    assert due is not None
    assert found is not None
    assert due_day(found, due).isoformat() == day


@pytest.mark.parametrize("term", [None, "", "soon", "P", "20 days"])
def test_a_term_that_says_no_day(term: str | None) -> None:
    assert read_due(term) is None
