"""The report as the sender's own workbook, and as one of his rows."""

from __future__ import annotations

import csv
import io
from typing import Any

import openpyxl
import pytest

from app.sdmx.findings import Finding, UnreadableError, message
from app.sdmx.messages.data_csv_reader import CsvReader
from app.sheets.marked_workbook import mark_workbook
from app.sheets.report_sheet import ReportFacts, note_of
from app.sheets.rows_workbook import collect_rows, write_rows_workbook
from tests.sheets.workbooks import (
    AGREEMENT,
    USUAL,
    Read,
    bulletin,
    bulletin_layout,
    fill,
    layout_of,
    plain,
    read,
    saved,
    sheet_of,
    template,
)


def facts_of(findings: list[Finding], language: str = "es") -> ReportFacts:
    facts = ReportFacts("enero.xlsx", True, language)
    facts.take(findings)
    return facts


def marked(content: bytes, got: Read, language: str = "es") -> openpyxl.Workbook:
    sink = io.BytesIO()
    mark_workbook(io.BytesIO(content), facts_of(got.findings, language), sink)
    return openpyxl.load_workbook(io.BytesIO(sink.getvalue()))


def colour(cell: Any) -> str:
    return str(cell.fill.start_color.rgb)[-6:]


@pytest.mark.parametrize("language", ["es", "en", "fr", "nl"])
def test_wrong_cells_are_coloured_and_say_how_to_mend_them(language: str) -> None:
    content = plain({"CITIZENSHIP": "Guatemela"}, {"OBS_VALUE": "doce", "SEX": "F"})
    got = read(content, agreement=AGREEMENT)
    book = marked(content, got, language)
    sheet = book["Hoja1"]
    wrong = {c.coordinate: c for row in sheet for c in row if c.comment is not None}
    columns = {cell.value: cell.column_letter for cell in sheet[1]}
    assert set(wrong) == {f"{columns['CITIZENSHIP']}2", f"{columns['OBS_VALUE']}3"}
    assert {colour(cell) for cell in wrong.values()} == {"FFC7CE"}
    note = wrong[f"{columns['CITIZENSHIP']}2"].comment.text
    assert message(got.findings[0], language) in note
    assert "GTM" in note
    assert len(note.splitlines()) >= 2
    number = {"es": "un número", "en": "a number", "fr": "un nombre", "nl": "een getal"}[language]
    assert number in wrong[f"{columns['OBS_VALUE']}3"].comment.text
    told = [cell.value for row in book[book.sheetnames[-1]] for cell in row]
    assert any(str(cell).startswith(number) for cell in told), "what is allowed is told in words"
    assert not [cell for cell in told if "Decimal" in str(cell)]
    assert colour(sheet["A2"]) != "FFC7CE"


def test_the_sheet_of_the_report_leads_to_the_cells() -> None:
    content = plain({"CITIZENSHIP": "MEXX"}, {"CITIZENSHIP": "MEXX", "SEX": "F"})
    book = marked(content, read(content, agreement=AGREEMENT))
    report = book[book.sheetnames[-1]]
    assert report.title == "Informe"
    rows = [[cell.value for cell in row] for row in report]
    assert rows[0][0] == "VIPMG: informe sobre enero.xlsx"
    assert "2 errores" in rows[1][0]
    [group] = [row for row in rows if row[0] == "Error" and row[1] == "VIPMG-210"]
    assert group[5] == 2
    assert group[6] == "Hoja1!B2:B3"
    links = {cell.value: cell.hyperlink.location or cell.hyperlink.target for row in report
             for cell in row if cell.hyperlink}  # fmt: skip
    assert set(links) == {"Hoja1!B2", "Hoja1!B3"}
    assert all(str(link).endswith(str(value)) for value, link in links.items())


def test_the_rest_of_the_workbook_stays_as_it_was() -> None:
    book = template()
    fill(book, [{**USUAL, "CITIZENSHIP": "MEXX"}])
    sheet = book.active
    sheet["AD40"] = "=SUM(J3:J10)"
    content = saved(book)
    again = marked(content, read(content))
    assert again.sheetnames[:-1] == book.sheetnames
    assert again["Datos"]["AD40"].value == "=SUM(J3:J10)"
    assert len(again["Datos"].data_validations.dataValidation) == len(
        sheet.data_validations.dataValidation
    )
    assert again["_vipmg"].sheet_state == "veryHidden"


def test_the_marked_workbook_can_be_mended_and_sent_again() -> None:
    book = template()
    fill(book, [{**USUAL, "CITIZENSHIP": "MEXX", "SEX": "Z"}])
    content = saved(book)
    first = marked(content, read(content))
    ids = {cell.value: cell.column for cell in first["Datos"][2]}
    first["Datos"].cell(3, ids["CITIZENSHIP"]).value = "MEX"
    content = saved(first)
    got = read(content)
    assert [finding.component for finding in got.findings] == ["SEX"]
    second = marked(content, got)
    assert second.sheetnames.count("Informe") == 1
    mended = second["Datos"].cell(3, ids["CITIZENSHIP"])
    assert (mended.comment, colour(mended)) == (None, "000000")
    assert second["Datos"].cell(3, ids["SEX"]).comment.text.count("Z no es") == 1


def test_a_merged_cell_bears_the_note_of_its_area() -> None:
    content = bulletin()
    layout = layout_of(bulletin_layout(codes={"CITIZENSHIP": {"Estados Unidos": "USA"}}))
    got = Read(findings=[Finding("VIPMG-213", 4, "TIME_PERIOD", "x", place="'Cuadro 1.1'!D4")])
    assert layout is not None
    book = marked(content, got)
    assert book["Cuadro 1.1"]["C4"].comment is not None


def test_what_was_sent_never_becomes_a_formula() -> None:
    content = plain({"CITIZENSHIP": '=HYPERLINK("http://x")', "SEX": "\u0001+1"[1:]})
    findings = [
        Finding("VIPMG-210", 2, "CITIZENSHIP", "=1+1", rule="CL", place="Hoja1!C2"),
        Finding("VIPMG-210", 2, "SEX", "\x01\x0b@x", rule="CL", place="Hoja1!F2"),
    ]
    book = marked(content, Read(findings=findings))
    values = {cell.value: cell.data_type for row in book["Informe"] for cell in row if cell.value}
    assert values["=1+1"] == "s"


def test_ten_thousand_findings_are_all_there() -> None:
    content = sheet_of([["a", "b"], *([n, "x"] for n in range(10_000))])
    findings = [
        Finding("VIPMG-212", n, "b", "x", allowed="Decimal", place=f"Hoja1!B{n}")
        for n in range(2, 10_002)
    ]
    book = marked(content, Read(findings=findings))
    assert sum(cell.comment is not None for (cell,) in book["Hoja1"]["B2:B10001"]) == 10_000
    assert sum(1 for cell in book["Informe"]["C"] if cell.value == "VIPMG-212") == 10_000


def test_what_is_no_workbook_is_not_marked() -> None:
    with pytest.raises(UnreadableError) as caught:
        mark_workbook(io.BytesIO(b"PK\x03\x04nonsense"), facts_of([]), io.BytesIO())
    assert caught.value.finding.rule == "xlsx-broken"


def csv_file(*changes: dict[str, str]) -> bytes:
    text = io.StringIO()
    writer = csv.writer(text)
    writer.writerow(["STRUCTURE", "STRUCTURE_ID", "ACTION", *USUAL])
    for change in changes:
        cells = [str({**USUAL, **change}[name]) for name in USUAL]
        writer.writerow(["dataflow", "VIPMG:DF_ENTRY_EXIT(1.0.0)", "M", *cells])
    return text.getvalue().encode()


def test_of_a_csv_file_the_rows_with_findings_come_as_a_workbook() -> None:
    content = csv_file({}, {"CITIZENSHIP": "MEXX"}, {}, {"OBS_VALUE": "=1+1"})
    findings = [
        Finding("VIPMG-210", 3, "CITIZENSHIP", "MEXX", rule="CL", nearest="MEX"),
        Finding("VIPMG-212", 5, "OBS_VALUE", "=1+1", allowed="Decimal"),
        Finding("VIPMG-231", 5, value="M.CRI", rule="2"),
    ]
    reader = CsvReader(io.BytesIO(content))  # type: ignore[arg-type]
    rows = collect_rows(reader, findings)
    assert [row.row for row in rows] == [3, 5]
    sink = io.BytesIO()
    write_rows_workbook(rows, facts_of(findings, "en"), sink)
    book = openpyxl.load_workbook(io.BytesIO(sink.getvalue()))
    assert book.sheetnames == ["Rows", "Report"]
    sheet = book["Rows"]
    head = {cell.value: cell.column for cell in sheet[1]}
    assert [cell.value for cell in sheet["A"]] == ["Row", 3, 5]
    wrong = sheet.cell(2, head["CITIZENSHIP"])
    assert (wrong.value, colour(wrong)) == ("MEXX", "FFC7CE")
    assert "MEX" in wrong.comment.text
    formula = sheet.cell(3, head["OBS_VALUE"])
    assert (formula.value, formula.data_type) == ("=1+1", "s")
    assert sheet["A3"].comment is not None  # what is wrong with the row as a whole


def test_an_accepted_file_without_findings_says_so() -> None:
    sink = io.BytesIO()
    write_rows_workbook([], facts_of([], "en"), sink)
    book = openpyxl.load_workbook(io.BytesIO(sink.getvalue()))
    assert book.sheetnames == ["Report"]
    assert "Accepted" in book["Report"]["A2"].value


def test_notes_have_no_marks_of_another_medium() -> None:
    for code in ("VIPMG-212", "VIPMG-220", "VIPMG-222"):
        finding = Finding(code, 2, "SEX", "x", rule="R", allowed="F, M", place="Hoja1!F2")
        for language in ("en", "es", "fr", "nl"):
            assert "`" not in note_of(finding, language)
