"""SDMX-JSON as written: any series in any layout is valid and reads as it was."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.sdmx import series
from app.sdmx.messages.data_json_writer import JsonWriter
from app.sdmx.messages.data_message import SeriesData
from tests.data_messages import check_data, plain, read_json
from tests.unit.test_data_csv_writer import HEADER, ROWS, TEXT, dataset, layout

KEYS = st.tuples(st.sampled_from("AQM"), st.sampled_from(["CRI", "SLV", "GTM"]))


def message(version: str, *batches: list[SeriesData], **parts: Any) -> bytes:
    writer = JsonWriter(version)
    shown = layout(**parts)
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
