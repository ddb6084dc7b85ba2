from __future__ import annotations

from urllib.parse import quote, urlencode

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.errors import QuerySyntaxError, VipmgError
from app.sdmx.filters import (
    OPERATORS,
    ComponentFilter,
    Condition,
    codes_matching,
    is_plain_list,
    number_predicate,
    parse_filter,
    text_predicate,
    time_predicate,
)

VALUES = st.text(st.characters(exclude_categories=("Cc", "Cs")), min_size=1, max_size=12)
TRICKY = st.sampled_from(["12:30", "eq:x", "a ge:b", "A+B", "A,B", "%2C", "100%", " ", "a+02:00"])
FILTERS = st.builds(
    ComponentFilter,
    st.just("X"),
    st.lists(
        st.lists(
            st.builds(Condition, st.sampled_from(OPERATORS), st.one_of(VALUES, TRICKY)),
            min_size=1,
            max_size=3,
        ).map(tuple),
        min_size=1,
        max_size=3,
    ).map(tuple),
)


def read(raw: str) -> list[list[tuple[str, str]]]:
    return [
        [(one.operator, one.value) for one in alternative]
        for alternative in parse_filter("X", raw).alternatives
    ]


@pytest.mark.parametrize(
    ("raw", "expected"),
    [
        ("A", [[("eq", "A")]]),
        ("A,B", [[("eq", "A")], [("eq", "B")]]),
        ("A,B+C", [[("eq", "A")], [("eq", "B"), ("eq", "C")]]),
        ("ne:A,B", [[("ne", "A")], [("eq", "B")]]),
        ("ge:A+le:B,ge:C+le:D", [[("ge", "A"), ("le", "B")], [("ge", "C"), ("le", "D")]]),
        ("co:euro%20area", [[("co", "euro area")]]),
        ("12:30", [[("eq", "12:30")]]),
        ("eq:12:30", [[("eq", "12:30")]]),
        ("xx:A", [[("eq", "xx:A")]]),
        ("GE:A", [[("eq", "GE:A")]]),
        ("ge:2020-01-01T00:00:00+02:00", [[("ge", "2020-01-01T00:00:00+02:00")]]),
        (
            "ge:2020-01-01T00:00:00%2B02:00+lt:2021,2022",
            [[("ge", "2020-01-01T00:00:00+02:00"), ("lt", "2021")], [("eq", "2022")]],
        ),
        ("A%252CB", [[("eq", "A,B")]]),
        ("C%252B%252B", [[("eq", "C++")]]),
        ("Canad%C3%A1", [[("eq", "Canadá")]]),
    ],
)
def test_the_grammar_of_the_standard(raw: str, expected: list[list[tuple[str, str]]]):
    assert read(raw) == expected


def test_c007_encoded_separators_equal_plain_ones():
    plain = parse_filter("X", "ge:A+le:B,C")
    assert parse_filter("X", "ge%3AA%2Ble%3AB%2CC") == plain
    assert parse_filter("X", "ge:A%20le:B,C") == plain
    encoded = urlencode({"c[X]": "ge:A+le:B,C"}).partition("=")[2]
    assert parse_filter("X", encoded) == plain


def test_a_run_of_blanks_is_text():
    assert read(" " * 60_000) == [[("eq", " " * 60_000)]]
    assert read("A  le:B") == [[("eq", "A "), ("le", "B")]]


def test_unencoded_utf_8_is_read_as_such():
    raw = "Canadá".encode().decode("latin-1")
    assert read(f"co:{raw}") == read("co:Canad%C3%A1") == [[("co", "Canadá")]]


def test_c052_plus_binds_tighter_than_comma():
    matches = text_predicate(parse_filter("X", "ge:B+le:D,ge:M+le:P"))
    assert [code for code in "ABDEMPQ" if matches(code)] == ["B", "D", "M", "P"]


def test_c053_an_operator_belongs_to_its_own_value():
    matches = text_predicate(parse_filter("X", "ne:A,B"))
    assert [code for code in "ABC" if matches(code)] == ["B", "C"]
    neither = text_predicate(parse_filter("X", "ne:A+ne:B"))
    assert [code for code in "ABC" if neither(code)] == ["C"]


def test_c054_several_values_must_hold_both():
    matches = text_predicate(parse_filter("OBS_STATUS", "B+M"))
    assert matches(["M", "B"])
    assert not matches(["B"])
    assert not matches("M")
    either = text_predicate(parse_filter("OBS_STATUS", "B,M"))
    assert either(["X", "M"])
    assert not either(["X"])


def test_excluding_conditions_want_every_value_to_pass():
    assert not text_predicate(parse_filter("X", "ne:A"))(["A", "B"])
    assert text_predicate(parse_filter("X", "nc:z"))(["A", "B"])


@pytest.mark.parametrize("operator", OPERATORS)
def test_a_missing_value_matches_nothing(operator: str):
    for predicate in (text_predicate, number_predicate, time_predicate):
        matches = predicate(parse_filter("X", f"{operator}:2020"))
        assert not matches(None)
        assert not matches([])
        assert not matches("")


@pytest.mark.parametrize(
    ("operator", "expected"),
    [
        ("eq", ["10.0", "1E1"]),
        ("ne", ["9.99", "10.01", "-10"]),
        ("lt", ["9.99", "-10"]),
        ("le", ["9.99", "10.0", "1E1", "-10"]),
        ("gt", ["10.01"]),
        ("ge", ["10.0", "10.01", "1E1"]),
        ("co", ["10.0", "10.01", "-10"]),
        ("nc", ["9.99", "1E1", "NaN"]),
        ("sw", ["10.0", "10.01"]),
        ("ew", ["-10"]),
    ],
)
def test_c051_numbers_are_compared_as_numbers(operator: str, expected: list[str]):
    matches = number_predicate(parse_filter("OBS_VALUE", f"{operator}:10"))
    values = ["9.99", "10.0", "10.01", "1E1", "-10", "NaN"]
    assert [value for value in values if matches(value)] == expected


def test_c049_large_and_exact_numbers():
    matches = number_predicate(parse_filter("OBS_VALUE", "gt:9007199254740992.1"))
    assert matches("9007199254740992.2")
    assert not matches("9007199254740992.10")


@pytest.mark.parametrize(
    ("operator", "expected"),
    [
        ("co", ["Euro area", "The EURO"]),
        ("nc", ["Dollar"]),
        ("sw", ["Euro area"]),
        ("ew", ["The EURO"]),
    ],
)
def test_c051_text_operators_ignore_case(operator: str, expected: list[str]):
    matches = text_predicate(parse_filter("TITLE", f"{operator}:euro"))
    assert [text for text in ("Euro area", "The EURO", "Dollar") if matches(text)] == expected


def test_c051_codes_are_exact():
    matches = text_predicate(parse_filter("X", "A"))
    assert not matches("a")


def test_c056_time_compares_frames():
    matches = time_predicate(parse_filter("TIME_PERIOD", "lt:2020-02"))
    assert not matches("2020-Q1")
    assert matches("2020-01")
    inside = time_predicate(parse_filter("TIME_PERIOD", "ge:2020-01+le:2020-12"))
    assert [one for one in ("2019-Q4", "2020-Q1", "2020", "2021-W01", "x") if inside(one)] == [
        "2020-Q1",
        "2020",
    ]


def test_c060_the_start_day_reaches_both_sides():
    matches = time_predicate(parse_filter("TIME_PERIOD", "ge:2010-Q3"), "--07-01")
    assert matches("2011-01")
    assert not matches("2010-12")
    assert matches("2010-Q3")


def test_text_operators_on_time_look_at_the_text():
    matches = time_predicate(parse_filter("TIME_PERIOD", "co:q1"))
    assert matches("2020-Q1")
    assert not matches("2020-01")


@pytest.mark.parametrize(
    ("predicate", "raw"),
    [(number_predicate, "ge:abc"), (number_predicate, "NaN"), (time_predicate, "ge:tomorrow")],
)
def test_values_that_cannot_be_compared_are_refused(predicate, raw: str):
    with pytest.raises(QuerySyntaxError):
        predicate(parse_filter("X", raw))


def test_c012_unknown_codes_are_no_error():
    asked = parse_filter("X", "CRI,NOWHERE")
    assert codes_matching(asked, ["CRI", "SLV"]) == {"CRI"}
    assert codes_matching(parse_filter("X", "NOWHERE"), ["CRI", "SLV"]) == set()
    assert codes_matching(parse_filter("X", "ne:NOWHERE"), ["CRI", "SLV"]) is None


def test_plain_lists():
    assert is_plain_list(parse_filter("X", "A,eq:B")) == ("A", "B")
    assert is_plain_list(parse_filter("X", "A+B")) is None
    assert is_plain_list(parse_filter("X", "A,ne:B")) is None


@pytest.mark.parametrize(
    "raw", ["", ",", "A,", "A++B", "+A", "eq:", "A,ge:", "%FF", "A%00", "A%0A", "\ud800"]
)
def test_empty_values_and_bad_encodings_are_refused(raw: str):
    with pytest.raises(QuerySyntaxError):
        parse_filter("X", raw)


@pytest.mark.parametrize("component", ["", "1A", "A..B", "A.", ".A", "A]", "Á"])
def test_component_ids_are_checked(component: str):
    with pytest.raises(QuerySyntaxError, match="does not name a component"):
        parse_filter(component, "A")


@given(FILTERS)
def test_every_filter_reads_back_from_its_text(component_filter: ComponentFilter):
    for safe in ("", ",+:"):
        assert parse_filter("X", quote(str(component_filter), safe=safe)) == component_filter


@given(FILTERS, st.one_of(st.none(), st.text(), st.lists(st.text())))
def test_every_filter_answers_every_value(component_filter: ComponentFilter, value):
    for predicate in (text_predicate, number_predicate, time_predicate):
        try:
            matches = predicate(component_filter)
        except QuerySyntaxError:
            continue
        assert matches(value) in (True, False)


@given(st.lists(VALUES, min_size=1, max_size=4), VALUES)
def test_the_short_way_for_plain_lists_gives_the_same(values: list[str], value: str):
    plain = ComponentFilter("X", tuple((Condition("eq", one),) for one in values))
    doubled = ComponentFilter(
        "X", tuple((Condition("eq", one), Condition("eq", one)) for one in values)
    )
    for given_value in (value, [value], [value, values[0]], None):
        assert text_predicate(plain)(given_value) == text_predicate(doubled)(given_value)


@given(st.one_of(st.text(), st.text("AB,+ %:2C0eqge", max_size=20)))
def test_any_text_is_a_filter_or_an_error_of_ours(raw: str):
    try:
        parsed = parse_filter("X", raw)
    except VipmgError as error:
        assert set(error.text) == {"en", "es"}
    else:
        assert parse_filter("X", quote(str(parsed))) == parsed
