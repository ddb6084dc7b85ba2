"""The code that is suggested for what was written in its place."""

from __future__ import annotations

import pytest

from app.sdmx.code_choice import choice_of_codes
from app.sdmx.code_names import nearest_code
from tests.sheets.workbooks import entry_exit

CITIZENSHIP = entry_exit().components["CITIZENSHIP"]


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("Estados Unidos", "USA"),
        ("Guatemela", "GTM"),
        ("NICARAGÜA", "NIC"),
        ("Mexico", "MEX"),
        ("Trinidad and Tobago", "TTO"),
        ("VNE", "VEN"),
        ("HNDD", "HND"),
        ("g_sela", "G_SELA"),
        ("República", None),  # many names begin with it
        ("xxxxxx", None),
    ],
)
def test_a_name_leads_to_its_code(written: str, meant: str | None) -> None:
    assert nearest_code(written, CITIZENSHIP) == meant


def test_a_component_without_codes_has_no_nearest_one() -> None:
    assert nearest_code("Guatemela", entry_exit().components["OBS_VALUE"]) is None


def test_first_letters_of_a_name_of_a_short_list_lead_to_its_code() -> None:
    sex = entry_exit().components["SEX"]
    assert nearest_code("H", sex) == "M"
    assert nearest_code("muj", sex) == "F"
    assert nearest_code("x", sex) is None


def test_few_codes_are_listed_by_name_and_of_many_it_is_told_where_they_are() -> None:
    sex = entry_exit().components["SEX"]
    assert (
        choice_of_codes(sex, lambda code: code in "FM") == "F (Female / Mujer), M (Male / Hombre)"
    )
    told = choice_of_codes(CITIZENSHIP, lambda code: True) or ""
    assert f"({len(CITIZENSHIP.codes or ())}): /sdmx/v2/structure/codelist/VIPMG/" in told
    assert len(told) < 120
    assert choice_of_codes(sex, lambda code: False) is None
