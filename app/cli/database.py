"""What every command that works on the database needs: its address, and errors as one line."""

from __future__ import annotations

import asyncio
import contextlib
import os
from collections.abc import Awaitable, Callable, Iterator
from typing import Final, TypeVar

import asyncpg
import typer
from pydantic import ValidationError

from app.errors import ConfigurationError, VipmgError
from app.services.find_issuer import find_issuer
from app.settings import Settings
from app.store.embedded import EmbeddedPostgres
from app.store.pools import open_pools
from app.store.schema_revision import is_newest
from app.store.types import Pool

T = TypeVar("T")

ANSWER_SECONDS: Final = 10


def read_settings(**given: object) -> Settings:
    """The settings of the environment; what is given otherwise, and not None, goes first.

    Raises:
        ConfigurationError: some cannot be used; the text names them, and not their values.
    """
    try:
        read = Settings()
    except ValidationError as error:
        wrong = error.errors(include_input=False)
        names = ", ".join(f"VIPMG_{str(each['loc'][0]).upper()}" for each in wrong)
        raise ConfigurationError(
            f"These settings cannot be used: {names}. See `vipmg settings`.",
            f"Estos ajustes no se pueden usar: {names}. Vea `vipmg settings`.",
        ) from error
    return read.model_copy(update={k: value for k, value in given.items() if value is not None})


@contextlib.contextmanager
def database(settings: Settings, *, may_create: bool = False) -> Iterator[str]:
    """The address of the database that the settings name, else of the embedded one.

    Raises:
        ConfigurationError: it does not answer; or there is no embedded one, and the command is
            not one that may make it.
    """
    if settings.database_url is not None:
        dsn = settings.database_url.get_secret_value()
        require_answer(dsn)
        yield dsn
        return
    server = EmbeddedPostgres(settings.data_dir)
    if not may_create:
        _require_cluster(server)
    with server:
        yield server.dsn


def require_answer(dsn: str) -> None:
    """Connect once, so that a database that cannot be used is told as such.

    Raises:
        ConfigurationError: it does not answer, or refuses; the text holds no password.
    """
    try:
        asyncio.run(_connect_once(dsn))
    except ValueError as error:
        # The reason may quote any part of the address, so also a password with a stray sign.
        raise _not_reached("not an address such as postgresql://...") from error
    except TimeoutError as error:
        raise _not_reached(f"> {ANSWER_SECONDS} s") from error
    except (OSError, asyncpg.PostgresError, asyncpg.InterfaceError) as error:
        raise _not_reached(" ".join(str(error).split())) from error


async def _connect_once(dsn: str) -> None:
    connection = await asyncpg.connect(dsn, timeout=ANSWER_SECONDS)
    await connection.close()


def _not_reached(reason: str) -> ConfigurationError:
    return ConfigurationError(
        f"The database cannot be used ({reason}). Start it, or mend VIPMG_DATABASE_URL.",
        f"No se puede usar la base de datos ({reason}). Iníciela o corrija VIPMG_DATABASE_URL.",
    )


def _require_cluster(server: EmbeddedPostgres) -> None:
    try:
        server.cluster.stat()
    except (FileNotFoundError, NotADirectoryError) as error:
        raise ConfigurationError(
            f"There is no database in {server.data_dir}. Set VIPMG_DATA_DIR or --data-dir, or run "
            "`vipmg serve` first.",
            f"No hay base de datos en {server.data_dir}. Defina VIPMG_DATA_DIR o --data-dir, o "
            "ejecute antes `vipmg serve`.",
        ) from error
    except OSError:
        pass  # a folder of another user: the start of the server says so


def bring_to_release(dsn: str) -> None:
    """Bring the schema to this release; what migrates is loaded only when there is anything to do.

    Raises:
        ConfigurationError: the database is of a newer release than this program.
    """
    if not asyncio.run(is_newest(dsn)):
        from app.store.migrate import migrate

        migrate(dsn)


def with_writer(settings: Settings, use: Callable[[Pool], Awaitable[T]]) -> T:
    """Run a use case on the database, which is brought to this release first."""
    return with_service(settings, lambda writer, served: use(writer))


def with_service(settings: Settings, use: Callable[[Pool, Settings], Awaitable[T]]) -> T:
    """The same, for a use case that says which service this is.

    It gets the settings with the address under which the service has signed its receipts, unless
    they name one: a command does not know with which port the service was started.
    """
    with database(settings) as dsn:
        bring_to_release(dsn)
        return asyncio.run(_with_pool(dsn, settings, use))


async def _with_pool(
    dsn: str, settings: Settings, use: Callable[[Pool, Settings], Awaitable[T]]
) -> T:
    served = await _as_served(dsn, settings)
    pools = await open_pools(dsn, served)
    try:
        return await use(pools.writer, served)
    finally:
        await pools.close()


async def _as_served(dsn: str, settings: Settings) -> Settings:
    if settings.public_url is not None:
        return settings
    connection = await asyncpg.connect(dsn, timeout=ANSWER_SECONDS)
    try:
        issuer = await find_issuer(connection)
    finally:
        await connection.close()
    if issuer is None or not issuer.startswith(("http://", "https://")):
        return settings
    return settings.model_copy(update={"public_url": issuer})


@contextlib.contextmanager
def errors_printed() -> Iterator[None]:
    """Print an error in the language of the terminal, with its code, and end with status 1."""
    try:
        yield
    except (VipmgError, asyncpg.PostgresError, asyncpg.InterfaceError, OSError) as error:
        told = error if isinstance(error, VipmgError) else _of_database(error)
        typer.echo(f"{told.text[terminal_language()]} ({told.code})", err=True)
        raise typer.Exit(1) from error


def _of_database(error: Exception) -> VipmgError:
    """What the database refused, or that it or a file is not there, as one line."""
    reason = " ".join(str(error).split())
    if isinstance(error, asyncpg.InsufficientPrivilegeError):
        return ConfigurationError(
            f"The login of the database may not do this ({reason}). Which roles it needs stands in "
            "docs/reference/settings.md, under a login that does not migrate.",
            f"El usuario de la base de datos no puede hacerlo ({reason}). Los roles que necesita "
            "están en docs/reference/settings.md, en el apartado sobre un usuario que no migra.",
        )
    if isinstance(error, OSError) and error.filename:
        return ConfigurationError(f"{reason}.", f"{reason}.")
    return _not_reached(reason)


def terminal_language() -> str:
    """The language of the terminal: `es`, else `en`."""
    names = (os.environ.get(name) for name in ("LC_ALL", "LC_MESSAGES", "LANG"))
    return "es" if next(filter(None, names), "").lower().startswith("es") else "en"
