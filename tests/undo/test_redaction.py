"""Redaction: nothing that can be read tells of it any more, and followers are told so."""

from __future__ import annotations

import asyncio
import dataclasses
import uuid
from collections.abc import AsyncIterator
from typing import Any

import asyncpg
import pytest

from app.errors import DestroyedError, NotFoundError, NotUndoableError, QuerySemanticError
from app.services.redact import RedactionOrder, RedactionReport, redact
from app.settings import Settings
from app.store import contents
from app.store.ledger import verify_chain
from app.store.pools import Pools
from app.store.submissions import Arrival, insert
from tests.exchange import JSON21, Exchange, open_exchange
from tests.store.test_journal import check
from tests.structures import ROOMS, SLV
from tests.undo.desk import LATER, UndoDesk, rows

SMALL = "/dataflow/TST/DF_SMALL/1.0.0"
SECRET = "70771077"
ORDER = RedactionOrder("a court has ordered it", "2026-17", ["operator"])


@pytest.fixture
async def exchange(pools: Pools, settings: Settings) -> AsyncIterator[Exchange]:
    async with open_exchange(pools, settings) as opened:
        yield opened


@pytest.fixture
def desk(exchange: Exchange) -> UndoDesk:
    return UndoDesk(exchange.pools)


async def redacted(desk: UndoDesk, *, dry_run: bool = False, **parts: Any) -> RedactionReport:
    order = dataclasses.replace(ORDER, **parts)
    return await redact(desk.pools.writer, order, dry_run=dry_run)


def plus(moment: str) -> str:
    return moment.replace("+", "%2B")


async def everything(exchange: Exchange, *moments: str) -> str:
    """All that can be read of the small dataflow, now and as of moments."""
    paths = [SMALL, f"{SMALL}?includeHistory=true"]
    paths += [f"{SMALL}?asOf={plus(moment)}" for moment in moments]
    paths += [f"{SMALL}?updatedAfter={plus(moment)}" for moment in moments]
    told = [(await exchange.get(path, JSON21)).text for path in paths]
    for mode in ("exact", "available"):
        reply = await exchange.client.get(
            f"/sdmx/v2/availability{SMALL}?mode={mode}",
            headers={"Accept": "application/vnd.sdmx.structure+json;version=2.1.0"},
        )
        assert reply.status_code in {200, 204}, reply.text
        told.append(reply.text)
    return "\n".join(told)


async def test_nothing_tells_of_a_redacted_submission(exchange: Exchange, desk: UndoDesk) -> None:
    await desk.put_rows("A,CRI,2020,1,A")
    before = await exchange.prepared(SMALL)
    wrong = await desk.put_rows(f"A,GTM,2021,{SECRET},A,,,s{SECRET},g{SECRET},", "A,CRI,2020,2,B")
    between = await exchange.prepared(SMALL)
    await desk.put_rows("A,CRI,2022,3,A")
    after = await exchange.prepared(SMALL)
    tag = (await exchange.get(SMALL, JSON21)).headers["etag"]
    assert SECRET in await everything(exchange, before, between, after)
    report = await redacted(desk, submission=wrong)
    assert report.counts["versions"] == 2
    told = await everything(exchange, before, between, after)
    assert SECRET not in told
    for table in ROOMS:
        assert SECRET not in repr(await desk.rows(table)), table
    assert await desk.values() == {"A.CRI.2022": "3"}
    as_of = await exchange.rows(f"{SMALL}?asOf={plus(between)}")
    assert as_of == {}  # nothing older takes the place of what is redacted
    assert set(await exchange.rows(f"{SMALL}?asOf={plus(before)}")) == {"A.CRI.2020"}
    assert (await exchange.get(SMALL, JSON21)).headers["etag"] != tag
    assert await desk.state_of(wrong) == "withdrawn"
    await check(desk)


async def test_a_follower_deletes_what_is_redacted(exchange: Exchange, desk: UndoDesk) -> None:
    first = await desk.put_rows("A,CRI,2020,1", "A,GTM,2020,5")
    moments = [await exchange.prepared(SMALL)]
    await desk.put_rows("D|A,GTM,2020", "A,CRI,2021,6")
    moments.append(await exchange.prepared(SMALL))
    await redacted(desk, submission=first)
    for moment, gone in ((moments[0], {"A.CRI.2020", "A.GTM.2020"}), (moments[1], {"A.CRI.2020"})):
        told = await exchange.datasets(f"{SMALL}?updatedAfter={plus(moment)}")
        by_action = {each.action: set(map(".".join, each.rows)) for each in told}
        assert gone <= by_action["Delete"], moment
    now = await exchange.prepared(SMALL)
    assert await exchange.datasets(f"{SMALL}?updatedAfter={plus(now)}") == []


async def test_figures_that_later_files_say_again_go_too(desk: UndoDesk) -> None:
    wrong = await desk.put_rows(f"A,CRI,2020,{SECRET},A", "A,GTM,2020,1,A")
    await desk.put_rows("A,CRI,2020,,B")
    later = await desk.put_rows(f"A,CRI,2020,{SECRET},P", "A,GTM,2020,2,A")
    await redacted(desk, submission=wrong)
    assert await desk.values() == {"A.GTM.2020": "2"}
    for table in ROOMS:
        assert SECRET not in repr(await desk.rows(table)), table
    assert await desk.state_of(later) == "published"
    await check(desk)


async def test_what_stood_there_before_stays_in_history(exchange: Exchange, desk: UndoDesk) -> None:
    await desk.put_rows("A,CRI,2020,1,A")
    before = await exchange.prepared(SMALL)
    wrong = await desk.put_rows(f"A,CRI,2020,{SECRET},A")
    between = await exchange.prepared(SMALL)
    await desk.put_rows("A,CRI,2020,3,A")
    report = await redacted(desk, submission=wrong)
    assert report.counts["versions"] == 1
    assert await desk.values() == {"A.CRI.2020": "3"}
    assert len(await exchange.rows(f"{SMALL}?asOf={plus(before)}")) == 1
    assert await exchange.rows(f"{SMALL}?asOf={plus(between)}") == {}
    history = await exchange.datasets(f"{SMALL}?includeHistory=true")
    assert [(each.action, list(each.rows.values())) for each in history if each.action] != []
    assert SECRET not in repr(history)
    await check(desk)


async def test_both_rooms_are_reached_and_nothing_leaks(desk: UndoDesk) -> None:
    wrong = await desk.put_rows(
        f"A,CRI,2020,{SECRET},A,C", f"A,GTM,2021,{SECRET},A,,{LATER},s{SECRET},g{SECRET},d{SECRET}"
    )
    public = await desk.rows("change")
    await redacted(desk, submission=wrong)
    for table in ROOMS:
        assert SECRET not in repr(await desk.rows(table)), table
    # Of what only waited the public is told nothing, not even that it is gone.
    told = [row for row in await desk.rows("change") if row not in public]
    assert {tuple(row["key"]) for row in told} == {("A", "CRI"), (None, None)}
    [entry] = [row for row in await desk.rows("ledger") if row["action"] == "redaction"]
    assert entry["facts"]["observations_deleted"] == 1
    await check(desk)


async def test_an_embargoed_revision_goes_and_the_public_keeps_what_it_sees(
    desk: UndoDesk,
) -> None:
    await desk.put_rows("A,CRI,2020,1,A,,,s,g,d")
    public = {table: await desk.rows(table) for table in ("series", "attachment")}
    wrong = await desk.put_rows(f"A,CRI,2020,{SECRET},A,,{LATER},s{SECRET},g{SECRET},d{SECRET}")
    await redacted(desk, submission=wrong)
    assert {table: await desk.rows(table) for table in public} == public
    for table in ROOMS:
        assert SECRET not in repr(await desk.rows(table)), table
    await check(desk)


async def test_keys_and_periods_of_an_agreement(exchange: Exchange, desk: UndoDesk) -> None:
    await desk.put_rows("A,CRI,2019,1,A,,,s,g,d", "A,CRI,2020,1", "A,GTM,2020,2", "A,CRI,2021,3")
    await desk.put_rows(f"A,CRI,2020,{SECRET}", "M,CRI,2020-05,4")
    moment = await exchange.prepared(SMALL)
    parts = {"agreement": "PA_CRI_SMALL", "keys": ["*.CRI"], "first": "2020", "last": "2020"}
    report = await redacted(desk, **parts)
    assert report.counts["versions"] == 3
    assert await desk.values() == {"A.CRI.2019": "1", "A.CRI.2021": "3", "A.GTM.2020": "2"}
    assert set(await exchange.rows(f"{SMALL}?asOf={plus(moment)}")) == {
        "A.CRI.2019",
        "A.CRI.2021",
        "A.GTM.2020",
    }
    assert (await desk.series_attributes())["A.CRI"] == {"S": "s"}
    await check(desk)
    # Without periods the attributes go with the series, and those above it that are of it alone.
    await redacted(desk, agreement="TST:PA_CRI_SMALL(1.0.0)", keys=["*.CRI"])
    assert await desk.values() == {"A.GTM.2020": "2"}
    assert (await desk.series_attributes())["A.CRI"] == {}
    assert await desk.attachments() == {"*.*": {"D": "d"}}
    await check(desk)


@pytest.mark.parametrize(
    ("parts", "error"),
    [
        ({"agreement": "PA_NONE", "keys": ["*.*"]}, NotFoundError),
        ({"agreement": "PA_CRI_SMALL", "keys": ["CRI"]}, QuerySemanticError),
        ({"submission": uuid.uuid4()}, NotFoundError),
    ],
)
async def test_what_is_not_there_is_not_redacted(
    desk: UndoDesk, parts: dict[str, Any], error: type[Exception]
) -> None:
    before = await desk.state()
    with pytest.raises(error):
        await redacted(desk, **parts)
    assert await desk.state() == before


async def test_a_try_counts_and_changes_nothing(desk: UndoDesk) -> None:
    wrong = await desk.put_rows("A,CRI,2020,1", "A,GTM,2020,1")
    before = await desk.state()
    tried = await redacted(desk, submission=wrong, dry_run=True)
    assert tried.place is None
    assert tried.counts["current_observations"] == 2
    assert await desk.state() == before
    assert await desk.state_of(wrong) == "published"
    done = await redacted(desk, submission=wrong)
    assert done.place is not None
    assert done.counts == tried.counts


async def test_the_rows_are_kept_where_no_reader_comes(pools: Pools, desk: UndoDesk) -> None:
    wrong = await desk.put_rows(f"A,CRI,2020,{SECRET}")
    await redacted(desk, submission=wrong)
    for pool in (pools.public, pools.privileged, pools.writer):
        async with pool.acquire() as connection:
            with pytest.raises(asyncpg.InsufficientPrivilegeError):
                await connection.fetch("SELECT * FROM redacted_change")
    async with pools.writer.acquire() as connection, connection.transaction():
        await connection.execute("SET LOCAL ROLE vipmg_redactor")
        kept = await connection.fetch("SELECT * FROM redacted_change")
    assert SECRET in repr(kept)
    [record] = await desk.rows("redaction")
    assert (record["reason"], record["reference"]) == (ORDER.reason, ORDER.reference)


async def test_destroying_keeps_nothing(pools: Pools, desk: UndoDesk) -> None:
    wrong = await desk.put_rows(f"A,CRI,2020,{SECRET}")
    [stored] = await desk.rows("submission")
    await redacted(desk, submission=wrong, destroy=True, destroy_file=True)
    async with pools.writer.acquire() as connection, connection.transaction():
        await connection.execute("SET LOCAL ROLE vipmg_redactor")
        assert await connection.fetch("SELECT * FROM redacted_change") == []
        assert await contents.part(connection, stored["sha256"], 0) is None
    [entry] = [row for row in await desk.rows("ledger") if row["action"] == "submission"]
    assert entry["content_sha256"] == stored["sha256"]  # the digest stays


async def test_a_destroyed_file_stays_with_whoever_else_sent_the_same_bytes(
    desk: UndoDesk,
) -> None:
    text = rows("A,CRI,2020,1", "A,GTM,2020,2")
    wrong = (await desk.accept(text)).submission
    other = (await desk.accept(text, SLV)).submission
    await redacted(desk, submission=wrong.id, destroy=True, destroy_file=True)
    async with desk.pools.writer.acquire() as connection:
        kept = [part async for part in contents.parts(connection, other.sha256)]
        assert b"".join(kept).decode() == text
    await redacted(desk, submission=other.id, destroy=True, destroy_file=True)
    async with desk.pools.writer.acquire() as connection:
        with pytest.raises(DestroyedError):
            [part async for part in contents.parts(connection, other.sha256)]


async def test_bytes_that_are_just_sent_again_are_not_destroyed_under_them(
    desk: UndoDesk,
) -> None:
    """The other submission is stored, not committed yet, while the file is destroyed."""
    wrong = (await desk.accept(rows("A,CRI,2020,1"))).submission
    async with desk.pools.writer.acquire() as connection:
        transaction = connection.transaction()
        await transaction.start()
        arrival = Arrival(
            uuid.uuid4(), "another", SLV, None, "text/csv", None, None, wrong.sha256,
            wrong.byte_count,
        )  # fmt: skip
        assert await insert(connection, arrival, [])
        destroying = asyncio.create_task(
            redacted(desk, submission=wrong.id, destroy=True, destroy_file=True)
        )
        done, _ = await asyncio.wait([destroying], timeout=1)
        assert not done
        await transaction.commit()
        await destroying
        kept = b"".join([part async for part in contents.parts(connection, wrong.sha256)])
    assert len(kept) == wrong.byte_count


async def test_a_part_of_a_file_is_never_taken_for_the_file(desk: UndoDesk) -> None:
    wrong = (await desk.accept(rows("A,CRI,2020,1"))).submission
    async with desk.pools.writer.acquire() as connection, connection.transaction():
        await connection.execute("UPDATE submission SET byte_count = byte_count + 1")
        with pytest.raises(DestroyedError):
            [part async for part in contents.parts(connection, wrong.sha256)]


async def test_the_ledger_s_chain_holds(desk: UndoDesk) -> None:
    wrong = await desk.put_rows("A,CRI,2020,1")
    await redacted(desk, submission=wrong)
    async with desk.pools.writer.acquire() as connection:
        assert await verify_chain(connection) is None


async def test_it_cannot_be_undone_and_nothing_brings_it_back(desk: UndoDesk) -> None:
    wrong = await desk.put_rows(f"A,CRI,2020,{SECRET}")
    later = await desk.put_rows("A,CRI,2020,2")
    await redacted(desk, submission=wrong)
    with pytest.raises(NotUndoableError):
        await desk.undo(wrong)
    await desk.undo(later)
    assert await desk.values() == {}
    for table in ROOMS:
        assert SECRET not in repr(await desk.rows(table)), table
    await check(desk)


async def test_a_submission_that_was_rolled_back_can_leave_history(
    exchange: Exchange, desk: UndoDesk
) -> None:
    wrong = await desk.put_rows(f"A,CRI,2020,{SECRET}")
    await desk.undo(wrong)
    history = await exchange.get(f"{SMALL}?includeHistory=true", JSON21)
    assert SECRET in history.text
    await redacted(desk, submission=wrong)
    history = await exchange.get(f"{SMALL}?includeHistory=true", JSON21)
    assert SECRET not in history.text
    await check(desk)


async def test_previews_do_not_tell_it_either(desk: UndoDesk) -> None:
    wrong = await desk.put_rows(f"A,CRI,2020,{SECRET}")
    await desk.put_rows("A,CRI,2020,2")
    assert SECRET in repr(await desk.rows("submission"))
    await redacted(desk, submission=wrong)
    assert SECRET not in repr(await desk.rows("submission"))


async def test_kept_replies_are_let_go(exchange: Exchange, desk: UndoDesk) -> None:
    wrong = await desk.put_rows(f"A,CRI,2020,{SECRET},A,,,,,d")
    assert SECRET in (await exchange.get(SMALL, JSON21)).text
    replies = exchange.service.state.replies
    kept = dict(replies._kept)
    assert kept
    await redacted(desk, submission=wrong)
    for _ in range(200):
        if not replies._kept.keys() & kept.keys():
            break
        await asyncio.sleep(0.02)
    assert not replies._kept.keys() & kept.keys()
    assert replies._size == sum(spool.size for spool in replies._kept.values())
    assert (await exchange.get(SMALL, JSON21)).status_code == 204


async def test_a_reader_of_what_is_withheld_is_told_too(exchange: Exchange, desk: UndoDesk) -> None:
    reader = await exchange.token("OCAM")
    sent = await desk.accept(rows(f"A,SLV,2020,{SECRET},A,,{LATER}", "A,SLV,2021,1,A"), SLV)
    assert len(await exchange.rows(SMALL, **reader)) == 2
    reply = await exchange.get(SMALL, JSON21, reader)
    seen = reply.json()["meta"]["prepared"]
    await redacted(desk, submission=sent.submission.id)
    path = f"{SMALL}?updatedAfter={plus(seen)}"
    for headers, gone in ((reader, {"A.SLV.2020", "A.SLV.2021"}), ({}, {"A.SLV.2021"})):
        told = await exchange.datasets(path, **headers)
        assert [(each.action, set(map(".".join, each.rows))) for each in told] == [("Delete", gone)]
    history = await exchange.get(f"{SMALL}?includeHistory=true", JSON21, reader)
    assert SECRET not in history.text
