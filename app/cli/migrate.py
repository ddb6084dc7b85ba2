"""`vipmg migrate`: bring the database to this release."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Final

import typer

from app.cli.database import database, errors_printed, read_settings, terminal_language
from app.store import migrate as schema

_TEXTS: Final = {
    "en": {"applied": "Applied: {}.", "current": "The database is up to date."},
    "es": {"applied": "Aplicadas: {}.", "current": "La base de datos está al día."},
}


def migrate(
    sql: Annotated[
        bool, typer.Option("--sql", help="Print what would be done, and change nothing.")
    ] = False,
    data_dir: Annotated[
        Path | None, typer.Option("--data-dir", help="Folder of the embedded database.")
    ] = None,
) -> None:
    """Bring the schema of the database to this release; `vipmg serve` does it by itself."""
    texts = _TEXTS[terminal_language()]
    with (
        errors_printed(),
        database(read_settings(data_dir=data_dir), may_create=not sql) as dsn,
    ):
        if sql:
            typer.echo(schema.migration_sql(dsn), nl=False)
            return
        applied = schema.migrate(dsn)
        done = texts["applied"].format(", ".join(applied)) if applied else texts["current"]
        typer.echo(done)
