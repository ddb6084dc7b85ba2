"""Totals against parts, family by family."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.sdmx.artefact_set import ArtefactSet
from app.sdmx.checks.rulesets import TotalRuleset, read_ruleset
from app.sdmx.checks.terms import scopes_of
from app.sdmx.checks.totals import BoundTotal, TotalChecks, total_finding
from app.sdmx.flow import resolve_flow
from app.sdmx.series import Document
from tests.artefact_samples import artefact, codelist, component, item, urn
from tests.structures import of_type, structure

KEY = ("M", "_T", "PS")


def checks(rules: str, *, condition: bool = False, **terms: str) -> TotalChecks:
    signature = "variable condition UNIT rule SEX" if condition else "variable rule SEX"
    definition = f"define hierarchical ruleset H ({signature}) is {rules} end hierarchical ruleset"
    annotations = [{"id": n, "type": "CHECK", "value": v} for n, v in terms.items()]
    scheme = artefact(
        "RulesetScheme",
        "CHECKS",
        rulesets=[item("H", annotations=annotations, rulesetDefinition=definition)],
    )
    [scope] = scopes_of(scheme)
    ruleset = read_ruleset(definition)
    assert isinstance(ruleset, TotalRuleset)
    bound = tuple(BoundTotal(f"R{n}", rule, "warning") for n, rule in enumerate(ruleset.rules))
    return TotalChecks(FLOW, 1, bound, scope)


def _flow() -> Any:
    parts = [
        artefact("ConceptScheme", "CS", concepts=[item(n) for n in ("FREQ", "SEX", "UNIT", "V")]),
        codelist("CL", "M", "F", "_T", "_U", "PS"),
        structure(
            "DSD",
            [component(name, urn("Codelist", "CL")) for name in ("FREQ", "SEX", "UNIT")],
            [of_type("V", "Decimal")],
            [],
        ),
        artefact("Dataflow", "DF", structure=urn("DataStructure", "DSD")),
    ]
    return resolve_flow(ArtefactSet(parts), urn("Dataflow", "DF"))


FLOW = _flow()


def series(**values: str | None) -> Document:
    """A series of years: `y2020="1"`."""
    return {"TIME_PERIOD": [name[1:] for name in values], "V": list(values.values())}


def found(of: TotalChecks, members: Mapping[str, Document]) -> list[tuple[str, str, str]]:
    return [(one.time, one.total, one.parts) for one in of.mismatches(KEY, members)]


def test_a_total_that_is_not_the_sum() -> None:
    members = {
        "_T": series(y2020="3", y2021="9"),
        "F": series(y2020="1", y2021="4"),
        "M": series(y2020="2", y2021="4"),
    }
    assert found(checks("'_T' = F + M"), members) == [("2021", "9", "F 4 + M 4 = 8")]


def test_a_part_that_is_absent_is_nought_only_where_it_may_be() -> None:
    members = {"_T": series(y2020="3"), "F": series(y2020="1")}
    assert found(checks("'_T' = F + M"), members) == []
    assert found(checks("'_T' = F + M", OPTIONAL="M"), members) == [("2020", "3", "F 1 = 1")]
    assert found(checks("'_T' = F + M", OPTIONAL="M", AT_LEAST="2"), members) == []


def test_a_part_without_its_value_may_be_anything() -> None:
    members = {"_T": series(y2020="3"), "F": series(y2020="1"), "M": series(y2020=None)}
    assert found(checks("'_T' = F + M", OPTIONAL="M"), members) == []


def test_periods_of_one_part_only_are_left_alone() -> None:
    members = {
        "_T": series(y2019="7", y2020="3"),
        "F": series(y2020="1", y2021="5"),
        "M": series(y2020="2"),
    }
    assert found(checks("'_T' = F + M"), members) == []


@pytest.mark.parametrize(
    ("rule", "wrong"),
    [("'_T' >= F", []), ("'_T' <= F", ["2020"]), ("'_T' = M - F", []), ("F >= '_T'", ["2020"])],
)
def test_relations_and_signs(rule: str, wrong: list[str]) -> None:
    members = {"_T": series(y2020="3"), "F": series(y2020="1"), "M": series(y2020="4")}
    assert [time for time, _, _ in found(checks(rule), members)] == wrong


def test_decimals_may_be_rounded_and_whole_numbers_may_not() -> None:
    rounded = {"_T": series(y2020="0.4"), "F": series(y2020="0.2"), "M": series(y2020="0.3")}
    assert found(checks("'_T' = F + M"), rounded) == []
    whole = {"_T": series(y2020="4"), "F": series(y2020="2"), "M": series(y2020="3")}
    assert len(found(checks("'_T' = F + M"), whole)) == 1
    assert found(checks("'_T' = F + M", TOLERANCE="1"), whole) == []


def test_large_numbers_are_added_exactly() -> None:
    large = str(2**60)
    members = {"_T": series(y2020=str(2**60 + 1)), "F": series(y2020=large), "M": series(y2020="0")}
    assert len(found(checks("'_T' = F + M"), members)) == 1


def test_a_condition_on_the_key() -> None:
    members = {"_T": series(y2020="3"), "F": series(y2020="9"), "M": series(y2020="9")}
    of = checks("""when UNIT = "PS" then '_T' = F + M""", condition=True)
    assert len(list(of.mismatches(KEY, members))) == 1
    assert list(of.mismatches(("M", "_T", "F"), members)) == []


def test_the_row_is_that_of_the_total_if_it_was_sent() -> None:
    of = checks("'_T' = F + M")
    members = {"_T": series(y2020="3"), "F": series(y2020="9"), "M": series(y2020="9")}
    [mismatch] = of.mismatches(KEY, members)
    for rows, row in [
        ({("_T", "2020"): 8, ("F", "2020"): 5}, 8),
        ({("M", "2020"): 7, ("F", "2020"): 5}, 5),
        ({("M", "2021"): 7}, None),
    ]:
        finding = total_finding(of, mismatch, rows)
        assert (finding and finding.row) == row


values = st.none() | st.decimals(-99, 99, places=1).map(str) | st.integers(-9, 9).map(str)
columns = st.dictionaries(st.sampled_from(["y2020", "y2021", "y2022"]), values, min_size=1)


@given(columns, columns, columns)
def test_the_quick_look_overlooks_nothing(
    total: dict[str, str | None], women: dict[str, str | None], men: dict[str, str | None]
) -> None:
    ordered = [dict(sorted(column.items())) for column in (total, women, men)]
    members = dict(zip(("_T", "F", "M"), (series(**column) for column in ordered), strict=True))
    wanted = []
    for year, text in sorted(total.items()):
        parts = [column.get(year) for column in (women, men)]
        if text is None or None in parts:
            continue
        numbers = [Decimal(part or 0) for part in parts]
        digits = any("." in one for one in (text, *(part or "" for part in parts)))
        allowed = Decimal("0.15") if digits else Decimal(0)
        if abs(Decimal(text) - sum(numbers)) > allowed:
            wanted.append(year[1:])
    assert [time for time, _, _ in found(checks("'_T' = F + M"), members)] == wanted
