"""Numbers as spreadsheets hold them and as people type them, to the decimals of SDMX."""

from __future__ import annotations

import re
from decimal import Decimal
from functools import lru_cache
from typing import Final, Literal, TypeAlias

from app.sheets.labels import without_notes

NumberStyle: TypeAlias = Literal["1.234,5", "1,234.5", "plain"]
"""Which sign separates decimals and which thousands; blanks may always separate thousands."""

DIGITS: Final = 15
"""What a spreadsheet keeps of a number."""

_BLANKS: Final = "[ \u00a0\u2007\u2009\u202f']"
_STYLES: Final = {
    "1.234,5": (r"\.", ","),
    "1,234.5": (",", r"\."),
}


def number_text(value: float) -> str:
    """A number of a cell, as the spreadsheet shows it with all its digits; no exponent."""
    if value.is_integer() and abs(value) < 10**DIGITS:
        return str(int(value))
    text = format(value, f".{DIGITS}g")
    return format(Decimal(text), "f") if "e" in text else text


def read_number(text: str, style: NumberStyle) -> str | None:
    """A number that was typed as text, or nothing when it is none in this style.

    `1.234,5`, `1 234` and `1234` are numbers of the first style; `1.5` is none, as a point
    separates thousands there.
    """
    if style == "plain":
        return None
    shown = text.strip().replace("\u2212", "-")
    return _read(shown, style) or _read(without_notes(shown), style)


def _read(text: str, style: str) -> str | None:
    match = _grammar(style).fullmatch(text)
    if match is None:
        return None
    sign = "-" if match["sign"] == "-" else ""
    whole = re.sub(r"[^0-9]", "", match["whole"])
    return f"{sign}{whole}" + (f".{match['part']}" if match["part"] else "")


@lru_cache
def _grammar(style: str) -> re.Pattern[str]:
    thousands, decimals = _STYLES[style]
    groups = "|".join(rf"\d{{1,3}}(?:{sign}\d{{3}})+" for sign in (thousands, _BLANKS))
    return re.compile(rf"(?P<sign>[+-]?) ?(?P<whole>{groups}|\d+)(?:{decimals}(?P<part>\d+))?")
