"""The history of notes on a mirror pair as a table (CSV) that spreadsheets open."""

from __future__ import annotations

import csv
import io
from typing import Final

from app.models.mirror import MirrorNoteList
from app.sheets.plain_cells import plain_cell

COLUMNS: Final = (
    *("written_at", "organisation", "period", "cell", "note", "agreed_value"),
    *("hides_value", "is_agreed", "stands"),
)
BYTE_ORDER_MARK: Final = "\ufeff"


def table_mirror_notes(listed: MirrorNoteList) -> bytes:
    """One row for each note, the last first."""
    table = io.StringIO(newline="")
    table.write(BYTE_ORDER_MARK)
    writer = csv.writer(table)
    writer.writerow(COLUMNS)
    for one in listed.notes:
        cell = " ".join(f"{name}={code}" for name, code in one.cell.items())
        told = (one.written_at.isoformat(), one.organisation, one.period, cell, one.note)
        flags = (str(flag).lower() for flag in (one.hides_value, one.is_agreed, one.stands))
        writer.writerow([*map(plain_cell, told), one.agreed_value, *flags])
    return table.getvalue().encode()
