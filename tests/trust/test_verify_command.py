"""`vipmg ledger fetch`, `vipmg verify`, `vipmg keys`: as people run them, on a real service."""

from __future__ import annotations

import asyncio
import gzip
import subprocess
import zipfile
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path

import asyncpg
import orjson
import pytest

from app.auth.receipt_keys import read_statement
from app.services.add_client import add_client
from app.settings import Settings
from app.store.pools import Pools
from tests.exchange import Exchange, open_exchange, served, small
from tests.served import VIPMG, environment
from tests.structures import CRI, SLV

FILE = small("A,CRI,2024,1,A")


@dataclass
class Desk:
    """A served exchange, and how commands are run against it."""

    exchange: Exchange
    url: str
    credential: dict[str, str]
    folder: Path

    async def run(self, *arguments: str, **more: str) -> subprocess.CompletedProcess[str]:
        """Run a command in the folder, with the credential of a provider."""
        return await asyncio.to_thread(
            subprocess.run,
            [*VIPMG, *arguments],
            cwd=self.folder,
            env=environment(**self.credential, **more),
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )

    async def fetch(self) -> None:
        """Save what is to be verified, in the folder `kept`."""
        ran = await self.run("ledger", "fetch", "--url", self.url, "--to", "kept")
        assert ran.returncode == 0, ran.stderr


@pytest.fixture
async def desk(pools: Pools, settings: Settings, tmp_path: Path) -> AsyncIterator[Desk]:
    async with (
        open_exchange(pools, settings) as exchange,
        served(exchange.service) as url,
    ):
        new = await add_client(exchange.pools.writer, CRI)
        assert new.client_secret is not None
        credential = {
            "VIPMG_CLIENT_ID": new.client_id,
            "VIPMG_CLIENT_SECRET": new.client_secret,
        }
        await exchange.desk.accept(FILE)
        await exchange.desk.accept(small("A,SLV,2024,1,A"), SLV)
        await exchange.desk.send(small("A,CRI,2024,x,A"))
        yield Desk(exchange, url, credential, tmp_path)


async def test_what_was_fetched_holds_also_without_the_service(desk: Desk) -> None:
    await desk.fetch()
    (desk.folder / "sent.csv").write_text(FILE)
    ran = await desk.run("verify", "kept", "--file", "sent.csv")
    assert ran.returncode == 0, ran.stdout + ran.stderr
    assert "CRI_STAT: 4 receipts, numbers 1 to 4." in ran.stdout
    assert "Ledger of all publications: 2 lines." in ran.stdout
    assert "sent.csv is the file of CRI_STAT 1 (arrival), CRI_STAT 2 (decision)" in ran.stdout
    assert "All holds." in ran.stdout


async def test_a_file_that_was_compressed_on_its_way_is_known_again(desk: Desk) -> None:
    body = small("A,CRI,2021,5,A")
    (desk.folder / "later.csv").write_text(body)
    await desk.exchange.desk.put(gzip.compress(body.encode(), mtime=0), encoding="gzip")
    await desk.fetch()
    ran = await desk.run("verify", "kept", "--file", "later.csv")
    assert ran.returncode == 0, ran.stdout + ran.stderr


async def test_what_the_service_changed_later_shows_against_what_was_kept(
    desk: Desk, dsn: str
) -> None:
    await desk.fetch()
    connection = await asyncpg.connect(dsn)
    await connection.execute(
        "UPDATE ledger SET hash = reverse(hash), public_hash = reverse(public_hash) "
        "WHERE sequence = 2"
    )
    await connection.close()
    await desk.exchange.desk.accept(small("A,CRI,2020,1,A"))
    await desk.fetch()
    ran = await desk.run("verify", "kept")
    assert ran.returncode == 1
    assert "Broken: ledger.jsonl, line 3: previous_hash should be" in ran.stderr


async def test_a_broken_receipt_is_named_in_both_languages_and_as_json(desk: Desk) -> None:
    await desk.fetch()
    path = desk.folder / "kept" / "receipts.jws"
    lines = path.read_bytes().splitlines(keepends=True)
    path.write_bytes(b"".join([lines[0], *lines[2:]]))
    ran = await desk.run("verify", "kept")
    assert (ran.returncode, ran.stderr.strip()) == (
        1,
        "Broken: receipt 3 of CRI_STAT: number should be 2, and is 3.",
    )
    ran = await desk.run("verify", "kept", LC_ALL="es_CR.UTF-8")
    assert ran.stderr.strip() == "Roto: recibo 3 de CRI_STAT: number debería ser 2, y es 3."
    told = orjson.loads((await desk.run("verify", "kept", "--json")).stdout)
    assert told["holds"] is False
    assert told["broken"] == {
        "kind": "receipt",
        "name": "CRI_STAT",
        "number": 3,
        "field": "number",
        "expected": 2,
        "found": 3,
    }


async def test_single_files_are_known_by_what_is_in_them(desk: Desk) -> None:
    await desk.fetch()
    kept = desk.folder / "kept"
    one = kept.joinpath("receipts.jws").read_bytes().splitlines()[1]
    (desk.folder / "receipt").write_bytes(one)
    ran = await desk.run(
        "verify", "receipt", "--keys", "kept/jwks.json", "--ledger", "kept/ledger.jsonl"
    )
    assert ran.returncode == 0, ran.stderr
    assert "CRI_STAT: 1 receipts, numbers 2 to 2." in ran.stdout
    ran = await desk.run("verify", "kept/public-ledger.jsonl", "kept/jwks.json", "receipt")
    assert ran.returncode == 0, ran.stderr


@pytest.mark.parametrize(
    ("arguments", "reason"),
    [
        (["missing.jws"], "missing.jws"),
        ([], "there are no receipts"),
        (["kept/receipts.jws"], "--keys jwks.json"),
        (["kept/receipts.jws", "--keys", "none.json"], "none.json"),
    ],
)
async def test_where_nothing_can_be_checked_the_status_is_2(
    desk: Desk, arguments: list[str], reason: str
) -> None:
    await desk.fetch()
    ran = await desk.run("verify", *arguments)
    assert (ran.returncode, ran.stdout) == (2, "")
    assert reason in ran.stderr


async def test_fetching_again_adds_and_changes_nothing(desk: Desk) -> None:
    await desk.fetch()
    kept = desk.folder / "kept"
    before = {file.name: file.read_bytes() for file in kept.iterdir()}
    with (kept / "ledger.jsonl").open("ab") as file:
        file.write(b'{"a line that was cut off')
    await desk.exchange.desk.accept(small("A,CRI,2020,1,A"))
    await desk.fetch()
    for name, body in before.items():
        if name != "jwks.json":
            assert (kept / name).read_bytes().startswith(body), name
    assert (kept / "ledger.jsonl").read_bytes().count(b"\n") == 3
    assert (await desk.run("verify", "kept")).returncode == 0


async def test_without_a_credential_the_public_ledger_is_kept(desk: Desk) -> None:
    desk.credential = {}
    await desk.fetch()
    names = {file.name for file in (desk.folder / "kept").iterdir()}
    assert names == {"public-ledger.jsonl", "heads.jws", "jwks.json"}
    ran = await desk.run("verify", "kept")
    assert ran.returncode == 0
    assert "Public ledger: 2 lines." in ran.stdout


async def test_keys_are_replaced_and_old_receipts_still_hold(desk: Desk, dsn: str) -> None:
    ran = await desk.run("keys", "rotate", "--json", VIPMG_DATABASE_URL=dsn)
    assert ran.returncode == 0, ran.stderr
    keys = orjson.loads(ran.stdout)["keys"]
    assert [("exp" in key, "d" in key) for key in keys] == [(False, False), (True, False)]
    await desk.exchange.desk.accept(small("A,CRI,2020,1,A"))
    await desk.fetch()
    ran = await desk.run("verify", "kept")
    assert ran.returncode == 0, ran.stderr
    listed = await desk.run("keys", "list", VIPMG_DATABASE_URL=dsn)
    for key in keys:
        assert key["kid"] in listed.stdout


async def test_a_take_out_by_a_command_is_of_the_service_wherever_it_was_served(
    desk: Desk, dsn: str
) -> None:
    """The command does not know the port of the service; its receipts do."""
    ran = await desk.run("export", CRI, "--to", "all.zip", VIPMG_DATABASE_URL=dsn, VIPMG_PORT="9")
    assert ran.returncode == 0, ran.stderr
    ran = await desk.run("verify", "all.zip")
    assert (ran.returncode, ran.stderr) == (0, "")
    assert "All holds." in ran.stdout
    kept = zipfile.ZipFile(desk.folder / "all.zip")
    issuer = desk.exchange.service.state.settings.base_url
    assert orjson.loads(kept.read("manifest.json"))["service"] == issuer
    for head in kept.read("ledger/heads.jws").decode().splitlines():
        assert read_statement(head)[1]["iss"] == issuer


async def test_a_service_that_moved_is_the_same_by_its_ledger(desk: Desk, dsn: str) -> None:
    arguments = ("export", CRI, "--to", "all.zip", "--url", "https://moved.example")
    ran = await desk.run(*arguments, VIPMG_DATABASE_URL=dsn)
    assert ran.returncode == 0, ran.stderr
    assert (await desk.run("verify", "all.zip")).returncode == 0


async def test_what_cannot_be_looked_up_is_not_said_to_hold(desk: Desk) -> None:
    await desk.fetch()
    arguments = ("verify", "kept/receipts.jws", "--keys", "kept/jwks.json")
    ran = await desk.run(*arguments)
    assert ran.returncode == 3
    assert "NOT SHOWN: 1 receipts name lines of a ledger that is not here." in ran.stdout
    assert "All holds." not in ran.stdout
    ran = await desk.run(*arguments, LC_ALL="es_CR.UTF-8")
    assert "NO SE MUESTRA: 1 recibos" in ran.stdout
    told = orjson.loads((await desk.run(*arguments, "--json")).stdout)
    assert (told["holds"], told["complete"], told["unseen"]) == (True, False, 1)
