"""What a mapping asks of a source value: texts, parts of them, patterns."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.errors import InvalidArtefactError
from app.sdmx.mapping.documents import MappedValue
from app.sdmx.mapping.matching import MOST_PATTERNS, PatternRoom, matcher, template

ATOMS = st.sampled_from(["A", "B", "[A-C]", "[0-9]", ".", "(A)", "(B|C)", "x", "(?:AB)"])
PATTERNS = st.lists(
    st.tuples(ATOMS, st.sampled_from(["", "*", "+", "?", "{2}"])).map("".join),
    min_size=1, max_size=5,
).map("".join)  # fmt: skip
VALUES = st.text("ABC01x ", max_size=8)


def pattern(text: str, **more: int) -> MappedValue:
    return MappedValue(value=text, is_reg_ex=True, **more)


@given(PATTERNS, VALUES)
def test_a_pattern_describes_the_whole_value_as_the_module_re_does(text: str, value: str) -> None:
    ours, theirs = matcher(pattern(text)).match(value), re.fullmatch(text, value)
    assert (ours is None) == (theirs is None)
    if theirs is not None:
        assert ours == tuple(group or "" for group in theirs.groups())


@given(PATTERNS, VALUES)
def test_an_anchor_at_one_end_describes_that_end(text: str, value: str) -> None:
    begins = matcher(pattern(f"^{text}")).match(value) is not None
    assert begins == (re.match(text, value) is not None)
    ends = matcher(pattern(f"{text}$")).match(value) is not None
    assert ends == (re.search(rf"(?:{text})\Z", value) is not None)


@pytest.mark.parametrize(
    ("text", "value", "groups"),
    [
        ("A", "A", ()),
        ("A", "AB", None),
        ("^[A-G]", "Grenada", ()),
        ("^[A-G]", "Haiti", None),
        ("^A|B$", "A", ()),
        ("A|B", "B", ()),
        (r"([0-9]{4})[0-9]([0-9]{1})", "200933", ("2009", "3")),
        (r"5\$", "5$", ()),
        ("(?i)hombres", "HOMBRES", ()),
        ("^$", "", ()),
        ("^$", "x", None),
        ("(a)|(b)", "b", ("", "b")),
        ("ñ.*", "ñandú\nx", ()),
    ],
)
def test_patterns_of_the_standard(text: str, value: str, groups: tuple[str, ...] | None) -> None:
    assert matcher(pattern(text)).match(value) == groups


@pytest.mark.parametrize(
    "text", [r"(a)\1", "(?=a)b", "(", "a{2000}{2000}", "[z-a]", "a" * 2001, ")("]
)
def test_a_pattern_that_takes_no_linear_time_or_is_none_is_refused(text: str) -> None:
    with pytest.raises(InvalidArtefactError, match="cannot be run") as refused:
        matcher(pattern(text))
    assert "no se puede ejecutar" in refused.value.text["es"]


def test_a_pattern_that_would_take_for_ever_elsewhere_takes_no_time() -> None:
    assert matcher(pattern("(a*)*b")).match("a" * 50_000) is None


@pytest.mark.parametrize(
    ("part", "value", "is_taken"),
    [
        ({"value": "DEF", "start_index": 5, "end_index": 7}, "ABC_DEF_XYZ", True),
        ({"value": "DEF", "start_index": 4, "end_index": 7}, "ABC_DEF_XYZ", True),
        ({"value": "XU", "start_index": 1, "end_index": 2}, "XULADS", True),
        ({"value": "XU", "start_index": 0, "end_index": 2}, "XULADS", True),
        ({"value": "XU", "end_index": 2}, "XULADS", True),
        ({"value": "XU", "start_index": 1, "end_index": 2}, "AXU", False),
        ({"value": "ADS", "start_index": 4}, "XULADS", True),
        ({"value": "XU", "start_index": 1, "end_index": 2}, "X", False),
        ({"value": "", "start_index": 1, "end_index": 2}, "anything", True),
    ],
)
def test_substrings_count_from_one_or_between_characters(
    part: dict[str, object], value: str, is_taken: bool
) -> None:
    assert (matcher(MappedValue(**part)).match(value) == ()) is is_taken  # type: ignore[arg-type]


def test_a_pattern_may_describe_a_part() -> None:
    third = matcher(pattern("([A-Z])[0-9]", start_index=3, end_index=4))
    assert third.match("xxQ3xx") == ("Q",)
    assert third.match("Q3") is None


@pytest.mark.parametrize(
    "part",
    [
        {"value": "DEF", "start_index": 5, "end_index": 6},
        {"value": "A", "start_index": -1},
        {"value": "A", "start_index": 3, "end_index": 2},
        {"value": "A", "end_index": 0},
    ],
)
def test_indexes_that_name_no_part_of_that_length_are_refused(part: dict[str, object]) -> None:
    with pytest.raises(InvalidArtefactError, match="do not name a part"):
        matcher(MappedValue(**part))  # type: ignore[arg-type]


def test_targets_are_made_of_groups() -> None:
    made = template(r"\1-Q\2\\", 2)
    assert made is not None
    assert made(["2009", "3"]) == "2009-Q3\\"
    assert template("plain", 2) is None
    with pytest.raises(InvalidArtefactError, match="group 3"):
        template(r"\3", 2)


def test_the_patterns_of_a_map_have_room_together() -> None:
    room = PatternRoom()
    for number in range(MOST_PATTERNS):
        matcher(pattern(f"(?i)total {number}"), room)
    with pytest.raises(InvalidArtefactError, match="more than 500 regular expressions"):
        matcher(pattern("one more"), room)
    room = PatternRoom()
    with pytest.raises(InvalidArtefactError, match="too large together") as raised:
        for number in range(20):
            matcher(pattern(f"(a?b?c{{0,900}}{number})+"), room)
    assert "demasiado grandes en conjunto" in raised.value.text["es"]
    assert room.patterns > MOST_PATTERNS - 20  # it ended long before
