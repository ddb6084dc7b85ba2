"""Undoing over HTTP, with the worker running: what providers ask, and what followers see."""

from __future__ import annotations

import asyncio
import uuid
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any

import httpx
import pytest

from app.sdmx.artefacts import Artefact
from app.services.run_worker import run_worker
from app.settings import Settings
from app.store.pools import Pools
from app.store.registry_publication import publish
from tests.exchange import JSON21, Exchange, open_exchange, small
from tests.structures import CRI, SLV, START, agreement

CSV = {"Content-Type": "application/vnd.sdmx.data+csv;version=2.1.0", "Prefer": "wait=60"}
ASKED = {"Prefer": "wait=60"}
REASON = {"reason": "The wrong year was sent."}
SMALL = "/dataflow/TST/DF_SMALL/1.0.0"


@dataclass
class Provider:
    """A program of a data provider."""

    exchange: Exchange
    token: dict[str, str]
    space: str = "/api"

    async def send(self, *rows: str, **parts: str) -> dict[str, Any]:
        """Send rows that have to be published."""
        reply = await self.exchange.client.post(
            f"{self.space}/submissions", content=small(*rows, **parts), headers=CSV | self.token
        )
        assert reply.status_code == 201, reply.text
        told: dict[str, Any] = reply.json()
        return told

    async def act(
        self, submission: str, name: str, order: Any = REASON, **headers: str
    ) -> httpx.Response:
        """Ask for something to be done with a submission."""
        return await self.exchange.client.post(
            f"{self.space}/submissions/{submission}/{name}",
            json=order,
            headers=ASKED | self.token | headers,
        )

    async def state(self, submission: str) -> str:
        """The state of a submission."""
        reply = await self.exchange.client.get(
            f"{self.space}/submissions/{submission}", headers=self.token
        )
        assert reply.status_code == 200, reply.text
        told: str = reply.json()["state"]
        return told


@pytest.fixture
async def exchange(pools: Pools, settings: Settings) -> AsyncIterator[Exchange]:
    async with open_exchange(pools, settings) as opened:
        stop = asyncio.Event()
        running = asyncio.create_task(run_worker(pools, settings, stop=stop))
        yield opened
        stop.set()
        await running


@pytest.fixture
async def provider(exchange: Exchange) -> Provider:
    return Provider(exchange, await exchange.token(CRI))


async def test_a_roll_back_is_a_submission_and_followers_are_told(provider: Provider) -> None:
    exchange = provider.exchange
    await provider.send("A,CRI,2023,1,A", "A,CRI,2024,2,A")
    wrong = await provider.send("A,CRI,2023,9,B", "A,GTM,2024,9")
    seen = await exchange.prepared(SMALL)
    tag = (await exchange.get(SMALL, JSON21)).headers["etag"]
    reply = await provider.act(wrong["id"], "rollback")
    assert reply.status_code == 201, reply.text
    told = reply.json()
    assert (told["kind"], told["state"], told["parent_id"], told["note"]) == (
        "rollback",
        "published",
        wrong["id"],
        REASON["reason"],
    )
    assert told["changes"]["observations_deleted"] == 1
    assert reply.headers["location"].endswith(told["id"])
    assert await provider.state(wrong["id"]) == "rolled back"
    now = await exchange.rows(SMALL)
    assert {key: row["OBS_VALUE"] for key, row in now.items()} == {
        "A.CRI.2023": "1",
        "A.CRI.2024": "2",
    }
    reply = await exchange.get(SMALL, JSON21, {"If-None-Match": tag})
    assert reply.status_code == 200
    told_since = await exchange.datasets(f"{SMALL}?updatedAfter={seen.replace('+', '%2B')}")
    by_action = {each.action: set(map(".".join, each.rows)) for each in told_since}
    assert by_action == {"Replace": {"A.CRI.2023"}, "Delete": {"A.GTM.2024"}}


async def test_a_withdrawal_leaves_nothing_of_it(provider: Provider) -> None:
    await provider.send("A,CRI,2023,1,A")
    wrong = await provider.send("A,CRI,2023,9,B", "A,GTM,2024,9")
    reply = await provider.act(wrong["id"], "withdrawal")
    assert reply.status_code == 201, reply.text
    assert await provider.state(wrong["id"]) == "withdrawn"
    assert await provider.exchange.rows(SMALL) == {}


async def test_what_stays_is_named_in_the_report(provider: Provider) -> None:
    first = await provider.send("A,CRI,2023,1", "A,CRI,2024,1")
    second = await provider.send("A,CRI,2024,2")
    told = (await provider.act(first["id"], "rollback")).json()
    assert told["changes"]["kept"] == 1
    [finding] = told["findings"]["first"]
    assert finding["code"] == "VIPMG-330"
    assert finding["severity"] == "warning"
    assert (finding["column"], finding["value"]) == ("TIME_PERIOD", "A.CRI.2024")
    assert second["id"] in finding["message"]
    assert second["id"] in finding["messages"]["es"]


async def test_asked_again_it_is_the_one_that_is_there(provider: Provider) -> None:
    sent = await provider.send("A,CRI,2023,1")
    first = await provider.act(sent["id"], "rollback")
    again = await provider.act(sent["id"], "rollback")
    assert (first.status_code, again.status_code) == (201, 200)
    assert again.json()["repeated_of"] == first.json()["id"]
    refused = await provider.act(sent["id"], "withdrawal")
    assert refused.status_code == 409
    assert refused.json()["code"] == "VIPMG-128"
    assert refused.json()["undone_by"] == first.json()["id"]


async def test_many_who_ask_at_once_undo_once(provider: Provider) -> None:
    sent = await provider.send("A,CRI,2023,1")
    replies = await asyncio.gather(*(provider.act(sent["id"], "rollback") for _ in range(4)))
    assert sorted(reply.status_code for reply in replies) == [200, 200, 200, 201]
    assert len({reply.json()["id"] for reply in replies}) == 1


async def test_a_roll_back_is_rolled_back(provider: Provider) -> None:
    await provider.send("A,CRI,2023,1")
    sent = await provider.send("A,CRI,2023,2")
    act = (await provider.act(sent["id"], "rollback")).json()
    back = await provider.act(act["id"], "rollback")
    assert back.status_code == 201, back.text
    assert await provider.state(sent["id"]) == "published"
    assert await provider.state(act["id"]) == "rolled back"
    [row] = (await provider.exchange.rows(SMALL)).values()
    assert row["OBS_VALUE"] == "2"


async def test_it_is_the_provider_s_own_right(provider: Provider) -> None:
    exchange = provider.exchange
    sent = await provider.send("A,CRI,2023,1")
    other = Provider(exchange, await exchange.token(SLV))
    assert (await other.act(sent["id"], "rollback")).status_code == 404
    assert (await other.act(str(uuid.uuid4()), "rollback")).status_code == 404
    assert (await other.act("nonsense", "rollback")).status_code == 404
    nobody = Provider(exchange, {})
    assert (await nobody.act(sent["id"], "rollback")).status_code == 401
    assert await provider.state(sent["id"]) == "published"


@pytest.mark.parametrize(
    "order",
    [{}, {"reason": ""}, {"reason": 1}, {"reason": "x" * 2001}, {"reason": "x", "y": 1}, []],
)
async def test_a_body_that_is_no_order_changes_nothing(provider: Provider, order: Any) -> None:
    sent = await provider.send("A,CRI,2023,1")
    reply = await provider.act(sent["id"], "rollback", order)
    assert reply.status_code == 422
    assert reply.json()["code"] == "VIPMG-130"
    assert await provider.state(sent["id"]) == "published"


async def test_two_people_where_the_agreement_says_so(provider: Provider) -> None:
    exchange = provider.exchange
    sent = await provider.send("A,CRI,2023,1")
    changed = agreement("PA_CRI_SMALL", "DF_SMALL", CRI, APPROVAL="REQUIRED")
    document = changed.document | {"version": "1.1.0"}
    async with exchange.pools.writer.acquire() as connection:
        await publish(connection, [Artefact.read(changed.artefact_class, document)], START)
    asked = await provider.act(sent["id"], "rollback")
    assert asked.status_code == 201, asked.text
    told = asked.json()
    assert told["state"] == "accepted"
    assert told["preview"][0]["deleted"] == 1
    assert set(await exchange.rows(SMALL)) == {"A.CRI.2023"}
    decision = {"decision": "approve"}
    alone = await provider.act(told["id"], "approval", decision)
    assert alone.status_code == 403
    second = Provider(exchange, await exchange.token(CRI))
    agreed = await second.act(told["id"], "approval", decision)
    assert agreed.status_code < 300, agreed.text
    assert agreed.json()["state"] == "published"
    assert await exchange.rows(SMALL) == {}
    assert await provider.state(sent["id"]) == "rolled back"


async def test_the_practice_space_undoes_its_own(provider: Provider) -> None:
    exchange = provider.exchange
    real = await provider.send("A,CRI,2023,1")
    practice = Provider(exchange, provider.token, "/api/practice")
    sent = await practice.send("A,CRI,2023,2")
    assert (await practice.act(real["id"], "rollback")).status_code == 404
    assert (await provider.act(sent["id"], "rollback")).status_code == 404
    reply = await practice.act(sent["id"], "rollback")
    assert reply.status_code == 201, reply.text
    assert reply.json()["practice"] is True
    assert await practice.state(sent["id"]) == "rolled back"
    assert await provider.state(real["id"]) == "published"
    [row] = (await exchange.rows(SMALL)).values()
    assert row["OBS_VALUE"] == "1"


async def test_what_was_written_over_is_superseded_soon(provider: Provider) -> None:
    first = await provider.send("A,CRI,2023,1", "A,GTM,2023,1")
    await provider.send("A,CRI,2023,2")
    await provider.send("A,GTM,2023,2")
    for _ in range(200):
        if await provider.state(first["id"]) == "superseded":
            return
        await asyncio.sleep(0.05)
    raise AssertionError(await provider.state(first["id"]))


async def test_a_file_replaces_an_earlier_one(provider: Provider) -> None:
    exchange = provider.exchange
    old = await provider.send("A,CRI,2023,1", "A,GTM,2023,2")
    reply = await exchange.client.post(
        f"/api/submissions?supersedes={old['id']}",
        content=small("A,CRI,2023,1", "A,CRI,2024,3"),
        headers=CSV | provider.token,
    )
    assert reply.status_code == 201, reply.text
    assert set(await exchange.rows(SMALL)) == {"A.CRI.2023", "A.CRI.2024"}
    new = reply.json()
    assert (new["supersedes"], new["superseded_by"]) == (old["id"], None)
    page = await exchange.client.get("/api/submissions", headers=provider.token)
    told = {
        one["id"]: (one["supersedes"], one["superseded_by"]) for one in page.json()["submissions"]
    }
    assert told == {new["id"]: (old["id"], None), old["id"]: (None, new["id"])}
    single = await exchange.client.get(f"/api/submissions/{old['id']}", headers=provider.token)
    assert (single.json()["supersedes"], single.json()["superseded_by"]) == (None, new["id"])
    refused = await exchange.client.post(
        f"/api/submissions?supersedes={uuid.uuid4()}",
        content=small("A,CRI,2023,1"),
        headers=CSV | provider.token,
    )
    assert refused.status_code == 404


async def test_a_redaction_takes_two_people(provider: Provider) -> None:
    exchange = provider.exchange
    sent = await provider.send("A,CRI,2023,70771077", "A,GTM,2023,1")
    seen = await exchange.prepared(SMALL)
    order = {"reason": "A court says so.", "order": "2026-17", "destroy_file": True}
    asked = await provider.act(sent["id"], "redaction", order)
    assert asked.status_code == 201, asked.text
    told = asked.json()
    assert (told["kind"], told["state"]) == ("redaction", "accepted")
    assert told["preview"][0]["deleted"] == 2
    assert len(await exchange.rows(SMALL)) == 2
    assert (await provider.act(sent["id"], "redaction", order)).json()["id"] == told["id"]
    assert (await provider.act(sent["id"], "rollback")).status_code == 409
    assert (await provider.act(told["id"], "approval", {"decision": "approve"})).status_code == 403
    second = Provider(exchange, await exchange.token(CRI))
    agreed = await second.act(told["id"], "approval", {"decision": "approve"})
    assert agreed.json()["state"] == "published", agreed.text
    assert agreed.json()["changes"]["versions"] == 2
    assert await provider.state(sent["id"]) == "withdrawn"
    for path in (SMALL, f"{SMALL}?includeHistory=true", f"{SMALL}?asOf={seen.replace('+', '%2B')}"):
        assert "70771077" not in (await exchange.get(path, JSON21)).text
    content = await exchange.client.get(
        f"/api/submissions/{sent['id']}/content", headers=provider.token
    )
    assert content.status_code == 410
    assert content.json()["code"] == "VIPMG-129"
    undone = await provider.act(told["id"], "rollback")
    assert undone.status_code == 409


async def test_a_redaction_that_is_refused_changes_nothing(provider: Provider) -> None:
    exchange = provider.exchange
    sent = await provider.send("A,CRI,2023,1")
    order = {"reason": "A court says so.", "order": "2026-17"}
    asked = (await provider.act(sent["id"], "redaction", order)).json()
    second = Provider(exchange, await exchange.token(CRI))
    await second.act(asked["id"], "approval", {"decision": "refuse"})
    assert await provider.state(asked["id"]) == "rejected"
    assert len(await exchange.rows(SMALL)) == 1
    assert (await provider.act(sent["id"], "rollback")).status_code == 201
