"""What is owed, over HTTP: calendars, scorecards and notices of real submissions."""

from __future__ import annotations

import csv
import datetime as dt
import io
from collections.abc import AsyncIterator
from typing import Any

import pytest_asyncio

from app.sdmx.reporting_periods import ReportingPeriod, period_of, read_period
from app.services.derive.derive_mirrors import derive_mirrors
from app.services.score_mirrors import score_mirrors
from app.services.score_providers import score_providers
from app.services.tell_late import tell_late
from app.settings import Settings
from app.store.catalogue import CatalogueCache
from app.store.pools import Pools
from tests.mirrors.desk import open_mirror_desk
from tests.mirrors.sides import row
from tests.owed.test_ical import read_ical
from tests.sending.desk import MONTHLY, House, Sender, open_house, rows
from tests.structure_schemas import check_message
from tests.structures import CRI, SLV

TODAY = dt.datetime.now(dt.UTC).date()


def months_ago(count: int) -> ReportingPeriod:
    day = TODAY.replace(day=1)
    for _ in range(count):
        day = (day - dt.timedelta(days=1)).replace(day=1)
    found = period_of(day, "M")
    assert found is not None
    return found


def window(newest: int, oldest: int) -> str:
    """Days on which the months between are due."""
    first, last = (months_ago(n).last_day + dt.timedelta(days=20) for n in (oldest, newest))
    return f"from={first}&to={last}"


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def house(module_pools: Pools, module_settings: Settings) -> AsyncIterator[House]:
    async with open_house(module_pools, module_settings) as opened:
        yield opened


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def sender(house: House) -> Sender:
    """Costa Rica: figures of the fifth and fourth month before this one, the latter embargoed to
    the world; nothing happened in the third; nothing came of the second.
    """
    sender = await house.sender()
    fifth, fourth, third = (months_ago(n).text for n in (5, 4, 3))
    await sender.publish(rows(f"M,CRI,{fifth},10", f"M,SLV,{fifth},20", flow=MONTHLY))
    reply = await sender.send(
        rows(f"M,CRI,{fourth},10,,,{TODAY.year + 1}-12-31T00:00:00Z", flow=MONTHLY)
    )
    assert reply.status_code == 201, reply.text
    nil = await sender.post(
        "/api/agreements/PA_MONTHLY/nil-returns", {"period": third, "note": "closed"}
    )
    assert nil.status_code == 201, nil.text
    return sender


async def told(house: House, path: str) -> Any:
    reply = await house.public(path, "application/json")
    assert reply.status_code == 200, reply.text
    return reply.json()


def states(reply: Any) -> dict[str, str]:
    return {one["period"]: one["state"] for one in reply["owed"]}


async def test_the_calendar_tells_everybody_what_came(house: House, sender: Sender) -> None:
    query = f"/api/calendar?provider={CRI}&dataflow=DF_MONTHLY&{window(2, 5)}"
    reply = await told(house, query)
    fifth, fourth, third, second = (months_ago(n).text for n in (5, 4, 3, 2))
    seen = {fifth: "complete", fourth: "late", third: "nil"}
    late = months_ago(2).last_day + dt.timedelta(days=20) < TODAY
    assert states(reply) == {**seen, second: "late" if late else "due"}
    assert reply["region"]["complete"] == reply["region"]["nil"] == 1
    [country] = reply["countries"]
    assert (country["country"], country["name"]) == ("CRI", "CRI in English")
    assert country["providers"][0]["counts"] == country["counts"] == reply["region"]
    [first, *_] = reply["owed"]
    assert (first["agreement"], first["observations"]) == ("TST:PA_MONTHLY(1.0.0)", 2)
    assert first["reported_on"] == TODAY.isoformat()
    assert first["days_late"] == (TODAY - dt.date.fromisoformat(first["due"])).days
    own = await sender.get(query)
    assert states(own)[fourth] == "complete"  # who sent it knows of what is withheld

    alike = await told(house, f"/api/calendar?country=CRI&dataflow=DF_MONTHLY&{window(2, 5)}")
    assert alike["owed"] == reply["owed"]
    assert "country=CRI" in alike["links"]["ical"]
    everything = await told(house, "/api/calendar?from=2024&to=2027")
    others = [one for one in everything["owed"] if one["country"] == "SLV"]
    assert (await told(house, "/api/calendar?country=SLV&from=2024&to=2027"))["owed"] == others

    only = await told(house, f"{query}&state=nil,late&limit=1")
    assert [one["state"] for one in only["owed"]] == ["late"]
    following = await told(house, only["links"]["next"])
    assert {one["state"] for one in following["owed"]} <= {"nil", "late"}
    assert following["region"] == reply["region"]
    why = {
        one["agreement"]: one["reason"] for one in (await told(house, "/api/calendar"))["undated"]
    }
    assert why["TST:PA_TWO(1.0.0)"] == "NO_FREQUENCY"


async def test_the_calendar_is_a_table_and_a_feed(house: House, sender: Sender) -> None:
    del sender
    query = f"/api/calendar?dataflow=DF_MONTHLY&{window(3, 5)}"
    table = await house.public(query, "text/csv")
    listed = list(csv.DictReader(io.StringIO(table.text.removeprefix("\ufeff"))))
    assert [(one["state"], one["provider"]) for one in listed] == [
        ("complete", CRI), ("late", CRI), ("nil", CRI),
    ]  # fmt: skip
    asked = await house.public(query, "text/calendar")
    assert asked.headers["content-type"] == "text/calendar; charset=utf-8"
    assert len(read_ical(asked.content).parts) == 3

    asked = await house.public(query, "application/vnd.sdmx.structure+json")
    assert asked.headers["content-type"] == "application/vnd.sdmx.structure+json;version=2.1.0"
    [taxonomy] = check_message(asked.content)["data"]["reportingTaxonomies"]
    [country] = taxonomy["reportingCategories"]
    [provider] = country["reportingCategories"]
    assert (country["id"], provider["id"]) == ("CRI", CRI)
    seen = {
        (state["id"], period["id"]): period["value"]
        for state in provider["reportingCategories"]
        for flow in state["reportingCategories"]
        for period in flow["annotations"]
    }
    ends = (months_ago(n).last_day for n in (5, 4, 3))
    days = ((end + dt.timedelta(days=20)).isoformat() for end in ends)
    fifth, fourth, third = (months_ago(n).text for n in (5, 4, 3))
    stand = (("COMPLETE", fifth), ("LATE", fourth), ("NIL", third))
    assert seen == dict(zip(stand, days, strict=True))
    assert (
        MONTHLY
        in provider["reportingCategories"][0]["reportingCategories"][0]["provisioningMetadata"][0]
    )

    feed = await house.public(f"/api/calendar/{CRI}.ics?lang=es", "*/*")
    calendar = read_ical(feed.content)
    assert "qué debe informar" in calendar.text("X-WR-CALNAME")
    events = {event.value("UID"): event for event in calendar.parts}
    assert len(events) == len(calendar.parts)
    fifth = events[f"TST.PA_MONTHLY.M.{months_ago(5).text}@vipmg"]
    due = months_ago(5).last_day + dt.timedelta(days=20)
    assert fifth.value("DTSTART") == f"{due:%Y%m%d}"
    assert "Informado el" in fifth.text("DESCRIPTION")
    assert not fifth.parts
    assert events[f"TST.PA_MONTHLY.M.{months_ago(0).text}@vipmg"].parts
    again = await house.public(f"/api/calendar/{CRI}.ics?lang=es", "*/*")
    assert again.content == feed.content


async def test_what_cannot_be_asked_is_told_with_its_code(house: House) -> None:
    refused = (
        ("/api/calendar?provider=NOBODY", 404, "VIPMG-102"),
        ("/api/calendar/NOBODY.ics", 404, "VIPMG-102"),
        ("/api/calendar?country=ATL", 404, "VIPMG-102"),
        ("/api/calendar?state=early", 400, "VIPMG-100"),
        ("/api/calendar?from=soon", 400, "VIPMG-100"),
        ("/api/calendar?from=2026&to=2025", 400, "VIPMG-100"),
        ("/api/calendar?from=0001&to=9999", 400, "VIPMG-100"),
        ("/api/calendar?from=9999-12-31&to=9999-12-30", 400, "VIPMG-100"),
        ("/api/calendar?format=pdf", 406, "VIPMG-103"),
        ("/api/calendar?lang=de", 400, "VIPMG-100"),
        ("/api/calendar?colour=red", 400, "VIPMG-100"),
        ("/api/scorecards?provider=NOBODY", 404, "VIPMG-102"),
        (f"/api/scorecards/{CRI}/DF_NONE/history", 404, "VIPMG-102"),
    )
    for path, status, code in refused:
        reply = await house.public(path, "application/json")
        assert (reply.status_code, reply.json().get("code")) == (status, code), (path, reply.text)


async def test_the_ends_of_the_calendar_are_no_error(house: House) -> None:
    for query, count in (("from=9999-12-31", 0), ("to=0001-01-01", 0), ("from=9999-12", 1)):
        assert (await told(house, f"/api/calendar?{query}"))["total"] == count


async def test_scorecards_are_written_once_a_day_and_kept(house: House, sender: Sender) -> None:
    cache = CatalogueCache()
    yesterday = TODAY - dt.timedelta(days=1)
    count = await score_providers(house.pools, cache, today=yesterday)
    assert count == await score_providers(house.pools, cache)
    assert await score_providers(house.pools, cache) == 0

    year_ago = str(int(months_ago(5).text[:4]) - 1) + months_ago(5).text[4:]
    listed = [f"M,{area},{year_ago},1" for area in ("CRI", "SLV", "GTM", "HND")]
    await sender.publish(rows(*listed, f"M,CRI,{months_ago(5).text},15", flow=MONTHLY))
    assert await score_providers(house.pools, cache) == 1
    history = await told(house, f"/api/scorecards/{CRI}/DF_MONTHLY/history")
    assert [one["day"] for one in history["days"]] == [TODAY.isoformat(), yesterday.isoformat()]
    now, before = (one["scores"] for one in history["days"])

    assert (now["completeness"]["value"], now["completeness"]["count"]) == (0.5, 4)
    assert before["completeness"]["value"] is None
    assert before["completeness"]["reason"]
    assert (before["revisions"]["value"], before["revisions"]["count"]) == (0.0, 2)
    assert (now["revisions"]["value"], now["revisions"]["count"]) == (round(1 / 6, 4), 6)
    assert now["revisions"]["facts"] == {"changed": 1, "mean_size": 0.5}
    # The embargoed month is missing for all, and the file that brought it counts for nothing.
    assert now["timeliness"]["facts"]["outstanding"] >= 1
    assert now["timeliness"]["value"] < 1
    assert (now["coherence"]["value"], now["coherence"]["count"]) == (0.0, 7)
    assert now["coherence"]["facts"]["submissions"] == 2
    assert (now["mirror_gap"]["value"], now["mirror_gap"]["facts"]) == (None, {"reason": "NO_PAIR"})
    for score in now.values():
        assert score["how"]
        assert "{" not in score["how"]

    reply = await told(house, f"/api/scorecards?provider={CRI}&dataflow={MONTHLY}")
    assert [one["scores"] for one in reply["scorecards"]] == [now]
    everything = await told(house, "/api/scorecards?limit=1")
    assert everything["next"]


async def test_who_is_late_is_told_once(house: House, sender: Sender) -> None:
    day = months_ago(2).last_day + dt.timedelta(days=25)
    cache = CatalogueCache()
    assert await tell_late(house.pools, cache, day) == 1
    assert await tell_late(house.pools, cache, day) == 0
    notices = (await sender.get("/api/notices"))["notices"]
    [notice] = [one for one in notices if one["kind"] == "data-late"]
    assert months_ago(2).text in notice["message"]
    assert "atrasado" in notice["messages"]["es"]
    stranger = await house.sender(SLV)
    assert not [
        one for one in (await stranger.get("/api/notices"))["notices"] if one["kind"] == "data-late"
    ]


async def test_a_mirror_gives_each_side_its_gap(pools: Pools, settings: Settings) -> None:
    said = {"CITIZENSHIP": "GTM", "UNIT_MEASURE": "PS"}
    sides = {
        "DF_RETURN_OUT": ("MEX_UPMRIP", "MEX", "GTM", "OUT", ("100", "300", "200")),
        "DF_RETURN_IN": ("GTM_IGM", "GTM", "MEX", "IN", ("100", "100", "300")),
    }
    async with open_mirror_desk(pools, settings) as desk:
        for flow, (provider, area, other, direction, values) in sides.items():
            place = {"REF_AREA": area, "COUNTERPART_AREA": other, "FLOW_DIRECTION": direction}
            listed = [row(f"2023-0{m}", v, **place, **said) for m, v in enumerate(values, 1)]
            await desk.report(flow, provider, listed)
        async with pools.writer.acquire() as writer, pools.public.acquire() as public:
            catalogue = await CatalogueCache().current(writer)
            await derive_mirrors(writer, catalogue)
            scores = await score_mirrors(public, catalogue)
        reply = await desk.client.get("/sdmx/v2/structure/reportingtaxonomy/VIPMG/RT_OWED/1.0.0")
        assert reply.status_code == 200
        asked = await desk.client.get("/api/calendar?provider=MEX_UPMRIP&lang=es")
    found = {provider: one for (provider, _), one in scores.middles.items()}
    for provider in ("MEX_UPMRIP", "GTM_IGM"):
        # 0, 1 and 2 * 100 / 500
        assert (found[provider].middle, found[provider].cells) == (0.4, 3)
        assert found[provider].pairs == ("MS_RETURN",)
    [mexico] = asked.json()["countries"]
    assert mexico["name"] == "México"
    assert asked.json()["links"]["taxonomy"] == str(reply.url)


def test_months_are_counted_back() -> None:
    assert months_ago(12).text == f"{TODAY.year - 1}-{TODAY:%m}"
    assert read_period(months_ago(0).text) == months_ago(0)
