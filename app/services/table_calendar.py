"""The calendar as a table (CSV) that spreadsheets open."""

from __future__ import annotations

import csv
import io
from typing import Final

from app.sdmx.calendar.taxonomy import country_of
from app.sdmx.calendar.texts import state_text
from app.services.calendar_names import calendar_names
from app.services.read_calendar import CalendarReading

COLUMNS: Final = (
    *("due", "state", "country", "provider", "provider_name", "dataflow", "dataflow_name"),
    *("period", "frequency", "agreement", "observations", "reported_on", "days_late", "text"),
)
BYTE_ORDER_MARK: Final = "\ufeff"


def table_calendar(reading: CalendarReading, language: str) -> bytes:
    """One row for each period that is owed."""
    names = calendar_names(reading.catalogue)
    table = io.StringIO(newline="")
    table.write(BYTE_ORDER_MARK)
    writer = csv.writer(table)
    writer.writerow(COLUMNS)
    for one in reading.shown:
        duty, came = one.duty, one.reported
        writer.writerow(
            [
                one.due,
                one.state,
                country_of(duty.provider),
                duty.provider,
                names.provider(duty.provider, language),
                duty.dataflow.rpartition("=")[2],
                names.dataflow(duty.dataflow, language),
                one.period.text,
                one.period.frequency,
                duty.agreement,
                came.observations,
                came.on,
                one.days_late,
                state_text(one, language),
            ]
        )
    return table.getvalue().encode()
