"""SDMX-JSON 1.0 as written: any series in any layout is valid and reads as it was."""

from __future__ import annotations

import io
import json
from dataclasses import replace
from typing import Any

import pytest
import sdmx
from hypothesis import given
from hypothesis import strategies as st

from app.errors import NotAcceptableError
from app.sdmx import series
from app.sdmx.messages.data_json_1 import Json1Writer
from app.sdmx.messages.data_message import DataSet, Layout, SeriesData
from app.sdmx.messages.json_numbers import json_number, json_numbers
from tests.data_messages import ReadDataSet, check_data
from tests.data_ml_messages import read_json_1
from tests.unit.test_data_csv_writer import HEADER, ROWS, TEXT, layout

KEYS = st.tuples(st.sampled_from("AQM"), st.sampled_from(["CRI", "SLV", "GTM"]))


def message(shown: Layout, *batches: list[SeriesData], version: str = "1.0.0", **parts: Any):
    dataset = DataSet("dataflow", shown.flow.urn, {"en": "Name"}, shown, "Information", **parts)
    writer = Json1Writer(version, [dataset])
    pieces = [writer.begin(HEADER), writer.begin_dataset(dataset)]
    pieces += [writer.write(batch) for batch in batches]
    return b"".join([*pieces, writer.end_dataset(), writer.end()])


def read(body: bytes) -> ReadDataSet:
    [dataset] = read_json_1(check_data(body, "1.0.0"))
    return dataset


@pytest.mark.parametrize("along", ["TIME_PERIOD", "AllDimensions"])
@given(st.dictionaries(KEYS, st.tuples(ROWS, TEXT), min_size=1, max_size=4), TEXT)
def test_c128_every_value_comes_back(
    along: str, content: dict[tuple[str, str], tuple[dict[str, dict[str, str]], str]], d: str
) -> None:
    above = {"D": d} if d else {}
    batch = [
        SeriesData(key, series.from_observations(rows), ({"S": s} if s else {}) | above)
        for key, (rows, s) in content.items()
    ]
    found = read(message(replace(layout(), dimension_at_observation=along), batch))
    assert {
        key: {name: str(value) for name, value in row.items()} for key, row in found.rows.items()
    } == {
        (*key, time): row | ({"S": s} if s else {}) | above
        for key, (rows, s) in content.items()
        for time, row in rows.items()
    }


EVERYTHING: dict[str, Any] = {
    "TIME_PERIOD": ["2020", "2021", "2022"],
    "OBS_VALUE": ["10.50", None, "#N/A"],
    "SHARE": ["3", "4", None],
    "OBS_STATUS": ["A", "B", "A"],
    "COMMENT": [{"en": "first", "es": "primero"}, None, {"es": "solo"}],
    "SOURCES": [["CENSUS", "SURVEY"], None, ["CENSUS"]],
}
UPPER = {"UNIT_MULT": "0", "COLLECTION": "all", "METHOD": "asked", "TITLE": "T"}


def test_c128_json_1_0_shape() -> None:
    """One structure, no measures; values of attributes by their indexes at three levels."""
    told = check_data(
        message(layout("DF"), [SeriesData(("A", "CRI", "F"), EVERYTHING, UPPER)]), "1.0.0"
    )
    assert set(told) == {"meta", "data"}
    assert set(told["data"]) == {"dataSets", "structure"}
    structure, [dataset] = told["data"]["structure"], told["data"]["dataSets"]
    assert "measures" not in structure
    assert {level: [a["id"] for a in of] for level, of in structure["attributes"].items()} == {
        "dataSet": ["TITLE"],
        "series": ["UNIT_MULT", "COLLECTION", "METHOD"],
        "observation": [
            *("SHARE", "OBS_STATUS", "CONF_STATUS", "EMBARGO_TIME", "COMMENT", "SOURCES"),
        ],
    }
    relationships = {
        a["id"]: a["relationship"] for level in structure["attributes"].values() for a in level
    }
    assert relationships["TITLE"] == {"none": {}}
    assert relationships["METHOD"] == {"dimensions": ["REF_AREA"]}
    assert relationships["SHARE"] == relationships["OBS_STATUS"] == {"primaryMeasure": "OBS_VALUE"}
    assert dataset["attributes"] == [0]
    assert dataset["series"]["0:0:0"]["attributes"] == [0, 0, 0]
    assert dataset["series"]["0:0:0"]["observations"] == {
        "0": [10.5, 0, 0, None, None, 0, 0],
        "1": [None, 1, 1],
        "2": ["NaN", None, 0, None, None, 1, 1],
    }
    first, _, third = read_json_1(told)[0].rows.values()
    assert (first["COMMENT"], third["COMMENT"]) == ("first", "solo")
    assert (first["SOURCES"], third["SOURCES"]) == ("CENSUS;SURVEY", "CENSUS")


def test_digits_stand_as_they_were_sent() -> None:
    assert b'"0":[10.50,' in message(
        layout("DF"), [SeriesData(("A", "CRI", "F"), EVERYTHING, UPPER)]
    )


def test_c128_sdmx1_reads_the_working_draft_with_attributes_in_their_places() -> None:
    """It passes over attributes without values: one that is never given must not shift others."""
    data = SeriesData(("A", "CRI", "F"), EVERYTHING, UPPER)
    body = message(layout("DF"), [data], version="1.0.0-wd")
    assert set(json.loads(body)) == {"header", "dataSets", "structure"}
    told = sdmx.read_sdmx(io.BytesIO(body))
    first = told.data[0].obs[0]
    assert first.value == 10.5
    attached = {name: str(one.value) for name, one in first.attached_attribute.items()}
    assert attached == {
        "SHARE": "3",
        "OBS_STATUS": "A",
        "COMMENT": "first",
        "SOURCES": "CENSUS;SURVEY",
    }


@pytest.mark.parametrize("along", ["TIME_PERIOD", "AllDimensions", "SEX"])
def test_series_without_observations(along: str) -> None:
    shown = layout("DF", observations=False, measures=())
    data = SeriesData(("A", "CRI", "F"), {"TIME_PERIOD": ["2020"]}, UPPER)
    found = read(message(replace(shown, dimension_at_observation=along), [data]))
    told = found.series or found.rows
    assert told == {("A", "CRI", "F"): UPPER}


def test_a_structure_for_all_datasets_or_none() -> None:
    small, plain = (
        DataSet("dataflow", shown.flow.urn, {"en": "Name"}, shown, "Information")
        for shown in (layout("DF_SMALL"), layout("DF_PLAIN"))
    )
    Json1Writer("1.0.0", [small, small])
    with pytest.raises(NotAcceptableError, match="one structure"):
        Json1Writer("1.0.0", [small, plain])


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        *[(text, text) for text in ("0", "-1", "10.50", "1e5", "-0.1E-7")],
        *[("+1", "1"), ("007", "7"), (".5", "0.5"), ("1.", "1"), ("-.5", "-0.5")],
        *[("INF", '"INF"'), ("-INF", '"-INF"'), ("NaN", '"NaN"'), ("#N/A", '"NaN"')],
    ],
)
def test_c126_numbers_as_json_has_them(text: str, expected: str) -> None:
    assert json_number(text) == expected
    assert json_numbers([text, None]) == [expected, "null"]
    assert json_numbers([text, "1"]) == [expected, "1"]
    json.loads(json_number(text))
