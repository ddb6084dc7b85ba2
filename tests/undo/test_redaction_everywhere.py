"""Redaction: no table tells of it any more, whatever was made of the figure meanwhile."""

from __future__ import annotations

import dataclasses
from collections.abc import AsyncIterator
from typing import Any

import pytest

from app.services.redact import RedactionOrder, redact
from app.settings import Settings
from app.store.pools import Pools
from tests.maps.desk import Country, draft, draft_table, message, open_country, sent
from tests.maps.test_maps import BOYS, activate, decided, redraft
from tests.mirrors.desk import MirrorDesk, open_mirror_desk
from tests.mirrors.sides import row
from tests.national import GROUPS
from tests.sending.desk import Sender
from tests.structures import CRI
from tests.undo.everywhere import tables_with

SECRET = "7077107"
ORDER = RedactionOrder("a court has ordered it", "2026-17", ["operator"], destroy=True)


@pytest.fixture
async def country(pools: Pools, settings: Settings) -> AsyncIterator[Country]:
    async with open_country(pools, settings) as opened:
        yield opened


@pytest.fixture
async def desk(pools: Pools, settings: Settings) -> AsyncIterator[MirrorDesk]:
    async with open_mirror_desk(pools, settings) as opened:
        yield opened


async def activate_again(agency: Sender, sender: Sender, groups: dict[str, str]) -> dict[str, Any]:
    """One more version of the map, with history."""
    version = "3.0.0-draft"
    table = draft_table(groups, version)
    reply = await agency.post("/sdmx/v2/structure", message(table, draft(table, version)))
    assert reply.status_code in {200, 201}, reply.text
    reply = await agency.post(f"/api/maps/TST:SM({version})/activate", {"reharmonise": True})
    assert reply.status_code == 202, reply.text
    [one] = reply.json()["reharmonisations"]
    return await decided(sender, one["submission"])


async def test_figures_that_were_read_again_go_and_no_reading_brings_them_back(
    country: Country, dsn: str
) -> None:
    sender, agency = await country.sender(CRI), await country.agency()
    await redraft(agency, GROUPS | BOYS)
    await sender.publish(sent("enero 2024,Niños,Costa Rica,3", "enero 2024,Mujeres,Costa Rica,7"))
    wrong = await sender.publish(
        sent(
            f"enero 2024,Niños,Costa Rica,{SECRET}",
            "febrero 2024,Niños,Costa Rica,5",
            f"enero 2024,Total,Costa Rica,{SECRET}",
        )
    )
    await sender.publish(
        sent(f"enero 2024,Niños,Costa Rica,{SECRET}", "marzo 2024,Niños,Costa Rica,6")
    )
    done = await activate(agency, sender)
    assert done["state"] == "published"
    assert (await country.returns())["CRI._T.Y0T17.2024-01"] == SECRET
    tried = await sender.send(sent("enero 2024,Niños,Costa Rica,1"), "?validate-only")
    assert SECRET in str(await sender.get(f"/api/submissions/{tried.json()['id']}/preview"))

    order = dataclasses.replace(ORDER, submission=wrong["id"])
    await redact(country.pools.writer, order, dry_run=False)
    assert await tables_with(dsn, SECRET) == set()
    left = {"CRI.F.Y18.2024-01": "7", "CRI._T.Y0T17.2024-03": "6"}
    assert await country.returns() == left
    told = (
        await country.public("/sdmx/v2/data/dataflow/TST/DF_RET/1.0.0?includeHistory=true")
    ).text
    assert SECRET not in told
    for submission in (wrong, done):
        mapping = await country.pools.writer.fetchval(
            "SELECT mapping::text FROM submission WHERE id = $1", submission["id"]
        )
        assert "Total" not in mapping

    # Neither the file that said it again, nor an older figure in its place.
    later = await activate_again(agency, sender, GROUPS | {"Niños": "M Y0T17"})
    assert later["state"] == "published", later
    assert await country.returns() == {"CRI.F.Y18.2024-01": "7", "CRI.M.Y0T17.2024-03": "6"}
    assert await tables_with(dsn, SECRET) == set()
    quoting = "SELECT count(*) FROM finding WHERE value LIKE '%Total%'"
    assert not await country.pools.writer.fetchval(quoting), "a word of the redacted file"


async def test_by_its_key_a_figure_goes_from_all_files(country: Country, dsn: str) -> None:
    sender, agency = await country.sender(CRI), await country.agency()
    await redraft(agency, GROUPS | BOYS)
    await sender.publish(
        sent(f"enero 2024,Niños,Costa Rica,{SECRET}", "enero 2024,Niñas,Costa Rica,4")
    )
    await sender.publish(sent("enero 2024,Niños,Costa Rica,9"))
    await activate(agency, sender)
    keys = ["M.CRI._T.Y0T17", "M.CRI.M.Y0T17"]
    order = dataclasses.replace(ORDER, agreement="PA_RET_CRI", keys=keys)
    await redact(country.pools.writer, order, dry_run=False)
    assert await tables_with(dsn, SECRET) == set()
    later = await activate_again(agency, sender, GROUPS | {"Niños": "M Y0T17"})
    assert later["state"] == "published", later
    assert await country.returns() == {"CRI.F.Y0T17.2024-01": "4"}


async def test_what_was_computed_noted_and_found_goes_too(desk: MirrorDesk, dsn: str) -> None:
    said = {"CITIZENSHIP": "GTM", "UNIT_MEASURE": "PS"}
    out = {"REF_AREA": "MEX", "COUNTERPART_AREA": "GTM", "FLOW_DIRECTION": "OUT", **said}
    got = {"REF_AREA": "GTM", "COUNTERPART_AREA": "MEX", "FLOW_DIRECTION": "IN", **said}
    months = [("2023-01", "100"), ("2023-02", "120")]
    await desk.report("DF_RETURN_OUT", "MEX_UPMRIP", [row(m, v, **out) for m, v in months])
    await desk.report(
        "DF_RETURN_IN", "GTM_IGM", [row("2023-01", SECRET, **got), row("2023-02", "70", **got)]
    )
    await desk.derive()
    guatemala = await desk.token("GTM_IGM")
    order = {"period": "2023-01", "cell": {"CITIZENSHIP": "GTM", "REF_AREA": "MEX"}}
    for period, value in (("2023-01", SECRET), ("2023-02", "70")):
        told = await desk.client.post(
            "/api/mirror/MS_RETURN/notes",
            json=order | {"period": period, "note": f"We counted {value}.", "agreed_value": value},
            headers=guatemala,
        )
        assert told.status_code == 201, told.text
    await desk.derive()
    # The figure of now is another one: history alone tells of the redacted one.
    await desk.report("DF_RETURN_IN", "GTM_IGM", [row("2023-01", "80", **got)])
    await desk.derive()
    before = await tables_with(dsn, SECRET)
    assert {"public.change", "public.mirror_note", "public.finding"} <= before
    wrong = await desk.pools.writer.fetchval(
        "SELECT id FROM submission WHERE organisation = 'GTM_IGM' ORDER BY sequence LIMIT 1"
    )
    await redact(desk.pools.writer, dataclasses.replace(ORDER, submission=wrong), dry_run=False)
    await desk.derive()
    assert await tables_with(dsn, SECRET) == set()
    found = await desk.mirrored()
    cell = "M.MS_RETURN.MEX.GTM.GTM._T._T._T.2023-01"
    assert (found[cell]["LEFT_VALUE"], found[cell]["RIGHT_VALUE"]) == ("100", "80")
    history = (await desk.client.get("/api/mirror/MS_RETURN/notes")).json()["notes"]
    assert {one["period"]: one["note"] for one in history}["2023-01"] is None
