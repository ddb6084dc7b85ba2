"""What is suppressed cannot be read in any way: not in the past, not by a subtraction."""

from __future__ import annotations

import csv
import io
import random
from collections.abc import AsyncIterator
from typing import Any

import httpx
import orjson
import pytest
import pytest_asyncio

from app.sdmx import series
from app.settings import Settings
from app.store.pools import Pools
from tests.agreements.desk import agreed, figures, file, open_agreements, program, terms_set
from tests.sending.desk import House, Sender
from tests.structures import CRI, SLV

EARLY = "2000-01-01T00:00:00Z"


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def house(module_pools: Pools, module_settings: Settings) -> AsyncIterator[House]:
    """The exchange of all tests here; each has an agreement of its own."""
    async with open_agreements(module_pools, module_settings) as opened:
        yield opened


async def instant(house: House) -> str:
    moment = await house.pools.writer.fetchval("SELECT max(published_at) FROM ledger")
    return EARLY if moment is None else str(moment.isoformat()).replace("+00:00", "Z")


def ways(name: str, asof: str) -> list[str]:
    """All that shows figures of a dataflow, now and then."""
    data = f"/sdmx/v2/data/dataflow/TST/DF_{name}/1.0.0"
    return [
        data,
        f"{data}?includeHistory=true",
        f"{data}?asOf={asof}",
        f"{data}?updatedAfter={EARLY}",
        f"/sdmx/v2/data/provisionagreement/TST/PA_{name}/1.0.0?includeHistory=true",
        f"/api/lineage?agreement=TST:PA_{name}(1.0.0)&key=A.CRI&period=2020",
        f"/sdmx/v2/availability/dataflow/TST/DF_{name}/1.0.0",
        f"/api/agreements/PA_{name}/explain?action=see&key=A.CRI&period=2020",
    ]


async def read(caller: Sender | None, house: House, path: str) -> str:
    """What a way shows, as text; data as CSV and as JSON."""
    found = ""
    for accept in ("application/vnd.sdmx.data+csv", "application/json"):
        if caller is None:
            reply: httpx.Response = await house.public(path, accept)
        else:
            reply = await caller.client.get(path, headers={"Accept": accept})
        assert reply.status_code < 500, (path, reply.text)
        found += reply.text if reply.status_code == 200 else ""
    return found


async def shows(caller: Sender | None, house: House, path: str, value: str) -> bool:
    text = await read(caller, house, path)
    return f",{value}," in text or f'"{value}"' in text or f":{value}," in text


async def test_no_way_leads_an_outsider_to_a_figure_that_became_small(house: House) -> None:
    name = "PAST"
    agency, sender = await program(house, CRI, ("TST",)), await program(house, CRI)
    await sender.publish(file(name, "A,CRI,2020,341", "A,CRI,2021,77777"))
    asof = await instant(house)
    assert await shows(None, house, ways(name, asof)[2], "341")
    sent = await sender.publish(file(name, "A,CRI,2020,355"))
    await agreed(agency, terms_set(name, MINIMUM_CELL=400))
    for caller in (None, await program(house, SLV)):
        for way in ways(name, asof):
            for value in ("341", "355"):
                assert not await shows(caller, house, way, value), (way, value)
        for tail in ("", "/receipts", "/report?format=json", "/preview", "/content"):
            path = f"/api/submissions/{sent['id']}{tail}"
            assert "355" not in await read(caller, house, path), path
        assert await shows(caller, house, ways(name, asof)[1], "77777")
    assert await shows(sender, house, ways(name, asof)[1], "341")
    assert await shows(sender, house, ways(name, asof)[2], "341")
    assert await shows(sender, house, ways(name, asof)[5], "355")


async def test_the_past_replays_to_the_present_in_both_rooms(house: House) -> None:
    name = "LATE"
    agency, sender = await program(house, CRI, ("TST",)), await program(house, CRI)
    await sender.publish(file(name, "A,CRI,2020,3", "A,SLV,2020,30", "A,HND,2020,33"))
    moved = await sender.publish(file(name, "A,CRI,2020,12", "A,HND,2020,42"))
    await agreed(agency, terms_set(name, MINIMUM_CELL=5))
    now = {"CRI 2020": "12", "HND 2020": "42", "SLV 2020": "30"}
    assert await figures(None, house, name) == now
    # 3 = 33 - 30: where 30 is public today, it is 33 that leaves the past.
    past = await read(None, house, ways(name, EARLY)[1])
    assert ",30," in past
    assert ",3," not in past
    assert ",33," not in past
    assert ",33," in await read(sender, house, ways(name, EARLY)[1])
    undone = await sender.post(f"/api/submissions/{moved['id']}/rollback", {"reason": "Error"})
    assert undone.json()["state"] == "published", undone.text
    seen = await figures(None, house, name)
    assert seen == {"CRI 2020": "[C]", "HND 2020": "[C]", "SLV 2020": "30"}
    assert await figures(sender, house, name) == {
        "CRI 2020": "3",
        "HND 2020": "33",
        "SLV 2020": "30",
    }


async def test_no_subtraction_gives_a_suppressed_figure_away(house: House) -> None:
    name = "SUM"
    agency, sender = await program(house, CRI, ("TST",)), await program(house, CRI)
    await agreed(agency, terms_set(name, MINIMUM_CELL=5))
    await sender.publish(file(name, "A,CRI,2020,3", "A,SLV,2020,30", "A,HND,2020,33"))
    hidden = {"CRI 2020": "[C]", "SLV 2020": "[C]", "HND 2020": "33"}
    assert await figures(None, house, name) == hidden
    await sender.publish(file(name, "A,CRI,2021,3", "A,SLV,2021,30"))
    assert (await figures(None, house, name))["SLV 2021"] == "30"
    # The total comes later: what everybody knows by then hides nothing, so the total goes.
    await sender.publish(file(name, "A,HND,2021,33"))
    seen = await figures(None, house, name)
    assert (seen["SLV 2021"], seen["HND 2021"]) == ("30", "[C]")
    # A revision to a large count brings back what was suppressed for its sake.
    await sender.publish(file(name, "A,CRI,2020,13", "A,HND,2020,43"))
    seen = await figures(None, house, name)
    assert [seen[f"{area} 2020"] for area in ("CRI", "SLV", "HND")] == ["13", "30", "43"]
    # One that was known in all its parts: the past follows, so that it is not known any more.
    await sender.publish(file(name, "A,CRI,2020,2"))
    seen = await figures(None, house, name)
    assert (seen["CRI 2020"], seen["SLV 2020"]) == ("[C]", "[C]")
    past = await read(None, house, ways(name, EARLY)[1])
    assert ",30," not in "\n".join(line for line in past.splitlines() if ",2020," in line)
    assert (await figures(sender, house, name))["SLV 2020"] == "30"
    told = await sender.get(
        f"/api/agreements/PA_{name}/explain?action=see&key=A.SLV&period=2020&organisation=*"
    )
    assert told["verdict"] == "no"
    assert "SECONDARY" in [rule["rule"] for rule in told["rules"] if rule["outcome"] == "forbids"]


async def rooms(house: House, name: str) -> dict[str, dict[str, dict[str, Any]]]:
    """Both rooms of a dataflow, and where their journals lead, by key and period."""
    found: dict[str, dict[str, dict[str, Any]]] = {}
    for room in ("", "withheld_"):
        stored: dict[str, dict[str, Any]] = {}
        for row in await house.pools.writer.fetch(
            f"SELECT key, observations::text AS document FROM {room}series "
            "WHERE agreement_id = (SELECT id FROM agreement WHERE urn LIKE '%' || $1 || '(%')",
            f"PA_{name}",
        ):
            seen = series.observations(orjson.loads(row["document"]))
            stored.setdefault(".".join(row["key"]), {}).update(seen)
        replayed: dict[str, dict[str, Any]] = {}
        for row in await house.pools.writer.fetch(
            "SELECT c.key, c.action, c.observations::text AS document "
            f"FROM {room}change AS c JOIN ledger AS l USING (publication_id) "
            "WHERE agreement_id = (SELECT id FROM agreement WHERE urn LIKE '%' || $1 || '(%') "
            "ORDER BY l.sequence, c.action",
            f"PA_{name}",
        ):
            rows = replayed.setdefault(".".join(row["key"]), {})
            document = orjson.loads(row["document"] or '{"TIME_PERIOD": []}')
            if row["action"] == "Replace":
                rows.update(series.observations(document))
            else:
                for time in document["TIME_PERIOD"]:
                    rows.pop(time, None)
        found[f"{room}stored"] = {key: rows for key, rows in stored.items() if rows}
        found[f"{room}replayed"] = {key: rows for key, rows in replayed.items() if rows}
    return found


@pytest.mark.parametrize("seed", [1, 3])
async def test_any_course_of_files_and_terms_keeps_what_is_hidden(house: House, seed: int) -> None:
    name, chance = "WILD", random.Random(seed)
    agency, sender = await program(house, CRI, ("TST",)), await program(house, CRI)
    years = [str(2000 + 10 * seed + n) for n in range(3)]
    told: list[tuple[str, dict[str, str]]] = []
    sent: list[str] = []
    copy: dict[str, str] = {}
    since = EARLY
    for step in range(14):
        act = chance.random()
        if act < 0.25:
            limit = chance.choice([0, 5, 20])
            await agreed(agency, terms_set(name, f"{seed}.{step}.0", MINIMUM_CELL=limit))
        elif act < 0.35 and sent:
            undone = await sender.post(
                f"/api/submissions/{sent.pop()}/rollback", {"reason": "Error"}
            )
            assert undone.json()["state"] in ("published", "refused"), undone.text
        else:
            listed = []
            for year in chance.sample(years, 2):
                one, other = chance.choice([0, 2, 3, 30]), chance.choice([1, 4, 17, 40])
                parts = [f"A,CRI,{year},{one}", f"A,SLV,{year},{other}"]
                total = [f"A,HND,{year},{one + other}"]
                listed += chance.choice([parts, parts + total, parts + total, total])
            sent.append((await sender.publish(file(name, *listed), "?again=true"))["id"])
        told.append((await instant(house), await figures(sender, house, name)))
        copy, since = await followed(house, name, copy, since), told[-1][0]
        assert copy == await figures(None, house, name), step
        both = await rooms(house, name)
        assert both["stored"] == both["replayed"], step
        assert both["withheld_stored"] == both["withheld_replayed"], step
        hidden = {
            (key.rpartition(".")[2], time, row["OBS_VALUE"])
            for key, rows in both["withheld_stored"].items()
            for time, row in rows.items()
        }
        for moment, everything in told if step % 5 == 3 else told[-2:]:
            path = f"/sdmx/v2/data/dataflow/TST/DF_{name}/1.0.0?asOf={moment}"
            assert await seen_at(sender, house, path) == everything
            public = await seen_at(None, house, path)
            shown = {(*cell.split(" "), value) for cell, value in public.items()}
            assert hidden.isdisjoint(shown), (step, moment)


async def followed(house: House, name: str, copy: dict[str, str], since: str) -> dict[str, str]:
    """The copy of one who asks, of all that is public, only what changed since."""
    path = f"/sdmx/v2/data/dataflow/TST/DF_{name}/1.0.0?updatedAfter={since}"
    reply = await house.public(path)
    if reply.status_code != 200:
        return copy
    kept = dict(copy)
    for row in csv.DictReader(io.StringIO(reply.text)):
        cell = f"{row['REF_AREA']} {row['TIME_PERIOD']}"
        if row["ACTION"] == "D":
            kept.pop(cell, None)
        else:
            kept[cell] = row["OBS_VALUE"] or f"[{row['CONF_STATUS']}]"
    return kept


async def test_who_follows_is_told_of_a_suppression(house: House) -> None:
    name = "FOLLOW"
    agency, sender = await program(house, CRI, ("TST",)), await program(house, CRI)
    await sender.publish(file(name, "A,CRI,2020,3", "A,SLV,2020,30", "A,HND,2020,33"))
    for version, limit in enumerate((5, 0, 5)):
        copy, since = await figures(None, house, name), await instant(house)
        await agreed(agency, terms_set(name, f"1.{version}.0", MINIMUM_CELL=limit))
        now = await figures(None, house, name)
        assert now != copy
        assert await followed(house, name, copy, since) == now
        path = f"/sdmx/v2/data/dataflow/TST/DF_{name}/1.0.0?includeHistory=true"
        told = (await house.public(f"{path}&updatedAfter={since}")).text
        assert told.count(",2020,") == 2, told
        # For those who see all nothing changed.
        assert (await sender.client.get(f"{path}&updatedAfter={since}")).status_code == 204


async def seen_at(caller: Sender | None, house: House, path: str) -> dict[str, str]:
    """What a caller sees, as value by area and period."""
    accept = "application/vnd.sdmx.data+csv"
    if caller is None:
        reply = await house.public(path, accept)
    else:
        reply = await caller.client.get(path, headers={"Accept": accept})
    assert reply.status_code in (200, 204, 404), reply.text
    if reply.status_code != 200:
        return {}
    head, *lines = (line.split(",") for line in reply.text.splitlines())
    places = [head.index(one) for one in ("REF_AREA", "TIME_PERIOD", "OBS_VALUE", "CONF_STATUS")]
    told = ([cells[place] for place in places] for cells in lines)
    return {f"{area} {time}": value or f"[{status}]" for area, time, value, status in told}


async def test_an_embargo_takes_nothing_back_and_explaining_says_so(house: House) -> None:
    name = "QUIET"
    agency, sender = await program(house, CRI, ("TST",)), await program(house, CRI)
    await sender.publish(file(name, "A,CRI,2020,7", "A,SLV,2020,8"))
    await agreed(agency, terms_set(name, EMBARGO="2999-01-01"))
    ask = f"/api/agreements/PA_{name}/explain?action=see&key=A.CRI&period=2020&organisation=*"
    told = await sender.get(ask)
    assert told["verdict"] == "yes", told
    assert told["cell"] == {"public": "value", "withheld": "nothing", "release_at": None}
    assert "public before" in next(r["message"] for r in told["rules"] if r["rule"] == "EMBARGO")
    again = (await sender.send(file(name, "A,CRI,2020,7"), "?again=true")).json()
    assert again["state"] == "published", again
    newer = (await sender.send(file(name, "A,CRI,2020,9"))).json()
    assert newer["state"] == "awaiting release"
    assert await figures(None, house, name) == {"CRI 2020": "7", "SLV 2020": "8"}
    told = await sender.get(ask)
    assert (told["verdict"], told["cell"]["withheld"]) == ("yes", "until")
    [embargo] = [rule for rule in told["rules"] if rule["rule"] == "EMBARGO"]
    assert (embargo["outcome"], embargo["until"][:4]) == ("notes", "2999")
