"""Whether the schema of a database is of this release, told without Alembic.

Alembic and SQLAlchemy take half a second to load, which a start with nothing to migrate can spare.
"""

from __future__ import annotations

from pathlib import Path
from typing import Final

import asyncpg

import app

_REVISION: Final = "SELECT version_num FROM alembic_version"


def migrations_folder() -> Path:
    """The revisions as delivered in the wheel, or those of the checkout."""
    package = Path(app.__file__).parent
    delivered = package / "_migrations"
    return delivered if delivered.is_dir() else package.parent / "migrations"


def newest_revision() -> str:
    """The newest revision of this program: revisions are in a row, and begin their files' names."""
    versions = migrations_folder() / "versions"
    return max(file.name.partition("_")[0] for file in versions.glob("[0-9]*_*.py"))


async def is_newest(dsn: str) -> bool:
    """Whether the database is at the newest revision of this program, neither before nor after."""
    connection = await asyncpg.connect(dsn, server_settings={"application_name": "vipmg migrate"})
    try:
        return bool(await connection.fetchval(_REVISION) == newest_revision())
    except asyncpg.UndefinedTableError:
        return False
    finally:
        await connection.close()
