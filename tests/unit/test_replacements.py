"""Replacements of a column: one look-up for each cell, however many corrections there are."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from app.sdmx.messages.data_reading import Column, Form
from app.sdmx.replacements import Replacements

VALUES = st.sampled_from("abcd")


def _replacements(
    listed: list[tuple[str, str]], column: Column | None = None, form: Form | None = None
) -> tuple[Replacements, list[int]]:
    used = [0] * len(listed)
    numbered = [(number, *pair) for number, pair in enumerate(listed)]
    return Replacements(column or Column(0, "X", "X"), form or Form(), numbered, used), used


@given(st.lists(st.tuples(VALUES, VALUES)), st.lists(VALUES))
def test_a_column_is_what_one_replacement_after_the_other_makes_of_it(
    listed: list[tuple[str, str]], cells: list[str]
) -> None:
    replacements, used = _replacements(listed)
    got = [replacements.cell(cell) for cell in cells]
    found = [False] * len(listed)
    for number, (sent, put) in enumerate(listed):
        found[number] = sent in cells
        cells = [put if cell == sent else cell for cell in cells]
    assert got == cells
    assert [count > 0 for count in used] == found


def test_many_replacements_of_many_cells_are_no_product() -> None:
    """A chain through all of them, begun at each: some 40,000 steps, and not 200 million."""
    number = 20_000
    replacements, used = _replacements([(str(n), str(n + 1)) for n in range(number)])
    assert {replacements.cell(str(n)) for n in reversed(range(number))} == {str(number)}
    assert used == [1] * number


def test_labels_decimal_commas_and_several_values_are_met() -> None:
    labelled, _ = _replacements([("CRY", "CRI")], Column(0, "X", "X", labelled=True))
    assert labelled.cell("CRY: Costa Rica") == "CRI"
    comma, _ = _replacements([("1.5", "2")], form=Form(decimal_comma=True))
    assert comma.cell("1,5") == "2"
    many, _ = _replacements([("a", "b"), ("b", "c")], Column(0, "X", "X", many=True))
    assert (many.cell("a;d;b"), many.cell("x;y")) == ("c;d;c", "x;y")
