"""A file that replaces an earlier one whole."""

from __future__ import annotations

import uuid

import pytest

from app.auth.subject import Subject
from app.errors import NotFoundError, NotUndoableError
from app.services.receive_submission import Upload, receive_submission
from app.services.undo_options import replacing_options
from app.store.pools import Pools
from tests.store.test_journal import check
from tests.structures import CRI, MAX_BYTES, SLV, Decision
from tests.undo.desk import LATER, UndoDesk, open_undo_desk, rows

SENDER = Subject("client-of-CRI", CRI, "data_provider")


@pytest.fixture
async def desk(pools: Pools) -> UndoDesk:
    return await open_undo_desk(pools)


async def replace(
    desk: UndoDesk, submission: uuid.UUID, *lines: str, text: str | None = None, **parts: bool
) -> Decision:
    """Send a file in the place of a submission."""
    body = (text or rows(*lines)).encode()

    async def chunks():  # type: ignore[no-untyped-def]
        yield body

    options = await replacing_options(desk.pools, SENDER, str(submission))
    upload = Upload(
        chunks(), "text/csv", None, None, None, MAX_BYTES, options=options, again=True, **parts
    )
    stored, _ = await receive_submission(desk.pools, SENDER, upload)
    return await desk.process(stored.id)


async def receipts_of(desk: UndoDesk, submission: uuid.UUID) -> list[str]:
    """The kinds of what was signed of a submission."""
    listed = await desk.rows("receipt")
    return sorted(row["kind"] for row in listed if row["submission_id"] == submission)


async def test_what_is_not_said_again_is_gone(desk: UndoDesk) -> None:
    await desk.put_rows("A,CRI,2020,0,A")
    old = await desk.put_rows(
        "A,CRI,2022,1,A,,,s,g,d", "A,CRI,2023,2,A,,,s,g,d", "A,GTM,2023,3,A,,,t,,"
    )
    await desk.put_rows("A,GTM,2024,4,A")
    decision = await replace(desk, old, "A,CRI,2023,20,A,,,s2,,", "M,CRI,2023-01,5,A")
    assert decision.state == "published", decision.findings
    assert await desk.values() == {
        "A.CRI.2020": "0",
        "A.CRI.2023": "20",
        "A.GTM.2024": "4",
        "M.CRI.2023-01": "5",
    }
    assert await desk.series_attributes() == {"A.CRI": {"S": "s2"}, "A.GTM": {}, "M.CRI": {}}
    assert await desk.attachments() == {}
    assert decision.submission.changes is not None
    assert decision.submission.changes["observations_deleted"] == 2
    await desk.settle()
    assert await desk.state_of(old) == "superseded"
    await check(desk)


async def test_what_others_wrote_meanwhile_stays(desk: UndoDesk) -> None:
    old = await desk.put_rows("A,CRI,2022,1", "A,CRI,2023,2")
    await desk.put_rows("A,CRI,2022,11")
    await replace(desk, old, "A,GTM,2023,3")
    assert await desk.values() == {"A.CRI.2022": "11", "A.GTM.2023": "3"}
    await check(desk)


async def test_what_waits_is_replaced_too(desk: UndoDesk) -> None:
    old = await desk.put_rows(f"A,CRI,2022,7777,,,{LATER},s,g,d", "A,CRI,2021,8888,A,C")
    await replace(desk, old, f"A,GTM,2023,1,,,{LATER}")
    assert await desk.observations() == {}
    assert set(await desk.observations("withheld_series")) == {"A.GTM.2023"}
    assert await desk.rows("withheld_attachment") == []
    await check(desk)


async def test_an_agreement_that_the_new_file_leaves_out_is_emptied(desk: UndoDesk) -> None:
    mixed = (
        "STRUCTURE[;],STRUCTURE_ID,ACTION,FREQ,REF_AREA,SEX,TIME_PERIOD,OBS_VALUE,OBS_STATUS,"
        "UNIT_MULT,TITLE,STATUS\n"
        "dataflow,TST:DF(1.0.0),M,A,CRI,F,2024,1,A,0,t,\n"
        "dataprovision,TST:PA_CRI_SMALL(1.0.0),M,A,SLV,,2024,2,,,,B\n"
    )
    old = await desk.accept(mixed)
    decision = await replace(desk, old.submission.id, "A,CRI,2024,3")
    assert decision.state == "published", decision.findings
    assert set(await desk.observations()) == {"A.CRI.2024"}
    assert len(decision.submission.agreements) == 2


async def test_its_roll_back_brings_the_old_file_back(desk: UndoDesk) -> None:
    old = await desk.put_rows("A,CRI,2022,1,A,,,s,g,d", "A,GTM,2023,2")
    before = await desk.observations()
    new = await replace(desk, old, "A,CRI,2023,3,A,,,s,,d")
    signed = await receipts_of(desk, old)
    await desk.settle()
    assert await desk.state_of(old) == "superseded"
    await desk.undo(new.submission.id)
    assert await desk.observations() == before
    assert await receipts_of(desk, old) == signed == ["arrival", "decision"]
    assert await desk.attachments() == {"*.CRI": {"G": "g"}, "*.*": {"D": "d"}}
    assert await desk.state_of(old) == "published"
    await check(desk)


async def test_a_refused_or_tried_file_replaces_nothing(desk: UndoDesk) -> None:
    old = await desk.put_rows("A,CRI,2022,1")
    before = await desk.state()
    assert (await replace(desk, old, "A,CRI,2022,x")).state == "rejected"
    tried = await replace(desk, old, "A,GTM,2022,1", validate_only=True)
    assert tried.state == "validated"
    assert await desk.state() == before
    assert await desk.state_of(old) == "published"


async def test_only_what_is_published_can_be_replaced(desk: UndoDesk) -> None:
    old = await desk.put_rows("A,CRI,2022,1")
    other = Subject("client-of-SLV", SLV, "data_provider")
    with pytest.raises(NotFoundError):
        await replacing_options(desk.pools, other, str(old))
    act = await desk.undo(old)
    for each in (old, act.submission.id):
        with pytest.raises(NotUndoableError):
            await replacing_options(desk.pools, SENDER, str(each))


async def test_what_was_undone_meanwhile_refuses_the_file(desk: UndoDesk) -> None:
    old = await desk.put_rows("A,CRI,2022,1")
    options = await replacing_options(desk.pools, SENDER, str(old))
    await desk.undo(old)

    async def chunks():  # type: ignore[no-untyped-def]
        yield rows("A,CRI,2022,2").encode()

    upload = Upload(chunks(), "text/csv", None, None, None, MAX_BYTES, options=options)
    stored, _ = await receive_submission(desk.pools, SENDER, upload)
    decision = await desk.process(stored.id)
    assert decision.state == "rejected"
    assert [(f.code, f.value, f.rule) for f in decision.findings] == [
        ("VIPMG-250", "rolled back", str(old))
    ]
