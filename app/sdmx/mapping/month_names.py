"""Names of months and days of the week in the languages of the network, full and short."""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from typing import Final

from app.errors import InvalidArtefactError
from app.sdmx.mapping.folding import fold

_MONTHS: Final[Mapping[str, str]] = {
    "en": "january|jan february|feb march|mar april|apr may june|jun july|jul august|aug "
    "september|sep|sept october|oct november|nov december|dec",
    "es": "enero|ene febrero|feb marzo|mar abril|abr mayo|may junio|jun julio|jul agosto|ago "
    "septiembre|sep|setiembre|sept|set octubre|oct noviembre|nov diciembre|dic",
    "fr": "janvier|janv|jan février|févr|fév mars|mar avril|avr mai juin|jun juillet|juil|jul "
    "août|aou septembre|sept|sep octobre|oct novembre|nov décembre|déc",
    "nl": "januari|jan februari|feb maart|mrt|maa april|apr mei juni|jun juli|jul augustus|aug "
    "september|sept|sep oktober|okt november|nov december|dec",
}
_DAYS: Final[Mapping[str, str]] = {
    "en": "monday|mon tuesday|tue|tues wednesday|wed thursday|thu|thur|thurs friday|fri "
    "saturday|sat sunday|sun",
    "es": "lunes|lun martes|mar miércoles|mié jueves|jue viernes|vie sábado|sáb domingo|dom",
    "fr": "lundi|lun mardi|mar mercredi|mer jeudi|jeu vendredi|ven samedi|sam dimanche|dim",
    "nl": "maandag|ma|maa dinsdag|di|din woensdag|wo|woe donderdag|do|don vrijdag|vr|vri "
    "zaterdag|za|zat zondag|zo|zon",
}

LOCALES: Final = tuple(_MONTHS)


def language(locale: str) -> str:
    """The language of a locale: `es` of `es-CR` and `es_CR`.

    Raises:
        InvalidArtefactError: its names of months are not known.
    """
    name = locale.replace("_", "-").partition("-")[0].casefold()
    if name not in _MONTHS:
        known = ", ".join(LOCALES)
        raise InvalidArtefactError(
            f"The locale {locale[:40]!r} is not known; {known} are, with any country.",
            f"El idioma {locale[:40]!r} no se conoce; se conocen {known}, con cualquier país.",
        )
    return name


@lru_cache(maxsize=16)
def months(name: str) -> Mapping[str, int]:
    """Number of each month by its folded names."""
    return _numbered(_MONTHS[name])


@lru_cache(maxsize=16)
def weekdays(name: str) -> Mapping[str, int]:
    """Number of each day of the week, Monday = 1, by its folded names."""
    return _numbered(_DAYS[name])


def month_name(name: str, month: int, *, short: bool) -> str:
    """The name of a month as it is written: the full one, or the usual short one."""
    names = _MONTHS[name].split(" ")[month - 1].split("|")
    return names[1] if short and len(names) > 1 else names[0]


def _numbered(listed: str) -> Mapping[str, int]:
    return {
        fold(name): number
        for number, names in enumerate(listed.split(" "), 1)
        for name in names.split("|")
    }
