"""Lineage of figures that took another way than that of a whole file."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import pytest

from app.sdmx.artefacts import Artefact
from app.settings import Settings
from app.store.pools import Pools
from tests.maps import desk
from tests.maps.desk import ACTIVE, NEXT, URN, Country, open_country, sent
from tests.maps.test_maps import BOYS, FIGURE, activate, redraft
from tests.national import GROUPS
from tests.structures import CRI, agreement


@pytest.fixture
async def country(
    pools: Pools, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[Country]:
    """A country whose agreement takes files in part."""
    known = desk.structures

    def structures() -> list[Artefact]:
        others = [one for one in known() if one.id != "PA_RET_CRI"]
        return [*others, agreement("PA_RET_CRI", "DF_RET", CRI, PARTIAL="ALLOWED")]

    monkeypatch.setattr(desk, "structures", structures)
    async with open_country(pools, settings) as opened:
        yield opened


def row_of(told: Any) -> tuple[int, str | None, str | None]:
    [row] = told["rows"]["found"]
    return row["row"], row["column"], row["cells"].get(row["column"])


async def test_each_way_leads_back_to_the_row_and_who_sent_it(country: Country) -> None:
    sender, agency = await country.sender(CRI), await country.agency()
    await redraft(agency, GROUPS | BOYS)
    part = await sender.publish(
        sent(
            "enero 2024,Nadie,Costa Rica,99",
            "enero 2024,Hombres,Costa Rica,10",
            "enero 2024,Niños,Costa Rica,3",
        )
    )
    assert part["changes"]["rows_left_out"] == 1
    told = await sender.get(FIGURE.format("M.Y18", "2024-01"))
    assert (told["source"]["map"], told["source"]["submission"]["id"]) == (URN + ACTIVE, part["id"])
    assert row_of(told) == (3, "personas", "10")

    # Mended from its report: the row of the file is told, with what was put in it.
    mended = await sender.post(
        f"/api/submissions/{part['id']}/corrections",
        [{"row": 2, "column": "grupo", "value": "Mujeres"}],
    )
    assert mended.status_code == 201, mended.text
    told = await sender.get(FIGURE.format("F.Y18", "2024-01"))
    assert told["source"]["submission"]["id"] == mended.json()["id"]
    [row] = told["rows"]["found"]
    assert (row["row"], row["cells"]["grupo"], row["cells"]["personas"]) == (2, "Mujeres", "99")

    # A single cell, in shared codes: no map, the service wrote the row.
    cell = {"FREQ": "M", "REF_AREA": "CRI", "SEX": "M", "AGE": "Y0T17"}
    corrected = await sender.client.patch(
        "/api/agreements/PA_RET_CRI/observations",
        headers={"Prefer": "wait=60"},
        json={
            "reason": "Counted again.",
            "observations": [{"key": cell, "TIME_PERIOD": "2024-01", "values": {"OBS_VALUE": "4"}}],
        },
    )
    assert corrected.status_code == 201, corrected.text
    told = await sender.get(FIGURE.format("M.Y0T17", "2024-01"))
    assert told["source"]["submission"]["id"] == corrected.json()["id"]
    assert (told["source"]["map"], told["national_label"]) == (None, "Niños")
    assert row_of(told) == (2, "OBS_VALUE", "4")
    assert [(one["values"]["OBS_VALUE"], one["submission"]) for one in told["history"]] == [
        ("3", part["id"]),
        ("3", mended.json()["id"]),
        ("4", corrected.json()["id"]),
    ]

    # Read again: the figure of the file under the new map, and its row.
    done = await activate(agency, sender)
    assert done["state"] == "published", done
    told = await sender.get(FIGURE.format("_T.Y0T17", "2024-01"))
    assert told["source"]["map"] == URN + NEXT
    assert told["rows"]["submission"] == mended.json()["id"]
    assert row_of(told) == (4, "personas", "3")
