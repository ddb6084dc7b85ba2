"""`vipmg maps`: the maps that lead from national words to the shared structures."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Any, Final
from urllib.parse import quote

import httpx
import orjson
import typer

from app.cli.database import terminal_language
from app.cli.output import print_json, print_table
from app.cli.remote import NotSentError, Remote

_TEXTS: Final = {
    "en": {
        "maps": "The maps that lead from national words to the shared structures.",
        "list": "List the maps: active, drafts, superseded.",
        "preview": "See what a map makes of a file that was sent; nothing is stored.",
        "compare": "See what differs between two maps.",
        "activate": "Publish a draft as stable; its agency only.",
        "end": "Let a map read no more files; its agency only.",
        "last_day": "The last day on which it reads files; left out: it ends now.",
        "ended": "{} reads files until {}. What is published stays.",
        "in force": "{}, until {}",
        "url": "Address of the service.",
        "json": "Print JSON.",
        "map": "The map, as AGENCY:ID(VERSION) or its URN.",
        "submission": "Id of a submission of your organisation.",
        "draft": "SDMX-JSON file with the draft and its tables; else the map that is stored.",
        "with": "The earlier map.",
        "reharmonise": "Read history again through it.",
        "note": "Why, in your words.",
        "failed": "It could not be done: {}",
        "list_columns": "map|state|reads|leads to",
        "rows": "{rows} rows: {taken} taken, {left_out} left out by the map, {unmapped} without "
        "counterpart, {refused} with other errors.",
        "cube": "{before} figures before, {after} after: {new} new, {changed} changed, "
        "{vanished} vanished.",
        "kept": "{measure}: {before} before, {after} after; {sent} were sent, {left_out} of them "
        "left out by the map. The total is kept.",
        "lost": "{measure}: {before} before, {after} after; {sent} were sent, {left_out} of them "
        "left out by the map. {missing} is missing.",
        "anew": "{measure}: of what is left out, {left_out_anew} is published by the active map.",
        "repeated": "{} rows stand on the key of another row; the first: row {} on that of row {}.",
        "accepted": "A file like this would be accepted; warnings: {}.",
        "refused": "A file like this would be refused; errors: {}, warnings: {}.",
        "found": "  row {}: {}",
        "cut": "Only the first {} rows were read.",
        "same": "Nothing differs.",
        "active": "Active: {}",
        "history": "History of {} goes under it: submission {}",
    },
    "es": {
        "maps": "Los mapas que llevan de las palabras nacionales a las estructuras compartidas.",
        "list": "Listar los mapas: activos, borradores, reemplazados.",
        "preview": "Ver qué hace un mapa con un archivo enviado; no se guarda nada.",
        "compare": "Ver en qué se diferencian dos mapas.",
        "activate": "Publicar un borrador como estable; solo su agencia.",
        "end": "Hacer que un mapa no lea más archivos; solo su agencia.",
        "last_day": "El último día en que lee archivos; sin él, termina ahora.",
        "ended": "{} lee archivos hasta el {}. Lo publicado queda.",
        "in force": "{}, hasta {}",
        "url": "Dirección del servicio.",
        "json": "Mostrar JSON.",
        "map": "El mapa, como AGENCIA:ID(VERSIÓN) o su URN.",
        "submission": "Id de un envío de su organización.",
        "draft": "Archivo SDMX-JSON con el borrador y sus tablas; si no, el mapa guardado.",
        "with": "El mapa anterior.",
        "reharmonise": "Leer de nuevo el historial con él.",
        "note": "Por qué, en sus palabras.",
        "failed": "No se pudo hacer: {}",
        "list_columns": "mapa|estado|lee|lleva a",
        "rows": "{rows} filas: {taken} tomadas, {left_out} dejadas fuera por el mapa, {unmapped} "
        "sin correspondencia, {refused} con otros errores.",
        "cube": "{before} cifras antes, {after} después: {new} nuevas, {changed} cambiadas, "
        "{vanished} desaparecidas.",
        "kept": "{measure}: {before} antes, {after} después; se enviaron {sent}, de ellos "
        "{left_out} dejados fuera por el mapa. El total se conserva.",
        "lost": "{measure}: {before} antes, {after} después; se enviaron {sent}, de ellos "
        "{left_out} dejados fuera por el mapa. Faltan {missing}.",
        "anew": "{measure}: de lo que se deja fuera, {left_out_anew} lo publica el mapa activo.",
        "repeated": "{} filas están en la clave de otra; la primera: la fila {} en la de la {}.",
        "accepted": "Un archivo así se aceptaría; advertencias: {}.",
        "refused": "Un archivo así se rechazaría; errores: {}, advertencias: {}.",
        "found": "  fila {}: {}",
        "cut": "Solo se leyeron las primeras {} filas.",
        "same": "No hay diferencias.",
        "active": "Activo: {}",
        "history": "El historial de {} pasa a él: envío {}",
    },
}


def _text(name: str) -> str:
    return _TEXTS[terminal_language()][name]


maps = typer.Typer(no_args_is_help=True, help=_text("maps"))

UrlOption = Annotated[str, typer.Option("--url", help=_text("url"))]
JsonOption = Annotated[bool, typer.Option("--json", help=_text("json"))]
MapArgument = Annotated[str, typer.Argument(metavar="MAP", help=_text("map"))]
SHOWN: Final = 20
"""Findings of a preview that are printed; --json has more."""

LOCAL: Final = "http://127.0.0.1:8000"


@maps.command("list", help=_text("list"))
def list_(url: UrlOption = LOCAL, as_json: JsonOption = False) -> None:
    """List the maps."""
    told = ask(url, "GET", "/api/maps")
    if as_json:
        print_json(told)
        return
    rows = (
        (short(one["urn"]), _state(one), short(one["source"]), short(one["target"]))
        for one in told["maps"]
    )
    print_table(_text("list_columns"), rows, whole=0)


@maps.command("preview", help=_text("preview"))
def preview(
    named: MapArgument,
    submission: Annotated[str, typer.Option("--submission", help=_text("submission"))],
    draft: Annotated[
        Path | None, typer.Option("--draft", exists=True, dir_okay=False, help=_text("draft"))
    ] = None,
    url: UrlOption = LOCAL,
    as_json: JsonOption = False,
) -> None:
    """Preview a map on a submission."""
    order: dict[str, Any] = {"submission": submission}
    if draft is not None:
        order["map"] = read_json_file(draft)
    told = ask(url, "POST", f"/api/maps/{quote(named, safe=':()')}/preview", order)
    if as_json:
        print_json(told)
    else:
        _print_preview(told)


@maps.command("compare", help=_text("compare"))
def compare(
    named: MapArgument,
    other: Annotated[str, typer.Option("--with", help=_text("with"))],
    url: UrlOption = LOCAL,
    as_json: JsonOption = False,
) -> None:
    """Compare two maps."""
    path = f"/api/maps/{quote(named, safe=':()')}/compare?with={quote(other, safe=':()')}"
    told = ask(url, "GET", path)
    if as_json:
        print_json(told)
        return
    for one in told["differences"]:
        typer.echo(one["message"])
    if not told["differences"]:
        typer.echo(_text("same"))


@maps.command("activate", help=_text("activate"))
def activate(
    named: MapArgument,
    reharmonise: Annotated[bool, typer.Option("--reharmonise", help=_text("reharmonise"))] = False,
    note: Annotated[str | None, typer.Option("--note", help=_text("note"))] = None,
    url: UrlOption = LOCAL,
    as_json: JsonOption = False,
) -> None:
    """Activate a map."""
    order = {"reharmonise": reharmonise, "note": note}
    told = ask(url, "POST", f"/api/maps/{quote(named, safe=':()')}/activate", order)
    if as_json:
        print_json(told)
        return
    typer.echo(_text("active").format(short(told["map"])))
    for one in told["reharmonisations"]:
        typer.echo(_text("history").format(short(one["agreement"]), one["submission"]))


@maps.command("end", help=_text("end"))
def end(
    named: MapArgument,
    last_day: Annotated[
        str | None, typer.Option("--last-day", metavar="DAY", help=_text("last_day"))
    ] = None,
    note: Annotated[str | None, typer.Option("--note", help=_text("note"))] = None,
    url: UrlOption = LOCAL,
    as_json: JsonOption = False,
) -> None:
    """End a map."""
    order = {"last_day": last_day, "note": note}
    told = ask(url, "POST", f"/api/maps/{quote(named, safe=':()')}/end", order)
    if as_json:
        print_json(told)
    else:
        typer.echo(_text("ended").format(short(told["map"]), told["last_day"]))


def _state(one: dict[str, Any]) -> str:
    """The state of a map, with the day on which it ends if there is one."""
    until = one["valid_to"]
    return _text("in force").format(one["state"], until[:10]) if until else str(one["state"])


def ask(url: str, method: str, path: str, order: Any = None) -> Any:  # noqa: ANN401 - JSON
    """Ask a service with the credential of the environment; ends with status 2 if it refuses."""
    client_id, secret = os.environ.get("VIPMG_CLIENT_ID"), os.environ.get("VIPMG_CLIENT_SECRET")
    try:
        with Remote(url, client_id, secret, terminal_language()) as remote:
            if order is None:
                return remote.request(method, path).json()
            body = orjson.dumps(order)

            def content() -> Iterator[bytes]:
                yield body

            headers = {"Content-Type": "application/json"}
            return remote.request(method, path, headers=headers, content=content).json()
    except (NotSentError, httpx.TransportError) as error:
        typer.echo(_text("failed").format(error), err=True)
        raise typer.Exit(2) from error


def read_json_file(file: Path) -> Any:  # noqa: ANN401 - JSON
    """The content of a file; ends with status 2 where that is no JSON."""
    try:
        return orjson.loads(file.read_bytes())
    except (OSError, ValueError) as error:
        typer.echo(_text("failed").format(f"{file}: {error}"), err=True)
        raise typer.Exit(2) from error


def short(urn: str) -> str:
    """A URN as people write it."""
    return urn.rpartition("=")[2]


def _print_preview(told: dict[str, Any]) -> None:
    coverage, cube = told["coverage"], told["cube"]
    typer.echo(_text("rows").format(**coverage))
    _print_findings(told["findings"])
    counts = {name: cube[name]["count"] for name in ("new", "changed", "vanished")}
    typer.echo(_text("cube").format(before=cube["before"], after=cube["after"], **counts))
    for total in told["totals"]:
        if total["source"] is not None:
            shown = total | {"before": total["before"] or 0}
            typer.echo(_text("kept" if total["is_kept"] else "lost").format(**shown))
            if float(total["left_out_anew"]):
                typer.echo(_text("anew").format(**shown))
    if told["repeated"]["rows"]:
        first = told["repeated"]["first"][0]
        row = told["repeated"]["rows"], first["row"], first["first_row"]
        typer.echo(_text("repeated").format(*row))
    if not told["is_whole"]:
        typer.echo(_text("cut").format(told["rows"]))


def _print_findings(found: dict[str, Any]) -> None:
    typer.echo(
        _text("refused" if found["errors"] else "accepted").format(
            *([found["errors"]] if found["errors"] else []), found["warnings"]
        )
    )
    for one in found["first"][:SHOWN]:
        typer.echo(_text("found").format(one["row"] or "–", one["message"]))
