"""Labels as people write them: names instead of codes, accents, case, footnote marks."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Collection, Iterable, Mapping
from functools import lru_cache
from typing import Final

from app.sdmx.components import Component

_NOTE: Final = re.compile(
    r"(?:\s*\(\s*(?:\d{1,2}|[a-zA-Z]|\*+)\s*\)|\s*[*†‡§¹²³⁰⁴⁵⁶⁷⁸⁹]|\s+(?:\d{1,2}|[a-z])/)+\s*$"
)
_NOTES_LENGTH: Final = 64
"""Characters at the end of a label among which marks of footnotes are sought."""

_GAPS: Final = re.compile(r"[\s\u00a0\u2007\u202f]+")
_EDGES: Final = " .,:;·•-–—_"


@lru_cache(maxsize=1 << 16)
def fold(text: str) -> str:
    """A label without accents, case, doubled blanks and signs at its ends."""
    plain = unicodedata.normalize("NFKD", text)
    plain = "".join(sign for sign in plain if not unicodedata.combining(sign))
    return _GAPS.sub(" ", plain).casefold().strip(_EDGES)


def clean(text: str) -> str:
    """A cell's text without blanks at its ends and without doubled ones."""
    return _GAPS.sub(" ", text).strip()


def without_notes(text: str) -> str:
    """A label without the marks of footnotes at its end: `Cuba 1/`, `Haití*`, `Panamá (2)`."""
    text = text.strip()
    body, end = text[:-_NOTES_LENGTH], text[-_NOTES_LENGTH:]
    return (body + _NOTE.sub("", end)).strip() or text


class CodeNames:
    """Finds the code that a label means.

    Args:
        component: a coded component.
        allowed: the codes that its agreement takes; they win where a name has several.
        given: codes by label, as a layout tells them; they win over all.
    """

    def __init__(
        self, component: Component, allowed: Collection[str], given: Mapping[str, str] | None = None
    ) -> None:
        self._codes = component.code_set
        self._given = {fold(label): code for label, code in (given or {}).items()}
        codes = component.codes or {}
        self._allowed = _unique(
            (name, code.id)
            for code in codes.values()
            if code.id in allowed
            for name in code.names.values()
        )
        self._all = _unique(
            (name, code.id) for code in codes.values() for name in code.names.values()
        )
        self._known: dict[str, str] = {}

    def code(self, label: str) -> str:
        """The code of a label, or the label itself where there is none."""
        found = self._known.get(label)
        if found is None:
            found = self._known[label] = self._find(label)
        return found

    def _find(self, label: str) -> str:
        if label in self._codes and fold(label) not in self._given:
            return label
        before, mark, _ = label.partition(": ")
        if mark and before in self._codes:
            return before
        for spelled in dict.fromkeys((label, without_notes(label))):
            folded = fold(spelled)
            found = self._given.get(folded) or self._allowed.get(folded) or self._all.get(folded)
            if found:
                return found
            if spelled in self._codes:
                return spelled
        return label


def _unique(pairs: Iterable[tuple[str, str]]) -> dict[str, str]:
    """Codes by folded name, without the names that several codes have."""
    found: dict[str, set[str]] = {}
    for name, code in pairs:
        found.setdefault(fold(name), set()).add(code)
    return {name: next(iter(codes)) for name, codes in found.items() if len(codes) == 1}
