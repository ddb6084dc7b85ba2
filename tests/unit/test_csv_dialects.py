"""SDMX-CSV as spreadsheets and other services write it: all say the same data."""

from __future__ import annotations

import csv
import io

import pytest

from app.sdmx.findings import message
from app.sdmx.messages.data_csv_reader import CsvReader
from tests.read_back import ReadBack, read_back
from tests.unit.test_data_csv_writer import layout

HEADER = ["STRUCTURE", "STRUCTURE_ID", "ACTION", "FREQ", "REF_AREA", "SEX", "TIME_PERIOD"]
HEADER += ["OBS_VALUE", "OBS_STATUS", "UNIT_MULT", "TITLE"]
ROW = ["dataflow", "TST:DF(1.0.0)", "M", "A", "CRI", "F", "2020", "1234.5", "A", "0", "Año; uno"]
NAMES = {"FREQ": "Frequency", "REF_AREA": "REF_AREA", "SEX": "Sex", "OBS_STATUS": "VALUE"}
EXPECTED = {
    ("A", "CRI", "F", "2020"): {
        "OBS_VALUE": "1234.5",
        "OBS_STATUS": "A",
        "UNIT_MULT": "0",
        "TITLE": "Año; uno",
    }
}


def sheet(*rows: list[str], separator: str = ",", end: str = "\r\n") -> str:
    buffer = io.StringIO(newline="")
    csv.writer(buffer, delimiter=separator, lineterminator=end).writerows(rows)
    return buffer.getvalue()


def back(body: str | bytes, flow: str = "DF") -> ReadBack:
    return read_back(body if isinstance(body, bytes) else body.encode(), layout(flow).flow)


def same(body: str | bytes) -> None:
    found = back(body)
    assert found.findings == []
    assert found.observations == EXPECTED


@pytest.mark.parametrize("end", ["\r\n", "\n", "\r"])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
@pytest.mark.parametrize("separator", [",", ";", "\t", "|"])
@pytest.mark.parametrize("above", [False, True])
def test_c149_as_spreadsheets_save(above: bool, separator: str, encoding: str, end: str) -> None:
    """`sep=;` tells a spreadsheet how to read the rest; Unicode text is UTF-16 with tabs."""
    text = sheet(HEADER, ROW, separator=separator, end=end)
    same((f"sep={separator}{end}" * above + text).encode(encoding))


@pytest.mark.parametrize("separator", [";", "\t", "|"])
def test_c149_decimal_comma_where_it_does_not_separate(separator: str) -> None:
    row = [cell.replace("1234.5", "1234,5") for cell in ROW]
    same(sheet(HEADER, row, separator=separator))


def test_c149_quotes_around_everything() -> None:
    buffer = io.StringIO(newline="")
    csv.writer(buffer, quoting=csv.QUOTE_ALL).writerows([HEADER, ROW])
    same(buffer.getvalue())


@pytest.mark.parametrize("trailing", [1, 3])
def test_empty_cells_behind_the_last_column(trailing: int) -> None:
    same(sheet(HEADER, ROW + [""] * trailing))
    same(sheet(HEADER + [""] * trailing, ROW + [""] * trailing))


def test_c150_columns_in_any_order_and_columns_of_others() -> None:
    order = [0, 1, 10, 7, 6, 2, 9, 4, 3, 5, 8]
    header = [HEADER[place] for place in order] + ["UPDATED", "Nota interna", "SERIES_KEY"]
    row = [ROW[place] for place in order] + ["2026-01-01", "revisar", "A.CRI.F"]
    same(sheet(header, row))


def test_c150_a_column_that_could_be_meant_is_told() -> None:
    header = [name.replace("TITLE", "TITEL") for name in HEADER]
    found = back(sheet([*header, "OBS_STATU"], [*ROW, "A"]))
    assert [(f.code, f.component, f.nearest) for f in found.findings] == [
        ("VIPMG-301", "TITEL", "TITLE"),
        ("VIPMG-301", "OBS_STATU", None),  # OBS_STATUS is there already
    ]


def test_c151_labels_both() -> None:
    header = HEADER[:3] + [f"{name}: {NAMES.get(name, name)}" for name in HEADER[3:]]
    labelled = {"A": "A: Annual", "CRI": "CRI: Costa Rica: país", "F": "F: Mujeres"}
    row = [ROW[0], "TST:DF(1.0.0): Flujo", "M"]
    row += [labelled.get(cell, cell) for cell in ROW[3:]]
    row[6] = "2020: 2020"
    same(sheet(header, row))


def test_c151_labels_name() -> None:
    """Each component has its name in a column beside it, whatever that column is called."""
    header, row = (
        ["STRUCTURE", "STRUCTURE_ID", "STRUCTURE_NAME", "ACTION"],
        [*ROW[:2], "Flujo", "M"],
    )
    for name, cell in zip(HEADER[3:], ROW[3:], strict=True):
        header += [name, NAMES.get(name, name.title())]
        row += [cell, "whatever it is called"]
    same(sheet(header, row))


def test_c151_without_the_column_of_a_name() -> None:
    """A file from which a person took a column of names has the component behind it still."""
    header = ["STRUCTURE", "STRUCTURE_ID", "STRUCTURE_NAME", "ACTION", *HEADER[3:]]
    same(sheet(header, [*ROW[:2], "Flujo", "M", *ROW[3:]]))


@pytest.mark.parametrize(
    ("action", "column"),
    [("I", "ACTION"), ("A", "ACTION"), ("M", "ACTION"), ("", "ACTION"), (None, "")],
)
def test_c147_information_append_and_no_action_are_merge(action: str | None, column: str) -> None:
    place = HEADER.index("ACTION")
    header = HEADER if column else HEADER[:place] + HEADER[place + 1 :]
    row = ROW[:place] + ([] if action is None else [action]) + ROW[place + 1 :]
    same(sheet(header, row))


def test_csv_1_0_with_labels_and_several_values_in_one_text() -> None:
    header = ["DATAFLOW", "FREQ: Frequency", *HEADER[4:], "SOURCES", "SERIESKEY"]
    row = ["TST:DF(1.0.0): Flujo", "A: Annual", *ROW[4:], "CENSUS;SURVEY", "A.CRI.F"]
    found = back(sheet(header, row))
    assert found.findings == []
    [read] = found.observations.values()
    assert read["SOURCES"] == ["CENSUS", "SURVEY"]


@pytest.mark.parametrize(
    ("cell", "value"), [("en:Value;es:Valor", {"en": "Value", "es": "Valor"}), ('"en:a;b"', None)]
)
def test_texts_in_languages(cell: str, value: dict[str, str] | None) -> None:
    found = back(sheet([*HEADER, "COMMENT[en;es]"], [*ROW, cell]))
    [row] = found.observations.values()
    assert row["COMMENT"] == (value or {"en": "a;b"})


@pytest.mark.parametrize("cell", ["#N/A", "NaN", ""])
def test_numbers_that_are_missing_on_purpose(cell: str) -> None:
    row = [cell if one == "1234.5" else one for one in ROW]
    found = back(sheet(HEADER, row))
    if cell == "NaN":  # which is of floating-point numbers
        assert [f.code for f in found.findings] == ["VIPMG-212"]
        return
    assert found.findings == []
    [read] = found.observations.values()
    assert read.get("OBS_VALUE", "") == cell


@pytest.mark.parametrize("encoding", ["latin-1", "cp1252", "mac-roman"])
def test_other_encodings_are_told_with_how_to_save(encoding: str) -> None:
    [finding] = back(sheet(HEADER, ROW).encode(encoding)).findings
    assert (finding.rule, finding.allowed) == ("encoding", "UTF-8")
    assert "UTF-8" in message(finding, "es")
    [finding] = back(sheet(HEADER, ROW).encode("utf-16")[:-3]).findings
    assert finding.rule == "encoding"


@pytest.mark.parametrize("name", ["2020-D010", "2020-D020", "2020-D090", "2020-D366"])
def test_c155_reporting_days(name: str) -> None:
    """The schema of the standard refuses some of them; they are days all the same."""
    header = [one for one in HEADER if one not in {"SEX", "OBS_STATUS", "UNIT_MULT", "TITLE"}]
    row = ["dataflow", "TST:DF_SMALL(1.0.0)", "M", "D", "CRI", name, "1"]
    found = back(sheet(header, row), "DF_SMALL")
    assert found.findings == []
    assert found.observations == {("D", "CRI", name): {"OBS_VALUE": "1"}}


@pytest.mark.parametrize("action", ["M", "R"])
def test_c144_a_dimension_left_out_is_no_wildcard(action: str) -> None:
    row = [action if cell == "M" else "" if cell == "CRI" else cell for cell in ROW]
    found = back(sheet(HEADER, row))
    assert [(f.code, f.component, f.row) for f in found.findings if f.is_error][:1] == [
        ("VIPMG-211", "REF_AREA", 2)
    ]


@pytest.mark.parametrize(("off", "errors"), [("REF_AREA", ["VIPMG-211"]), ("SEX", [])])
def test_c145_a_dimension_switched_off_only_where_nothing_hangs_on_it(
    off: str, errors: list[str]
) -> None:
    """METHOD is said of a REF_AREA, whatever the sex."""
    header = [*HEADER[:7], "METHOD"]
    row = [*ROW[:3], "~", "~" if off == "REF_AREA" else "CRI", "~", "~", "asked"]
    found = back(sheet(header, row))
    assert [f.code for f in found.findings] == errors
    assert found.above == ({} if errors else {(None, "CRI", None): {"METHOD": "asked"}})


def test_c148_mixed_structures_and_actions_in_one_file() -> None:
    header = [*HEADER[:3], "FREQ", "REF_AREA", "TIME_PERIOD", "OBS_VALUE"]
    body = sheet(
        header,
        ["dataflow", "TST:DF_SMALL(1.0.0)", "M", "A", "CRI", "2020", "1"],
        ["dataflow", "TST:DF_SMALL(1.0.0)", "D", "A", "CRI", "2020", ""],
        ["datastructure", "TST:DSD_SMALL(1.0.0)", "R", "A", "CRI", "2021", "2"],
        ["dataprovision", "TST:PA(1.0.0)", "M", "A", "SLV", "2021", "3"],
    )
    reader = CsvReader(io.BytesIO(body.encode()))  # type: ignore[arg-type]
    heads = [(b.kind, b.structure, b.action, list(b.rows)) for b in reader.batches()]
    assert heads == [
        ("dataflow", "TST:DF_SMALL(1.0.0)", "Merge", [2]),
        ("dataflow", "TST:DF_SMALL(1.0.0)", "Delete", [3]),
        ("datastructure", "TST:DSD_SMALL(1.0.0)", "Replace", [4]),
        ("dataprovision", "TST:PA(1.0.0)", "Merge", [5]),
    ]
    assert back(body, "DF_SMALL").observations == {
        ("A", "CRI", "2021"): {"OBS_VALUE": "2"},
        ("A", "SLV", "2021"): {"OBS_VALUE": "3"},
    }


def test_wide_and_long_files_come_in_batches_that_memory_can_hold() -> None:
    """Cells and bytes end a batch, not only rows."""
    many = sheet([*HEADER, *(f"X{n}" for n in range(5000))], *([ROW + [""] * 5000] * 1000))
    reader = CsvReader(io.BytesIO(many.encode()))  # type: ignore[arg-type]
    sizes = [len(batch.rows) for batch in reader.batches()]
    assert sum(sizes) == 1000
    assert max(sizes) * 5011 <= 2_100_000
    long = sheet(HEADER, *([[*ROW[:-1], "x" * 100_000]] * 1500))
    reader = CsvReader(io.BytesIO(long.encode()))  # type: ignore[arg-type]
    sizes = [len(batch.rows) for batch in reader.batches()]
    assert sum(sizes) == 1500
    assert max(sizes) <= 500


@pytest.mark.parametrize("blank", [[], [""], [" "], [""] * 4, [""] * 11, [""] * 14, ["", "\t"]])
def test_a_row_without_anything_in_it_is_none(blank: list[str]) -> None:
    same(sheet(HEADER, blank, ROW, blank, blank))
    wrong = [cell.replace("1234.5", "x") for cell in ROW]
    [finding] = back(sheet(HEADER, ROW, blank, wrong, blank)).findings
    assert finding.row == 4  # as the spreadsheet counts


def test_rows_without_anything_in_them_are_not_counted() -> None:
    reader = CsvReader(io.BytesIO(sheet(HEADER, [""] * 11, [""] * 11).encode()))  # type: ignore[arg-type]
    assert [*reader.batches()] == []
    assert (reader.row_count, reader.findings) == (0, [])
