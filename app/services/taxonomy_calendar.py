"""The calendar as a structure message: the reporting taxonomy of what is owed, with its states."""

from __future__ import annotations

import datetime as dt

from app.sdmx.artefact_classes import CLASS_BY_COLLECTION
from app.sdmx.artefacts import Artefact
from app.sdmx.calendar.state_taxonomy import state_taxonomy
from app.sdmx.messages.structure_json import write_structures
from app.sdmx.messages.structure_message import MessageHeader
from app.services.calendar_names import calendar_names
from app.services.read_calendar import CalendarReading


def taxonomy_calendar(reading: CalendarReading) -> bytes:
    """What is owed in the states that were asked for, in SDMX-JSON 2.1."""
    names = calendar_names(reading.catalogue)
    days = (reading.today, reading.first, reading.last)
    document = state_taxonomy(reading.shown, days, names.providers, names.countries)
    stamp = dt.datetime.combine(reading.today, dt.time(), dt.UTC)
    taxonomy = Artefact.read(CLASS_BY_COLLECTION["reportingTaxonomies"], document)
    return write_structures([taxonomy], MessageHeader("VIPMG-OWED", stamp, languages=("en", "es")))
