"""`vipmg pull`: fetch data of a dataflow into a file."""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import IO, Annotated, Final
from urllib.parse import quote

import httpx
import typer
from rich.console import Console
from rich.progress import DownloadColumn, Progress, TextColumn, TransferSpeedColumn

from app.cli.database import terminal_language
from app.cli.remote import NotSentError, Remote

ACCEPT: Final = {
    "csv": "application/vnd.sdmx.data+csv;version=2.1.0",
    "json": "application/vnd.sdmx.data+json;version=2.1.0",
}
FLOW: Final = re.compile(
    r"(?:(?P<agency>[A-Za-z][\w@.-]*):)?(?P<id>[A-Za-z0-9_@$-]+)(?:\((?P<version>[^()]+)\))?"
)

_TEXTS: Final = {
    "en": {
        "empty": "There are no data for this question.",
        "failed": "Nothing was fetched: {}",
        "flow": "{} is neither an address nor a dataflow such as DF_ENTRY_EXIT or "
        "VIPMG:DF_ENTRY_EXIT(1.0.0).",
        "filter": "{} is not a filter such as REF_AREA=CRI,PAN.",
        "saved": "{} bytes in {}.",
    },
    "es": {
        "empty": "No hay datos para esta consulta.",
        "failed": "No se obtuvo nada: {}",
        "flow": "{} no es una dirección ni un flujo de datos como DF_ENTRY_EXIT o "
        "VIPMG:DF_ENTRY_EXIT(1.0.0).",
        "filter": "{} no es un filtro como REF_AREA=CRI,PAN.",
        "saved": "{} bytes en {}.",
    },
}


def pull(
    flow: Annotated[
        str, typer.Argument(help="Dataflow, such as DF_ENTRY_EXIT, or an address to fetch.")
    ],
    url: Annotated[str, typer.Option("--url", help="Address of the service.")] = (
        "http://127.0.0.1:8000"
    ),
    key: Annotated[
        str, typer.Option("--key", help="Key, such as M.CRI.*; the rest is open.")
    ] = "*",
    filters: Annotated[
        list[str] | None,
        typer.Option("--filter", help="Component and codes, such as REF_AREA=CRI,PAN; repeatable."),
    ] = None,
    form: Annotated[str, typer.Option("--format", help="csv or json.")] = "csv",
    output: Annotated[
        Path | None, typer.Option("--output", "-o", help="File to write; else standard output.")
    ] = None,
) -> None:
    """Fetch data of a dataflow.

    With VIPMG_CLIENT_ID and VIPMG_CLIENT_SECRET also those that are withheld from the public.
    Ends with status 1 when there are no data, 2 when the service did not answer.
    """
    if form not in ACCEPT:
        raise typer.BadParameter("csv, json", param_hint="--format")
    address = flow if "://" in flow else url.rstrip("/") + data_path(flow, key, filters or ())
    client_id, secret = os.environ.get("VIPMG_CLIENT_ID"), os.environ.get("VIPMG_CLIENT_SECRET")
    try:
        with Remote(url, client_id, secret, terminal_language()) as remote:
            reply = remote.stream(address, ACCEPT[form])
            _save(reply, output)
    except (NotSentError, httpx.TransportError) as error:
        typer.echo(_text("failed").format(error), err=True)
        raise typer.Exit(2) from error


def data_path(flow: str, key: str, filters: Iterable[str]) -> str:
    """The path of a data query (sdmx-rest 2.2, doc/data.md)."""
    named = FLOW.fullmatch(flow)
    if named is None:
        raise typer.BadParameter(_text("flow").format(flow), param_hint="FLOW")
    agency, version = named["agency"] or "VIPMG", named["version"] or "~"
    parameters = []
    for each in filters:
        component, sign, codes = each.partition("=")
        if not sign or not codes or not re.fullmatch(r"[A-Za-z][A-Za-z0-9_-]*", component):
            raise typer.BadParameter(_text("filter").format(each), param_hint="--filter")
        parameters.append(f"c[{component}]={quote(codes, safe=',:+*-')}")
    path = f"/sdmx/v2/data/dataflow/{agency}/{named['id']}/{quote(version, safe='~+*.-')}"
    return f"{path}/{quote(key, safe='*.,+~')}" + ("?" + "&".join(parameters) if parameters else "")


def _save(reply: httpx.Response, output: Path | None) -> None:
    """Write the parts of a reply as they come; a file appears when it is whole."""
    if reply.status_code == 204:
        reply.close()
        typer.echo(_text("empty"), err=True)
        raise typer.Exit(1)
    if output is None:
        _copy(reply, sys.stdout.buffer)
        return
    part = output.with_name(output.name + ".part")
    try:
        with part.open("wb") as target:
            size = _copy(reply, target)
        part.replace(output)
    finally:
        part.unlink(missing_ok=True)
    typer.echo(_text("saved").format(size, output), err=True)


def _copy(reply: httpx.Response, target: IO[bytes]) -> int:
    size = 0
    columns = (TextColumn("{task.description}"), DownloadColumn(), TransferSpeedColumn())
    with Progress(*columns, console=Console(stderr=True), transient=True) as progress:
        task = progress.add_task("", total=None)
        for part in reply.iter_bytes():
            target.write(part)
            size += len(part)
            progress.update(task, completed=size)
    reply.close()
    return size


def _text(name: str) -> str:
    return _TEXTS[terminal_language()][name]
