"""`vipmg check`: check files on this computer, without network, as the service would."""

from __future__ import annotations

import datetime as dt
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.text import Text

from app.cli.local_files import LocalFile
from app.cli.offline import (
    LocalCheck,
    NotCheckedError,
    delivered_structures,
    find_structures,
)
from app.cli.offline_report import describe, print_groups, save_report
from app.cli.output import print_json, progress_bars, wide_console
from app.cli.push_texts import counted, text
from app.cli.report_names import report_names
from app.services.check_reader import CheckedFile

ACCEPTED, REFUSED, NOT_CHECKED = 0, 1, 2


def check(
    files: Annotated[
        list[Path], typer.Argument(exists=True, dir_okay=False, help=text("check_files"))
    ],
    structures: Annotated[
        Path | None, typer.Option("--structures", exists=True, help=text("structures"))
    ] = None,
    provider: Annotated[str | None, typer.Option("--provider", help=text("provider"))] = None,
    agreement: Annotated[str | None, typer.Option("--agreement", help=text("agreement"))] = None,
    dataflow: Annotated[str | None, typer.Option("--dataflow", help=text("dataflow"))] = None,
    report: Annotated[
        Path | None, typer.Option("--report", dir_okay=False, help=text("report"))
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help=text("json"))] = False,
) -> None:
    """Check files without network."""
    console = wide_console(stderr=as_json)
    reports = report_names(report, files)
    found = find_structures(structures) or delivered_structures()
    try:
        local = LocalCheck(found, provider, agreement, dataflow)
    except NotCheckedError as error:
        console.print(text("not_checked", why=error), style="red", markup=False)
        raise typer.Exit(NOT_CHECKED) from error
    answers: list[dict[str, Any]] = []
    statuses = [
        _check(local, file, target, console, answers)
        for file, target in zip(files, reports, strict=True)
    ]
    console.print(found.describe(), style="dim", markup=False)
    if as_json:
        print_json(answers)
    raise typer.Exit(max(statuses))


def _check(
    local: LocalCheck,
    path: Path,
    target: Path | None,
    console: Console,
    answers: list[dict[str, Any]],
) -> int:
    try:
        file = LocalFile.of(path)
        with progress_bars(console) as progress:
            task = progress.add_task(
                f"{path.name}: {text('check_bar')}".replace("[", r"\["), total=file.size
            )
            with local.checked(file, lambda read: progress.update(task, completed=read)) as done:
                checked, stage = done
                progress.remove_task(task)
                if target is not None and checked.has_findings:
                    save_report(local, target, file, checked, stage)
    except OSError as error:
        _say(console, path, text("not_checked", why=error), "red")
        answers.append({"path": str(path), "not_checked": str(error)})
        return NOT_CHECKED
    agreed = local.agreed(checked, dt.datetime.now(dt.UTC).date())
    answers.append({**describe(file, checked), "agreed": agreed})
    show_checked(console, path, checked)
    for said in agreed:
        _say(console, path, said, "yellow")
    if target is not None and checked.has_findings:
        console.print(Text(text("saved", report=target)))
    return REFUSED if checked.is_refused else ACCEPTED


def show_checked(console: Console, path: Path, checked: CheckedFile) -> None:
    """Show the verdict of a check and its findings."""
    rows = counted("rows", checked.rows)
    if checked.is_refused:
        found = counted("found", checked.report.errors)
        _say(console, path, text("would_refuse", found=found, rows=rows), "red")
    else:
        _say(console, path, text("would_accept", rows=rows), "green")
    if checked.has_findings:
        print_groups(checked, console)
    if checked.doubtful:
        found = counted("found", checked.doubtful)
        _say(console, path, text("doubtful", found=found), "yellow")


def _say(console: Console, path: Path, said: str, style: str) -> None:
    console.print(Text.assemble((f"{path.name}: ", "bold"), (said, style)))
