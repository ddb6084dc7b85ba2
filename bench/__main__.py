"""`python -m bench`: measure against the budgets, and tell what was met."""

from __future__ import annotations

import argparse
import json
import signal
import sys
from collections.abc import Callable, Iterator
from dataclasses import asdict
from pathlib import Path

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from bench import (
    checking,
    formats,
    mapping,
    messages,
    mirrors,
    previews,
    reading,
    reports,
    workbooks,
    writing,
)
from bench.checks import Check, Skipped
from bench.ground import Ground
from bench.http_client import SkippedError
from bench.report import table

FILE_WIDTH = 160

Measure = Callable[[Ground], Iterator[Check]]

# In this order: what is sent later changes what is there, and the start needs a service stopped.
MEASURES: dict[str, Measure] = {
    measure.__name__: measure
    for measure in (
        reading.requests,
        reading.slices,
        reading.whole,
        reading.availability,
        reading.growth,
        reading.mix,
        formats.formats,
        formats.registry,
        messages.messages,
        messages.sent,
        writing.disk,
        writing.submission,
        workbooks.workbooks,
        checking.checks,
        mapping.mapping,
        previews.previews,
        mirrors.mirrors,
        writing.month,
        reports.reports,
        writing.history,
        writing.start,
    )
}


def main() -> None:
    """Measure, print a table, write a file if asked for."""
    arguments = _arguments()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))  # what was started is stopped then, too
    names = arguments.only or list(MEASURES)
    seen = sys.stdout.isatty()
    console = Console(width=None if seen else FILE_WIDTH)
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn())
    found: list[Check | Skipped] = []
    with Progress(*columns, TimeElapsedColumn(), console=console, transient=True) as progress:
        task = progress.add_task("", total=len(names))

        def tell(text: str) -> None:
            progress.update(task, description=text)
            if not seen:
                sys.stderr.write(text + "\n")

        try:
            with Ground(10 if arguments.quick else 1, arguments.runs, tell) as ground:
                for name in [name for name in MEASURES if name in names]:
                    found.extend(_measured(name, ground))
                    progress.advance(task)
        finally:  # a run that is stopped tells what it has found
            console.print(table(found))
            if arguments.json:
                figures = [asdict(each) for each in found]
                arguments.json.write_text(json.dumps(figures, indent=2) + "\n")


def _measured(name: str, ground: Ground) -> Iterator[Check | Skipped]:
    ground.tell(name)
    try:
        yield from MEASURES[name](ground)
    except SkippedError as error:
        yield Skipped(name, str(error))


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser("python -m bench", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="a tenth of the size, to try it")
    parser.add_argument("--only", nargs="+", choices=MEASURES, metavar="NAME", default=[],
                        help=", ".join(MEASURES))  # fmt: skip
    parser.add_argument("--runs", type=int, default=5, help="runs of each pair (default 5)")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the figures to a file")
    return parser.parse_args()


if __name__ == "__main__":
    main()
