"""Submissions of every kind: their bytes are kept, their receipts hold, and all of it moves."""

from __future__ import annotations

import asyncio
import datetime as dt
import hashlib
import subprocess
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import orjson
import pytest

from app.auth.keyring import Keyring
from app.auth.receipt_keys import read_statement
from app.services.export_provider import export_provider
from app.services.load_provider import load_provider
from app.settings import Settings
from app.store import receipts
from app.store.ledger_lines import digest
from app.store.pools import Pools, open_pools
from tests.conftest import fresh_database
from tests.sending.desk import House, Sender, open_house, rows
from tests.served import VIPMG, environment
from tests.structures import CRI

NOW = dt.datetime(2026, 5, 1, tzinfo=dt.UTC)
FIX = [{"row": 2, "column": "OBS_VALUE", "value": "2"}]


@pytest.fixture
async def house(pools: Pools, settings: Settings) -> AsyncIterator[House]:
    async with open_house(pools, settings) as opened:
        yield opened


@pytest.fixture
def other_dsn(postgres_dsn: str, template: str) -> Iterator[str]:
    """An empty database of another service."""
    yield from fresh_database(postgres_dsn, template)


async def live(sender: Sender) -> list[dict[str, Any]]:
    """One submission of each kind, the newest first, with what became of it."""
    first = await sender.publish(rows("M,CRI,2024-01,1", "M,CRI,2024-02,2", "A,GTM,2023,3,,C"))
    refused = (await sender.send(rows("M,CRI,2024-03,x"))).json()
    replies = [
        await sender.post(f"/api/submissions/{refused['id']}/corrections", FIX),
        await sender.client.patch(
            "/api/agreements/PA_CRI_SMALL/observations",
            json={
                "reason": "typing error",
                "observations": [
                    {
                        "key": {"FREQ": "M", "REF_AREA": "CRI"},
                        "TIME_PERIOD": "2024-01",
                        "values": {"OBS_VALUE": "10"},
                    }
                ],
            },
            headers={"Prefer": "wait=60"},
        ),
        await sender.post("/api/agreements/PA_MONTHLY/nil-returns", {"period": "2024-03"}),
    ]
    later = await sender.publish(rows("M,CRI,2024-02,22", "M,CRI,2024-06,6"))
    replies.append(await sender.post(f"/api/submissions/{later['id']}/rollback", {"reason": "r"}))
    replies.append(await sender.post(f"/api/submissions/{first['id']}/withdrawal", {"reason": "w"}))
    for reply in replies:
        assert reply.status_code in {200, 201}, reply.text
    listed: list[dict[str, Any]] = (await sender.get("/api/submissions?limit=100"))["submissions"]
    return listed


async def test_bytes_of_every_kind_are_kept_and_can_be_read(house: House) -> None:
    sender = await house.sender()
    listed = await live(sender)
    assert {each["kind"] for each in listed} == {
        *("file", "correction", "nil return", "rollback", "withdrawal")
    }
    for each in listed:
        reply = await sender.client.get(each["links"]["content"])
        assert reply.status_code == 200, each["kind"]
        assert hashlib.sha256(reply.content).hexdigest() == each["file"]["sha256"], each["kind"]
        assert len(reply.content) == each["file"]["bytes"]


async def test_every_decision_has_a_receipt_that_says_how_it_stands(house: House) -> None:
    sender = await house.sender()
    for each in await live(sender):
        found = (await sender.get(each["links"]["receipts"]))["receipts"]
        claims = [read_statement(one["receipt"])[1] for one in found]
        assert claims[0]["kind"] == "arrival"
        assert {one["submission_kind"] for one in claims} == {each["kind"]}
        assert claims[-1]["state"] == each["state"], each["kind"]
        if each["parent_id"] is not None:
            assert {one["parent"] for one in claims} == {each["parent_id"]}


async def test_what_is_undone_is_told_in_a_receipt_of_its_own(house: House) -> None:
    sender = await house.sender()
    states = {}
    for each in await live(sender):
        found = (await sender.get(each["links"]["receipts"]))["receipts"]
        states[each["state"]] = [one["state"] for one in found]
    assert states["withdrawn"] == ["received", "published", "withdrawn"]
    assert states["rolled back"] == ["received", "published", "rolled back"]


async def test_the_receipt_of_a_correction_holds_its_corrections(house: House) -> None:
    sender = await house.sender()
    [mended] = [
        each
        for each in await live(sender)
        if each["kind"] == "file" and each["parent_id"] is not None
    ]
    receipt = (await sender.client.get(f"{mended['links']['receipts']}/arrival")).text
    stored = await house.pools.writer.fetchval(
        "SELECT corrections::text FROM submission WHERE id = $1::text::uuid", mended["id"]
    )
    assert read_statement(receipt)[1]["corrections_sha256"] == digest(orjson.loads(stored))


async def test_a_whole_life_moves_and_verifies(
    house: House, other_dsn: str, tmp_path: Path
) -> None:
    await live(await house.sender())
    writer = house.pools.writer
    path = tmp_path / "all.zip"
    parts = export_provider(writer, Keyring(writer), CRI, house.settings.base_url)
    path.write_bytes(b"".join([part async for part in parts]))
    ran = await asyncio.to_thread(
        subprocess.run,
        [*VIPMG, "verify", str(path)],
        env=environment(),
        capture_output=True,
        text=True,
        check=False,
    )
    assert ran.returncode == 0, ran.stderr
    settings = Settings(data_dir=tmp_path / "d", database_url=other_dsn, database_pool_size=2)
    other = await open_pools(other_dsn, settings)
    try:
        loaded = await load_provider(other.writer, path, NOW)
        assert loaded.publications.count == loaded.publications.kept
        for table in ("submission", "nil_return", "receipt", "finding", "confirmed"):
            counts = [
                await each.fetchval(f"SELECT count(*) FROM {table}")
                for each in (writer, other.writer)
            ]
            assert counts[0] == counts[1], table
        chains = []
        for each in (writer, other.writer):
            async with each.acquire() as connection:
                chains.append(await receipts.of_organisation(connection, CRI, 0, 1000))
        assert chains[0] == chains[1]
    finally:
        await other.close()
