"""`vipmg push`: send files, and show what became of each row."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Annotated, Any, Final

import orjson
import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn
from rich.table import Table
from rich.text import Text

from app.cli.database import terminal_language
from app.cli.remote import NotSentError, Remote, Submission

SHOWN_FINDINGS: Final = 50

ACCEPTED, REFUSED, NOT_SENT = 0, 1, 2

_TEXTS: Final = {
    "en": {
        "send": "sending",
        "check": "checking rows",
        "accepted": "accepted: {rows} rows, {put} observations put, {gone} deleted.",
        "waits": "accepted: {rows} rows; the last is released on {release}.",
        "refused": "refused, nothing was stored: {total} findings in {rows} rows.",
        "before": "was sent before, on {when}; it is not stored twice. --again sends it anew.",
        "more": "{more} more. All of them: vipmg push --report FILE.csv, or {address}",
        "saved": "All findings are in {report}.",
        "not_sent": "not sent: {why}",
        "no_credential": "Set VIPMG_CLIENT_ID and VIPMG_CLIENT_SECRET; the operator of the service "
        "gives them (vipmg clients add).",
        "columns": "Row|Column|Value|Message|Nearest",
    },
    "es": {
        "send": "enviando",
        "check": "revisando filas",
        "accepted": "aceptado: {rows} filas, {put} observaciones guardadas, {gone} eliminadas.",
        "waits": "aceptado: {rows} filas; la última se publica el {release}.",
        "refused": "rechazado, no se guardó nada: {total} hallazgos en {rows} filas.",
        "before": "ya se envió, el {when}; no se guarda dos veces. --again lo envía de nuevo.",
        "more": "{more} más. Todos: vipmg push --report ARCHIVO.csv, o {address}",
        "saved": "Todos los hallazgos están en {report}.",
        "not_sent": "no enviado: {why}",
        "no_credential": "Defina VIPMG_CLIENT_ID y VIPMG_CLIENT_SECRET; los da el operador del "
        "servicio (vipmg clients add).",
        "columns": "Fila|Columna|Valor|Mensaje|Más parecido",
    },
}


def push(
    files: Annotated[
        list[Path], typer.Argument(exists=True, dir_okay=False, help="SDMX-CSV files.")
    ],
    url: Annotated[str, typer.Option("--url", help="Address of the service.")] = (
        "http://127.0.0.1:8000"
    ),
    report: Annotated[
        Path | None, typer.Option("--report", help="Write all findings to this CSV file.")
    ] = None,
    again: Annotated[
        bool, typer.Option("--again", help="Send also what was sent before, as a new submission.")
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print the answers as JSON.")] = False,
) -> None:
    """Send files to a service, and show what became of each row.

    The credential is read from VIPMG_CLIENT_ID and VIPMG_CLIENT_SECRET. Ends with status 0 when
    all files were accepted, 1 when one was refused, 2 when one could not be sent.
    """
    language = terminal_language()
    client_id, secret = os.environ.get("VIPMG_CLIENT_ID"), os.environ.get("VIPMG_CLIENT_SECRET")
    if not client_id or not secret:
        typer.echo(_text("no_credential"), err=True)
        raise typer.Exit(NOT_SENT)
    pusher = _Pusher(Console(stderr=as_json), report, again)
    with Remote(url, client_id, secret, language) as remote:
        statuses = [pusher.push(remote, file) for file in files]
    if as_json:
        sys.stdout.write(orjson.dumps(pusher.answers, option=orjson.OPT_INDENT_2).decode() + "\n")
    raise typer.Exit(max(statuses))


class _Pusher:
    """Sends files one by one, and remembers the answers."""

    def __init__(self, console: Console, report: Path | None, again: bool) -> None:
        self._console = console
        self._report = report
        self._again = again
        self.answers: list[dict[str, Any]] = []

    def push(self, remote: Remote, file: Path) -> int:
        """Send one file and show its verdict; return its exit status."""
        try:
            submission, sent_before = self._send(remote, file)
        except NotSentError as error:
            self._say(file, _text("not_sent").format(why=error), "red")
            self.answers.append({"path": str(file), "not_sent": str(error)})
            return NOT_SENT
        self.answers.append({"path": str(file), **submission})
        if sent_before:
            when = submission["received_at"]
            self._say(file, _text("before").format(when=when), "yellow")
        if submission["state"] == "rejected":
            self._show_refusal(remote, file, submission)
            return REFUSED
        self._say(file, _verdict(submission), "green")
        return ACCEPTED

    def _send(self, remote: Remote, file: Path) -> tuple[Submission, bool]:
        columns = (
            TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn()
        )  # fmt: skip
        with Progress(*columns, console=self._console, transient=True) as progress:
            sending = progress.add_task(_label(file, "send"), total=file.stat().st_size)
            submission, before = remote.send(
                file, lambda read: progress.update(sending, completed=read), again=self._again
            )
            progress.remove_task(sending)
            checking = progress.add_task(_label(file, "check"), total=_count_rows(file))
            submission = remote.follow(
                submission, lambda rows: progress.update(checking, completed=rows)
            )
        return submission, before

    def _show_refusal(self, remote: Remote, file: Path, submission: Submission) -> None:
        total = submission["findings"]["total"]
        refusal = _text("refused").format(total=total, rows=submission["rows"])
        self._say(file, refusal, "red")
        self._console.print(_table(remote.findings(submission, SHOWN_FINDINGS)))
        if self._report is not None:
            remote.save_findings(submission, self._report)
            self._console.print(Text(_text("saved").format(report=self._report)))
        elif total > SHOWN_FINDINGS:
            address = submission["links"]["findings_csv"]
            more = _text("more").format(more=total - SHOWN_FINDINGS, address=address)
            self._console.print(Text(more))

    def _say(self, file: Path, text: str, style: str) -> None:
        self._console.print(Text.assemble((f"{file.name}: ", "bold"), (text, style)))


def _verdict(submission: Submission) -> str:
    changes = submission["changes"] or {}
    name = "waits" if submission["state"] == "awaiting release" else "accepted"
    return _text(name).format(
        rows=submission["rows"],
        put=changes.get("observations_put", 0),
        gone=changes.get("observations_deleted", 0),
        release=submission["release_at"],
    )


def _table(findings: list[dict[str, Any]]) -> Table:
    table = Table(*_text("columns").split("|"))
    for each in findings:
        cells = (each["row"], each["column"], each["value"], each["message"], each["nearest"])
        table.add_row(*(Text("" if cell is None else str(cell)) for cell in cells))
    return table


def _label(file: Path, name: str) -> str:
    return f"{file.name}: {_text(name)}".replace("[", r"\[")


def _count_rows(file: Path) -> int | None:
    """The rows below the header, as far as line ends tell; None for a compressed file."""
    lines = 0
    with file.open("rb") as opened:
        while part := opened.read(1 << 20):
            if lines == 0 and part.startswith(b"\x1f\x8b"):
                return None
            lines += part.count(b"\n")
    return max(lines - 1, 0)


def _text(name: str) -> str:
    return _TEXTS[terminal_language()][name]
