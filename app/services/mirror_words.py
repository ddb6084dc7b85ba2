"""Words of mirror replies: what a pair is, and why there is nothing to compare."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Final

import orjson

from app.sdmx.components import names_of
from app.sdmx.mirrors.lags import LagResult
from app.sdmx.mirrors.notes import Note
from app.sdmx.mirrors.pair import MirrorPair, PairSide
from app.sdmx.mirrors.plan import PairPlan
from app.services.read_mirror import MirrorReading
from app.sheets.template_texts import name_in
from app.store.catalogue import Catalogue

AREAS: Final = ("first_area", "first_area_name", "second_area", "second_area_name")
"""What replies call the areas of a corridor."""

STATES_URN: Final = "urn:sdmx:org.sdmx.infomodel.codelist.Codelist=VIPMG:CL_MIRROR_STATE(1.0.0)"

_REASONS: Final[Mapping[str, tuple[str, str]]] = {
    "NO_AGREEMENT_LEFT": (
        "No provider has an agreement under which the left side ({view}) could be reported.",
        "Ningún proveedor tiene un convenio con el que se pueda informar el lado izquierdo "
        "({view}).",
    ),
    "NO_AGREEMENT_RIGHT": (
        "No provider has an agreement under which the right side ({view}) could be reported.",
        "Ningún proveedor tiene un convenio con el que se pueda informar el lado derecho ({view}).",
    ),
    "NO_DATA": (
        "Neither side has data here: {left}; {right}.",
        "Ningún lado tiene datos aquí: {left}; {right}.",
    ),
    "NO_DATA_LEFT": (
        "Nothing is published on the left side: {left}.",
        "No hay nada publicado en el lado izquierdo: {left}.",
    ),
    "NO_DATA_RIGHT": (
        "Nothing is published on the right side: {right}.",
        "No hay nada publicado en el lado derecho: {right}.",
    ),
    "NOTHING_IN_COMMON": (
        "Both sides have data, and no cell in common: other codes, frequencies or breakdowns.",
        "Ambos lados tienen datos y ninguna celda en común: otros códigos, frecuencias o "
        "desgloses.",
    ),
    "OUTSIDE": (
        "What is asked for lies outside of what the pair compares.",
        "Lo que se pide está fuera de lo que el par compara.",
    ),
}


class AreaNames:
    """The names of the areas of corridors in a language, empty where an area has none."""

    def __init__(self, plan: PairPlan, language: str) -> None:
        sides = {"LEFT": plan.left.flow, "RIGHT": plan.right.flow}
        self._codes = [
            flow.dimensions[flow.position[place.dimension]].codes or {}
            for place in plan.pair.areas
            for flow in (sides[place.side],)
        ]
        self._language = language

    def first(self, area: str) -> str:
        """The name of a first area."""
        return self._name(0, area)

    def second(self, area: str) -> str:
        """The name of a second area."""
        return self._name(1, area)

    def _name(self, place: int, area: str) -> str:
        code = self._codes[place].get(area)
        return "" if code is None else name_in(code.names, self._language)


def describe_pair(pair: MirrorPair, language: str) -> dict[str, Any]:
    """A pair, as replies tell it."""
    return {
        "id": pair.id,
        "pair": pair.short_urn,
        "urn": pair.urn,
        "name": name_in(pair.names, language),
        "names": dict(pair.names),
        "left": _describe_side(pair.left, language),
        "right": _describe_side(pair.right, language),
        "match": dict(pair.match),
        "time_rule": pair.time_rule,
        "lag_max": pair.lag_max,
        "formulas": [formula.text for formula in pair.formulas],
        "unit_note": _text(pair, "unit", language),
        "difficulty": _text(pair, "difficulty", language),
        "evidence": _text(pair, "evidence", language),
    }


def describe_states(catalogue: Catalogue, language: str) -> dict[str, str]:
    """The states of a comparison, in words."""
    held = catalogue.snapshot.artefacts.get(STATES_URN)
    listed = [] if held is None else held.document.get("codes", [])
    return {code["id"]: name_in(names_of(code), language) for code in listed}


def explain_nothing(reading: MirrorReading, language: str) -> dict[str, str] | None:
    """Why there is nothing to compare; `None` where there is."""
    if reading.left.keys() & reading.right.keys():
        return None
    code = reason_code(
        is_empty=reading.planned.plan.is_empty,
        agreements=(bool(reading.planned.left.agreements), bool(reading.planned.right.agreements)),
        data=(bool(reading.left), bool(reading.right)),
    )
    return tell_reason(code, reading.pair, language)


def reason_code(*, is_empty: bool, agreements: tuple[bool, bool], data: tuple[bool, bool]) -> str:
    """The code of the reason, by what each side (left, right) has."""
    if is_empty:
        return "OUTSIDE"
    for side, has in zip(("LEFT", "RIGHT"), agreements, strict=True):
        if not has:
            return f"NO_AGREEMENT_{side}"
    if not any(data):
        return "NO_DATA"
    for side, has in zip(("LEFT", "RIGHT"), data, strict=True):
        if not has:
            return f"NO_DATA_{side}"
    return "NOTHING_IN_COMMON"


def tell_reason(code: str, pair: MirrorPair, language: str) -> dict[str, str]:
    """A reason with its words, and the difficulty that the pair is known for."""
    text = _REASONS[code][language == "es"]
    left, right = name_in(pair.left.view, language), name_in(pair.right.view, language)
    view = right if code.endswith("RIGHT") else left
    told = {"code": code, "text": text.format(left=left, right=right, view=view)}
    difficulty = _text(pair, "difficulty", language)
    return told | ({"difficulty": difficulty} if difficulty else {})


def tell_lags(lags: Iterable[LagResult]) -> list[dict[str, Any]]:
    """The correlations at lags, as replies tell them."""
    return [
        {"lag": one.lag, "correlation": one.correlation, "periods": one.periods} for one in lags
    ]


def tell_note(note: Note) -> dict[str, Any]:
    """A note, as replies tell it."""
    return {
        "organisation": note.organisation,
        "note": note.note,
        "agreed_value": number(note.agreed_value),
        "hides_value": note.hides_value,
        "written_at": note.written_at,
    }


def number(text: str | None) -> orjson.Fragment | None:
    """A decimal as a number of JSON, with all its digits."""
    return None if text is None else orjson.Fragment(text)


def _describe_side(side: PairSide, language: str) -> dict[str, Any]:
    return {
        "dataflow": side.dataflow.rpartition("=")[2],
        "view": name_in(side.view, language),
        "filters": {name: list(codes) for name, codes in side.filters.items()},
        "providers": list(side.providers),
        "reported_by": side.reported_by,
    }


def _text(pair: MirrorPair, name: str, language: str) -> str | None:
    names = pair.notes.get(name)
    return name_in(names, language) if names else None
