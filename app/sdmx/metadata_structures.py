"""Metadata structures, resolved: the tree of attributes that may be reported, with their codes.

A metadata structure says what can be said; a metadataflow, or an agreement of a provider with it,
says about which artefacts (SDMX 3.1, section 2, metadata structure definition).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Final, Literal

import msgspec

from app.errors import InvalidArtefactError
from app.sdmx.artefact_set import ArtefactSet
from app.sdmx.artefacts import Artefact
from app.sdmx.components import Component, ComponentBuilder, Names
from app.sdmx.item_schemes import item_paths
from app.sdmx.structures import (
    DataStructure,
    MetadataAttributeUsage,
    StructurePart,
    WrittenComponent,
    decode,
)


class MetadataAttribute(WrittenComponent, frozen=True, kw_only=True):
    """A metadata attribute with those below it; presentational ones have no value."""

    is_presentational: bool = False
    min_occurs: int = 1
    max_occurs: int | Literal["unbounded"] = 1
    metadata_attributes: tuple[MetadataAttribute, ...] = ()


class MetadataAttributeList(StructurePart, frozen=True, kw_only=True):
    """The attributes of the top level."""

    metadata_attributes: tuple[MetadataAttribute, ...] = ()


class MetadataStructureComponents(StructurePart, frozen=True, kw_only=True):
    """The one list of components."""

    metadata_attribute_list: MetadataAttributeList = MetadataAttributeList()


class MetadataStructure(StructurePart, frozen=True, kw_only=True):
    """A metadata structure definition."""

    metadata_structure_components: MetadataStructureComponents = MetadataStructureComponents()


class Metadataflow(StructurePart, frozen=True, kw_only=True):
    """A metadataflow; `targets` may have wildcards."""

    structure: str
    targets: tuple[str, ...] = ()


class MetadataProvisionAgreement(StructurePart, frozen=True, kw_only=True):
    """A metadata provider's agreement to report to a metadataflow."""

    metadataflow: str
    metadata_provider: str
    targets: tuple[str, ...] = ()


class ReportedAttribute(StructurePart, frozen=True, kw_only=True):
    """A reported attribute with those below it."""

    id: str
    value: int | float | bool | str | dict[str, str] | None = None
    attributes: tuple[ReportedAttribute, ...] = ()


class MetadataSet(StructurePart, frozen=True, kw_only=True):
    """A metadata set."""

    metadataflow: str | None = None
    metadata_provision_agreement: str | None = None
    targets: tuple[str, ...] = ()
    attributes: tuple[ReportedAttribute, ...] = ()


METADATA_CLASSES: Final[Mapping[str, type[msgspec.Struct]]] = {
    kind.__name__: kind
    for kind in (MetadataStructure, Metadataflow, MetadataProvisionAgreement, MetadataSet)
}
"""The classes that are decoded here, by their names in the information model."""


@dataclass(frozen=True, eq=False)
class ResolvedAttribute:
    """A metadata attribute with its concept and codes.

    Attributes:
        path: ids from the top, by dots.
        component: its representation; of a presentational one only the names say something.
        max_occurs: how often it may stand under its parent; None for as often as one likes.
    """

    path: str
    component: Component
    is_presentational: bool
    min_occurs: int
    max_occurs: int | None
    children: tuple[ResolvedAttribute, ...]

    @property
    def id(self) -> str:
        """Its id among its siblings."""
        return self.path.rpartition(".")[2]

    @cached_property
    def by_id(self) -> Mapping[str, ResolvedAttribute]:
        """The attributes below it, by id."""
        return {child.id: child for child in self.children}


@dataclass(frozen=True, slots=True)
class UsedAttribute:
    """A metadata attribute that is reported with data.

    Attributes:
        path: ids from the top, by dots.
        repeats: whether each part of the path may stand several times.
        names: its names behind those of the attributes above it.
    """

    path: str
    repeats: tuple[bool, ...]
    names: Names
    attribute: ResolvedAttribute


def resolve_metadata_attributes(
    artefacts: ArtefactSet, structure: Artefact
) -> tuple[ResolvedAttribute, ...]:
    """Resolve the attributes of a metadata structure.

    Raises:
        InvalidArtefactError: the document does not have the shape of a metadata structure.
    """
    written = decode(structure, MetadataStructure).metadata_structure_components
    builder = ComponentBuilder(artefacts)
    return _resolve(builder, written.metadata_attribute_list.metadata_attributes, "")


def _resolve(
    builder: ComponentBuilder, attributes: Sequence[MetadataAttribute], prefix: str
) -> tuple[ResolvedAttribute, ...]:
    return tuple(
        ResolvedAttribute(
            path := f"{prefix}{attribute.id}",
            builder.component(attribute, "partial"),
            attribute.is_presentational,
            attribute.min_occurs,
            None if attribute.max_occurs == "unbounded" else attribute.max_occurs,
            _resolve(builder, attribute.metadata_attributes, f"{path}."),
        )
        for attribute in attributes
    )


def usages_of(structure: DataStructure) -> tuple[MetadataAttributeUsage, ...]:
    """The metadata attributes that may be reported with the data of a structure."""
    return structure.data_structure_components.attribute_list.metadata_attribute_usages


def usable_attributes(
    artefacts: ArtefactSet, structure: DataStructure
) -> Mapping[str, Sequence[UsedAttribute]]:
    """What a reference of a data structure to a metadata attribute means, by its path.

    That is the attribute and all below it which take a value. Nothing where the metadata structure
    is not held.
    """
    held = None if structure.metadata is None else artefacts.resolve(structure.metadata)
    if held is None or held.is_external:
        return {}
    found: dict[str, list[UsedAttribute]] = {}
    for attribute in resolve_metadata_attributes(artefacts, held):
        _collect_usable(attribute, (), (), (), found)
    return found


def _collect_usable(
    attribute: ResolvedAttribute,
    above: tuple[str, ...],
    repeats: tuple[bool, ...],
    named: tuple[Names, ...],
    found: dict[str, list[UsedAttribute]],
) -> None:
    own = (*repeats, attribute.max_occurs != 1)
    paths = (*above, attribute.path)
    named = (*named, attribute.component.names)
    found[attribute.path] = []
    if not attribute.is_presentational:
        for path in paths:
            found[path].append(UsedAttribute(attribute.path, own, _joined(named), attribute))
    for child in attribute.children:
        _collect_usable(child, paths, own, named, found)


def _joined(named: Sequence[Names]) -> Names:
    """One name of several, in the languages that all of them have."""
    languages = [one for one in named[-1] if all(one in names for names in named)]
    return {one: ": ".join(names[one] for names in named) for one in languages} or named[-1]


def check_usages(artefact: Artefact, artefacts: ArtefactSet) -> None:
    """Check that a data structure uses metadata attributes that there are.

    Raises:
        InvalidArtefactError: one is not in its metadata structure, or has the id of a component.
    """
    structure = decode(artefact, DataStructure)
    known = usable_attributes(artefacts, structure)
    components = (*structure.dimensions, *structure.measures, *structure.attributes)
    taken = {component.id for component in components}
    for place, usage in enumerate(usages_of(structure)):
        name = usage.metadata_attribute_reference
        if name in known and name not in taken:
            continue
        lists = "/dataStructureComponents/attributeList"
        path = f"{lists}/metadataAttributeUsages/{place}/metadataAttributeReference"
        en, es = f"there is no metadata attribute {name}", f"no hay un atributo de metadatos {name}"
        if name in taken:
            en, es = f"a component has the id {name} already", f"ya hay un componente {name}"
        raise InvalidArtefactError(
            f"{artefact}, {path}: {en}.", f"{artefact}, {path}: {es}.", urn=artefact.urn, path=path
        )


def flow_of(artefacts: ArtefactSet, document: Mapping[str, Any]) -> Artefact | None:
    """The metadataflow of a metadata set: named by itself, or by the agreement that it names."""
    agreement = document.get("metadataProvisionAgreement")
    if isinstance(agreement, str):
        held = artefacts.resolve(agreement)
        document = {} if held is None else held.document
    flow = document.get("metadataflow")
    return artefacts.resolve(flow) if isinstance(flow, str) else None


def provider_of(artefacts: ArtefactSet, agency_id: str) -> tuple[str, str]:
    """Agency and id of the metadata provider that maintains a set.

    Sets name it `AGENCY.PROVIDER`, or by its id alone; then it is that of a scheme which is held.
    """
    agency, _, provider = agency_id.rpartition(".")
    if not agency:
        schemes = artefacts.of_class("MetadataProviderScheme")
        listed = (scheme.agency for scheme in schemes if provider in item_paths(scheme))
        agency = next(iter(sorted(listed)), "")
    return agency, provider


def structure_of(artefacts: ArtefactSet, document: Mapping[str, Any]) -> Artefact | None:
    """The metadata structure of a metadata set, unless only a shell of it is held."""
    flow = flow_of(artefacts, document)
    reference = None if flow is None else flow.document.get("structure")
    held = artefacts.resolve(reference) if isinstance(reference, str) else None
    return None if held is None or held.is_external else held
