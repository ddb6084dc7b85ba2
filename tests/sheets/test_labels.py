"""Labels, numbers and periods as people write them in spreadsheets."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.sdmx.values import is_decimal
from app.sheets.addresses import cell_address, column_letters, column_number, parse_cell
from app.sheets.labels import fold, without_notes
from app.sheets.numbers import NumberStyle, number_text, read_number
from app.sheets.period_list import list_periods
from app.sheets.periods import find_year, period_of_date, read_parts, read_period


@pytest.mark.parametrize(
    ("written", "style", "number"),
    [
        ("1.234,5", "1.234,5", "1234.5"),
        ("1 234", "1.234,5", "1234"),
        ("1\u00a0234\u202f567,25", "1.234,5", "1234567.25"),
        ("1.234.567", "1.234,5", "1234567"),
        ("-12,5", "1.234,5", "-12.5"),
        ("\u221212", "1.234,5", "-12"),
        ("1.234*", "1.234,5", "1234"),
        ("12 1/", "1.234,5", "12"),
        ("1,234.5", "1,234.5", "1234.5"),
        ("1.5", "1,234.5", "1.5"),
        ("1.5", "1.234,5", None),  # a point separates thousands there
        ("1.23.456", "1.234,5", None),
        ("12.34.567", "1.234,5", None),
        ("1,2,3", "1.234,5", None),
        ("1.234,5", "1,234.5", None),
        ("-", "1.234,5", None),
        ("doce", "1.234,5", None),
        ("1.234", "plain", None),
    ],
)
def test_numbers_as_text_are_read_in_their_style_only(
    written: str, style: NumberStyle, number: str | None
) -> None:
    assert read_number(written, style) == number


@given(st.decimals(-(10**14), 10**14, places=3))
def test_a_number_in_spanish_form_is_the_same_number(number: Decimal) -> None:
    spanish = f"{number:,.3f}".translate(str.maketrans(",.", ".,"))
    read = read_number(spanish, "1.234,5")
    assert read is not None and Decimal(read) == number


@given(st.floats(-1e300, 1e300))
def test_a_number_of_a_cell_is_a_decimal_without_exponent(number: float) -> None:
    text = number_text(number)
    assert is_decimal(text)
    assert float(text) == pytest.approx(number, rel=1e-14)


def test_noise_of_binary_fractions_is_not_shown() -> None:
    assert number_text(0.1 + 0.2) == "0.3"
    assert number_text(1e20) == "100000000000000000000"
    assert number_text(1234.0) == "1234"


@pytest.mark.parametrize(
    ("written", "frequency", "period"),
    [
        ("Enero 2024", "M", "2024-01"),
        ("ENE-2024", "M", "2024-01"),
        ("ene-24", "M", "2024-01"),
        ("enero de 2024", "M", "2024-01"),
        ("2024 Setiembre", "M", "2024-09"),
        ("01/2024", "M", "2024-01"),
        ("I Trimestre 2024", "Q", "2024-Q1"),
        ("1er. trimestre de 2023", "Q", "2023-Q1"),
        ("1º trimestre 2023", "Q", "2023-Q1"),
        ("T4 2024", "Q", "2024-Q4"),
        ("2024T2", "Q", "2024-Q2"),
        ("II semestre 2020", "S", "2020-S2"),
        ("Año 2024 1/", "A", "2024"),
        ("2024 (p)", "A", "2024"),
        ("2024-03", "M", "2024-03"),
        ("Enero", "M", None),
        ("Enero-Marzo 2024", "M", None),
        ("Total 2024", "M", None),
        ("13/2024", "M", None),
        ("5 trimestre 2024", "Q", None),
        ("2023 2024", "A", None),
    ],
)
def test_periods_in_words(written: str, frequency: str, period: str | None) -> None:
    assert read_period(written, frequency) == period


@given(st.text(max_size=30), st.sampled_from(["A", "S", "Q", "M", "W", "D", None]))
def test_any_label_is_a_period_or_none(text: str, frequency: str | None) -> None:
    read_period(text, frequency)
    parts = read_parts(text, frequency)
    assert parts is None or parts.text() is None or read_period(parts.text() or "", frequency)


def test_a_year_is_found_in_a_title_only_where_there_is_one() -> None:
    assert find_year("Cuadro 1.1 Entradas, año 2024 (preliminar)") == "2024"
    assert find_year("2023-2024") is None
    assert find_year("Cuadro 20245") is None


@pytest.mark.parametrize(
    ("day", "frequency", "period"),
    [
        ("2024-02-01", "M", "2024-02"),
        ("2024-02-29", "M", "2024-02"),
        ("2024-02-15", "M", "2024-02-15"),
        ("2024-04-01", "Q", "2024-Q2"),
        ("2024-06-30", "Q", "2024-Q2"),
        ("2024-05-01", "Q", "2024-05-01"),
        ("2024-07-01", "S", "2024-S2"),
        ("2024-01-01", "A", "2024"),
        ("2024-12-31", "A", "2024"),
        ("2024-01-01", "W", "2024-W01"),
        ("2024-01-03", "D", "2024-01-03"),
        ("2024-01-01", None, "2024-01-01"),
    ],
)
def test_a_date_stands_for_the_period_that_it_begins_or_ends(
    day: str, frequency: str | None, period: str
) -> None:
    assert period_of_date(day, frequency) == period


@given(st.dates(dt.date(1900, 1, 1), dt.date(2100, 12, 31)), st.sampled_from("ASQM"))
def test_a_listed_period_holds_the_date_that_begins_it(day: dt.date, frequency: str) -> None:
    [*listed] = list_periods(f"{day.year}", frequency)
    assert period_of_date(f"{day.year}-01-01", frequency) == listed[0]
    assert len(listed) == {"A": 1, "S": 2, "Q": 4, "M": 12}[frequency]


@pytest.mark.parametrize(
    ("label", "short"),
    [
        ("Cuba 1/", "Cuba"),
        ("Haití*", "Haití"),
        ("Panamá (2)", "Panamá"),
        ("Perú a/", "Perú"),
        ("Belice²", "Belice"),
        ("Guinea (Rep.)", "Guinea (Rep.)"),
        ("(1)", "(1)"),
    ],
)
def test_marks_of_footnotes_are_taken_off(label: str, short: str) -> None:
    assert without_notes(label) == short


def test_accents_case_and_blanks_make_no_difference() -> None:
    assert fold("  REPÚBLICA \u00a0dominicana. ") == fold("República Dominicana")


@given(st.integers(0, 16_383), st.integers(1, 1_048_576), st.text(min_size=1, max_size=20))
def test_an_address_leads_back_to_its_cell(column: int, row: int, sheet: str) -> None:
    assert column_number(column_letters(column)) == column
    sheet = "".join(sign for sign in sheet if sign.isprintable() and sign != "!") or "x"
    assert parse_cell(cell_address(sheet, row, column)) == (sheet, row, column)
