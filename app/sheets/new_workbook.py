"""The one door to the library that writes workbooks: few processes need it, none at its start."""

from __future__ import annotations

from typing import IO, TYPE_CHECKING

if TYPE_CHECKING:
    import xlsxwriter


def new_workbook(sink: IO[bytes], **options: bool) -> xlsxwriter.Workbook:
    """A workbook made in memory, and written to the sink when it is closed."""
    import xlsxwriter

    return xlsxwriter.Workbook(sink, {"in_memory": True, **options})
