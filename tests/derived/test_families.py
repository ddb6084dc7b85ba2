"""Totals and sums over regions, against a plain reckoning cell by cell."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import replace
from decimal import Decimal
from fractions import Fraction
from functools import cache
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.errors import InvalidArtefactError
from app.sdmx import series
from app.sdmx.aggregates.declarations import Computation, read_computation
from app.sdmx.aggregates.families import SourceSeries, compute_family, sums_of
from app.sdmx.aggregates.membership import Member, due, members_of
from app.sdmx.aggregates.voices import Voice
from app.sdmx.artefact_set import ArtefactSet
from app.sdmx.flow import resolve_flow
from app.sdmx.series import TIME
from tests.artefact_samples import urn
from tests.derived.network import COUNTRIES, computed, hierarchy, member, structures

TIMES = {"2020": ("2020-01-01", "2020-12-31"), "2021": ("2021-01-01", "2021-12-31")}
SEXES = ("F", "M", "_U", "_T")
AGES = ("_T", "YOUNG", "OLD", "BABY", "CHILD", "A", "B", "_U")
# Total, parts that must be there, parts that may.
RULES: dict[int, list[tuple[str, tuple[str, ...], tuple[str, ...]]]] = {
    0: [("_T", ("F", "M"), ("_U",))],
    1: [
        ("_T", ("YOUNG", "OLD"), ("_U",)),
        ("YOUNG", ("BABY", "CHILD"), ()),
        ("_T", ("A", "B"), ()),
    ],
}
OFFICES = list(COUNTRIES)
Cell = tuple[str, Decimal]
Reported = Mapping[tuple[str, str, str, str], Cell]


_UNVALIDATED = ("unvalidated", Decimal(1))


@cache
def computation(dataflow: str, without: str = "") -> Computation:
    """A computed dataflow of the network; `without`: states that it leaves out."""
    known = structures()
    if without:
        known = [one for one in known if one.urn != urn("Dataflow", dataflow)]
        known.append(computed(dataflow, **_REGION, **{"WITHOUT:OBS_STATUS": without}))
    artefacts = ArtefactSet(known)
    found = artefacts.get(urn("Dataflow", dataflow))
    assert found is not None
    return read_computation(found, artefacts, lambda named: resolve_flow(artefacts, named))


def run(
    one: Computation,
    reported: Reported,
    nil: Mapping[str, set[str]],
    compiled: Reported | None = None,
) -> dict[str, Any]:
    """What is computed, by key with time, of what countries report, and then a compiler."""
    sources = [
        SourceSeries(("A", *key), series.from_observations(rows), {"DECIMALS": "1"}, voice)
        for key, rows, voice in (
            *((key, rows, OFFICES.index(key[0])) for key, rows in sent(reported).items()),
            *((key, rows, len(OFFICES)) for key, rows in sent(compiled or {}).items()),
        )
    ]
    voices = [*(Voice(f"{country}_STAT", country) for country in OFFICES), Voice("INT_X", None)]
    found = {}
    for computed_one in compute_family(one, sources, sums_of(one, voices, nil)):
        assert computed_one.attributes["UNIT_MULT"] == "0"
        for time, row in series.observations(computed_one.observations).items():
            found[".".join((*computed_one.key[1:], time))] = row
    return found


def sent(reported: Reported) -> dict[tuple[str, str, str], dict[str, dict[str, str]]]:
    """The rows of each series by time period."""
    listed: dict[tuple[str, str, str], dict[str, dict[str, str]]] = {}
    for (area, sex, age, time), (kind, value) in reported.items():
        row = {
            "value": {"OBS_VALUE": str(value), "OBS_STATUS": "A", "CONF_STATUS": "F"},
            "provisional": {"OBS_VALUE": str(value), "OBS_STATUS": "P", "CONF_STATUS": "F"},
            "unvalidated": {"OBS_VALUE": str(value), "OBS_STATUS": "V"},
            "estimated": {"OBS_VALUE": str(value), "OBS_STATUS": "E"},
            "unvalidated and withheld": {
                "OBS_VALUE": str(value),
                "OBS_STATUS": "V",
                "CONF_STATUS": "C",
            },
            "suppressed": {"OBS_VALUE": str(value), "OBS_STATUS": "A", "CONF_STATUS": "C"},
            "gone": {"OBS_VALUE": str(value), "OBS_STATUS": "Q"},
            "none": {"OBS_STATUS": "L", "CONF_STATUS": "F"},
            "impossible": {"OBS_STATUS": "M"},
        }[kind]
        listed.setdefault((area, sex, age), {})[time] = row
    return listed


def figure(
    reported: Reported, area: str, codes: tuple[str, ...], time: str
) -> tuple[str, Fraction] | None:
    """The figure of one cell, by the words of the rules."""
    kind, value = reported.get((area, *codes, time), ("none", Decimal(0)))
    if kind == "value":
        return "value", Fraction(value)
    if kind in {"suppressed", "gone"}:
        return "suppressed", Fraction(0)
    if kind == "impossible":
        return "value", Fraction(0)
    blocked = False
    for place, rules in RULES.items():
        for total, required, optional in rules:
            if codes[place] != total:
                continue
            parts = {
                part: figure(reported, area, (*codes[:place], part, *codes[place + 1 :]), time)
                for part in (*required, *optional)
            }
            if any(parts[part] is None for part in required):
                continue
            there = [part for part in parts.values() if part is not None]
            if any(one[0] == "suppressed" for one in there):
                blocked = True
            else:
                return "computed", sum((one[1] for one in there), Fraction(0))
    return ("suppressed", Fraction(0)) if blocked else None


VALUES = st.decimals(min_value=-999, max_value=10**30, places=1)
CELLS = st.tuples(
    st.sampled_from(["value"] * 8 + ["suppressed", "gone", "none", "impossible"]), VALUES
)
TABLES = st.dictionaries(
    st.tuples(
        st.sampled_from(COUNTRIES),
        st.sampled_from(SEXES),
        st.sampled_from(AGES),
        st.sampled_from(sorted(TIMES)),
    ),
    CELLS,
    max_size=60,
)
NIL = st.sets(st.tuples(st.sampled_from(COUNTRIES), st.sampled_from(sorted(TIMES))), max_size=3)
DAYS = st.none() | st.dates(dt.date(2019, 6, 1), dt.date(2022, 6, 1))
MEMBERS = st.lists(st.builds(Member, st.sampled_from(COUNTRIES), DAYS, DAYS), min_size=1)


def answer(
    reported: Reported, compiled: Reported, area: str, codes: tuple[str, ...], time: str
) -> tuple[str, Fraction, bool] | None:
    """The figure of one cell, by precedence, and whether it is the compiler's."""
    for table in (reported, compiled):
        found = figure(table, area, codes, time)
        if found is not None:
            return (*found, table is compiled)
    return None


@given(TABLES, TABLES)
def test_totals_are_those_of_complete_partitions_and_no_others(
    reported: Reported, compiled: Reported
) -> None:
    found = run(computation("DF_T"), reported, {}, compiled)
    expected = {}
    for area in COUNTRIES:
        for codes in ((sex, age) for sex in SEXES for age in AGES):
            for time in TIMES:
                cell = answer(reported, compiled, area, codes, time)
                if cell is None:
                    continue
                said = compiled if cell[2] else reported
                told, _ = said.get((area, *codes, time), ("none", None))
                if told == "none":  # who answers did not report it
                    expected[".".join((area, *codes, time))] = cell
    assert found.keys() == expected.keys()
    for key, (kind, value, by_compiler) in expected.items():
        assert found[key].get("COMPILED_BY") == ("INT_X" if by_compiler else None)
        if kind == "suppressed":
            assert "OBS_VALUE" not in found[key]
            assert found[key]["OBS_STATUS"] == "Q"
        else:
            assert Fraction(found[key]["OBS_VALUE"]) == value
            assert found[key]["OBS_STATUS"] == "E"


@given(TABLES, TABLES, NIL, MEMBERS)
def test_a_region_is_the_sum_over_its_members_with_its_coverage(
    reported: Reported,
    compiled: Reported,
    nil: set[tuple[str, str]],
    members: list[Member],
) -> None:
    one = replace(computation("DF_R"), groups={"G_ALL": tuple(members)})
    returned: dict[str, set[str]] = {}
    for area, time in nil:
        returned.setdefault(area, set()).add(time)
    found = run(
        one,
        {k: c for k, c in reported.items() if k[0] in (one.areas or ())},
        returned,
        {k: c for k, c in compiled.items() if k[0] in (one.areas or ())},
    )
    expected = {}
    for codes in ((sex, age) for sex in SEXES for age in AGES):
        for time, (first, last) in TIMES.items():
            day, end = dt.date.fromisoformat(first), dt.date.fromisoformat(last)
            wanted = sorted(
                {
                    m.area
                    for m in members
                    if (m.first or dt.date.min) <= day and end <= (m.last or dt.date.max)
                }
            )
            cells = {}
            for area in wanted:
                cell = answer(reported, compiled, area, codes, time)
                # A member's own word that there was nothing stands before a compiler's figure.
                silenced = cell is not None and cell[2] and (area, time) in nil
                cells[area] = None if silenced else cell
            if any(cell is not None for cell in cells.values()):
                expected[".".join(("G_ALL", *codes, time))] = wanted, cells, time
    assert found.keys() == expected.keys()
    for key, (wanted, cells, time) in expected.items():
        row = found[key]
        hidden = [area for area, cell in cells.items() if cell and cell[0] == "suppressed"]
        there = [area for area, cell in cells.items() if cell and cell[0] != "suppressed"]
        nothing = [area for area in wanted if cells[area] is None and (area, time) in nil]
        assert int(row["MEMBERS_DUE"]) == len(wanted)
        others = [area for area in there if (cells[area] or ("", 0, False))[2]]
        assert int(row["MEMBERS_REPORTED"]) == len(there) + len(nothing) - len(others)
        assert int(row["MEMBERS_COMPILED"]) == len(others)
        assert row.get("COMPILED_BY", "") == (f"INT_X: {' '.join(others)}" if others else "")
        assert row.get("COMPUTED_FROM", "") == (f"REF_AREA: {' + '.join(there)}" if there else "")
        assert row.get("MEMBERS_SUPPRESSED", "").split() == hidden
        assert row.get("MEMBERS_NIL", "").split() == nothing
        missing = [area for area in wanted if area not in {*hidden, *there, *nothing}]
        assert row.get("MEMBERS_MISSING", "").split() == missing
        if there or nothing:
            values = [cell[1] for area in there if (cell := cells[area]) is not None]
            assert Fraction(row["OBS_VALUE"]) == sum(values, Fraction(0))
            assert row["OBS_STATUS"] == "E"
        else:
            assert "OBS_VALUE" not in row
            assert row["OBS_STATUS"] == "Q"


def cells(*listed: tuple[str, str, str]) -> Reported:
    return {("CRI", sex, age, "2020"): ("value", Decimal(v)) for sex, age, v in listed}


def test_a_missing_part_never_gives_a_total() -> None:
    whole = cells(("F", "_T", "3"), ("M", "_T", "4"))
    found = run(computation("DF_T"), whole, {})
    assert found["CRI._T._T.2020"]["OBS_VALUE"] == "7"
    assert found["CRI._T._T.2020"]["COMPUTED_FROM"] == "SEX: F + M"
    for gone in whole:
        assert run(computation("DF_T"), {k: c for k, c in whole.items() if k != gone}, {}) == {}


def test_the_first_partition_that_is_complete_answers() -> None:
    both = cells(("F", "YOUNG", "1"), ("F", "OLD", "2"), ("F", "A", "5"), ("F", "B", "6"))
    assert run(computation("DF_T"), both, {})["CRI.F._T.2020"]["OBS_VALUE"] == "3"
    other = {key: cell for key, cell in both.items() if key[2] != "OLD"}
    found = run(computation("DF_T"), other, {})["CRI.F._T.2020"]
    assert (found["OBS_VALUE"], found["COMPUTED_FROM"]) == ("11", "AGE: A + B")


def test_multiples_are_brought_to_one() -> None:
    thousands = {TIME: ["2020"], "OBS_VALUE": ["1.5"], "OBS_STATUS": "A"}
    units = {TIME: ["2020"], "OBS_VALUE": ["2"], "OBS_STATUS": "A"}
    sources = [
        SourceSeries(("A", "CRI", "_T", "_T"), thousands, {"UNIT_MULT": "3", "DECIMALS": "1"}, 0),
        SourceSeries(("A", "SLV", "_T", "_T"), units, {"UNIT_MULT": "0"}, 1),
    ]
    voices = [Voice("CRI_STAT", "CRI"), Voice("SLV_STAT", "SLV")]
    regions = computation("DF_R")
    found = compute_family(regions, sources, sums_of(regions, voices, {}))
    listed = {one.key: one for one in found}
    one = listed["A", "G_ALL", "_T", "_T"]
    assert Decimal(one.observations["OBS_VALUE"]) == 1502
    assert one.attributes == {"UNIT_MULT": "0", "DECIMALS": "1"}


def test_sums_are_exact_however_long() -> None:
    long = {
        ("CRI", "F", "_T", "2020"): ("value", Decimal("9" * 60)),
        ("CRI", "M", "_T", "2020"): ("value", Decimal("0.01")),
    }
    found = run(computation("DF_T"), long, {})
    assert found["CRI._T._T.2020"]["OBS_VALUE"] == "9" * 60 + ".01"


def test_members_are_dated_and_hold_no_longer_than_the_groups_above() -> None:
    inner = {
        "id": "IN",
        "code": urn("Code", "CL_AREA", "G_OLD"),
        "validTo": "2020-06-30",
        "hierarchicalCodes": [member("IN", "CRI"), member("IN", "SLV", validTo="2019-12-31")],
    }
    found = members_of(hierarchy(G_ALL=[inner, member("G_ALL", "HND")]).document, "G_ALL")
    assert found == (
        Member("CRI", None, dt.date(2020, 6, 30)),
        Member("HND", None, None),
        Member("SLV", None, dt.date(2019, 12, 31)),
    )
    assert due(found, dt.date(2020, 1, 1), dt.date(2020, 6, 30)) == ["CRI", "HND"]
    assert due(found, dt.date(2020, 1, 1), dt.date(2020, 12, 31)) == ["HND"]


def table(area: str, **values: str) -> Reported:
    """Figures of both sexes together, by year."""
    return {
        (area, "_T", "_T", f"20{year[1:]}"): ("value", Decimal(value))
        for year, value in values.items()
    }


def test_precedence_is_by_observation() -> None:
    """One year of the national office does not hide the other years of a compiler."""
    found = run(computation("DF_R"), table("CRI", y20="10"), {}, table("CRI", y20="99", y21="12"))
    of_office, of_compiler = found["G_ALL._T._T.2020"], found["G_ALL._T._T.2021"]
    assert (of_office["OBS_VALUE"], of_compiler["OBS_VALUE"]) == ("10", "12")
    assert (of_office["MEMBERS_REPORTED"], of_office["MEMBERS_COMPILED"]) == ("1", "0")
    assert "COMPILED_BY" not in of_office
    assert (of_compiler["MEMBERS_REPORTED"], of_compiler["MEMBERS_COMPILED"]) == ("0", "1")
    assert of_compiler["COMPILED_BY"] == "INT_X: CRI"
    assert of_compiler["COMPUTED_FROM"] == "REF_AREA: CRI"


def test_parts_of_two_providers_are_no_total() -> None:
    women = {("CRI", "F", "_T", "2020"): ("value", Decimal(3))}
    men = {("CRI", "M", "_T", "2020"): ("value", Decimal(4))}
    assert run(computation("DF_T"), women, {}, men) == {}
    assert "G_ALL._T._T.2020" not in run(computation("DF_R"), women, {}, men)


@given(TABLES, st.integers(0, 9))
def test_what_is_withheld_is_nowhere_in_what_is_published(reported: Reported, seed: int) -> None:
    """Whatever the withheld figures are, the same is published: none can be reckoned from it."""
    other = {
        key: (kind, value + seed) if kind in {"suppressed", "gone"} else (kind, value)
        for key, (kind, value) in reported.items()
    }
    for name in ("DF_T", "DF_R"):
        assert run(computation(name), reported, {}) == run(computation(name), other, {})


def test_nobody_stands_in_for_a_member_that_withholds_its_figure() -> None:
    kept = {("CRI", "_T", "_T", "2020"): ("suppressed", Decimal(0))}
    others = table("HND", y20="5")
    found = run(computation("DF_R"), kept | others, {}, table("CRI", y20="7"))["G_ALL._T._T.2020"]
    assert (found["OBS_VALUE"], found["MEMBERS_SUPPRESSED"]) == ("5", "CRI")
    assert (found["MEMBERS_REPORTED"], found["MEMBERS_COMPILED"]) == ("1", "0")


def test_a_total_tells_the_states_of_its_parts() -> None:
    states = {"F": "provisional", "M": "unvalidated", "_U": "value"}
    parts = {("CRI", sex, "_T", "2020"): (state, Decimal(3)) for sex, state in states.items()}
    found = run(computation("DF_T"), parts, {})["CRI._T._T.2020"]
    assert (found["OBS_VALUE"], found["OBS_STATUS"]) == ("9", "E")
    assert found["PARTS_STATUS"] == "P: F; V: M"


def test_a_sum_tells_whose_figures_are_in_doubt_and_how_many() -> None:
    """Through a total that was computed, too; so are estimates of a member."""
    parts = {
        ("CRI", "F", "YOUNG", "2020"): ("unvalidated", Decimal(1)),
        ("CRI", "F", "OLD", "2020"): ("provisional", Decimal(1)),
        ("CRI", "M", "_T", "2020"): ("provisional", Decimal(1)),
        ("HND", "_T", "_T", "2020"): ("estimated", Decimal(1)),
    }
    found = run(computation("DF_R"), parts, {}, {("SLV", "_T", "_T", "2020"): _UNVALIDATED})
    whole = found["G_ALL._T._T.2020"]
    assert (whole["OBS_VALUE"], whole["OBS_STATUS"]) == ("5", "E")
    assert (whole["MEMBERS_FLAGGED"], whole["PARTS_STATUS"]) == ("3", "E: HND; P: CRI; V: CRI SLV")
    assert whole["COMPILED_BY"] == "INT_X: SLV"
    men = found["G_ALL.M._T.2020"]
    assert (men["MEMBERS_FLAGGED"], men["PARTS_STATUS"]) == ("1", "P: CRI")
    sound = run(computation("DF_R"), table("CRI", y20="4"), {})["G_ALL._T._T.2020"]
    assert sound["MEMBERS_FLAGGED"] == "0"
    assert "PARTS_STATUS" not in sound


def test_what_is_withheld_tells_no_state() -> None:
    kept = {("CRI", "_T", "_T", "2020"): ("unvalidated and withheld", Decimal(3))}
    found = run(computation("DF_R"), kept | table("HND", y20="5"), {})["G_ALL._T._T.2020"]
    assert (found["MEMBERS_SUPPRESSED"], found["MEMBERS_FLAGGED"]) == ("CRI", "0")
    assert "PARTS_STATUS" not in found


def test_a_dataflow_may_leave_out_what_is_in_doubt() -> None:
    """As if it had not been sent: the member is missing. Others' doubts are told as ever."""
    doubted = {("CRI", "_T", "_T", "2020"): _UNVALIDATED}
    known = {("HND", "_T", "_T", "2020"): ("provisional", Decimal(5))}
    strict = computation("DF_R", without="V")
    found = run(strict, doubted | known, {})["G_ALL._T._T.2020"]
    assert (found["OBS_VALUE"], found["MEMBERS_MISSING"]) == ("5", "CRI SLV")
    assert found["PARTS_STATUS"] == "P: HND"
    assert run(strict, doubted, {}) == {}
    kept = {("CRI", "_T", "_T", "2020"): ("unvalidated and withheld", Decimal(3))}
    still = run(strict, kept, {}, table("CRI", y20="7"))["G_ALL._T._T.2020"]
    assert (still.get("OBS_VALUE"), still["MEMBERS_SUPPRESSED"]) == (None, "CRI")


_REGION = {"METHOD": "REGION", "HIERARCHY": "TST:H(1.0.0)", "GROUPS": "G_ALL"}


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("METHOD", "MEAN"),
        ("HIERARCHY", "TST:NONE(1.0.0)"),
        ("GROUPS", "G_NONE"),
        ("AREA", "COUNTRY"),
        ("ONLY:UNIT", "PS"),
        ("WITHOUT:OBS_STATUS", "V X"),
        ("WITHOUT:OBS_STATUS", "Q"),
        ("PARTITION:NONE", ""),
    ],
)
def test_what_does_not_hold_together_is_not_computed(name: str, value: str) -> None:
    artefacts = ArtefactSet(
        [*structures(), one := computed("DF_WRONG", **{**_REGION, name: value})]
    )
    with pytest.raises(InvalidArtefactError, match=name.partition(":")[0]):
        read_computation(one, artefacts, lambda named: resolve_flow(artefacts, named))
