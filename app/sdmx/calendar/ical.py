"""Calendars as programs subscribe to them: iCalendar (RFC 5545)."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Final

PRODUCT: Final = "-//VIPMG//exchange of migration statistics//EN"
MOST_OCTETS: Final = 75
"""Octets of a line without its end (RFC 5545, 3.1)."""

REMINDER_DAYS: Final = 7


@dataclass(frozen=True, slots=True)
class Event:
    """A day of a calendar.

    Attributes:
        uid: the same for the same thing in every edition of the calendar (3.8.4.7).
        day: the whole day that it takes.
        language: of its texts.
        reminds: whether a reminder comes a week before.
    """

    uid: str
    day: dt.date
    summary: str
    description: str
    language: str
    categories: tuple[str, ...] = ()
    url: str | None = None
    reminds: bool = False


def write_calendar(name: str, events: Iterable[Event], stamp: dt.datetime) -> Iterator[bytes]:
    """A calendar in pieces, its events as they come.

    Args:
        name: what programs call the calendar.
        events: its events.
        stamp: the instant of this edition (DTSTAMP, 3.8.7.2), in UTC.
    """
    yield _lines(
        "BEGIN:VCALENDAR",
        "VERSION:2.0",
        f"PRODID:{PRODUCT}",
        "CALSCALE:GREGORIAN",
        "METHOD:PUBLISH",
        f"X-WR-CALNAME:{escape(name)}",
        "REFRESH-INTERVAL;VALUE=DURATION:P1D",
        "X-PUBLISHED-TTL:P1D",
    )
    stamped = stamp.astimezone(dt.UTC).strftime("%Y%m%dT%H%M%SZ")
    for event in events:
        yield _lines(*_event(event, stamped))
    yield _lines("END:VCALENDAR")


def escape(text: str) -> str:
    """Text as a value of the type TEXT (3.3.11); of control characters only line ends stay."""
    plain = text.replace("\r\n", "\n").replace("\r", "\n")
    for sign in ("\\", ";", ","):
        plain = plain.replace(sign, f"\\{sign}")
    kept = "".join(one for one in plain if one in "\n\t" or (one >= " " and one != "\x7f"))
    return kept.replace("\n", "\\n")


def fold(line: str) -> Iterator[bytes]:
    """A line in parts of at most 75 octets, no character cut (3.1)."""
    part = b""
    for character in line:
        octets = character.encode()
        if len(part) + len(octets) > MOST_OCTETS:
            yield part
            part = b" "
        part += octets
    yield part


def _event(event: Event, stamped: str) -> Iterator[str]:
    language = f";LANGUAGE={event.language}"
    yield "BEGIN:VEVENT"
    yield f"UID:{escape(event.uid)}"
    yield f"DTSTAMP:{stamped}"
    yield f"DTSTART;VALUE=DATE:{event.day:%Y%m%d}"
    yield f"SUMMARY{language}:{escape(event.summary)}"
    yield f"DESCRIPTION{language}:{escape(event.description)}"
    if event.categories:
        yield f"CATEGORIES:{','.join(map(escape, event.categories))}"
    if event.url is not None:
        yield f"URL:{event.url}"
    yield "TRANSP:TRANSPARENT"
    if event.reminds:
        yield "BEGIN:VALARM"
        yield "ACTION:DISPLAY"
        yield f"TRIGGER:-P{REMINDER_DAYS}D"
        yield f"DESCRIPTION{language}:{escape(event.summary)}"
        yield "END:VALARM"
    yield "END:VEVENT"


def _lines(*lines: str) -> bytes:
    return b"".join(part + b"\r\n" for line in lines for part in fold(line))
