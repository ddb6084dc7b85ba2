"""The texts of terms and notices, in English and Spanish."""

from __future__ import annotations

import datetime as dt
import tomllib
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any, Final

LANGUAGES: Final = ("en", "es")

PUBLIC: Final = "*"
"""Anybody, without a token."""

_PUBLIC: Final = {"en": "The public", "es": "El público"}
_ANNOTATED: Final[Mapping[str, Mapping[str, str]]] = {
    "ATTRIBUTE": {"en": "Value of the attribute", "es": "Valor del atributo"},
    "CHECK": {"en": "Strictness of the check", "es": "Rigor del control"},
    "CHECKS": {"en": "Further checks", "es": "Otros controles"},
    "PRECEDENCE": {"en": "Precedence", "es": "Precedencia"},
}

_FOLDER: Final = Path(__file__).parent / "texts"


@cache
def _read(name: str) -> dict[str, Any]:
    return tomllib.loads((_FOLDER / f"{name}.toml").read_text("utf-8"))


def texts_of(*path: str, **facts: object) -> dict[str, str]:
    """The texts of a rule and its outcome, or of a verdict, with their facts."""
    found: Any = _read("terms")
    for part in path:
        found = found[part]
    shown = {name: _shown(value) for name, value in facts.items()}
    return {
        language: found[language].format_map(shown | _who(shown.get("who"), language))
        for language in LANGUAGES
    }


def _who(who: str | None, language: str) -> dict[str, str]:
    """Whom a text is about; the public has no id."""
    return {"who": _PUBLIC[language] if who == PUBLIC else who or ""}


def term_names(term: str) -> dict[str, str]:
    """What a term is called that only annotations say: `ATTRIBUTE:LICENCE`, `CHECK:HR_SEX`."""
    kind, _, about = term.partition(":")
    found = _ANNOTATED.get(kind)
    if found is None:
        return dict.fromkeys(LANGUAGES, term)
    return {language: f"{found[language]} {about}".strip() for language in LANGUAGES}


def notice_texts(kind: str, facts: Mapping[str, Any]) -> dict[str, str]:
    """The texts of a notice; one of a kind that has none is told by its kind."""
    found = _read("notices").get(kind)
    if found is None:
        return dict.fromkeys(LANGUAGES, kind)
    return {language: found[language].format_map(_Facts(facts)) for language in LANGUAGES}


class _Facts(dict[str, Any]):
    """Facts of a notice; one that was not noted is left open."""

    def __missing__(self, key: str) -> str:
        return "…"


def _shown(value: object) -> str:
    if isinstance(value, dt.datetime):
        whole = value.astimezone(dt.UTC)
        return whole.strftime("%Y-%m-%d" if whole.time() == dt.time.min else "%Y-%m-%d %H:%M UTC")
    return "" if value is None else str(value)
