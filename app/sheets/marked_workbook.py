"""The report as the sender's own workbook: cells coloured and noted, and a sheet that lists all."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from itertools import islice
from typing import IO, Final

from app.sheets.addresses import parse_cell
from app.sheets.process import ChildProcess
from app.sheets.report_sheet import WIDTHS, ReportFacts, marks_of, report_lines
from app.sheets.report_texts import SHEETS
from app.sheets.workbook import SPOOL_MEMORY_BYTES, Readable, copy_workbook

MODULE: Final = "app.sheets.marking_process"
MOST_MARKED: Final = 10_000
"""Cells that are marked; the sheet of the report lists more."""

LINES: Final = 500


def mark_workbook(source: Readable, facts: ReportFacts, sink: IO[bytes]) -> None:
    """Write the workbook with its cells marked, and the sheet of the report.

    Args:
        source: the workbook as it came.
        facts: what is told.
        sink: where the new workbook is written.

    Raises:
        UnreadableError: it is no workbook, or too much for marking.
    """
    language = facts.language
    with tempfile.SpooledTemporaryFile(SPOOL_MEMORY_BYTES) as spool:
        size = copy_workbook(source, spool)
        spool.seek(0)
        order = {
            "size": size,
            "title": SHEETS[language],
            "titles": list(SHEETS.values()),
            "widths": list(WIDTHS),
        }
        with ChildProcess(MODULE, order) as child:
            child.send_bytes(spool)
            for marks in _marks(facts):
                child.send({"marks": marks})
            told = (
                (list(line.cells), line.style, line.link) for line in report_lines(facts, "marked")
            )
            while part := list(islice(told, LINES)):
                child.send({"lines": part})
            child.send({"end": True})
            child.receive()
            child.receive_bytes(sink)


def _marks(facts: ReportFacts) -> Iterator[list[tuple[str, int, int, str, str]]]:
    """Sheet, row, column, style and note of each cell, in parts."""
    found = marks_of(facts, MOST_MARKED)
    placed = ((parse_cell(place), mark) for place, mark in found.items())
    every = (
        (*cell, "error" if mark.is_error else "warning", mark.note)
        for cell, mark in placed
        if cell is not None
    )
    while part := list(islice(every, LINES)):
        yield part
