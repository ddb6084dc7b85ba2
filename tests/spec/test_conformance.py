"""`docs/reference/conformance.md`: each requirement has a test that bears its id, or a reason."""

from __future__ import annotations

import ast
import re
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PAGE = ROOT / "docs" / "reference" / "conformance.md"
# Notifications are another matter.
LEFT_OUT = {177}
CHECKS = [f"C{number:03}" for number in range(1, 180) if number not in LEFT_OUT]

_ROW = re.compile(r"\| (C\d{3}) \| ([^|]+) \| ([^|]+) \|")
_FILE = re.compile(r"`(tests/[\w/]+\.py)`")


@cache
def files_by_check() -> dict[str, set[str]]:
    """The files that have a test with a check's id in its name, by check."""
    found: dict[str, set[str]] = {}
    for file in sorted((ROOT / "tests").rglob("test_*.py")):
        for node in ast.walk(ast.parse(file.read_text("utf-8"))):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                for number in re.findall(r"(?<=_)c(\d{3})(?=_)", node.name):
                    name = file.relative_to(ROOT).as_posix()
                    found.setdefault(f"C{number}", set()).add(name)
    return found


def rows() -> dict[str, str]:
    """What shows each requirement, by its id."""
    return {check: shown for check, _, shown in _ROW.findall(PAGE.read_text("utf-8"))}


def test_the_page_names_every_check_once_in_order() -> None:
    assert [found[0] for found in _ROW.findall(PAGE.read_text("utf-8"))] == CHECKS


@pytest.mark.parametrize("check", CHECKS)
def test_each_check_has_a_test_or_a_reason(check: str) -> None:
    shown = rows()[check]
    named = set(_FILE.findall(shown))
    bearing = files_by_check().get(check, set())
    if named:
        assert named <= bearing, (
            f"{sorted(named - bearing)} have no test named test_{check.lower()}_"
        )
    else:
        assert not bearing, f"{check} has a test now: name {sorted(bearing)}"
        assert shown.startswith("Cannot apply: "), shown
        assert len(shown) > len("Cannot apply: ") + 20
