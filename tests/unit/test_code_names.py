"""The code that is suggested for what was written in its place."""

from __future__ import annotations

import pytest

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
