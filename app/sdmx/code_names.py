"""The code that somebody meant who wrote its name, or something near."""

from __future__ import annotations

import difflib
import unicodedata
from functools import lru_cache
from typing import Final

from app.sdmx.components import Component
from app.sdmx.findings import nearest

SHORTEST: Final = 4
"""Values with fewer signs are taken for codes, not for names."""

SHORT_LIST: Final = 12
"""Codes of a list in which first letters can tell what was meant."""

LONGEST: Final = 80
CUTOFF: Final = 0.75


def nearest_code(value: str, component: Component) -> str | None:
    """The code whose name is the value, begins with it or is near it; else the nearest code.

    Names count in every language; accents and case do not. A value that looks like a code, in
    capitals without blanks, is compared with the codes first.
    """
    codes = component.code_set
    if len(value) < SHORTEST or component.codes is None:
        return _initial(value, component) or nearest(value, codes)
    names = _names(component)
    folded = _fold(value[:LONGEST])
    named = names.get(folded) or _beginning(folded, names)
    if named is not None:
        return named
    if value == value.upper() and " " not in value:
        return nearest(value, codes) or _close(folded, names)
    same = next((code for code in codes if code.casefold() == value.casefold()), None)
    return same or _close(folded, names)


def _initial(value: str, component: Component) -> str | None:
    """The one code of a short list that has a name with these first letters: H is Hombres."""
    if not value.isalpha() or len(component.codes or ()) > SHORT_LIST:
        return None
    folded = _fold(value)
    if any(code.casefold() == folded for code in component.code_set):
        return None
    meant = {code for name, code in _names(component).items() if name.startswith(folded)}
    return meant.pop() if len(meant) == 1 else None


@lru_cache(maxsize=256)
def _names(component: Component) -> dict[str, str]:
    """Codes by name, without the names that several codes have."""
    found: dict[str, set[str]] = {}
    for code in (component.codes or {}).values():
        for name in code.names.values():
            found.setdefault(_fold(name), set()).add(code.id)
    return {name: next(iter(codes)) for name, codes in found.items() if len(codes) == 1}


def _beginning(folded: str, names: dict[str, str]) -> str | None:
    """The one code that has a name beginning with the value, word by word."""
    begin = f"{folded} "
    codes = {code for name, code in names.items() if name.startswith(begin)}
    return codes.pop() if len(codes) == 1 else None


def _close(folded: str, names: dict[str, str]) -> str | None:
    """The code of a name that is misspelled; the first letter is rarely the wrong one."""
    alike = [name for name in names if name[:1] == folded[:1]]
    close = difflib.get_close_matches(folded, alike, n=1, cutoff=CUTOFF)
    return names[close[0]] if close else None


def _fold(text: str) -> str:
    plain = unicodedata.normalize("NFKD", text)
    return "".join(sign for sign in plain if not unicodedata.combining(sign)).casefold().strip()
