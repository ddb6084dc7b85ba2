"""Fixtures of all tests: a real PostgreSQL, a migrated database for each test that asks for one.

VIPMG_TEST_POSTGRES_BIN names the `bin` folder of another PostgreSQL than the wheel's.
"""

from __future__ import annotations

import asyncio
import datetime as dt
import fcntl
import os
import shutil
import tempfile
import uuid
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import asyncpg
import hypothesis
import pytest
import pytest_asyncio
import structlog

from app.settings import Settings
from app.store.embedded import EmbeddedPostgres
from app.store.migrate import migrate
from app.store.pools import Pools, open_pools

if TYPE_CHECKING:
    from tests.fixture_exchange import Bundle

# Where Linux keeps files in memory. A container may have next to nothing there.
MEMORY = Path("/dev/shm")
ENOUGH_MEMORY = 2 << 30

# A slow machine is no fault of what is tested.
hypothesis.settings.register_profile("untimed", deadline=None)
hypothesis.settings.load_profile("untimed")

# As the service logs. The default draws all variables, for most of a minute where they are large.
structlog.configure(
    processors=[
        *structlog.get_config()["processors"][:-1],
        structlog.dev.ConsoleRenderer(exception_formatter=structlog.dev.plain_traceback),
    ]
)


@pytest.fixture(scope="session")
def postgres_bin() -> Path | None:
    """The `bin` folder to test with; None = the wheel's."""
    named = os.environ.get("VIPMG_TEST_POSTGRES_BIN")
    return Path(named) if named else None


@pytest.fixture(scope="session")
def postgres_dsn(
    tmp_path_factory: pytest.TempPathFactory, postgres_bin: Path | None
) -> Iterator[str]:
    """A server of this test process; the address is that of its database for maintenance."""
    with (
        short_lived_folder(tmp_path_factory) as folder,
        EmbeddedPostgres(folder, postgres_bin) as server,
    ):
        yield database_dsn(server.dsn, "postgres")


@pytest.fixture(scope="session")
def empty_dsn(postgres_dsn: str) -> Iterator[str]:
    """A database without any table, which no test may change."""
    yield from fresh_database(postgres_dsn, "template0")


@pytest.fixture(scope="session")
def template(postgres_dsn: str) -> str:
    """Name of a migrated database that the others are copied from."""
    migrate(database_dsn(postgres_dsn, "vipmg"))
    return "vipmg"


@pytest.fixture
def dsn(postgres_dsn: str, template: str) -> Iterator[str]:
    """A migrated database of this test alone."""
    yield from fresh_database(postgres_dsn, template)


@pytest.fixture
def settings(dsn: str, tmp_path: Path) -> Settings:
    """Settings of a service on this test's database."""
    return Settings(data_dir=tmp_path / "data", database_url=dsn, database_pool_size=2)


@pytest.fixture
async def pools(dsn: str, settings: Settings) -> AsyncIterator[Pools]:
    """The service's pools on this test's database."""
    opened = await open_pools(dsn, settings)
    yield opened
    await opened.close()


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Let tests run in the loop of what their module shares."""
    for item in items:
        if "module_pools" in getattr(item, "fixturenames", ()):
            item.add_marker(pytest.mark.asyncio(loop_scope="module"), append=False)


@pytest.fixture(scope="module")
def module_settings(
    postgres_dsn: str, template: str, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Settings]:
    """Settings of a service on a migrated database of this module."""
    for dsn in fresh_database(postgres_dsn, template):
        data_dir = tmp_path_factory.mktemp("module") / "data"
        yield Settings(data_dir=data_dir, database_url=dsn, database_pool_size=2)


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def module_pools(module_settings: Settings) -> AsyncIterator[Pools]:
    """The service's pools on this module's database, for tests that only read."""
    assert module_settings.database_url is not None
    opened = await open_pools(module_settings.database_url.get_secret_value(), module_settings)
    yield opened
    await opened.close()


@pytest.fixture(scope="session")
def bundle_template(
    postgres_dsn: str, template: str, tmp_path_factory: pytest.TempPathFactory
) -> tuple[str, dict[str, dt.datetime]]:
    """Name of a database that holds the bundle of `tests/fixtures`, and the times of its files."""
    from tests.fixture_exchange import fill_database

    execute(postgres_dsn, f'CREATE DATABASE bundle TEMPLATE "{template}"')
    instants = fill_database(
        database_dsn(postgres_dsn, "bundle"), tmp_path_factory.mktemp("filling")
    )
    return "bundle", instants


@pytest.fixture
def bundle_settings(
    postgres_dsn: str, bundle_template: tuple[str, dict[str, dt.datetime]], tmp_path: Path
) -> Iterator[Settings]:
    """Settings of a service on a copy of the bundle's database, of this test alone."""
    for dsn in fresh_database(postgres_dsn, bundle_template[0]):
        yield Settings(data_dir=tmp_path / "data", database_url=dsn, database_pool_size=2)


@pytest.fixture(scope="session")
def bundle(
    postgres_dsn: str,
    bundle_template: tuple[str, dict[str, dt.datetime]],
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[Bundle]:
    """A service with the bundle of `tests/fixtures`, for tests that only read."""
    from tests.fixture_exchange import open_bundle

    name, instants = bundle_template
    for dsn in fresh_database(postgres_dsn, name):
        data_dir = tmp_path_factory.mktemp("bundle")
        settings = Settings(data_dir=data_dir, database_url=dsn, database_pool_size=2)
        with open_bundle(settings, instants) as opened:
            yield opened


@contextmanager
def short_lived_folder(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A folder for databases that live as long as a test: in memory, where there is enough.

    Tests of crashes and of what is on the disk have servers of their own, on the disk.
    """
    if not MEMORY.is_dir() or shutil.disk_usage(MEMORY).free < ENOUGH_MEMORY:
        yield tmp_path_factory.mktemp("postgres")
        return
    prefix = f"vipmg-tests-{os.getuid()}-"
    for left in MEMORY.glob(f"{prefix}*/.lock"):
        remove_abandoned(left)
    folder = Path(tempfile.mkdtemp(prefix=prefix, dir=MEMORY))
    folder.chmod(0o711)
    try:
        yield folder
    finally:
        shutil.rmtree(folder)


def remove_abandoned(lock: Path) -> None:
    """Remove the folder of a test process that was killed; one that lives holds its lock."""
    with lock.open() as held:
        try:
            fcntl.flock(held, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return
        shutil.rmtree(lock.parent, ignore_errors=True)


def database_dsn(dsn: str, name: str) -> str:
    """Name another database of the same server."""
    return dsn.replace("///" + dsn.split("///")[1].split("?")[0], f"///{name}")


def fresh_database(postgres_dsn: str, template: str) -> Iterator[str]:
    """Copy a database, and drop the copy at the end, whoever is still connected."""
    name = f"test_{uuid.uuid4().hex}"
    copied = f'TEMPLATE "{template}" STRATEGY file_copy'
    execute(postgres_dsn, f"CREATE DATABASE {name} {copied}")
    yield database_dsn(postgres_dsn, name)
    execute(postgres_dsn, f"DROP DATABASE {name} WITH (FORCE)")


def execute(dsn: str, statement: str) -> None:
    """Run one statement on a connection of its own."""

    async def run() -> None:
        connection = await asyncpg.connect(dsn)
        try:
            await connection.execute(statement)
        finally:
            await connection.close()

    asyncio.run(run())
