"""A service that holds the bundle of `tests/fixtures`: every class, data and their history.

`bundle` of conftest is one such service for all tests that only read; it is asked without await,
so that generated queries can use it. `bundle_settings` is a copy of its database for one test.
"""

from __future__ import annotations

import asyncio
import datetime as dt
import threading
from collections.abc import Coroutine, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

import httpx

from app.main import create_app
from app.sdmx.artefacts import Artefact
from app.services.publish_structures import publish_structures, read_structure_files
from app.settings import Settings
from app.store.pools import Pools, open_pools
from tests.structures import START, Desk

FIXTURES = Path(__file__).parent / "fixtures"
STRUCTURES = FIXTURES / "structures"
DATA = FIXTURES / "data"
METADATA = FIXTURES / "metadata"

AGENCY = "SICA_TEST"
MIGRATION = "SICA_TEST:DF_MIGRATION(1.0.0)"

Result = TypeVar("Result")


def bundle_artefacts() -> list[Artefact]:
    """All structures of the bundle."""
    return read_structure_files([STRUCTURES])


def data_files() -> list[tuple[Path, str]]:
    """The data files in the order in which they are sent, each with its data provider."""
    return [(file, file.name.split(".")[1].upper()) for file in sorted(DATA.glob("*.csv"))]


async def load_bundle(pools: Pools) -> dict[str, dt.datetime]:
    """Publish the structures and metadata sets, then send each file.

    Returns:
        By the number of a file (`01`), an instant after it was published and before the next.
    """
    await publish_structures(pools.writer, [STRUCTURES, METADATA], START)
    desk = Desk(pools)
    instants: dict[str, dt.datetime] = {}
    for file, provider in data_files():
        await desk.accept(file.read_bytes(), provider)
        [row] = await pools.writer.fetch("SELECT clock_timestamp() AS now")
        instants[file.name[:2]] = row["now"]
    return instants


def fill_database(dsn: str, data_dir: Path) -> dict[str, dt.datetime]:
    """Load the bundle into a migrated database."""

    async def fill() -> dict[str, dt.datetime]:
        settings = Settings(data_dir=data_dir, database_url=dsn, database_pool_size=2)
        pools = await open_pools(dsn, settings)
        try:
            return await load_bundle(pools)
        finally:
            await pools.close()

    return asyncio.run(fill())


@dataclass
class Bundle:
    """A running service with the bundle, asked without await.

    Attributes:
        instants: by the number of a data file, an instant after it and before the next.
    """

    client: httpx.AsyncClient
    loop: asyncio.AbstractEventLoop
    instants: dict[str, dt.datetime]

    def get(self, path: str, accept: str | None = None, **headers: str) -> httpx.Response:
        """Ask for a path; header names are written with underscores."""
        sent = {name.replace("_", "-"): value for name, value in headers.items()}
        if accept is not None:
            sent["Accept"] = accept
        return self.run(self.client.get(path, headers=sent))

    def run(self, work: Coroutine[Any, Any, Result]) -> Result:
        """Run a coroutine on the loop of the service."""
        return asyncio.run_coroutine_threadsafe(work, self.loop).result(60)


@contextmanager
def open_bundle(settings: Settings, instants: dict[str, dt.datetime]) -> Iterator[Bundle]:
    """A service on a database that holds the bundle, on a loop in a thread of its own."""
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever)
    thread.start()

    def run(work: Coroutine[Any, Any, Result]) -> Result:
        return asyncio.run_coroutine_threadsafe(work, loop).result(60)

    service = create_app(settings)
    lifespan = service.router.lifespan_context(service)
    client = httpx.AsyncClient(
        transport=httpx.ASGITransport(service, raise_app_exceptions=False),
        base_url=settings.base_url,
    )
    try:
        run(lifespan.__aenter__())
        yield Bundle(client, loop, instants)
        run(client.aclose())
        run(lifespan.__aexit__(None, None, None))
    finally:
        loop.call_soon_threadsafe(loop.stop)
        thread.join()
        loop.close()
