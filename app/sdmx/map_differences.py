"""What differs between two versions of a structure map, part by part and value by value."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final, Literal, TypeAlias

import msgspec

from app.sdmx.artefact_set import ArtefactSet
from app.sdmx.artefacts import Artefact
from app.sdmx.mapping.documents import (
    ComponentMap,
    DateMap,
    RepresentationMap,
    RepresentationMapping,
    StructureMap,
)
from app.sdmx.structures import decode

Part: TypeAlias = Literal[
    "source", "target", "component map", "mapping", "fixed value", "date", "rule", "validity"
]
Change: TypeAlias = Literal["added", "removed", "changed"]

NOTHING: Final = {"en": "nothing", "es": "nada"}

ANY: Final = {"en": "any value", "es": "cualquier valor"}
"""What an empty source value of a mapping stands for."""

LEFT_OUT: Final = "∅"
"""What a value becomes that the map leaves out, in the differences as data."""

_SAID: Final = {
    "en": {LEFT_OUT: "nothing: its rows are left out", "": "an empty value"},
    "es": {LEFT_OUT: "nada: sus filas se dejan fuera", "": "un valor vacío"},
}

_TEXTS: Final[Mapping[Part, Mapping[Change, tuple[str, str]]]] = {
    "source": {
        "changed": (
            "The map reads {after} instead of {before}.",
            "El mapa lee {after} en vez de {before}.",
        )
    },
    "target": {
        "changed": (
            "The map leads to {after} instead of {before}.",
            "El mapa lleva a {after} en vez de {before}.",
        )
    },
    "component map": {
        "added": ("{subject} is mapped now: {after}.", "Ahora se mapea {subject}: {after}."),
        "removed": (
            "{subject} is mapped no more: {before}.",
            "Ya no se mapea {subject}: {before}.",
        ),
        "changed": (
            "{subject} is mapped by {after} instead of {before}.",
            "{subject} se mapea con {after} en vez de {before}.",
        ),
    },
    "mapping": {
        "added": (
            "{subject}: {value} becomes {after} now; it was not known before.",
            "{subject}: {value} ahora pasa a ser {after}; antes no se conocía.",
        ),
        "removed": (
            "{subject}: {value} is not known any more; it became {before}.",
            "{subject}: {value} ya no se conoce; pasaba a ser {before}.",
        ),
        "changed": (
            "{subject}: {value} becomes {after} instead of {before}.",
            "{subject}: {value} pasa a ser {after} en vez de {before}.",
        ),
    },
    "fixed value": {
        "added": ("{subject} is always {after} now.", "{subject} ahora es siempre {after}."),
        "removed": (
            "{subject} is not always {before} any more.",
            "{subject} ya no es siempre {before}.",
        ),
        "changed": (
            "{subject} is always {after} instead of {before}.",
            "{subject} es siempre {after} en vez de {before}.",
        ),
    },
    "date": {
        "added": (
            "{subject}: dates are read as {after} now.",
            "{subject}: las fechas ahora se leen como {after}.",
        ),
        "removed": (
            "{subject}: dates are not read as {before} any more.",
            "{subject}: las fechas ya no se leen como {before}.",
        ),
        "changed": (
            "{subject}: dates are read as {after} instead of {before}.",
            "{subject}: las fechas se leen como {after} en vez de {before}.",
        ),
    },
    "rule": {
        "changed": (
            "Two rows on one key: {after} instead of {before}.",
            "Dos filas con una misma clave: {after} en vez de {before}.",
        )
    },
    "validity": {
        "changed": (
            "The map holds {after} instead of {before}.",
            "El mapa rige {after} en vez de {before}.",
        )
    },
}


@dataclass(frozen=True, slots=True)
class Difference:
    """One difference.

    Attributes:
        part: what of the map it is about.
        subject: the components, `grupo → SEX, AGE`.
        value: the source value of a mapping.
        before: how it was; nothing where it is new.
        after: how it is; nothing where it is gone.
    """

    part: Part
    subject: str = ""
    value: str | None = None
    before: str | None = None
    after: str | None = None

    @property
    def change(self) -> Change:
        """What became of it."""
        if self.part in {"source", "target", "rule", "validity"}:
            return "changed"
        if self.before is None:
            return "added"
        return "removed" if self.after is None else "changed"

    def text(self, language: str) -> str:
        """The difference in words; `language` is `en` or `es`."""
        said = _TEXTS[self.part][self.change][language == "es"]
        nothing = NOTHING.get(language, NOTHING["en"])
        return said.format(
            subject=self.subject,
            value=self.value or ANY.get(language, ANY["en"]),
            before=nothing if self.before is None else _said(self.before, language),
            after=nothing if self.after is None else _said(self.after, language),
        )


def _said(text: str | None, language: str) -> str:
    """A value in words; that of a mapping for some days keeps them behind it."""
    value, bracket, days = (text or "").partition(" (")
    said = _SAID.get(language, _SAID["en"]).get(value)
    return text or "" if said is None else f"{said}{bracket}{days}"


def map_differences(artefacts: ArtefactSet, old: Artefact, new: Artefact) -> list[Difference]:
    """All differences between two maps, in the order of their parts.

    Raises:
        InvalidArtefactError: one of them, or a table of theirs, is not shaped as it should be.
    """
    before, after = decode(old, StructureMap), decode(new, StructureMap)
    found = [
        *_plain("source", _short(before.source), _short(after.source)),
        *_plain("target", _short(before.target), _short(after.target)),
        *_plain("rule", before.same_key, after.same_key),
        *_plain("validity", _validity(before), _validity(after)),
        *_keyed("fixed value", _fixed(before), _fixed(after)),
        *_keyed("date", _dates(before), _dates(after)),
        *_keyed("component map", _components(before), _components(after)),
    ]
    return [*found, *_values(artefacts, before, after)]


def _plain(part: Part, before: str | None, after: str | None) -> Iterator[Difference]:
    if before != after:
        yield Difference(part, before=before, after=after)


def _keyed(part: Part, before: Mapping[str, str], after: Mapping[str, str]) -> Iterator[Difference]:
    for subject in {**before, **after}:
        old, new = before.get(subject), after.get(subject)
        if old != new:
            yield Difference(part, subject, before=old, after=new)


def _short(urn: str) -> str:
    return urn.rpartition("=")[2]


def _validity(document: StructureMap) -> str | None:
    if document.valid_from is None and document.valid_to is None:
        return None
    return f"{document.valid_from or '…'} – {document.valid_to or '…'}"


def _fixed(document: StructureMap) -> dict[str, str]:
    return {
        one.target or one.source or "": ", ".join(one.values) for one in document.fixed_value_maps
    }


def _dates(document: StructureMap) -> dict[str, str]:
    found: dict[str, list[str]] = {}
    maps: Sequence[DateMap] = (*document.date_pattern_maps, *document.epoch_maps)
    for one in maps:
        told = msgspec.to_builtins(one)
        pattern = told.get("sourcePattern") or f"{told.get('epochPeriod')}, {told['basePeriod']}"
        more = [one.resolve_period, *(v for v in (told.get("locale"), told.get("validFrom")) if v)]
        more += [one.target_frequency_id or one.frequency_dimension or ""]
        for pair in one.mapped_components:
            shown = f"{pattern!r} ({', '.join(each for each in more if each)})"
            found.setdefault(f"{pair.source} → {pair.target}", []).append(shown)
    return {subject: "; ".join(listed) for subject, listed in found.items()}


def _subject(one: ComponentMap) -> str:
    return f"{', '.join(one.source)} → {', '.join(one.target)}"


def _components(document: StructureMap) -> dict[str, str]:
    return {
        _subject(one): "copy" if one.representation_map is None else _stem(one.representation_map)
        for one in document.component_maps
    }


def _stem(urn: str) -> str:
    """A table without its version: another version of it is told value by value."""
    return _short(urn).partition("(")[0]


def _values(
    artefacts: ArtefactSet, before: StructureMap, after: StructureMap
) -> Iterator[Difference]:
    """Mappings of tables that both maps have for the same components."""
    old = {_subject(one): one.representation_map for one in before.component_maps}
    for one in after.component_maps:
        subject = _subject(one)
        known = old.get(subject)
        if known is None or one.representation_map is None:
            continue
        left, right = _table(artefacts, known), _table(artefacts, one.representation_map)
        for value in {**left, **right}:
            was, becomes = left.get(value), right.get(value)
            if was != becomes:
                yield Difference("mapping", subject, value, was, becomes)


def _table(artefacts: ArtefactSet, reference: str) -> dict[str, str]:
    """The mappings of a table by their source values; of one that is not held, none."""
    artefact = artefacts.resolve(reference)
    if artefact is None:
        return {}
    table: dict[str, list[str]] = {}
    for one in decode(artefact, RepresentationMap).representation_mappings:
        table.setdefault(_source(one), []).append(_target(one))
    return {value: "; ".join(targets) for value, targets in table.items()}


def _source(one: RepresentationMapping) -> str:
    shown = []
    for value in one.source_values:
        text = f"/{value.value}/" if value.is_reg_ex else value.value
        if value.start_index is not None or value.end_index is not None:
            text += f"[{value.start_index or ''}:{value.end_index or ''}]"
        shown.append(text)
    return ", ".join(shown)


def _target(one: RepresentationMapping) -> str:
    text = ", ".join(one.target_values) if one.target_values else LEFT_OUT
    if one.is_limited:
        text += f" ({one.valid_from or '…'} – {one.valid_to or '…'})"
    return text
