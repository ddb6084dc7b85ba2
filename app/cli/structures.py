"""`vipmg structures`: the shared structural metadata."""

from __future__ import annotations

import datetime as dt
from pathlib import Path
from typing import Annotated, Final

import typer

from app.cli.database import errors_printed, read_settings, terminal_language, with_writer
from app.cli.output import print_json
from app.services.publish_structures import publish_structures, shared_structures
from app.store.registry_publication import PublishResult

_TEXTS: Final = {
    "en": {
        "structures": "The shared structural metadata: codelists, data structures, agreements.",
        "publish": "Publish SDMX-JSON structure messages, all or none.",
        "paths": "Files, or folders of *.json; without any, the structures delivered.",
        "json": "Print JSON.",
        "data_dir": "Folder of the embedded database.",
        "done": "Revision {}: {} added, {} changed, {} unchanged.",
    },
    "es": {
        "structures": "Los metadatos estructurales compartidos: listas, estructuras, acuerdos.",
        "publish": "Publicar mensajes de estructura SDMX-JSON, todos o ninguno.",
        "paths": "Archivos, o carpetas con *.json; sin ninguno, las estructuras entregadas.",
        "json": "Mostrar JSON.",
        "data_dir": "Carpeta de la base de datos incorporada.",
        "done": "Revisión {}; nuevos: {}, modificados: {}, sin cambios: {}.",
    },
}


def _text(name: str) -> str:
    return _TEXTS[terminal_language()][name]


structures = typer.Typer(no_args_is_help=True, help=_text("structures"))


@structures.callback()
def _group() -> None:
    # Without a callback typer would make the only command the program itself.
    pass


@structures.command("publish", help=_text("publish"))
def publish(
    paths: Annotated[list[Path] | None, typer.Argument(help=_text("paths"))] = None,
    as_json: Annotated[bool, typer.Option("--json", help=_text("json"))] = False,
    data_dir: Annotated[Path | None, typer.Option("--data-dir", help=_text("data_dir"))] = None,
) -> None:
    """Publish structures from files, or those that are delivered."""
    with errors_printed():
        settings = read_settings(data_dir=data_dir)
        chosen = paths or [shared_structures(settings)]
        now = dt.datetime.now(dt.UTC)
        result = with_writer(settings, lambda pool: publish_structures(pool, chosen, now))
    if as_json:
        print_json(result)
    else:
        _print_lines(result)


def _print_lines(result: PublishResult) -> None:
    for sign, urns in (("+", result.added), ("~", result.changed)):
        for urn in urns:
            typer.echo(f"{sign} {urn.rpartition('.infomodel.')[2]}")
    counts = (len(result.added), len(result.changed), len(result.unchanged))
    typer.echo(_text("done").format(result.revision, *counts))
