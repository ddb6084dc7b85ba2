"""Writing SDMX-CSV metadata messages 2.1 and 2.0 (SDMX-CSV field guide, metadata messages).

A row is a metadata set, a column an attribute by its path. An attribute that may stand several
times has `[]` behind its id, and its values stand in one cell; those below it stand in the cells
of their own columns, in quotes, one part for each time.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from app.sdmx.artefact_classes import CLASS_BY_NAME
from app.sdmx.artefact_set import ArtefactSet
from app.sdmx.artefacts import Artefact, Document
from app.sdmx.components import Component, names_of
from app.sdmx.item_schemes import walk_items
from app.sdmx.messages.data_csv_writer import SUB_SEPARATOR, Labels, quote, quote_part
from app.sdmx.metadata_sets import DEFAULT_VERSION, value_text
from app.sdmx.metadata_structures import (
    ResolvedAttribute,
    resolve_metadata_attributes,
    structure_of,
)
from app.sdmx.negotiation import LanguageChoice
from app.sdmx.urn import CONTAINER_CLASSES, parse_urn

_KINDS = {"metadataflow": "metadataflow", "metadataProvisionAgreement": "metadataprovision"}


def write_metadata_sets(
    sets: Sequence[Artefact],
    *,
    version: str,
    labels: Labels,
    languages: LanguageChoice,
    artefacts: ArtefactSet,
) -> bytes:
    """Write a metadata message.

    Args:
        sets: the metadata sets, localised.
        version: `2.1.0` or `2.0.0`; the first has a column for sets in some languages only.
        labels: whether ids, names or both are shown.
        languages: for names.
        artefacts: where structures, codes and targets have their names from.
    """
    return _Writer(version, labels, languages, artefacts).write(sets)


@dataclass(frozen=True, slots=True)
class _Step:
    """A part of a path: an id, and whether it may stand several times."""

    id: str
    many: bool


@dataclass(slots=True)
class _Column:
    """An attribute by its path."""

    steps: tuple[_Step, ...]
    component: Component | None
    languages: list[str] = field(default_factory=list)

    @property
    def is_structured(self) -> bool:
        """Whether its cells have parts."""
        return bool(self.languages) or any(step.many for step in self.steps)

    @property
    def name(self) -> str:
        """Its header: `CONTACT[].NAME[en;es]`."""
        path = ".".join(step.id + ("[]" if step.many else "") for step in self.steps)
        return path + (f"[{SUB_SEPARATOR.join(self.languages)}]" if self.languages else "")


_Path = tuple[str, ...]
_Show = Callable[[object], str]


class _Writer:
    def __init__(
        self, version: str, labels: Labels, languages: LanguageChoice, artefacts: ArtefactSet
    ) -> None:
        self.old = version == "2.0.0"
        self.labels = labels
        self.languages = languages
        self.artefacts = artefacts

    def write(self, sets: Sequence[Artefact]) -> bytes:
        columns = self._columns(sets)
        flags = [one.document.get("isPartialLanguage") is True for one in sets]
        partial = not self.old and any(flags)
        structured = any(column.is_structured for column in columns) or any(
            len(one.document.get("targets", ())) > 1 for one in sets
        )
        rows = [self._header(columns, partial=partial, structured=structured)]
        rows += [self._row(one, columns, partial=partial) for one in sets]
        return "".join(",".join(map(quote, row)) + "\r\n" for row in rows).encode()

    # -- columns ------------------------------------------------------------------------

    def _columns(self, sets: Iterable[Artefact]) -> list[_Column]:
        """The attributes of all structures in their order, then what no structure here defines."""
        columns: dict[_Path, _Column] = {}
        for one in sets:
            reported = one.document.get("attributes", [])
            structure = structure_of(self.artefacts, one.document)
            if structure is not None:
                for column in _defined(resolve_metadata_attributes(self.artefacts, structure), ()):
                    columns.setdefault(tuple(step.id for step in column.steps), column)
            for path, column in _reported(reported, ()):
                columns.setdefault(path, column)
        for one in sets:
            self._collect_languages(one.document.get("attributes", []), (), columns)
        return list(columns.values())

    def _collect_languages(
        self, reported: Iterable[Document], prefix: _Path, columns: Mapping[_Path, _Column]
    ) -> None:
        for one in reported:
            path = (*prefix, one["id"])
            value = one.get("value")
            if isinstance(value, dict) and path in columns:
                known = columns[path].languages
                known.extend(language for language in value if language not in known)
                known.sort(key=self._language_order)
            self._collect_languages(one.get("attributes", []), path, columns)

    def _language_order(self, language: str) -> tuple[int, str]:
        order = self.languages.order
        return (order.index(language) if language in order else len(order), language)

    def _header(self, columns: Iterable[_Column], *, partial: bool, structured: bool) -> list[str]:
        named = self.labels == "name"
        header = [
            f"MDSTRUCTURE[{SUB_SEPARATOR}]" if structured else "MDSTRUCTURE",
            *(["MDSTRUCTURE_ID", "MDSTRUCTURE_NAME"] if named else ["MDSTRUCTURE_ID"]),
            *(["METADATASET_ID", "METADATASET_NAME"] if named else ["METADATASET_ID"]),
            *(["ACTION"] if self.old else []),
            *(["IS_PARTIAL_LANGUAGE"] if partial else []),
            "TARGET_TYPES",
            *(["TARGET_IDS", "TARGET_NAMES"] if named else ["TARGET_IDS"]),
        ]
        for column in columns:
            label = self._text(column.component.names) if column.component else column.steps[-1].id
            header += self._shown(column.name, label)
        return header

    # -- rows ---------------------------------------------------------------------------

    def _row(self, one: Artefact, columns: Iterable[_Column], *, partial: bool) -> list[str]:
        document = one.document
        kind = next((name for name in _KINDS if name in document), "metadataflow")
        structure = str(document.get(kind, ""))
        targets = [str(target) for target in document.get("targets", ())]
        name = self._text(names_of(document))
        row = [
            _KINDS[kind],
            *self._shown(_identity(structure), self._name_of(structure)),
            *self._shown(_without_default(one.urn.rpartition("=")[2]), name),
            *(["I"] if self.old else []),
            *([str(int(document.get("isPartialLanguage") is True))] if partial else []),
            _joined(map(_type_of, targets)),
        ]
        ids, names = [_identity(target) for target in targets], [*map(self._name_of, targets)]
        if self.labels == "both":
            ids = [f"{one}: {label}" for one, label in zip(ids, names, strict=True)]
        row += [_joined(ids), *([_joined(names)] if self.labels == "name" else [])]
        for column in columns:
            row += self._cells(column, document.get("attributes", []))
        return row

    def _cells(self, column: _Column, reported: Sequence[Document]) -> list[str]:
        if self.labels == "name":
            return [
                _cell(reported, column.steps, lambda value: self._value(column, value)),
                _cell(reported, column.steps, lambda value: self._code_name(column, value)),
            ]
        if self.labels == "both":
            return [_cell(reported, column.steps, lambda value: self._labelled(column, value))]
        return [_cell(reported, column.steps, lambda value: self._value(column, value))]

    def _value(self, column: _Column, value: object) -> str:
        if isinstance(value, dict):
            return _joined(f"{name}:{value[name]}" for name in column.languages if name in value)
        text = value_text(value)
        return quote_part(f"{column.languages[0]}:{text}") if column.languages and text else text

    def _labelled(self, column: _Column, value: object) -> str:
        text, label = self._value(column, value), self._code_name(column, value)
        return f"{text}: {label}" if label else text

    def _code_name(self, column: _Column, value: object) -> str:
        codes = column.component.codes if column.component else None
        code = codes.get(value_text(value)) if codes else None
        return self._text(code.names) if code else ""

    # -- texts --------------------------------------------------------------------------

    def _shown(self, identity: str, label: str) -> list[str]:
        """The cell or cells of something that has a name."""
        if self.labels == "name":
            return [identity, label]
        return [f"{identity}: {label}" if self.labels == "both" else identity]

    def _text(self, texts: Mapping[str, str]) -> str:
        return self.languages.pick(texts) or ""

    def _name_of(self, reference: str) -> str:
        """The name of an artefact or item; its id where it is not held."""
        if self.labels == "id" or "*" in reference or not reference:
            return _identity(reference)
        urn = parse_urn(reference)
        held = self.artefacts.resolve(urn)
        if held is None:
            return _identity(reference)
        if urn.item is None:
            return self._text(names_of(held.document))
        items = dict(walk_items(held))
        return self._text(names_of(items[urn.item])) if urn.item in items else urn.item


def _defined(
    attributes: Iterable[ResolvedAttribute], prefix: tuple[_Step, ...]
) -> Iterator[_Column]:
    for attribute in attributes:
        steps = (*prefix, _Step(attribute.id, attribute.max_occurs != 1))
        if not attribute.is_presentational:
            yield _Column(steps, attribute.component)
        yield from _defined(attribute.children, steps)


def _reported(
    attributes: Sequence[Document], prefix: tuple[_Step, ...]
) -> Iterator[tuple[_Path, _Column]]:
    ids = [one["id"] for one in attributes]
    for one in attributes:
        steps = (*prefix, _Step(one["id"], ids.count(one["id"]) > 1))
        if one.get("value") is not None:
            yield tuple(step.id for step in steps), _Column(steps, None)
        yield from _reported(one.get("attributes", []), steps)


def _cell(reported: Sequence[Document], steps: Sequence[_Step], show: _Show) -> str:
    """The cell of an attribute, a part of it for each time that a part of its path stands."""
    step, below = steps[0], steps[1:]
    parts = [
        _cell(one.get("attributes", []), below, show) if below else show(one.get("value"))
        for one in reported
        if one["id"] == step.id
    ]
    if not any(parts):
        return ""
    return _joined(parts) if step.many else parts[0]


def _joined(parts: Iterable[str]) -> str:
    return SUB_SEPARATOR.join(map(quote_part, parts))


def _identity(urn: str) -> str:
    """`AGENCY:ID(VERSION)`, with the path of an item."""
    return urn.rpartition("=")[2]


def _without_default(identity: str) -> str:
    """A set without a version has the default one, and the guide writes it without."""
    return identity.removesuffix(f"({DEFAULT_VERSION})")


def _type_of(urn: str) -> str:
    """The artefact type of a target, for an item that of its scheme."""
    name = urn.partition("=")[0].rpartition(".")[2]
    kind = CLASS_BY_NAME.get(CONTAINER_CLASSES.get(name, name))
    return kind.artefact_type if kind else name.lower()
