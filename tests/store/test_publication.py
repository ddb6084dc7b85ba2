"""Publications: everything or nothing, one writer an agreement, structures as validated."""

from __future__ import annotations

import asyncio
import random
from itertools import pairwise

import asyncpg
import pytest

from app.store import ledger
from app.store.pools import Pools
from app.store.registry_publication import publish as publish_artefacts
from tests.artefact_samples import codelist, urn
from tests.structures import (
    CRI,
    SLV,
    SMALL,
    START,
    Desk,
    constraint,
    open_desk,
    region,
    sheet,
)

HEADER = "FREQ,REF_AREA,SEX,TIME_PERIOD,OBS_VALUE,OBS_STATUS,UNIT_MULT,TITLE,COLLECTION,METHOD"
SMALL_HEADER = "FREQ,REF_AREA,TIME_PERIOD,OBS_VALUE,STATUS,S,G,D"
GOOD = sheet(HEADER, "A,CRI,F,2023,1,A,0,Title,Census,Count", "A,CRI,M,2023,2,A,0,,,")


@pytest.fixture
async def desk(pools: Pools) -> Desk:
    return await open_desk(pools)


def small(*rows: str, action: str = "M") -> str:
    return sheet(SMALL_HEADER, *rows, flow=SMALL, action=action)


async def test_c139_a_refused_file_changes_nothing(desk: Desk) -> None:
    await desk.accept(GOOD)
    before = await desk.state()
    rows = [f"A,CRI,F,{year},{year},A,0,,," for year in range(2000, 2020)]
    decision = await desk.send(
        sheet(HEADER, *rows, ",CRI,,,,,,,,changed", ",,,,,,,changed,,", "A,CRI,F,2024,x,A,0,,,")
    )
    assert decision.state == "rejected"
    assert [(f.code, f.row, f.value) for f in decision.findings] == [("VIPMG-212", 24, "x")]
    assert await desk.state() == before


async def test_c139_a_refusal_while_series_are_put_together_changes_nothing(desk: Desk) -> None:
    """A mandatory attribute shows missing only when series are merged: after much was written."""
    await desk.accept(GOOD)
    before = await desk.state()
    rows = [f"A,CRI,F,{year},{year},A,0,changed,," for year in range(2000, 2020)]
    decision = await desk.send(sheet(HEADER, *rows, "A,CRI,_T,2024,1,,0,,,"))
    assert [(f.code, f.row, f.component) for f in decision.findings] == [
        ("VIPMG-230", 22, "OBS_STATUS")
    ]
    assert await desk.state() == before


async def test_c139_c148_two_structures_in_one_file_stand_or_fall_together(desk: Desk) -> None:
    mixed = (
        "STRUCTURE[;],STRUCTURE_ID,ACTION,FREQ,REF_AREA,SEX,TIME_PERIOD,OBS_VALUE,OBS_STATUS,"
        "UNIT_MULT,TITLE,STATUS\n"
        "dataflow,TST:DF(1.0.0),M,A,CRI,F,2024,1,A,0,t,\n"
        "dataprovision,TST:PA_CRI_SMALL(1.0.0),M,A,SLV,,2024,2,,,,B\n"
        "datastructure,TST:DSD(1.0.0),R,A,CRI,F,2025,3,A,0,,\n"
    )
    nothing = await desk.state()
    bad = mixed.replace(",2,,,,B", ",2,,,,X")
    decision = await desk.send(bad)
    assert [f.code for f in decision.findings if f.is_error] == ["VIPMG-210"]
    assert await desk.state() == nothing
    decision = await desk.accept(mixed)
    assert set(await desk.observations()) == {"A.CRI.F.2024", "A.CRI.F.2025", "A.SLV.2024"}
    assert len(decision.submission.agreements) == 2
    [entry] = await desk.rows("ledger")
    assert len(entry["agreement_ids"]) == 2


async def test_c159_the_same_file_again_changes_no_series_and_writes_no_journal(
    desk: Desk,
) -> None:
    """It is the submission that is there; sent again on purpose, it is one more and alters none."""
    first = await desk.accept(GOOD)
    before = await desk.state()
    assert (await desk.accept(GOOD)).submission.id == first.submission.id
    assert await desk.state() == before
    decision = await desk.accept(GOOD, again=True)
    assert decision.submission.id != first.submission.id
    after = await desk.state()
    assert len(after["ledger"]) == len(before["ledger"]) + 1
    for table in ("series", "change", "attachment", "agreement_head", "withheld_head"):
        assert after[table] == before[table]
    assert decision.submission.changes == {
        "observations_put": 0,
        "observations_deleted": 0,
        "attachments": 0,
        "series_attributes": 0,
    }


async def test_c159_the_same_withheld_file_again_changes_nothing(desk: Desk) -> None:
    text = sheet(
        "FREQ,REF_AREA,TIME_PERIOD,OBS_VALUE,CONF_STATUS,EMBARGO_TIME,S,G,D",
        "A,CRI,2024,1,C,,s,g,d",
        "A,GTM,2024,2,,2990-01-01T00:00:00Z,s,g,d",
        flow=SMALL,
    )
    await desk.accept(text)
    before = await desk.state()
    await desk.accept(text)
    assert await desk.state() == before
    await desk.accept(text, again=True)
    after = await desk.state()
    assert len(after["ledger"]) == len(before["ledger"]) + 1
    for table in after:
        if table not in {"ledger", "outbox"}:
            assert after[table] == before[table], table


async def test_a_new_month_writes_only_the_new_month_to_the_journal(desk: Desk) -> None:
    await desk.accept(small(*(f"M,CRI,2024-{month:02},{month},A,s,," for month in range(1, 7))))
    await desk.accept(small(*(f"M,CRI,2024-{month:02},{month},A,s,," for month in range(1, 8))))
    last = max(await desk.rows("change"), key=lambda row: int(row["publication_id"]))
    assert last["observations"] == {"TIME_PERIOD": ["2024-07"], "OBS_VALUE": "7", "STATUS": "A"}


async def test_attributes_of_a_series_may_come_before_its_observations(desk: Desk) -> None:
    await desk.accept(small("A,CRI,,,,first,,"))
    assert await desk.observations() == {}
    await desk.accept(small("A,CRI,2024,1,,,,"))
    assert await desk.series_attributes() == {"A.CRI": {"S": "first"}}


async def test_head_counts_what_is_there(desk: Desk) -> None:
    await desk.accept(small("A,CRI,2023,1,,,,", "A,CRI,2024,1,,,,", "A,GTM,2024,1,,,,"))
    await desk.accept(small("A,GTM,,,,,,", action="D"))
    number, _ = await desk.numbers("PA_CRI_SMALL")
    [head] = [h for h in await desk.rows("agreement_head") if h["agreement_id"] == number]
    assert (head["series_count"], head["observation_count"]) == (1, 2)
    gone = [row for row in await desk.rows("series") if row["key"] == ["A", "GTM"]]
    assert [row["observation_count"] for row in gone] == [0]


async def test_period_bounds_and_count_follow_the_observations(desk: Desk) -> None:
    await desk.accept(small("Q,CRI,2023-Q4,1,,,,", "Q,CRI,2022-Q1,1,,,,", "Q,CRI,2024-Q2,1,,,,"))
    [row] = await desk.rows("series")
    assert (row["first_period"].isoformat(), row["last_period"].isoformat()) == (
        "2022-01-01",
        "2024-06-30",
    )
    assert row["observations"]["TIME_PERIOD"] == ["2022-Q1", "2023-Q4", "2024-Q2"]
    await desk.accept(small("Q,CRI,2024-Q2,,,,,", action="D"))
    [row] = await desk.rows("series")
    assert (row["observation_count"], row["last_period"].isoformat()) == (2, "2023-12-31")


async def test_concurrent_agreements_keep_the_sequence_and_lose_nothing(
    desk: Desk, dsn: str
) -> None:
    months = [f"{year}-{month:02}" for year in (2023, 2024) for month in range(1, 7)]
    files = [
        (who, f"M,CRI,{month},{n},,,,") for n, month in enumerate(months) for who in (CRI, SLV)
    ]
    random.Random(7).shuffle(files)
    decisions = await asyncio.gather(*(desk.accept(small(row), who) for who, row in files))
    entries = sorted(await desk.rows("ledger"), key=lambda entry: int(entry["sequence"]))
    assert [entry["sequence"] for entry in entries] == list(range(1, len(files) + 1))
    times = [entry["published_at"] for entry in entries]
    assert all(earlier < later for earlier, later in pairwise(times))
    assert {d.submission.sequence for d in decisions} == set(range(1, len(files) + 1))
    for row in await desk.rows("series"):
        assert row["observations"]["TIME_PERIOD"] == months
    async with desk.pools.writer.acquire() as connection:
        assert await ledger.verify_chain(connection) is None


async def test_t62_a_deletion_that_waits_for_another_file_reaches_what_that_put(
    desk: Desk, dsn: str
) -> None:
    """Two files on one agreement: the outcome is that of one after the other."""
    await desk.accept(small("A,CRI,2024,1,,,,"))
    more = await desk.put(small("A,CRI,2024,2,,,,", "A,GTM,2024,2,,,,"))
    less = await desk.put(small(",,,,,,,", action="D"))
    number, _ = await desk.numbers("PA_CRI_SMALL")
    holder = await asyncpg.connect(dsn)
    try:
        hold = holder.transaction()
        await hold.start()
        await holder.execute("SELECT FROM agreement WHERE id = $1 FOR UPDATE", number)
        first = asyncio.create_task(desk.process(more))
        await waiting(holder, 1)
        second = asyncio.create_task(desk.process(less))
        await waiting(holder, 2)
        await hold.rollback()
        await asyncio.gather(first, second)
    finally:
        await holder.close()
    assert first.result().submission.sequence == 2
    assert second.result().submission.sequence == 3
    assert await desk.observations() == {}


async def waiting(connection: asyncpg.Connection[asyncpg.Record], sessions: int) -> None:
    """Until so many sessions wait for a lock."""
    for _ in range(500):
        found = await connection.fetchval(
            "SELECT count(DISTINCT pid) FROM pg_locks WHERE NOT granted"
        )
        if found >= sessions:
            return
        await asyncio.sleep(0.01)
    raise AssertionError


async def test_structures_revised_meanwhile_are_validated_against_again(
    desk: Desk, dsn: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The registry moves after the validation and before the publication."""
    text = small("A,CRI,2024,1,,,,", "A,GTM,2024,1,,,,")
    submission = await desk.put(text)
    current, moved = desk.cache.current, 0

    async def move_after_reading(connection: asyncpg.Connection[asyncpg.Record]) -> object:
        nonlocal moved
        catalogue = await current(connection)
        moved += 1
        if moved == 1:
            async with desk.pools.writer.acquire() as other:
                await publish_artefacts(other, [codelist("CL_AREA", "CRI", version="2.0.0")], START)
        return catalogue

    monkeypatch.setattr(desk.cache, "current", move_after_reading)
    decision = await desk.process(submission)
    assert decision.state == "published"
    assert moved == 2
    assert len(await desk.observations()) == 2
    assert len(await desk.rows("ledger")) == 1


async def test_structures_revised_meanwhile_may_refuse_the_file(
    pools: Pools, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A constraint comes between validation and publication."""
    desk = await open_desk(pools)
    submission = await desk.put(small("A,CRI,2024,1,,,,"))
    current, moved = desk.cache.current, 0

    async def move_after_reading(connection: asyncpg.Connection[asyncpg.Record]) -> object:
        nonlocal moved
        catalogue = await current(connection)
        moved += 1
        if moved == 1:
            narrower = constraint(
                "CC_NARROW",
                {"provisionAgreements": [urn("ProvisionAgreement", "PA_CRI_SMALL")]},
                cubeRegions=[region(REF_AREA=["GTM"])],
            )
            async with desk.pools.writer.acquire() as other:
                await publish_artefacts(other, [narrower], START)
        return catalogue

    monkeypatch.setattr(desk.cache, "current", move_after_reading)
    decision = await desk.process(submission)
    assert (decision.state, decision.codes) == ("rejected", ["VIPMG-222"])
    assert await desk.rows("ledger") == []
    assert await desk.observations() == {}
