"""Undoing: what a submission wrote last goes back to what was before, and the rest stays."""

from __future__ import annotations

import uuid

import pytest

from app.auth.subject import Subject
from app.errors import NotFoundError, NotUndoableError
from app.services.undo_request import request_undo
from app.store.pools import Pools
from tests.store.test_journal import check
from tests.structures import CRI, SLV, sheet
from tests.undo.desk import LATER, UndoDesk, open_undo_desk


@pytest.fixture
async def desk(pools: Pools) -> UndoDesk:
    return await open_undo_desk(pools)


class TestRollback:
    async def test_it_gives_back_what_was_before(self, desk: UndoDesk) -> None:
        first = await desk.put_rows("A,CRI,2023,1,A", "A,CRI,2024,2,A")
        before = await desk.observations()
        second = await desk.put_rows(
            "A,CRI,2023,8,B", "A,CRI,2025,9", "A,GTM,2025,9", "D|A,CRI,2024"
        )
        assert await desk.values() == {"A.CRI.2023": "8", "A.CRI.2025": "9", "A.GTM.2025": "9"}
        decision = await desk.undo(second)
        assert decision.state == "published"
        assert decision.findings == []
        assert await desk.observations() == before
        assert (await desk.state_of(first), await desk.state_of(second)) == (
            "published",
            "rolled back",
        )
        entry = (await desk.rows("ledger"))[-1]
        [entry] = [row for row in await desk.rows("ledger") if row["action"] == "rollback"]
        assert entry["object"] == f"submission/{decision.submission.id}"
        assert decision.submission.parent_id == second
        await check(desk)

    async def test_what_was_written_later_stays_and_is_named(self, desk: UndoDesk) -> None:
        first = await desk.put_rows("A,CRI,2023,1", "A,CRI,2024,2", "A,GTM,2024,3")
        second = await desk.put_rows("A,CRI,2024,22")
        decision = await desk.undo(first)
        assert await desk.values() == {"A.CRI.2024": "22"}
        [finding] = decision.findings
        assert (finding.code, finding.component, finding.value, finding.rule) == (
            "VIPMG-330",
            "TIME_PERIOD",
            "A.CRI.2024",
            str(second),
        )
        assert decision.submission.changes is not None
        assert decision.submission.changes["kept"] == 1
        assert decision.submission.changes["observations_deleted"] == 2
        await check(desk)

    async def test_what_a_later_file_says_again_is_the_later_file_s(self, desk: UndoDesk) -> None:
        first = await desk.put_rows("A,CRI,2023,1,A,,,s,g,d", "A,CRI,2024,2,A,,,s,g,d")
        second = await desk.put_rows("A,CRI,2023,1,A,,,s,g,d", "A,CRI,2025,3,A,,,s,g,d")
        decision = await desk.undo(first)
        assert await desk.values() == {"A.CRI.2023": "1", "A.CRI.2025": "3"}
        assert await desk.series_attributes() == {"A.CRI": {"S": "s"}}
        assert await desk.attachments() == {"*.CRI": {"G": "g"}, "*.*": {"D": "d"}}
        assert {f.rule for f in decision.findings} == {str(second)}
        await desk.undo(second)
        assert await desk.values() == {}
        assert await desk.attachments() == {}
        await check(desk)

    async def test_the_same_file_again_and_its_roll_back_leave_the_first(
        self, desk: UndoDesk
    ) -> None:
        lines = ("A,CRI,2023,1,A,,,s,g,d", "A,CRI,2024,2,A,,,s,g,d")
        first = await desk.put_rows(*lines)
        second = await desk.put_rows(*lines, "D|M,GTM,2024-01")
        before = await desk.observations()
        await desk.undo(second)
        assert await desk.observations() == before
        await desk.undo(first)
        assert await desk.observations() == {}
        assert await desk.attachments() == {}
        await check(desk)

    async def test_one_after_the_other_back_to_nothing(self, desk: UndoDesk) -> None:
        sent = [await desk.put_rows(f"A,CRI,2024,{n},,,,s{n},g{n},d{n}") for n in range(4)]
        for place in range(3, 0, -1):
            await desk.undo(sent[place])
            assert await desk.values() == {"A.CRI.2024": str(place - 1)}
            assert (await desk.series_attributes())["A.CRI"] == {"S": f"s{place - 1}"}
            assert await desk.attachments() == {
                "*.CRI": {"G": f"g{place - 1}"},
                "*.*": {"D": f"d{place - 1}"},
            }
            await check(desk)
        await desk.undo(sent[0])
        assert await desk.values() == {}
        assert (await desk.series_attributes())["A.CRI"] == {}
        await check(desk)

    async def test_what_was_undone_does_not_come_back_by_undoing_another(
        self, desk: UndoDesk
    ) -> None:
        await desk.put_rows("A,CRI,2024,1")
        second = await desk.put_rows("A,CRI,2024,2")
        third = await desk.put_rows("A,CRI,2024,3")
        await desk.undo(second)
        assert await desk.values() == {"A.CRI.2024": "3"}
        await desk.undo(third)
        assert await desk.values() == {"A.CRI.2024": "1"}
        await check(desk)

    async def test_a_roll_back_can_be_rolled_back_again_and_again(self, desk: UndoDesk) -> None:
        await desk.put_rows("A,CRI,2024,1,,,,s1")
        second = await desk.put_rows("A,CRI,2024,2,,,,s2", "A,GTM,2024,5")
        after = await desk.observations()
        act = second
        for turn in range(4):
            act = (await desk.undo(act)).submission.id
            expected = {"A.CRI.2024": "1"} if turn % 2 == 0 else {}
            if expected:
                assert await desk.values() == expected
                assert await desk.state_of(second) == "rolled back"
            else:
                assert await desk.observations() == after
                assert await desk.state_of(second) == "published"
            assert (await desk.series_attributes())["A.CRI"] == {"S": "s1" if expected else "s2"}
            await check(desk)
        # Being there again, it may be rolled back itself once more.
        await desk.undo(second)
        assert await desk.values() == {"A.CRI.2024": "1"}

    async def test_a_withdrawal_can_be_rolled_back(self, desk: UndoDesk) -> None:
        first = await desk.put_rows("A,CRI,2024,1", "A,GTM,2024,5")
        await desk.put_rows("A,GTM,2024,6")
        before = await desk.observations()
        act = await desk.undo(first, "withdrawal")
        assert await desk.values() == {"A.GTM.2024": "6"}
        await desk.undo(act.submission.id)
        assert await desk.observations() == before
        assert await desk.state_of(first) == "published"

    async def test_a_deletion_comes_back(self, desk: UndoDesk) -> None:
        await desk.put_rows("A,CRI,2024,1,A,,,s,g,d", "A,GTM,2024,2")
        before = await desk.state()
        gone = await desk.put_rows(",,,,,,,,,", action="D")
        assert await desk.values() == {}
        await desk.undo(gone)
        after = await desk.state()
        for table in ("series", "attachment"):
            for row in (*before[table], *after[table]):
                row.pop("publication_id")
            assert after[table] == before[table]
        await check(desk)


class TestWithheld:
    async def test_what_was_withheld_goes_back_to_the_withheld_room(self, desk: UndoDesk) -> None:
        await desk.put_rows("A,CRI,2023,8888,A,C")
        await desk.put_rows(f"A,GTM,2024,70771077,A,,{LATER},s70771077,g70771077,d70771077")
        second = await desk.put_rows("A,GTM,2024,1,A,,,s,g,d", "A,CRI,2023,2,B,F", action="R")
        assert await desk.values() == {"A.CRI.2023": "2", "A.GTM.2024": "1"}
        await desk.undo(second)
        assert await desk.observations() == {"A.CRI.2023": {"CONF_STATUS": "C"}}
        waiting = await desk.observations("withheld_series")
        assert waiting["A.GTM.2024"]["OBS_VALUE"] == "70771077"
        assert waiting["A.CRI.2023"]["OBS_VALUE"] == "8888"
        for table in ("series", "attachment", "change", "ledger", "outbox", "agreement_head"):
            told = repr(await desk.rows(table))
            assert "70771077" not in told, table
            assert "8888" not in told, table
        await check(desk)

    async def test_the_public_goes_back_to_what_it_saw_beside_what_waits(
        self, desk: UndoDesk
    ) -> None:
        await desk.put_rows("A,CRI,2024,1,A,,,s1,g1,d1")
        await desk.put_rows(f"A,CRI,2024,7777,A,,{LATER},s7,g7,d7")
        third = await desk.put_rows("A,CRI,2024,3,A,,,s3,g3,d3", action="R")
        assert await desk.values() == {"A.CRI.2024": "3"}
        await desk.undo(third)
        assert await desk.values() == {"A.CRI.2024": "1"}
        assert (await desk.series_attributes())["A.CRI"] == {"S": "s1"}
        assert await desk.attachments() == {"*.CRI": {"G": "g1"}, "*.*": {"D": "d1"}}
        [waits] = (await desk.observations("withheld_series")).values()
        assert waits["OBS_VALUE"] == "7777"
        assert (await desk.series_attributes("withheld_series"))["A.CRI"]["S"] == "s7"
        assert await desk.attachments("withheld_attachment") == {
            "*.CRI": {"G": "g7"},
            "*.*": {"D": "d7"},
        }
        await check(desk)

    async def test_rolling_back_what_waits_leaves_the_public_as_it_is(self, desk: UndoDesk) -> None:
        await desk.put_rows("A,CRI,2024,1,A,,,s1,g1,d1")
        before = await desk.state()
        second = await desk.put_rows(
            f"A,CRI,2024,7777,A,,{LATER},s7,g7,d7", f"A,GTM,2024,7,,,{LATER}"
        )
        await desk.undo(second)
        after = await desk.state()
        for table in ("series", "attachment", "change", "agreement_head"):
            assert after[table] == before[table], table
        for table in ("withheld_series", "withheld_attachment"):
            assert after[table] == [], table
        await check(desk)


class TestWithdrawal:
    async def test_nothing_older_comes_back(self, desk: UndoDesk) -> None:
        await desk.put_rows("A,CRI,2023,1,A,,,s1,g1,d1", "A,CRI,2024,1")
        second = await desk.put_rows("A,CRI,2024,2,A,,,s2,g2,d2", "A,GTM,2024,3")
        third = await desk.put_rows("A,GTM,2024,4")
        decision = await desk.undo(second, "withdrawal")
        assert await desk.values() == {"A.CRI.2023": "1", "A.GTM.2024": "4"}
        assert (await desk.series_attributes())["A.CRI"] == {}
        assert await desk.attachments() == {}
        assert await desk.state_of(second) == "withdrawn"
        assert [(f.value, f.rule) for f in decision.findings] == [("A.GTM.2024", str(third))]
        await desk.undo(third)
        # What was withdrawn stays so.
        assert await desk.values() == {"A.CRI.2023": "1"}
        await check(desk)

    async def test_it_reaches_what_waits(self, desk: UndoDesk) -> None:
        first = await desk.put_rows(f"A,CRI,2024,7777,A,,{LATER},s,g,d", "A,CRI,2023,8,A,C")
        await desk.undo(first, "withdrawal")
        for table in ("withheld_series", "withheld_attachment", "attachment"):
            assert await desk.rows(table) == [], table
        assert await desk.observations() == {}
        await check(desk)

    async def test_of_what_waits_the_public_keeps_what_it_sees(self, desk: UndoDesk) -> None:
        first = await desk.put_rows("A,CRI,2024,1,A,,,s1,g1,d1")
        before = await desk.state()
        second = await desk.put_rows(f"A,CRI,2024,7777,A,,{LATER},s7,g7,d7")
        await desk.undo(second, "withdrawal")
        after = await desk.state()
        for table in ("series", "attachment", "change", "agreement_head"):
            assert after[table] == before[table], table
        for table in ("withheld_series", "withheld_attachment"):
            assert after[table] == [], table
        await check(desk)
        await desk.undo(first)
        assert await desk.observations() == {}
        await check(desk)


class TestRights:
    async def test_another_organisation_finds_no_such_submission(self, desk: UndoDesk) -> None:
        first = await desk.put_rows("A,CRI,2024,1")
        with pytest.raises(NotFoundError):
            await desk.undo(first, organisation=SLV)
        with pytest.raises(NotFoundError):
            await desk.undo(uuid.uuid4())

    async def test_asking_again_gives_the_same_answer(self, desk: UndoDesk) -> None:
        first = await desk.put_rows("A,CRI,2024,1")
        subject = Subject("another-client", CRI, "data_provider")
        asked, is_new = await request_undo(desk.pools, subject, str(first), "rollback", "why")
        again, is_new_again = await request_undo(desk.pools, subject, str(first), "rollback", "so")
        assert (is_new, is_new_again) == (True, False)
        assert again.id == asked.id
        with pytest.raises(NotUndoableError):
            await request_undo(desk.pools, subject, str(first), "withdrawal", "why")
        await desk.process(asked.id)
        ledger = await desk.rows("ledger")
        again, is_new = await request_undo(desk.pools, subject, str(first), "rollback", "why")
        assert (again.id, is_new) == (asked.id, False)
        assert await desk.rows("ledger") == ledger
        with pytest.raises(NotUndoableError):
            await request_undo(desk.pools, subject, str(first), "withdrawal", "why")

    async def test_what_was_not_published_cannot_be_undone(self, desk: UndoDesk) -> None:
        refused = await desk.send("STRUCTURE,STRUCTURE_ID\n")
        assert refused.state == "rejected"
        waiting = await desk.put("STRUCTURE,STRUCTURE_ID\n.")
        for each in (refused.submission.id, waiting):
            with pytest.raises(NotUndoableError):
                await desk.undo(each)

    async def test_a_roll_back_cannot_be_withdrawn(self, desk: UndoDesk) -> None:
        first = await desk.put_rows("A,CRI,2024,1")
        act = await desk.undo(first)
        with pytest.raises(NotUndoableError):
            await desk.undo(act.submission.id, "withdrawal")


class TestSuperseded:
    async def test_when_nothing_is_current_any_more(self, desk: UndoDesk) -> None:
        first = await desk.put_rows("A,CRI,2023,1", "A,GTM,2024,1")
        second = await desk.put_rows("A,CRI,2023,2")
        await desk.settle()
        assert await desk.state_of(first) == "published"
        third = await desk.put_rows("A,GTM,2024,2")
        await desk.settle()
        assert await desk.state_of(first) == "superseded"
        assert await desk.state_of(second) == "published"
        await desk.undo(third)
        assert await desk.state_of(first) == "published"
        await desk.settle()
        assert await desk.state_of(first) == "published"

    async def test_sending_all_of_it_again_supersedes(self, desk: UndoDesk) -> None:
        lines = ["A,CRI,2023,1,A,,,s,g,d", "A,GTM,2024,1,A,,,s,g,d"]
        first = await desk.put_rows(*lines)
        await desk.put_rows(*lines, "M,CRI,2024-01,1")
        await desk.settle()
        assert await desk.state_of(first) == "superseded"

    async def test_deleting_all_of_it_supersedes(self, desk: UndoDesk) -> None:
        first = await desk.put_rows("A,CRI,2023,1", f"A,GTM,2024,1,,,{LATER}")
        gone = await desk.put_rows(",,,,,,,,,", action="D")
        await desk.settle()
        assert await desk.state_of(first) == "superseded"
        assert await desk.state_of(gone) == "published"

    async def test_what_has_no_observations_is_never_superseded(self, desk: UndoDesk) -> None:
        first = await desk.put_rows("A,CRI,,,,,,s,,")
        await desk.put_rows("A,CRI,,,,,,t,,")
        await desk.settle()
        assert await desk.state_of(first) == "published"


async def test_mandatory_attributes_stay_where_others_need_them(desk: UndoDesk) -> None:
    header = "FREQ,REF_AREA,SEX,TIME_PERIOD,OBS_VALUE,OBS_STATUS,UNIT_MULT,TITLE"
    first = await desk.accept(sheet(header, "A,CRI,F,2023,1,A,0,Title"))
    await desk.accept(sheet(header, "A,CRI,F,2024,2,A,,"))
    decision = await desk.undo(first.submission.id)
    assert set(await desk.observations()) == {"A.CRI.F.2024"}
    assert await desk.series_attributes() == {"A.CRI.F": {"UNIT_MULT": "0"}}
    assert await desk.attachments() == {"*.*.*": {"TITLE": "Title"}}
    assert [(f.code, f.component, f.value) for f in decision.findings] == [
        ("VIPMG-331", "UNIT_MULT", "A.CRI.F"),
        ("VIPMG-331", "TITLE", "*.*.*"),
    ]


async def test_two_agreements_are_undone_together(desk: UndoDesk) -> None:
    mixed = (
        "STRUCTURE[;],STRUCTURE_ID,ACTION,FREQ,REF_AREA,SEX,TIME_PERIOD,OBS_VALUE,OBS_STATUS,"
        "UNIT_MULT,TITLE,STATUS\n"
        "dataflow,TST:DF(1.0.0),M,A,CRI,F,2024,1,A,0,t,\n"
        "dataprovision,TST:PA_CRI_SMALL(1.0.0),M,A,SLV,,2024,2,,,,B\n"
    )
    sent = await desk.accept(mixed)
    decision = await desk.undo(sent.submission.id)
    assert await desk.observations() == {}
    assert len(decision.submission.agreements) == 2
    [entry] = [row for row in await desk.rows("ledger") if row["action"] == "rollback"]
    assert len(entry["agreement_ids"]) == 2
