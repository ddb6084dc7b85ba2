"""Findings as a table for a spreadsheet."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable
from typing import Final

from app.sdmx.finding_names import NO_NAMES, FindingNames
from app.sdmx.findings import Finding, mend, message
from app.sheets.plain_cells import plain_cell

COLUMNS: Final = (
    *("row", "column", "value", "code", "rule", "allowed", "nearest", "message"),
    *("severity", "place", "file", "mend"),
)
BYTE_ORDER_MARK: Final = "\ufeff"
"""It tells spreadsheets that the text is UTF-8."""

TABLE_HEADER: Final = (BYTE_ORDER_MARK + ",".join(COLUMNS) + "\r\n").encode()


def findings_table(
    findings: Iterable[Finding], language: str, names: FindingNames = NO_NAMES
) -> bytes:
    """The lines of findings, in CSV, below `TABLE_HEADER`."""
    table = io.StringIO()
    writer = csv.writer(table)
    for each in findings:
        cells = (
            each.row,
            each.component,
            each.value,
            each.code,
            each.rule,
            each.allowed,
            names.word(each.component, each.nearest, language),
            message(each, language, names),
            "error" if each.is_error else "warning",
            each.place,
            each.file,
            mend(each, language),
        )
        writer.writerow([plain_cell(cell) for cell in cells])
    return table.getvalue().encode()
