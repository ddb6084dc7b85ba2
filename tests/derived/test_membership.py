"""Membership by date: the bodies of the region as the shared structures know them."""

from __future__ import annotations

import datetime as dt
import json
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from app.sdmx.aggregates.cells import Cell
from app.sdmx.aggregates.declarations import read_computation
from app.sdmx.aggregates.families import SourceSeries, compute_family, sums_of
from app.sdmx.aggregates.membership import due, members_of
from app.sdmx.aggregates.sums import Form, Sums
from app.sdmx.aggregates.voices import Voice
from app.services.local_catalogue import local_catalogue

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
    groups = {"G_CARICOM": members_of(bodies, "G_CARICOM")}
    rows = Sums("REF_AREA", groups, voices, {}).rows("G_CARICOM", columns, Form("OBS_VALUE", 0))
    values = [(rows[month]["OBS_VALUE"], rows[month]["MEMBERS_DUE"]) for month in months]
    assert values == [("1", "14"), ("1", "14"), ("3", "15")]
    assert "HTI" not in rows["2001-06"]["MEMBERS_MISSING"].split()
    assert rows["2002-08"]["COMPUTED_FROM"] == "REF_AREA: HTI + JAM"


def test_returned_nationals_of_a_region_are_those_of_each_member() -> None:
    """Nobody receives the nationals of others: none of them is missing in a sum of all."""
    known = local_catalogue([FILE.parents[1]])
    [declared] = [
        one
        for one in known.snapshot.artefacts
        if (one.artefact_class.name, one.id) == ("Dataflow", "DF_RETURN_IN_REGION")
    ]
    computation = read_computation(declared, known.snapshot.artefacts, known.flow)
    places = computation.flow.position
    sources = []
    for voice, (area, values) in enumerate({"GTM": ("7", "1"), "HND": ("5", "2")}.items()):
        for mode, value in zip(("_T", "AIR"), values, strict=True):
            key = ["_T"] * len(places)
            named = {"FREQ": "M", "REF_AREA": area, "FLOW_DIRECTION": "IN", "CITIZENSHIP": area}
            for name, code in {**named, "TRANSPORT_MODE": mode, "UNIT_MEASURE": "PS"}.items():
                key[places[name]] = code
            document = {"TIME_PERIOD": ["2024-03"], "OBS_VALUE": [value]}
            sources.append(SourceSeries(tuple(key), document, {}, voice))
    voices = [Voice("GTM_IGM", "GTM"), Voice("HND_INM", "HND")]
    found = {
        (one.key[places["REF_AREA"]], one.key[places["TRANSPORT_MODE"]]): one
        for one in compute_family(computation, sources, sums_of(computation, voices, {}))
    }
    assert {one.key[places["CITIZENSHIP"]] for one in found.values()} == {"_T"}
    for mode, value in (("_T", "12"), ("AIR", "3")):
        sums = found["G_RCM", mode].observations
        assert (sums["OBS_VALUE"], sums["COMPUTED_FROM"]) == (value, "REF_AREA: GTM + HND")
        assert (sums["MEMBERS_REPORTED"], sums["MEMBERS_DUE"]) == ("2", "11")
        assert sums["MEMBERS_COMPUTED"] == "GTM HND"
