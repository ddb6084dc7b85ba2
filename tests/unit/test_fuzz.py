"""A few hundred near-valid messages of each grammar; `python -m tests.fuzz` runs thousands."""

from __future__ import annotations

from random import Random

import pytest

from tests.fuzz.grammars import GRAMMARS, case
from tests.fuzz.judge import judge

CASES = 150
FEWER = 40
"""Each workbook is opened in a process of its own."""


@pytest.mark.parametrize("grammar", GRAMMARS)
def test_any_message_is_taken_or_refused_with_findings(grammar: str) -> None:
    outcomes = set()
    for number in range(FEWER if grammar == "xlsx" else CASES):
        flow, body = case(grammar, Random(f"test:{grammar}:{number}"))
        found = judge(flow, body)
        outcomes.add(any(finding.is_error for finding in found.findings))
    assert outcomes == {True, False}, "the grammar makes only one kind of message"
