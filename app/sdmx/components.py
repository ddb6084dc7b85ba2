"""Components of structures, resolved: their concepts, representations and codes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Literal, Protocol, TypeAlias

import msgspec

from app.sdmx.artefact_set import ArtefactSet
from app.sdmx.item_schemes import items_of
from app.sdmx.structures import Concept, ConceptScheme, Representation, TextFormat, decode
from app.sdmx.urn import parse_urn
from app.sdmx.values import Check, representation, value_check

Level: TypeAlias = Literal["dimension", "time", "measure", "observation", "series", "partial"]
"""Where a component stands. `partial`: an attribute of some dimensions, or of none (dataset)."""

Names: TypeAlias = Mapping[str, str]
"""Text by language."""


@dataclass(frozen=True, slots=True)
class Code:
    """A code of a code list, with its place in the list."""

    id: str
    names: Names
    order: int
    parent: str | None


@dataclass(frozen=True, eq=False)
class Component:
    """A dimension, measure or attribute of a data structure.

    Attributes:
        level: where its values are attached.
        positions: for attributes of dimensions, the positions of these dimensions.
        codelist: URN of its code list; `codes` are then its codes by id.
        data_type: SDMX data type of a component that is not coded.
        relationship: the attribute relationship as in SDMX-JSON, groups resolved.
        repeats: of a metadata attribute, whether each part of its path may stand several times;
            empty for what is no metadata attribute.
        plain_id: its id in formats whose ids have no dots, empty where it is the same.
        group: of an attribute of a group of dimensions, the id of the group.
    """

    id: str
    names: Names
    level: Level
    positions: tuple[int, ...]
    codelist: str | None
    codes: Mapping[str, Code] | None
    data_type: str
    facets: Mapping[str, Any]
    mandatory: bool
    multilingual: bool
    max_occurs: int | None
    roles: tuple[str, ...]
    relationship: Mapping[str, Any]
    repeats: tuple[bool, ...] = ()
    plain_id: str = ""
    group: str = ""

    @property
    def is_metadata(self) -> bool:
        """Whether it is an attribute of the metadata structure; its id is then a path."""
        return bool(self.repeats)

    @property
    def undotted_id(self) -> str:
        """Its id in formats whose ids have no dots (all but SDMX-CSV)."""
        return self.plain_id or self.id

    @property
    def column(self) -> str:
        """Its id as SDMX-CSV 2.x heads a column: `[]` where it may stand several times."""
        repeats = self.repeats or (self.is_multi_valued,)
        parts = self.id.split(".") if self.repeats else (self.id,)
        return ".".join(p + ("[]" if many else "") for p, many in zip(parts, repeats, strict=True))

    @cached_property
    def check(self) -> Check:
        """The check of a value that is not coded."""
        return value_check(self.data_type, self.facets)

    @property
    def representation(self) -> str:
        """What a value that is not coded must be, in short."""
        return representation(self.data_type, self.facets)

    @property
    def is_multi_valued(self) -> bool:
        """Whether it takes more than one value."""
        return self.max_occurs is None or self.max_occurs > 1

    @cached_property
    def code_set(self) -> frozenset[str]:
        """Ids of its codes; empty for a component that is not coded."""
        return frozenset(self.codes or ())


def names_of(document: Mapping[str, Any]) -> Names:
    """Names of an artefact or item by language."""
    names: Names = document.get("names") or {"en": document.get("name", document.get("id", ""))}
    return names


class ComponentItem(Protocol):
    """A component as a structure writes it."""

    @property
    def id(self) -> str:
        """Its id."""

    @property
    def concept_identity(self) -> str:
        """URN of its concept."""

    @property
    def concept_roles(self) -> tuple[str, ...]:
        """URNs of the concepts of its roles."""

    @property
    def local_representation(self) -> Representation | None:
        """Its own representation; without one, that of the concept holds."""


class ComponentBuilder:
    """Builds components, resolving each concept scheme and code list once."""

    def __init__(self, artefacts: ArtefactSet) -> None:
        self.artefacts = artefacts
        self.code_cache: dict[str, Mapping[str, Code]] = {}
        self.concept_cache: dict[str, Mapping[str, Concept]] = {}

    def component(
        self,
        item: ComponentItem,
        level: Level,
        positions: tuple[int, ...] = (),
        relationship: Mapping[str, Any] | None = None,
    ) -> Component:
        """Resolve a component."""
        concept = self.concept(item.concept_identity)
        representation = item.local_representation
        if representation is None and concept is not None:
            representation = concept.core_representation
        representation = representation or Representation()
        text = representation.format or representation.enumeration_format or TextFormat()
        codelist = representation.enumeration
        if level == "time" and text.data_type == "String":
            text = TextFormat(data_type="ObservationalTimePeriod")
        maximum = representation.max_occurs
        return Component(
            id=item.id,
            names=(concept.names or {"en": concept.name}) if concept else {"en": item.id},
            level=level,
            positions=positions,
            codelist=codelist,
            codes=self.codes(codelist) if codelist else None,
            data_type=text.data_type,
            facets=msgspec.to_builtins(text),
            mandatory=getattr(item, "usage", "optional") == "mandatory",
            multilingual=text.is_multi_lingual,
            max_occurs=None if maximum == "unbounded" else maximum,
            roles=tuple(role.rpartition(".")[2] for role in item.concept_roles),
            relationship=relationship or {},
        )

    def concept(self, reference: str) -> Concept | None:
        """The concept of a reference, or None if the set does not hold it."""
        urn = parse_urn(reference)
        scheme = str(urn.maintainable)
        if scheme not in self.concept_cache:
            artefact = self.artefacts.resolve(urn)
            listed = decode(artefact, ConceptScheme).concepts if artefact else ()
            self.concept_cache[scheme] = {concept.id: concept for concept in listed}
        return self.concept_cache[scheme].get((urn.item or "").rpartition(".")[2])

    def codes(self, urn: str) -> Mapping[str, Code]:
        """The codes of a code list of any kind or a value list, with those that it takes over."""
        if urn not in self.code_cache:
            artefact = self.artefacts.resolved_codelist(urn)
            listed = items_of(artefact) if artefact else ()
            self.code_cache[urn] = {
                item["id"]: Code(item["id"], names_of(item), place, item.get("parent"))
                for place, item in enumerate(listed)
            }
        return self.code_cache[urn]
