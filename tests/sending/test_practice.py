"""The practice space: everything can be tried in it, and nothing of it shows anywhere else."""

from __future__ import annotations

from typing import Any

import asyncpg
import httpx
import pytest

from app.services.empty_practice import keep_emptying
from app.store import practice
from app.store.pools import Pools
from tests.sending.desk import CSV, MONTHLY, TWO, House, rows
from tests.structures import ROOMS, SLV

SPACE = "/practice"
FILE = rows("M,CRI,2024-01,1", "M,CRI,2024-02,2,,,2099-01-01T00:00:00Z", "M,CRI,2024-03,3,,C")
DATA = "/api/practice/agreements/PA_CRI_SMALL/data"
TABLES = (*ROOMS, "submission", "submission_content", "finding", "nil_return", "receipt")


async def everything(pools: Pools, schema: str) -> dict[str, list[str]]:
    """All rows of all tables of one space."""
    found = {}
    for name in TABLES:
        listed = await pools.writer.fetch(f"SELECT t::text AS row FROM {schema}.{name} AS t")
        found[name] = sorted(row["row"] for row in listed)
    return found


async def seen_outside(house: House, sender: Any, other: Any) -> list[tuple[int, Any, str]]:
    """What others see, and the sender itself outside of practice, with ETags."""
    paths = [
        "/sdmx/v2/data/dataflow/TST/DF_SMALL/1.0.0",
        "/sdmx/v2/data/provisionagreement/TST/PA_CRI_SMALL/1.0.0",
        "/sdmx/v2/availability/dataflow/TST/DF_SMALL/1.0.0?mode=exact",
        "/sdmx/v2/data/dataflow/TST/DF_SMALL/1.0.0?includeHistory=true",
        "/sdmx/v1/data/TST,DF_SMALL,1.0.0",
    ]
    own = [
        "/api/submissions",
        "/api/agreements/PA_CRI_SMALL/periods",
        "/api/agreements/PA_CRI_SMALL/nil-returns",
        "/sdmx/v2/data/provisionagreement/TST/PA_CRI_SMALL/1.0.0",
    ]
    seen = []
    for path in paths:
        reply = await house.public(path, "*/*" if "availability" in path else CSV)
        assert reply.status_code == 200, reply.text
        seen.append((reply.status_code, reply.headers["etag"], reply.text))
    for path in own:
        reply = await sender.client.get(path)
        seen.append((reply.status_code, reply.headers.get("etag"), reply.text))
    for path in ("/api/submissions", "/api/practice/submissions"):
        reply = await other.client.get(path)
        seen.append((reply.status_code, None, reply.text))
    return seen


async def test_nothing_of_practice_shows_anywhere_else(house: House, pools: Pools) -> None:
    sender, other = await house.sender(), await house.sender(SLV)
    await sender.publish(rows("M,CRI,2023-01,7"))
    real, seen = await everything(pools, "public"), await seen_outside(house, sender, other)
    told = (await sender.send(FILE, space=SPACE)).json()
    assert (told["state"], told["practice"]) == ("awaiting release", True)
    assert set(told["notice"]) == {"en", "es"}
    assert "/api/practice/submissions/" in told["links"]["self"]
    wrong = await sender.send(rows("M,XXX,2024-01,1"), space=SPACE)
    assert wrong.status_code == 422
    nil = "/api/practice/agreements/PA_MONTHLY/nil-returns"
    assert (await sender.post(nil, {"period": "2024-01"})).status_code == 201
    assert await everything(pools, "public") == real
    assert await seen_outside(house, sender, other) == seen
    for one in (told, wrong.json()):
        for name, link in one["links"].items():
            assert (await other.client.get(link)).status_code == 404
            own = (await sender.client.get(link)).status_code
            assert own == 200 or (name == "preview" and one is not told), link
        outside = one["links"]["self"].replace("/practice", "")
        assert (await sender.client.get(outside)).status_code == 404
    assert (await other.client.get(DATA)).status_code == 404
    assert len((await sender.get("/api/practice/submissions"))["submissions"]) == 3
    assert (await sender.get(told["links"]["self"]))["id"] == told["id"]


async def test_the_practice_space_has_no_table_that_nobody_writes(pools: Pools) -> None:
    found = await pools.writer.fetch(
        "SELECT tablename FROM pg_tables WHERE schemaname = 'practice'"
    )
    assert not {"upload", "upload_part"} & {row["tablename"] for row in found}


async def test_the_database_keeps_readers_out(pools: Pools) -> None:
    for pool in (pools.public, pools.privileged):
        for table in ("series", "submission", "ledger", "withheld_series"):
            with pytest.raises(asyncpg.InsufficientPrivilegeError):
                await pool.fetch(f"SELECT * FROM practice.{table}")


async def read(sender: Any, query: str = "") -> httpx.Response:
    reply: httpx.Response = await sender.client.get(DATA + query, headers={"Accept": CSV})
    return reply


async def test_ones_own_practice_data_are_read_back_in_the_formats_of_sdmx(house: House) -> None:
    sender = await house.sender()
    assert (await read(sender)).status_code == 204
    await sender.send(FILE, space=SPACE)
    table = await read(sender)
    assert table.status_code == 200
    assert table.headers["cache-control"] == "private, no-store"
    assert "practice" in table.headers["x-vipmg-practice"]
    assert sorted(line.split(",")[5] for line in table.text.splitlines()[1:]) == [
        "2024-01",
        "2024-02",
        "2024-03",
    ]
    assert (await sender.client.get(DATA + "?format=json")).json()["data"]["dataSets"]
    assert (await sender.client.get(DATA + "?format=xml")).content.startswith(b"<?xml")
    await sender.publish(rows("M,CRI,2024-01,100"), space=SPACE)
    assert ",100," in (await read(sender)).text
    assert await house.figures() == {}


async def test_the_same_rules_hold_as_in_earnest(house: House) -> None:
    sender, second = await house.sender(), await house.sender()
    first = await sender.publish(rows("M,CRI,2024-01,1"), space=SPACE)
    assert (await sender.send(rows("M,CRI,2024-01,1"), space=SPACE)).json()["id"] == first["id"]
    in_earnest = await sender.publish(rows("M,CRI,2024-01,1"))
    assert in_earnest["id"] != first["id"]
    waits = (await sender.send(rows("M,CRI,2024-01,1", flow=TWO), space=SPACE)).json()
    assert waits["state"] == "accepted"
    path = f"/api/practice/submissions/{waits['id']}/approval"
    assert (await sender.post(path, {"decision": "approve"})).status_code == 403
    approved = await second.post(path, {"decision": "approve"})
    assert (approved.json()["state"], approved.json()["practice"]) == ("published", True)
    assert await house.figures(TWO) == {}


async def test_published_data_can_be_copied_and_revised_in_practice(
    house: House, pools: Pools
) -> None:
    sender, other = await house.sender(), await house.sender(SLV)
    await sender.send(FILE)
    await sender.publish(rows("M,CRI,2023-01,9", flow=MONTHLY))
    await other.publish(rows("M,SLV,2024-01,5"))
    real = await everything(pools, "public")
    for _ in range(2):
        copied = await sender.client.post("/api/practice/copy", json={"agreement": "PA_CRI_SMALL"})
        assert copied.status_code == 201, copied.text
        assert copied.json()["counts"] == {"series": 1}
        assert set(copied.json()["notice"]) == {"en", "es"}
    assert (await read(sender)).text.count("\n") == 4
    told = (await sender.send(rows("M,CRI,2024-01,50"), space=SPACE)).json()
    assert told["preview"][0]["revised"] == 1
    assert await everything(pools, "public") == real
    foreign = await sender.client.post("/api/practice/copy", json={"agreement": "PA_SLV_SMALL"})
    assert foreign.status_code == 404


async def test_ones_own_practice_is_emptied_and_that_of_others_stays(
    house: House, pools: Pools
) -> None:
    sender, other = await house.sender(), await house.sender(SLV)
    real = await sender.publish(rows("M,CRI,2023-01,7"))
    await sender.send(FILE, space=SPACE)
    kept = await other.publish(rows("M,SLV,2024-01,1"), space=SPACE)
    reply = await sender.client.delete("/api/practice")
    assert reply.json()["counts"] == {"submissions": 1, "series": 1}
    assert (await sender.get("/api/practice/submissions"))["submissions"] == []
    assert (await read(sender)).status_code == 204
    assert (await other.get(kept["links"]["self"]))["state"] == "published"
    assert (await sender.get(real["links"]["self"]))["state"] == "published"
    assert await house.figures() == {"M.CRI.2023-01": "7"}
    assert len((await everything(pools, "practice"))["submission_content"]) == 1
    again = await sender.send(FILE, space=SPACE)
    assert again.status_code == 201, again.text
    assert (await read(sender)).text.count("\n") == 4


async def test_what_is_old_is_forgotten_by_itself(house: House, pools: Pools) -> None:
    sender, space = await house.sender(), pools.practice
    assert space is not None
    await sender.send(FILE, space=SPACE)
    await sender.publish(rows("M,GTM,2024-01,4"), space=SPACE)
    nil = "/api/practice/agreements/PA_MONTHLY/nil-returns"
    await sender.post(nil, {"period": "2024-01"})
    real = await sender.publish(rows("M,CRI,2023-01,7"))
    for table, column in (
        ("submission", "received_at"), ("ledger", "published_at"), ("receipt", "issued_at")
    ):  # fmt: skip
        await pools.writer.execute(
            f"UPDATE practice.{table} SET {column} = {column} - interval '8 days'"
        )
    await sender.publish(rows("M,GTM,2024-02,5"), space=SPACE)
    async with space.writer.acquire() as connection:
        gone = await practice.forget_older(connection, 7)
    assert gone == {"submissions": 3, "series": 1}
    left = await everything(pools, "practice")
    assert [len(left[name]) for name in ("submission", "series", "withheld_series")] == [1, 1, 0]
    assert left["nil_return"] == []
    assert (await read(sender)).text.count("\n") == 3
    assert (await sender.get(real["links"]["self"]))["state"] == "published"
    assert keep_emptying


async def test_consumers_have_no_practice(house: House) -> None:
    consumer = await house.sender("OCAM")
    assert (await consumer.send(FILE, space=SPACE)).status_code == 403
    reply = await consumer.client.post("/api/practice/copy", json={"agreement": "PA_CRI_SMALL"})
    assert reply.status_code == 403
