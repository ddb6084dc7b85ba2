"""The same data in every format are the same data: sent, published, and read again."""

from __future__ import annotations

import gzip
import io
import zipfile
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from fastapi import FastAPI

import app
from app.store.pools import Pools
from tests.api.test_submissions import WAIT, sender, service, worker
from tests.hostile import messages

__all__ = ["service", "worker"]

CSV = "application/vnd.sdmx.data+csv;version=2.1.0"
BODY = (Path(app.__file__).parent / "demo" / "mex_upmrip_return_out.csv").read_bytes()
FLOW = "VIPMG:DF_RETURN_OUT(1.0.0)"
V2 = "/sdmx/v2/data/dataflow/VIPMG/DF_RETURN_OUT/1.0.0"
V1 = "/sdmx/v1/data/VIPMG,DF_RETURN_OUT,1.0.0"
GENERIC = ["application/json", "application/xml", "text/csv", "application/octet-stream"]
FORMATS = [
    *[(V2, f"application/vnd.sdmx.data+csv;version={v}") for v in ("1.0.0", "2.0.0", "2.1.0")],
    (V2, "application/vnd.sdmx.data+csv;version=2.1.0;labels=both"),
    (V2, "application/vnd.sdmx.data+csv;version=2.1.0;labels=name;keys=both"),
    *[(V2, f"application/vnd.sdmx.data+json;version={v}") for v in ("2.0.0", "2.1.0")],
    *[(V2, f"application/vnd.sdmx.data+xml;version={v}") for v in ("3.0.0", "3.1.0")],
    (V1, "application/vnd.sdmx.data+json;version=1.0.0"),
    (V1, "application/vnd.sdmx.genericdata+xml;version=2.1"),
    (V1, "application/vnd.sdmx.generictimeseriesdata+xml;version=2.1"),
    (V1, "application/vnd.sdmx.structurespecificdata+xml;version=2.1"),
    (V1, "application/vnd.sdmx.structurespecifictimeseriesdata+xml;version=2.1"),
]
FLAT = {"dimensionAtObservation": "AllDimensions"}
LOSSY = "version=1.0.0", "version=2.1"
"""Formats that know one language of a text."""


@pytest.fixture
async def mexico(service: FastAPI, pools: Pools, worker: None) -> AsyncIterator[httpx.AsyncClient]:
    yield await sender(service, pools, "MEX_UPMRIP")


async def submit(
    client: httpx.AsyncClient, body: bytes, content_type: str, status: int = 201, **headers: str
) -> dict[str, Any]:
    sent = WAIT | {"Content-Type": content_type} | headers
    reply = await client.post("/api/submissions?again=true", content=body, headers=sent)
    assert reply.status_code == status, reply.text[:2000]
    told: dict[str, Any] = reply.json()
    return told


async def stored(client: httpx.AsyncClient) -> str:
    """All that is stored, as rows in order."""
    reply = await client.get(V2, headers={"Accept": CSV, "Accept-Language": "*"})
    assert reply.status_code in {200, 204}
    return reply.text


async def empty(client: httpx.AsyncClient) -> None:
    head = f"STRUCTURE,STRUCTURE_ID,ACTION\ndataflow,{FLOW},D\n"
    await submit(client, head.encode(), CSV)
    assert await stored(client) == ""


def wrong_values(told: dict[str, Any]) -> list[dict[str, Any]]:
    return [one for one in told["findings"]["first"] if one["code"] == "VIPMG-212"]


def archive(**members: bytes) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as made:
        for name, content in members.items():
            made.writestr(name, content)
    return buffer.getvalue()


async def test_c138_all_formats_with_the_same_data_end_in_the_same_stored_data(
    mexico: httpx.AsyncClient,
) -> None:
    await submit(mexico, BODY, CSV)
    whole = await stored(mexico)
    assert whole.count("\n") == BODY.count(b"\n")
    sent: list[tuple[str, bytes]] = []
    for path, accept in FORMATS:
        for layout in ({}, FLAT):
            if layout and "timeseries" in accept:
                continue
            asked = {"Accept": accept, "Accept-Language": "*"}
            reply = await mexico.get(path, headers=asked, params=layout)
            assert reply.status_code == 200, (accept, reply.text[:500])
            sent.append((accept.partition(";labels")[0], reply.content))
    one_language = None
    for content_type, body in sent:
        await empty(mexico)
        await submit(mexico, body, content_type)
        found = await stored(mexico)
        if content_type.endswith(LOSSY):
            one_language = one_language or found
            assert found == one_language, content_type
            assert found.count("\n") == whole.count("\n")
        else:
            assert found == whole, content_type


async def test_c138_types_that_say_little_leave_it_to_the_file(mexico: httpx.AsyncClient) -> None:
    await submit(mexico, BODY, CSV)
    whole = await stored(mexico)
    bodies = [BODY, BODY.decode().encode("utf-16")]
    for accept in ("data+json;version=2.1.0", "data+xml;version=3.1.0"):
        asked = {"Accept": f"application/vnd.sdmx.{accept}", "Accept-Language": "*"}
        bodies.append((await mexico.get(V2, headers=asked)).content)
    for body, content_type in zip(bodies, GENERIC, strict=True):
        await empty(mexico)
        await submit(mexico, body, content_type)
        assert await stored(mexico) == whole
    for body in bodies[2:]:
        await empty(mexico)
        await submit(mexico, gzip.compress(body), "application/gzip")
        assert await stored(mexico) == whole


async def test_an_archive_is_one_transaction(mexico: httpx.AsyncClient) -> None:
    await submit(mexico, BODY, CSV)
    whole = await stored(mexico)
    asked = {"Accept": "application/vnd.sdmx.data+json;version=2.1.0", "Accept-Language": "*"}
    json = (await mexico.get(V2, headers=asked)).content
    head, *rows = BODY.splitlines(keepends=True)
    await empty(mexico)
    body = archive(**{"b.csv": head + b"".join(rows[70:]), "a.csv": head + b"".join(rows[:70])})
    told = await submit(mexico, body, "application/zip")
    assert told["rows"] == len(rows)
    assert await stored(mexico) == whole
    await empty(mexico)
    wrong = head + rows[0].replace(b",675,", b",x,")
    refused = await submit(
        mexico, archive(**{"a.json": json, "b.csv": wrong}), "application/zip", 422
    )
    [finding] = wrong_values(refused)
    assert (finding["value"], finding["file"], finding["row"]) == ("x", "b.csv", 2)
    assert await stored(mexico) == ""


async def test_a_finding_in_json_and_in_xml_is_told_with_its_place(
    mexico: httpx.AsyncClient,
) -> None:
    await submit(mexico, BODY, CSV)
    places = {
        "application/vnd.sdmx.data+json;version=2.1.0": (
            f"/data/dataSets/0/series/{':'.join('0' * 11)}/observations/0/0"
        ),
        "application/vnd.sdmx.data+xml;version=3.1.0": (
            "/message:StructureSpecificData/message:DataSet[1]/Series[1]/Obs[1]"
        ),
    }
    for accept, place in places.items():
        body = (await mexico.get(V2, headers={"Accept": accept})).content
        refused = await submit(mexico, body.replace(b'"675"', b'"x"'), accept, 422)
        [finding] = wrong_values(refused)
        assert (finding["value"], finding["place"]) == ("x", place)


async def test_a_type_of_sdmx_is_held_to_its_word(mexico: httpx.AsyncClient) -> None:
    refused = await submit(mexico, BODY, "application/vnd.sdmx.data+json;version=2.1.0", 422)
    [finding] = refused["findings"]["first"]
    assert (finding["code"], finding["rule"]) == ("VIPMG-201", "other-format")
    assert "json" in finding["message"]


async def test_hostile_messages_are_refused_and_nothing_is_stored(
    mexico: httpx.AsyncClient, pools: Pools
) -> None:
    for hostile in messages(FLOW):
        coding = {"Content-Encoding": "gzip"} if hostile.is_gzip else {}
        told = await submit(mexico, hostile.body, hostile.content_type, 422, **coding)
        assert told["state"] == "rejected", hostile.name
        found = {one["code"] for one in told["findings"]["first"]}
        assert found, hostile.name
    async with pools.writer.acquire() as connection:
        assert await connection.fetchval("SELECT count(*) FROM series") == 0
        assert await connection.fetchval("SELECT count(*) FROM change") == 0
        failed = "SELECT count(*) FROM submission WHERE state <> 'rejected'"
        assert await connection.fetchval(failed) == 0
