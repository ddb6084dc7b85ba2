"""Findings grouped by rule: one mistake is told once, with all its rows."""

from __future__ import annotations

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from app.sdmx.findings import Finding
from app.sdmx.report import FIRST, MOST_KINDS, MOST_RULES, MOST_VALUES, Group, Report, Rows


def grouped(*findings: Finding) -> list[Group]:
    report = Report()
    report.take(findings)
    return report.groups()


def wrong_code(row: int, value: str, **more: str) -> Finding:
    return Finding("VIPMG-210", row, "REF_AREA", value, "CL_AREA", **more)


def test_rows_of_one_mistake_are_told_as_ranges() -> None:
    [group] = grouped(*(wrong_code(row, "GBT", nearest="GTM") for row in [*range(14, 21), 33]))
    assert str(group.rows) == "14-20, 33"
    assert (group.count, group.component, group.rule) == (8, "REF_AREA", "CL_AREA")
    assert [(v.value, v.count, str(v.rows), v.nearest) for v in group.values.values()] == [
        ("GBT", 8, "14-20, 33", "GTM")
    ]


def test_values_of_one_rule_are_listed_with_the_rows_of_each() -> None:
    [group] = grouped(wrong_code(2, "GBT"), wrong_code(3, "VNE"), wrong_code(4, "GBT"))
    assert str(group.rows) == "2-4"
    assert {v.value: str(v.rows) for v in group.values.values()} == {"GBT": "2, 4", "VNE": "3"}


def test_a_wrong_form_is_one_group_however_many_values_it_has() -> None:
    dates = [Finding("VIPMG-213", row, "TIME_PERIOD", f"{row}/1/2025") for row in range(2, 302)]
    word = Finding("VIPMG-213", 400, "TIME_PERIOD", "enero 2025")
    first, second = grouped(*dates, word)
    assert (first.pattern, first.count, str(first.rows)) == ("9/9/9", 300, "2-301")
    assert len(first.values) == MOST_VALUES
    assert first.other_values == 300 - MOST_VALUES
    assert len(first.first) == FIRST
    assert (second.pattern, second.count) == ("A 9", 1)


def test_repeated_keys_are_one_group_though_each_names_another_row() -> None:
    [group] = grouped(*(Finding("VIPMG-231", row, value="A", rule=str(row - 1)) for row in (3, 5)))
    assert (group.count, group.rule, str(group.rows)) == (2, None, "3, 5")
    assert [finding.rule for finding in group.first] == ["2", "4"]


def test_errors_come_before_warnings_and_early_rows_before_late() -> None:
    found = grouped(
        Finding("VIPMG-301", 1, "NOTE", "NOTE"),
        wrong_code(9, "GBT"),
        Finding("VIPMG-211", 4, "SEX"),
        Finding("VIPMG-212", 2, "OBS_VALUE", "x", severity="warning"),
    )
    assert [group.code for group in found] == ["VIPMG-211", "VIPMG-210", "VIPMG-301", "VIPMG-212"]


def test_errors_and_warnings_of_one_code_are_two_groups() -> None:
    report = Report()
    report.take([wrong_code(2, "GBT"), wrong_code(3, "GBT", severity="warning")])
    assert (report.errors, report.warnings) == (1, 1)
    assert [group.is_error for group in report.groups()] == [True, False]


def test_place_and_file_of_the_first_cell_are_kept() -> None:
    [group] = grouped(
        wrong_code(14, "GBT", place="Hoja1!C14", file="enero.xlsx"),
        wrong_code(15, "GBT", place="Hoja1!C15", file="enero.xlsx"),
    )
    assert group.values["GBT"].place == "Hoja1!C14"
    assert group.values["GBT"].file == "enero.xlsx"


def test_cells_of_a_workbook_are_told_by_sheet_and_column() -> None:
    places = ["Hoja1!C14", "Hoja1!C15", "Hoja1!AB15", "Año 2025!C3"]
    [group] = grouped(*(wrong_code(n, "GBT", place=place) for n, place in enumerate(places)))
    assert group.cells == "Hoja1!C14:C15, Hoja1!AB15, Año 2025!C3"
    [other] = grouped(wrong_code(1, "GBT", place="/data/dataSets/0/series/0:1"))
    assert other.cells == ""


def test_rows_of_two_files_of_an_archive_are_told_apart() -> None:
    found = grouped(wrong_code(2, "GBT", file="a.csv"), wrong_code(2, "GBT", file="b.csv"))
    assert [(group.file, str(group.rows)) for group in found] == [("a.csv", "2"), ("b.csv", "2")]


def test_groups_are_bounded_and_no_finding_is_lost() -> None:
    many = [Finding("VIPMG-301", 1, f"C{n}", f"C{n}") for n in range(3 * MOST_RULES)]
    many += [
        Finding("VIPMG-220", n, "SEX", "F", rule=f"CC_{n}", allowed=f"{n}") for n in range(2000)
    ]
    found = grouped(*many)
    assert sum(group.count for group in found) == len(many)
    assert len(found) <= MOST_RULES + 2 * (MOST_KINDS + 1)
    rest = next(g for g in found if g.code == "VIPMG-220" and g.rule is None)
    assert rest.count == 2000 - MOST_KINDS


@given(st.lists(st.integers(1, 60)))
def test_ranges_hold_every_row_once(numbers: list[int]) -> None:
    rows = Rows()
    for number in numbers:
        rows.add(number)
    ranges = list(rows.ranges())
    assert [row for start, end in ranges for row in range(start, end + 1)] == sorted(set(numbers))
    assert all(end + 1 < start for (_, end), (start, _) in pairwise(ranges))
    assert len(rows) == len(set(numbers))
