"""Calendars read back line by line, as RFC 5545 says they are read."""

from __future__ import annotations

import datetime as dt
import re
from dataclasses import dataclass, field

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.sdmx.calendar.ical import Event, write_calendar

STAMP = dt.datetime(2026, 4, 1, tzinfo=dt.UTC)
TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=120)
# RFC 5545, 3.1: name *(";" param) ":" value; here no parameter value is quoted.
LINE = re.compile(r"([A-Z-]+)((?:;[A-Z-]+=[^\x00-\x1f\x7f\";:,]+)*):([^\x00-\x08\x0a-\x1f\x7f]*)")
ESCAPE = re.compile(r"\\(.)")


@dataclass
class Part:
    """A component: its properties by name (with parameters), and those in it."""

    name: str
    properties: dict[str, tuple[str, str]] = field(default_factory=dict)
    parts: list[Part] = field(default_factory=list)

    def value(self, name: str) -> str:
        return self.properties[name][1]

    def text(self, name: str) -> str:
        value = self.value(name)
        assert re.fullmatch(r"(?:[^\\;,]|\\[\\;,nN])*", value), value
        return ESCAPE.sub(lambda found: {"n": "\n", "N": "\n"}.get(found[1], found[1]), value)


def read_ical(content: bytes) -> Part:
    """Read a calendar strictly: ends of lines, their length, folds, nesting, no property twice."""
    assert content.endswith(b"\r\n")
    lines = content[:-2].split(b"\r\n")
    assert not any(b"\r" in line or b"\n" in line for line in lines)
    assert max(map(len, lines)) <= 75
    for line in lines:
        line.decode()  # no character is cut
    unfolded = b"\r\n".join(lines).replace(b"\r\n ", b"").decode().split("\r\n")
    root = Part("")
    open_parts = [root]
    for line in unfolded:
        found = LINE.fullmatch(line)
        assert found, line
        name, parameters, value = found.groups()
        if name == "BEGIN":
            part = Part(value)
            open_parts[-1].parts.append(part)
            open_parts.append(part)
        elif name == "END":
            assert open_parts.pop().name == value
        else:
            assert name not in open_parts[-1].properties
            open_parts[-1].properties[name] = (parameters, value)
    assert open_parts == [root]
    [calendar] = root.parts
    assert calendar.name == "VCALENDAR"
    assert calendar.value("VERSION") == "2.0"
    assert calendar.value("PRODID")
    for event in calendar.parts:
        assert event.name == "VEVENT"
        assert event.value("UID")
        assert re.fullmatch(r"\d{8}T\d{6}Z", event.value("DTSTAMP"))
        for alarm in event.parts:
            assert alarm.name == "VALARM"
            assert {"ACTION", "TRIGGER", "DESCRIPTION"} <= alarm.properties.keys()
    return calendar


def kept(text: str) -> str:
    """A text without the control characters that a calendar cannot hold."""
    plain = text.replace("\r\n", "\n").replace("\r", "\n")
    return "".join(c for c in plain if c in "\n\t" or (c >= " " and c != "\x7f"))


@given(TEXT, TEXT, TEXT)
def test_any_text_comes_back(title: str, summary: str, description: str) -> None:
    event = Event("x@vipmg", dt.date(2026, 2, 20), summary, description, "es")
    calendar = read_ical(b"".join(write_calendar(title, [event], STAMP)))
    [read] = calendar.parts
    assert calendar.text("X-WR-CALNAME") == kept(title)
    assert (read.text("SUMMARY"), read.text("DESCRIPTION")) == (kept(summary), kept(description))
    assert read.properties["SUMMARY"][0] == ";LANGUAGE=es"
    assert read.properties["DTSTART"] == (";VALUE=DATE", "20260220")


@pytest.mark.parametrize("reminds", [True, False])
def test_a_reminder_comes_a_week_before(*, reminds: bool) -> None:
    event = Event(
        "x@vipmg", dt.date(2026, 2, 20), "S", "D", "en", ("due", "A,B"), "http://x/?a=b", reminds
    )
    [read] = read_ical(b"".join(write_calendar("T", [event], STAMP))).parts
    assert read.value("CATEGORIES") == "due,A\\,B"
    assert read.value("URL") == "http://x/?a=b"
    assert read.value("DTSTAMP") == "20260401T000000Z"
    assert [alarm.value("TRIGGER") for alarm in read.parts] == ["-P7D"] * reminds
