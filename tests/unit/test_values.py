"""Representations: the grammar of each data type, and nothing beyond it."""

from __future__ import annotations

from decimal import Decimal, InvalidOperation
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from app.sdmx.values import value_check

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
    ],
)
def test_facets(data_type: str, facets: dict[str, Any], good: str, bad: str) -> None:
    check = value_check(data_type, facets)
    assert check(good)
    assert not check(bad)


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
