"""Data constraints as predicates: cube regions, key sets, ranges of time (SDMX 3.1)."""

from __future__ import annotations

from typing import Any

import pytest

from app.sdmx.constraints import Constraint, ValueSet, may_overlap, read_constraint
from app.sdmx.structures import DataConstraint, decode
from tests.artefact_samples import urn
from tests.structures import constraint, region

FLOW = {"dataflows": [urn("Dataflow", "DF")]}


def read(attached: dict[str, Any] | None = None, **parts: Any) -> Constraint:
    return read_constraint(decode(constraint("CC", attached or FLOW, **parts), DataConstraint))


def holds(found: Constraint, component: str, value: str) -> bool:
    return all(s.holds(value) for s in found.allowed_values() if s.component == component)


@pytest.mark.parametrize(
    ("attached", "level"),
    [
        (FLOW, "dataflow"),
        ({"dataStructures": [urn("DataStructure", "DSD")]}, "datastructure"),
        ({"provisionAgreements": [urn("ProvisionAgreement", "PA")]}, "provisionagreement"),
    ],
)
def test_level(attached: dict[str, Any], level: str) -> None:
    assert read(attached, cubeRegions=[region(AREA=["A"])]).level == level


def test_included_region_allows_what_it_lists() -> None:
    found = read(cubeRegions=[region(AREA=["A", "B"], SEX=["F"])])
    assert holds(found, "AREA", "A")
    assert not holds(found, "AREA", "C")
    assert holds(found, "FREQ", "anything")
    assert list(found.excluded_combinations()) == []


@pytest.mark.parametrize(
    ("cascades", "allowed"), [(True, "ABC"), ("excluderoot", "BC"), (False, "A")]
)
def test_a_value_that_cascades_takes_the_codes_below(cascades: Any, allowed: str) -> None:
    values = [{"value": "A", "cascadeValues": cascades}]
    regions = [{"include": True, "keyValues": [{"id": "AREA", "include": True, "values": values}]}]
    document = decode(constraint("CC", FLOW, cubeRegions=regions), DataConstraint)
    found = read_constraint(document, lambda component, code: {"AREAA": "BC"}[component + code])
    assert [code for code in "ABCD" if holds(found, "AREA", code)] == list(allowed)
    unknown = read_constraint(document)
    assert holds(unknown, "AREA", "D") is bool(cascades)


def test_excluded_region_of_one_dimension_forbids_what_it_lists() -> None:
    found = read(cubeRegions=[region(include=False, AREA=["A", "B"])])
    assert [holds(found, "AREA", code) for code in "ABC"] == [False, False, True]


def test_excluded_region_of_two_dimensions_forbids_the_combination_only() -> None:
    found = read(cubeRegions=[region(include=False, AREA=["A"], SEX=["F", "M"])])
    assert list(found.allowed_values()) == []
    [excluded] = found.excluded_combinations()
    assert {s.component: s.values for s in excluded.sets} == {
        "AREA": frozenset("A"),
        "SEX": frozenset("FM"),
    }


def test_values_that_an_included_region_takes_out() -> None:
    found = read(
        cubeRegions=[
            {"include": True, "keyValues": [{"id": "AREA", "include": False, "values": ["A"]}]}
        ]
    )
    assert [holds(found, "AREA", code) for code in "AB"] == [False, True]


START = {"startPeriod": {"period": "2010", "isInclusive": True}}
AFTER = {"startPeriod": {"period": "2010", "isInclusive": False}}
BETWEEN = {
    "startPeriod": {"period": "2010-01", "isInclusive": True},
    "endPeriod": {"period": "2012-12", "isInclusive": True},
}


@pytest.mark.parametrize(
    ("time_range", "inside", "outside"),
    [
        (START, ["2010", "2010-01", "2010-Q1", "2024-12-31"], ["2009", "2009-12"]),
        (AFTER, ["2011", "2011-01"], ["2010", "2010-12", "2009"]),
        (BETWEEN, ["2010", "2012", "2012-12"], ["2009-12", "2013", "2009-07-01/P1Y"]),
        (
            {"beforePeriod": {"period": "2012", "isInclusive": False}},
            ["2011", "2011-12"],
            ["2012", "2012-01"],
        ),
        ({"beforePeriod": {"period": "2012", "isInclusive": True}}, ["2012-12"], ["2013"]),
        ({"afterPeriod": {"period": "2012", "isInclusive": False}}, ["2013-01"], ["2012-12"]),
    ],
)
@pytest.mark.parametrize("include", [True, False])
def test_ranges_of_time(
    time_range: dict[str, Any], inside: list[str], outside: list[str], include: bool
) -> None:
    found = read(cubeRegions=[region(include=include, TIME_PERIOD=time_range)])
    assert [holds(found, "TIME_PERIOD", time) for time in inside] == [include] * len(inside)
    assert [holds(found, "TIME_PERIOD", time) for time in outside] == [not include] * len(outside)


def test_key_sets_by_their_dimensions() -> None:
    found = read(
        dataKeySets=[
            {
                "isIncluded": True,
                "keys": [
                    {"keyValues": [{"id": "A", "value": "1"}, {"id": "B", "values": ["x", "y"]}]},
                    {"keyValues": [{"id": "B", "value": "z"}]},
                ],
            },
            {"isIncluded": False, "keys": [{"keyValues": [{"id": "A", "value": "2"}]}]},
        ]
    )
    assert [(k.included, k.dimensions, set(k.keys)) for k in found.key_sets] == [
        (True, ("A", "B"), {("1", "x"), ("1", "y")}),
        (True, ("B",), {("z",)}),
        (False, ("A",), {("2",)}),
    ]


@pytest.mark.parametrize(
    ("left", "right", "overlaps"),
    [
        (["A"], ["A", "B"], True),
        (["A"], ["B"], False),
    ],
)
def test_agreements_overlap(left: list[str], right: list[str], overlaps: bool) -> None:
    mine, theirs = ([read(cubeRegions=[region(AREA=codes)])] for codes in (left, right))
    assert may_overlap(mine, theirs) is overlaps
    assert may_overlap(mine, []) is True
    other = [read(cubeRegions=[region(include=False, AREA=left)])]
    assert may_overlap(mine, other) is True


def test_a_missing_value_is_in_no_set() -> None:
    assert not ValueSet("A", frozenset("x")).holds(None)
    assert not ValueSet("A", frozenset("x"), included=False).holds(None)
