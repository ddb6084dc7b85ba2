"""The texts of findings in the languages of the people who read them.

They stand in `texts/*.toml`, one section a code (or, of a file that cannot be read, a reason): what
is wrong in one row, under `cause` what is wrong in many, and under `mend` how to put it right.
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

LANGUAGES: Final = ("en", "es", "fr", "nl")
"""Languages of findings; the first is the default."""

_FOLDER: Final = Path(__file__).parent / "texts"


def _read(name: str) -> dict[str, dict[str, Any]]:
    return tomllib.loads((_FOLDER / f"{name}.toml").read_text("utf-8"))


def _told(sections: Mapping[str, Mapping[str, Any]]) -> dict[str, dict[str, str]]:
    return {
        name: {language: text for language, text in section.items() if isinstance(text, str)}
        for name, section in sections.items()
    }


def _part(sections: Mapping[str, Mapping[str, Any]], part: str) -> dict[str, dict[str, str]]:
    return {name: dict(section.get(part, {})) for name, section in sections.items()}


_FINDINGS: Final = _read("findings")
_REASONS: Final = _read("unreadable") | _read("unreadable_messages")

TEXTS: Final[Mapping[str, Mapping[str, str]]] = _told(_FINDINGS)
"""What is wrong, by code and language; a format of the fields of a finding."""

UNREADABLE: Final[Mapping[str, Mapping[str, str]]] = _told(_REASONS)
"""Why a file cannot be read (VIPMG-201), by the `rule` of the finding."""

CAUSES: Final[Mapping[str, Mapping[str, str]]] = _part(_FINDINGS, "cause")
"""What is wrong without the facts of one row, by code and language, as docs/errors.md tells it."""

MENDS: Final[Mapping[str, Mapping[str, str]]] = _part(_FINDINGS, "mend")
"""How to put it right, by code and language."""

UNREADABLE_MENDS: Final[Mapping[str, Mapping[str, str]]] = _part(_REASONS, "mend")
"""How to put right a file that cannot be read, by reason and language."""

NEAREST: Final[Mapping[str, str]] = {
    "en": " Did you mean {}?",
    "es": " ¿Quiso decir {}?",
    "fr": " Vouliez-vous dire {} ?",
    "nl": " Bedoelde u {}?",
}
"""What is said of the nearest valid code."""
