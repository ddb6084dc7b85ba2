"""The texts of terms and notices, in English and Spanish."""

from __future__ import annotations

import datetime as dt
import tomllib
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any, Final

LANGUAGES: Final = ("en", "es")

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
    return {language: found[language].format_map(shown) for language in LANGUAGES}


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
