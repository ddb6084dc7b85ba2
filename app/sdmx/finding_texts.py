"""The texts of findings in the languages of the people who read them.

They stand in `texts/*.toml`, one section a code (or, of a file that cannot be read, a reason): what
is wrong in one row, under `cause` what is wrong in many, and under `mend` how to put it right.
`texts/types.toml` tells what a value has to be.
"""

from __future__ import annotations

import re
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

_TYPES: Final = _read("types")
_LIMIT: Final = re.compile(rf" ({'|'.join(_TYPES['limits'])})=")
_WHOLE: Final = {
    "Integer": (str(-(1 << 31)), str((1 << 31) - 1)),
    "Short": (str(-(1 << 15)), str((1 << 15) - 1)),
}
_EXCLUSIVE: Final = {"minValue": "moreThan", "maxValue": "lessThan"}

TEXTS: Final[Mapping[str, Mapping[str, str]]] = _told(_FINDINGS)
"""What is wrong, by code and language; a format of the fields of a finding."""

UNREADABLE: Final[Mapping[str, Mapping[str, str]]] = _told(_REASONS)
"""Why a file cannot be read (VIPMG-201), by the `rule` of the finding."""

CAUSES: Final[Mapping[str, Mapping[str, str]]] = _part(_FINDINGS, "cause")
"""What is wrong without the facts of one row, by code and language, as docs/errors.md tells it."""

EMPTY: Final[Mapping[str, Mapping[str, str]]] = _part(_FINDINGS, "empty")
"""What is wrong where the value is empty, by code and language; not all codes have it."""

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


def spoken_type(representation: str, language: str) -> str:
    """What `values.representation` says of a value, in the words of people.

    `Decimal minValue=0` is "a number, 0 or more"; what begins with no type of SDMX stays as it is.
    """
    data_type, *limits = _LIMIT.split(representation)
    if data_type in _WHOLE and limits:  # its own bounds, where no others are nearer
        own = dict(zip(("minValue", "maxValue"), _WHOLE[data_type], strict=True))
        given = dict(zip(limits[::2], limits[1::2], strict=True))
        data_type, limits = "BigInteger", [part for pair in (own | given).items() for part in pair]
    if data_type not in _TYPES["types"]:
        return representation
    told = [_spoken(_TYPES["types"][data_type], language)]
    for name, limit in zip(limits[::2], limits[1::2], strict=True):
        if data_type == "ExclusiveValueRange":
            name = _EXCLUSIVE.get(name, name)
        told.append(_spoken(_TYPES["limits"][name], language).replace("{}", limit))
    return ", ".join(told)


def spoken_range(numbers: str, language: str) -> str:
    """Two numbers, `7548 - 188690`, as they stand after "between"."""
    first, _, last = numbers.partition(" - ")
    return _spoken(_TYPES["range"]["between"], language).format(first=first, last=last)


def spoken_days(days: str, language: str) -> str:
    """Spans of days, `2024-01-01/2024-12-31` or with an open end, in the words of people."""
    return "; ".join(_spoken_span(one, language) for one in days.split("; "))


def _spoken_span(span: str, language: str) -> str:
    first, _, last = span.partition("/")
    named = "between" if first and last else "since" if first else "until"
    return _spoken(_TYPES["days"][named], language).format(first=first, last=last)


def _spoken(texts: Mapping[str, str], language: str) -> str:
    return texts.get(language, texts["en"])
