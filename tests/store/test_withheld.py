"""The two rooms: what is confidential or embargoed is not in any row that the public may read."""

from __future__ import annotations

import asyncio
import datetime as dt
import re
from typing import Any

import asyncpg
import pytest

from app.sdmx.artefacts import Artefact
from app.store.pools import Pools
from app.store.registry_publication import publish
from tests.structures import CRI, ROOMS, SLV, SMALL, Desk, agreement, open_desk, sheet

HEADER = "FREQ,REF_AREA,TIME_PERIOD,OBS_VALUE,STATUS,CONF_STATUS,EMBARGO_TIME,S,G,D"
LATER = "2990-01-01T00:00:00Z"
PUBLIC = [
    "series",
    "attachment",
    "change",
    "agreement_head",
    "ledger",
    "outbox",
    "submission",
]
"""Tables that anybody's request may be answered from (the submission by its sender only)."""
SECRET = "70771077"


@pytest.fixture
async def desk(pools: Pools) -> Desk:
    return await open_desk(pools)


def rows(*lines: str, action: str = "M") -> str:
    return sheet(HEADER, *lines, flow=SMALL, action=action)


async def public_rooms(desk: Desk) -> dict[str, list[dict[str, Any]]]:
    return {table: await desk.rows(table) for table in ("series", "attachment", "change")} | {
        "head": await desk.rows("agreement_head")
    }


def soon(seconds: float) -> str:
    return (dt.datetime.now(dt.UTC) + dt.timedelta(seconds=seconds)).isoformat()


async def until(time: str) -> None:
    rest = dt.datetime.fromisoformat(time) - dt.datetime.now(dt.UTC)
    await asyncio.sleep(max(0.0, rest.total_seconds()) + 0.02)


class TestConfidential:
    @pytest.mark.parametrize("status", ["C", "N"])
    async def test_only_the_marker_is_public(self, desk: Desk, status: str) -> None:
        await desk.accept(rows("A,CRI,2023,1,A,F,,,,", f"A,CRI,2024,{SECRET},A,{status},,,,"))
        assert await desk.observations() == {
            "A.CRI.2023": {"OBS_VALUE": "1", "STATUS": "A", "CONF_STATUS": "F"},
            "A.CRI.2024": {"CONF_STATUS": status},
        }
        assert (await desk.observations("withheld_series"))["A.CRI.2024"]["OBS_VALUE"] == SECRET
        for table in PUBLIC:
            assert SECRET not in repr(await desk.rows(table)), table

    async def test_what_is_made_free_is_public_and_gone_from_the_other_room(
        self, desk: Desk
    ) -> None:
        await desk.accept(rows(f"A,CRI,2024,{SECRET},A,C,,,,"))
        await desk.accept(rows("A,CRI,2024,,,F,,,,"))
        assert await desk.observations() == {
            "A.CRI.2024": {"OBS_VALUE": SECRET, "STATUS": "A", "CONF_STATUS": "F"}
        }
        assert await desk.rows("withheld_series") == []

    async def test_what_was_free_and_is_confidential_leaves_the_current_rows(
        self, desk: Desk
    ) -> None:
        await desk.accept(rows(f"A,CRI,2024,{SECRET},A,F,,,,"))
        await desk.accept(rows("A,CRI,2024,,,C,,,,"))
        assert await desk.observations() == {"A.CRI.2024": {"CONF_STATUS": "C"}}
        assert (await desk.observations("withheld_series"))["A.CRI.2024"]["OBS_VALUE"] == SECRET

    async def test_deleting_reaches_both_rooms(self, desk: Desk) -> None:
        await desk.accept(rows(f"A,CRI,2024,{SECRET},A,C,,,,", f"A,CRI,2025,9,A,,{LATER},,,"))
        await desk.accept(rows(",,,,,,,,,", action="D"))
        assert await desk.observations() == {}
        assert await desk.rows("withheld_series") == []

    async def test_a_marker_by_itself_withholds_nothing(self, desk: Desk) -> None:
        await desk.accept(rows("A,CRI,2024,,,C,,,,"))
        assert await desk.observations() == {"A.CRI.2024": {"CONF_STATUS": "C"}}
        assert await desk.rows("withheld_series") == []

    async def test_it_is_never_released(self, desk: Desk) -> None:
        time = soon(0.3)
        await desk.accept(rows(f"A,CRI,2024,{SECRET},A,C,{time},,,"))
        assert await desk.observations() == {}
        await until(time)
        await desk.release("PA_CRI_SMALL")
        assert await desk.observations() == {"A.CRI.2024": {"CONF_STATUS": "C"}}
        for table in PUBLIC:
            assert SECRET not in repr(await desk.rows(table)), table


class TestEmbargo:
    async def test_t24_nothing_of_a_new_series_is_public(self, desk: Desk) -> None:
        before = await public_rooms(desk)
        decision = await desk.accept(
            rows(f"A,CRI,2024,{SECRET},A,,{LATER},s{SECRET},g{SECRET},d{SECRET}")
        )
        assert await public_rooms(desk) == before
        assert decision.state == "awaiting release"
        assert decision.submission.release_at == dt.datetime(2990, 1, 1, tzinfo=dt.UTC)
        for table in PUBLIC:
            assert SECRET not in repr(await desk.rows(table)), table
        [entry] = await desk.rows("ledger")
        assert entry["public"] is False
        assert entry["facts"] == {
            "observations_put": 0,
            "observations_deleted": 0,
            "attachments": 0,
            "series_attributes": 0,
        }

    async def test_t24_nothing_of_a_new_period_is_public(self, desk: Desk) -> None:
        await desk.accept(rows("A,CRI,2023,1,A,,,s,g,d"))
        before = await public_rooms(desk)
        await desk.accept(rows(f"A,CRI,2024,{SECRET},A,,{LATER},s{SECRET},,"))
        assert await public_rooms(desk) == before

    async def test_t24_a_revision_under_embargo_leaves_the_public_figure(self, desk: Desk) -> None:
        await desk.accept(rows("A,CRI,2023,1,A,,,s,g,d"))
        before = await public_rooms(desk)
        await desk.accept(rows(f"A,CRI,2023,{SECRET},A,,{LATER},,,"))
        assert await public_rooms(desk) == before

    async def test_t24_attributes_above_the_series_wait_with_the_figures(self, desk: Desk) -> None:
        """A file that holds embargoed figures only changes nothing that is public."""
        await desk.accept(rows("A,CRI,2023,1,A,,,s,g,d"))
        before = await public_rooms(desk)
        await desk.accept(rows(f"A,CRI,2024,{SECRET},A,,{LATER},s{SECRET},g{SECRET},d{SECRET}"))
        assert await public_rooms(desk) == before

    async def test_waiting_attributes_above_the_series_wait_for_their_own_time(
        self, desk: Desk
    ) -> None:
        await desk.accept(rows("A,CRI,2023,1,A,,,s,g,d"))
        time = soon(0.6)
        await desk.accept(rows(f"A,CRI,2024,2,A,,{time},,g{SECRET},d{SECRET}"))
        await desk.accept(rows("A,CRI,2025,3,A,,,,,", ",,,,,,,,,later"))
        assert await desk.attachments() == {"*.CRI": {"G": "g"}, "*.*": {"D": "later"}}
        await until(time)
        await desk.release("PA_CRI_SMALL")
        assert await desk.attachments() == {"*.CRI": {"G": f"g{SECRET}"}, "*.*": {"D": "later"}}
        assert await desk.rows("withheld_attachment") == []

    async def test_deleting_reaches_attributes_above_whatever_waits(self, desk: Desk) -> None:
        await desk.accept(rows("A,CRI,2023,1,A,,,s,g,d"))
        await desk.accept(rows(f"A,GTM,2024,2,A,,{LATER},,g{SECRET},d{SECRET}"))
        await desk.accept(rows(",,,,,,,,,", action="D"))
        for table in ("attachment", "withheld_attachment", "withheld_series"):
            assert await desk.rows(table) == [], table

    async def test_release_moves_all_of_it(self, desk: Desk) -> None:
        time = soon(0.5)
        await desk.accept(rows("A,GTM,2023,1,A,,,s,,"))
        await desk.accept(rows(f"A,CRI,2024,2,A,,{time},x,g,", f"A,CRI,2025,3,A,,{LATER},x,,"))
        assert set(await desk.observations()) == {"A.GTM.2023"}
        await desk.release("PA_CRI_SMALL")
        assert set(await desk.observations()) == {"A.GTM.2023"}
        await until(time)
        place = await desk.release("PA_CRI_SMALL")
        assert set(await desk.observations()) == {"A.GTM.2023", "A.CRI.2024"}
        assert set(await desk.observations("withheld_series")) == {"A.CRI.2025"}
        assert (await desk.series_attributes())["A.CRI"] == {"S": "x"}
        assert await desk.attachments() == {"*.CRI": {"G": "g"}}
        assert await desk.rows("withheld_attachment") == []
        number, _ = await desk.numbers("PA_CRI_SMALL")
        [head] = [h for h in await desk.rows("agreement_head") if h["agreement_id"] == number]
        assert head["published_at"] == place.published_at
        assert (head["series_count"], head["observation_count"]) == (2, 2)

    async def test_release_of_a_revision_takes_the_place_of_the_public_figure(
        self, desk: Desk
    ) -> None:
        time = soon(0.4)
        await desk.accept(rows("A,CRI,2023,1,A,,,,,"))
        await desk.accept(rows(f"A,CRI,2023,2,P,,{time},,,"))
        assert (await desk.observations())["A.CRI.2023"] == {"OBS_VALUE": "1", "STATUS": "A"}
        await until(time)
        await desk.release("PA_CRI_SMALL")
        [(_, observation)] = (await desk.observations()).items()
        assert (observation["OBS_VALUE"], observation["STATUS"]) == ("2", "P")

    async def test_a_release_never_overwrites_newer_figures(self, desk: Desk) -> None:
        time = soon(0.4)
        await desk.accept(rows(f"A,CRI,2023,2,P,,{time},,,", f"A,CRI,2024,2,P,,{time},,,"))
        await desk.accept(rows("A,CRI,2023,9,A,,,,,", action="R"))
        assert await desk.observations() == {"A.CRI.2023": {"OBS_VALUE": "9", "STATUS": "A"}}
        await until(time)
        await desk.release("PA_CRI_SMALL")
        found = await desk.observations()
        assert found["A.CRI.2023"] == {"OBS_VALUE": "9", "STATUS": "A"}
        assert found["A.CRI.2024"]["OBS_VALUE"] == "2"

    async def test_an_embargo_that_has_passed_withholds_nothing(self, desk: Desk) -> None:
        decision = await desk.accept(rows("A,CRI,2024,1,A,,2020-01-01T00:00:00-06:00,,,"))
        assert decision.state == "published"
        assert set(await desk.observations()) == {"A.CRI.2024"}

    async def test_the_offset_counts(self, desk: Desk) -> None:
        now = dt.datetime.now(dt.UTC)
        zone = dt.timezone(dt.timedelta(hours=-6))
        passed = (now - dt.timedelta(minutes=5)).astimezone(zone).isoformat()
        coming = (now + dt.timedelta(minutes=5)).astimezone(zone).isoformat()
        await desk.accept(rows(f"A,CRI,2023,1,A,,{passed},,,", f"A,CRI,2024,2,A,,{coming},,,"))
        assert set(await desk.observations()) == {"A.CRI.2023"}

    async def test_release_twice_changes_nothing_more(self, desk: Desk) -> None:
        time = soon(0.3)
        await desk.accept(rows(f"A,CRI,2024,2,A,,{time},x,g,d"))
        await until(time)
        await desk.release("PA_CRI_SMALL")
        before = await public_rooms(desk)
        await desk.release("PA_CRI_SMALL")
        assert await public_rooms(desk) == before


class TestWalls:
    async def test_t24_the_public_role_may_not_read_the_other_room(self, desk: Desk) -> None:
        await desk.accept(rows(f"A,CRI,2024,{SECRET},A,C,,,,"))
        tables = [table for table in ROOMS if table.startswith("withheld")]
        assert len(tables) == 4
        async with desk.pools.public.acquire() as connection:
            for table in tables:
                with pytest.raises(asyncpg.InsufficientPrivilegeError):
                    await connection.fetch(f"SELECT count(*) FROM {table}")

    async def test_the_public_role_sees_no_actors_and_no_submissions(self, desk: Desk) -> None:
        async with desk.pools.public.acquire() as connection:
            for column in ("actor", "*"):
                with pytest.raises(asyncpg.InsufficientPrivilegeError):
                    await connection.fetch(f"SELECT {column} FROM ledger")
            for table in ("submission", "submission_content", "finding"):
                with pytest.raises(asyncpg.InsufficientPrivilegeError):
                    await connection.fetch(f"SELECT count(*) FROM {table}")

    @pytest.mark.parametrize("role", ["public", "privileged"])
    async def test_readers_can_change_nothing(self, desk: Desk, role: str) -> None:
        await desk.accept(rows("A,CRI,2024,1,A,F,,,,"))
        async with getattr(desk.pools, role).acquire() as connection:
            for table in ROOMS:
                with pytest.raises(
                    (asyncpg.InsufficientPrivilegeError, asyncpg.ReadOnlySQLTransactionError)
                ):
                    await connection.execute(f"DELETE FROM {table}")
            await connection.execute("SET default_transaction_read_only TO off")
            for table in ROOMS:
                with pytest.raises(asyncpg.InsufficientPrivilegeError):
                    await connection.execute(f"DELETE FROM {table}")
            await connection.execute("SET default_transaction_read_only TO on")

    async def test_the_writer_cannot_rewrite_journal_and_ledger(self, desk: Desk) -> None:
        async with desk.pools.writer.acquire() as connection:
            for table in ("change", "withheld_change", "ledger"):
                for statement in (f"DELETE FROM {table}", f"TRUNCATE {table}"):
                    with pytest.raises(asyncpg.InsufficientPrivilegeError):
                        await connection.execute(statement)
            for statement in ("UPDATE ledger SET actor = ''", "UPDATE change SET action = ''"):
                with pytest.raises(asyncpg.InsufficientPrivilegeError):
                    await connection.execute(statement)

    @pytest.mark.parametrize(
        ("organisation", "seen"),
        [
            (CRI, {"CRI"}),
            (SLV, {"SLV"}),
            ("OCAM", {"SLV"}),
            ("NOBODY", set()),
            ("", set()),
            (None, set()),
            ("CRI", set()),
            ("{CRI_STAT}", set()),
        ],
    )
    async def test_the_privileged_role_sees_rows_of_its_audience_only(
        self, desk: Desk, organisation: str | None, seen: set[str]
    ) -> None:
        await desk.accept(rows("A,CRI,2024,1,A,C,,,,", f"A,CRI,2025,1,A,,{LATER},s,g,"), CRI)
        await desk.accept(rows("A,SLV,2024,1,A,C,,,,", f"A,SLV,2025,1,A,,{LATER},s,g,"), SLV)
        async with desk.pools.privileged.acquire() as connection, connection.transaction():
            if organisation is not None:
                await connection.execute(
                    "SELECT set_config('vipmg.organisation', $1, true)", organisation
                )
            for table in ("withheld_series", "withheld_change"):
                found = await connection.fetch(f"SELECT key FROM {table}")
                assert {row["key"][1] for row in found} == seen, table

    async def test_the_organisation_of_one_transaction_is_forgotten_after_it(
        self, desk: Desk
    ) -> None:
        await desk.accept(rows("A,CRI,2024,1,A,C,,,,"))
        async with desk.pools.privileged.acquire() as connection:
            async with connection.transaction():
                await connection.execute("SELECT set_config('vipmg.organisation', $1, true)", CRI)
                assert await connection.fetchval("SELECT count(*) FROM withheld_series") == 1
            assert await connection.fetchval("SELECT count(*) FROM withheld_series") == 0


async def test_attachments_of_waiting_series_are_walled_too(desk: Desk) -> None:
    await desk.accept(rows(f"A,SLV,2025,1,A,,{LATER},s,g,d"), SLV)
    assert await desk.attachments("withheld_attachment") == {
        "*.*": {"D": "d"},
        "*.SLV": {"G": "g"},
    }
    async with desk.pools.privileged.acquire() as connection:
        for organisation, sees in ((SLV, 2), (CRI, 0)):
            async with connection.transaction():
                await connection.execute(
                    "SELECT set_config('vipmg.organisation', $1, true)", organisation
                )
                count = await connection.fetchval("SELECT count(*) FROM withheld_attachment")
                assert count == sees


async def test_terms_that_name_another_reader_open_the_waiting_rows_to_it(desk: Desk) -> None:
    await desk.accept(rows("A,SLV,2024,1,A,C,,,,", f"A,SLV,2025,1,A,,{LATER},s,g,"), SLV)
    changed = agreement("PA_SLV_SMALL", "DF_SMALL", SLV, READERS="IOM")
    document = changed.document | {"version": "1.1.0"}
    async with desk.pools.writer.acquire() as connection:
        later = [Artefact.read(changed.artefact_class, document)]
        now = dt.datetime.now(dt.UTC)
        assert (await publish(connection, later, now)).changed_terms
        entry = await connection.fetchrow("SELECT * FROM ledger ORDER BY sequence DESC LIMIT 1")
        assert entry is not None
        assert (entry["action"], entry["public"]) == ("terms", False)
    async with desk.pools.privileged.acquire() as connection:
        for organisation, sees in (("IOM", True), (SLV, True), ("OCAM", False)):
            async with connection.transaction():
                await connection.execute(
                    "SELECT set_config('vipmg.organisation', $1, true)", organisation
                )
                for table in ("withheld_series", "withheld_change"):
                    found = await connection.fetchval(f"SELECT count(*) FROM {table}")
                    assert bool(found) == sees, (organisation, table)


async def test_findings_do_not_tell_another_organisation_s_values(desk: Desk) -> None:
    """A refused file of one provider is judged by its own rows alone."""
    await desk.accept(rows(f"A,CRI,2024,{SECRET},A,C,,,,"), CRI)
    decision = await desk.send(rows("A,CRI,2024,x,A,,,,,"), SLV)
    assert not re.search(SECRET, repr(decision))


async def test_a_deletion_without_periods_does_not_bring_waiting_attributes_to_the_public(
    desk: Desk,
) -> None:
    await desk.accept(rows("A,CRI,2023,1,A,,,s,,"))
    await desk.accept(rows(f"A,CRI,2024,2,A,,{LATER},s{SECRET},,"))
    await desk.accept(rows("A,CRI,,,-,,,,,", action="D"))
    assert await desk.series_attributes() == {"A.CRI": {"S": "s"}}
    for table in PUBLIC:
        assert SECRET not in repr(await desk.rows(table)), table


async def test_a_public_figure_without_attributes_does_not_bring_waiting_ones_along(
    desk: Desk,
) -> None:
    await desk.accept(rows("A,CRI,2023,1,A,,,s,,"))
    await desk.accept(rows(f"A,CRI,2024,2,A,,{LATER},s{SECRET},,"))
    await desk.accept(rows("A,CRI,2023,3,A,,,,,"))
    assert await desk.series_attributes() == {"A.CRI": {"S": "s"}}
    for table in PUBLIC:
        assert SECRET not in repr(await desk.rows(table)), table
    await desk.accept(rows("A,CRI,2023,4,A,,,t,,"))
    assert await desk.series_attributes() == {"A.CRI": {"S": "t"}}
