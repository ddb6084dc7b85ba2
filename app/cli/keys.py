"""`vipmg keys`: the keys that sign receipts."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Annotated, Any, Final

import typer

from app.cli.database import errors_printed, read_settings, terminal_language, with_writer
from app.cli.output import print_json, print_table
from app.services.list_receipt_keys import list_receipt_keys
from app.services.rotate_receipt_keys import rotate_receipt_keys

_TEXTS: Final = {
    "en": {
        "keys": "The keys that sign receipts and ledger heads.",
        "list": "List all keys, the one that signs now first.",
        "rotate": "Let a new key sign from now on; the others are kept, and still published.",
        "json": "Print the public keys as JSON (a JWK set).",
        "data_dir": "Folder of the embedded database.",
        "columns": "Key|From|Until",
        "none": "No key has been made yet: the first receipt makes one.",
    },
    "es": {
        "keys": "Las claves que firman recibos y cabezas de los libros.",
        "list": "Listar todas las claves, primero la que firma ahora.",
        "rotate": "Que firme una clave nueva desde ahora; las demás se guardan y se publican.",
        "json": "Mostrar las claves públicas como JSON (conjunto de JWK).",
        "data_dir": "Carpeta de la base de datos incorporada.",
        "columns": "Clave|Desde|Hasta",
        "none": "Aún no hay ninguna clave: la hace el primer recibo.",
    },
}


def _text(name: str) -> str:
    return _TEXTS[terminal_language()][name]


keys = typer.Typer(no_args_is_help=True, help=_text("keys"))

JsonOption = Annotated[bool, typer.Option("--json", help=_text("json"))]
DataDirOption = Annotated[Path | None, typer.Option("--data-dir", help=_text("data_dir"))]


@keys.command("list", help=_text("list"))
def list_(as_json: JsonOption = False, data_dir: DataDirOption = None) -> None:
    """List the keys."""
    with errors_printed():
        found = with_writer(read_settings(data_dir=data_dir), list_receipt_keys)
    _print(found, as_json)


@keys.command("rotate", help=_text("rotate"))
def rotate(as_json: JsonOption = False, data_dir: DataDirOption = None) -> None:
    """Let a new key sign."""
    with errors_printed():
        found = with_writer(read_settings(data_dir=data_dir), rotate_receipt_keys)
    _print(found, as_json)


def _print(found: Iterable[Mapping[str, Any]], as_json: bool) -> None:
    listed = list(found)
    if as_json:
        print_json({"keys": listed})
    elif not listed:
        typer.echo(_text("none"))
    else:
        rows = [[str(key["kid"]), _time(key["nbf"]), _time(key.get("exp"))] for key in listed]
        print_table(_text("columns"), rows, whole=0)


def _time(seconds: int | None) -> str:
    if seconds is None:
        return ""
    return dt.datetime.fromtimestamp(seconds, dt.UTC).strftime("%Y-%m-%d %H:%M:%S UTC")
