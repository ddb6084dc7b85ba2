"""The texts of calendars and scorecards, in English and Spanish."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any, Final

from app.sdmx.calendar.duties import Owed
from app.sdmx.due_texts import due_text

LANGUAGES: Final = ("en", "es")

_TEXTS: Final = Path(__file__).parents[1] / "texts" / "owed.toml"


@cache
def _read() -> dict[str, Any]:
    return tomllib.loads(_TEXTS.read_text("utf-8"))


def text_of(language: str, *path: str, **facts: object) -> str:
    """A text with its facts; in English where the language is not one of these."""
    found: Any = _read()
    for part in path:
        found = found[part]
    text: str = found.get(language, found["en"])
    return text.format_map({name: "–" if fact is None else fact for name, fact in facts.items()})


def state_text(owed: Owed, language: str) -> str:
    """The state of a period in words."""
    facts: Mapping[str, object] = {
        "due": owed.due.isoformat(),
        "visible": owed.late_after.isoformat(),
        "days": owed.days_late,
        "on": owed.reported.on and owed.reported.on.isoformat(),
        "since": owed.duty.entered.isoformat(),
    }
    name: str = owed.state
    if owed.state in ("complete", "nil", "late") and not owed.is_timed:
        name += "_before"
    elif owed.state in ("complete", "nil") and owed.days_late:
        name += "_late"
    elif owed.state == "due" and owed.late_after > owed.due:
        name = "embargoed"
    return text_of(language, "state", name, **facts)


def rule_text(owed: Owed, language: str) -> str:
    """The due rule as a sentence."""
    return text_of(language, "calendar", "rule", text=due_text(owed.duty.rule, language))
