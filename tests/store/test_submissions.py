"""Submissions from bytes to decision: what comes in, what is told, who may send what."""

from __future__ import annotations

import gzip
import hashlib
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from app.auth.subject import Subject
from app.errors import IdempotencyKeyReusedError, MessageError, NotAuthorisedError, TooLargeError
from app.sdmx.finding_texts import UNREADABLE
from app.services.process_submission import process_submission
from app.services.receive_submission import Upload, receive_submission
from app.store import contents, submissions
from app.store.pools import Pools
from tests.structures import CRI, FLOW, MAX_BYTES, SLV, SMALL, Desk, open_desk, sheet

HEADER = "FREQ,REF_AREA,SEX,TIME_PERIOD,OBS_VALUE,OBS_STATUS,UNIT_MULT,TITLE,EMBARGO_TIME"
OK = "A,CRI,F,2024,1,A,0,Title,"
SMALL_HEADER = "FREQ,REF_AREA,TIME_PERIOD,OBS_VALUE,STATUS,S,G,D"


@pytest.fixture
async def desk(pools: Pools) -> Desk:
    return await open_desk(pools)


def big(*rows: str, **parts: Any) -> str:
    return sheet(HEADER, *rows, **parts)


def small(*rows: str, **parts: Any) -> str:
    return sheet(SMALL_HEADER, *rows, flow=SMALL, **parts)


class TestReport:
    async def test_c152_everything_wrong_in_one_file_is_told_at_once(self, desk: Desk) -> None:
        decision = await desk.send(
            big(
                "X,CRI,F,2024,1,A,0,Title,",
                "A,SLV,F,2024,1,A,0,,",
                "A,CRI,F,2024-13,1,A,0,,",
                "A,CRI,F,2020-Q1-1,1,A,0,,",
                "M,CRI,F,2024,1,A,0,,",
                "A,CRI,F,2024,1e999,A,0,,",
                "A,CRI,F,2025,1,A,0,,tomorrow",
                "A,CRI,F,2026,1,A,0,,2030-01-01T00:00:00",
                "A,CRI,M,2024,1,,0,,",
                "A,CRI,M,2025,1,A,0,,",
                "A,CRI,M,2025,2,A,0,,",
                "A,CRI,_T,2025,2,A,,,",
                ",CRI,_T,2025,2,A,0,,",
                "Z|A,CRI,_T,2025,2,A,0,,",
                "A,CRI",
            )
        )
        assert decision.state == "rejected"
        assert sorted((f.row, f.code, f.component) for f in decision.findings if f.row) == [
            (2, "VIPMG-210", "FREQ"),
            (3, "VIPMG-222", "REF_AREA"),
            (4, "VIPMG-213", "TIME_PERIOD"),
            (5, "VIPMG-213", "TIME_PERIOD"),
            (6, "VIPMG-214", "TIME_PERIOD"),
            (7, "VIPMG-212", "OBS_VALUE"),
            (8, "VIPMG-212", "EMBARGO_TIME"),
            (9, "VIPMG-215", "EMBARGO_TIME"),
            (10, "VIPMG-230", "OBS_STATUS"),
            (12, "VIPMG-231", None),
            (13, "VIPMG-230", "UNIT_MULT"),
            (14, "VIPMG-211", "FREQ"),
            (15, "VIPMG-206", "ACTION"),
            (16, "VIPMG-202", None),
        ]
        assert decision.submission.finding_count == len(decision.findings)
        assert await desk.rows("series") == []

    async def test_c152_five_thousand_wrong_rows(self, desk: Desk) -> None:
        rows = [
            f"D,CRI,F,{year}-D{day:03},x,A,0,Title,"
            for year in range(2001, 2021)
            for day in range(1, 251)
        ]
        decision = await desk.send(big(*rows))
        assert [f.row for f in decision.findings] == list(range(2, 5002))
        assert set(decision.codes) == {"VIPMG-212"}
        async with desk.pools.writer.acquire() as connection:
            counts = await submissions.finding_counts(connection, decision.submission.id)
        assert counts == {"VIPMG-212": 5000}

    async def test_a_mandatory_attribute_stored_before_need_not_come_again(
        self, desk: Desk
    ) -> None:
        await desk.accept(big(OK))
        await desk.accept(
            sheet("FREQ,REF_AREA,SEX,TIME_PERIOD,OBS_VALUE,OBS_STATUS", "A,CRI,F,2025,2,A")
        )
        assert len(await desk.observations()) == 2

    async def test_a_mandatory_attribute_of_the_observation_is_kept_by_merge_and_lost_by_replace(
        self, desk: Desk
    ) -> None:
        await desk.accept(big(OK))
        await desk.accept(big("A,CRI,F,2024,2,,,,"))
        decision = await desk.send(big("A,CRI,F,2024,3,,,,", action="R"))
        assert [(f.code, f.component) for f in decision.findings] == [("VIPMG-230", "OBS_STATUS")]

    async def test_deleting_a_mandatory_value_is_refused(self, desk: Desk) -> None:
        await desk.accept(big(OK))
        decision = await desk.send(big("A,CRI,F,2024,,-,,,", action="D"))
        assert [(f.code, f.row, f.component) for f in decision.findings] == [
            ("VIPMG-230", 2, "OBS_STATUS")
        ]

    @pytest.mark.parametrize(
        "content",
        [
            "STRUCTURE\n",
            "hello",
            "STRUCTURE,STRUCTURE_ID,ACTION,DIM\n",
            b"STRUCTURE,STRUCTURE_ID\ndataflow,\xff\n",
            'STRUCTURE,STRUCTURE_ID,ACTION,FREQ\ndataflow,TST:DF(1.0.0),M,"A\n',
            "\n",
            b"\x00" * 100,
        ],
    )
    async def test_201_unreadable(self, desk: Desk, content: str | bytes) -> None:
        decision = await desk.send(content)
        assert (decision.state, decision.codes) == ("rejected", ["VIPMG-201"])
        assert decision.findings[0].rule in UNREADABLE

    async def test_201_tells_also_what_was_found_before(self, desk: Desk) -> None:
        text = big("A,CRI,F,2024,x,A,0,,").replace("EMBARGO_TIME\n", "EMBARGO_TIME,FREQ\n")
        decision = await desk.send(text.replace("A,0,,\n", "A,0,,,A\n") + '"unclosed')
        assert {"VIPMG-201", "VIPMG-205"} <= set(decision.codes)

    @pytest.mark.parametrize("text", ["a\x00b", "a\x00"])
    async def test_f3_nul_is_a_finding_and_no_fault_of_ours(self, desk: Desk, text: str) -> None:
        header = f"{HEADER},COLLECTION"
        decision = await desk.send(sheet(header, f"{OK},{text}"))
        assert (decision.state, decision.codes) == ("rejected", ["VIPMG-212"])
        decision = await desk.send(sheet(HEADER, OK.replace("CRI", text)))
        assert (decision.state, decision.codes) == ("rejected", ["VIPMG-210"])
        decision = await desk.send(sheet(HEADER, OK, flow=f"TST:{text}(1.0.0)"))
        assert (decision.state, decision.codes) == ("rejected", ["VIPMG-203"])
        decision = await desk.send(sheet(f"{HEADER},{text}", f"{OK},x"))
        assert decision.state in {"published", "rejected"}


class TestRights:
    @pytest.mark.parametrize(
        ("kind", "name"),
        [
            ("dataprovision", "TST:PA_SLV(1.0.0)"),
            ("dataprovision", "TST:PA_SLV_SMALL(1.0.0)"),
        ],
    )
    async def test_c158_agreement_of_another_provider(
        self, desk: Desk, kind: str, name: str
    ) -> None:
        decision = await desk.send(big(OK, flow=name, kind=kind))
        assert [(f.code, f.row, f.component, f.value) for f in decision.findings] == [
            ("VIPMG-223", 2, "STRUCTURE_ID", name)
        ]

    async def test_c158_223_provider_without_any_agreement(self, desk: Desk) -> None:
        decision = await desk.send(big(OK), "NOBODY")
        assert (decision.state, decision.codes) == ("rejected", ["VIPMG-223"])

    @pytest.mark.parametrize(
        ("kind", "name"),
        [
            ("dataflow", "TST:NONE(1.0.0)"),
            ("dataflow", "TST:DF(2.0.0)"),
            ("dataflow", "NONE:DF(1.0.0)"),
            ("dataflow", "not a structure"),
            ("dataflow", ""),
            ("dataflow", "TST:DF(1.0.0)) OR 1=1 --"),
            ("datastructure", "TST:DF(1.0.0)"),
            ("dataprovision", "TST:PA_NONE(1.0.0)"),
        ],
    )
    async def test_c156_203_no_such_structure(self, desk: Desk, kind: str, name: str) -> None:
        decision = await desk.send(big(OK, flow=name, kind=kind))
        assert (decision.state, decision.codes) == ("rejected", ["VIPMG-203"])

    async def test_t20_one_foreign_row_among_ten_thousand_refuses_all(self, desk: Desk) -> None:
        rows = [
            f"D,CRI,F,{year}-D{day:03},1,A,0,Title,"
            for year in range(2000, 2028)
            for day in range(1, 366)
        ][:10_000]
        rows[7000] = rows[7000].replace("CRI", "SLV")
        decision = await desk.send(big(*rows))
        assert [(f.code, f.row, f.value) for f in decision.findings] == [("VIPMG-222", 7002, "SLV")]
        assert await desk.rows("series") == []

    async def test_both_providers_hold_the_same_key_apart(self, desk: Desk) -> None:
        await desk.accept(small("A,CRI,2024,1,,,,"), CRI)
        await desk.accept(small("A,CRI,2024,2,,,,"), SLV)
        values = {row["agreement_id"]: row["observations"] for row in await desk.rows("series")}
        assert sorted(d["OBS_VALUE"] for d in values.values()) == ["1", "2"]
        assert len(values) == 2

    async def test_fixed_attribute_need_not_be_sent_and_cannot_be_changed(self, desk: Desk) -> None:
        await desk.accept(big("A,SLV,F,2024,1,A,0,,"), SLV)
        await desk.accept(big("A,SLV,F,2024,2,A,0,Fixed by the agreement,"), SLV)
        decision = await desk.send(big("A,SLV,F,2024,3,A,0,Other,"), SLV)
        [finding] = decision.findings
        assert (finding.code, finding.value, finding.allowed) == (
            "VIPMG-224",
            "Other",
            "Fixed by the agreement",
        )
        assert await desk.attachments() == {}


class TestReceipt:
    async def test_same_key_same_bytes_is_the_same_submission(self, desk: Desk) -> None:
        first = await desk.put(small("A,CRI,2024,1,,,,"), idempotency_key="k")
        again = await desk.put(small("A,CRI,2024,1,,,,"), idempotency_key="k")
        assert first == again
        with pytest.raises(IdempotencyKeyReusedError):
            await desk.put(small("A,CRI,2024,2,,,,"), idempotency_key="k")
        other = await desk.put(small("A,CRI,2024,2,,,,"), SLV, idempotency_key="k")
        assert other != first

    async def test_f4_bytes_are_kept_and_hashed_as_they_came(self, desk: Desk) -> None:
        body = gzip.compress(small("A,CRI,2024,1,,,,").encode() * 100)
        number = await desk.put(body, encoding="gzip")
        async with desk.pools.writer.acquire() as connection:
            stored = await submissions.by_id(connection, number)
            assert stored is not None
            parts = [part async for part in contents.parts(connection, stored.sha256)]
        assert stored.sha256 == hashlib.sha256(body).hexdigest()
        assert b"".join(parts) == body
        assert (stored.byte_count, stored.state) == (len(body), "received")

    async def test_empty_body(self, desk: Desk) -> None:
        with pytest.raises(MessageError):
            await desk.put(b"")

    async def test_a_consumer_sends_nothing(self, desk: Desk) -> None:
        async def chunks() -> Any:
            yield b"x"

        upload = Upload(chunks(), "text/csv", None, None, None, MAX_BYTES)
        with pytest.raises(NotAuthorisedError):
            await receive_submission(desk.pools, Subject("c", CRI, "data_consumer"), upload)
        assert await desk.rows("submission") == []

    async def test_too_large_is_refused_while_it_comes(self, desk: Desk) -> None:
        taken = 0

        async def chunks() -> Any:
            nonlocal taken
            for _ in range(100):
                taken += 1
                yield b"x" * 1000

        upload = Upload(chunks(), "text/csv", None, None, None, 5_000)
        with pytest.raises(TooLargeError) as caught:
            await receive_submission(desk.pools, Subject("c", CRI, "data_provider"), upload)
        assert caught.value.detail["limit"] == 5_000
        assert taken == 6

    async def test_decided_once(self, desk: Desk) -> None:
        decision = await desk.accept(small("A,CRI,2024,1,,,,"))
        before = await desk.state()
        await process_submission(
            desk.pools, desk.cache, decision.submission.id, max_bytes=MAX_BYTES
        )
        assert await desk.state() == before

    async def test_cut_off_while_validating_is_taken_up_again(self, desk: Desk) -> None:
        number = await desk.put(small("A,CRI,2024,x,,,,"))
        async with desk.pools.writer.acquire() as connection:
            assert await submissions.begin(connection, number)
        decision = await desk.process(number)
        assert (decision.state, decision.codes) == ("rejected", ["VIPMG-212"])

    async def test_counts_and_agreements_of_the_receipt(self, desk: Desk) -> None:
        decision = await desk.accept(small("A,CRI,2024,1,,s,g,", "A,GTM,2024,1,,s,,"))
        assert decision.submission.row_count == 2
        assert decision.submission.changes == {
            "observations_put": 2,
            "observations_deleted": 0,
            "attachments": 1,
            "series_attributes": 0,
        }
        assert [urn.rpartition("=")[2] for urn in decision.submission.agreements] == [
            "TST:PA_CRI_SMALL(1.0.0)"
        ]


class TestGzip:
    TEXT = small("A,CRI,2024,1,,,,").encode()

    async def test_whole(self, desk: Desk) -> None:
        decision = await desk.send(gzip.compress(self.TEXT), encoding="gzip")
        assert decision.state == "published"

    @pytest.mark.parametrize(
        "body",
        [gzip.compress(TEXT, mtime=0)[:-4], TEXT, gzip.compress(TEXT, mtime=0) + b"rubbish"],
        ids=["cut off", "not gzip", "rubbish behind"],
    )
    async def test_201_broken(self, desk: Desk, body: bytes) -> None:
        decision = await desk.send(body, encoding="gzip")
        assert (decision.state, decision.codes) == ("rejected", ["VIPMG-201"])
        assert await desk.rows("series") == []

    async def test_t41_bomb(self, desk: Desk) -> None:
        body = gzip.compress(self.TEXT + b"\n" * (100 << 20), 9)
        decision = await desk.send(body, encoding="gzip", max_bytes=1 << 30)
        assert (decision.state, decision.codes) == ("rejected", ["VIPMG-201"])


NUMERAL = st.from_regex(r"[+-]?([0-9]{1,40}(\.[0-9]{0,20})?|\.[0-9]{1,20})", fullmatch=True)


@settings(
    max_examples=10, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(values=st.lists(NUMERAL, min_size=1, max_size=20))
async def test_decimals_are_stored_and_read_back_unchanged(desk: Desk, values: list[str]) -> None:
    rows = [f"A,CRI,{2001 + n},{value},,,," for n, value in enumerate(values)]
    await desk.accept(small("D|,,,,,,,", *(f"M|{row}" for row in rows)))
    stored = [values["OBS_VALUE"] for _, values in sorted((await desk.observations()).items())]
    assert stored == values
    assert [Decimal(text) for text in stored] == [Decimal(text) for text in values]


async def test_a_flow_may_be_named_without_version_by_its_structure(desk: Desk) -> None:
    """`AGENCY:ID` stands for the latest version (SDMX-CSV, footnote on STRUCTURE_ID)."""
    decision = await desk.accept(big(OK, flow=FLOW.partition("(")[0]))
    assert len(decision.submission.agreements) == 1
