"""Receipts: signed in the transaction that they speak of, one chain for each provider."""

from __future__ import annotations

import asyncio
import datetime as dt
import hashlib

import asyncpg
import pytest

from app.auth.receipt_keys import (
    PRACTICE_TYPE,
    RECEIPT_TYPE,
    UnsignedError,
    check_signature,
    new_key,
    read_statement,
)
from app.services.release_embargoed import release_embargoed
from app.settings import Settings
from app.store import receipts
from app.store.pools import Pools
from app.store.receipts import StoredReceipt
from tests.conftest import execute
from tests.exchange import small
from tests.structures import CRI, SLV, Desk, open_desk

GOOD = small("A,CRI,2024,1,A", "A,GTM,2024,2,A")
WRONG = small("A,CRI,2024,x,A")


@pytest.fixture
async def desk(pools: Pools) -> Desk:
    return await open_desk(pools)


async def chain(desk: Desk, organisation: str = CRI) -> list[StoredReceipt]:
    async with desk.pools.writer.acquire() as connection:
        return await receipts.of_organisation(connection, organisation, 0, 1000)


async def test_arrival_and_decision_of_a_published_file(desk: Desk, settings: Settings) -> None:
    decision = await desk.accept(GOOD)
    arrival, decided = [read_statement(one.jws) for one in await chain(desk)]
    assert arrival[0]["typ"] == decided[0]["typ"] == RECEIPT_TYPE
    assert arrival[0]["alg"] == "ES256"
    stored = decision.submission
    for _, claims in (arrival, decided):
        assert claims["iss"] == settings.base_url
        assert claims["sub"] == CRI
        assert claims["submission"] == str(stored.id)
        assert claims["sha256"] == hashlib.sha256(GOOD.encode()).hexdigest()
        assert claims["bytes"] == len(GOOD)
        assert "practice" not in claims
    assert (arrival[1]["kind"], arrival[1]["state"]) == ("arrival", "received")
    assert "sequence" not in arrival[1]
    said = decided[1]
    assert (said["kind"], said["state"], said["rows"]) == ("decision", "published", 2)
    assert said["findings"] == {"errors": 0, "warnings": 0}
    assert said["changes"] == stored.changes
    assert said["agreements"] == list(stored.agreements)
    [entry] = await desk.rows("ledger")
    assert (said["sequence"], said["ledger_hash"]) == (entry["sequence"], entry["hash"])
    assert (said["public_sequence"], said["public_hash"]) == (1, entry["public_hash"])


async def test_a_refused_file_has_a_receipt_without_a_place(desk: Desk) -> None:
    await desk.send(WRONG)
    _, decided = await chain(desk)
    claims = read_statement(decided.jws)[1]
    assert (claims["state"], claims["findings"]["errors"]) == ("rejected", 1)
    assert "sequence" not in claims


async def test_each_names_the_one_before_and_providers_have_chains_of_their_own(desk: Desk) -> None:
    for value in range(3):
        await desk.send(small(f"A,CRI,2024,{value},A"))
        await desk.send(small(f"A,SLV,2024,{value},A"), SLV)
    for organisation in (CRI, SLV):
        before = None
        for number, one in enumerate(await chain(desk, organisation), 1):
            claims = read_statement(one.jws)[1]
            assert (claims["number"], claims["sub"]) == (number, organisation)
            assert claims["previous_receipt"] == before
            before = hashlib.sha256(one.jws.encode()).hexdigest()


async def test_files_that_come_at_once_leave_no_gap(desk: Desk) -> None:
    await asyncio.gather(*(desk.put(small(f"A,CRI,2024,{n},A")) for n in range(20)))
    assert [one.number for one in await chain(desk)] == list(range(1, 21))


async def test_the_first_two_at_once_make_one_key(desk: Desk) -> None:
    await asyncio.gather(desk.put(GOOD, CRI), desk.put(small("A,SLV,2024,1,A"), SLV))
    async with desk.pools.writer.acquire() as connection:
        assert len(await receipts.keys(connection)) == 1


async def test_a_submission_and_its_receipt_are_stored_together_or_not_at_all(
    desk: Desk, dsn: str
) -> None:
    await asyncio.to_thread(execute, dsn, "REVOKE INSERT ON receipt FROM vipmg_writer")
    with pytest.raises(asyncpg.InsufficientPrivilegeError):
        await desk.put(GOOD)
    assert await desk.rows("submission") == []
    await asyncio.to_thread(execute, dsn, "GRANT INSERT ON receipt TO vipmg_writer")
    await desk.put(GOOD)
    assert len(await chain(desk)) == 1


async def test_the_writer_can_neither_change_nor_remove_a_receipt(desk: Desk) -> None:
    await desk.put(GOOD)
    async with desk.pools.writer.acquire() as connection:
        for statement in ("UPDATE receipt SET jws = ''", "DELETE FROM receipt", "TRUNCATE receipt"):
            with pytest.raises(asyncpg.InsufficientPrivilegeError):
                await connection.execute(statement)


async def test_a_signature_holds_with_its_key_alone(desk: Desk) -> None:
    await desk.put(GOOD)
    [one] = await chain(desk)
    async with desk.pools.writer.acquire() as connection:
        [key] = await receipts.keys(connection)
    check_signature(one.jws, key.private_jwk)
    with pytest.raises(UnsignedError):
        check_signature(one.jws, new_key())
    for place in (0, 100, len(one.jws) - 1):
        other = "A" if one.jws[place] != "A" else "B"
        with pytest.raises(UnsignedError):
            check_signature(one.jws[:place] + other + one.jws[place + 1 :], key.private_jwk)


async def test_the_release_of_an_embargo_has_a_receipt_of_its_own(desk: Desk, dsn: str) -> None:
    soon = dt.datetime.now(dt.UTC) + dt.timedelta(seconds=4)
    await desk.accept(small(f"A,CRI,2024,1,A,,{soon.isoformat()}"))
    states = [read_statement(one.jws)[1]["state"] for one in await chain(desk)]
    assert states == ["received", "awaiting release"]
    await asyncio.sleep(4.1)
    await release_embargoed(desk.pools)
    last = read_statement((await chain(desk))[-1].jws)[1]
    assert (last["kind"], last["state"], last["number"]) == ("decision", "published", 3)


async def test_receipts_of_practice_say_so_and_have_a_chain_of_their_own(desk: Desk) -> None:
    assert desk.pools.practice is not None
    space = Desk(desk.pools.practice, desk.cache)
    await desk.accept(GOOD)
    await space.accept(small("A,CRI,2024,2,A"))
    found = [read_statement(one.jws) for one in await chain(space)]
    assert [claims["number"] for _, claims in found] == [1, 2]
    for header, claims in found:
        assert header["typ"] == PRACTICE_TYPE
        assert claims["practice"] is True
    # Places are those of the ledger of the practice space.
    assert found[1][1]["sequence"] == 1
    real = [read_statement(one.jws) for one in await chain(desk)]
    assert len(real) == 2
    assert all(header["typ"] == RECEIPT_TYPE for header, _ in real)
    assert all("practice" not in claims for _, claims in real)
