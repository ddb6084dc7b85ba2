"""Representations: the grammar of each data type, and nothing beyond it."""

from __future__ import annotations

from decimal import Decimal, InvalidOperation
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from app.sdmx.values import read_pattern, representation, value_check

ACCEPTED = [
    ("Decimal", "0 1 -1 +1 .5 5. -0.0 00012.50 12345678901234567890123456789.000000001 #N/A"),
    ("Double", "1 1e5 1E-5 .5 5. INF -INF NaN 1e999"),
    ("Float", "1.5 NaN"),
    ("Integer", "0 -1 +7 2147483647 -2147483648 #N/A"),
    ("Long", "9223372036854775807 -9223372036854775808"),
    ("Short", "32767 -32768"),
    ("Count", "0 9"),
    ("BigInteger", "99999999999999999999999999 -1"),
    ("Boolean", "true false 1 0"),
    ("Alpha", "abcXYZ"),
    ("AlphaNumeric", "abc123"),
    ("DateTime", "2026-03-31T12:00:00 2026-03-31T12:00:00Z 2026-03-31T12:00:00.123-06:00"),
    ("ObservationalTimePeriod", "2020 2020-01 2020-Q1 2020-W53 2020-S2 2020-D010 2020-01-31"),
    ("String", "anything 1e999 true é ñ"),
    ("Month", "--01 --12 --12Z --05-06:00 #N/A"),
    ("Day", "---01 ---31 ---15Z"),
    ("MonthDay", "--01-31 --02-29 --04-30 --12-31-06:00"),
    ("Duration", "P1Y P1Y2M3DT4H5M6.7S PT0S -P5D"),
    ("Time", "00:00:00 23:59:59.5Z 24:00:00 12:00:00-06:00"),
    ("URI", "https://example.org/a?b=c#d urn:x:y relative/path"),
    ("XHTML", "text <p>a</p> <p>a</p><p>b<br/></p> a&amp;b"),
    ("GregorianYear", "2020"),
    ("GregorianYearMonth", "2020-02"),
    ("GregorianDay", "2020-02-29"),
    ("GregorianTimePeriod", "2020 2020-02 2020-02-29"),
    ("BasicTimePeriod", "2020 2020-02-29T12:00:00"),
    ("ReportingTimePeriod", "2020-Q1 2020-A1 2020-D366"),
    ("ReportingYear", "2020-A1"),
    ("ReportingSemester", "2020-S2"),
    ("ReportingTrimester", "2020-T3"),
    ("ReportingQuarter", "2020-Q4"),
    ("ReportingMonth", "2020-M12"),
    ("ReportingWeek", "2020-W53"),
    ("ReportingDay", "2020-D001"),
    ("StandardTimePeriod", "2020 2020-Q1 2020-02-29T12:00:00"),
    ("TimeRange", "2020-01-01/P5Y"),
    ("InclusiveValueRange", "1 -2.5 1e5"),
]
REFUSED = [
    (
        "Decimal",
        "1e5 1E5 1e999 true NaN INF -INF nan inf 0x10 1_000 1,5 1.2.3 . - + --1 +-1 "
        "١٢ \uff11 1\u00a0 #n/a",
    ),
    ("Double", "true 1e nan Infinity infinity 1,5 e5 . #N/A"),
    ("Integer", "1.0 2147483648 -2147483649 1e3 NaN +"),
    ("Long", "9223372036854775808"),
    ("Short", "32768"),
    ("Count", "-1"),
    ("BigInteger", "1.0 1e3 ١"),
    ("Boolean", "True TRUE yes 2"),
    ("Alpha", "a1 é"),
    ("AlphaNumeric", "a-1"),
    (
        "DateTime",
        "2026-02-30T12:00:00 2026-03-31 2026-3-31T12:00:00 2026-03-31T12:00 2026-03-31T25:00:00Z "
        "20260331T120000 2026-03-31t12:00:00z",
    ),
    ("ObservationalTimePeriod", "2020-13 2020-Q5 20 2020-W54 2020/01 Jan-2020 2021-02-29"),
    ("Month", "01 --13 --00 -01 --1 --01-01 --01--"),
    ("Day", "31 ---32 ---00 --01 ---1"),
    ("MonthDay", "--02-30 --04-31 --13-01 --01 01-31 --00-10"),
    ("Duration", "P PT P1 1Y P1M1Y P1.5D P1YT P1W PT1.S"),
    ("Time", "24:00:01 25:00:00 12:00 12:60:00 12:00:60 1:00:00"),
    ("URI", "a<b {x}"),
    ("GregorianYear", "2020-02 2020-A1 20"),
    ("GregorianYearMonth", "2020 2020-13 2020-M01"),
    ("GregorianDay", "2020-02-30 2020-02 2020-D001"),
    ("GregorianTimePeriod", "2020-Q1 2020-02-29T12:00:00"),
    ("BasicTimePeriod", "2020-Q1 2020-01-01/P1Y"),
    ("ReportingTimePeriod", "2020 2020-01 2020-Q5"),
    ("ReportingQuarter", "2020-M01 2020-Q5"),
    ("StandardTimePeriod", "2020-01-01/P1Y x"),
    ("TimeRange", "2020 2020-01-01/2021-01-01"),
    ("ExclusiveValueRange", "a 1,5"),
]


def pairs(listed: list[tuple[str, str]]) -> list[tuple[str, str]]:
    return [(data_type, text) for data_type, texts in listed for text in texts.split(" ")]


@pytest.mark.parametrize(("data_type", "text"), pairs(ACCEPTED))
def test_accepted(data_type: str, text: str) -> None:
    assert value_check(data_type, {})(text)


@pytest.mark.parametrize(("data_type", "text"), pairs(REFUSED))
def test_refused(data_type: str, text: str) -> None:
    assert not value_check(data_type, {})(text)


@pytest.mark.parametrize("data_type", [data_type for data_type, _ in REFUSED])
@pytest.mark.parametrize("text", ["", " ", " 1", "1 ", "1\n", "\n", "\x00", "1\x00", "\u20281"])
def test_no_blank_and_no_line_end_beside_a_value(data_type: str, text: str) -> None:
    assert not value_check(data_type, {})(text)


@pytest.mark.parametrize(
    "text", ["\x00", "a\x08b", "\x1b[31m", "\x7f", "\ud800", "\ufffe", "\uffff"]
)
def test_f3_control_characters_and_lone_surrogates_are_no_text(text: str) -> None:
    assert not value_check("String", {})(text)


@pytest.mark.parametrize("text", ["a\tb", "a\nb", "a\r\nb", "😀", "=1+1", "\u202e"])
def test_text_takes_what_formats_can_carry(text: str) -> None:
    assert value_check("String", {})(text)


@pytest.mark.parametrize(
    ("data_type", "facets", "good", "bad"),
    [
        ("String", {"maxLength": 3}, "abc", "abcd"),
        ("String", {"minLength": 2}, "ab", "a"),
        ("Decimal", {"decimals": 2}, "-1.25", "1.255"),
        ("Decimal", {"decimals": 0}, "1", "1.5"),
        ("Decimal", {"minValue": 0}, "0", "-0.1"),
        ("Decimal", {"maxValue": 100}, "100.00", "100.01"),
        ("Integer", {"minValue": 1, "maxValue": 5}, "5", "6"),
        ("Decimal", {"maxValue": 9007199254740993}, "9007199254740993", "9007199254740994"),
        ("Decimal", {"maxValue": 0.1}, "0.1", "0.10000000000000000001"),
        ("ExclusiveValueRange", {"minValue": 0, "maxValue": 1}, "0.5", "1.0"),
        ("InclusiveValueRange", {"minValue": 0, "maxValue": 1}, "1.0", "1.1"),
        ("String", {"pattern": "[A-Z]+"}, "ABC", "abc"),
        ("String", {"pattern": "[A-Z]+"}, "ABC", "ABC\n"),
        ("String", {"pattern": "^[A-Z]{3}$"}, "ABC", "ABCD"),
        ("String", {"pattern": "a|bc"}, "bc", "ac"),
        ("String", {"pattern": "US$[0-9]"}, "US$1", "US1"),
        ("String", {"pattern": "[^a^$]+"}, "bcd", "b$d"),
        ("String", {"pattern": r"\i\c*"}, "_a-1", "1a"),
        ("String", {"pattern": r"[\c]+\.\d"}, "a:b.1", "a b.1"),
        ("Integer", {"isSequence": True, "startValue": 1, "interval": 2}, "5", "6"),
        ("Integer", {"startValue": 1, "endValue": 5}, "5", "6"),
        ("Integer", {"startValue": 1, "endValue": 5}, "1", "0"),
        ("Integer", {"startValue": 5, "endValue": 1, "interval": -2}, "3", "7"),
        ("Incremental", {"startValue": 0, "interval": 0.1}, "0.3", "0.35"),
        ("Double", {"startValue": 0, "interval": 1}, "1e2", "INF"),
        ("GregorianYear", {"startTime": "2000", "endTime": "2010"}, "2010", "2011"),
        ("GregorianYear", {"startTime": "2000", "endTime": "2010"}, "2000", "1999"),
        ("GregorianYear", {"startTime": "2000", "timeInterval": "P5Y"}, "2010", "2011"),
        (
            "GregorianDay",
            {"startTime": "2020-01-31", "timeInterval": "P1M"},
            "2020-02-29",
            "2020-03-30",
        ),
        (
            "GregorianDay",
            {"startTime": "2020-01-01", "timeInterval": "P7D"},
            "2020-01-08",
            "2020-01-09",
        ),
    ],
)
def test_facets(data_type: str, facets: dict[str, Any], good: str, bad: str) -> None:
    check = value_check(data_type, facets)
    assert check(good)
    assert not check(bad)


@pytest.mark.parametrize("text", ["<p>a", "a & b", "<p>a</b>", "</div><div>", "<!DOCTYPE x><p/>"])
def test_xhtml_is_well_formed(text: str) -> None:
    assert not value_check("XHTML", {})(text)


def test_representation_names_the_facets() -> None:
    facets = {"dataType": "String", "maxLength": 3, "pattern": "[A-Z]+"}
    assert representation("String", facets) == "String maxLength=3 pattern=[A-Z]+"


@pytest.mark.parametrize("pattern", ["[", "(", "*", r"\p{Lu}+", "[a-z-[aeiou]]", r"\I", "a{2,1}"])
def test_a_pattern_that_python_cannot_say_is_not_applied(pattern: str) -> None:
    assert read_pattern(pattern) is None
    assert value_check("String", {"pattern": pattern})("anything")


@pytest.mark.parametrize("bound", ["minValue", "maxValue"])
def test_missing_passes_the_bounds(bound: str) -> None:
    assert value_check("Decimal", {bound: 0})("#N/A")
    assert value_check("Double", {bound: 0})("NaN")


@given(st.text(st.sampled_from("0123456789+-.eE_,xNafInf \u0661"), max_size=8))
@example("1e5")
def test_decimal_is_xs_decimal(text: str) -> None:
    """Against the decimal module, less what it takes and xs:decimal does not."""
    try:
        number: Decimal | None = Decimal(text)
    except InvalidOperation:
        number = None
    expected = number is not None and number.is_finite() and not set(text) - set("0123456789+-.")
    assert value_check("Decimal", {})(text) == expected
