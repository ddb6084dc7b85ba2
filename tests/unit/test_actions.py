"""What Merge, Replace and Delete do to a series: SDMX-CSV 2.1 field guide, table of actions."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.sdmx import series
from app.sdmx.actions import ACTIONS, Segment, apply
from app.sdmx.series import TIME
from app.sdmx.sums_replaced import sums_replaced

OLD = {TIME: ["2023", "2024"], "OBS_VALUE": ["9", "10"], "STATUS": "A"}


def sent(action: Any, row: int = 2, time: str = "2024", **values: Any) -> Segment:
    attributes = values.pop("attributes", {})
    return Segment(action, [row], {TIME: [time]} | {n: [v] for n, v in values.items()}, attributes)


def after(*segments: Segment, old: Any = OLD, attributes: Any = None) -> Any:
    outcome = apply(old, {"S": "x"} if attributes is None else attributes, segments)
    return series.observations(outcome.observations), outcome.attributes


KEPT = {"OBS_VALUE": "9", "STATUS": "A"}


@pytest.mark.parametrize(
    ("segment", "observation", "attributes"),
    [
        (sent("Merge", OBS_VALUE="11"), {"OBS_VALUE": "11", "STATUS": "A"}, {"S": "x"}),
        (sent("Replace", OBS_VALUE="11"), {"OBS_VALUE": "11"}, {"S": "x"}),
        (sent("Delete", OBS_VALUE="-"), {"STATUS": "A"}, {"S": "x"}),
        (sent("Merge", STATUS="B"), {"OBS_VALUE": "10", "STATUS": "B"}, {"S": "x"}),
        (sent("Replace", STATUS="B"), {"STATUS": "B"}, {"S": "x"}),
        (sent("Delete", STATUS="-"), {"OBS_VALUE": "10"}, {"S": "x"}),
        (sent("Replace"), None, {"S": "x"}),
        (sent("Delete"), None, {"S": "x"}),
        (sent("Delete", OBS_VALUE="-", STATUS="-"), None, {"S": "x"}),
        (sent("Merge", attributes={"S": "y"}), {"OBS_VALUE": "10", "STATUS": "A"}, {"S": "y"}),
        (sent("Replace", attributes={"S": "y"}), None, {"S": "y"}),
        (sent("Delete", attributes={"S": True}), {"OBS_VALUE": "10", "STATUS": "A"}, {}),
        (Segment("Merge", [2], {}, {"S": "y"}), {"OBS_VALUE": "10", "STATUS": "A"}, {"S": "y"}),
        (Segment("Replace", [2], {}, {"S": "y"}), {"OBS_VALUE": "10", "STATUS": "A"}, {"S": "y"}),
    ],
)
def test_c141_c142_c143_truth_table(segment: Segment, observation: Any, attributes: Any) -> None:
    expected = {"2023": KEPT} | ({} if observation is None else {"2024": observation})
    assert after(segment) == (expected, attributes)


def test_c143_delete_of_the_whole_series() -> None:
    segment = Segment("Delete", [2], {}, {"S": True}, whole_series=True)
    assert after(segment) == ({}, {})


def test_c143_delete_of_one_component_in_the_whole_series() -> None:
    segment = Segment("Delete", [2], {}, {}, whole_series=True, deleted=("OBS_VALUE",))
    assert after(segment) == ({"2023": {"STATUS": "A"}, "2024": {"STATUS": "A"}}, {"S": "x"})


@pytest.mark.parametrize("old", [None, {TIME: []}])
def test_c146_nothing_there(old: Any) -> None:
    assert after(sent("Delete"), old=old, attributes={}) == ({}, {})
    assert after(sent("Replace"), old=old, attributes={}) == ({}, {})
    found = after(sent("Replace", OBS_VALUE="1"), old=old, attributes={})
    assert found == ({"2024": {"OBS_VALUE": "1"}}, {})


def test_c140_in_the_order_of_the_message() -> None:
    found, _ = after(
        Segment("Delete", [2], {}, {"S": True}, whole_series=True), sent("Merge", 3, OBS_VALUE="1")
    )
    assert found == {"2024": {"OBS_VALUE": "1"}}
    found, _ = after(
        sent("Merge", 2, OBS_VALUE="1"), Segment("Delete", [3], {}, {}, whole_series=True)
    )
    assert found == {}


def test_repeated_keys_are_told_by_their_rows() -> None:
    outcome = apply(
        None,
        {},
        [
            Segment("Merge", [2, 3, 4], {TIME: ["2024", "2023", "2024"], "V": ["1", "2", "3"]}, {}),
            sent("Merge", 9, "2023", V="4"),
        ],
    )
    assert outcome.duplicates == [(4, 2, "2024"), (9, 3, "2023")]


@pytest.mark.parametrize(
    "segments",
    [
        [sent("Merge", 2, V="1"), sent("Replace", 3, V="2")],
        [sent("Merge", 2, V="1"), sent("Delete", 3), sent("Merge", 4, V="2")],
    ],
)
def test_another_action_on_the_same_key_is_no_repetition(segments: list[Segment]) -> None:
    outcome = apply(None, {}, segments)
    assert outcome.duplicates == []
    assert series.observations(outcome.observations) == {"2024": {"V": "2"}}


def test_rows_of_a_message_are_known_by_period() -> None:
    outcome = apply(OLD, {}, [sent("Merge", 7, V="1"), sent("Replace", 8, "2025", V="1")])
    assert outcome.touched == {"2024": 7, "2025": 8}


def test_two_values_of_a_series_attribute_contradict() -> None:
    outcome = apply(
        None,
        {"S": "stored"},
        [
            sent("Merge", 2, "2023", V="1", attributes={"S": "a"}),
            sent("Merge", 3, "2024", V="1", attributes={"S": "b"}),
            sent("Replace", 4, "2025", V="1", attributes={"S": "c"}),
        ],
    )
    assert outcome.conflicts == [(3, "S", "a / b")]


def test_rows_that_are_added_and_differ_in_an_attribute_are_told() -> None:
    rows = [
        Segment("Merge", [2], {"TIME_PERIOD": ["2024"], "V": ["1"], "S": ["A"]}, {"U": "x"}),
        Segment("Merge", [3], {"TIME_PERIOD": ["2024"], "V": ["2"], "S": ["E"]}, {"U": "y"}),
        Segment("Merge", [4], {"TIME_PERIOD": ["2024"], "V": ["4"], "S": ["A"]}, {}),
        Segment("Merge", [5], {"TIME_PERIOD": ["2024"], "V": ["8"], "S": [None]}, {}),
    ]
    for segment in rows:
        segment.adds = ("V",)
    outcome = apply(None, {}, rows)
    told = series.observations(outcome.observations)["2024"]
    assert (told["V"], told["S"], outcome.attributes) == ("15", "A", {"U": "x"})
    assert [tuple(one) for one in outcome.mixed] == [(3, 2, "U", "x", "y"), (3, 2, "S", "A", "E")]


def test_a_multi_valued_value_is_put_whole() -> None:
    old = {TIME: ["2024"], "M": [["a", "b"]]}
    found, _ = after(sent("Merge", M=["c"]), old=old)
    assert found == {"2024": {"M": ["c"]}}


def test_information_and_append_are_merge() -> None:
    assert {ACTIONS[name] for name in ("", "I", "A", "M", "Information", "Append")} == {"Merge"}
    assert (ACTIONS["R"], ACTIONS["D"]) == ("Replace", "Delete")


periods = st.sampled_from(["2021", "2022", "2023", "2024"])
cells = st.one_of(st.none(), st.sampled_from("123"))
observations = st.dictionaries(periods, st.tuples(cells, cells), max_size=4)


@given(
    observations, st.lists(st.tuples(st.sampled_from(["Merge", "Replace", "Delete"]), observations))
)
def test_apply_is_the_field_guide_row_by_row(old: Any, steps: Any) -> None:
    """Against the plainest reading: one dictionary, one row after the other."""

    def given_values(pair: Any) -> dict[str, Any]:
        return {n: v for n, v in zip(("V", "W"), pair, strict=True) if v is not None}

    model = {time: given_values(pair) for time, pair in old.items() if given_values(pair)}
    document = series.from_observations(model)
    segments = []
    for number, (action, rows) in enumerate(steps):
        if not rows:
            continue
        columns = {TIME: list(rows)} | {
            name: [pair[place] for pair in rows.values()] for place, name in enumerate(("V", "W"))
        }
        segments.append(Segment(action, [number * 10 + n for n in range(len(rows))], columns, {}))
        for time, pair in rows.items():
            values = given_values(pair)
            before = model.pop(time, {})
            if action == "Merge":
                values = before | values
            elif action == "Delete":
                values = {k: v for k, v in before.items() if k not in values} if values else {}
            if values:
                model[time] = values
    if not segments:
        return
    outcome = apply(document if document[TIME] else None, {}, segments)
    assert series.observations(outcome.observations) == model
    assert list(outcome.observations[TIME]) == sorted(model)


@pytest.mark.parametrize(
    ("text", "told"),
    [("Temporal; Permanente", False), ("Permanente", True), ("Visitante", True)],
)
def test_a_figure_that_lacks_a_category_of_the_one_it_replaces_is_told(
    text: str, *, told: bool
) -> None:
    stored = {TIME: ["2023", "2024"], "V": ["1", "5"], "NAT_CATEGORY": ["Otra", "Temporal"]}
    if text == "Permanente":
        stored["NAT_CATEGORY"] = ["Otra", "Temporal; Permanente"]
    segment = sent("Merge", 7, V="6", NAT_CATEGORY=text)
    segment.adds, segment.joins = ("V",), ("NAT_CATEGORY",)
    found = list(sums_replaced(stored, apply(stored, {}, [segment]), [segment]))
    facts = [("VIPMG-335", 7, text, stored["NAT_CATEGORY"][1])] if told else []
    assert [(one.code, one.row, one.value, one.allowed) for one in found] == facts
