"""`vipmg export`: take out all that one provider has."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Final

import typer

from app.auth.keyring import Keyring
from app.cli.database import errors_printed, read_settings, terminal_language, with_service
from app.services.export_provider import export_provider
from app.settings import Settings
from app.store.types import Pool

_TEXTS: Final = {
    "en": {
        "help": "Take out all that one data provider has here, in open formats.\n\n"
        "Data, history, submissions with their files, receipts, ledgers, structures.",
        "organisation": "Id of the data provider, such as CRI_DGME.",
        "to": "ZIP file to write; it appears when it is whole.",
        "url": "Address of the service; else VIPMG_PUBLIC_URL, else the one in its receipts.",
        "data_dir": "Folder of the embedded database.",
        "saved": "{} bytes in {}.",
    },
    "es": {
        "help": "Sacar todo lo que un proveedor de datos tiene aquí, en formatos abiertos.\n\n"
        "Datos, historia, envíos con sus archivos, recibos, libros, estructuras.",
        "organisation": "Id del proveedor de datos, por ejemplo CRI_DGME.",
        "to": "Archivo ZIP que se escribe; aparece cuando está completo.",
        "url": "Dirección del servicio; si no, VIPMG_PUBLIC_URL o la de sus recibos.",
        "data_dir": "Carpeta de la base de datos incorporada.",
        "saved": "{} bytes en {}.",
    },
}


def _text(name: str) -> str:
    return _TEXTS[terminal_language()][name]


def export(
    organisation: Annotated[str, typer.Argument(help=_text("organisation"))],
    to: Annotated[Path | None, typer.Option("--to", help=_text("to"))] = None,
    url: Annotated[str | None, typer.Option("--url", help=_text("url"))] = None,
    data_dir: Annotated[Path | None, typer.Option("--data-dir", help=_text("data_dir"))] = None,
) -> None:
    """Take everything out."""
    target = to or Path(f"vipmg-{organisation}.zip")
    part = target.with_name(target.name + ".part")
    with errors_printed():
        settings = read_settings(data_dir=data_dir, public_url=url)

        async def write(writer: Pool, served: Settings) -> int:
            size = 0
            parts = export_provider(writer, Keyring(writer), organisation, served.base_url)
            with part.open("wb") as file:
                async for each in parts:
                    size += file.write(each)
            return size

        try:
            size = with_service(settings, write)
            part.replace(target)
        finally:
            part.unlink(missing_ok=True)
    typer.echo(_text("saved").format(size, target), err=True)


export.__doc__ = _text("help")
