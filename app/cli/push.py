"""`vipmg push`: send files, and show what became of each row."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console

from app.cli.database import terminal_language
from app.cli.journal import Journal
from app.cli.local_files import JOURNAL_FOLDER, home
from app.cli.offline import LocalCheck, NotCheckedError, find_structures
from app.cli.output import print_json, wide_console
from app.cli.push_texts import counted, text
from app.cli.pushing import NOT_SENT, Item, Pusher
from app.cli.report_names import report_names
from app.cli.sending import Parameters, Sender
from app.cli.watching import Folders, push_folder, watch

INTERRUPTED = 130
JOURNAL = "journal"


def push(
    paths: Annotated[list[Path], typer.Argument(exists=True, help=text("paths"))],
    url: Annotated[str, typer.Option("--url", help=text("url"))] = "http://127.0.0.1:8000",
    report: Annotated[
        Path | None, typer.Option("--report", dir_okay=False, help=text("report"))
    ] = None,
    again: Annotated[bool, typer.Option("--again", help=text("again"))] = False,
    validate_only: Annotated[
        bool, typer.Option("--validate-only", help=text("validate_only"))
    ] = False,
    practice: Annotated[bool, typer.Option("--practice", help=text("practice"))] = False,
    layout: Annotated[str | None, typer.Option("--layout", help=text("layout"))] = None,
    agreement: Annotated[str | None, typer.Option("--agreement", help=text("agreement"))] = None,
    dataflow: Annotated[str | None, typer.Option("--dataflow", help=text("dataflow"))] = None,
    supersedes: Annotated[str | None, typer.Option("--supersedes", help=text("supersedes"))] = None,
    check: Annotated[bool, typer.Option("--check/--no-check", help=text("check_option"))] = True,
    watched: Annotated[bool, typer.Option("--watch", help=text("watch"))] = False,
    every: Annotated[float, typer.Option("--every", min=0.05, help=text("every"))] = 2.0,
    done: Annotated[Path | None, typer.Option("--done", file_okay=False, help=text("done"))] = None,
    refused: Annotated[
        Path | None, typer.Option("--refused", file_okay=False, help=text("refused_folder"))
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help=text("json"))] = False,
) -> None:
    """Send files to a service, and show what became of each row."""
    client_id, secret = os.environ.get("VIPMG_CLIENT_ID"), os.environ.get("VIPMG_CLIENT_SECRET")
    if not client_id or not secret:
        typer.echo(text("no_credential"), err=True)
        raise typer.Exit(NOT_SENT)
    _check_folders(paths, watched=watched, moves=bool(done or refused))
    if supersedes and (len(paths) != 1 or paths[0].is_dir()):
        raise typer.BadParameter(text("one_file"), param_hint="--supersedes")
    parameters = Parameters(validate_only, practice, layout, agreement, again, supersedes, dataflow)
    files = [path for path in paths if not path.is_dir()]
    items = [
        Item(file, name) for file, name in zip(files, report_names(report, files), strict=True)
    ]
    console = wide_console(stderr=as_json)
    # A workbook with a layout of its own is understood by the service alone.
    local = _local_check(url, agreement, dataflow, console) if check and layout is None else None
    status = 0
    answers: list[dict[str, Any]] = []
    with Sender(url, client_id, secret, terminal_language()) as sender:

        def pusher_of(folder: Path) -> Pusher:
            journal = Journal(folder / JOURNAL, url)
            return Pusher(sender, journal, parameters, console, local, answers)

        try:
            pusher = pusher_of(home())
            for item in items:
                status = max(status, pusher.push(item))
            for folder in (path for path in paths if path.is_dir()):
                pusher = pusher_of(folder / JOURNAL_FOLDER)
                folders = Folders(folder, done, refused)
                if watched:
                    console.print(text("watching", folder=folder), markup=False)
                    watch(pusher, folders, every)
                status = max(status, push_folder(pusher, folders))
                _tell_folder(console, pusher, folder)
        except KeyboardInterrupt:
            typer.echo(text("interrupted"), err=True)
            status = INTERRUPTED
    if as_json:
        print_json(answers)
    raise typer.Exit(status)


def _check_folders(paths: Sequence[Path], *, watched: bool, moves: bool) -> None:
    folders = [path for path in paths if path.is_dir()]
    if watched and (len(paths) != 1 or not folders):
        raise typer.BadParameter(text("one_folder"), param_hint="--watch")
    if moves and not folders:
        raise typer.BadParameter(text("only_folder"), param_hint="--done, --refused")


def _local_check(
    url: str, agreement: str | None, dataflow: str | None, console: Console
) -> LocalCheck | None:
    """The check on this computer, if the structures of the service were fetched."""
    structures = find_structures(url=url)
    if structures is None:
        return None
    try:
        return LocalCheck(structures, None, agreement, dataflow)
    except NotCheckedError as error:
        console.print(text("not_checked", why=error), style="yellow", markup=False)
        return None


def _tell_folder(console: Console, pusher: Pusher, folder: Path) -> None:
    if pusher.skipped:
        files = counted("files", pusher.skipped)
        console.print(text("skipped", files=files), markup=False)
    elif not pusher.answers:
        console.print(text("nothing", folder=folder), markup=False)
