"""Submissions over HTTP, with the worker running as it does in production."""

from __future__ import annotations

import asyncio
import datetime as dt
import gzip
import hashlib
from collections.abc import AsyncIterator, Sequence
from pathlib import Path

import httpx
import pytest
from fastapi import FastAPI

import app
from app.main import create_app
from app.services.add_client import add_client
from app.services.run_worker import run_worker
from app.settings import Settings
from app.store import submissions
from app.store.pools import Pools
from tests.conftest import execute
from tests.published import publish_shared

DEMO = Path(app.__file__).parent / "demo"
GOOD = (DEMO / "mex_upmrip_return_out.csv").read_bytes()
WRONG = (DEMO / "wrong_on_purpose.csv").read_bytes()
CSV = "application/vnd.sdmx.data+csv;version=2.1.0"
WAIT = {"Prefer": "wait=60"}


@pytest.fixture
async def service(pools: Pools, settings: Settings) -> AsyncIterator[FastAPI]:
    await publish_shared(pools, settings)
    application = create_app(settings)
    async with application.router.lifespan_context(application):
        yield application


@pytest.fixture
async def worker(pools: Pools, settings: Settings) -> AsyncIterator[None]:
    stop = asyncio.Event()
    running = asyncio.create_task(run_worker(pools, settings, stop=stop))
    yield
    stop.set()
    await running


async def sender(
    service: FastAPI, pools: Pools, organisation: str, agencies: Sequence[str] = ()
) -> httpx.AsyncClient:
    """A program of an organisation, with its token; it maintains what is of the agencies."""
    new = await add_client(pools.writer, organisation, agencies=agencies)
    base = service.state.settings.base_url
    client = httpx.AsyncClient(transport=httpx.ASGITransport(service), base_url=base, timeout=90)
    assert new.client_secret is not None
    reply = await client.post(
        "/oauth/token",
        data={"grant_type": "client_credentials"},
        auth=(new.client_id, new.client_secret),
    )
    client.headers["Authorization"] = f"Bearer {reply.json()['access_token']}"
    client.headers["Content-Type"] = CSV
    return client


async def await_state(pools: Pools, state: str) -> None:
    """Wait until all submissions are in a state."""
    found: list[str] = []
    for _ in range(600):
        async with pools.writer.acquire() as connection:
            rows = await connection.fetch("SELECT DISTINCT state FROM submission")
        found = [row["state"] for row in rows]
        if found == [state]:
            return
        await asyncio.sleep(0.05)
    raise AssertionError(found)


async def test_an_accepted_file_is_told_with_its_receipt(
    service: FastAPI, pools: Pools, worker: None
) -> None:
    mexico = await sender(service, pools, "MEX_UPMRIP")
    disposition = {
        "Content-Disposition": "attachment; filename=\"x\"; filename*=UTF-8''a%C3%B1o.csv"
    }
    reply = await mexico.post("/api/submissions", content=GOOD, headers=WAIT | disposition)
    assert reply.status_code == 201, reply.text
    assert reply.headers["preference-applied"] == "wait=60"
    told = reply.json()
    assert told["state"] == "published"
    assert told["organisation"] == "MEX_UPMRIP"
    assert told["file"] == {
        "name": "año.csv",
        "content_type": CSV,
        "content_encoding": None,
        "sha256": hashlib.sha256(GOOD).hexdigest(),
        "bytes": len(GOOD),
    }
    assert told["rows"] == told["rows_read"] == GOOD.count(b"\n") - 1
    assert told["findings"]["total"] == 0
    assert told["changes"]["observations_put"] == told["rows"]
    assert told["decided_at"].endswith("Z")
    assert reply.headers["location"] == told["links"]["self"]
    assert (await mexico.get(reply.headers["location"])).json() == told


async def test_a_rejected_file_tells_every_mistake_in_both_languages(
    service: FastAPI, pools: Pools, worker: None
) -> None:
    honduras = await sender(service, pools, "HND_INM")
    reply = await honduras.post(
        "/api/submissions", content=WRONG, headers=WAIT | {"Accept-Language": "es"}
    )
    assert reply.status_code == 422
    told = reply.json()
    assert told["state"] == "rejected"
    assert told["sequence"] is None
    counts = told["findings"]["by_code"]
    # The README promises ten: checks of figures do not speak of what is refused already.
    assert told["findings"]["total"] == sum(counts.values()) == 10
    assert all(code.startswith("VIPMG-2") for code in counts)
    first = told["findings"]["first"][0]
    assert first["message"] == first["messages"]["es"] != first["messages"]["en"]
    page = (await honduras.get(told["links"]["findings"])).json()
    assert page["total"] == told["findings"]["total"] == len(page["findings"])
    part = (await honduras.get(told["links"]["findings"] + "?offset=2&limit=3")).json()
    assert part["findings"] == [
        {**each, "message": each["messages"]["en"]} for each in page["findings"][2:5]
    ]
    table = await honduras.get(told["links"]["findings_csv"], headers={"Accept-Language": "es"})
    assert table.headers["content-type"] == "text/csv; charset=utf-8"
    lines = table.content.decode("utf-8-sig").splitlines()
    assert lines[0].startswith("row,column,value,code,rule,allowed,nearest,message")
    assert len(lines) == page["total"] + 1
    assert (await honduras.get(told["links"]["content"])).content == WRONG


async def test_without_a_wish_to_wait_the_answer_comes_at_once(
    service: FastAPI, pools: Pools
) -> None:
    mexico = await sender(service, pools, "MEX_UPMRIP")
    reply = await mexico.post("/api/submissions", content=GOOD)
    assert reply.status_code == 202
    assert reply.json()["state"] == "received"
    assert "preference-applied" not in reply.headers


async def test_the_bytes_come_back_as_they_were_sent(service: FastAPI, pools: Pools) -> None:
    mexico = await sender(service, pools, "MEX_UPMRIP")
    packed = gzip.compress(GOOD, mtime=0)
    reply = await mexico.post(
        "/api/submissions", content=packed, headers={"Content-Encoding": "gzip"}
    )
    async with mexico.stream("GET", reply.json()["links"]["content"]) as content:
        assert content.headers["content-encoding"] == "gzip"
        assert content.headers["content-type"] == CSV
        assert b"".join([part async for part in content.aiter_raw()]) == packed


async def test_a_retry_with_the_same_key_is_the_same_submission(
    service: FastAPI, pools: Pools
) -> None:
    mexico = await sender(service, pools, "MEX_UPMRIP")
    key = {"Idempotency-Key": "2026-01 returns"}
    first = await mexico.post("/api/submissions", content=GOOD, headers=key)
    again = await mexico.post("/api/submissions", content=GOOD, headers=key)
    assert (first.status_code, again.status_code) == (202, 200)
    assert first.json()["id"] == again.json()["id"]
    other = await mexico.post("/api/submissions", content=GOOD + b"\n", headers=key)
    assert other.status_code == 422
    assert other.json()["code"] == "VIPMG-122"
    assert len((await mexico.get("/api/submissions")).json()["submissions"]) == 1


async def test_simultaneous_retries_have_one_effect(service: FastAPI, pools: Pools) -> None:
    mexico = await sender(service, pools, "MEX_UPMRIP")
    key = {"Idempotency-Key": "one"}
    replies = await asyncio.gather(
        *(mexico.post("/api/submissions", content=GOOD, headers=key) for _ in range(8))
    )
    assert sorted(reply.status_code for reply in replies) == [200] * 7 + [202]
    assert len({reply.json()["id"] for reply in replies}) == 1


async def test_no_other_organisation_learns_of_a_submission(service: FastAPI, pools: Pools) -> None:
    mexico = await sender(service, pools, "MEX_UPMRIP")
    links = (await mexico.post("/api/submissions", content=GOOD)).json()["links"]
    costa_rica = await sender(service, pools, "CRI_DGME")
    nowhere = "/api/submissions/00000000-0000-4000-8000-000000000000"
    for address in (*links.values(), nowhere, "/api/submissions/x", nowhere + "/content"):
        reply = await costa_rica.get(address)
        assert (reply.status_code, reply.json()["code"]) == (404, "VIPMG-102")
    assert (await costa_rica.get("/api/submissions")).json()["submissions"] == []


async def test_only_data_providers_send(service: FastAPI, pools: Pools) -> None:
    consumer = await sender(service, pools, "RCM")
    assert (await consumer.post("/api/submissions", content=GOOD)).status_code == 403
    del consumer.headers["Authorization"]
    reply = await consumer.post("/api/submissions", content=GOOD)
    assert reply.status_code == 401
    assert reply.headers["www-authenticate"].startswith("Bearer")


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({"Content-Type": "application/vnd.sdmx.data+csv"}, 202),
        ({"Content-Type": "application/vnd.sdmx.data+csv; version=1.0.0"}, 202),
        ({"Content-Type": "application/vnd.sdmx.data+csv;version=2.0;labels=id"}, 202),
        ({"Content-Type": "TEXT/CSV; charset=UTF-8"}, 202),
        ({"Content-Type": "application/vnd.sdmx.data+csv;version=3.0.0"}, 415),
        ({"Content-Type": "text/csv; charset=latin-1"}, 415),
        ({"Content-Type": "application/json"}, 202),
        ({"Content-Type": "application/vnd.sdmx.genericdata+xml;version=2.1"}, 202),
        ({"Content-Type": "application/vnd.sdmx.structure+json;version=2.1.0"}, 415),
        ({"Content-Type": "image/png"}, 415),
        ({"Content-Type": ""}, 415),
        ({"Content-Encoding": "identity"}, 202),
        ({"Content-Encoding": "br"}, 415),
        ({"Content-Encoding": "gzip, gzip"}, 415),
        ({"Idempotency-Key": "k" * 255}, 202),
        ({"Idempotency-Key": "k" * 256}, 400),
        ({"Idempotency-Key": ""}, 400),
        ({"Idempotency-Key": "clé"}, 400),
    ],
)
async def test_what_a_submission_may_say_of_itself(
    service: FastAPI, pools: Pools, headers: dict[str, str], status: int
) -> None:
    mexico = await sender(service, pools, "MEX_UPMRIP")
    sent = {name: value.encode("latin-1") for name, value in headers.items()}
    reply = await mexico.post("/api/submissions", content=GOOD, headers=sent)
    assert reply.status_code == status
    if status == 415:
        assert set(reply.json()) & {"accepted", "accepted_encodings"}


@pytest.mark.parametrize(
    ("disposition", "name"),
    [
        ('attachment; filename="../../etc/passwd"', "passwd"),
        ('attachment; filename="C:\\\\datos\\\\enero.csv"', "enero.csv"),
        ("attachment; filename=\"a\"; filename*=UTF-8''%E2%80%AEevil%00.csv", "evil.csv"),
        ("attachment; filename*=UTF-8''%ED%A0%80.csv", "\ufffd\ufffd\ufffd.csv"),
        ("attachment; filename=" + "x" * 900, "x" * 200),
        ("attachment", None),
        ("", None),
        (";;;filename==", "="),
    ],
)
async def test_a_file_name_is_shown_and_never_a_path(
    service: FastAPI, pools: Pools, disposition: str, name: str | None
) -> None:
    mexico = await sender(service, pools, "MEX_UPMRIP")
    headers = {"Content-Disposition": disposition}
    reply = await mexico.post("/api/submissions", content=GOOD, headers=headers)
    assert reply.json()["file"]["name"] == name
    content = await mexico.get(reply.json()["links"]["content"])
    assert content.headers["content-disposition"].startswith("attachment; filename=")


async def test_a_body_beyond_the_limit_is_refused_before_it_is_read(
    service: FastAPI, pools: Pools
) -> None:
    mexico = await sender(service, pools, "MEX_UPMRIP")
    limit = service.state.settings.max_body_bytes
    read = 0

    async def body() -> AsyncIterator[bytes]:
        nonlocal read
        read += 1
        yield b"x"

    headers = {"Content-Length": str(limit + 1)}
    reply = await mexico.post("/api/submissions", content=body(), headers=headers)
    assert reply.status_code == 413
    assert reply.json()["limit"] == limit
    assert read == 0


async def test_the_list_is_newest_first_and_goes_on(service: FastAPI, pools: Pools) -> None:
    mexico = await sender(service, pools, "MEX_UPMRIP")
    sent = [
        (await mexico.post("/api/submissions", content=GOOD + b"\n" * more)).json()["id"]
        for more in range(3)
    ]
    page = (await mexico.get("/api/submissions?limit=2&state=received")).json()
    rest = (await mexico.get(page["next"])).json()
    told = [each["id"] for each in (*page["submissions"], *rest["submissions"])]
    assert told == sent[::-1]
    assert rest["next"] is None
    places = [each["queue_position"] for each in (*page["submissions"], *rest["submissions"])]
    assert places == [3, 2, 1]
    assert (await mexico.get("/api/submissions?state=published")).json()["submissions"] == []


async def test_a_page_of_many_takes_as_many_statements_as_one_of_one(
    service: FastAPI, pools: Pools, monkeypatch: pytest.MonkeyPatch
) -> None:
    mexico = await sender(service, pools, "MEX_UPMRIP")
    for more in range(4):
        await mexico.post("/api/submissions", content=GOOD + b"\n" * more)
    one_by_one: list[object] = []
    for name in ("queue_position", "finding_counts"):
        monkeypatch.setattr(submissions, name, lambda *a: one_by_one.append(a))
    page = (await mexico.get("/api/submissions?limit=4")).json()
    assert (len(page["submissions"]), one_by_one) == (4, [])


async def test_parameters_out_of_range_are_named_and_not_echoed(
    service: FastAPI, pools: Pools
) -> None:
    mexico = await sender(service, pools, "MEX_UPMRIP")
    reply = await mexico.get("/api/submissions?limit=0&state=%3Cscript%3E")
    assert reply.status_code == 400
    assert {each["parameter"] for each in reply.json()["parameters"]} == {"limit", "state"}
    assert "script" not in reply.text


async def test_a_fault_of_ours_delays_a_verdict_and_loses_nothing(
    service: FastAPI, pools: Pools, worker: None, dsn: str
) -> None:
    mexico = await sender(service, pools, "MEX_UPMRIP")
    await asyncio.to_thread(execute, dsn, "ALTER TABLE series RENAME TO away")
    told = await mexico.post("/api/submissions", content=GOOD)
    assert told.status_code == 202
    await await_state(pools, "failed")
    await asyncio.to_thread(execute, dsn, "ALTER TABLE away RENAME TO series")
    await await_state(pools, "published")


async def test_an_embargo_ends_by_the_clock_of_the_database(
    service: FastAPI, pools: Pools, worker: None
) -> None:
    mexico = await sender(service, pools, "MEX_UPMRIP")
    soon = dt.datetime.now(dt.UTC) + dt.timedelta(seconds=2)
    header, *rows = GOOD.decode().splitlines()
    lines = [f"{header},EMBARGO_TIME", *(f"{row},{soon.isoformat()}" for row in rows[:12])]
    body = "\n".join(lines).encode()
    reply = await mexico.post("/api/submissions", content=body, headers=WAIT)
    assert reply.status_code == 201, reply.text
    told = reply.json()
    assert told["state"] == "awaiting release"
    assert told["release_at"] is not None
    await await_state(pools, "published")
    told = (await mexico.get(told["links"]["self"])).json()
    assert told["state"] == "published"
    async with pools.public.acquire() as connection:
        actions = await connection.fetch("SELECT action FROM ledger ORDER BY sequence")
        count = await connection.fetchval(
            "SELECT sum(observation_count) FROM series JOIN agreement AS a ON a.id = agreement_id"
            " WHERE provider <> 'INT_VIPMG'"
        )
    told = [row["action"] for row in actions if row["action"] != "derivation"]
    assert told == ["submission", "release"]
    assert count == 12
