"""`vipmg clients`: the programs that may call the service on behalf of an organisation."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import Annotated, Final

import typer

from app.auth.public_keys import read_public_keys
from app.cli.database import errors_printed, read_settings, terminal_language, with_writer
from app.cli.output import print_json, print_table
from app.errors import ConfigurationError
from app.services.add_client import NewClient, add_client
from app.services.list_clients import ListedClient, list_clients
from app.services.revoke_client import revoke_client

_ENGLISH: Final = {
    "clients": "Programs that call the service on behalf of an organisation.",
    "add": "Register a program of an organisation; shows its secret, once.",
    "list": "List the programs that are registered.",
    "revoke": "Give a program no more tokens; those it has end within ten minutes.",
    "organisation": "Id of a data provider or data consumer, such as CRI_DGME.",
    "client_id": "Id of the program, as `clients list` shows it.",
    "public_key": "File with the program's public key (JWK set, JWK, PEM); then it has no secret.",
    "note": "Who holds the program, in free words.",
    "agency": "An agency whose structures the program may maintain, such as VIPMG; repeatable.",
    "json": "Print JSON.",
    "data_dir": "Folder of the embedded database.",
    "no_file": "The file {} cannot be read.",
    "once": "The secret is shown this once. Hand it over on a safe way.",
    "signs": "The program signs with its own key and has no secret.",
    "revoked": "{} gets no more tokens. Those it has end within ten minutes.",
    "none": "No program is registered. Register one with: vipmg clients add ORGANISATION",
    "columns": "Organisation|Program|Signs in with|Maintains|Note|Registered|Revoked",
}
_SPANISH: Final = {
    "clients": "Programas que llaman al servicio en nombre de una organización.",
    "add": "Registrar un programa de una organización; muestra su secreto una sola vez.",
    "list": "Listar los programas registrados.",
    "revoke": "No dar más tokens a un programa; los que tiene vencen en diez minutos.",
    "organisation": "Id de un proveedor o consumidor de datos, por ejemplo CRI_DGME.",
    "client_id": "Id del programa, como lo muestra `clients list`.",
    "public_key": "Archivo con la clave pública (JWK set, JWK, PEM); entonces no hay secreto.",
    "note": "Quién tiene el programa, en palabras libres.",
    "agency": "Agencia cuyas estructuras puede mantener el programa, como VIPMG; repetible.",
    "json": "Mostrar JSON.",
    "data_dir": "Carpeta de la base de datos incorporada.",
    "no_file": "El archivo {} no se puede leer.",
    "once": "El secreto se muestra solo esta vez. Entréguelo por una vía segura.",
    "signs": "El programa firma con su propia clave y no tiene secreto.",
    "revoked": "{} no recibe más tokens. Los que tiene vencen en diez minutos.",
    "none": "No hay programas registrados. Registre uno con: vipmg clients add ORGANIZACIÓN",
    "columns": "Organización|Programa|Se identifica con|Mantiene|Nota|Registrado|Revocado",
}


def _text(name: str) -> str:
    return (_SPANISH if terminal_language() == "es" else _ENGLISH)[name]


clients = typer.Typer(no_args_is_help=True, help=_text("clients"))

JsonOption = Annotated[bool, typer.Option("--json", help=_text("json"))]
DataDirOption = Annotated[Path | None, typer.Option("--data-dir", help=_text("data_dir"))]


@clients.command("add", help=_text("add"))
def add(
    organisation: Annotated[str, typer.Argument(help=_text("organisation"))],
    public_key: Annotated[
        Path | None, typer.Option("--public-key", help=_text("public_key"))
    ] = None,
    note: Annotated[str | None, typer.Option("--note", help=_text("note"))] = None,
    agency: Annotated[list[str] | None, typer.Option("--agency", help=_text("agency"))] = None,
    as_json: JsonOption = False,
    data_dir: DataDirOption = None,
) -> None:
    """Register a client and print its id, with its secret if it has one."""
    with errors_printed():
        jwks = None if public_key is None else read_public_keys(_read(public_key))
        settings = read_settings(data_dir=data_dir)
        grants = agency or []
        new = with_writer(settings, lambda pool: add_client(pool, organisation, jwks, note, grants))
    if as_json:
        told = {"organisation": organisation, "agencies": grants}
        print_json(dataclasses.asdict(new) | told)
    else:
        _print_new(new)


@clients.command("list", help=_text("list"))
def list_(as_json: JsonOption = False, data_dir: DataDirOption = None) -> None:
    """Print all clients."""
    with errors_printed():
        listed = with_writer(read_settings(data_dir=data_dir), list_clients)
    if as_json:
        print_json(listed)
    elif listed:
        print_table(_text("columns"), map(_row, listed), whole=1)
    else:
        typer.echo(_text("none"))


@clients.command("revoke", help=_text("revoke"))
def revoke(
    client_id: Annotated[str, typer.Argument(help=_text("client_id"))],
    data_dir: DataDirOption = None,
) -> None:
    """Revoke a client."""
    with errors_printed():
        settings = read_settings(data_dir=data_dir)
        with_writer(settings, lambda pool: revoke_client(pool, client_id))
    typer.echo(_text("revoked").format(client_id))


def _read(path: Path) -> str:
    try:
        return path.read_text("utf-8")
    except (OSError, ValueError) as error:
        raise ConfigurationError(
            _ENGLISH["no_file"].format(path), _SPANISH["no_file"].format(path)
        ) from error


def _print_new(new: NewClient) -> None:
    typer.echo(f"client_id      {new.client_id}")
    if new.client_secret is None:
        typer.echo(_text("signs"))
    else:
        typer.echo(f"client_secret  {new.client_secret}")
        typer.echo(_text("once"))


def _row(client: ListedClient) -> tuple[str, ...]:
    return (
        client.organisation,
        client.client_id,
        client.authentication,
        ", ".join(client.agencies),
        client.note or "",
        f"{client.created_at:%Y-%m-%d}",
        "" if client.revoked_at is None else f"{client.revoked_at:%Y-%m-%d}",
    )
