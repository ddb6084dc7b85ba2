"""The calendar as programs of mail and telephones subscribe to it."""

from __future__ import annotations

import datetime as dt
from urllib.parse import quote

from app.sdmx.calendar.duties import Owed
from app.sdmx.calendar.ical import Event, write_calendar
from app.sdmx.calendar.texts import rule_text, state_text, text_of
from app.services.calendar_names import CalendarNames, calendar_names
from app.services.read_calendar import CalendarReading


def ical_calendar(
    reading: CalendarReading, provider: str | None, base_url: str, language: str
) -> bytes:
    """One day for each period that is owed; a reminder for what is not there yet.

    Of one day and one state of the figures the calendar is always the same.
    """
    names = calendar_names(reading.catalogue)
    title = text_of(language, "calendar", "title")
    if provider is not None:
        name = names.provider(provider, language)
        title = text_of(language, "calendar", "title_of", provider=name)
    stamp = dt.datetime.combine(reading.today, dt.time(), dt.UTC)
    events = (_event(one, names, base_url, language) for one in reading.shown)
    return b"".join(write_calendar(title, events, stamp))


def _event(one: Owed, names: CalendarNames, base_url: str, language: str) -> Event:
    duty = one.duty
    # The version of an agreement is no part of it: new terms move the day, not the thing.
    identity = duty.agreement.partition("(")[0].replace(":", ".")
    short_flow = duty.dataflow.rpartition(":")[2].partition("(")[0]
    dataflow = names.dataflow(duty.dataflow, language)
    text = {
        "provider": duty.provider,
        "provider_name": names.provider(duty.provider, language),
        "dataflow_name": dataflow,
        "period": one.period.text,
        "agreement": duty.agreement,
        "rule": rule_text(one, language),
        "state": state_text(one, language),
    }
    return Event(
        uid=f"{identity}.{one.period.frequency}.{one.period.text}@vipmg",
        day=one.due,
        summary=text_of(
            language,
            "calendar",
            "summary",
            dataflow=dataflow,
            period=one.period.text,
            provider=duty.provider,
        ),
        description=text_of(language, "calendar", "description", **text),
        language=language,
        categories=(one.state, short_flow),
        url=f"{base_url}/api/calendar?provider={quote(duty.provider)}",
        reminds=one.state in ("open", "due"),
    )
