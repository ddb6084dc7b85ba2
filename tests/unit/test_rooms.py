"""What the public may see of a series, and what waits (confidentiality and embargo)."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.sdmx import series
from app.sdmx.rooms import FOR_GOOD, RoomRule, release_time, split

NOW = dt.datetime(2026, 6, 1, 12, tzinfo=dt.UTC)
LATER = dt.datetime(2026, 6, 1, 18, tzinfo=dt.UTC)
VALUE = {"OBS_VALUE": "1"}


@pytest.mark.parametrize(
    ("observation", "release"),
    [
        ({}, None),
        ({"CONF_STATUS": "F"}, None),
        ({"CONF_STATUS": "C"}, FOR_GOOD),
        ({"CONF_STATUS": "N"}, FOR_GOOD),
        ({"CONF_STATUS": "unknown"}, FOR_GOOD),
        ({"EMBARGO_TIME": "2026-06-01T12:00:00Z"}, None),
        ({"EMBARGO_TIME": "2026-06-01T12:00:01Z"}, NOW + dt.timedelta(seconds=1)),
        ({"EMBARGO_TIME": "2026-06-01T12:00:00-06:00"}, LATER),
        ({"EMBARGO_TIME": "2026-06-01T12:00:00+06:00"}, None),
        ({"EMBARGO_TIME": "2026-06-01T18:00:00Z", "CONF_STATUS": "C"}, LATER),
        ({"EMBARGO_TIME": "2026-06-01T06:00:00Z", "CONF_STATUS": "C"}, FOR_GOOD),
    ],
)
def test_release(observation: dict[str, Any], release: dt.datetime | None) -> None:
    assert release_time(VALUE | observation, NOW) == release


def test_only_the_marker_of_what_is_confidential() -> None:
    document = series.from_observations(
        {
            "2023": {"OBS_VALUE": "1", "OBS_STATUS": "A", "CONF_STATUS": "F"},
            "2024": {"OBS_VALUE": "2", "OBS_STATUS": "A", "CONF_STATUS": "C", "COMMENT": "hush"},
        }
    )
    public, withheld = split(document, NOW)
    assert series.observations(public) == {
        "2023": {"OBS_VALUE": "1", "OBS_STATUS": "A", "CONF_STATUS": "F"},
        "2024": {"OBS_STATUS": "A", "CONF_STATUS": "C"},
    }
    assert series.observations(withheld[FOR_GOOD]) == {
        "2024": {"OBS_VALUE": "2", "OBS_STATUS": "A", "CONF_STATUS": "C", "COMMENT": "hush"}
    }


def test_nothing_of_what_is_embargoed() -> None:
    document = series.from_observations(
        {
            "2023": VALUE,
            "2024": VALUE | {"EMBARGO_TIME": "2026-06-01T18:00:00Z"},
            "2025": VALUE | {"EMBARGO_TIME": "2026-06-01T12:00:00-06:00"},
        }
    )
    public, withheld = split(document, NOW)
    assert public["TIME_PERIOD"] == ["2023"]
    assert {at: found["TIME_PERIOD"] for at, found in withheld.items()} == {LATER: ["2024", "2025"]}


observations = st.dictionaries(
    st.sampled_from(["2022", "2023", "2024"]),
    st.fixed_dictionaries(
        {"OBS_VALUE": st.sampled_from("12")},
        optional={
            "CONF_STATUS": st.sampled_from("FCN"),
            "EMBARGO_TIME": st.sampled_from(["2020-01-01T00:00:00Z", "2030-01-01T00:00:00Z"]),
            "OBS_STATUS": st.sampled_from("AM"),
        },
    ),
)


@given(observations)
def test_both_rooms_together_are_the_whole(rows: dict[str, Any]) -> None:
    document = series.from_observations(rows)
    public, withheld = split(document, NOW)
    assert series.overlay(public, withheld.values()) == document
    for time, seen in series.observations(public).items():
        if "OBS_VALUE" in seen:
            assert rows[time].get("CONF_STATUS", "F") == "F"
            assert rows[time].get("EMBARGO_TIME", "2020") < "2026"


SMALL = RoomRule(5, measures=("OBS_VALUE", "PRE_BREAK_VALUE"), marker={"CONF_STATUS": "A"})


@pytest.mark.parametrize(
    ("observation", "attributes", "hidden"),
    [
        ({"OBS_VALUE": "3"}, {}, True),
        ({"OBS_VALUE": "3"}, {"UNIT_MULT": "0"}, True),
        ({"OBS_VALUE": "3"}, {"UNIT_MULT": "3"}, False),
        ({"OBS_VALUE": "0.003"}, {"UNIT_MULT": "3"}, True),
        ({"OBS_VALUE": "0.3", "UNIT_MULT": "1"}, {"UNIT_MULT": "3"}, True),
        ({"OBS_VALUE": "30", "UNIT_MULT": "-1"}, {}, True),
        ({"OBS_VALUE": "30", "UNIT_MULT": "many"}, {"UNIT_MULT": "99"}, False),
        ({"OBS_VALUE": "30", "PRE_BREAK_VALUE": "2"}, {}, True),
        ({"OBS_VALUE": "30", "PRE_BREAK_VALUE": "29"}, {}, False),
    ],
)
def test_a_small_count_is_one_of_persons_also_in_thousands_and_before_a_break(
    observation: dict[str, Any], attributes: dict[str, Any], hidden: bool
) -> None:
    document = series.from_observations({"2023": observation, "2024": {"OBS_VALUE": "77000"}})
    public, withheld = split(document, NOW, SMALL.for_series((), attributes))
    assert ("OBS_VALUE" not in series.observations(public)["2023"]) == hidden
    assert bool(withheld) == hidden
