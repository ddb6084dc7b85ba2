"""Layouts and labels that would keep the service busy are refused, or read no further."""

from __future__ import annotations

import subprocess
import sys
from typing import Any

import pytest

from app.errors import InvalidLayoutError
from app.sheets import layout as layouts
from app.sheets.labels import without_notes
from app.sheets.layout import MOST_PATTERNS, MOST_PROBLEMS, PATTERN_LENGTH, parse_columns
from app.sheets.layout_reading import LABEL_LENGTH, _matcher
from tests.sheets.workbooks import bulletin_layout, layout_of


@pytest.mark.parametrize("label", ["Cuba " + "*" * 400 + " x", "²" * 400 + "x"])
def test_signs_within_a_label_do_not_keep_the_reader(label: str) -> None:
    """Each sign doubled the time; in a process of its own, for nothing stops an expression."""
    program = "import sys; from app.sheets.labels import without_notes as w; w(sys.argv[1])"
    subprocess.run([sys.executable, "-c", program, label], check=True, timeout=60)


@pytest.mark.parametrize(
    ("label", "short"),
    [
        ("Haití***", "Haití"),
        ("Cuba ¹² (2) 1/", "Cuba"),
        ("x" * 100 + "*", "x" * 100),
        ("***", "***"),
    ],
)
def test_marks_of_footnotes_are_taken_away_as_before(label: str, short: str) -> None:
    assert without_notes(label) == short


def test_what_a_long_cell_says_further_on_is_not_sought() -> None:
    matches = _matcher(["*fin"])
    assert matches("x" * (LABEL_LENGTH - 3) + "fin")
    assert not matches("x" * LABEL_LENGTH + "fin")


def test_a_bracket_in_a_pattern_is_a_bracket() -> None:
    matches = _matcher(["Total [a]*"])
    assert matches("TOTAL [A] 2024")
    assert not matches("Total a 2024")


@pytest.mark.parametrize(
    ("change", "path"),
    [
        ({"skipRows": ["x"] * (MOST_PATTERNS + 1)}, "skipRows"),
        ({"sheets": ["x" * (PATTERN_LENGTH + 1)]}, "sheets"),
        ({"stop": {"labels": ["*" * (PATTERN_LENGTH + 1)]}}, "stop.labels"),
        ({"across": {"columns": "C", "headers": {}, "skip": ["x"] * 201}}, "across.skip"),
    ],
)
def test_more_patterns_than_are_needed_are_refused(change: dict[str, Any], path: str) -> None:
    with pytest.raises(InvalidLayoutError) as caught:
        layout_of(bulletin_layout(**change))
    problems: Any = caught.value.detail["problems"]
    assert path in {problem["path"] for problem in problems}


@pytest.mark.parametrize(
    "change",
    [
        {"codes": {"CITIZENSHIP": {f"land {n}": f"X{n}" for n in range(1000)}}},
        {"constants": {f"SEX_{n}": "F" for n in range(1000)}},
    ],
)
def test_what_is_near_is_sought_for_what_is_told_alone(
    change: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    sought: list[str] = []
    monkeypatch.setattr(layouts, "nearest", lambda value, _codes: sought.append(value))
    with pytest.raises(InvalidLayoutError) as caught:
        layout_of(bulletin_layout(**change))
    problems: Any = caught.value.detail["problems"]
    assert len(problems) == MOST_PROBLEMS
    assert len(sought) <= MOST_PROBLEMS


def test_columns_named_again_are_not_listed_again() -> None:
    assert parse_columns("A:XFD," * 40_000 + "B") is None
    assert parse_columns("C:E,B") == [2, 3, 4, 1]
