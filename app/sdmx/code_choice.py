"""What a coded component takes, in short: its few codes with their names, or how many there are."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from app.sdmx.components import Code, Component
from app.sdmx.urn import parse_urn

MOST_CODES: Final = 12
"""Codes that are listed; of more some are named, and where all of them are to be read."""

LONGEST: Final = 400
_SOME: Final = 3
_LANGUAGES: Final = ("en", "es")


def choice_of_codes(component: Component, is_allowed: Callable[[str], bool]) -> str | None:
    """The codes that may be used; a finding is read in any language, so names come in two.

    Args:
        component: what is coded.
        is_allowed: whether the constraints allow a code.
    """
    codes = [code for code in (component.codes or {}).values() if is_allowed(code.id)]
    if not codes:
        return None
    if len(codes) > MOST_CODES:
        some = ", ".join(code.id for code in codes[:_SOME])
        return f"{some}, ... ({len(codes)}): {_address(component.codelist or '')}"
    named = ", ".join(_named(code) for code in codes)
    return named if len(named) <= LONGEST else ", ".join(code.id for code in codes)


def _named(code: Code) -> str:
    names = [code.names[language] for language in _LANGUAGES if code.names.get(language)]
    told = " / ".join(dict.fromkeys(names or code.names.values()))
    return code.id if told in {"", code.id} else f"{code.id} ({told})"


def _address(codelist: str) -> str:
    """Where the list is read."""
    urn = parse_urn(codelist).maintainable
    return f"/sdmx/v2/structure/{urn.class_name.lower()}/{urn.agency}/{urn.id}/{urn.version}"
