"""SDMX-CSV as written: rows put together from what is constant and what varies."""

from __future__ import annotations

import csv
import datetime as dt
import io
from typing import Any

import orjson
from hypothesis import given
from hypothesis import strategies as st

from app.sdmx import series
from app.sdmx.artefact_set import ArtefactSet
from app.sdmx.flow import resolve_flow
from app.sdmx.messages.data_csv_writer import CsvOptions, CsvWriter, quote
from app.sdmx.messages.data_message import DataSet, Header, Layout, SeriesData, StoredSeries
from app.sdmx.negotiation import negotiate_language
from tests.artefact_samples import urn
from tests.data_messages import csv_rows
from tests.exchange import structures

ARTEFACTS = ArtefactSet(structures())
HEADER = Header(
    "ID",
    dt.datetime(2026, 1, 1, tzinfo=dt.UTC),
    negotiate_language("en", None, frozenset({"en", "es"})),
    "https://example.org",
    ("en",),
)


def layout(name: str = "DF_SMALL", **parts: Any) -> Layout:
    flow = resolve_flow(ARTEFACTS, urn("Dataflow", name))
    made = {"measures": flow.measures, "attributes": flow.attributes, "observations": True} | parts
    along = "TIME_PERIOD" if flow.time else "AllDimensions"
    return Layout(flow, dimension_at_observation=along, one_source=True, **made)


def dataset(shown: Layout) -> DataSet:
    return DataSet("dataflow", shown.flow.urn, {"en": "Name"}, shown, "Replace")


def written(*pairs: tuple[Layout, list[SeriesData]], **options: Any) -> str:
    layouts = [shown for shown, _ in pairs]
    writer = CsvWriter(CsvOptions("2.1.0", **options), layouts=layouts)
    parts = [writer.begin(HEADER)]
    for shown, batch in pairs:
        parts += [writer.begin_dataset(dataset(shown)), writer.write(batch), writer.end_dataset()]
    return b"".join([*parts, writer.end()]).decode()


TEXT = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\x00"), max_size=8)
ROWS = st.dictionaries(
    st.integers(1990, 2030).map(str),
    st.fixed_dictionaries(
        {},
        optional={"OBS_VALUE": st.integers().map(str), "STATUS": st.sampled_from("AB")},
    ),
    min_size=1,
    max_size=6,
)


@given(ROWS, TEXT, TEXT)
def test_every_value_comes_back(rows: dict[str, dict[str, str]], s: str, d: str) -> None:
    upper = {name: text for name, text in (("S", s), ("D", d)) if text}
    data = SeriesData(("A", "CRI"), series.from_observations(rows), upper)
    text = written((layout(), [data]))
    found = list(csv.DictReader(io.StringIO(text, newline="")))
    assert [row["TIME_PERIOD"] for row in found] == sorted(rows)
    for row in found:
        expected = rows[row["TIME_PERIOD"]] | upper
        assert {n: row[n] for n in ("OBS_VALUE", "STATUS", "S", "D") if row[n]} == expected


def test_a_text_in_languages_that_is_the_same_for_a_whole_stored_series() -> None:
    flow = layout("DF").flow
    comment = tuple(a for a in flow.attributes if a.id == "COMMENT")
    shown = layout("DF", measures=flow.measures[:1], attributes=comment)
    document = {
        "TIME_PERIOD": ["2020", "2021"],
        "OBS_VALUE": ["1", "2"],
        "COMMENT": {"en": "a", "es": "b"},
    }
    writer = CsvWriter(CsvOptions("2.1.0"), layouts=[shown])
    assert writer.takes_stored(shown)
    head = writer.begin(HEADER) + writer.begin_dataset(dataset(shown))
    row = ("A,CRI,F", orjson.dumps(document).decode(), "{}")
    text = (head + writer.write_stored(StoredSeries([row], {}))).decode()
    assert text == written((shown, [SeriesData(("A", "CRI", "F"), document, {})]))
    assert [cells["COMMENT"] for cells in csv_rows(text)] == ["a", "a"]


@given(TEXT)
def test_quoted_cells_read_as_they_were(text: str) -> None:
    line = f"{quote(text)},x\r\n"
    assert next(csv.reader(io.StringIO(line, newline=""), strict=True)) == [text, "x"]


def test_columns_of_several_structures() -> None:
    one = SeriesData(("A", "CRI"), {"TIME_PERIOD": ["2020"], "OBS_VALUE": "1", "STATUS": "A"}, {})
    two = SeriesData(("A", "SLV"), {"TIME_PERIOD": [""], "OBS_VALUE": "2"}, {"TITLE": "T"})
    text = written((layout(), [one]), (layout("DF_PLAIN"), [two]), keys="both")
    first, second = csv_rows(text)
    assert first["OBS_KEY"] == "A.CRI.2020"
    assert second["OBS_KEY"] == "A.SLV"
    assert "TIME_PERIOD" not in second
    assert "TITLE" not in first
    assert second["TITLE"] == "T"
    assert (first["OBS_VALUE"], second["OBS_VALUE"]) == ("1", "2")


def test_a_message_without_observations_has_a_row_for_each_series() -> None:
    shown = layout(observations=False, measures=())
    data = SeriesData(("A", "CRI"), {"TIME_PERIOD": ["2020", "2021"]}, {"S": "x"})
    rows = list(csv_rows(written((shown, [data, data]), keys="series")))
    assert len(rows) == 2
    assert rows[0]["SERIES_KEY"] == "A.CRI"
    assert rows[0]["S"] == "x"
    assert "TIME_PERIOD" not in rows[0]
