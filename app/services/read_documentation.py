"""The list of errors and findings, docs/errors.md, as the service itself tells it."""

from __future__ import annotations

import re
from functools import cache
from html import escape
from pathlib import Path
from typing import Final

import app

SECTIONS: Final = {
    "en": ("Errors", "Findings"),
    "es": ("Errores", "Hallazgos"),
    "fr": ("Erreurs", "Constats"),
    "nl": ("Fouten", "Bevindingen"),
}
"""Headings of the tables, by the languages in which the page is told."""


_SECTION: Final = re.compile(r"^## (.+?)\n(.*?)(?=^## |\Z)", re.MULTILINE | re.DOTALL)
_CODE: Final = re.compile(r"`([^`]*)`")


@cache
def error_tables(language: str) -> str:
    """The tables of errors and findings in a language, as HTML; each row has its code as id."""
    sections = dict(_SECTION.findall(_source().read_text("utf-8")))
    return "".join(f"<h2>{name}</h2>{_table(sections[name])}" for name in SECTIONS[language])


def _source() -> Path:
    """The page as delivered in the wheel, or that of the checkout."""
    package = Path(app.__file__).parent
    delivered = package / "_docs" / "errors.md"
    return delivered if delivered.is_file() else package.parent / "docs" / "errors.md"


def _table(section: str) -> str:
    rows = [
        [_text(cell.strip()) for cell in line.strip("|").split("|")]
        for line in section.splitlines()
        if line.startswith("|") and not line.startswith("|---")
    ]
    head = "".join(f"<th>{cell}</th>" for cell in rows[0])
    body = "".join(
        f'<tr id="{row[0]}">' + "".join(f"<td>{cell}</td>" for cell in row) + "</tr>"
        for row in rows[1:]
    )
    return f"<table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>"


def _text(cell: str) -> str:
    return _CODE.sub(r"<code>\1</code>", escape(cell))
