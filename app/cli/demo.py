"""Demonstration data: sent through the public API by programs of their organisations."""

from __future__ import annotations

import asyncio
import importlib.resources
import json
import sys
import threading
import time
from contextlib import ExitStack
from pathlib import Path
from types import TracebackType
from typing import Any, Final, Self

import httpx
import typer
from rich.console import Console
from rich.markup import escape
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn

from app.cli.database import terminal_language
from app.cli.local_files import LocalFile
from app.cli.remote import NotSentError
from app.cli.sending import Parameters, Sender
from app.services.add_client import NewClient, add_client
from app.settings import Settings
from app.store import readiness
from app.store.pools import open_pools

CONSUMER: Final = "RCM"
WAIT_SECONDS: Final = 60.0
NOTE: Final = "demonstration"
REPORT: Final = "report"
"""What the manifest says of a message of metadata sets."""

_TEXTS: Final = {
    "en": {
        "loading": "Loading demonstration data",
        "loaded": "Demonstration data are loaded: {accepted} files accepted, {refused} refused "
        "on purpose. All figures are illustrative.",
        "failed": "Demonstration data were not loaded: {}",
        "addresses": "Try",
        "table": "data for a spreadsheet",
        "json": "data for programs",
        "meaning": "what national words mean, beside the data",
        "structure": "the structure behind them",
        "available": "which data there are",
        "documentation": "the API",
        "provider": "A program of a data provider ({}), with its secret, shown this once",
        "consumer": "A program of a data consumer ({}), which may read what is shared with it",
        "token": "A token",
        "push": "Send the file that is wrong on purpose once more, and read the report",
        "again": "Credentials were shown at the first start; this makes new ones",
    },
    "es": {
        "loading": "Cargando datos de demostración",
        "loaded": "Datos de demostración cargados: {accepted} archivos aceptados, {refused} "
        "rechazado a propósito. Todas las cifras son ilustrativas.",
        "failed": "No se cargaron los datos de demostración: {}",
        "addresses": "Pruebe",
        "table": "datos para una hoja de cálculo",
        "json": "datos para programas",
        "meaning": "qué significan las palabras nacionales, junto a los datos",
        "structure": "la estructura de los datos",
        "available": "qué datos hay",
        "documentation": "la API",
        "provider": "Un programa de un proveedor de datos ({}), con su secreto, visible esta vez",
        "consumer": "Un programa de un consumidor de datos ({}), que lee lo que se comparte con él",
        "token": "Un token",
        "push": "Envíe otra vez el archivo con errores a propósito y lea el informe",
        "again": "Las credenciales se mostraron en el primer inicio; así se crean otras",
    },
}


class Demonstration:
    """Loads the demonstration data beside a server that is starting, if nothing is there yet."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._console = Console()
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name="vipmg-demo", daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._stopping.set()

    def _run(self) -> None:
        if not self._await_server():
            return
        try:
            clients = asyncio.run(self._make_clients())
            if clients:
                self._load(clients)
        except (NotSentError, httpx.HTTPError, OSError) as error:
            if not self._stopping.is_set():
                self._console.print(escape(_text("failed").format(error)))
            return
        self._show_addresses()
        if clients:
            self._show_credentials(clients)
        else:
            self._show_how_to_get_credentials()

    def _await_server(self) -> bool:
        deadline = time.monotonic() + WAIT_SECONDS
        while time.monotonic() < deadline and not self._stopping.is_set():
            try:
                httpx.get(f"{self._local_url}/health", timeout=5)
            except httpx.TransportError:
                self._stopping.wait(0.1)
            else:
                return True
        return False

    async def _make_clients(self) -> dict[str, NewClient]:
        """A program for each organisation of the files; none when data are there already."""
        assert self._settings.database_url is not None  # noqa: S101 - set by `serve`
        pools = await open_pools(self._settings.database_url.get_secret_value(), self._settings)
        try:
            async with pools.writer.acquire() as connection:
                if await readiness.has_publications(connection):
                    return {}
            names = {CONSUMER, *(entry["organisation"] for entry in _manifest())}
            return {name: await add_client(pools.writer, name, note=NOTE) for name in sorted(names)}
        finally:
            await pools.close()

    def _load(self, clients: dict[str, NewClient]) -> None:
        manifest = _manifest()
        accepted = refused = 0
        columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn())
        with (
            ExitStack() as remotes,
            Progress(*columns, console=self._console, transient=True) as progress,
        ):
            task = progress.add_task(_text("loading"), total=len(manifest))
            by_organisation = {
                name: remotes.enter_context(self._remote(client))
                for name, client in clients.items()
                if name != CONSUMER
            }
            # All are sent before the first is asked after: the service works meanwhile.
            files = [entry for entry in manifest if entry.get("says") != REPORT]
            sent = []
            for entry in files:
                if self._stopping.is_set():
                    return
                sent.append(_send(by_organisation[entry["organisation"]], entry))
            for entry in manifest:
                if entry.get("says") == REPORT:
                    _post_report(by_organisation[entry["organisation"]], entry)
                    accepted += 1
                    progress.advance(task)
            for entry, submission in zip(files, sent, strict=True):
                if self._stopping.is_set():
                    return
                remote = by_organisation[entry["organisation"]]
                decided = remote.follow(submission, lambda _submission: None)
                refused += decided["state"] == "rejected"
                accepted += decided["state"] != "rejected"
                self._tell_unexpected(entry, decided)
                progress.advance(task)
        self._console.print(escape(_text("loaded").format(accepted=accepted, refused=refused)))

    def _tell_unexpected(self, entry: dict[str, Any], decided: dict[str, Any]) -> None:
        if (decided["state"] == "rejected") != (entry["expected"] == "rejected"):
            found = decided["findings"]["first"]
            first = found[0]["message"] if found else decided["state"]
            self._console.print(escape(f"{entry['file']}: {first}"))

    def _remote(self, client: NewClient) -> Sender:
        return Sender(self._local_url, client.client_id, client.client_secret, terminal_language())

    def _show_addresses(self) -> None:
        flow, meant = "dataflow/VIPMG/DF_ENTRY_EXIT/~", "dataflow/VIPMG/DF_RETURN_OUT/~"
        base = self._settings.base_url
        rows = (
            ("table", f"{base}/sdmx/v2/data/{flow}/*?c[REF_AREA]=CRI&format=csv"),
            ("json", f"{base}/sdmx/v2/data/{flow}/*?lastNObservations=1"),
            ("meaning", f"{base}/sdmx/v2/data/{meant}/*?attributes=msd&lastNObservations=1"),
            ("structure", f"{base}/sdmx/v2/structure/{flow}?references=descendants"),
            ("available", f"{base}/sdmx/v2/availability/{flow}"),
            ("documentation", f"{base}/docs"),
        )
        typer.echo(f"\n{_text('addresses')}:")
        for name, address in rows:
            typer.echo(f"  {address}   ({_text(name)})")

    def _show_credentials(self, clients: dict[str, NewClient]) -> None:
        entry = next(each for each in _manifest() if each["expected"] == "rejected")
        provider, base = clients[entry["organisation"]], self._settings.base_url
        lines = []
        for kind, organisation in (("provider", entry["organisation"]), ("consumer", CONSUMER)):
            client = clients[organisation]
            lines += [
                f"\n{_text(kind).format(organisation)}:",
                f"  client_id      {client.client_id}",
                f"  client_secret  {client.client_secret}",
            ]
        lines += [
            f"\n{_text('token')}:",
            f"  curl -u '{provider.client_id}:{provider.client_secret}' "
            f"-d grant_type=client_credentials {base}/oauth/token",
            f"\n{_text('push')}:",
            f"  VIPMG_CLIENT_ID='{provider.client_id}' "
            f"VIPMG_CLIENT_SECRET='{provider.client_secret}' "
            f"{_program()} push --again '{_folder() / entry['file']}' --url {base}",
        ]
        typer.echo("\n".join(lines) + "\n")

    def _show_how_to_get_credentials(self) -> None:
        entry = next(each for each in _manifest() if each["expected"] == "rejected")
        typer.echo(
            f"\n{_text('again')}:\n"
            f"  {_program()} clients add {entry['organisation']} "
            f"--data-dir '{self._settings.data_dir}'\n"
        )

    @property
    def _local_url(self) -> str:
        anywhere = {"0.0.0.0": "127.0.0.1", "::": "::1"}  # noqa: S104 - compared, not bound
        host = anywhere.get(self._settings.host, self._settings.host)
        return f"http://{f'[{host}]' if ':' in host else host}:{self._settings.port}"


def _send(remote: Sender, entry: dict[str, Any]) -> dict[str, Any]:
    """Send a file; one in the words of its country as the dataflow that is named for it."""
    file = LocalFile.of(_folder() / entry["file"])
    parameters = Parameters(dataflow=entry.get("reads_as"))
    key = remote.key(file, parameters, lambda _read: None)
    sent, _ = remote.send(file, parameters, key, None, lambda _read: None)
    return sent


def _post_report(remote: Sender, entry: dict[str, Any]) -> None:
    """Send a message of metadata sets."""
    remote.request(
        "POST",
        "/sdmx/v2/metadata",
        headers={"Content-Type": "application/vnd.sdmx.metadata+json;version=2.1.0"},
        content=lambda: iter([(_folder() / entry["file"]).read_bytes()]),
    )


def _program() -> str:
    """How this program was called, so that the line can be copied as it is."""
    return sys.argv[0] if Path(sys.argv[0]).name == "vipmg" else "vipmg"


def _folder() -> Path:
    return Path(str(importlib.resources.files("app"))) / "demo"


def _manifest() -> list[dict[str, Any]]:
    manifest: list[dict[str, Any]] = json.loads((_folder() / "manifest.json").read_text("utf-8"))
    return manifest


def _text(name: str) -> str:
    return _TEXTS[terminal_language()][name]
