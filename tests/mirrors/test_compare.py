"""Comparing cells: figures, what is not defined, units, lags, years, formulas."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.sdmx.mirrors.cells import collect_cells
from app.sdmx.mirrors.compare import ComparedSeries, compare, compare_series
from app.sdmx.mirrors.corridors import CorridorPage, find_corridors
from app.sdmx.mirrors.lags import best_lag, correlate, correlation
from app.sdmx.mirrors.notes import may_be_negative, may_have_parts
from app.sdmx.mirrors.periods import canonical_period, changes_of_years, move_period, sums_of_years
from app.sdmx.mirrors.plan import CellQuery
from tests.mirrors.sides import cells, compared, figures, pairs, planned, row, side, told

NUMBERS = st.decimals(0, 10**9, allow_nan=False, allow_infinity=False, places=2).map(str)


def returned(period: str, value: str | None, **codes: str) -> dict[str, str]:
    """A row of the country that returns: MEX to GTM."""
    said = {"REF_AREA": "MEX", "COUNTERPART_AREA": "GTM", "CITIZENSHIP": "GTM"}
    return dict(
        row(period, value, **said | {"FLOW_DIRECTION": "OUT", "UNIT_MEASURE": "PS"} | codes)
    )


def received(period: str, value: str | None, **codes: str) -> dict[str, str]:
    """A row of the country that receives: GTM from MEX."""
    said = {"REF_AREA": "GTM", "COUNTERPART_AREA": "MEX", "CITIZENSHIP": "GTM"}
    return dict(row(period, value, **said | {"FLOW_DIRECTION": "IN", "UNIT_MEASURE": "PS"} | codes))


def test_figures_of_a_cell() -> None:
    found = compare("120", "90")
    assert (found.gap, found.ratio, found.asymmetry) == ("30", 0.75, round(60 / 210, 6))
    assert compare("0.3", "0.1").gap == "0.2", "decimals are exact"


@given(NUMBERS, NUMBERS)
def test_asymmetry_is_the_same_from_either_side_and_lies_between_0_and_2(a: str, b: str) -> None:
    found, other = compare(a, b), compare(b, a)
    assert found.asymmetry == other.asymmetry
    assert Decimal(found.gap or "") == -Decimal(other.gap or "")
    if Decimal(a) == Decimal(b) == 0:
        assert (found.state, found.asymmetry, found.ratio) == ("BOTH_ZERO", None, None)
    else:
        assert found.asymmetry is not None
        assert 0 <= found.asymmetry <= 2
        assert (found.asymmetry == 0) == (Decimal(a) == Decimal(b)) or found.asymmetry < 1e-6


@pytest.mark.parametrize(
    ("left", "right", "state", "ratio", "asymmetry"),
    [
        ("0", "0", "BOTH_ZERO", None, None),
        ("0.0", "0", "BOTH_ZERO", None, None),
        ("0", "5", "COMPARED", None, 2.0),
        ("5", "0", "COMPARED", 0.0, 2.0),
        ("-5", "5", "NOT_DEFINED", -1.0, None),
    ],
)
def test_what_is_not_defined_is_told_and_not_divided(
    left: str, right: str, state: str, ratio: float | None, asymmetry: float | None
) -> None:
    found = compare(left, right)
    assert (found.state, found.ratio, found.asymmetry) == (state, ratio, asymmetry)


def test_a_side_that_is_missing_or_suppressed_is_told() -> None:
    left = [
        returned("2023-01", "10"),
        returned("2023-02", "-"),
        returned("2023-03", None),
        returned("2023-05", "-"),
        returned("2023-06", "8"),
    ]
    right = [
        received("2023-01", "9"),
        received("2023-02", "9"),
        received("2023-03", None),
        received("2023-04", "9"),
        received("2023-05", "-"),
        received("2023-06", "-"),
    ]
    assert told(compared("MS_RETURN", left, right)) == {
        "2023-01": ("COMPARED", "10", "9"),
        "2023-02": ("LEFT_SUPPRESSED", None, "9"),
        "2023-03": ("BOTH_MISSING", None, None),
        "2023-04": ("LEFT_MISSING", None, "9"),
        "2023-05": ("BOTH_SUPPRESSED", None, None),
        "2023-06": ("RIGHT_SUPPRESSED", "8", None),
    }


def test_a_period_in_another_spelling_is_the_same() -> None:
    found = compared("MS_RETURN", [returned("2023-M01", "10")], [received("2023-01", "10")])
    assert told(found) == {"2023-01": ("COMPARED", "10", "10")}
    assert canonical_period("2023-A1") == "2023"
    assert canonical_period("2023-Q1") == "2023-Q1"


def test_a_unit_in_common_is_compared_and_another_is_told() -> None:
    left = [returned("2023-01", "12", UNIT_MEASURE="EVT"), returned("2023-01", "10")]
    [one] = compared("MS_RETURN", left, [received("2023-01", "9", UNIT_MEASURE="EVT")])
    assert one.left is not None
    assert one.right is not None
    assert (one.left.unit, one.right.unit) == ("EVT", "EVT")
    assert figures(one)[0][1].left == "12"
    [one] = compared("MS_RETURN", left[:1], [received("2023-01", "9")])
    assert one.left is not None
    assert one.right is not None
    assert (one.left.unit, one.right.unit) == ("EVT", "PS")


def test_values_in_other_powers_of_ten_are_brought_to_one() -> None:
    sent = {"REF_AREA": "USA", "COUNTERPART_AREA": "SLV", "FREQ": "A", "UNIT_MEASURE": "USD"}
    got = {"REF_AREA": "SLV", "COUNTERPART_AREA": "USA", "FREQ": "A", "UNIT_MEASURE": "USD"}
    [one] = compared(
        "MS_REMIT",
        [row("2023", "1.5", LABOUR_INDICATOR="REM_OUT", UNIT_MULT="6", **sent)],
        [row("2023", "1450", LABOUR_INDICATOR="REM_IN", UNIT_MULT="3", **got)],
    )
    assert one.multiplier == 3
    assert (figures(one)[0][1].left, figures(one)[0][1].gap) == ("1500", "50")


def test_a_total_that_nobody_reports_is_added_from_all_its_parts_only() -> None:
    women, men = returned("2023-01", "4", SEX="F"), returned("2023-01", "7", SEX="M")
    right = [received("2023-01", "10")]
    total = [one for one in compared("MS_RETURN", [women, men], right) if one.right]
    assert told(total) == {"2023-01": ("COMPARED", "11", "10")}
    assert total[0].left is not None
    assert total[0].left.formula is not None
    [alone] = [one for one in compared("MS_RETURN", [women], right) if one.right]
    assert alone.left is None
    reported = compared("MS_RETURN", [women, men, returned("2023-01", "12")], right)
    assert [figures(one)[0][1].left for one in reported if one.right] == ["12"]
    hidden = compared("MS_RETURN", [women, returned("2023-01", "-", SEX="M")], right)
    assert [figures(one)[0][1].state for one in hidden if one.right] == ["LEFT_SUPPRESSED"]


def sources(found: list[ComparedSeries]) -> dict[str, tuple[str | None, str | None]]:
    """Left value and whose it is by period, of one series."""
    [one] = found
    return {
        seen.period: (seen.figures.left, seen.left and seen.left.provider)
        for seen in one.observations
    }


def two_bodies(
    national: list[dict[str, str]], compiled: list[dict[str, str]], right: list[dict[str, str]]
) -> list[ComparedSeries]:
    """Returns as the country reports them, above what a compiler has of them."""
    plan = planned("MS_RETURN")
    rows = side(plan.left, compiled, 1) + side(plan.left, national, 2)
    left = collect_cells(plan.left, rows, {2: "MEX_UPMRIP", 1: "INT_IOM"})
    return list(compare_series(plan, left, cells(plan.right, right), CellQuery()))


def test_where_the_agreement_of_the_highest_precedence_has_no_value_the_next_answers() -> None:
    national = [
        returned("2023-02", "20"),
        returned("2023-03", None),
        returned("2023-04", "-"),
        returned("2023-05", None),
    ]
    compiled = [returned(f"2023-{m:02}", str(m)) for m in (1, 2, 3, 4)]
    found = two_bodies(national, compiled, [received("2023-01", "1")])
    assert sources(found) == {
        "2023-01": ("1", "INT_IOM"),
        "2023-02": ("20", "MEX_UPMRIP"),
        "2023-03": ("3", "INT_IOM"),
        "2023-04": (None, "MEX_UPMRIP"),
        "2023-05": (None, "MEX_UPMRIP"),
    }
    states = [seen.figures.state for seen in found[0].observations]
    assert states[3] == "LEFT_SUPPRESSED", "what is suppressed is not told by another"
    hidden = two_bodies([returned("2023-01", None)], [returned("2023-01", "-")], [])
    assert sources(hidden) == {"2023-01": (None, "INT_IOM")}
    assert hidden[0].observations[0].figures.state == "LEFT_SUPPRESSED"


def test_values_of_two_bodies_are_brought_to_one_power_of_ten() -> None:
    thousands = [returned("2023-01", "1.5", UNIT_MULT="3"), returned("2023-02", "2", UNIT_MULT="3")]
    found = two_bodies([returned("2023-02", "1999")], thousands, [received("2023-01", "1400")])
    assert found[0].multiplier == 0
    assert sources(found) == {"2023-01": ("1500", "INT_IOM"), "2023-02": ("1999", "MEX_UPMRIP")}
    assert figures(found[0])[0][1].gap == "100"


def test_parts_of_a_computed_total_are_of_one_body() -> None:
    national = [returned("2023-01", "4", SEX="F"), returned("2023-01", "7", SEX="M")]
    compiled = [
        returned("2023-02", "40", SEX="F"),
        returned("2023-02", "70", SEX="M"),
        returned("2023-03", "8", SEX="F"),
        returned("2023-04", "99"),
    ]
    national.append(returned("2023-03", "9", SEX="M"))
    found = two_bodies(national, compiled, [received("2023-01", "10")])
    [total] = [one for one in found if one.cell[-2] == "_T"]
    assert sources([total]) == {
        "2023-01": ("11", "MEX_UPMRIP"),
        "2023-02": ("110", "INT_IOM"),
        "2023-04": ("99", "INT_IOM"),
    }
    assert total.observations[0].left is not None
    assert total.observations[0].left.formula is not None
    assert total.observations[2].left is not None
    assert total.observations[2].left.formula is None


def test_a_month_of_another_body_does_not_shorten_a_corridor() -> None:
    plan = planned("MS_RETURN")
    compiled = [
        returned(f"2023-{month:02}", value, CITIZENSHIP=citizenship)
        for month in (1, 2, 3)
        for citizenship, value in (("GTM", "10"), ("SLV", "5"))
    ]
    national = [returned("2023-02", "19", CITIZENSHIP="_T"), returned("2023-03", "-")]
    rows = side(plan.left, compiled, 1) + side(plan.left, national, 2)
    left = collect_cells(plan.left, rows, {2: "MEX_UPMRIP", 1: "INT_IOM"})
    right = [received(f"2023-{m:02}", "15", CITIZENSHIP="_T") for m in (1, 2, 3)]
    [found] = find_corridors(plan, left, cells(plan.right, right), CellQuery()).corridors
    assert found.left.values == {"2023-01": 15, "2023-02": 19, "2023-03": 5}
    assert found.left_providers == ("INT_IOM", "MEX_UPMRIP")
    assert (found.left.added, found.left.suppressed) == (("CITIZENSHIP",), 1)
    january = CellQuery(last_day=dt.date(2023, 1, 31))
    [first] = find_corridors(plan, left, cells(plan.right, right), january).corridors
    assert first.left_providers == ("INT_IOM",), "whose figures are compared"


def test_a_year_is_of_one_body() -> None:
    codes = {"REF_AREA": "CRI", "CITIZENSHIP": "NIC", "REGULARITY": "REG", "UNIT_MEASURE": "EVT"}
    plan = planned("MS_BALANCE")

    def crossings(months: range, entries: str) -> list[dict[str, str]]:
        told = (("ENT", entries), ("EXT", "20"))
        return [
            dict(row(f"2023-{month:02}", value, MOVEMENT=movement, **codes))
            for month in months
            for movement, value in told
        ]

    rows = side(plan.left, crossings(range(1, 13), "30"), 1)
    rows += side(plan.left, crossings(range(1, 4), "90"), 2)
    left = collect_cells(plan.left, rows, {2: "CRI_DGME", 1: "INT_IOM"})
    assert sources(list(compare_series(plan, left, {}, CellQuery()))) == {
        "2023": ("120", "INT_IOM")
    }

    # A year that a compiler tells as one comes behind the months of the country.
    told = [
        dict(row(year, value, **{**codes, "FREQ": "A", "MOVEMENT": movement}))
        for year, entries in (("2022", "7"), ("2023", "9"))
        for movement, value in (("ENT", entries), ("EXT", "4"))
    ]
    rows = side(plan.left, told, 1) + side(plan.left, crossings(range(1, 13), "30"), 2)
    left = collect_cells(plan.left, rows, {2: "CRI_DGME", 1: "INT_IOM"})
    assert sources(list(compare_series(plan, left, {}, CellQuery()))) == {
        "2022": ("3", "INT_IOM"),
        "2023": ("120", "CRI_DGME"),
    }


def test_parts_of_parts_are_of_one_body() -> None:
    codes = {"REF_AREA": "CRI", "CITIZENSHIP": "NIC", "REGULARITY": "REG", "UNIT_MEASURE": "EVT"}
    plan = planned("MS_BALANCE")

    def moved(year: str, movement: str, value: str, sex: str = "_T") -> dict[str, str]:
        said = {**codes, "FREQ": "A", "MOVEMENT": movement, "SEX": sex}
        return dict(row(year, value, **said))

    national = [moved("2023", "ENT", "30"), moved("2023", "EXT", "20"), moved("2024", "EXT", "5")]
    compiled = [moved("2024", "ENT", "8", sex) for sex in ("F", "M")]
    rows = side(plan.left, compiled, 1) + side(plan.left, national, 2)
    left = collect_cells(plan.left, rows, {2: "CRI_DGME", 1: "INT_IOM"})
    found = list(compare_series(plan, left, {}, CellQuery()))
    assert sources(found) == {"2023": ("10", "CRI_DGME")}, "in 2024 no body has both parts"


def test_a_figure_below_zero_is_agreed_on_only_where_there_are_such() -> None:
    counted, below = compare("5", "4"), compare("-5", "4")
    assert may_be_negative(pairs()["MS_BALANCE"], counted)
    assert may_be_negative(pairs()["MS_RETURN"], below)
    assert not may_be_negative(pairs()["MS_RETURN"], counted)


@pytest.mark.parametrize(
    ("unit", "power", "reported", "named", "may"),
    [
        ("PS", "0", "90", "1.5", False),
        ("PS", "0", "90", "95.0", True),
        ("PS", "0", "90.5", "91.2", True),
        ("PS", "3", "90", "1.5", True),
        ("PS", "3", "90", "1.0005", False),
        ("USD", "0", "90", "1.5", True),
    ],
)
def test_only_whole_numbers_are_agreed_on_where_things_are_counted(
    unit: str, power: str, reported: str, named: str, may: bool
) -> None:
    said = {"UNIT_MEASURE": unit, "UNIT_MULT": power}
    left = [returned("2023-01", reported, **said)]
    [one] = compared("MS_RETURN", left, [received("2023-01", "80", **said)])
    assert may_have_parts(one, one.observations[0], named) is may


def test_providers_of_a_side_and_who_reports_what() -> None:
    asylum = pairs()["MS_ASYLUM"]
    assert asylum.left.takes("MEX_COMAR")
    assert not asylum.left.takes("INT_UNHCR")
    assert asylum.right.takes("INT_UNHCR")
    assert not asylum.right.takes("INT_IOM")
    plan = planned("MS_MIGFLOW")
    flows = {"FREQ": "A", "METHOD": "OFF", "UNIT_MEASURE": "PS"}
    rows = [row("2023", "5", REF_AREA="CRI", ORIGIN_AREA="NIC", **flows)]
    assert not cells(plan.left, rows, "CRI_INEC"), "the origin has to report it"
    assert cells(plan.left, rows, "NIC_INIDE")
    assert cells(plan.right, rows, "CRI_INEC")


def test_a_lag_compares_with_a_later_period_of_the_right() -> None:
    codes = {"MOVEMENT": "TRN", "REGULARITY": "IRR", "CITIZENSHIP": "VEN", "UNIT_MEASURE": "EVT"}
    left = [row(f"2023-{m:02}", str(m * m), REF_AREA="PAN", **codes) for m in range(1, 13)]
    right = [row(f"2023-{m + 1:02}", str(m * m), REF_AREA="HND", **codes) for m in range(1, 12)]
    query = CellQuery(lag=1)
    [one] = compared("MS_CORRIDOR", left, right, query)
    assert {f.state for _, f in figures(one)[:-1]} == {"COMPARED"}
    assert {f.gap for _, f in figures(one)[:-1]} == {"0"}
    assert figures(one)[-1][1].state == "RIGHT_MISSING"
    bounded = replace(query, last_day=dt.date(2023, 6, 30))
    [cut] = compared("MS_CORRIDOR", left, right, bounded)
    assert figures(cut)[-1][0] == "2023-06"
    assert figures(cut)[-1][1].state == "RIGHT_MISSING", "the bound is one of both sides"


def test_correlations_at_lags_and_the_best_of_them() -> None:
    left = {f"2023-{m:02}": float(m * m % 7) for m in range(1, 13)}
    right = {move_period(p, 2) or "": 3 * v + 1 for p, v in left.items()}
    results = correlate(left, right, range(3))
    assert results[2].correlation == 1.0
    assert results[2].periods == 12
    assert best_lag(results) == 2
    assert correlation([1.0, 1.0, 1.0], [1.0, 2.0, 3.0]) is None, "one side never changes"
    assert correlation([1.0, 2.0], [1.0, 2.0]) is None, "two values say nothing"
    assert best_lag(correlate({}, {}, range(2))) is None


@given(st.integers(1900, 2100), st.integers(1, 12), st.integers(-60, 60))
def test_months_move_there_and_back(year: int, month: int, count: int) -> None:
    text = f"{year:04}-{month:02}"
    moved = move_period(text, count)
    assert moved is not None
    assert move_period(moved, -count) == text


@pytest.mark.parametrize(
    ("text", "count", "moved"),
    [
        ("2023-12", 1, "2024-01"),
        ("2023-Q4", 2, "2024-Q2"),
        ("2023-S2", 1, "2024-S1"),
        ("2023", 3, "2026"),
        ("2023-W05", 1, None),
        ("nonsense", 1, None),
    ],
)
def test_periods_move_in_their_own_frequency(text: str, count: int, moved: str | None) -> None:
    assert move_period(text, count) == moved


def test_years_are_added_when_whole_and_change_from_end_to_end() -> None:
    months = {f"2023-{m:02}": Decimal(m) for m in range(1, 13)} | {"2024-01": Decimal(5)}
    assert sums_of_years(months) == {"2023": Decimal(78)}
    ends = {"2022-12": Decimal(100), "2023-06": Decimal(1), "2023-12": Decimal(130)}
    assert changes_of_years(ends) == {"2023": Decimal(30)}
    assert changes_of_years({"2022": Decimal(4), "2024": Decimal(9)}) == {}


def test_a_balance_of_crossings_stands_beside_the_change_of_permits() -> None:
    codes = {"REF_AREA": "CRI", "CITIZENSHIP": "NIC"}
    border = codes | {"REGULARITY": "REG", "UNIT_MEASURE": "EVT"}
    left = [
        row(f"2023-{m:02}", value, MOVEMENT=movement, **border)
        for m in range(1, 13)
        for movement, value in (("ENT", "30"), ("EXT", "20"))
    ]
    permits = codes | {"PERMIT_EVENT": "VAL", "FREQ": "A", "UNIT_MEASURE": "PMT"}
    right = [row("2022", "1000", **permits), row("2023", "1090", **permits)]
    query = CellQuery(first_day=dt.date(2023, 1, 1))
    [one] = compared("MS_BALANCE", left, right, query)
    assert one.cell[0] == "A"
    assert [(p, f.left, f.right, f.gap) for p, f in figures(one)] == [("2023", "120", "90", "30")]


def test_corridors_add_single_codes_or_take_the_total_and_rank_by_asymmetry() -> None:
    left = [
        returned("2023-01", "100"),
        returned("2023-01", "40", TRANSPORT_MODE="AIR"),
        returned("2023-01", "60", TRANSPORT_MODE="LAN"),
        returned("2023-01", "10", COUNTERPART_AREA="HND", CITIZENSHIP="HND"),
        returned("2023-01", "20", COUNTERPART_AREA="HND", CITIZENSHIP="NIC"),
        returned("2023-01", "3", COUNTERPART_AREA="SLV", CITIZENSHIP="SLV"),
    ]
    right = [
        received("2023-01", "90"),
        received("2023-01", "99", TRANSPORT_MODE="AIR"),
        received("2023-01", "10", REF_AREA="HND", CITIZENSHIP="HND"),
    ]
    plan = planned("MS_RETURN")
    sides = cells(plan.left, left), cells(plan.right, right)
    ranking = find_corridors(plan, *sides, CellQuery())
    found = ranking.corridors
    assert (ranking.total, ranking.left_alone, ranking.right_alone) == (2, 1, 0)
    assert [one.areas for one in found] == [("MEX", "HND"), ("MEX", "GTM")]
    assert (found[0].left_sum, found[0].right_sum, found[0].asymmetry) == (30, 10, 1.0)
    assert found[0].left.added == ("CITIZENSHIP",)
    assert (found[1].left_sum, found[1].right_sum) == (100, 90), "totals are not added to parts"
    assert found[1].periods == 1
    [largest] = find_corridors(plan, *sides, CellQuery(), CorridorPage("gap", 50, 0, 1)).corridors
    assert largest.areas == ("MEX", "GTM"), "a corridor of fewer than 50 is left out"


def test_series_come_in_the_order_of_their_cells() -> None:
    plan = planned("MS_RETURN")
    left = cells(plan.left, [returned("2023-01", "1", AGE=a) for a in ("Y_LT18", "_T", "Y_GE18")])
    found = list(compare_series(plan, left, {}, CellQuery()))
    assert [one.cell for one in found] == sorted(one.cell for one in found)
    assert {f.state for one in found for _, f in figures(one)} == {"RIGHT_MISSING"}
