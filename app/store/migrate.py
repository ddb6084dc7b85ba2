"""The schema of the database: forward to the newest revision, as SQL, or compared with the tables.

Synchronous, for the command line; a running event loop calls `asyncio.to_thread(migrate, dsn)`.
"""

from __future__ import annotations

import asyncio
import importlib
import io
import pkgutil
from collections.abc import Callable
from typing import TypeVar

import asyncpg
from alembic import command
from alembic.autogenerate import produce_migrations, render_python_code
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from alembic.script.revision import RevisionError
from alembic.util import CommandError
from sqlalchemy import Connection, Index, MetaData, text
from sqlalchemy.ext.asyncio import create_async_engine
from sqlalchemy.pool import NullPool
from sqlalchemy.schema import SchemaItem
from sqlmodel import SQLModel

import app.models
from app.errors import ConfigurationError
from app.store.schema_revision import migrations_folder

Result = TypeVar("Result")

LOCK_KEY = 0x7669706D67  # "vipmg"


def migrate(dsn: str) -> list[str]:
    """Bring the schema to the newest revision; return the revisions that were applied, in order.

    Processes that start together wait for each other. Each revision is one transaction.

    Raises:
        ConfigurationError: the database is of a newer release than this program.
    """
    return asyncio.run(_with_connection(dsn, _upgrade))


def migration_sql(dsn: str) -> str:
    """Return as SQL what `migrate` would do to this database; empty when it is up to date."""
    return asyncio.run(_with_connection(dsn, _upgrade_as_sql))


def current_and_head(dsn: str) -> tuple[str | None, str | None]:
    """Return the revision of the database and the newest one of this program."""
    return asyncio.run(_with_connection(dsn, _revisions))


def drift(dsn: str) -> list[str]:
    """Return what a migrated database and the tables of `app.models` say differently."""
    return asyncio.run(_with_connection(dsn, _compare))


def model_metadata() -> MetaData:
    """All tables of `app.models`, whichever of its modules were imported before."""
    for module in pkgutil.walk_packages(app.models.__path__, "app.models."):
        importlib.import_module(module.name)
    return SQLModel.metadata


def is_compared(
    item: SchemaItem, name: str | None, kind: str, reflected: bool, counterpart: SchemaItem | None
) -> bool:
    """Whether a difference of this item counts (Alembic's `include_object`).

    An index over an expression stands in the revisions only. The job queue's tables have a schema
    of their own and are never looked at.
    """
    return not (reflected and isinstance(item, Index) and None in _index_columns(item))


def _index_columns(index: Index) -> list[str | None]:
    return [getattr(expression, "name", None) for expression in index.expressions]


async def _with_connection(dsn: str, work: Callable[[Connection], Result]) -> Result:
    """Run `work` while this process alone may change the schema."""
    engine = create_async_engine(
        "postgresql+asyncpg://",
        async_creator=lambda: asyncpg.connect(
            dsn, server_settings={"application_name": "vipmg migrate"}
        ),
        poolclass=NullPool,
    )
    try:
        async with engine.connect() as connection:
            await connection.execute(text("SELECT pg_advisory_lock(:key)"), {"key": LOCK_KEY})
            await connection.commit()  # the lock is the session's, which ends with this block
            return await connection.run_sync(work)
    finally:
        await engine.dispose()


def _upgrade(connection: Connection) -> list[str]:
    config = _config(connection)
    pending = _pending(connection, config)
    if pending:
        command.upgrade(config, "head")
        connection.commit()
    return pending


def _upgrade_as_sql(connection: Connection) -> str:
    config = _config(connection)
    if not _pending(connection, config):
        return ""
    config.output_buffer = io.StringIO()
    current, head = _revisions(connection)
    command.upgrade(config, f"{current or 'base'}:{head}", sql=True)
    return config.output_buffer.getvalue()


def _pending(connection: Connection, config: Config) -> list[str]:
    current, head = _revisions(connection)
    if head is None:
        return []
    try:
        steps = list(ScriptDirectory.from_config(config).iterate_revisions(head, current))
    except (CommandError, RevisionError) as error:
        raise ConfigurationError(
            f"The database is at revision {current}, which this release does not know: a newer "
            "release made it. Install that release, or restore a backup.",
            f"La base de datos está en la revisión {current}, que esta versión no conoce: la creó "
            "una versión más nueva. Instale esa versión o restaure una copia de seguridad.",
            current=current,
            newest_known=head,
        ) from error
    return [step.revision for step in reversed(steps)]


def _revisions(connection: Connection) -> tuple[str | None, str | None]:
    current = MigrationContext.configure(connection).get_current_revision()
    connection.rollback()  # leave no transaction of ours around Alembic's
    return current, ScriptDirectory.from_config(_config(connection)).get_current_head()


def _compare(connection: Connection) -> list[str]:
    context = MigrationContext.configure(
        connection, opts={"include_object": is_compared, "target_metadata": model_metadata()}
    )
    operations = produce_migrations(context, model_metadata()).upgrade_ops
    if operations is None or operations.is_empty():
        return []
    return [line for line in render_python_code(operations).splitlines() if line.strip()]


def _config(connection: Connection) -> Config:
    config = Config()
    config.set_main_option("path_separator", "os")
    config.set_main_option("script_location", str(migrations_folder()).replace("%", "%%"))
    config.attributes["connection"] = connection
    return config
