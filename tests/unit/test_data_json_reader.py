"""SDMX-JSON data as it comes from elsewhere: any order, all levels, deletions, what is refused."""

from __future__ import annotations

import io
import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.sdmx.findings import Finding, UnreadableError
from app.sdmx.messages import json_stream
from app.sdmx.messages.data_json_reader import JsonReader
from app.sdmx.messages.data_reading import Batch
from tests.read_back import ReadBack, read_back
from tests.unit.test_data_csv_writer import layout
from tests.unit.test_data_ml_reader import BEFORE

URN = "urn:sdmx:org.sdmx.infomodel.datastructure.Dataflow=TST:DF_SMALL(1.0.0)"


def listed(name: str, *values: str, **more: Any) -> dict[str, Any]:
    key = "value" if name == "TIME_PERIOD" else "id"
    return {"id": name, "name": name, "values": [{key: value} for value in values], **more}


FREQ = listed("FREQ", "A", keyPosition=0)
AREA = listed("REF_AREA", "CRI", "SLV", keyPosition=1)
TIME = listed("TIME_PERIOD", "2020", "2021", keyPosition=2)
VALUE = {"id": "OBS_VALUE", "name": "v"}
STATUS = listed("STATUS", "A", "B")


def structure(**parts: Any) -> dict[str, Any]:
    return {
        "links": [{"rel": "dataflow", "urn": URN}],
        "name": "x",
        "dimensions": {"dataSet": [], "series": [FREQ, AREA], "observation": [TIME]},
        "measures": {"observation": [VALUE]},
        "attributes": {
            "dataSet": [{"id": "D", "name": "d"}],
            "dimensionGroup": [{"id": "G", "relationship": {"dimensions": ["REF_AREA"]}}],
            "series": [{"id": "S", "name": "s"}],
            "observation": [STATUS],
        },
    } | parts


def message(*datasets: dict[str, Any], **parts: Any) -> dict[str, Any]:
    listed = [{"structure": 0, **one} for one in datasets]
    return {"meta": {}, "data": {"structures": [structure(**parts)], "dataSets": listed}}


def back(document: Any, **parts: Any) -> ReadBack:
    return read_back(json.dumps(document).encode(), layout().flow, **parts)


def read(body: bytes | dict[str, Any]) -> tuple[JsonReader, list[Batch]]:
    content = body if isinstance(body, bytes) else json.dumps(body).encode()
    reader = JsonReader(lambda: io.BytesIO(content))  # type: ignore[arg-type,return-value]
    return reader, list(reader.batches())


def refused(body: bytes | dict[str, Any]) -> Finding:
    with pytest.raises(UnreadableError) as caught:
        read(body)
    return caught.value.finding


SERIES = {"0:0": {"attributes": ["s"], "observations": {"0": ["1", 0], "1": ["2"]}}}
WHOLE = {
    "attributes": ["d"],
    "dimensionGroupAttributes": {":0:": ["g"]},
    "series": SERIES,
}
EXPECTED = {
    ("A", "CRI", "2020"): {"OBS_VALUE": "1", "STATUS": "A", "S": "s", "G": "g", "D": "d"},
    ("A", "CRI", "2021"): {"OBS_VALUE": "2", "S": "s", "G": "g", "D": "d"},
}


class TestLevels:
    def test_all_levels(self) -> None:
        found = back(message(WHOLE))
        assert found.findings == []
        assert found.observations == EXPECTED

    def test_members_in_any_order(self) -> None:
        """A message may tell at its end what its data are, and what to do with them."""
        data = message(WHOLE | {"action": "Delete"})["data"]
        one = dict(reversed(data["dataSets"][0].items()))
        turned = {"data": {"dataSets": [one], "structures": data["structures"]}, "meta": {}}
        _, batches = read(turned)
        assert {batch.action for batch in batches} == {"Delete"}
        assert back(message(dict(reversed(WHOLE.items())))).observations == EXPECTED

    def test_dimensions_that_have_one_value_in_the_whole_dataset(self) -> None:
        dimensions = {"dataSet": [FREQ, listed("REF_AREA", "CRI", keyPosition=1)]}
        found = back(
            message(
                {"observations": {"0": ["1"], "1": ["2"]}},
                dimensions=dimensions | {"series": [], "observation": [TIME]},
            )
        )
        assert found.observations == {
            ("A", "CRI", "2020"): {"OBS_VALUE": "1"},
            ("A", "CRI", "2021"): {"OBS_VALUE": "2"},
        }

    def test_values_themselves_where_none_are_listed_and_null_for_none(self) -> None:
        attributes = {"observation": [{"id": "STATUS"}]}
        found = back(
            message({"series": {"0:0": {"observations": {"0": [12, "A"], "1": [None, "B"]}}}},
                    attributes=attributes)
        )  # fmt: skip
        assert found.observations == {
            ("A", "CRI", "2020"): {"OBS_VALUE": "12", "STATUS": "A"},
            ("A", "CRI", "2021"): {"STATUS": "B"},
        }

    def test_c121_what_is_cut_at_the_end_has_its_default(self) -> None:
        attributes = {"observation": [STATUS | {"default": "B"}]}
        found = back(
            message({"series": {"0:0": {"observations": {"0": ["1"], "1": ["2", None]}}}},
                    attributes=attributes)
        )  # fmt: skip
        assert found.observations == {
            ("A", "CRI", "2020"): {"OBS_VALUE": "1", "STATUS": "B"},
            ("A", "CRI", "2021"): {"OBS_VALUE": "2"},
        }

    def test_a_list_of_values_may_begin_with_none(self) -> None:
        attributes = {"observation": [STATUS | {"values": [None, {"id": "A"}]}]}
        found = back(
            message({"series": {"0:0": {"observations": {"0": ["1", 0], "1": ["2", 1]}}}},
                    attributes=attributes)
        )  # fmt: skip
        assert [row.get("STATUS") for row in found.observations.values()] == [None, "A"]

    @pytest.mark.parametrize(
        ("sent", "read"),
        [("1e3", "1000"), ("2.50", "2.50"), ("-1.5E-3", "-0.0015"), ("12345678901234567890", None)],
    )
    def test_numbers_keep_their_digits(self, sent: str, read: str | None) -> None:
        body = json.dumps(message({"series": {"0:0": {"observations": {"0": ["#"]}}}}))
        found = read_back(body.replace('"#"', sent).encode(), layout().flow)
        assert found.observations["A", "CRI", "2020"] == {"OBS_VALUE": read or sent}

    @pytest.mark.parametrize("place", ["urn", "href"])
    def test_the_structure_is_named_by_links(self, place: str) -> None:
        link = {
            "urn": {"rel": "self", "urn": URN},
            "href": {"rel": "dataflow", "href": "https://x.org/dataflow/TST/DF_SMALL/1.0.0?a=b"},
        }[place]
        _, [batch] = read(message({"series": SERIES}, links=[link], attributes={}))
        assert (batch.kind, batch.structure) == ("dataflow", "TST:DF_SMALL(1.0.0)")

    def test_several_structures(self) -> None:
        other = structure(links=[{"rel": "dataflow", "urn": URN.replace("DF_SMALL", "DF")}])
        document = message({"series": SERIES}, {"structure": 1, "series": SERIES})
        document["data"]["structures"].append(other)
        _, batches = read(document)
        assert [batch.structure for batch in batches] == ["TST:DF_SMALL(1.0.0)", "TST:DF(1.0.0)"]

    def test_where_values_stand(self) -> None:
        reader, batches = read(message(WHOLE))
        last = batches[-1].rows[-1]
        series = "/data/dataSets/0/series/0:0"
        assert reader.locate(last, "OBS_VALUE").place == f"{series}/observations/1/0"
        assert reader.locate(last, "STATUS").place == f"{series}/observations/1/1"
        assert reader.locate(last, "TIME_PERIOD").place == f"{series}/observations/1"
        assert reader.locate(last, "S").place == f"{series}/attributes/0"
        assert reader.locate(last, "D").place == "/data/dataSets/0/attributes/0"
        group = reader.locate(1, "G").place
        assert group == "/data/dataSets/0/dimensionGroupAttributes/:0:"
        assert reader.row_count == last == 3

    def test_a_wrong_value_is_told_at_its_place(self) -> None:
        wrong = {"0:1": {"observations": {"0": ["x", 0]}}}
        [finding] = back(message({"series": SERIES | wrong})).findings
        assert (finding.code, finding.value) == ("VIPMG-212", "x")
        assert finding.place == "/data/dataSets/0/series/0:1/observations/0/0"


class TestDeletions:
    def deleted(self, **dataset: Any) -> ReadBack:
        return back(message({"action": "Delete"} | dataset), before=BEFORE)

    def test_c143_observations_and_the_attribute_above_them(self) -> None:
        found = self.deleted(series={"0:0": {"attributes": ["s"], "observations": {"0": []}}})
        assert found.series["A", "CRI"] == ({"2021": {"OBS_VALUE": "2", "STATUS": "B"}}, {})

    def test_c143_parts_of_observations(self) -> None:
        found = self.deleted(series={"0:0": {"observations": {"0": [None, 0]}}})
        assert found.series["A", "CRI"][0]["2020"] == {"OBS_VALUE": "1"}

    def test_c143_a_series_without_observations_is_meant_whole(self) -> None:
        assert self.deleted(series={"0:0": {}}).series["A", "CRI"] == ({}, {})

    @pytest.mark.parametrize("content", [{}, {"series": {}}, {"observations": {}}])
    def test_c143_a_dataset_without_anything_is_meant_whole(self, content: dict[str, Any]) -> None:
        [deletion] = self.deleted(**content).deletions
        assert (deletion.key, deletion.time, deletion.components) == ((None, None), None, ())

    def test_c143_a_dimension_that_is_not_there_is_open(self) -> None:
        dimensions = {"series": [AREA], "observation": []}
        document = message({"action": "Delete", "series": {"1": {}}}, dimensions=dimensions)
        [deletion] = back(document).deletions
        assert deletion.key == (None, "SLV")

    def test_c143_an_attribute_of_a_group(self) -> None:
        found = self.deleted(dimensionGroupAttributes={":1:": ["-"]})
        [deletion] = found.deletions
        assert (deletion.key, deletion.components) == ((None, "SLV"), ("G",))


class TestRefused:
    @pytest.mark.parametrize(
        ("broken", "rule"),
        [
            (b"{", "json"),
            (b'{"data":{"dataSets":[],"structures":[]}} x', "json"),
            (b'{"data":{"dataSets":[],"structures":[],"structures":[]}}', "json-twice"),
            (b'{"meta":{"a":1,"a":2}}', "json-twice"),
            (b'{"meta":NaN}', "number"),
            (b'{"meta":-Infinity}', "number"),
            (b'{"meta":1e999}', "number"),
            (b'{"meta":' + b"9" * 5000 + b"}", "number"),
            (b'{"meta":"\\ud800"}', "surrogate"),
            (b'{"\\udfff":1}', "surrogate"),
            (b'{"meta":"\xff"}', "json-encoding"),
            (b'{"meta":' + b"[" * 100_000, "depth"),
            (b'{"meta":' + b'{"a":' * 100_000, "depth"),
            (b"[1]", "json"),
            (b'{"meta":{}}', "json-shape"),
            (b'{"data":{"structures":[]}}', "json-shape"),
            (b'{"data":{"dataSets":[1],"structures":[]}}', "json-shape"),
            (b'{"data":{"dataSets":[{}],"structures":[]}}', "json-index"),
            (b'{"data":{"dataSets":[{}],"structures":{}}}', "json-shape"),
            (b'{"data":{"dataSets":[{}],"structures":[{}]}}', "no-structure"),
        ],
    )
    def test_what_is_no_message(self, broken: bytes, rule: str) -> None:
        assert refused(broken).rule == rule

    def test_pairs_of_surrogates_are_characters(self) -> None:
        body = json.dumps(message(WHOLE)).replace('"s"', '"\\ud83d\\ude00"').encode()
        assert read_back(body, layout().flow).observations["A", "CRI", "2020"]["S"] == "\U0001f600"

    @pytest.mark.parametrize(
        ("dataset", "rule", "place"),
        [
            ({"series": {"0": {}}}, "json-key", "/data/dataSets/0/series/0"),
            ({"series": {"0:7": {}}}, "json-index", "/data/dataSets/0/series/0:7"),
            ({"series": {"0:0": 1}}, "json-shape", "/data/dataSets/0/series/0:0"),
            (
                {"series": {"0:0": {"observations": {"0": ["1", 9]}}}},
                "json-index",
                "/data/dataSets/0/series/0:0/observations",
            ),
            (
                {"series": {"0:0": {"observations": {"0": "1"}}}},
                "json-shape",
                "/data/dataSets/0/series/0:0/observations",
            ),
            ({"structure": 4, "series": SERIES}, "json-index", "/data/dataSets/0"),
            ({"attributes": {}}, "json-shape", "/data/dataSets/0/attributes"),
            (
                {"dimensionGroupAttributes": {"0:0:0:0": ["g"]}},
                "json-key",
                "/data/dataSets/0/dimensionGroupAttributes/0:0:0:0",
            ),
        ],
    )
    def test_the_place_of_what_does_not_fit(
        self, dataset: dict[str, Any], rule: str, place: str
    ) -> None:
        finding = refused(message(dataset))
        assert (finding.rule, finding.place) == (rule, place)

    def test_an_unknown_action_is_told_and_the_rest_is_read(self) -> None:
        reader, batches = read(message({"action": "Burn", "series": SERIES}, WHOLE))
        assert [(f.code, f.value) for f in reader.findings] == [("VIPMG-206", "Burn")]
        assert reader.findings[0].place == "/data/dataSets/0"
        assert sum(len(batch.rows) for batch in batches) == 3


@settings(max_examples=40)
@given(
    st.dictionaries(
        st.text(st.characters(exclude_categories=["Cs"]), max_size=6),
        st.one_of(
            st.lists(st.one_of(st.integers(), st.text('x"\\,:{}[]é', max_size=5)), max_size=4),
            st.dictionaries(st.text("ab]}", max_size=3), st.lists(st.none(), max_size=2)),
        ),
        max_size=30,
    ),
    st.sampled_from([None, 1]),
    st.booleans(),
    st.integers(100, 200),
)
def test_runs_of_members_are_the_object(
    members: dict[str, Any], indent: int | None, ascii_only: bool, characters: int
) -> None:
    """However the text is cut into runs, and whatever stands in its texts."""
    text = json.dumps(members, indent=indent, ensure_ascii=ascii_only)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(json_stream, "RUN_CHARACTERS", characters)
        reading = json_stream.JsonText(io.BytesIO(text.encode()))  # type: ignore[arg-type]
        runs = list(reading.runs())
        reading.end()
    assert [item for run in runs for item in run.items()] == list(members.items())
