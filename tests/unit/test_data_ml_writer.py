"""SDMX-ML as written: any series in any layout is valid and reads as it was."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from functools import cache
from typing import Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st
from lxml import etree

from app.errors import NotAcceptableError
from app.sdmx import series
from app.sdmx.artefact_set import ArtefactSet
from app.sdmx.messages.data_message import DataSet, Layout, SeriesData, StoredSeries
from app.sdmx.messages.data_ml_header import Family
from app.sdmx.messages.data_ml_writer import MlWriter
from app.sdmx.messages.schema_xsd import write_xml_schema
from app.sdmx.query import SchemaQuery
from app.sdmx.schema_data import resolve_data_schema
from app.sdmx.schema_structures import find_context
from app.sdmx.version import VersionQuery
from tests.data_messages import ReadDataSet
from tests.data_ml_messages import read_ml
from tests.exchange import structures
from tests.unit.test_data_csv_writer import HEADER, ROWS, layout
from tests.xml_schemas import check_structure_specific, check_xml

GENERIC = Family("generic", "2.1")
SPECIFIC = Family("structurespecific", "2.1")
FAMILIES = [
    GENERIC,
    SPECIFIC,
    Family("generictimeseries", "2.1"),
    Family("structurespecifictimeseries", "2.1"),
    Family("xml", "3.0.0"),
    Family("xml", "3.1.0"),
]
ANY_LAYOUT = [family for family in FAMILIES if not family.is_of_time_series]
KEYS = st.tuples(st.sampled_from("AQM"), st.sampled_from(["CRI", "SLV", "GTM"]))
SIGNS = st.text(
    st.one_of(
        st.characters(exclude_categories=["Cs", "Cc"], exclude_characters="\ufffe\uffff"),
        st.sampled_from("<>&\"'\n\r\t"),
    ),
    min_size=1,
    max_size=8,
)


def dataset(shown: Layout, action: Any = "Replace") -> DataSet:
    return DataSet("dataflow", shown.flow.urn, {"en": "Name"}, shown, action)


def message(family: Family, shown: Layout, *batches: list[SeriesData], action: Any = "Replace"):
    one = dataset(shown, action)
    writer = MlWriter(family, [one])
    parts = [writer.begin(HEADER), writer.begin_dataset(one)]
    parts += [writer.write(batch) for batch in batches]
    return b"".join([*parts, writer.end_dataset(), writer.end()])


@cache
def xml_schema(resource_id: str, along: str, version: str, *, deletion: bool = False) -> bytes:
    held = ArtefactSet(structures())
    latest = VersionQuery.parse("~")
    query = SchemaQuery("dataflow", "TST", resource_id, latest, along, deletion)
    schema = resolve_data_schema(held, find_context(held, query), query)
    return write_xml_schema(schema, version)


def read(body: bytes, family: Family, shown: Layout, *, deletion: bool = False) -> ReadDataSet:
    """The one dataset of a message that must be valid."""
    if family.is_generic:
        told = check_xml(body, family.version)
    else:
        name = shown.flow.urn.rpartition(":")[2].partition("(")[0]
        along = shown.dimension_at_observation
        xsd = xml_schema(name, along, family.version, deletion=deletion)
        told = check_structure_specific(body, xsd, family.version)
    time = (shown.flow.time.id,) if shown.flow.time else ()
    [found] = read_ml(told, (*shown.flow.position, *time))
    return found


@pytest.mark.parametrize("family", FAMILIES, ids=str)
@given(st.dictionaries(KEYS, st.tuples(ROWS, SIGNS), min_size=1, max_size=4), SIGNS)
def test_c137_every_value_comes_back(
    family: Family, content: dict[tuple[str, str], tuple[dict[str, dict[str, str]], str]], d: str
) -> None:
    batch = [
        SeriesData(key, series.from_observations(rows), {"S": s, "D": d})
        for key, (rows, s) in content.items()
    ]
    found = read(message(family, layout(), batch), family, layout())
    assert found.rows == {
        (*key, time): row | {"S": s, "D": d}
        for key, (rows, s) in content.items()
        for time, row in rows.items()
    }


@pytest.mark.parametrize("family", ANY_LAYOUT, ids=str)
@given(st.dictionaries(KEYS, ROWS, min_size=1, max_size=4), SIGNS)
def test_c065_the_flat_layout(family: Family, content: dict[Any, Any], s: str) -> None:
    shown = replace(layout(), dimension_at_observation="AllDimensions")
    batch = [
        SeriesData(key, series.from_observations(rows), {"S": s}) for key, rows in content.items()
    ]
    found = read(message(family, shown, batch), family, shown)
    assert found.rows == {
        (*key, time): row | {"S": s} for key, rows in content.items() for time, row in rows.items()
    }
    assert not found.series


@pytest.mark.parametrize("family", ANY_LAYOUT, ids=str)
def test_c065_another_dimension_along_the_observations(family: Family) -> None:
    shown = replace(layout("DF"), dimension_at_observation="SEX")
    document = {
        "TIME_PERIOD": ["F", "M"],
        "OBS_VALUE": ["1", "2"],
        "OBS_STATUS": "A",
        "UNIT_MULT": ["0", "3"],
        "METHOD": "asked",
        "TITLE": ["T", "T"],
    }
    body = message(family, shown, [SeriesData(("A", "CRI", "2020"), document, {})])
    common = {"OBS_STATUS": "A", "METHOD": "asked", "TITLE": "T"}
    assert read(body, family, shown).rows == {
        ("A", "CRI", "F", "2020"): {"OBS_VALUE": "1", "UNIT_MULT": "0"} | common,
        ("A", "CRI", "M", "2020"): {"OBS_VALUE": "2", "UNIT_MULT": "3"} | common,
    }


@pytest.mark.parametrize("family", ANY_LAYOUT, ids=str)
def test_c066_a_flow_without_time(family: Family) -> None:
    shown = layout("DF_PLAIN")
    data = SeriesData(("A", "CRI"), {"TIME_PERIOD": [""], "OBS_VALUE": "7"}, {"TITLE": "T"})
    found = read(message(family, shown, [data]), family, shown)
    assert found.rows == {("A", "CRI"): {"OBS_VALUE": "7", "TITLE": "T"}}


EVERYTHING: dict[str, Any] = {
    "TIME_PERIOD": ["2020", "2021", "2022"],
    "OBS_VALUE": ["1", None, "2.50"],
    "SHARE": ["3", "4", None],
    "OBS_STATUS": ["A", "B", "A"],
    "COMMENT": [{"en": "a < b", "es": "a es menor"}, None, {"es": "solo"}],
    "SOURCES": [["CENSUS", "SURVEY"], None, ["CENSUS"]],
}
UPPER = {"UNIT_MULT": "0", "COLLECTION": "all", "METHOD": "asked", "TITLE": "T"}


@pytest.mark.parametrize("family", FAMILIES, ids=str)
def test_several_measures_languages_and_values(family: Family) -> None:
    data = SeriesData(("A", "CRI", "F"), EVERYTHING, UPPER)
    shown = layout("DF")
    found = read(message(family, shown, [data]), family, shown)
    first, second, third = found.rows.values()
    assert (first["OBS_VALUE"], first["SHARE"]) == ("1", "3")
    assert "OBS_VALUE" not in second
    assert (second["SHARE"], third["OBS_VALUE"]) == ("4", "2.50")
    if family.version == "2.1":
        assert (first["COMMENT"], third["COMMENT"]) == ("a < b", "solo")
        assert (first["SOURCES"], third["SOURCES"]) == ("CENSUS;SURVEY", "CENSUS")
    else:
        assert first["COMMENT"] == EVERYTHING["COMMENT"][0]
        assert third["COMMENT"] == {"es": "solo"}
        assert (first["SOURCES"], third["SOURCES"]) == (["CENSUS", "SURVEY"], ["CENSUS"])
    for row in found.rows.values():
        assert row.items() >= UPPER.items()


@pytest.mark.parametrize("family", FAMILIES, ids=str)
def test_attributes_stand_at_their_levels(family: Family) -> None:
    shown = layout("DF")
    data = SeriesData(("A", "CRI", "F"), EVERYTHING, UPPER)
    found = read(message(family, shown, [data, data_of("SLV")]), family, shown)
    assert found.attributes == ({"TITLE": "T"} if family.version == "2.1" else {})
    assert found.series["A", "CRI", "F"] == UPPER
    several = replace(shown, one_source=False)
    other = SeriesData(("A", "SLV", "F"), EVERYTHING, UPPER | {"TITLE": "U"})
    found = read(message(family, several, [data, other]), family, shown)
    assert found.attributes == {}
    assert {key[1]: row["TITLE"] for key, row in found.series.items()} == {"CRI": "T", "SLV": "U"}


def data_of(area: str) -> SeriesData:
    return SeriesData(("A", area, "F"), EVERYTHING, UPPER)


@pytest.mark.parametrize("family", FAMILIES, ids=str)
def test_series_without_observations(family: Family) -> None:
    shown = layout("DF", observations=False, measures=())
    data = SeriesData(("A", "CRI", "F"), {"TIME_PERIOD": ["2020"]}, UPPER)
    found = read(message(family, shown, [data]), family, shown)
    assert not found.rows
    assert found.series == {("A", "CRI", "F"): UPPER}


@pytest.mark.parametrize("family", FAMILIES, ids=str)
def test_c077_deletions_name_keys_and_nothing_else(family: Family) -> None:
    data = SeriesData(("A", "CRI", "F"), {"TIME_PERIOD": ["2020", "2021"]}, {})
    shown = layout("DF")
    body = message(family, shown, [data], action="Delete")
    found = read(body, family, shown, deletion=True)
    assert found.action == "Delete"
    assert found.rows == {("A", "CRI", "F", time): {} for time in ("2020", "2021")}


@pytest.mark.parametrize("family", FAMILIES, ids=str)
def test_what_xml_cannot_hold_does_not_break_a_message(family: Family) -> None:
    data = SeriesData(
        ("A", "CRI"),
        {"TIME_PERIOD": ["2020"], "OBS_VALUE": "1"},
        {"S": "a\x00\x0b\ufffe\ud800z", "D": "tab\tline\r\nend"},
    )
    shown = layout()
    [row] = read(message(family, shown, [data]), family, shown).rows.values()
    assert row["S"] == "a\ufffd\ufffd\ufffd\ufffdz"
    assert row["D"] == "tab\tline\r\nend"


@pytest.mark.parametrize("family", FAMILIES, ids=str)
def test_c127_missing_numbers(family: Family) -> None:
    """2.1 says NaN of every number, 3.x of floating-point numbers alone."""
    data = SeriesData(("A", "X"), {"TIME_PERIOD": ["2020"], "OBS_VALUE": "#N/A"}, {})
    shown = layout("DF_TYPES")
    body = message(family, shown, [data])
    expected = "NaN" if family.version == "2.1" else "#N/A"
    assert f'="{expected}"'.encode() in body


@pytest.mark.parametrize("along", ["TIME_PERIOD", "AllDimensions"])
@pytest.mark.parametrize("family", ANY_LAYOUT, ids=str)
@given(
    st.lists(
        st.tuples(KEYS, ROWS, st.sampled_from(["", "s", "<&>"])),
        min_size=1,
        max_size=5,
        unique_by=lambda one: one[0],
    )
)
def test_series_as_they_are_stored_are_written_as_any_other(
    family: Family, along: str, content: list[tuple[tuple[str, str], Any, str]]
) -> None:
    shown = replace(layout(), dimension_at_observation=along)
    constant = {"D": "of all"}
    found: list[SeriesData] = []
    stored: list[tuple[str, str, str]] = []
    for key, rows, s in content:
        document = series.from_observations(rows)
        own = {"S": s} if s else {}
        found.append(SeriesData(key, document, constant | own))
        stored.append((",".join(key), _json(document), _json(own)))
    one = dataset(shown)
    writer = MlWriter(family, [one])
    assert writer.takes_stored(shown)
    parts = [writer.begin(HEADER), writer.begin_dataset(one)]
    parts += [writer.write_stored(StoredSeries([row], constant)) for row in stored]
    whole = b"".join([*parts, writer.end_dataset(), writer.end()])
    assert whole == message(family, shown, found)


def _json(document: Mapping[str, Any]) -> str:
    return orjson.dumps(document).decode()


@pytest.mark.parametrize("family", [f for f in FAMILIES if f.is_of_time_series], ids=str)
@pytest.mark.parametrize(("name", "along"), [("DF", "SEX"), ("DF", "AllDimensions")])
def test_time_series_messages_refuse_what_is_none(family: Family, name: str, along: str) -> None:
    shown = replace(layout(name), dimension_at_observation=along)
    with pytest.raises(NotAcceptableError):
        MlWriter(family, [dataset(shown)])
    with pytest.raises(NotAcceptableError):
        MlWriter(family, [dataset(layout("DF_PLAIN"))])


@pytest.mark.parametrize("family", ANY_LAYOUT, ids=str)
def test_c047_several_structures_in_one_message(family: Family) -> None:
    datasets = [dataset(layout("DF_SMALL")), dataset(layout("DF_PLAIN"))]
    writer = MlWriter(family, datasets)
    parts = [writer.begin(HEADER)]
    for one in datasets:
        data = SeriesData(("A", "CRI"), {"TIME_PERIOD": ["2020"], "OBS_VALUE": "1"}, {})
        parts += [writer.begin_dataset(one), writer.write([data]), writer.end_dataset()]
    message_ = etree.fromstring(b"".join([*parts, writer.end()]))
    assert [one.structure for one in read_ml(message_, ("FREQ", "REF_AREA", "TIME_PERIOD"))] == [
        one.urn for one in datasets
    ]
