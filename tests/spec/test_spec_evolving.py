"""Data of an evolving data structure, whose dataflows have some of its dimensions or all."""

from __future__ import annotations

import csv
import io

import pytest
from lxml import etree

from tests.data_messages import check_data
from tests.fixture_exchange import Bundle

PATH = "/sdmx/v2/data/datastructure/SICA_TEST/DSD_GROWING/1.1.0"
VENDOR = "application/vnd.sdmx."
SENT = {
    ("A", "CRI", "_T", "", "2020"): "10",
    ("A", "CRI", "_T", "", "2021"): "11",
    ("A", "CRI", "F", "", "2020"): "5",
    ("A", "CRI", "_T", "_T", "2022"): "12",
    ("A", "CRI", "_T", "LOW", "2022"): "7",
    ("A", "CRI", "_T", "HIGH", "2022"): "5",
}


def rows(bundle: Bundle, query: str = "") -> dict[tuple[str, ...], str]:
    """Values by key and time as SDMX-CSV has them."""
    reply = bundle.get(f"{PATH}{query}", f"{VENDOR}data+csv;version=2.1.0")
    names = ("FREQ", "REF_AREA", "SEX", "EDUCATION", "TIME_PERIOD")
    found = csv.DictReader(io.StringIO(reply.text))
    return {tuple(row.get(name, "") for name in names): row["OBS_VALUE"] for row in found}


def test_c176_data_by_the_structure_have_the_dimensions_of_their_dataflow(bundle: Bundle) -> None:
    assert rows(bundle) == SENT


def test_c176_a_filter_by_a_new_dimension_leaves_out_the_data_without_it(bundle: Bundle) -> None:
    assert rows(bundle, "/*?c[EDUCATION]=LOW,HIGH") == {
        key: value for key, value in SENT.items() if key[3] in {"LOW", "HIGH"}
    }
    assert rows(bundle, "/A.CRI.F") == {("A", "CRI", "F", "", "2020"): "5"}


def test_c176_each_form_is_a_dataset_with_dimensions_of_its_own(bundle: Bundle) -> None:
    reply = bundle.get(PATH, f"{VENDOR}data+json;version=2.1.0")
    message = check_data(reply.content)
    forms = {
        tuple(one["id"] for one in structure["dimensions"]["series"]): structure["dataSets"]
        for structure in message["data"]["structures"]
    }
    assert set(forms) == {("FREQ", "REF_AREA", "SEX"), ("FREQ", "REF_AREA", "SEX", "EDUCATION")}
    assert sorted(place for places in forms.values() for place in places) == [0, 1]


@pytest.mark.parametrize(
    "media_type",
    [
        "data+xml;version=3.1.0",
        "data+xml;version=3.0.0",
        "structurespecificdata+xml;version=2.1",
        "genericdata+xml;version=2.1",
    ],
)
@pytest.mark.parametrize("layout", ["TIME_PERIOD", "AllDimensions", "SEX"])
def test_c176_the_same_in_sdmx_ml(bundle: Bundle, media_type: str, layout: str) -> None:
    reply = bundle.get(f"{PATH}?dimensionAtObservation={layout}", VENDOR + media_type)
    assert reply.status_code == 200, reply.text
    message = etree.fromstring(reply.content)
    assert len(message.findall(".//{*}DataSet")) == 2
    observations = message.findall(".//{*}Obs")
    values = [
        one.get("OBS_VALUE") or one.find("{*}ObsValue").get("value")  # type: ignore[union-attr]
        for one in observations
    ]
    assert sorted(map(str, values)) == sorted(SENT.values())
