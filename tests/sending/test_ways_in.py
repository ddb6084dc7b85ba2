"""A file has the same parameters in each of the ways in, and none that is misspelt is let pass."""

from __future__ import annotations

import re
from typing import Any

import pytest

from app.store.pools import Pools
from tests.api.test_uploads import PART, metadata
from tests.sending.desk import House, Sender, rows

FILE = rows("M,CRI,2024-01,1")
LAYOUT = "/api/agreements/PA_MONTHLY/layouts/mine"
SPACES = ("public", "practice")


async def stored(pools: Pools) -> list[int]:
    """How many submissions there are in earnest and for practice."""
    return [
        await pools.writer.fetchval(f"SELECT count(*) FROM {space}.submission") for space in SPACES
    ]


async def upload(sender: Sender, content: bytes = FILE, **pairs: str) -> Any:
    """Send a file by tus at once."""
    headers = PART | {"Upload-Length": str(len(content)), "Upload-Metadata": metadata(**pairs)}
    return await sender.client.post("/api/uploads", headers=headers, content=content)


@pytest.mark.parametrize("value", ["true", "True", "TRUE", "1", ""])
async def test_practice_is_never_taken_for_earnest(
    quiet_house: House, pools: Pools, value: str
) -> None:
    reply = await upload(await quiet_house.sender(), practice=value)
    assert reply.status_code == 201, reply.text
    assert await stored(pools) == [0, 1]
    assert "/api/practice/submissions/" in reply.headers["link"]


@pytest.mark.parametrize(
    "pairs",
    [
        {"practice": "yes"},
        {"practice": "on"},
        {"Practice": "true"},
        {"validate.only": "true"},
        {"dry-run": "true"},
        {"validate_only": "maybe"},
        {"again": "2"},
    ],
)
async def test_metadata_that_are_not_understood_store_nothing(
    quiet_house: House, pools: Pools, pairs: dict[str, str]
) -> None:
    reply = await upload(await quiet_house.sender(), **pairs)
    assert (reply.status_code, reply.json()["code"]) == (400, "VIPMG-100"), reply.text
    assert await stored(pools) == [0, 0]
    assert await pools.writer.fetchval("SELECT count(*) FROM upload") == 0


async def test_what_programs_say_of_any_file_is_let_pass(quiet_house: House, pools: Pools) -> None:
    reply = await upload(await quiet_house.sender(), relativePath="null", name="a.csv")
    assert reply.status_code == 201, reply.text
    assert await stored(pools) == [1, 0]


@pytest.mark.parametrize(
    "query",
    [
        "?validate_only",
        "?validate_only=true",
        "?practice=true",
        "?dry-run",
        "?agreement=a&layuot=b",
    ],
)
@pytest.mark.parametrize("space", ["", "/practice"])
async def test_a_misspelt_parameter_stores_nothing(
    quiet_house: House, pools: Pools, query: str, space: str
) -> None:
    sender = await quiet_house.sender()
    reply = await sender.send(FILE, query, wait=None, space=space)
    assert (reply.status_code, reply.json()["code"]) == (400, "VIPMG-100"), reply.text
    assert reply.json()["parameters"]
    assert await stored(pools) == [0, 0]


async def test_each_route_that_writes_refuses_what_it_does_not_know(
    quiet_house: House, pools: Pools
) -> None:
    sender = await quiet_house.sender()
    identity = (await sender.send(FILE, wait=None)).json()["id"]
    own = f"/api/submissions/{identity}"
    writing = [
        ("POST", f"{own}/corrections?validate_only"),
        ("POST", f"{own}/approval?validate-only"),
        ("POST", f"{own}/withdrawal?validate-only"),
        ("POST", "/api/agreements/PA_MONTHLY/nil-returns?validate-only"),
        ("POST", "/api/uploads?validate-only"),
        ("DELETE", f"{own}?validate-only"),
        ("DELETE", "/api/practice?validate-only"),
        ("POST", "/api/practice/copy?validate-only"),
        ("PUT", f"{LAYOUT}?validate-only"),
        ("DELETE", f"{LAYOUT}?validate-only"),
        ("POST", f"{LAYOUT}/preview?validate-only"),
    ]
    for method, path in writing:
        reply = await sender.client.request(method, path, json=[], headers=PART)
        assert (reply.status_code, reply.json()["code"]) == (400, "VIPMG-100"), (path, reply.text)
    assert (await sender.get(own))["state"] == "received"
    assert await stored(pools) == [1, 0]


async def test_each_route_that_reads_refuses_what_it_does_not_know(quiet_house: House) -> None:
    sender = await quiet_house.sender()
    paths = (await sender.get("/openapi.json"))["paths"]
    reading = [path for path, item in paths.items() if "get" in item and path.startswith("/api/")]
    reading.remove("/api/reports/{token}")  # programs of mail append to the links that they open
    assert len(reading) > 30
    known = {"map": "TST:SM(1.0.0)", "agreement": "PA_MONTHLY", "pair": "MS_RETURN"}
    for path in reading:
        address = re.sub(r"\{(\w+)\}", lambda name: known.get(name[1], "x"), path)
        reply = await sender.client.get(f"{address}?colour=red")
        told = reply.json()
        assert (reply.status_code, told.get("code")) == (400, "VIPMG-100"), (path, reply.text)
        assert "colour" in reply.text, path


async def test_a_switch_may_be_written_large(house: House) -> None:
    sender = await house.sender()
    told = (await sender.send(FILE, "?validate-only=True")).json()
    assert told["state"] == "validated"


@pytest.mark.parametrize("way", ["at once", "in parts", "by the standard"])
async def test_a_file_replaces_another_in_each_way_in(house: House, way: str) -> None:
    sender = await house.sender()
    old = await sender.publish(rows("M,CRI,2024-01,1", "M,CRI,2024-02,2"))
    new = rows("M,CRI,2024-01,7")
    if way == "at once":
        await sender.publish(new, f"?supersedes={old['id']}")
    elif way == "in parts":
        reply = await upload(sender, new, supersedes=old["id"])
        assert reply.status_code == 201, reply.text
        identity = reply.headers["vipmg-submission"]
        for _ in range(60):
            told = await sender.get(f"/api/submissions/{identity}")
            if told["decided_at"] is not None:
                break
            await sender.send(FILE, "?validate-only&again", wait=1)
        assert told["state"] == "published", told
    else:
        reply = await sender.client.post(
            f"/sdmx/v2/data?supersedes={old['id']}",
            content=new,
            headers={"Content-Type": "application/vnd.sdmx.data+csv;version=2.1.0"},
        )
        assert reply.status_code == 200, reply.text
    assert await house.figures() == {"M.CRI.2024-01": "7"}
    assert (await sender.get(f"/api/submissions/{old['id']}"))["state"] == "superseded"
