"""Whatever our writers write in any format reads back as the same data."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.sdmx import series
from app.sdmx.messages.data_csv_writer import CsvOptions, CsvWriter
from app.sdmx.messages.data_json_1 import Json1Writer
from app.sdmx.messages.data_json_writer import JsonWriter
from app.sdmx.messages.data_message import DataSet, DataWriter, Group, Layout, SeriesData
from app.sdmx.messages.data_ml_header import Family
from app.sdmx.messages.data_ml_writer import MlWriter
from app.sdmx.negotiation import negotiate_language
from tests.read_back import read_back
from tests.unit.test_data_csv_writer import HEADER, ROWS, layout
from tests.unit.test_data_ml_writer import EVERYTHING, SIGNS, UPPER

CSV = ["csv 2.1.0", "csv 2.0.0", "csv 1.0.0", "csv 2.1.0 both", "csv 2.1.0 name"]
JSON = ["json 2.1.0", "json 2.0.0", "json 1.0.0", "json 1.0.0-wd"]
ML = ["generic 2.1", "structurespecific 2.1", "xml 3.0.0", "xml 3.1.0"]
SERIES_ONLY = ["generictimeseries 2.1", "structurespecifictimeseries 2.1"]
RICH = ["csv 2.1.0", "csv 2.0.0", "json 2.1.0", "json 2.0.0", "xml 3.0.0", "xml 3.1.0"]
"""Formats that lose nothing."""

KEYS = st.tuples(st.sampled_from("AQM"), st.sampled_from(["CRI", "SLV", "GTM"]))
TIMES = {"A": "{}", "Q": "{}-Q1", "M": "{}-01"}


def writer_of(form: str, datasets: list[DataSet]) -> DataWriter:
    name, version, *more = form.split()
    if name == "csv":
        options = CsvOptions(version, *more)  # type: ignore[arg-type]
        return CsvWriter(options, layouts=[one.layout for one in datasets])
    if name == "json":
        return Json1Writer(version, datasets) if version[0] == "1" else JsonWriter(version)
    return MlWriter(Family(name, version), datasets)


EVERY_LANGUAGE = replace(
    HEADER, languages=negotiate_language("*", None, frozenset({"en", "es"})), told=("en", "es")
)


def written(form: str, *pairs: tuple[DataSet, list[SeriesData]]) -> bytes:
    writer = writer_of(form, [one for one, _ in pairs])
    parts = [writer.begin(EVERY_LANGUAGE)]
    for one, batch in pairs:
        parts += [writer.begin_dataset(one), writer.write(batch), writer.end_dataset()]
    return b"".join([*parts, writer.end()])


def dataset(shown: Layout, action: Any = "Replace", **parts: Any) -> DataSet:
    return DataSet("dataflow", shown.flow.urn, {"en": "Name"}, shown, action, **parts)


def fitting(rows: dict[str, dict[str, str]], frequency: str) -> dict[str, dict[str, str]]:
    """The observations that say anything, with periods that suit a frequency."""
    return {TIMES[frequency].format(year): row for year, row in rows.items() if row}


@pytest.mark.parametrize("along", ["TIME_PERIOD", "AllDimensions"])
@pytest.mark.parametrize("form", [*CSV, *JSON, *ML, *SERIES_ONLY])
@settings(max_examples=25)
@given(
    st.dictionaries(KEYS, st.tuples(ROWS, SIGNS), min_size=1, max_size=4),
    SIGNS,
    st.integers(1, 4),
)
def test_c138_every_value_comes_back(
    form: str,
    along: str,
    content: dict[tuple[str, str], tuple[dict[str, dict[str, str]], str]],
    d: str,
    batch_rows: int,
) -> None:
    if form in SERIES_ONLY and along == "AllDimensions":
        return
    shown = replace(layout(), dimension_at_observation=along)
    told = {key: (fitting(rows, key[0]), s) for key, (rows, s) in content.items()}
    batch = [
        SeriesData(key, series.from_observations(rows), {"S": s, "D": d})
        for key, (rows, s) in told.items()
        if rows
    ]
    if not batch:
        return
    found = read_back(written(form, (dataset(shown), batch)), shown.flow, batch_rows=batch_rows)
    assert [f for f in found.findings if f.is_error] == []
    assert found.observations == {
        (*key, time): row | {"S": s, "D": d}
        for key, (rows, s) in told.items()
        for time, row in rows.items()
    }


@pytest.mark.parametrize("along", ["TIME_PERIOD", "AllDimensions"])
@pytest.mark.parametrize("form", RICH)
def test_c138_several_measures_languages_and_values_come_back(form: str, along: str) -> None:
    shown = replace(layout("DF"), dimension_at_observation=along)
    batch = [SeriesData(("A", area, "F"), EVERYTHING, UPPER) for area in ("CRI", "SLV")]
    found = read_back(written(form, (dataset(shown), batch)), shown.flow)
    assert found.findings == []
    rows, attributes = found.series["A", "SLV", "F"]
    assert rows == series.observations(EVERYTHING)
    assert attributes == {"UNIT_MULT": "0"}
    assert found.above == {
        (None, "CRI", "F"): {"COLLECTION": "all"},
        (None, "SLV", "F"): {"COLLECTION": "all"},
        (None, "CRI", None): {"METHOD": "asked"},
        (None, "SLV", None): {"METHOD": "asked"},
        (None, None, None): {"TITLE": "T"},
    }


@pytest.mark.parametrize("form", [*ML, "json 2.1.0", "json 2.0.0", "json 1.0.0"])
def test_c138_another_dimension_along_the_observations(form: str) -> None:
    shown = replace(layout("DF"), dimension_at_observation="SEX")
    document = {"TIME_PERIOD": ["F", "M"], "OBS_VALUE": ["1", "2"], "OBS_STATUS": "A"}
    upper = {"UNIT_MULT": "0", "TITLE": "T"}
    body = written(form, (dataset(shown), [SeriesData(("A", "CRI", "2020"), document, upper)]))
    found = read_back(body, shown.flow)
    assert found.findings == []
    assert found.observations == {
        ("A", "CRI", "F", "2020"): {"OBS_VALUE": "1", "OBS_STATUS": "A"} | upper,
        ("A", "CRI", "M", "2020"): {"OBS_VALUE": "2", "OBS_STATUS": "A"} | upper,
    }


@pytest.mark.parametrize("form", [*CSV, *JSON, *ML])
def test_c138_a_flow_without_time(form: str) -> None:
    shown = layout("DF_PLAIN")
    data = SeriesData(("A", "CRI"), {"TIME_PERIOD": [""], "OBS_VALUE": "7"}, {"TITLE": "T"})
    found = read_back(written(form, (dataset(shown), [data])), shown.flow)
    assert [f for f in found.findings if f.is_error] == []
    assert found.observations == {("A", "CRI"): {"OBS_VALUE": "7", "TITLE": "T"}}


NUMBERS: dict[str, Any] = {
    "TIME_PERIOD": ["2020", "2021", "2022"],
    "OBS_VALUE": ["1.50", "#N/A", "-0.001"],
    "NUMBER": ["1", None, "#N/A"],
    "BIG": ["123456789012345678901234567890", None, "0"],
    "FLOATING": ["1.5e-3", "NaN", None],
    "FLAG": ["true", "false", None],
    "COMMENT": ["a;b", '"c"', "#N/A"],
}


@pytest.mark.parametrize("along", ["TIME_PERIOD", "AllDimensions"])
@pytest.mark.parametrize("form", RICH)
def test_c138_numbers_of_all_kinds_and_what_is_missing_on_purpose(form: str, along: str) -> None:
    shown = replace(layout("DF_TYPES"), dimension_at_observation=along)
    body = written(form, (dataset(shown), [SeriesData(("A", "anyone"), NUMBERS, {})]))
    found = read_back(body, shown.flow)
    assert found.findings == []
    assert found.series["A", "anyone"][0] == series.observations(NUMBERS)


@pytest.mark.parametrize("form", ["generic 2.1", "structurespecific 2.1", "xml 3.0.0", "xml 3.1.0"])
def test_groups_come_back(form: str) -> None:
    shown = layout("DF")
    group = Group("BY_AREA_SEX", {"REF_AREA": "CRI", "SEX": "F"}, {"COLLECTION": "all"})
    one = dataset(shown, groups=(group,))
    document = {"TIME_PERIOD": ["2020"], "OBS_VALUE": "1", "OBS_STATUS": "A"}
    upper = {"UNIT_MULT": "0", "TITLE": "T"}
    found = read_back(
        written(form, (one, [SeriesData(("A", "CRI", "F"), document, upper)])), shown.flow
    )
    assert found.findings == []
    assert found.above[None, "CRI", "F"] == {"COLLECTION": "all"}


@pytest.mark.parametrize("form", [*CSV[:2], "json 2.1.0", "json 2.0.0", "json 1.0.0", *ML])
def test_c140_datasets_in_their_order_each_with_its_action(form: str) -> None:
    shown = layout()
    first = SeriesData(("A", "CRI"), {"TIME_PERIOD": ["2020", "2021"], "OBS_VALUE": ["1", "2"]}, {})
    last = SeriesData(("A", "CRI"), {"TIME_PERIOD": ["2022"], "OBS_VALUE": ["3"]}, {})
    gone = SeriesData(("A", "CRI"), {"TIME_PERIOD": ["2020"]}, {})
    body = written(
        form,
        (dataset(shown, "Replace"), [first]),
        (dataset(shown, "Delete"), [gone]),
        (dataset(shown, "Replace"), [last]),
    )
    found = read_back(body, shown.flow)
    assert found.findings == []
    assert found.observations == {
        ("A", "CRI", "2021"): {"OBS_VALUE": "2"},
        ("A", "CRI", "2022"): {"OBS_VALUE": "3"},
    }
