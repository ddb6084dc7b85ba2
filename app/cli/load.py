"""`vipmg load`: load a provider's take-out."""

from __future__ import annotations

import datetime as dt
from pathlib import Path
from typing import Annotated, Final

import typer

from app.cli.database import errors_printed, read_settings, terminal_language, with_writer
from app.cli.output import print_json
from app.services.load_provider import Loaded, load_provider

_TEXTS: Final = {
    "en": {
        "help": "Load a take-out of `vipmg export`: all of it, or nothing.\n\n"
        "Its manifest, receipts and ledgers are verified first. Doing it twice changes nothing.",
        "file": "The ZIP file.",
        "json": "Print JSON.",
        "data_dir": "Folder of the embedded database.",
        "again": "{} was loaded before; nothing was changed.",
        "loaded": "{}: {} artefacts added, {} publications, {} submissions, {} receipts.",
        "kept": "Left as it is here, though the take-out has it otherwise: {}",
        "times": "{} of {} publications could not keep their time, since others were published "
        "here later; what it was stands in the ledger (origin_time).",
    },
    "es": {
        "help": "Cargar una exportación de `vipmg export`: toda o nada.\n\n"
        "Antes se comprueban su manifiesto, recibos y libros. Hacerlo dos veces no cambia nada.",
        "file": "El archivo ZIP.",
        "json": "Mostrar JSON.",
        "data_dir": "Carpeta de la base de datos incorporada.",
        "again": "{} se cargó antes; no se cambió nada.",
        "loaded": "{}: {} artefactos nuevos, {} publicaciones, {} envíos, {} recibos.",
        "kept": "Quedó como está aquí, aunque la exportación lo tiene de otro modo: {}",
        "times": "{} de {} publicaciones no pudieron conservar su hora, porque aquí se publicó "
        "algo después; cuál era consta en el libro (origin_time).",
    },
}


def _text(name: str) -> str:
    return _TEXTS[terminal_language()][name]


def load(
    file: Annotated[Path, typer.Argument(help=_text("file"))],
    as_json: Annotated[bool, typer.Option("--json", help=_text("json"))] = False,
    data_dir: Annotated[Path | None, typer.Option("--data-dir", help=_text("data_dir"))] = None,
) -> None:
    """Load a take-out."""
    with errors_printed():
        settings = read_settings(data_dir=data_dir)
        now = dt.datetime.now(dt.UTC)
        loaded = with_writer(settings, lambda writer: load_provider(writer, file, now))
    if as_json:
        print_json(loaded)
    else:
        _print_lines(loaded)


load.__doc__ = _text("help")


def _print_lines(loaded: Loaded) -> None:
    if not loaded.is_new:
        typer.echo(_text("again").format(loaded.organisation))
        return
    counts = loaded.lines
    typer.echo(
        _text("loaded").format(
            loaded.organisation,
            len(loaded.structures),
            loaded.publications.count,
            counts["submissions/submissions.jsonl"],
            counts["receipts/receipts.jsonl"],
        )
    )
    for urn in loaded.kept:
        typer.echo(_text("kept").format(urn.rpartition(".infomodel.")[2]), err=True)
    lost = loaded.publications.count - loaded.publications.kept
    if lost:
        typer.echo(_text("times").format(lost, loaded.publications.count), err=True)
