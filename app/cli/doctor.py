"""`vipmg doctor`: check the installation, and say what to mend."""

from __future__ import annotations

import asyncio
import dataclasses
import os
import shutil
from pathlib import Path
from typing import Annotated, Final

import typer
from rich.text import Text

from app.cli.database import database, read_settings, terminal_language
from app.cli.output import print_json, print_table
from app.errors import VipmgError
from app.services.inspect_installation import Check, inspect_database
from app.settings import Settings
from app.store.migrate import current_and_head, drift
from app.store.pools import open_pools

FREE_BYTES: Final = 1 << 30

# By check: what it asks, and what to do when it does not hold.
_TEXTS: Final = {
    "en": {
        "settings": ("Settings can be used", "See `vipmg settings`."),
        "data_dir": ("Data directory can be written", "Give it to the user that runs vipmg."),
        "disk": ("Disk has room", "Free space, or move the data directory to a larger disk."),
        "database": ("Database answers", "Start it, or mend VIPMG_DATABASE_URL."),
        "migrations": ("Schema is of this release", "Run `vipmg migrate`."),
        "drift": ("Schema was not changed by hand", "Undo what differs, or restore a backup."),
        "postgresql": ("PostgreSQL is 15 or later", "Install a newer PostgreSQL."),
        "fsync": ("fsync is on", "Set it on in postgresql.conf; data are at risk."),
        "full_page_writes": ("full_page_writes is on", "Set it on in postgresql.conf."),
        "synchronous_commit": ("Commits wait for the disk", "Set synchronous_commit = on."),
        "data_checksums": ("Pages have checksums", "Stop the server, then: pg_checksums --enable."),
        "clock": ("Clocks agree", "Synchronise both machines with NTP."),
        "registry": ("Structures are published", "Run `vipmg structures publish`."),
        "ledger": (
            "Ledger is unbroken",
            "Its history was changed: restore a backup, and report it.",
        ),
        "queue": ("No submission waits long", "See whether the worker runs, and its log."),
        "columns": "Check|Found|What to do",
    },
    "es": {
        "settings": ("Los ajustes son válidos", "Vea `vipmg settings`."),
        "data_dir": ("Se puede escribir en la carpeta", "Asígnela al usuario que ejecuta vipmg."),
        "disk": ("Hay espacio en disco", "Libere espacio o mueva la carpeta a un disco mayor."),
        "database": ("La base de datos responde", "Iníciela o corrija VIPMG_DATABASE_URL."),
        "migrations": ("El esquema es de esta versión", "Ejecute `vipmg migrate`."),
        "drift": ("Nadie cambió el esquema a mano", "Deshaga la diferencia o restaure una copia."),
        "postgresql": ("PostgreSQL es 15 o posterior", "Instale un PostgreSQL más nuevo."),
        "fsync": ("fsync está activo", "Actívelo en postgresql.conf; los datos corren riesgo."),
        "full_page_writes": ("full_page_writes está activo", "Actívelo en postgresql.conf."),
        "synchronous_commit": ("Se espera al disco", "Ponga synchronous_commit = on."),
        "data_checksums": ("Las páginas llevan suma", "Pare el servidor; pg_checksums --enable."),
        "clock": ("Los relojes coinciden", "Sincronice ambos equipos con NTP."),
        "registry": ("Hay estructuras publicadas", "Ejecute `vipmg structures publish`."),
        "ledger": (
            "El registro está íntegro",
            "Se alteró su historia: restaure una copia y avise.",
        ),
        "queue": ("Ningún envío espera mucho", "Vea si el worker funciona, y su bitácora."),
        "columns": "Revisión|Resultado|Qué hacer",
    },
}


def doctor(
    data_dir: Annotated[
        Path | None, typer.Option("--data-dir", help="Folder of the embedded database.")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Check the installation, and say what to mend; ends with status 1 when something is wrong."""
    checks = _examine(data_dir)
    if as_json:
        found = [dataclasses.asdict(check) for check in checks]
        print_json(found)
    else:
        print_table(str(_TEXTS[terminal_language()]["columns"]), map(_row, checks))
    raise typer.Exit(0 if all(check.holds for check in checks) else 1)


def _examine(data_dir: Path | None) -> list[Check]:
    try:
        settings = read_settings(data_dir=data_dir)
    except VipmgError as error:
        return [Check("settings", False, error.text[terminal_language()])]
    checks = [Check("settings", True, "ok"), *_examine_folder(settings)]
    try:
        with database(settings) as dsn:
            current, head = current_and_head(dsn)
            checks += [
                Check("database", True, "ok"),
                Check("migrations", current == head, f"{current}, {head}"),
            ]
            if current == head:
                different = drift(dsn)
                checks.append(Check("drift", not different, "; ".join(different) or "ok"))
                checks += asyncio.run(_examine_database(dsn, settings))
    except VipmgError as error:
        checks.append(Check("database", False, error.text[terminal_language()]))
    except (OSError, ValueError) as error:
        checks.append(Check("database", False, str(error)))
    return checks


def _examine_folder(settings: Settings) -> list[Check]:
    folder = settings.data_dir.resolve()
    there = next(each for each in (folder, *folder.parents) if each.exists())
    free = shutil.disk_usage(there).free
    return [
        Check("data_dir", os.access(there, os.W_OK | os.X_OK), str(folder)),
        Check("disk", free >= FREE_BYTES, f"{free / (1 << 30):.1f} GiB"),
    ]


async def _examine_database(dsn: str, settings: Settings) -> list[Check]:
    pools = await open_pools(dsn, settings)
    try:
        return await inspect_database(pools.writer)
    finally:
        await pools.close()


def _row(check: Check) -> tuple[Text, str, str]:
    asked, remedy = _TEXTS[terminal_language()][check.name]
    mark = Text("✓ ", "green") if check.holds else Text("✗ ", "red")
    return mark + Text(asked), check.found, "" if check.holds else remedy
