"""What each pool may see and do, what a release leaves behind, and what is tried again."""

from __future__ import annotations

import asyncio
import os
import signal

import asyncpg
import pytest

from app.errors import ConfigurationError, UnavailableError
from app.settings import Settings
from app.store.embedded import EmbeddedPostgres
from app.store.migrate import migrate
from app.store.pools import is_retriable, open_pools, with_retry


async def test_public_readers_have_no_right_on_the_withheld_room(pools):
    with pytest.raises(asyncpg.InsufficientPrivilegeError):
        await pools.public.fetch("SELECT * FROM withheld_series")
    assert await pools.privileged.fetch("SELECT * FROM withheld_series") == []


async def test_readers_cannot_write_even_where_a_right_was_granted_by_mistake(pools, dsn):
    owner = await asyncpg.connect(dsn)
    await owner.execute("GRANT INSERT ON registry TO vipmg_reader, vipmg_privileged")
    await owner.close()
    for pool in (pools.public, pools.privileged):
        with pytest.raises(asyncpg.ReadOnlySQLTransactionError):
            await pool.execute("INSERT INTO registry SELECT * FROM registry")


async def test_the_journal_and_the_ledger_cannot_be_rewritten_by_the_writer(pools):
    for statement in ("DELETE FROM ledger", "UPDATE change SET action = 'x'", "DROP TABLE ledger"):
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            await pools.writer.execute(statement)


async def test_release_ends_an_open_transaction_and_its_settings(pools):
    async with pools.privileged.acquire() as first:
        await first.execute("BEGIN")
        await first.execute("SET LOCAL vipmg.organisation = 'HN'")
        before = await first.fetchval("SELECT pg_backend_pid()")
    async with pools.privileged.acquire() as second:
        assert await second.fetchval("SELECT pg_backend_pid()") == before
        left = await second.fetchval("SELECT current_setting('vipmg.organisation', true)")
        assert not left


async def test_sessions_tell_the_administrator_who_they_are(pools):
    names = [
        await pool.fetchval("SELECT current_setting('application_name') || ' ' || current_user")
        for pool in (pools.public, pools.privileged, pools.writer)
    ]
    assert names == [
        "vipmg public reader vipmg_reader",
        "vipmg privileged reader vipmg_privileged",
        "vipmg writer vipmg_writer",
    ]


async def test_reads_go_on_when_the_database_is_killed_under_the_pools(
    tmp_path, postgres_bin, monkeypatch
):
    monkeypatch.setattr("app.store.pools.ATTEMPTS", 100)  # however slow this machine's disk is
    server = EmbeddedPostgres(tmp_path / "data", postgres_bin)
    dsn = await asyncio.to_thread(server.start)
    server.watch()
    await asyncio.to_thread(migrate, dsn)
    pools = await open_pools(dsn, Settings(data_dir=tmp_path))

    def read():
        return pools.public.fetchval("SELECT revision FROM registry")

    try:
        for _ in range(3):
            assert await asyncio.gather(*(with_retry(read) for _ in range(4))) == [0] * 4
            # A backend may still answer while its server is dead already: kill only a living one.
            if (process := server.process) is not None:
                os.kill(process, signal.SIGKILL)
            assert await with_retry(read) == 0
    finally:
        await pools.close()
        await asyncio.to_thread(server.stop)


async def test_retry_leaves_mistakes_alone_and_gives_up_in_the_end(monkeypatch):
    monkeypatch.setattr("app.store.pools.FIRST_WAIT_SECONDS", 0.0)
    tried = []

    async def mistake():
        tried.append("mistake")
        raise asyncpg.UndefinedTableError("no such table")

    async def outage():
        tried.append("outage")
        raise ConnectionRefusedError

    with pytest.raises(asyncpg.UndefinedTableError):
        await with_retry(mistake)
    with pytest.raises(UnavailableError) as given_up:
        await with_retry(outage)
    assert tried.count("mistake") == 1
    assert tried.count("outage") > 1
    assert given_up.value.retriable


@pytest.mark.parametrize(
    ("error", "retriable"),
    [
        (asyncpg.SerializationError(), True),
        (asyncpg.DeadlockDetectedError(), True),
        (asyncpg.AdminShutdownError(), True),
        (asyncpg.CannotConnectNowError(), True),
        (asyncpg.ConnectionDoesNotExistError(), True),
        (asyncpg.InternalClientError("state"), True),
        (asyncpg.InterfaceError("closed"), True),
        (OSError(), True),
        (asyncpg.exceptions.DataError("type"), False),
        (asyncpg.UniqueViolationError(), False),
        (asyncpg.QueryCanceledError(), False),
        (KeyError(), False),
    ],
)
def test_which_errors_may_pass(error, retriable):
    assert is_retriable(error) is retriable


async def test_database_that_is_not_there_is_said_so(tmp_path):
    with pytest.raises(UnavailableError, match="does not answer"):
        await open_pools(f"postgresql:///vipmg?host={tmp_path}&user=vipmg", Settings())


async def test_login_that_may_not_take_the_roles_is_told_so(dsn, settings):
    owner = await asyncpg.connect(dsn)
    await owner.execute(
        "DO $$ BEGIN CREATE ROLE stranger LOGIN; EXCEPTION WHEN duplicate_object THEN NULL; END $$"
    )
    await owner.close()
    with pytest.raises(ConfigurationError, match="vipmg migrate"):
        await open_pools(dsn.replace("user=vipmg", "user=stranger"), settings)


async def test_pooler_that_drops_the_role_is_noticed(dsn, settings, monkeypatch):
    connect = asyncpg.connect

    async def without_role(*args, server_settings, **kwargs):
        server_settings = {name: v for name, v in server_settings.items() if name != "role"}
        return await connect(*args, server_settings=server_settings, **kwargs)

    monkeypatch.setattr(asyncpg.connection, "connect", without_role)
    with pytest.raises(ConfigurationError, match="connected as vipmg instead of vipmg_reader"):
        await open_pools(dsn, settings)
