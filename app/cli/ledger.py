"""`vipmg ledger`: keep what can be verified later without the service."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Annotated, Any, Final

import httpx
import orjson
import typer

from app.cli.database import terminal_language
from app.cli.remote import NotSentError, Remote

JWKS: Final = "/.well-known/vipmg-receipts/jwks.json"

_TEXTS: Final = {
    "en": {
        "ledger": "The ledgers of a service: keep them, to verify them later.",
        "fetch": "Save ledgers, keys, a signed head, and with a credential the own receipts.\n\n"
        "A folder that is there is added to: what was saved before stays as it is, and shows "
        "later whether the service has changed it. Then: vipmg verify FOLDER.",
        "url": "Address of the service.",
        "to": "Folder to save in.",
        "saved": "{}: {} new lines, {} in all.",
        "failed": "Not all was saved: {}",
    },
    "es": {
        "ledger": "Los libros de un servicio: guardarlos, para comprobarlos después.",
        "fetch": "Guardar libros, claves, una cabeza firmada y, con credencial, los recibos "
        "propios.\n\n"
        "A una carpeta que ya existe se le añade: lo guardado antes queda como está, y muestra "
        "después si el servicio lo cambió. Luego: vipmg verify CARPETA.",
        "url": "Dirección del servicio.",
        "to": "Carpeta en la que guardar.",
        "saved": "{}: {} líneas nuevas, {} en total.",
        "failed": "No se guardó todo: {}",
    },
}


def _text(name: str) -> str:
    return _TEXTS[terminal_language()][name]


ledger = typer.Typer(no_args_is_help=True, help=_text("ledger"))


@ledger.callback()
def _group() -> None:
    """Keep what can be verified later."""


@ledger.command("fetch", help=_text("fetch"))
def fetch(
    url: Annotated[str, typer.Option("--url", help=_text("url"))] = "http://127.0.0.1:8000",
    to: Annotated[Path, typer.Option("--to", help=_text("to"))] = Path("vipmg-evidence"),
) -> None:
    """Save what is to be verified."""
    client_id, secret = os.environ.get("VIPMG_CLIENT_ID"), os.environ.get("VIPMG_CLIENT_SECRET")
    to.mkdir(parents=True, exist_ok=True)
    try:
        with Remote(url, client_id, secret, terminal_language()) as remote:
            # In this order: nothing that is saved speaks of what is saved before it.
            if client_id and secret:
                _save_receipts(remote, to / "receipts.jws")
                _save_head(remote, "/api/ledger/all/head", to / "heads.jws")
                _save_lines(remote, "/api/ledger/all", to / "ledger.jsonl")
            _save_head(remote, "/api/ledger/head", to / "heads.jws")
            _save_lines(remote, "/api/ledger", to / "public-ledger.jsonl")
            _save_keys(remote, to / "jwks.json")
    except (NotSentError, httpx.TransportError, OSError) as error:
        typer.echo(_text("failed").format(error), err=True)
        raise typer.Exit(2) from error


def _save_receipts(remote: Remote, target: Path) -> None:
    before, added, more = _count(target), 0, True
    while more:
        address = f"/api/receipts?after={before + added}&limit=1000"
        page = remote.request("GET", address).json()
        texts = [each["receipt"] for each in page["receipts"]]
        _append(target, "".join(f"{text}\n" for text in texts).encode())
        added, more = added + len(texts), page["next"] is not None
    _tell(target, added, before)


def _save_lines(remote: Remote, path: str, target: Path) -> None:
    before, added, more = _count(target), 0, True
    while more:
        reply = remote.request("GET", f"{path}?after={before + added}&limit=10000")
        _append(target, reply.content)
        added, more = added + reply.content.count(b"\n"), "next" in reply.links
    _tell(target, added, before)


def _save_head(remote: Remote, path: str, target: Path) -> None:
    _append(target, remote.request("GET", path).content + b"\n")


def _save_keys(remote: Remote, target: Path) -> None:
    """Keys are never given up: those saved before stay, whatever the service says now."""
    keys: dict[str, Any] = {}
    if target.exists():
        keys = {each["kid"]: each for each in orjson.loads(target.read_bytes())["keys"]}
    for each in remote.request("GET", JWKS).json()["keys"]:
        keys[each["kid"]] = keys.get(each["kid"], {}) | each
    part = target.with_name(target.name + ".part")
    part.write_bytes(orjson.dumps({"keys": list(keys.values())}, option=orjson.OPT_INDENT_2))
    part.replace(target)


def _count(target: Path) -> int:
    """Whole lines that are saved; a line that was cut off on its way is fetched anew."""
    if not target.exists():
        return 0
    with target.open("r+b") as file:
        count = whole = 0
        for line in file:
            if line.endswith(b"\n"):
                count, whole = count + 1, whole + len(line)
        file.truncate(whole)
    return count


def _append(target: Path, content: bytes) -> None:
    with target.open("ab") as file:
        file.write(content)


def _tell(target: Path, added: int, before: int) -> None:
    typer.echo(_text("saved").format(target, added, before + added))
