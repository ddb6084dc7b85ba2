"""What every command that works on the database needs: the pool, and errors as one line."""

from __future__ import annotations

import asyncio
import contextlib
import os
from collections.abc import Awaitable, Callable, Iterator
from pathlib import Path
from typing import TypeVar

import typer

from app.errors import VipmgError
from app.settings import Settings
from app.store.embedded import EmbeddedPostgres
from app.store.migrate import migrate
from app.store.pools import open_pools
from app.store.types import Pool

T = TypeVar("T")


def read_settings(data_dir: Path | None) -> Settings:
    """The settings, with another data directory where one is given."""
    return Settings() if data_dir is None else Settings(data_dir=data_dir)


def with_writer(settings: Settings, use: Callable[[Pool], Awaitable[T]]) -> T:
    """Run a use case on the database that the settings name, else on the embedded one."""
    with contextlib.ExitStack() as stack:
        if settings.database_url is None:
            dsn = stack.enter_context(EmbeddedPostgres(settings.data_dir)).dsn
        else:
            dsn = settings.database_url.get_secret_value()
        migrate(dsn)
        return asyncio.run(_with_pool(dsn, settings, use))


async def _with_pool(dsn: str, settings: Settings, use: Callable[[Pool], Awaitable[T]]) -> T:
    pools = await open_pools(dsn, settings)
    try:
        return await use(pools.writer)
    finally:
        await pools.close()


@contextlib.contextmanager
def errors_printed() -> Iterator[None]:
    """Print an error of the service in the language of the terminal and end with status 1."""
    try:
        yield
    except VipmgError as error:
        typer.echo(error.text[terminal_language()], err=True)
        raise typer.Exit(1) from error


def terminal_language() -> str:
    """The language of the terminal: `es`, else `en`."""
    names = (os.environ.get(name) for name in ("LC_ALL", "LC_MESSAGES", "LANG"))
    return "es" if next(filter(None, names), "").lower().startswith("es") else "en"
