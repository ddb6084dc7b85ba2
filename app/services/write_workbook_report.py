"""Writing findings as a workbook: the sender's own with its cells marked, or one of his rows."""

from __future__ import annotations

from collections.abc import Callable
from typing import IO, Final

from app.errors import VipmgError
from app.sdmx.findings import UnreadableError
from app.sdmx.messages.data_reading import DataReader
from app.sheets.marked_workbook import mark_workbook
from app.sheets.report_sheet import ReportFacts
from app.sheets.rows_workbook import SentRow, collect_rows, write_rows_workbook

_ARCHIVE: Final = b"PK"


def write_workbook_report(
    facts: ReportFacts,
    content: IO[bytes],
    sink: IO[bytes],
    open_reader: Callable[[], DataReader],
    *,
    own: bool = True,
) -> None:
    """Write the sender's own workbook; where there is none, or too big a one, his rows.

    Args:
        facts: what is told.
        content: the file as it came.
        sink: where the workbook is written.
        open_reader: reads the message anew.
        own: whether the cells of the file are what was read.
    """
    content.seek(0)
    if own and content.read(len(_ARCHIVE)) == _ARCHIVE:
        content.seek(0)
        try:
            mark_workbook(content, facts, sink)
            return
        except UnreadableError:
            sink.seek(0)
            sink.truncate()
    rows: list[SentRow] = []
    content.seek(0)
    try:
        rows = collect_rows(open_reader(), facts.findings)
    except VipmgError:  # the report says itself why the file cannot be read
        rows = []
    write_rows_workbook(rows, facts, sink)
