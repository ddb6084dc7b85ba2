"""Texts and values as XML has them: escaping, and the lexical forms of XML Schema."""

from __future__ import annotations

import math
import re
from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Final

_FORBIDDEN: Final = "\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff\ud800-\udfff"
_MARKUP: Final = re.compile(f"[&<>\r{_FORBIDDEN}]")
_ATTRIBUTE_MARKUP: Final = re.compile(f'[&<>"\t\n\r{_FORBIDDEN}]')
_REFERENCES: Final = {
    "&": "&amp;",
    "<": "&lt;",
    ">": "&gt;",
    '"': "&quot;",
    "\t": "&#9;",
    "\n": "&#10;",
    "\r": "&#13;",
}
_DATE_LENGTH: Final = len("2026-01-31")
_ZONED: Final = re.compile(r".*(?:Z|[+-][0-9]{2}:[0-9]{2})", re.IGNORECASE)
_INTEGER: Final = re.compile(r"[+-]?[0-9]+")
_NUMBER: Final = re.compile(r"[+-]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]+)?")
# JSON integers beyond 64 bits cannot be written by every library: such a bound becomes a float.
_LARGEST: Final = 2**63


def escape(text: str) -> str:
    """Write a text as content of an element; what XML 1.0 cannot hold becomes U+FFFD."""
    return _MARKUP.sub(_reference, text) if _MARKUP.search(text) else text


def quote(text: str) -> str:
    """Write a text as the value of an attribute, without the quotation marks around it."""
    return _ATTRIBUTE_MARKUP.sub(_reference, text) if _ATTRIBUTE_MARKUP.search(text) else text


def _reference(found: re.Match[str]) -> str:
    return _REFERENCES.get(found[0], "\ufffd")


@dataclass(frozen=True, slots=True)
class Kind:
    """A simple type: how a JSON value is written in XML, and read again.

    Attributes:
        write: gives the text, not escaped.
        read: gives the value; raises ValueError for a text that is none.
        fits: whether a JSON value is of this type.
        en: what it must be, in English.
        es: the same in Spanish.
    """

    write: Callable[[Any], str]
    read: Callable[[str], Any]
    fits: Callable[[Any], bool]
    en: str
    es: str


def _matched(pattern: re.Pattern[str], text: str) -> str:
    """A text of this form without the blanks around it: Python reads more than XML Schema knows."""
    found = text.strip()
    if pattern.fullmatch(found) is None:
        raise ValueError(text)
    return found


def _read_boolean(text: str) -> bool:
    return {"true": True, "1": True, "false": False, "0": False}[text.strip()]


def _write_boolean(value: object) -> str:
    return str(value).lower()


def _read_number(text: str) -> int | float:
    value = Decimal(_matched(_NUMBER, text))
    whole = value == value.to_integral_value() and "." not in text
    read = int(value) if whole and abs(value) < _LARGEST else float(value)
    if not math.isfinite(read):
        raise ValueError(text)
    return read


def _write_number(value: object) -> str:
    return format(Decimal(str(value)), "f")


def _read_integer(text: str) -> int:
    value = int(_matched(_INTEGER, text))
    if abs(value) >= _LARGEST:
        raise ValueError(text)
    return value


def _read_occurrence(text: str) -> int | str:
    return "unbounded" if text.strip() == "unbounded" else _read_integer(text)


def _read_cascade(text: str) -> bool | str | None:
    if text.strip() == "excluderoot":
        return "excluderoot"
    return None if text.strip() == "false" else _read_boolean(text)


def _write_cascade(value: object) -> str:
    return "0" if value is False else str(value).lower()


def _write_date(value: object) -> str:
    """Cut an instant to its day; its zone stays, its time cannot."""
    text = str(value)
    zone = _ZONED.fullmatch(text)
    if len(text) <= _DATE_LENGTH or zone is None:
        return text[:_DATE_LENGTH]
    return text[:_DATE_LENGTH] + (text[-1].upper() if text[-1] in "zZ" else text[-6:])


def _read_date(text: str) -> str:
    day, zone = text.strip()[:_DATE_LENGTH], text.strip()[_DATE_LENGTH:]
    return f"{day}T00:00:00{zone or 'Z'}"


def _is_text(value: object) -> bool:
    return isinstance(value, str)


def _is_boolean(value: object) -> bool:
    return isinstance(value, bool)


def _is_integer(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and abs(value) < _LARGEST


def _is_number(value: object) -> bool:
    return _is_integer(value) or (isinstance(value, float) and math.isfinite(value))


def _is_occurrence(value: object) -> bool:
    return value == "unbounded" or _is_integer(value)


def _is_cascade(value: object) -> bool:
    return value == "excluderoot" or isinstance(value, bool)


TEXT: Final = Kind(str, str, _is_text, "a text", "un texto")
"""A text, with its blanks."""

TOKEN: Final = Kind(str, str.strip, _is_text, "a text", "un texto")
"""An identifier or URN: blanks around it are not part of it."""

BOOLEAN: Final = Kind(_write_boolean, _read_boolean, _is_boolean, "true or false", "true o false")
"""`true` or `false`; 1 and 0 are read."""

INTEGER: Final = Kind(str, _read_integer, _is_integer, "an integer", "un entero")
"""An integer of 64 bits."""

NUMBER: Final = Kind(_write_number, _read_number, _is_number, "a number", "un número")
"""A decimal; read as an integer where it has no point."""

OCCURRENCE: Final = Kind(
    str, _read_occurrence, _is_occurrence, "an integer or unbounded", "un entero o unbounded"
)
"""An integer, or `unbounded`."""

CASCADE: Final = Kind(
    _write_cascade,
    _read_cascade,
    _is_cascade,
    "true, false or excluderoot",
    "true, false o excluderoot",
)
"""`true`, `excluderoot` or nothing, which is written `false`; what JSON says is false is 0."""

DATE: Final = Kind(_write_date, _read_date, _is_text, "a text", "un texto")
"""A day (xs:date) for what JSON has as an instant."""
