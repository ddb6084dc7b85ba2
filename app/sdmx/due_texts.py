"""When data are due, in words: what a RELEASE_DUE such as `P20D after month end` says."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Final

from app.sdmx.reporting_periods import read_due

_END: Final = re.compile(r"after (month|quarter|year) end\s*$")

_WORDS: Final[Mapping[str, Mapping[str, str]]] = {
    "en": {
        "text": "{time} after the end of the {period} at the latest",
        "month": "month",
        "quarter": "quarter",
        "year": "year",
        "period": "period",
        "months": "{} month|{} months",
        "days": "{} day|{} days",
        "and": " and ",
    },
    "es": {
        "text": "a más tardar {time} después del fin del {period}",
        "month": "mes",
        "quarter": "trimestre",
        "year": "año",
        "period": "período",
        "months": "{} mes|{} meses",
        "days": "{} día|{} días",
        "and": " y ",
    },
    "fr": {
        "text": "au plus tard {time} après la fin {period}",
        "month": "du mois",
        "quarter": "du trimestre",
        "year": "de l'année",
        "period": "de la période",
        "months": "{} mois|{} mois",
        "days": "{} jour|{} jours",
        "and": " et ",
    },
    "nl": {
        "text": "uiterlijk {time} na het einde van {period}",
        "month": "de maand",
        "quarter": "het kwartaal",
        "year": "het jaar",
        "period": "de periode",
        "months": "{} maand|{} maanden",
        "days": "{} dag|{} dagen",
        "and": " en ",
    },
}


def due_text(term: str | None, language: str) -> str | None:
    """The term in a language, English where there is no other; None if it is not of this form."""
    due = read_due(term)
    if due is None:
        return None
    words = _WORDS.get(language, _WORDS["en"])
    end = _END.search(term or "")
    time = words["and"].join(
        _counted(words[name], number)
        for name, number in zip(("months", "days"), due, strict=True)
        if number or (not any(due) and name == "days")
    )
    return words["text"].format(time=time, period=words[end[1] if end else "period"])


def _counted(noun: str, number: int) -> str:
    one, many = noun.split("|")
    return (one if number == 1 else many).format(number)
