"""Membership by date: the bodies of the region as the shared structures know them."""

from __future__ import annotations

import datetime as dt
import json
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from app.sdmx.aggregates.cells import Cell
from app.sdmx.aggregates.membership import due, members_of
from app.sdmx.aggregates.sums import Form, Sums
from app.sdmx.aggregates.voices import Voice

FILE = Path(__file__).parents[2] / "codelists/hierarchy/VIPMG.H_AREA_ORG.1.0.0.json"
AREAS = ("JAM", "HTI", "CRI", "BLZ", "DOM")


@pytest.fixture(scope="module")
def bodies() -> dict[str, Any]:
    [hierarchy] = json.loads(FILE.read_text(encoding="utf-8"))["data"]["hierarchies"]
    assert isinstance(hierarchy, dict)
    return hierarchy


def first_year(bodies: dict[str, Any], group: str, area: str) -> int:
    """The first year in which an area is due throughout."""
    members = members_of(bodies, group)
    years = (
        year
        for year in range(1950, 2030)
        if area in due(members, dt.date(year, 1, 1), dt.date(year, 12, 31))
    )
    return next(years)


@pytest.mark.parametrize(
    ("group", "area", "year"),
    [
        ("G_CARICOM", "JAM", 1974),
        ("G_CARICOM", "BHS", 1984),
        ("G_CARICOM", "SUR", 1996),
        ("G_CARICOM", "HTI", 2003),
        ("G_SICA", "CRI", 1994),
        ("G_SICA", "DOM", 2014),
        ("G_RCM", "MEX", 1997),
        ("G_RCM", "DOM", 2001),
        ("G_OCAM", "MEX", 1991),
        ("G_CMC", "LCA", 2017),
    ],
)
def test_a_member_is_due_from_its_first_whole_year(
    bodies: dict[str, Any], group: str, area: str, year: int
) -> None:
    assert first_year(bodies, group, area) == year


def test_a_sum_has_nobody_in_it_before_it_joined(bodies: dict[str, Any]) -> None:
    """Figures of Haiti of 2001 are in no sum of CARICOM, and Haiti is not missing there."""
    months = ("2001-06", "2002-07", "2002-08")
    voices = [Voice(f"{area}_X", area) for area in AREAS]
    columns = {
        area: {month: Cell(Decimal(voice + 1), voice) for month in months}
        for voice, area in enumerate(AREAS[:2])
    }
    sums = Sums("REF_AREA", voices, {})
    rows = sums.rows(members_of(bodies, "G_CARICOM"), columns, Form("OBS_VALUE", 0))
    values = [(rows[month]["OBS_VALUE"], rows[month]["MEMBERS_DUE"]) for month in months]
    assert values == [("1", "14"), ("1", "14"), ("3", "15")]
    assert "HTI" not in rows["2001-06"]["MEMBERS_MISSING"].split()
    assert rows["2002-08"]["COMPUTED_FROM"] == "REF_AREA: HTI + JAM"
