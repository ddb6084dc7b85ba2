"""`vipmg push`: send files, and show what became of each row."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Annotated, Any, Final

import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn
from rich.text import Text

from app.cli.database import terminal_language
from app.cli.output import print_json, print_table, wide_console
from app.cli.remote import NotSentError, Remote, Submission

SHOWN_FINDINGS: Final = 50

ACCEPTED, REFUSED, NOT_SENT = 0, 1, 2

_TEXTS: Final = {
    "en": {
        "send": "sending",
        "check": "checking rows",
        "accepted": "accepted: {rows}, {put}, {gone} deleted.",
        "waits": "accepted: {rows}; the last is released on {release}.",
        "refused": "refused, nothing was stored: {found} in {rows}.",
        "before": "was sent before, on {when}; it is not stored twice. --again sends it anew.",
        "more": "{more} more. All of them: vipmg push --report FILE.csv, or {address}",
        "warned": "accepted all the same, with {found}:",
        "saved": "All findings are in {report}.",
        "untold": "the findings could not be fetched or saved: {why}",
        "overwrites": "{report} is a file to send; name another for the findings.",
        "not_sent": "not sent: {why}",
        "no_credential": "Set VIPMG_CLIENT_ID and VIPMG_CLIENT_SECRET; the operator of the service "
        "gives them (vipmg clients add).",
        "columns": "Row|Column|Value|Message|Nearest",
        "rows": "{} row|{} rows",
        "found": "{} finding|{} findings",
        "put": "{} observation put|{} observations put",
        "gone": "{}|{}",
    },
    "es": {
        "send": "enviando",
        "check": "revisando filas",
        "accepted": "aceptado: {rows}, {put}, {gone}.",
        "waits": "aceptado: {rows}; la última se publica el {release}.",
        "refused": "rechazado, no se guardó nada: {found} en {rows}.",
        "before": "ya se envió, el {when}; no se guarda dos veces. --again lo envía de nuevo.",
        "more": "{more} más. Todos: vipmg push --report ARCHIVO.csv, o {address}",
        "warned": "aceptado de todos modos, con {found}:",
        "saved": "Todos los hallazgos están en {report}.",
        "untold": "no se pudieron obtener o guardar los hallazgos: {why}",
        "overwrites": "{report} es un archivo por enviar; elija otro para los hallazgos.",
        "not_sent": "no enviado: {why}",
        "no_credential": "Defina VIPMG_CLIENT_ID y VIPMG_CLIENT_SECRET; los da el operador del "
        "servicio (vipmg clients add).",
        "columns": "Fila|Columna|Valor|Mensaje|Más parecido",
        "rows": "{} fila|{} filas",
        "found": "{} hallazgo|{} hallazgos",
        "put": "{} observación guardada|{} observaciones guardadas",
        "gone": "{} eliminada|{} eliminadas",
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
        Path | None,
        typer.Option(
            "--report",
            dir_okay=False,
            help="Write all findings to this CSV file; with several files to REPORT-FILE.csv, "
            "one for each.",
        ),
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
    reports = _report_names(report, files)
    pusher = _Pusher(wide_console(stderr=as_json), again)
    with Remote(url, client_id, secret, language) as remote:
        statuses = [
            pusher.push(remote, file, target) for file, target in zip(files, reports, strict=True)
        ]
    if as_json:
        print_json(pusher.answers)
    raise typer.Exit(max(statuses))


class _Pusher:
    """Sends files one by one, and remembers the answers."""

    def __init__(self, console: Console, again: bool) -> None:
        self._console = console
        self._again = again
        self.answers: list[dict[str, Any]] = []

    def push(self, remote: Remote, file: Path, report: Path | None) -> int:
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
        refused = submission["state"] == "rejected"
        self._say(file, _verdict(submission), "red" if refused else "green")
        if submission["findings"]["total"]:
            if not refused:
                found = _counted("found", submission["findings"]["total"])
                self._say(file, _text("warned").format(found=found), "yellow")
            try:
                self._show_findings(remote, submission, report)
            except (NotSentError, OSError) as error:  # the verdict stands, and others follow
                self._say(file, _text("untold").format(why=error), "yellow")
        return REFUSED if refused else ACCEPTED

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

    def _show_findings(self, remote: Remote, submission: Submission, report: Path | None) -> None:
        total = submission["findings"]["total"]
        findings = remote.findings(submission, SHOWN_FINDINGS)
        print_table(_text("columns"), map(_row, findings), console=self._console)
        if report is not None:
            remote.save_findings(submission, report)
            self._console.print(Text(_text("saved").format(report=report)))
        elif total > SHOWN_FINDINGS:
            address = submission["links"]["findings_csv"]
            more = _text("more").format(more=total - SHOWN_FINDINGS, address=address)
            self._console.print(Text(more))

    def _say(self, file: Path, text: str, style: str) -> None:
        self._console.print(Text.assemble((f"{file.name}: ", "bold"), (text, style)))


def _report_names(report: Path | None, files: list[Path]) -> list[Path | None]:
    """Where the findings of each file go: no report replaces another, nor a file to send."""
    if report is None:
        return [None] * len(files)
    # Lower case, as some file systems take names that differ in case for one.
    taken = {str(file.resolve()).lower() for file in files}
    if len(files) == 1:
        if str(report.resolve()).lower() in taken:
            wrong = _text("overwrites").format(report=report)
            raise typer.BadParameter(wrong, param_hint="--report")
        return [report]
    names: list[Path | None] = []
    for file in files:
        stem = file.name.removesuffix(".gz").removesuffix(".csv")
        number, name = 1, report.with_name(f"{report.stem}-{stem}{report.suffix}")
        while str(name.resolve()).lower() in taken:
            number += 1
            name = report.with_name(f"{report.stem}-{stem}-{number}{report.suffix}")
        taken.add(str(name.resolve()).lower())
        names.append(name)
    return names


def _verdict(submission: Submission) -> str:
    changes = submission["changes"] or {}
    name = {"rejected": "refused", "awaiting release": "waits"}.get(submission["state"], "accepted")
    return _text(name).format(
        rows=_counted("rows", submission["rows"]),
        found=_counted("found", submission["findings"]["total"]),
        put=_counted("put", changes.get("observations_put", 0)),
        gone=_counted("gone", changes.get("observations_deleted", 0)),
        release=submission["release_at"],
    )


def _counted(name: str, number: int) -> str:
    one, many = _text(name).split("|")
    return (one if number == 1 else many).format(number)


def _row(finding: dict[str, Any]) -> list[str]:
    cells = (finding[name] for name in ("row", "column", "value", "message", "nearest"))
    return ["" if cell is None else str(cell) for cell in cells]


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
