"""Receipts over HTTP: for their own organisation alone, byte for byte as they were signed."""

from __future__ import annotations

import hashlib
import uuid
from collections.abc import AsyncIterator

import pytest

from app.auth.receipt_keys import check_signature, read_statement
from app.services.rotate_receipt_keys import rotate_receipt_keys
from app.settings import Settings
from app.store.pools import Pools
from tests.exchange import Exchange, open_exchange, small
from tests.structures import CRI, SLV

JWKS = "/.well-known/vipmg-receipts/jwks.json"
GOOD = small("A,CRI,2024,1,A")


@pytest.fixture
async def exchange(pools: Pools, settings: Settings) -> AsyncIterator[Exchange]:
    async with open_exchange(pools, settings) as opened:
        yield opened


async def test_the_list_and_each_by_its_name(exchange: Exchange) -> None:
    token = await exchange.token(CRI)
    stored = (await exchange.desk.accept(GOOD)).submission
    told = await exchange.client.get(f"/api/submissions/{stored.id}", headers=token)
    path = told.json()["links"]["receipts"]
    listed = (await exchange.client.get(path, headers=token)).json()["receipts"]
    assert [(one["number"], one["kind"], one["state"]) for one in listed] == [
        (1, "arrival", "received"),
        (2, "decision", "published"),
    ]
    for one in listed:
        for name in (one["kind"], one["id"]):
            reply = await exchange.client.get(f"{path}/{name}", headers=token)
            assert reply.headers["content-type"] == "application/jose"
            assert reply.text == one["receipt"]
        assert one["sha256"] == hashlib.sha256(one["receipt"].encode()).hexdigest()
    head = await exchange.client.head(f"{path}/arrival", headers=token)
    assert (head.status_code, head.content) == (200, b"")


async def test_the_receipt_of_a_decision_is_not_there_before_it(exchange: Exchange) -> None:
    token = await exchange.token(CRI)
    path = f"/api/submissions/{await exchange.desk.put(GOOD)}/receipts"
    assert (await exchange.client.get(f"{path}/arrival", headers=token)).status_code == 200
    missing = await exchange.client.get(
        f"{path}/decision", headers=token | {"Accept-Language": "es"}
    )
    assert missing.status_code == 404
    assert "aún no está decidido" in missing.json()["detail"]


async def test_others_find_nothing(exchange: Exchange) -> None:
    stored = (await exchange.desk.accept(GOOD)).submission
    other = await exchange.token(SLV)
    for path in ("receipts", "receipts/arrival", "receipts/decision"):
        address = f"/api/submissions/{stored.id}/{path}"
        assert (await exchange.client.get(address)).status_code == 401
        assert (await exchange.client.get(address, headers=other)).status_code == 404
    assert (await exchange.client.get("/api/receipts", headers=other)).json()["receipts"] == []
    unknown = f"/api/submissions/{uuid.uuid4()}/receipts"
    assert (await exchange.client.get(unknown, headers=other)).status_code == 404


async def test_the_whole_chain_page_by_page(exchange: Exchange) -> None:
    token = await exchange.token(CRI)
    for value in range(3):
        await exchange.desk.send(small(f"A,CRI,2024,{value},A"))
    address, numbers = "/api/receipts?limit=4", []
    while address:
        page = (await exchange.client.get(address, headers=token)).json()
        numbers += [one["number"] for one in page["receipts"]]
        address = page["next"]
    assert numbers == [1, 2, 3, 4, 5, 6]


async def test_a_replaced_key_is_still_published_and_its_receipts_still_hold(
    exchange: Exchange,
) -> None:
    token = await exchange.token(CRI)
    await exchange.desk.accept(GOOD)
    await rotate_receipt_keys(exchange.pools.writer)
    await exchange.desk.accept(small("A,CRI,2023,1,A"))
    keys = {key["kid"]: key for key in (await exchange.client.get(JWKS)).json()["keys"]}
    assert sorted("exp" in key for key in keys.values()) == [False, True]
    listed = (await exchange.client.get("/api/receipts", headers=token)).json()["receipts"]
    signers = []
    for one in listed:
        header, claims = read_statement(one["receipt"])
        key = keys[header["kid"]]
        check_signature(one["receipt"], key)
        assert key["nbf"] <= claims["iat"] <= key.get("exp", claims["iat"])
        signers.append("exp" in key)
    assert signers == [True, True, False, False]
