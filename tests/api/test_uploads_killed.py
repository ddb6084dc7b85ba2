"""Uploads through kill -9 of the service: what was acknowledged is there, and nothing twice."""

from __future__ import annotations

import asyncio
import random
from pathlib import Path

import httpx
import pytest

from app.services.add_client import NewClient, add_client
from app.settings import Settings
from app.store.pools import open_pools
from tests.api.test_uploads import LARGE, PART, TUS, metadata
from tests.fault.service import Service

KILLS = 4


async def client_of(service: Service) -> NewClient:
    settings = Settings(data_dir=service.data_dir, database_pool_size=2)
    pools = await open_pools(service.dsn, settings)
    try:
        return await add_client(pools.writer, "MEX_UPMRIP")
    finally:
        await pools.close()


async def token_of(client: httpx.AsyncClient, new: NewClient) -> dict[str, str]:
    assert new.client_secret is not None
    reply = await client.post(
        "/oauth/token",
        data={"grant_type": "client_credentials"},
        auth=(new.client_id, new.client_secret),
    )
    return {"Authorization": f"Bearer {reply.json()['access_token']}"}


@pytest.mark.parametrize("seed", [1, 2])
async def test_no_byte_is_lost_and_no_file_is_stored_twice(tmp_path: Path, seed: int) -> None:
    chance = random.Random(seed)
    service = Service(tmp_path)
    await service.start()
    try:
        new = await client_of(service)
        async with httpx.AsyncClient(base_url=service.url, timeout=60, trust_env=False) as client:
            token = await token_of(client, new)
            begin = {**TUS, **token, "Upload-Length": str(len(LARGE))}
            begun = await client.post(
                "/api/uploads", headers={**begin, "Upload-Metadata": metadata()}
            )
            path = httpx.URL(begun.headers["location"]).path
            acknowledged, kills, submission = 0, 0, None
            while True:
                head = await client.head(path, headers={**TUS, **token})
                assert head.status_code == 200, head.headers
                at = int(head.headers["upload-offset"])
                assert at >= acknowledged
                submission = head.headers.get("vipmg-submission")
                if submission is not None:
                    break
                size = chance.choice((200_000, 600_000, len(LARGE)))
                sending = asyncio.create_task(
                    client.patch(
                        path,
                        headers={**PART, **token, "Upload-Offset": str(at)},
                        content=LARGE[at : at + size],
                    )
                )
                killed = kills < KILLS
                if killed:
                    await asyncio.sleep(chance.uniform(0, 0.08))
                    service.kill_server()
                    kills += 1
                try:
                    reply = await sending
                    if reply.status_code == 204:
                        acknowledged = int(reply.headers["upload-offset"])
                except httpx.TransportError:
                    pass
                if killed:
                    await service.start()
                    token = await token_of(client, new)
            listed = (await client.get("/api/submissions", headers=token)).json()["submissions"]
            assert [each["id"] for each in listed] == [submission]
            content = await client.get(f"/api/submissions/{submission}/content", headers=token)
            assert content.content == LARGE
            assert kills  # how many there is time for is up to the machine
    finally:
        service.stop()
