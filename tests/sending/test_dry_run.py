"""A dry run does all that publishing does and leaves nothing; a preview tells what changes."""

from __future__ import annotations

import pytest

from app.store.pools import Pools
from tests.sending.desk import House, rows
from tests.structures import ROOMS

FIRST = rows(*(f"M,CRI,2024-{month:02},{month}" for month in range(1, 13)), "A,CRI,2023,100")
SECOND = rows(
    "M,CRI,2024-01,1",
    "M,CRI,2024-02,5",
    "M,CRI,2024-03,3.5",
    "M,CRI,2025-01,7",
    "A,GTM,2024,9",
    "D|A,CRI,2023,",
)


async def state(pools: Pools) -> dict[str, int]:
    tables = [*ROOMS, *(f"practice.{name}" for name in ROOMS)]
    return {name: await pools.writer.fetchval(f"SELECT count(*) FROM {name}") for name in tables}


@pytest.mark.parametrize("query", ["?validate-only", "?validate-only=true", "?validate-only=1"])
async def test_a_dry_run_tells_what_would_change_and_changes_nothing(
    house: House, pools: Pools, query: str
) -> None:
    sender = await house.sender()
    await sender.publish(FIRST)
    before, figures = await state(pools), await house.figures()
    reply = await sender.send(SECOND, query)
    assert reply.status_code == 201, reply.text
    told = reply.json()
    assert (told["state"], told["validate_only"], told["sequence"]) == ("validated", True, None)
    assert await state(pools) == before
    assert await house.figures() == figures
    [change] = told["preview"]
    counts = {name: change[name] for name in ("new", "revised", "deleted", "unchanged")}
    assert counts == {"new": 2, "revised": 2, "deleted": 1, "unchanged": 1}
    assert (change["new_series"], change["emptied_series"]) == (1, 1)
    assert change["periods"] == {"count": 5, "first": "2023", "last": "2025-01"}


async def test_the_preview_of_a_dry_run_is_what_publication_then_does(house: House) -> None:
    sender = await house.sender()
    await sender.publish(FIRST)
    tried = (await sender.send(SECOND, "?validate-only")).json()
    done = await sender.publish(SECOND)
    assert done["id"] != tried["id"]
    foretold = await sender.get(tried["links"]["preview"])
    became = await sender.get(done["links"]["preview"])
    assert foretold["agreements"] == became["agreements"]
    assert (foretold["published"], became["published"]) == (False, True)
    [change] = became["agreements"]
    biggest = change["movers"]["absolute"][0]
    assert biggest == {
        "key": {"FREQ": "M", "REF_AREA": "CRI"},
        "period": "2024-02",
        "component": "OBS_VALUE",
        "before": "2",
        "after": "5",
        "change": "3",
        "percent": "150.0",
    }
    assert [move["period"] for move in change["movers"]["relative"]] == ["2024-02", "2024-03"]
    assert done["changes"]["observations_deleted"] == change["deleted"] == 1
    assert done["changes"]["observations_put"] == change["new"] + change["revised"]


async def test_a_dry_run_of_a_wrong_file_tells_all_of_its_findings(
    house: House, pools: Pools
) -> None:
    sender = await house.sender()
    before = await state(pools)
    reply = await sender.send(rows("M,XXX,2024-01,1", "M,CRI,2024-13,x"), "?validate-only")
    assert reply.status_code == 422
    assert reply.json()["state"] == "rejected"
    assert set(reply.json()["findings"]["by_code"]) >= {"VIPMG-210", "VIPMG-213"}
    assert await state(pools) == before
    assert (await sender.client.get(reply.json()["links"]["preview"])).status_code == 404


async def test_withheld_observations_are_counted_apart(house: House) -> None:
    sender = await house.sender()
    reply = await sender.send(
        rows("M,CRI,2024-01,1", "M,CRI,2024-02,2,,,2099-01-01T00:00:00Z", "M,CRI,2024-03,3,,C")
    )
    assert reply.json()["state"] == "awaiting release"
    [change] = reply.json()["preview"]
    counts = {"new": 2, "revised": 0, "deleted": 0, "series_attributes": 0}
    assert change["withheld"] == counts
    assert change["new"] == 2  # the free one, and the marker of the confidential one


async def test_only_the_biggest_movers_are_told(house: House) -> None:
    sender = await house.sender()
    months = [f"{year}-{month:02}" for year in range(2000, 2010) for month in range(1, 13)]
    await sender.publish(rows(*(f"M,CRI,{month},100" for month in months)))
    told = await sender.publish(
        rows(*(f"M,CRI,{month},{100 + place}" for place, month in enumerate(months)))
    )
    [change] = (await sender.get(told["links"]["preview"]))["agreements"]
    moves = change["movers"]["absolute"]
    assert [move["after"] for move in moves] == [str(100 + n) for n in range(119, 99, -1)]
    assert len(change["periods"]["listed"]) == 100
    assert change["periods"]["count"] == change["revised"] == 119
    assert change["unchanged"] == 1


@pytest.mark.parametrize(
    "query", ["?validate-only=maybe", "?validate-only&validate-only", "?again=2"]
)
async def test_a_flag_that_is_none_is_refused(quiet_house: House, query: str) -> None:
    sender = await quiet_house.sender()
    reply = await sender.send(FIRST, query, wait=None)
    assert (reply.status_code, reply.json()["code"]) == (400, "VIPMG-100")
    assert (await sender.get("/api/submissions"))["submissions"] == []


async def test_no_other_organisation_sees_a_preview(house: House) -> None:
    sender, other = await house.sender(), await house.sender("SLV_STAT")
    told = await sender.publish(FIRST)
    assert (await other.client.get(told["links"]["preview"])).status_code == 404
