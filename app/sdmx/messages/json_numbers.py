"""Numbers as JSON has them: stored ones are as they were sent, which may be more than JSON takes.

XML Schema knows `+1`, `007`, `.5`, `1.`, `INF` and `NaN`; JSON knows none of them.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from decimal import Decimal, InvalidOperation
from typing import Final

_NUMBER: Final = r"-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?"
_ONE: Final = re.compile(_NUMBER)
_LISTED: Final = re.compile(rf"{_NUMBER}(?:,{_NUMBER})*+")
_INFINITE: Final = frozenset({"INF", "+INF", "-INF"})


def json_number(text: str) -> str:
    """A number, or as a string what JSON has no number for; missing ones are `"NaN"`."""
    if _ONE.fullmatch(text):
        return text
    if text in _INFINITE:
        return f'"{text}"'
    try:
        number = Decimal(text)
    except InvalidOperation:
        return '"NaN"'
    return str(number) if number.is_finite() else '"NaN"'


def json_numbers(values: Sequence[str | None]) -> list[str]:
    """The same of several; `null` where there is none."""
    if None not in values:
        listed = list(map(str, values))
        if _LISTED.fullmatch(",".join(listed)):
            return listed
    return ["null" if value is None else json_number(value) for value in values]
