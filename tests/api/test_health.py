"""Whether the service lives and is ready, as a watchdog sees it."""

from __future__ import annotations

import asyncio
import datetime as dt

import httpx

from app.main import create_app
from app.services.publish_structures import publish_structures, shared_structures
from app.settings import Settings
from app.store.pools import Pools
from tests.conftest import execute


async def test_ready_means_writable_migrated_and_published(
    settings: Settings, pools: Pools, dsn: str
) -> None:
    app = create_app(settings)
    async with (
        app.router.lifespan_context(app),
        httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://x") as client,
    ):
        assert (await client.get("/health")).json() == {"status": "ok"}
        early = await client.get("/ready")
        assert early.status_code == 503
        assert early.json()["checks"] == {"database": True, "migrations": True, "registry": False}
        now = dt.datetime.now(dt.UTC)
        await publish_structures(pools.writer, [shared_structures(settings)], now)
        ready = await client.get("/ready")
        assert ready.status_code == 200
        assert ready.json()["status"] == "ready"


async def test_a_database_that_is_not_migrated_is_not_ready(
    settings: Settings, pools: Pools, dsn: str
) -> None:
    await asyncio.to_thread(execute, dsn, "UPDATE alembic_version SET version_num = '0000'")
    app = create_app(settings)
    async with (
        app.router.lifespan_context(app),
        httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://x") as client,
    ):
        reply = await client.get("/ready")
    assert reply.status_code == 503
    assert reply.json()["checks"]["migrations"] is False


async def test_the_first_page_speaks_the_language_of_the_browser(settings: Settings) -> None:
    app = create_app(settings)
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://x") as client:
        page = await client.get("/", headers={"Accept-Language": "es"})
        assert page.headers["content-language"] == "es"
        assert "Flujos de datos" in page.text
        description = (await client.get("/openapi.json")).json()
    assert "/api/submissions" in description["paths"]
    sent = description["paths"]["/api/submissions"]["post"]
    assert "text/csv" in sent["requestBody"]["content"]
    assert {"200", "201", "202", "422", "default"} <= sent["responses"].keys()
    assert "HTTPValidationError" not in str(description)
