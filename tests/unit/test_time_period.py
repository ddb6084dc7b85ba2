from __future__ import annotations

import datetime as dt
from contextlib import suppress
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.errors import QuerySyntaxError
from app.sdmx.time_period import (
    check_start_day,
    compare,
    fits_frequency,
    parse_date_time,
    parse_time_period,
    sort_key,
)

YEARS = st.integers(1900, 2200)
ZONES = st.sampled_from(["", "Z", "+05:30", "-06:00", "+14:00", "-14:00"])


@st.composite
def periods(draw: st.DrawFn) -> str:
    year, zone = draw(YEARS), draw(ZONES)
    day = draw(st.dates(dt.date(1900, 1, 1), dt.date(2200, 12, 31)))
    hour, length = draw(st.integers(0, 23)), draw(st.integers(1, 400))
    unit = draw(st.sampled_from(["Y", "M", "D", "YT1H", "M3D"]))
    return draw(
        st.sampled_from(
            [
                f"{year}{zone}",
                f"{year}-{day.month:02}{zone}",
                f"{day}{zone}",
                f"{year}-A1{zone}",
                f"{year}-S{day.month % 2 + 1}{zone}",
                f"{year}-T{day.month % 3 + 1}{zone}",
                f"{year}-Q{day.month % 4 + 1}{zone}",
                f"{year}-M{day.month:02}{zone}",
                f"{year}-W{length % 52 + 1:02}{zone}",
                f"{year}-D{length % 365 + 1:03}{zone}",
                f"{day}T{hour:02}:30:00.25{zone}",
                f"{day}{zone}/P{length}{unit}",
                f"{day}T{hour:02}:00:00{zone}/PT{length}M",
            ]
        )
    )


def days(text: str, start_day: str = "--01-01") -> tuple[str, str]:
    period = parse_time_period(text, start_day)
    return str(period.start_date), str(period.end_date)


@pytest.mark.parametrize(
    ("text", "first", "last", "frequency"),
    [
        ("2020", "2020-01-01", "2020-12-31", "A"),
        ("2020-02", "2020-02-01", "2020-02-29", "M"),
        ("2020-02-29", "2020-02-29", "2020-02-29", "D"),
        ("2020-02-29-06:00", "2020-02-29", "2020-02-29", "D"),
        ("2020-A1", "2020-01-01", "2020-12-31", "A"),
        ("2020-S2", "2020-07-01", "2020-12-31", "S"),
        ("2020-T3", "2020-09-01", "2020-12-31", "A_3"),
        ("2020-Q1", "2020-01-01", "2020-03-31", "Q"),
        ("2020-M02", "2020-02-01", "2020-02-29", "M"),
        ("2020-W01", "2019-12-30", "2020-01-05", "W"),
        ("2020-W53", "2020-12-28", "2021-01-03", "W"),
        ("2020-D001", "2020-01-01", "2020-01-01", "D"),
        ("2020-D366", "2020-12-31", "2020-12-31", "D"),
        ("2020-Q4+05:30", "2020-10-01", "2020-12-31", "Q"),
        ("2020-03-31T12:00:00Z", "2020-03-31", "2020-03-31", None),
        ("2020-03-31T24:00:00", "2020-04-01", "2020-04-01", None),
        ("1990-07-01/P5Y", "1990-07-01", "1995-06-30", "A5"),
        ("2020-01-01/P1M", "2020-01-01", "2020-01-31", "M"),
        ("2020-01-31/P1M", "2020-01-31", "2020-02-28", "M"),
        ("2020-01-01/P7D", "2020-01-01", "2020-01-07", "W"),
        ("2020-01-01/P10D", "2020-01-01", "2020-01-10", None),
        ("2020-01-01T06:00:00/PT12H", "2020-01-01", "2020-01-01", "D_2"),
        ("9999", "9999-01-01", "9999-12-31", "A"),
        ("9999-12-31", "9999-12-31", "9999-12-31", "D"),
        ("0001-Q1", "0001-01-01", "0001-03-31", "Q"),
    ],
)
def test_frames_of_every_form(text: str, first: str, last: str, frequency: str | None):
    period = parse_time_period(text)
    assert (str(period.start_date), str(period.end_date)) == (first, last)
    assert period.frequency == frequency
    assert period.text == text


def test_a_frame_ends_at_its_last_microsecond():
    assert parse_time_period("2020").end == dt.datetime(
        2020, 12, 31, 23, 59, 59, 999999, tzinfo=dt.UTC
    )
    moment = parse_time_period("2020-03-31T12:00:00+02:00")
    assert moment.start == moment.end == dt.datetime(2020, 3, 31, 10, tzinfo=dt.UTC)


@pytest.mark.parametrize(
    "text",
    [
        *("", "20", "20200", "0000", "2020-13", "2020-00", "2020-1", "2021-02-29", "2020-Q5"),
        *("2020-Q0", "2020-T4", "2020-S3", "2020-A2", "2020-M13", "2020-M00", "2020-W00"),
        *("2021-W53", "2020-W54", "2020-D000", "2021-D366", "2020-D367", "2020Q1", "2020-q1"),
        *("2020-01-01T25:00:00", "2020-01-01T24:00:01", "2020-01-01T12:00", "2020-01-01 12:00:00"),
        *(
            "2020+15:00",
            "2020-01-01/",
            "2020-01-01/P",
            "2020-01-01/PT",
            "2020-01-01/P1",
            "2020/P1Y",
        ),
        *("2020-01-01/P0D", "2020-01-01/2020-02-01", "2020-01-01/P999999Y", "2020-01-01/P1YT"),
        *("٢٠٢٠", "2020\n", " 2020", "9999-12-31T24:00:00", "0001-W01-06:00x", "2020-01-01/P-1D"),
    ],
)
def test_what_is_no_period_is_refused(text: str):
    with pytest.raises(QuerySyntaxError, match="not a time period"):
        parse_time_period(text)


def test_c060_the_start_day_shifts_reporting_periods_only():
    assert days("2010-Q2", "--07-01") == ("2010-10-01", "2010-12-31")
    assert days("2010-Q3", "--07-01") == ("2011-01-01", "2011-03-31")
    assert days("2010-A1", "--04-06") == ("2010-04-06", "2011-04-05")
    assert days("2010-D001", "--07-01") == ("2010-07-01", "2010-07-01")
    assert days("2010-W01", "--07-01") == ("2010-06-28", "2010-07-04")
    assert days("2010", "--07-01") == days("2010")
    assert days("2010-02", "--07-01") == days("2010-02")
    assert days("2010-07-01/P1Y", "--10-01") == days("2010-07-01/P1Y")


def test_c061_two_start_days_give_two_frames():
    assert days("2010-Q1", "--07-01") != days("2010-Q1", "--10-01")


def test_c056_less_than_looks_at_the_end_of_the_frame():
    quarter = parse_time_period("2020-Q1")
    assert not compare("lt", quarter, parse_time_period("2020-02"))
    assert compare("lt", quarter, parse_time_period("2020-04"))
    assert compare("le", quarter, parse_time_period("2020-03"))
    assert not compare("gt", quarter, parse_time_period("2020-01"))
    assert compare("gt", quarter, parse_time_period("2019-12"))
    assert compare("ge", quarter, parse_time_period("2020"))


def test_c057_equal_takes_what_lies_inside():
    year = parse_time_period("2020")
    for inside in ("2020", "2020-01", "2020-Q1", "2020-12-31"):
        assert compare("eq", parse_time_period(inside), year)
        assert not compare("ne", parse_time_period(inside), year)
    assert not compare("eq", year, parse_time_period("2020-Q1"))
    assert not compare("eq", parse_time_period("2020-W53"), year)


def test_c058_start_and_end_are_inclusive():
    start, end = parse_time_period("2020-02"), parse_time_period("2020-04")
    months = [parse_time_period(f"2020-{month:02}") for month in range(1, 7)]
    found = [one.text for one in months if compare("ge", one, start) and compare("le", one, end)]
    assert found == ["2020-02", "2020-03", "2020-04"]


def test_c059_weeks_and_days_against_quarters():
    quarter = parse_time_period("2020-Q1")
    assert compare("le", parse_time_period("2020-W13"), quarter)
    assert not compare("le", parse_time_period("2020-W14"), quarter)
    assert compare("le", parse_time_period("2020-03-31"), quarter)
    assert not compare("le", parse_time_period("2020-D092"), quarter)


def test_c075_periods_sort_by_time_across_forms():
    texts = ["2020", "2020-02", "2020-Q1", "2019-Q4", "2020-01", "2021-W01", "2020-W01"]
    assert sorted(texts, key=sort_key) == [
        *("2019-Q4", "2020-W01", "2020-01", "2020-Q1", "2020", "2020-02", "2021-W01"),
    ]


@pytest.mark.parametrize(
    ("frequency", "fitting", "unfitting"),
    [
        ("A", "2020 2020-A1 2020-01-01/P1Y", "2020-01 2020-Q1 2020-01-01/P2Y x"),
        ("A5", "1990-07-01/P5Y 2020", "1990-07-01/P4Y 2020-01"),
        ("A10", "1990-01-01/P10Y 2020", "1990-01-01/P5Y"),
        ("A_3", "2020-T1", "2020-Q1 2020"),
        ("S", "2020-S1 2020-01-01/P6M", "2020-Q1 2020"),
        ("Q", "2020-Q1 2020-01-01/P3M", "2020-03 2020"),
        ("M", "2020-03 2020-M03 2020-03-01/P1M", "2020-Q1 2020 2020-03-01"),
        ("M2", "2020-01-01/P2M 2020-03", "2020-Q1"),
        ("M_2", "2020-03-15 2020-03-01/P15D", "2020-03"),
        ("W", "2020-W09 2020-03-02/P7D", "2020-03-02 2020-03"),
        ("W2", "2020-W09 2020-03-02/P14D", "2020-03"),
        ("D", "2020-03-02 2020-D010", "2020-03 2020-W01"),
        ("D_2", "2020-03-02T12:00:00 2020-03-02T12:00:00/PT12H", "2020-03-02"),
        ("B", "2020-03-02", "2020-03-01 2020-02-29 2020-03"),
        ("H", "2020-03-02T12:00:00", "2020-03-02"),
        ("N", "2020-03-02T12:01:00", "2020-03-02"),
        ("I", "2020 2020-03-02 2020-Q1", "x"),
        ("OA", "2020 2020-01-01/P3Y", "x"),
        ("_Z", "2020 2020-03", "x"),
        ("NATIONAL", "2020 2020-03", "x"),
    ],
)
def test_c154_time_formats_and_frequencies(frequency: str, fitting: str, unfitting: str):
    for text in fitting.split():
        assert fits_frequency(text, frequency), text
    for text in unfitting.split():
        assert not fits_frequency(text, frequency), text


def test_c155_reporting_days_ending_in_zero_are_accepted():
    for number in range(10, 100, 10):
        assert days(f"2020-D{number:03}")[0] == str(
            dt.date(2020, 1, 1) + dt.timedelta(days=number - 1)
        )


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("2024-05-01T12:00:00Z", "2024-05-01T12:00:00+00:00"),
        ("2024-05-01T12:00:00", "2024-05-01T12:00:00+00:00"),
        ("2024-05-01T12:00:00.5+02:00", "2024-05-01T10:00:00.500000+00:00"),
        ("2024-05-01T12:00:00 02:00", "2024-05-01T10:00:00+00:00"),
        ("2024-05-01", "2024-05-01T00:00:00+00:00"),
    ],
)
def test_c079_instants_without_an_offset_are_utc(text: str, expected: str):
    assert parse_date_time(text).isoformat() == expected


@pytest.mark.parametrize("text", ["2024", "2024-05", "2024-Q1", "now", "0001-01-01T00:00:00+14:00"])
def test_what_is_no_instant_is_refused(text: str):
    with pytest.raises(QuerySyntaxError, match="not a date and time"):
        parse_date_time(text)


@pytest.mark.parametrize("text", ["--13-01", "--02-30", "--04-31", "07-01", "--7-1", ""])
def test_start_days_are_days_of_a_year(text: str):
    with pytest.raises(QuerySyntaxError, match="start day"):
        check_start_day(text)


def test_a_start_day_of_29_february_falls_on_the_28th_in_common_years():
    assert check_start_day("--02-29") == "--02-29"
    assert days("2021-A1", "--02-29") == ("2021-02-28", "2022-02-27")


@given(st.dates(dt.date(1, 1, 8), dt.date(9999, 12, 20)))
def test_reporting_weeks_of_the_calendar_year_are_iso_weeks(day: dt.date):
    year, week, weekday = day.isocalendar()
    period = parse_time_period(f"{year:04}-W{week:02}")
    assert period.start_date == day - dt.timedelta(days=weekday - 1)
    assert period.end_date == period.start_date + dt.timedelta(days=6)


@given(YEARS, st.sampled_from(["--01-01", "--04-06", "--07-01", "--10-31"]), st.data())
def test_reporting_periods_of_a_kind_follow_each_other_without_gap(
    year: int, start_day: str, data: st.DataObject
):
    kind, count = data.draw(st.sampled_from([("S", 2), ("T", 3), ("Q", 4), ("M", 12)]))
    width = 2 if kind == "M" else 1
    texts = [f"{one}-{kind}{n:0{width}}" for one in (year, year + 1) for n in range(1, count + 1)]
    frames = [parse_time_period(text, start_day) for text in texts]
    for one, following in pairwise(frames):
        assert following.start - one.end == dt.timedelta(microseconds=1)


@given(periods(), periods())
def test_comparisons_agree_with_each_other(one: str, other: str):
    observed, asked = parse_time_period(one), parse_time_period(other)
    assert observed.start <= observed.end
    assert compare("eq", observed, asked) == (
        compare("ge", observed, asked) and compare("le", observed, asked)
    )
    assert not (compare("lt", observed, asked) and compare("gt", observed, asked))
    if compare("gt", observed, asked):
        assert compare("ge", observed, asked)
        assert compare("lt", asked, observed)
    assert compare("eq", observed, observed)


@given(st.one_of(st.text(), st.text("0123456789-QMWDASTPYZ:/+.", max_size=30)), st.text())
def test_any_text_is_a_period_or_a_syntax_error(text: str, start_day: str):
    for read in (parse_time_period, parse_date_time, check_start_day):
        try:
            read(text)
        except QuerySyntaxError as error:
            assert set(error.text) == {"en", "es"}
    assert isinstance(fits_frequency(text, "M"), bool)
    with suppress(QuerySyntaxError):
        assert parse_time_period("2020-Q1", start_day).text == "2020-Q1"


@given(st.integers(0, 9999), st.sampled_from(["W01", "W52", "W53", "D366", "Q4", "A1"]), ZONES)
def test_the_ends_of_the_calendar_raise_nothing_else(year: int, part: str, zone: str):
    for start_day in ("--01-01", "--12-31"):
        try:
            period = parse_time_period(f"{year:04}-{part}{zone}", start_day)
        except QuerySyntaxError:
            continue
        assert period.start <= period.end
