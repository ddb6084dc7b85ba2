"""The ledgers over HTTP: checkable by everybody, and telling nobody what is not theirs to know."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import httpx
import orjson
import pytest

from app.auth.receipt_keys import HEAD_TYPE, check_signature, read_statement
from app.settings import Settings
from app.store.ledger_lines import GENESIS, digest, line_hash
from app.store.pools import Pools
from tests.exchange import OCAM, Exchange, open_exchange, small
from tests.structures import CRI, SLV

FUTURE = "2999-01-01T00:00:00Z"
JWKS = "/.well-known/vipmg-receipts/jwks.json"


@pytest.fixture
async def exchange(pools: Pools, settings: Settings) -> AsyncIterator[Exchange]:
    async with open_exchange(pools, settings) as opened:
        yield opened


async def fill(exchange: Exchange) -> None:
    """Five publications: the second and the fourth are withheld from the public."""
    await exchange.desk.accept(small("A,CRI,2024,1,A"))
    await exchange.desk.accept(small(f"A,CRI,2025,7777,A,,{FUTURE}"))
    await exchange.desk.accept(small("A,SLV,2024,2,A"), SLV)
    await exchange.desk.accept(small(f"A,SLV,2025,8888,A,,{FUTURE}"), SLV)
    await exchange.desk.accept(small("A,CRI,2023,3,A"))


async def lines(
    exchange: Exchange, path: str, headers: dict[str, str] | None = None
) -> list[dict[str, Any]]:
    """All lines, read page by page."""
    found: list[dict[str, Any]] = []
    address = f"{path}?limit=2"
    while address:
        reply = await exchange.client.get(address, headers=headers)
        assert reply.status_code == 200, reply.text
        assert reply.headers["content-type"] == "application/jsonl"
        found += [orjson.loads(line) for line in reply.content.splitlines()]
        address = reply.links.get("next", {}).get("url", "")
    return found


def assert_chained(listed: list[dict[str, Any]]) -> None:
    previous = GENESIS
    for number, line in enumerate(listed, 1):
        assert line["sequence"] == number
        assert line["previous_hash"] == previous
        assert line["hash"] == line_hash(line)
        previous = line["hash"]


async def test_t72_anybody_can_check_the_chain_of_public_publications(exchange: Exchange) -> None:
    await fill(exchange)
    listed = await lines(exchange, "/api/ledger")
    assert_chained(listed)
    assert [line["action"] for line in listed] == ["submission"] * 3
    assert [line["agreements"][0].partition("TST:")[2] for line in listed] == [
        "PA_CRI_SMALL(1.0.0)",
        "PA_SLV_SMALL(1.0.0)",
        "PA_CRI_SMALL(1.0.0)",
    ]


async def test_t24_the_public_ledger_is_the_same_without_what_is_withheld(
    exchange: Exchange,
) -> None:
    await exchange.desk.accept(small("A,CRI,2024,1,A"))
    before = (await exchange.client.get("/api/ledger")).content
    head = read_statement((await exchange.client.get("/api/ledger/head")).text)[1]
    await exchange.desk.accept(small(f"A,CRI,2025,7777,A,,{FUTURE}"))
    assert (await exchange.client.get("/api/ledger")).content == before
    after = read_statement((await exchange.client.get("/api/ledger/head")).text)[1]
    assert {**after, "iat": 0} == {**head, "iat": 0}


async def test_t24_a_file_with_both_names_the_agreements_that_changed_in_public_alone(
    exchange: Exchange,
) -> None:
    both = (
        small("A,CRI,2024,1,A")
        + small(f"A,CRI,2025,7777,A,,{FUTURE}", flow="TST:DF_TWO(1.0.0)").partition("\n")[2]
    )
    await exchange.desk.accept(both)
    [line] = await lines(exchange, "/api/ledger")
    assert "7777" not in repr(line)
    assert [urn.partition("TST:")[2] for urn in line["agreements"]] == ["PA_CRI_SMALL(1.0.0)"]
    assert "sha256" not in repr(line)


async def test_a_provider_sees_the_whole_chain_and_what_its_own_entries_say(
    exchange: Exchange,
) -> None:
    await fill(exchange)
    listed = await lines(exchange, "/api/ledger/all", await exchange.token(CRI))
    assert_chained(listed)
    shown = [line["sequence"] for line in listed if "entry" in line]
    assert shown == [1, 2, 5]
    for line in listed:
        if "entry" in line:
            assert digest(line["entry"]) == line["entry_sha256"]
            assert line["entry"]["actor"] == CRI
        else:
            assert set(line) == {"ledger", "sequence", "entry_sha256", "previous_hash", "hash"}


async def test_what_an_entry_says_cannot_be_found_by_trying(exchange: Exchange) -> None:
    await fill(exchange)
    [first, *_] = await lines(exchange, "/api/ledger/all", await exchange.token(CRI))
    guessed = {name: value for name, value in first["entry"].items() if name != "salt"}
    assert digest(guessed) != first["entry_sha256"]
    assert len(bytes.fromhex(first["entry"]["salt"])) == 16


async def test_an_entry_leads_to_its_line_in_the_public_ledger(exchange: Exchange) -> None:
    await fill(exchange)
    public = {line["hash"] for line in await lines(exchange, "/api/ledger")}
    listed = await lines(exchange, "/api/ledger/all", await exchange.token(SLV))
    entries = [line["entry"] for line in listed if "entry" in line]
    assert [entry["public"] for entry in entries] == [True, False]
    assert entries[0]["public_hash"] in public
    assert entries[1]["public_hash"] is None


@pytest.mark.parametrize("path", ["/api/ledger/all", "/api/ledger/all/head"])
async def test_the_whole_ledger_is_for_data_providers(exchange: Exchange, path: str) -> None:
    assert (await exchange.client.get(path)).status_code == 401
    refused = await exchange.client.get(path, headers=await exchange.token(OCAM))
    assert refused.status_code == 403


@pytest.mark.parametrize(("path", "last"), [("/api/ledger", 3), ("/api/ledger/all", 5)])
async def test_heads_are_signed_with_a_key_that_is_published(
    exchange: Exchange, path: str, last: int
) -> None:
    token = await exchange.token(CRI)
    empty = await exchange.client.get(f"{path}/head", headers=token)
    claims = read_statement(empty.text)[1]
    assert (claims["sequence"], claims["hash"], claims["at"]) == (0, GENESIS, None)
    await fill(exchange)
    reply = await exchange.client.get(f"{path}/head", headers=token)
    assert reply.headers["content-type"] == "application/jose"
    header, claims = read_statement(reply.text)
    keys = (await exchange.client.get(JWKS)).json()["keys"]
    [key] = [key for key in keys if key["kid"] == header["kid"]]
    check_signature(reply.text, key)
    assert header["typ"] == HEAD_TYPE
    listed = await lines(exchange, path, token)
    assert (claims["sequence"], claims["hash"]) == (last, listed[-1]["hash"])


async def test_public_keys_tell_no_secret_and_may_be_kept(exchange: Exchange) -> None:
    await exchange.desk.accept(small("A,CRI,2024,1,A"))
    reply = await exchange.client.get(JWKS)
    [key] = reply.json()["keys"]
    assert set(key) == {"kty", "crv", "x", "y", "kid", "use", "alg", "nbf"}
    assert "public" in reply.headers["cache-control"]


async def test_a_page_that_has_not_changed_is_not_sent_again(exchange: Exchange) -> None:
    await fill(exchange)
    first = await exchange.client.get("/api/ledger")
    tag = {"If-None-Match": first.headers["etag"]}
    assert (await exchange.client.get("/api/ledger", headers=tag)).status_code == 304
    await exchange.desk.accept(small("A,CRI,2022,4,A"))
    assert (await exchange.client.get("/api/ledger", headers=tag)).status_code == 200


@pytest.mark.parametrize("query", ["after=-1", "after=x", "limit=0", "limit=10001", "after=9" * 30])
async def test_bad_pages_are_refused(exchange: Exchange, query: str) -> None:
    reply: httpx.Response = await exchange.client.get(f"/api/ledger?{query}")
    assert reply.status_code == 400
    assert reply.json()["code"] == "VIPMG-100"


async def test_after_the_end_there_is_nothing(exchange: Exchange) -> None:
    reply = await exchange.client.get("/api/ledger?after=99")
    assert (reply.status_code, reply.content) == (200, b"")
