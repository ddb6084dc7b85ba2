"""JSON, and tables on a terminal or in a pipe, of which nothing is ever cut off."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterable
from typing import Final

import orjson
from rich.console import Console
from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn
from rich.table import Table
from rich.text import Text

PIPE_COLUMNS: Final = 4000


def print_json(value: object) -> None:
    """Print what a program is to read."""
    options = orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE | orjson.OPT_UTC_Z
    sys.stdout.write(orjson.dumps(value, option=options).decode())


def wide_console(*, stderr: bool = False) -> Console:
    """A console that breaks no lines where no terminal and no COLUMNS says how wide it is."""
    console = Console(stderr=stderr)
    if not console.is_terminal and not os.environ.get("COLUMNS"):
        console.width = PIPE_COLUMNS
    return console


def progress_bars(console: Console) -> Progress:
    """Bars that tell how far the work is, gone when it is done; none in a pipe."""
    columns = (TextColumn("{task.description}"), BarColumn(), TaskProgressColumn())
    return Progress(*columns, console=console, transient=True, disable=not console.is_terminal)


def print_table(
    columns: str,
    rows: Iterable[Iterable[str | Text]],
    *,
    whole: int | None = None,
    console: Console | None = None,
) -> None:
    """Print a table; what does not fit goes on in the next line of its cell.

    Args:
        columns: headings, with `|` between them.
        rows: the cells, as text without markup.
        whole: column of names that people copy, kept in one line unless that leaves the others
            less than half of the terminal.
        console: where to print; standard output by default.
    """
    console = console or wide_console()
    cells = [[Text(cell) if isinstance(cell, str) else cell for cell in row] for row in rows]
    table = Table()
    for number, heading in enumerate(columns.split("|")):
        longest = max((row[number].cell_len for row in cells), default=0)
        in_one_line = number == whole and longest <= console.width // 2
        table.add_column(heading, overflow="fold", no_wrap=in_one_line)
    for row in cells:
        table.add_row(*row)
    console.print(table)
