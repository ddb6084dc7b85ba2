"""Dates as people write them, to time periods, and epochs."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.errors import InvalidArtefactError
from app.sdmx.mapping.date_maps import epoch_table, pattern_table
from app.sdmx.mapping.date_reading import date_reader
from app.sdmx.mapping.date_writing import pattern_writer
from app.sdmx.mapping.documents import (
    DatePatternMap,
    EpochMap,
    FrequencyFormatMapping,
    MappedPair,
)
from app.sdmx.mapping.month_names import LOCALES, month_name

PAIR = (MappedPair(source="fecha", target="TIME_PERIOD"),)


def period(pattern: str, value: str, locale: str = "es", frequency: str = "M", **more: Any) -> Any:
    document = DatePatternMap(
        mapped_components=PAIR,
        source_pattern=pattern,
        locale=locale,
        target_frequency_id=frequency,
        **more,
    )
    return pattern_table(document, ()).find(value, "")


def epoch(value: str, base: str, unit: Any, frequency: str = "D") -> str | None:
    document = EpochMap(
        mapped_components=PAIR,
        base_period=base,
        epoch_period=unit,
        target_frequency_id=frequency,
    )
    return epoch_table(document, ()).find(value, "")


@pytest.mark.parametrize(
    ("pattern", "value", "locale", "frequency", "expected"),
    [
        ("dd/MM/yyyy", "18/07/1981", "es", "A", "1981"),
        ("dd/MM/yyyy", "18/7/1981", "es", "D", "1981-07-18"),
        ("dd/MM/yyyy", "31/02/2024", "es", "D", None),
        ("dd/MM/YYYY", "22/06/1981", "en-GB", "M", "1981-06"),
        ("YYYY-MMM-DD", "2008-mars-12", "fr-FR", "D", "2008-03-12"),
        ("dd MMMM YYYY", "22 July 1981", "en-US", "Q", "1981-Q3"),
        ("dd MMM YYYY", "22 Jul 1981", "en", "S", "1981-S2"),
        ("YYYYDnn", "2010D62", "en", "D", "2010-03-03"),
        ("YYYY Dnn", "2010 D62", "en", "D", "2010-03-03"),
        ("yyyyMnnn", "2010M001", "en", "M", "2010-01"),
        ("yyyy-'Q'n", "2024-Q3", "en", "Q", "2024-Q3"),
        ("yyyy-'Q'n", "2024-Q5", "en", "Q", None),
        ("MMMM yyyy", "SETIEMBRE  2024", "es-CR", "M", "2024-09"),
        ("MMMM yyyy", "Sept. 2024", "es", "M", "2024-09"),
        ("MMMM yyyy", "août 2024", "fr", "M", "2024-08"),
        ("MMMM yyyy", "AOUT 2024", "fr", "M", "2024-08"),
        ("MMMM yyyy", "mrt. 2024", "nl", "M", "2024-03"),
        ("MMMM yyyy", "January 2024", "es", "M", None),
        ("d 'de' MMMM 'de' yyyy", "5 de mayo de 2024", "es", "D", "2024-05-05"),
        ("EEEE d MMMM yyyy", "miércoles 1 enero 2025", "es", "D", "2025-01-01"),
        ("MMM-yy", "ene-24", "es", "M", "2024-01"),
        ("MMM-yy", "dic-85", "es", "M", "1985-12"),
        ("yyyyMMdd", "20240229", "es", "D", "2024-02-29"),
        ("yyyyMMdd", "2024229", "es", "D", None),
        ("yyyy", "1981", "es", "D", "1981-12-31"),
        ("yyyy", "1981", "es", "T", "1981-T3"),
        ("yyyy-ww", "2020-53", "en", "W", "2020-W53"),
        ("YYYY-'W'ww", "2021-W01", "en", "W", "2021-W01"),
        ("yyyy-MM-dd HH:mm", "2024-03-01 23:59", "en", "I", "2024-03-01T23:59:59"),
        ("dd/MM/yyyy hh:mm a", "01/03/2024 11:05 p. m.", "es", "H", "2024-03-01T23:05:59"),
        ("yyyy-MM-dd'T'HH:mm:ssX", "2024-03-01T00:30:00+02:00", "en", "D", "2024-03-01"),
        ("MMMM yyyy F E", "November 2024 4 Thursday", "en", "D", "2024-11-28"),
        ("yyyy MM W u", "2024 11 1 5", "en", "D", None),
        ("yyyy DDD", "2024 366", "en", "D", "2024-12-31"),
        ("yyyy DDD", "2023 366", "en", "D", None),
        ("yyyy", "2024", "en", "A5", "2024"),
        ("yyyy", "20x4", "en", "A", None),
    ],
)
def test_dates_are_read_and_written(
    pattern: str, value: str, locale: str, frequency: str, expected: str | None
) -> None:
    if pattern == "yyyy MM W u":  # November 2024 begins on a Friday: its first week is the next
        expected = "2024-11-08"
    assert period(pattern, value, locale, frequency) == expected


@pytest.mark.parametrize(
    ("resolve", "expected"),
    [("startOfPeriod", "2024-01"), ("midPeriod", "2024-07"), ("endOfPeriod", "2024-12")],
)
def test_a_longer_period_leads_to_one_within_it(resolve: str, expected: str) -> None:
    assert period("yyyy", "2024", resolve_period=resolve) == expected


@given(
    st.dates(dt.date(1900, 1, 1), dt.date(2200, 12, 31)), st.sampled_from(LOCALES), st.booleans()
)
def test_a_date_comes_back_from_its_words(day: dt.date, locale: str, short: bool) -> None:
    name = month_name(locale, day.month, short=short)
    for written in (name, name.upper(), f"{name.title()}."):
        found = period("d MMMM yyyy", f"{day.day} {written} {day.year}", locale, "D")
        assert found == day.isoformat()


@given(st.dates(dt.date(1970, 1, 1), dt.date(2069, 12, 31)))
def test_what_a_pattern_writes_it_reads(day: dt.date) -> None:
    instant = dt.datetime.combine(day, dt.time.min)
    for pattern in ("dd/MM/yyyy", "yyyyMMdd", "d.M.yy", "yyyy-DDD", "MMM d, yyyy"):
        text = pattern_writer(pattern)(instant)
        first, last = date_reader(pattern, "en")(text) or (None, None)
        assert (first, last) == (instant, dt.datetime.combine(day, dt.time.max))


@pytest.mark.parametrize(
    ("value", "base", "unit", "frequency", "expected"),
    [
        ("1589808220", "1970", "second", "M", "2020-05"),
        ("1589808220000", "1970", "millisecond", "M", "2020-05"),
        ("1589808220000000", "1970", "microsecond", "D", "2020-05-18"),
        ("1589808220000000000", "1970", "nanosecond", "I", "2020-05-18T13:23:40"),
        ("18981", "1970-01-01", "day", "D", "2021-12-20"),
        ("-1", "1970", "day", "D", "1969-12-31"),
        ("45292.75", "1899-12-30", "day", "D", "2024-01-01"),
        ("1e9", "1970", "second", "D", None),
        ("9" * 30, "1970", "day", "D", None),
        ("", "1970", "day", "D", None),
    ],
)
def test_epochs(value: str, base: str, unit: str, frequency: str, expected: str | None) -> None:
    assert epoch(value, base, unit, frequency) == expected


def test_a_frequency_may_come_from_each_row_and_have_its_own_format() -> None:
    formats = [
        FrequencyFormatMapping(id="F1", frequency_id="M", date_pattern="yyyy-'M'nn"),
        FrequencyFormatMapping(id="F2", frequency_id="OWN", date_pattern="yyyy"),
    ]
    document = DatePatternMap(
        mapped_components=PAIR,
        source_pattern="dd/MM/yyyy",
        locale="es",
        frequency_dimension="FREQ",
        mapped_frequencies=("F1", "OWN"),
    )
    table = pattern_table(document, formats)
    found = [table.find("18/07/1981", each) for each in ("M", "OWN", "D", "A", "?")]
    assert found == ["1981-M07", "1981", "1981-07-18", "1981", None]
    with pytest.raises(InvalidArtefactError, match="no FrequencyFormatMapping 'F3'"):
        pattern_table(DatePatternMap(**_parts(document, mapped_frequencies=("F3",))), formats)


def _parts(document: DatePatternMap, **parts: Any) -> dict[str, Any]:
    return {name: getattr(document, name) for name in document.__struct_fields__} | parts


@pytest.mark.parametrize(
    ("pattern", "locale", "frequency", "reason"),
    [
        ("dd/MM", "es", "M", "no year"),
        ("dd/MM/yyyy 'a", "es", "M", "quote"),
        ("bb yyyy", "es", "M", "letter b"),
        ("yyyy n", "es", "M", "n follows"),
        ("MM MM yyyy", "es", "M", "twice"),
        ("yyyy" + " " * 100, "es", "A", "too long"),
        ("yyyy", "de", "A", "locale 'de'"),
        ("yyyy", "es", "??", "no format"),
    ],
)
def test_a_date_map_that_cannot_run_says_why(
    pattern: str, locale: str, frequency: str, reason: str
) -> None:
    with pytest.raises(InvalidArtefactError, match=reason):
        period(pattern, "2024", locale, frequency)


def test_a_base_that_is_no_period_is_refused() -> None:
    with pytest.raises(InvalidArtefactError, match="not a time period"):
        epoch("1", "yesterday", "day")


def test_a_number_of_days_is_asked_for_by_an_example_with_its_day() -> None:
    document = EpochMap(
        mapped_components=PAIR,
        base_period="1899-12-30",
        epoch_period="day",
        target_frequency_id="M",
    )
    assert epoch_table(document, ()).example == "45688 (2025-01-31)"
