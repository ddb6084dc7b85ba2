"""The schema: first to last revision, twice, at once, as SQL, and no drift."""

from __future__ import annotations

import asyncio
from concurrent.futures import ThreadPoolExecutor

import asyncpg
import pytest

from app.errors import ConfigurationError
from app.store.migrate import current_and_head, drift, migrate, migration_sql
from app.store.schema_revision import is_newest, newest_revision
from tests.conftest import execute, fresh_database


@pytest.fixture
def bare_dsn(postgres_dsn):
    """An empty database of this test alone."""
    yield from fresh_database(postgres_dsn, "template0")


def tables(dsn):
    async def run():
        connection = await asyncpg.connect(dsn)
        rows = await connection.fetch(
            "SELECT table_schema || '.' || table_name AS name FROM information_schema.tables"
            " WHERE table_schema IN ('public', 'pgqueuer') ORDER BY 1"
        )
        await connection.close()
        return [row["name"] for row in rows]

    return asyncio.run(run())


def test_migrate_goes_from_nothing_to_head_and_then_has_nothing_to_do(bare_dsn):
    assert not asyncio.run(is_newest(bare_dsn))
    applied = migrate(bare_dsn)
    current, head = current_and_head(bare_dsn)
    assert applied
    assert current == head == applied[-1] == newest_revision()
    assert asyncio.run(is_newest(bare_dsn))
    assert migrate(bare_dsn) == []
    assert migration_sql(bare_dsn) == ""


def test_two_processes_that_start_together_apply_each_revision_once(bare_dsn):
    with ThreadPoolExecutor(2) as both:
        first, second = both.map(migrate, [bare_dsn, bare_dsn])
    assert sorted([len(first), len(second)])[0] == 0
    assert first or second
    assert len(set(current_and_head(bare_dsn))) == 1


def test_sql_on_paper_makes_the_same_tables(bare_dsn, dsn):
    execute(bare_dsn, migration_sql(bare_dsn))
    assert tables(bare_dsn) == tables(dsn)
    assert migrate(bare_dsn) == []


def test_tables_of_the_models_and_of_the_database_are_the_same(dsn):
    assert drift(dsn) == []


def test_drift_names_a_column_that_only_the_database_has(dsn):
    execute(dsn, "ALTER TABLE agreement ADD COLUMN forgotten text")
    assert any("forgotten" in line for line in drift(dsn))


def test_drift_looks_past_the_tables_of_the_job_queue(dsn):
    execute(dsn, "CREATE TABLE IF NOT EXISTS pgqueuer.another (id int)")
    assert drift(dsn) == []


def test_a_database_of_a_newer_release_is_refused(dsn):
    execute(dsn, "UPDATE alembic_version SET version_num = '9999'")
    with pytest.raises(ConfigurationError, match="newer release") as refused:
        migrate(dsn)
    assert "9999" in refused.value.text["es"]
