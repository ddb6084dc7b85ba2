"""What is suppressed beside small counts: random tables, and nobody can reckon what is hidden."""

from __future__ import annotations

import itertools
from decimal import Decimal
from fractions import Fraction

from hypothesis import example, given
from hypothesis import strategies as st

from app.sdmx.secondary import Figures, Key, Sum, secondary_keys

SEX = Sum(0, ("T",), ("F", "M", "U"), ("T", "F", "M"))
AGE = Sum(1, ("T",), ("Y0", "Y18", "Y65"), ("T", "Y0", "Y18", "Y65"))
BROAD = Sum(1, ("T",), ("Y0", "GE18"), ("T", "Y0", "GE18"))
SUMS = (SEX, AGE, BROAD)
MINIMUM = 5


def table(cells: dict[Key, int]) -> Figures:
    """A table by sex and age with all its totals."""
    full = dict(cells)
    for sex in ("F", "M"):
        full[sex, "GE18"] = cells[sex, "Y18"] + cells[sex, "Y65"]
        full[sex, "T"] = cells[sex, "Y0"] + full[sex, "GE18"]
    for age in ("Y0", "Y18", "Y65", "GE18", "T"):
        full["T", age] = full["F", age] + full["M", age]
    return {key: Decimal(value) for key, value in full.items()}


def small(figures: Figures) -> set[Key]:
    return {key for key, value in figures.items() if value is not None and 0 < value < MINIMUM}


def determined(figures: Figures, gone: set[Key]) -> set[Key]:
    """The hidden figures that the published ones give away, by exact elimination."""
    keys = [*itertools.product(("F", "M", "T"), ("Y0", "Y18", "Y65", "GE18", "T"))]
    unknown = [key for key in keys if key in gone or key not in figures]
    rows = []
    for one in SUMS:
        for rest in {key[1 - one.position] for key in keys}:
            listed = [(c, rest) if one.position == 0 else (rest, c) for c in one.left + one.right]
            signs = dict(zip(listed, [1] * len(one.left) + [-1] * len(one.right), strict=True))
            rows.append([Fraction(signs.get(key, 0)) for key in unknown])
    rank = 0
    for column in range(len(unknown)):
        pivot = next((n for n in range(rank, len(rows)) if rows[n][column]), None)
        if pivot is None:
            continue
        rows[rank], rows[pivot] = rows[pivot], rows[rank]
        rows[rank] = [value / rows[rank][column] for value in rows[rank]]
        for n, row in enumerate(rows):
            if n != rank and row[column]:
                rows[n] = [a - row[column] * b for a, b in zip(row, rows[rank], strict=True)]
        rank += 1
    return {unknown[row.index(1)] for row in rows[:rank] if sum(map(bool, row)) == 1} & gone


counts = st.one_of(st.integers(0, 8), st.integers(0, 500))
tables = st.fixed_dictionaries(
    dict.fromkeys(itertools.product(("F", "M"), ("Y0", "Y18", "Y65")), counts)
).map(table)

cells_to_leave_out = st.sampled_from([("T", "T"), ("F", "T"), ("T", "GE18"), ("M", "GE18"),
                                      ("F", "GE18"), ("T", "Y0"), ("M", "Y18")])  # fmt: skip


@example(
    table(
        {
            ("F", "Y0"): 3,
            ("F", "Y18"): 0,
            ("F", "Y65"): 5,
            ("M", "Y0"): 0,
            ("M", "Y18"): 2,
            ("M", "Y65"): 0,
        }
    ),
    set(),
)
@given(tables, st.sets(cells_to_leave_out, max_size=4))
def test_no_hidden_figure_can_be_reckoned(figures: Figures, unsaid: set[Key]) -> None:
    figures = {key: value for key, value in figures.items() if key not in unsaid}
    hidden = small(figures)
    gone = hidden | secondary_keys(figures, hidden, (), SUMS, MINIMUM)
    assert not determined(figures, gone)
    assert bool(gone) == bool(hidden)


def test_a_small_count_takes_the_smallest_other_with_it() -> None:
    figures = {("F", "T"): Decimal(3), ("M", "T"): Decimal(20), ("T", "T"): Decimal(23)}
    assert secondary_keys(figures, {("F", "T")}, (), [SEX], MINIMUM) == {("M", "T")}


def test_what_everybody_knows_already_is_no_cover() -> None:
    figures = {("F", "T"): Decimal(3), ("M", "T"): Decimal(20), ("T", "T"): Decimal(23)}
    known = {("M", "T")}
    assert secondary_keys(figures, {("F", "T")}, known, [SEX], MINIMUM) == {("T", "T")}


def test_two_small_counts_whose_sum_is_small_take_a_third() -> None:
    figures = {
        ("T", "Y0"): Decimal(1),
        ("T", "Y18"): Decimal(1),
        ("T", "Y65"): Decimal(70),
        ("T", "T"): Decimal(72),
    }
    hidden = {("T", "Y0"), ("T", "Y18")}
    assert secondary_keys(figures, hidden, (), [AGE], MINIMUM) == {("T", "Y65")}


def test_a_sum_with_a_part_that_nobody_reports_gives_nothing_away() -> None:
    figures = {("F", "T"): Decimal(3), ("T", "T"): Decimal(23)}
    assert secondary_keys(figures, {("F", "T")}, (), [SEX], MINIMUM) == set()


def test_nothing_small_hides_nothing() -> None:
    figures = {("F", "T"): Decimal(0), ("M", "T"): Decimal(20), ("T", "T"): Decimal(20)}
    assert secondary_keys(figures, (), (), [SEX], MINIMUM) == set()
