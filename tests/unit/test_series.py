"""Series documents: columns in time order, and how one leads to the other."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.sdmx import series
from app.sdmx.series import TIME
from tests.replay import replay

periods = st.sampled_from([f"{y}-{m:02}" for y in (2023, 2024) for m in (1, 2, 12)])
values = st.one_of(st.sampled_from(["1", "2", "007"]), st.lists(st.sampled_from("ab"), min_size=1))
rows = st.dictionaries(periods, st.dictionaries(st.sampled_from("VWX"), values, max_size=3))


@given(rows)
def test_observations_and_back(table: dict[str, Any]) -> None:
    document = series.from_observations(table)
    assert series.observations(document) == table
    assert document[TIME] == sorted(table)
    assert series.count(document) == len(table)


@given(rows, rows)
def test_difference_replayed_is_the_new_document(old: dict[str, Any], new: dict[str, Any]) -> None:
    before, after = series.from_observations(old), series.from_observations(new)
    put, gone = series.difference(before, after)
    changes = [("Replace", before)]
    if put is not None:
        changes.append(("Replace", put))
    if gone:
        changes.append(("Delete", {TIME: gone}))
    assert replay(changes) == after
    assert (put is None and not gone) == (old == new)


@given(st.lists(rows, max_size=4))
def test_the_journal_of_many_steps_is_the_last_of_them(steps: list[dict[str, Any]]) -> None:
    changes: list[tuple[str, Any]] = []
    current = None
    for step in steps:
        new = series.from_observations(step)
        put, gone = series.difference(current, new)
        changes += [("Replace", put)] if put is not None else []
        changes += [("Delete", {TIME: gone})] if gone else []
        current = new
    assert replay(changes) == (current or {TIME: []})


@given(rows, rows)
def test_overlay_puts_whole_observations(below: dict[str, Any], above: dict[str, Any]) -> None:
    document = series.overlay(series.from_observations(below), [series.from_observations(above)])
    assert series.observations(document) == below | above


def test_one_value_for_all_is_written_once() -> None:
    document = series.from_observations(
        {"2023": {"V": "1", "S": "A"}, "2024": {"V": "2", "S": "A"}}
    )
    assert document == {TIME: ["2023", "2024"], "V": ["1", "2"], "S": "A"}


def test_several_values_are_never_the_one_for_all() -> None:
    document = series.from_observations({"2023": {"M": ["a", "b"]}, "2024": {"M": ["a", "b"]}})
    assert document["M"] == [["a", "b"], ["a", "b"]]


def test_a_value_that_only_some_have_is_a_column() -> None:
    document = series.from_observations({"2023": {"V": "1"}, "2024": {}})
    assert document == {TIME: ["2023", "2024"], "V": ["1", None]}


@pytest.mark.parametrize(
    ("times", "ordered"),
    [
        (["2024-02", "2023-12", "2024-01"], ["2023-12", "2024-01", "2024-02"]),
        (["2024-Q4", "2023-Q1"], ["2023-Q1", "2024-Q4"]),
        (["2024-W10", "2024-W02"], ["2024-W02", "2024-W10"]),
        (["2024-03-01", "2024-02"], ["2024-02", "2024-03-01"]),
        (["2024-Q2", "2024", "2024-01"], ["2024-01", "2024", "2024-Q2"]),
        (["2024-01-01/P2M", "2023-06-01/P1Y"], ["2023-06-01/P1Y", "2024-01-01/P2M"]),
        ([], []),
        ([""], [""]),
    ],
)
def test_time_order(times: list[str], ordered: list[str]) -> None:
    assert series.in_time_order(times) == ordered
    document = {TIME: times, "V": [str(n) for n in range(len(times))]}
    before = dict(zip(times, document["V"], strict=True))
    after = series.sort_by_time(document)
    assert dict(zip(after[TIME], after["V"], strict=True)) == before
    assert after[TIME] == ordered


def test_bounds() -> None:
    bounds = series.period_bounds({TIME: ["2023-Q2", "2024-02", "2024-Q1"]})
    assert bounds == (dt.date(2023, 4, 1), dt.date(2024, 3, 31))
    assert series.period_bounds({TIME: []}) == (None, None)
    assert series.period_bounds({TIME: [""]}) == (None, None)


def test_bounds_where_the_last_to_begin_is_not_the_last_to_end() -> None:
    bounds = series.period_bounds({TIME: ["2024", "2024-02"]})
    assert bounds == (dt.date(2024, 1, 1), dt.date(2024, 12, 31))
