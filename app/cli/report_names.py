"""Where the findings of each file go: no report replaces another, nor a file with data."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import typer

from app.cli.push_texts import text
from app.cli.sending import REPORTS

_DATA_ENDINGS = (".gz", ".csv", ".json", ".xml", ".xlsx", ".zip")


def report_names(report: Path | None, files: Sequence[Path]) -> list[Path | None]:
    """The report of each file.

    Raises:
        BadParameter: it would replace a file with data, or is of a kind that is not written.
    """
    if report is None:
        return [None] * len(files)
    if report.suffix.lower() not in REPORTS:
        raise typer.BadParameter(text("report_kind"), param_hint="--report")
    # Lower case, as some file systems take names that differ in case for one.
    taken = {str(file.resolve()).lower() for file in files}
    if len(files) == 1:
        if str(report.resolve()).lower() in taken:
            wrong = text("overwrites", report=report)
            raise typer.BadParameter(wrong, param_hint="--report")
        return [report]
    names: list[Path | None] = []
    for file in files:
        stem = _stem(file)
        number, name = 1, report.with_name(f"{report.stem}-{stem}{report.suffix}")
        while str(name.resolve()).lower() in taken:
            number += 1
            name = report.with_name(f"{report.stem}-{stem}-{number}{report.suffix}")
        taken.add(str(name.resolve()).lower())
        names.append(name)
    return names


def _stem(file: Path) -> str:
    stem = file.name
    for ending in _DATA_ENDINGS:
        stem = stem.removesuffix(ending)
    return stem
