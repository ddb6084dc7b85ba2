"""`vipmg redact`: take figures out of history as well, on a legal order."""

from __future__ import annotations

import uuid
from pathlib import Path
from typing import Annotated, Final

import typer

from app.cli.database import errors_printed, read_settings, terminal_language, with_writer
from app.cli.output import print_json
from app.errors import QuerySemanticError
from app.services.redact import RedactionOrder, RedactionReport
from app.services.redact import redact as run_redaction

_ENGLISH: Final = {
    "redact": "Take figures out of history as well, on a legal order; shows first what it does.",
    "submission": "Id of the submission of which nothing may be read any more.",
    "agreement": "Or an agreement: its id, or AGENCY:ID(VERSION).",
    "key": "Key of series in it, such as M.CRI.*; repeatable.",
    "from": "First time period, such as 2024-01; else from the begin.",
    "to": "Last time period; else to the end.",
    "reason": "Why, in free words; kept in the record.",
    "order": "Reference of the legal order; kept in the record.",
    "destroy": "Keep no sealed copy of the figures.",
    "destroy_file": "Destroy the file of the submission, too.",
    "yes": "Do not ask.",
    "json": "Print JSON.",
    "data_dir": "Folder of the embedded database.",
    "one": "Name either a submission or --agreement with one --key or more.",
    "confirm": "This cannot be undone. Go on?",
    "versions": "versions of observations that leave history",
    "current_observations": "observations that are public now and go",
    "series": "series",
    "journal_rows": "rows of the journals that change",
    "publications": "publications that they were part of",
    "done": "Redacted as publication {}; its entry in the ledger says so, and not what.",
    "nothing": "Nothing was found to redact.",
}
_SPANISH: Final = {
    "redact": "Sacar cifras también del historial, por orden legal; muestra antes lo que hará.",
    "submission": "Id del envío del que no debe poder leerse nada más.",
    "agreement": "O un convenio: su id, o AGENCIA:ID(VERSIÓN).",
    "key": "Clave de series en él, como M.CRI.*; repetible.",
    "from": "Primer período, como 2024-01; si no, desde el comienzo.",
    "to": "Último período; si no, hasta el final.",
    "reason": "Por qué, en palabras libres; queda en el registro.",
    "order": "Referencia de la orden legal; queda en el registro.",
    "destroy": "No guardar copia sellada de las cifras.",
    "destroy_file": "Destruir también el archivo del envío.",
    "yes": "No preguntar.",
    "json": "Mostrar JSON.",
    "data_dir": "Carpeta de la base de datos incorporada.",
    "one": "Nombre un envío, o --agreement con al menos una --key.",
    "confirm": "Esto no se puede deshacer. ¿Continuar?",
    "versions": "versiones de observaciones que salen del historial",
    "current_observations": "observaciones que hoy son públicas y desaparecen",
    "series": "series",
    "journal_rows": "filas de los diarios que cambian",
    "publications": "publicaciones de las que formaban parte",
    "done": "Suprimido como publicación {}; su asiento en el libro lo dice, sin decir qué.",
    "nothing": "No se encontró nada que suprimir.",
}


def _text(name: str) -> str:
    return (_SPANISH if terminal_language() == "es" else _ENGLISH)[name]


def redact(
    reason: Annotated[str, typer.Option("--reason", help=_text("reason"))],
    order: Annotated[str, typer.Option("--order", help=_text("order"))],
    submission: Annotated[str | None, typer.Argument(help=_text("submission"))] = None,
    agreement: Annotated[str | None, typer.Option("--agreement", help=_text("agreement"))] = None,
    key: Annotated[list[str] | None, typer.Option("--key", help=_text("key"))] = None,
    first: Annotated[str | None, typer.Option("--from", help=_text("from"))] = None,
    last: Annotated[str | None, typer.Option("--to", help=_text("to"))] = None,
    destroy: Annotated[bool, typer.Option("--destroy", help=_text("destroy"))] = False,
    destroy_file: Annotated[
        bool, typer.Option("--destroy-file", help=_text("destroy_file"))
    ] = False,
    yes: Annotated[bool, typer.Option("--yes", help=_text("yes"))] = False,
    as_json: Annotated[bool, typer.Option("--json", help=_text("json"))] = False,
    data_dir: Annotated[Path | None, typer.Option("--data-dir", help=_text("data_dir"))] = None,
) -> None:
    """Show what a redaction does, ask, and do it."""
    with errors_printed():
        asked = RedactionOrder(
            reason,
            order,
            ["operator"],
            submission=_submission(submission, agreement, key or []),
            agreement=agreement,
            keys=key or (),
            first=first,
            last=last,
            destroy=destroy,
            destroy_file=destroy_file,
        )
        settings = read_settings(data_dir=data_dir)
        tried = with_writer(settings, lambda pool: run_redaction(pool, asked, dry_run=True))
        if not as_json:
            _print(tried)
        if not (tried.counts["versions"] or tried.counts["journal_rows"]):
            typer.echo(_text("nothing"), err=True)
            raise typer.Exit(1)
        if not yes:
            typer.confirm(_text("confirm"), abort=True, err=True)
        done = with_writer(settings, lambda pool: run_redaction(pool, asked, dry_run=False))
    sequence = None if done.place is None else done.place.sequence
    if as_json:
        print_json({"sequence": sequence, "agreements": done.agreements, "counts": done.counts})
    else:
        typer.echo(_text("done").format(sequence))


def _submission(named: str | None, agreement: str | None, keys: list[str]) -> uuid.UUID | None:
    if (named is None) == (agreement is None) or (agreement is None) == bool(keys):
        raise QuerySemanticError(_ENGLISH["one"], _SPANISH["one"])
    if named is None:
        return None
    try:
        return uuid.UUID(named)
    except ValueError:
        raise QuerySemanticError(_ENGLISH["one"], _SPANISH["one"]) from None


def _print(report: RedactionReport) -> None:
    for agreement in report.agreements:
        typer.echo(agreement.rpartition("=")[2])
    for name, count in report.counts.items():
        typer.echo(f"{count:>12}  {_text(name)}")
