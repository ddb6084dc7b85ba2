"""Filled templates, plain sheets and national workbooks, read as data messages."""

from __future__ import annotations

import datetime as dt
import io
import json
from pathlib import Path
from typing import Any

import openpyxl
import pytest
import xlsxwriter

from app.errors import InvalidLayoutError
from app.sdmx.corrections import CorrectedReader
from app.sdmx.findings import Finding, UnreadableError
from app.sdmx.validation import Validator
from app.sheets.template_format import METADATA_SHEET
from app.sheets.xlsx_reader import XlsxReader
from tests.sheets.workbooks import (
    AGREEMENT,
    DATAFLOW,
    USUAL,
    bulletin,
    bulletin_layout,
    fill,
    layout_of,
    plain,
    read,
    resolve,
    saved,
    sheet_of,
    template,
)

ROOT = Path(__file__).parents[2]
MONTHS = [f"2024-{month:02d}" for month in range(1, 13)]


def refused(content: bytes, **options: Any) -> UnreadableError:
    with pytest.raises(UnreadableError) as caught:
        read(content, **options)
    return caught.value


class TestTemplate:
    """What is filled in is what is read."""

    def test_rows_come_back_as_they_were_filled_in(self) -> None:
        book = template()
        fill(
            book,
            [
                {**USUAL, "CITIZENSHIP": "MEX: México", "TIME_PERIOD": "2024-01"},
                {**USUAL, "CITIZENSHIP": "México", "TIME_PERIOD": "Febrero 2024", "SEX": "F"},
                {**USUAL, "TIME_PERIOD": dt.date(2024, 3, 1), "OBS_VALUE": 4.5},
            ],
        )
        got = read(saved(book))
        assert got.findings == []
        assert got.column("CITIZENSHIP") == ["MEX", "MEX", "MEX"]
        assert got.column("TIME_PERIOD") == ["2024-01", "2024-02", "2024-03"]
        assert got.column("OBS_VALUE") == ["12", "12", "4.5"]

    def test_what_is_prefilled_may_stay_empty_and_alone_makes_no_row(self) -> None:
        book = template()
        prefilled = ("FREQ", "REF_AREA", "REGULARITY", "OBS_STATUS", "UNIT_MULT", "DECIMALS")
        shown = {c.value for c in book.active[3] if c.value}
        assert {"M: Mensual", "CRI: Costa Rica", "REG: Regular"} <= shown
        fill(book, [{**USUAL, **dict.fromkeys(prefilled)}])
        got = read(saved(book))
        assert got.findings == []
        assert len(got.rows) == 1
        assert [got.column(name) for name in ("FREQ", "REF_AREA", "OBS_STATUS")] == [
            ["M"],
            ["CRI"],
            ["A"],
        ]

    def test_a_cross_table_gives_one_observation_a_cell(self) -> None:
        book = template(layout="cross", across="TIME_PERIOD", period="2024")
        row = {**USUAL, **{f"TIME_PERIOD={month}": n for n, month in enumerate(MONTHS)}}
        fill(book, [row, {**row, "CITIZENSHIP": "HND", "TIME_PERIOD=2024-03": None}])
        got = read(saved(book))
        assert got.findings == []
        assert len(got.rows) == 23
        assert got.column("TIME_PERIOD")[:12] == MONTHS
        assert got.column("OBS_VALUE")[:3] == ["0", "1", "2"]
        assert got.places[12].row == 4

    def test_any_dimension_goes_across(self) -> None:
        book = template(layout="cross", across="SEX", period="2024-02", language="en")
        fill(book, [{**USUAL, "TIME_PERIOD": "2024-02", "SEX=F": 3, "SEX=M": 4}])
        got = read(saved(book))
        assert got.findings == []
        assert list(zip(got.column("SEX"), got.column("OBS_VALUE"), strict=True)) == [
            ("F", "3"),
            ("M", "4"),
        ]

    def test_a_wrong_cell_of_a_cross_table_is_told_once_with_its_address(self) -> None:
        book = template(layout="cross", across="TIME_PERIOD", period="2024")
        row = {**USUAL, **{f"TIME_PERIOD={month}": 1 for month in MONTHS}}
        fill(book, [{**row, "CITIZENSHIP": "MEXX", "TIME_PERIOD=2024-05": "doce"}])
        sheet = book.active
        ids = {cell.value: cell.column_letter for cell in sheet[2]}
        assert sorted(read(saved(book)).codes) == [
            ("VIPMG-210", f"Datos!{ids['CITIZENSHIP']}3"),
            ("VIPMG-212", f"Datos!{ids['TIME_PERIOD=2024-05']}3"),
        ]

    def test_what_holds_for_all_rows_is_written_once(self) -> None:
        book = template()
        fill(book, [{**USUAL, "SEX": sex} for sex in ("F", "M")])
        general = book["Datos generales"]
        for row in general.iter_rows(min_row=3):
            value = {"CONTACT": "dgme@example.org", "COVERAGE[es]": "Todo; el país"}
            row[2].value = value.get(row[0].value)
        got = read(saved(book))
        assert got.findings == []
        assert got.column("CONTACT") == ["dgme@example.org", ""]
        assert got.rows[0]["COVERAGE"] == '"es:Todo; el país"'

    def test_texts_in_two_languages_have_a_column_each(self) -> None:
        book = template()
        fill(book, [{**USUAL, "COMMENT_OBS[es]": "Cierre", "COMMENT_OBS[en]": "Closed"}])
        got = read(saved(book))
        assert got.findings == []
        assert got.column("COMMENT_OBS") == ["es:Cierre;en:Closed"]

    def test_columns_may_be_moved(self) -> None:
        book = template()
        fill(book, [USUAL])
        sheet = book.active
        first, last = 1, sheet.max_column + 1
        for row in (1, 2, 3):
            sheet.cell(row, last, sheet.cell(row, first).value)
            sheet.cell(row, first).value = None
        assert read(saved(book)).findings == []

    def test_a_changed_template_is_told(self) -> None:
        book = template()
        book.active.delete_rows(2)
        book.active.delete_rows(2)
        del book["Datos generales"]
        error = refused(saved(book))
        assert (error.finding.rule, error.finding.value) == ("xlsx-template", "Datos generales")
        book = template()
        book[METADATA_SHEET]["A2"] = "{"
        assert refused(saved(book)).finding.rule == "xlsx-template"

    def test_cells_that_people_type_in_are_text(self) -> None:
        """Excel makes dates and numbers of codes and periods where the format is another."""
        book = template()
        sheet = book.active
        ids = {cell.value: cell.column for cell in sheet[2]}
        formats = {
            column: each.number_format
            for each in sheet.column_dimensions.values()
            for column in range(each.min, each.max + 1)
        }
        assert formats[ids["TIME_PERIOD"]] == formats[ids["CITIZENSHIP"]] == "@"
        assert formats[ids["OBS_VALUE"]] == "General"
        assert sheet.freeze_panes == "A3"

    def test_drop_downs_have_the_codes_that_the_agreement_allows(self) -> None:
        book = template()
        sheet = book.active
        ids = {cell.value: cell.column_letter for cell in sheet[2]}
        rules = {
            str(rule.sqref).partition(":")[0]: rule
            for rule in sheet.data_validations.dataValidation
        }
        rule = rules[f"{ids['SEX']}3"]
        assert rule.type == "list"
        where = book.defined_names[rule.formula1].attr_text
        name, _, area = where.partition("!")
        listed = [row[0].value for row in book[name.strip("'")][area.replace("$", "")]]
        assert {"F: Mujer", "M: Hombre"} <= set(listed)
        assert all(": " in label for label in listed)
        assert book[name.strip("'")].sheet_state == "hidden"
        assert book[METADATA_SHEET].sheet_state == "veryHidden"

    def test_instructions_and_codes_come_in_both_languages(self) -> None:
        book = template()
        told = " ".join(str(c.value) for row in book["Instrucciones"] for c in row if c.value)
        assert "https://vipmg.example/api/submissions" in told
        assert "Do not change the first two rows" in told
        assert "No cambie las dos primeras filas" in told
        header = [cell.value for cell in book["Códigos"][1]]
        assert header == ["Componente", "Código", "Nombre (es)", "Nombre (en)"]
        rows = {(r[0].value, r[1].value): (r[2].value, r[3].value) for r in book["Códigos"]}
        assert rows["CITIZENSHIP", "MEX"] == ("México", "Mexico")


class TestPlainSheet:
    """A header of component ids in row 1."""

    def test_ids_with_the_agreement_named_beside(self) -> None:
        got = read(plain({}, {"SEX": "F"}), agreement=AGREEMENT)
        assert got.findings == []
        assert got.column("SEX") == ["_T", "F"]
        assert got.places[1].place == "Hoja1!S3"

    def test_the_header_of_sdmx_csv(self) -> None:
        names = ["STRUCTURE", "STRUCTURE_ID", "ACTION", *USUAL]
        head = ["dataflow", f"{DATAFLOW}(1.0.0)"]
        rows = [[*head, action, *USUAL.values()] for action in ("M", "R")]
        got = read(sheet_of([names, *rows]))
        assert got.findings == []
        assert len(got.rows) == 2

    def test_names_of_components_head_columns_too(self) -> None:
        header = [{"SEX": "Sexo", "TIME_PERIOD": "PERIODO"}.get(name, name) for name in USUAL]
        got = read(
            sheet_of([["Datos de enero"], [], header, list(USUAL.values())]), agreement=AGREEMENT
        )
        assert got.findings == []
        assert got.column("SEX") == ["_T"]
        assert got.places[0].row == 4

    def test_each_sheet_with_a_header_is_read(self) -> None:
        book = openpyxl.load_workbook(io.BytesIO(plain({})))
        book.create_sheet("Notas").append(["Nota", "Ninguna"])
        second = book.create_sheet("Salidas")
        second.append(list(USUAL))
        second.append([{**USUAL, "MOVEMENT": "EXT", "SEX": "?"}[name] for name in USUAL])
        got = read(saved(book), agreement=AGREEMENT)
        assert got.column("MOVEMENT") == ["ENT", "EXT"]
        assert got.codes == [("VIPMG-210", "Salidas!F2")]

    def test_without_header_or_agreement_the_reason_is_told(self) -> None:
        assert (
            refused(sheet_of([["a", "b"], [1, 2]]), agreement=AGREEMENT).finding.rule
            == "xlsx-header"
        )
        assert refused(plain({})).finding.rule == "xlsx-agreement"

    def test_unknown_columns_and_repeated_ones_are_told_at_their_header(self) -> None:
        header = [*USUAL, "NOTA", "SEX"]
        got = read(sheet_of([header, [*USUAL.values(), "x", "F"]]), agreement=AGREEMENT)
        assert sorted(code for code, _ in got.codes) == ["VIPMG-205", "VIPMG-301"]
        assert ("VIPMG-301", "Hoja1!T1") in got.codes

    def test_cells_that_hold_no_value_of_their_component(self) -> None:
        got = read(
            plain(
                {"OBS_VALUE": "=1+1"},
                {"OBS_VALUE": True, "SEX": dt.date(2024, 3, 2)},
                {"OBS_VALUE": "#REF!", "CITIZENSHIP": "#N/A"},
                {"OBS_VALUE": dt.time(3, 4)},
                {"TIME_PERIOD": dt.date(2024, 3, 15)},
                {"OBS_VALUE": "1.234"},
                {"OBS_VALUE": "1,5"},
            ),
            agreement=AGREEMENT,
        )
        assert sorted(got.codes, key=str) == [
            ("VIPMG-212", "Hoja1!S8"),
            ("VIPMG-214", "Hoja1!R6"),
            ("VIPMG-240", "Hoja1!B4"),
            ("VIPMG-240", "Hoja1!S4"),
            ("VIPMG-241", "Hoja1!S2"),
            ("VIPMG-242", "Hoja1!F3"),
            ("VIPMG-242", "Hoja1!S5"),
            ("VIPMG-243", "Hoja1!S3"),
        ]
        assert {f.value for f in got.findings if f.code == "VIPMG-240"} == {"#REF!", "#N/A"}

    def test_what_a_formula_gave_is_its_value(self) -> None:
        sink = io.BytesIO()
        with xlsxwriter.Workbook(sink) as book:
            sheet = book.add_worksheet()
            sheet.write_row(0, 0, list(USUAL))
            sheet.write_row(1, 0, list(USUAL.values()))
            sheet.write_formula(1, list(USUAL).index("OBS_VALUE"), "=6*7", None, 42)
            sheet.write_formula(1, list(USUAL).index("SEX"), '="F"', None, "F")
        got = read(sink.getvalue(), agreement=AGREEMENT)
        assert got.findings == []
        assert (got.column("OBS_VALUE"), got.column("SEX")) == (["42"], ["F"])

    def test_a_number_stored_as_text_is_the_number_that_it_shows(self) -> None:
        got = read(plain({"OBS_VALUE": " 12.5 "}, {"OBS_VALUE": "12"}), agreement=AGREEMENT)
        assert got.findings == [] or {f.code for f in got.findings} == {"VIPMG-231"}
        assert got.column("OBS_VALUE") == ["12.5", "12"]

    def test_formatted_rows_below_the_data_cost_nothing(self) -> None:
        book = openpyxl.load_workbook(io.BytesIO(plain({})))
        for row in range(3, 3000):
            book.active.cell(row, 1).number_format = "@"
        assert len(read(saved(book), agreement=AGREEMENT, max_rows=1).rows) == 1


class TestLayout:
    """A bulletin, by its saved layout."""

    def test_a_printed_table_becomes_observations(self) -> None:
        got = read(bulletin(), agreement=AGREEMENT, layout=layout_of(bulletin_layout()))
        found = {
            (row["CITIZENSHIP"], row["TIME_PERIOD"], row["TRANSPORT_MODE"]): (
                row["OBS_VALUE"],
                row["OBS_STATUS"],
            )
            for row in got.rows
        }
        assert found["MEX", "2024-01", "AIR"] == ("1234", "A")
        assert found["MEX", "2024-02", "AIR"] == ("0", "A")
        assert found["DOM", "2024-02", "LAN"] == ("", "O")
        assert found["Estados Unidos", "2024-02", "LAN"] == ("1234", "A")
        assert ("HTI", "2024-02", "AIR") not in found
        assert len(got.rows) == 15
        [one] = got.findings
        assert (one.code, one.value, one.nearest) == ("VIPMG-210", "Estados Unidos", "USA")
        assert (one.row, one.place) == (8, "'Cuadro 1.1'!B8")

    def test_labels_are_told_their_code_by_the_layout(self) -> None:
        codes = {"CITIZENSHIP": {"ESTADOS UNIDOS": "USA"}}
        got = read(bulletin(), agreement=AGREEMENT, layout=layout_of(bulletin_layout(codes=codes)))
        assert got.findings == []

    def test_without_marks_what_is_no_number_is_told(self) -> None:
        layout = layout_of(
            bulletin_layout(marks={}, codes={"CITIZENSHIP": {"Estados Unidos": "USA"}})
        )
        got = read(bulletin(), agreement=AGREEMENT, layout=layout)
        assert sorted((f.value, f.place) for f in got.findings) == [
            ("-", "'Cuadro 1.1'!E7"),
            ("n.d.", "'Cuadro 1.1'!F11"),
            ("s/d", "'Cuadro 1.1'!D8"),
        ]

    def test_the_layout_of_the_guide_reads_the_bulletin(self) -> None:
        page = (ROOT / "docs" / "how-to" / "send-a-spreadsheet.md").read_text("utf-8")
        shown = json.loads(page.partition("```json\n")[2].partition("```")[0])
        got = read(bulletin(), agreement=AGREEMENT, layout=layout_of(shown))
        assert got.findings == []
        assert len(got.rows) == 15

    def test_an_empty_row_may_end_the_table_and_cells_repeat_downwards(self) -> None:
        rows = [
            ["Mes", "Sexo", "País", "Valor"],
            ["Enero", "Mujeres", "México", 1],
            [None, "Hombres", "México", 2],
            ["Febrero", "Mujeres", "México", 3],
            [],
            ["Marzo", "Mujeres", "México", 4],
        ]
        constants = {
            name: str(value)
            for name, value in USUAL.items()
            if name not in {"SEX", "CITIZENSHIP", "TIME_PERIOD", "OBS_VALUE"}
        }
        document = {
            "firstDataRow": 2,
            "headerRows": [1],
            "columns": {
                "TIME_PERIOD:MONTH": {"column": "A", "fill": True},
                "SEX": "B",
                "CITIZENSHIP": "C",
                "OBS_VALUE": "D",
            },
            "constants": {**constants, "TIME_PERIOD:YEAR": "2023"},
            "codes": {"SEX": {"Mujeres": "F", "Hombres": "M"}},
            "stop": {"emptyRow": True},
        }
        got = read(sheet_of(rows), agreement=AGREEMENT, layout=layout_of(document))
        assert got.findings == []
        assert got.column("TIME_PERIOD") == ["2023-01", "2023-01", "2023-02"]
        assert got.column("SEX") == ["F", "M", "F"]
        assert got.places[2].place == "Hoja1!D4"

    def test_a_missing_sheet_is_told_with_those_that_are_there(self) -> None:
        layout = layout_of(bulletin_layout(sheets=["Entradas*"]))
        error = refused(bulletin(), agreement=AGREEMENT, layout=layout)
        assert error.finding.rule == "xlsx-sheet"
        assert error.finding.value == "Portada, Cuadro 1.1"

    def test_a_figure_in_a_merged_cell_counts_once(self) -> None:
        book = openpyxl.load_workbook(io.BytesIO(bulletin()))
        sheet = book["Cuadro 1.1"]
        sheet["D7"] = None
        sheet.merge_cells("C7:D7")
        got = read(saved(book), agreement=AGREEMENT, layout=layout_of(bulletin_layout()))
        mexico = [row["OBS_VALUE"] for row in got.rows if row["CITIZENSHIP"] == "MEX"]
        assert mexico == ["1234", "0", "7"]

    @pytest.mark.parametrize(
        ("change", "path"),
        [
            ({"columns": {"CITIZENSHIPP": "B"}}, "columns.CITIZENSHIPP"),
            ({"columns": {"CITIZENSHIP": "B4"}}, "columns.CITIZENSHIP"),
            ({"columns": {"CITIZENSHIP": "C"}}, "columns.CITIZENSHIP"),
            ({"constants": {"FREQ": "Z"}}, "constants.FREQ"),
            ({"constants": {"REF_AREA": "PAN"}}, "constants.REF_AREA"),
            ({"codes": {"SEX": {"Mujeres": "X"}}}, "codes.SEX.Mujeres"),
            ({"codes": {"OBS_VALUE": {"a": "b"}}}, "codes.OBS_VALUE"),
            ({"marks": {"-": "nada"}}, "marks.-"),
            ({"cells": {"TIME_PERIOD:DAY": "A2"}}, "cells.TIME_PERIOD:DAY"),
            ({"cells": {"TIME_PERIOD:YEAR": "2"}}, "cells.TIME_PERIOD:YEAR"),
            ({"headerRows": [9]}, "headerRows"),
            ({"across": {"columns": "N:C", "headers": {}}}, "across.columns"),
            ({"across": {"columns": "C:D", "headers": {"SEX": 9}}}, "across.headers.SEX"),
            ({"across": {"columns": "C", "headers": {}, "measure": "SEX"}}, "across.measure"),
            ({"firstDataRow": 0}, "firstDataRow"),
            ({"numbers": "1'234"}, "numbers"),
            ({"colums": {}}, ""),
        ],
    )
    def test_what_is_wrong_with_a_layout_is_told_with_its_place(
        self, change: dict[str, Any], path: str
    ) -> None:
        with pytest.raises(InvalidLayoutError) as caught:
            layout_of(bulletin_layout(**change))
        problems = caught.value.detail["problems"]
        assert isinstance(problems, list)
        assert path in {problem["path"] for problem in problems}
        assert all({"en", "es"} <= problem["messages"].keys() for problem in problems)

    def test_each_dimension_needs_its_place(self) -> None:
        with pytest.raises(InvalidLayoutError) as caught:
            layout_of({"firstDataRow": 2, "columns": {"OBS_VALUE": "B"}})
        told = str(caught.value.detail["problems"])
        assert "CITIZENSHIP" in told and "TIME_PERIOD" in told


class TestCorrections:
    """Cells of a workbook mended from the report, without sending it again."""

    def test_a_cell_with_an_error_is_mended_by_its_address(self) -> None:
        content = plain({"OBS_VALUE": "#REF!"}, {"SEX": "F", "OBS_VALUE": "=1+1"})
        corrections = [
            {"place": "Hoja1!S2", "column": "OBS_VALUE", "value": "5"},
            {"row": 3, "column": "OBS_VALUE", "value": "6"},
        ]
        reader = XlsxReader(io.BytesIO(content), resolve, agreement=AGREEMENT)
        corrected = CorrectedReader(reader, corrections)
        found: list[Finding] = []
        validator = Validator(resolve, found.append)
        values: list[str] = []
        for batch in corrected.batches():
            values += batch.cells["OBS_VALUE"]
            list(validator.check(batch))
        assert (corrected.findings, found) == ([], [])
        assert values == ["5", "6"]
