"""SDMX-JSON as written: any series in any layout is valid and reads as it was."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.sdmx import series
from app.sdmx.messages.data_json_writer import JsonWriter
from app.sdmx.messages.data_message import SeriesData, StoredSeries
from tests.data_messages import check_data, plain, read_json
from tests.unit.test_data_csv_writer import HEADER, ROWS, TEXT, dataset, layout

KEYS = st.tuples(st.sampled_from("AQM"), st.sampled_from(["CRI", "SLV", "GTM"]))


def message(version: str, *batches: list[SeriesData], **parts: Any) -> bytes:
    writer = JsonWriter(version)
    along = parts.pop("dimension_at_observation", "TIME_PERIOD")
    shown = replace(layout(**parts), dimension_at_observation=along)
    pieces = [writer.begin(HEADER), writer.begin_dataset(dataset(shown))]
    pieces += [writer.write(batch) for batch in batches]
    return b"".join([*pieces, writer.end_dataset(), writer.end()])


@pytest.mark.parametrize("version", ["2.1.0", "2.0.0"])
@given(st.dictionaries(KEYS, st.tuples(ROWS, TEXT), min_size=1, max_size=4), TEXT)
def test_c119_every_value_comes_back(
    version: str, content: dict[tuple[str, str], tuple[dict[str, dict[str, str]], str]], d: str
) -> None:
    above = {"D": d} if d else {}
    batch = [
        SeriesData(key, series.from_observations(rows), ({"S": s} if s else {}) | above)
        for key, (rows, s) in content.items()
    ]
    [read] = read_json(check_data(message(version, batch), version))
    assert plain(read.rows) == {
        (*key, time): row | ({"S": s} if s else {}) | above
        for key, (rows, s) in content.items()
        for time, row in rows.items()
    }


@pytest.mark.parametrize("along", ["TIME_PERIOD", "AllDimensions"])
@pytest.mark.parametrize("version", ["2.1.0", "2.0.0"])
@given(
    st.lists(
        st.tuples(KEYS, ROWS, st.sampled_from(["", "s", '"'])),
        min_size=1,
        max_size=5,
        unique_by=lambda one: one[0],
    ),
    st.sampled_from([{}, {"D": "of all"}, {"D": "of all", "G": "fixed"}]),
)
def test_series_as_they_are_stored_are_written_as_any_other(
    version: str,
    along: str,
    content: list[tuple[tuple[str, str], Any, str]],
    constant: dict[str, str],
) -> None:
    shown = replace(layout(), dimension_at_observation=along)
    usual, fast = JsonWriter(version), JsonWriter(version)
    assert fast.takes_stored(shown)
    parts: dict[JsonWriter, list[bytes]] = {}
    for writer in (usual, fast):
        parts[writer] = [writer.begin(HEADER), writer.begin_dataset(dataset(shown))]
    for key, rows, s in content:
        document, own = series.from_observations(rows), {"S": s} if s else {}
        row = (",".join(key), orjson.dumps(document).decode(), orjson.dumps(own).decode())
        parts[fast].append(fast.write_stored(StoredSeries([row], constant)))
        parts[usual].append(usual.write([SeriesData(key, document, constant | own)]))
    read = []
    for writer, pieces in parts.items():
        whole = b"".join([*pieces, writer.end_dataset(), writer.end()])
        read += read_json(check_data(whole, version))
    assert read[0] == read[1]
    assert read[0].rows


@pytest.mark.parametrize("along", ["TIME_PERIOD", "AllDimensions", "REF_AREA"])
@pytest.mark.parametrize("version", ["2.1.0", "2.0.0"])
def test_c071_without_observations_there_are_series_in_every_layout(
    version: str, along: str
) -> None:
    parts = {"observations": False, "measures": (), "dimension_at_observation": along}
    data = SeriesData(("A", "CRI"), {"TIME_PERIOD": ["2020", "2021"]}, {"S": "s", "D": "d"})
    [read] = read_json(check_data(message(version, [data], **parts), version))
    assert not read.rows
    assert read.series == {("A", "CRI"): {"S": "s", "D": "d"}}


def test_batches_are_one_object() -> None:
    data = [
        SeriesData(("A", area), {"TIME_PERIOD": ["2020"], "OBS_VALUE": "1"}, {})
        for area in ("CRI", "SLV", "GTM")
    ]
    [read] = read_json(check_data(message("2.1.0", data[:1], [], data[1:])))
    assert len(read.series) == 3


def test_attributes_of_groups_stand_at_their_keys() -> None:
    data = [
        SeriesData((freq, area), {"TIME_PERIOD": ["2020"], "OBS_VALUE": "1"}, {"G": area.lower()})
        for freq in "AQ"
        for area in ("CRI", "SLV")
    ]
    told = check_data(message("2.1.0", data))
    assert list(told["data"]["dataSets"][0]["dimensionGroupAttributes"]) == [":0:", ":1:"]
    [read] = read_json(told)
    assert {row["G"] for key, row in read.rows.items() if key[1] == "CRI"} == {"cri"}
