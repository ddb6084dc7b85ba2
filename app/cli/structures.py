"""`vipmg structures`: the shared structural metadata."""

from __future__ import annotations

import datetime as dt
import os
from pathlib import Path
from typing import Annotated, Final, cast

import typer
from rich.console import Console

from app.cli.database import errors_printed, read_settings, terminal_language, with_writer
from app.cli.fetching import fetch_all
from app.cli.local_files import structures_folder
from app.cli.output import print_json
from app.cli.remote import NotSentError, Remote
from app.errors import ConfigurationError
from app.sdmx.artefacts import Artefact
from app.services.fetch_structures import Api, WantedStructure, fetch_structures
from app.services.import_structures import ImportResult, import_structures
from app.services.publish_structures import (
    publish_structures,
    read_structure_files,
    shared_structures,
)
from app.store.registry_publication import PublishResult

_TEXTS: Final = {
    "en": {
        "structures": "The shared structural metadata: codelists, data structures, agreements.",
        "publish": "Publish structure messages, all or none.",
        "paths": "Files, or folders of *.json and *.xml; without any, the structures delivered.",
        "json": "Print JSON.",
        "data_dir": "Folder of the embedded database.",
        "done": "Revision {}: {} added, {} changed, {} unchanged.",
        "import": "Publish structures from a file or from another SDMX service, all or none.",
        "source": "A file, a folder, the address of a service, or a service known by name (ESTAT).",
        "dataflow": "Dataflow to fetch, AGENCY:ID(VERSION) or AGENCY:ID; repeatable.",
        "structure": "Other artefact to fetch, TYPE=AGENCY:ID(VERSION), such as "
        "codelist=SDMX:CL_FREQ; repeatable.",
        "references": "What to fetch with it: none, children, descendants, all ...",
        "api": "Generation of the service's interface, 1 or 2; told by its address if not said.",
        "dry_run": "Show what would change, and change nothing.",
        "nothing_asked": "Say what to fetch: --dataflow AGENCY:ID or --structure TYPE=AGENCY:ID.",
        "fetched": "{}: {} kB",
        "read": "{} artefacts read.",
        "left_out": "{} left out, since they tell which data there are elsewhere:",
        "fetch": "Fetch all structures of a service, to check files without network.",
        "url": "Address of the service.",
        "to": "Folder to keep them in; else one of this program, where `vipmg check` looks.",
        "kept": "New structures with {} agreements in {}.",
        "same": "The structures in {} are still those of the service.",
        "not_fetched": "Not fetched: {}",
        "would": "Nothing was changed. It would be {} added, {} changed, {} unchanged.",
    },
    "es": {
        "structures": "Los metadatos estructurales compartidos: listas, estructuras, acuerdos.",
        "publish": "Publicar mensajes de estructura, todos o ninguno.",
        "paths": "Archivos, o carpetas con *.json y *.xml; sin ninguno, las entregadas.",
        "json": "Mostrar JSON.",
        "data_dir": "Carpeta de la base de datos incorporada.",
        "done": "Revisión {}; nuevos: {}, modificados: {}, sin cambios: {}.",
        "import": "Publicar estructuras de un archivo o de otro servicio SDMX, todas o ninguna.",
        "source": "Un archivo, una carpeta, la dirección de un servicio, o uno conocido (ESTAT).",
        "dataflow": "Flujo de datos, AGENCIA:ID(VERSIÓN) o AGENCIA:ID; repetible.",
        "structure": "Otro artefacto, TIPO=AGENCIA:ID(VERSIÓN), por ejemplo "
        "codelist=SDMX:CL_FREQ; repetible.",
        "references": "Qué traer con él: none, children, descendants, all ...",
        "api": "Generación de la interfaz del servicio, 1 o 2; según su dirección si no se dice.",
        "dry_run": "Mostrar qué cambiaría, sin cambiar nada.",
        "nothing_asked": "Diga qué traer: --dataflow AGENCIA:ID o --structure TIPO=AGENCIA:ID.",
        "fetched": "{}: {} kB",
        "read": "{} artefactos leídos.",
        "left_out": "{} omitidos, porque dicen qué datos hay en otra parte:",
        "fetch": "Traer todas las estructuras de un servicio, para revisar archivos sin red.",
        "url": "Dirección del servicio.",
        "to": "Carpeta donde guardarlas; si no, una de este programa, donde `vipmg check` mira.",
        "kept": "Estructuras nuevas con {} convenios en {}.",
        "same": "Las estructuras en {} son todavía las del servicio.",
        "not_fetched": "No se trajeron: {}",
        "would": "No se cambió nada. Serían nuevos: {}, modificados: {}, sin cambios: {}.",
    },
}


def _text(name: str) -> str:
    return _TEXTS[terminal_language()][name]


structures = typer.Typer(no_args_is_help=True, help=_text("structures"))

JsonOption = Annotated[bool, typer.Option("--json", help=_text("json"))]
DataDirOption = Annotated[Path | None, typer.Option("--data-dir", help=_text("data_dir"))]


@structures.command("publish", help=_text("publish"))
def publish(
    paths: Annotated[list[Path] | None, typer.Argument(help=_text("paths"))] = None,
    as_json: JsonOption = False,
    data_dir: DataDirOption = None,
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


@structures.command("import", help=_text("import"))
def import_(
    source: Annotated[str, typer.Argument(help=_text("source"))],
    dataflow: Annotated[list[str] | None, typer.Option(help=_text("dataflow"))] = None,
    structure: Annotated[list[str] | None, typer.Option(help=_text("structure"))] = None,
    references: Annotated[str, typer.Option(help=_text("references"))] = "descendants",
    api: Annotated[str | None, typer.Option(help=_text("api"))] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help=_text("dry_run"))] = False,
    as_json: JsonOption = False,
    data_dir: DataDirOption = None,
) -> None:
    """Publish structures from elsewhere."""
    with errors_printed():
        others = [one.partition("=")[::2] for one in structure or ()]
        wanted = [("dataflow", one) for one in dataflow or ()] + others
        artefacts = _read(source, wanted, references, api)
        settings = read_settings(data_dir=data_dir)
        now = dt.datetime.now(dt.UTC)
        result = with_writer(
            settings, lambda pool: import_structures(pool, artefacts, now, dry_run=dry_run)
        )
    if as_json:
        print_json(result)
    else:
        _print_lines(result, dry_run=dry_run)


@structures.command("fetch", help=_text("fetch"))
def fetch(
    url: Annotated[str, typer.Option("--url", help=_text("url"))] = "http://127.0.0.1:8000",
    to: Annotated[Path | None, typer.Option("--to", file_okay=False, help=_text("to"))] = None,
    as_json: JsonOption = False,
) -> None:
    """Fetch all structures of a service."""
    client_id, secret = os.environ.get("VIPMG_CLIENT_ID"), os.environ.get("VIPMG_CLIENT_SECRET")
    console = Console(stderr=True)
    with errors_printed(), Remote(url, client_id, secret, terminal_language()) as remote:
        folder = to or structures_folder(url)
        now = dt.datetime.now(dt.UTC)
        try:
            with console.status(url) as status:
                fetched = fetch_all(
                    remote,
                    url,
                    folder,
                    now,
                    lambda read: status.update(_text("fetched").format(url, read >> 10)),
                )
        except (NotSentError, OSError) as error:
            typer.echo(_text("not_fetched").format(error), err=True)
            raise typer.Exit(2) from error
    if as_json:
        told = {"folder": str(fetched.folder), "new": fetched.is_new}
        print_json({**told, "agreements": fetched.agreements})
    elif fetched.is_new:
        typer.echo(_text("kept").format(fetched.agreements, fetched.folder))
    else:
        typer.echo(_text("same").format(fetched.folder))


def _read(
    source: str, wanted: list[tuple[str, str]], references: str, api: str | None
) -> list[Artefact]:
    """The artefacts of a source; what comes in is told on standard error."""
    if Path(source).exists():
        artefacts = read_structure_files([Path(source)])
    else:
        asked = [WantedStructure.parse(*one) for one in wanted]
        if not asked:
            raise ConfigurationError(*(_TEXTS[one]["nothing_asked"] for one in ("en", "es")))
        if api not in {None, "1", "2"}:
            raise ConfigurationError(*(f"--api: {_TEXTS[one]['api']}" for one in ("en", "es")))
        artefacts = _fetch(source, asked, references, cast(Api | None, api))
    typer.echo(_text("read").format(len(artefacts)), err=True)
    return artefacts


def _fetch(
    source: str, wanted: list[WantedStructure], references: str, api: Api | None
) -> list[Artefact]:
    console = Console(stderr=True)
    sizes: dict[str, int] = {}
    with console.status(source) as status:

        def told(address: str, size: int) -> None:
            sizes[address] = size
            status.update(_text("fetched").format(address, size >> 10))

        artefacts = fetch_structures(source, wanted, references, api=api, on_progress=told)
    for address, size in sizes.items():
        typer.echo(_text("fetched").format(address, (size >> 10) or 1), err=True)
    return artefacts


def _print_lines(result: PublishResult, *, dry_run: bool = False) -> None:
    if isinstance(result, ImportResult) and result.left_out:
        typer.echo(_text("left_out").format(len(result.left_out)), err=True)
        for urn in result.left_out:
            typer.echo(f"- {urn.rpartition('.infomodel.')[2]}", err=True)
    for sign, urns in (("+", result.added), ("~", result.changed)):
        for urn in urns:
            typer.echo(f"{sign} {urn.rpartition('.infomodel.')[2]}")
    counts = (len(result.added), len(result.changed), len(result.unchanged))
    if dry_run:
        typer.echo(_text("would").format(*counts))
    else:
        typer.echo(_text("done").format(result.revision, *counts))
