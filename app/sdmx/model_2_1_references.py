"""References as SDMX 2.1 writes them: its classes, and concrete versions only.

SDMX 3.x renamed classes, split some and joined others, and lets a reference say `+` for the
latest version. In 2.1 each reference names one artefact of a class that 2.1 has.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from types import MappingProxyType
from typing import Final

from app.errors import InvalidArtefactError
from app.sdmx.artefact_set import ArtefactSet
from app.sdmx.artefacts import Artefact, Document
from app.sdmx.item_schemes import items_of
from app.sdmx.urn import CLASS_PACKAGES, CONTAINER_CLASSES, PREFIX, RESOURCE_ID, Urn, parse_urn

OBS_VALUE: Final = "OBS_VALUE"
"""The id of every primary measure."""

NAMED: Final = ("id", "name", "names", "description", "descriptions", "annotations", "links")
"""What identifiable and nameable objects have in both models."""

_MAPS: Final = (
    "StructureMap",
    "RepresentationMap",
    "ConceptSchemeMap",
    "CategorySchemeMap",
    "OrganisationSchemeMap",
    "ReportingTaxonomyMap",
)

_CLASSES_TO_2_1: Final[Mapping[str, str]] = MappingProxyType(
    {
        "ValueList": "Codelist",
        "Hierarchy": "HierarchicalCodelist",
        "DataConstraint": "ContentConstraint",
        "MetadataConstraint": "ContentConstraint",
        "MetadataProvider": "DataProvider",
        "MetadataProviderScheme": "DataProviderScheme",
        "MetadataProvisionAgreement": "ProvisionAgreement",
        **dict.fromkeys(_MAPS, "StructureSet"),
    }
)

_NOT_IN_2_1: Final = frozenset(
    {
        "AvailabilityConstraint",
        "DatePatternMap",
        "EpochMap",
        "FrequencyFormatMapping",
        "HierarchicalCode",
        "HierarchyAssociation",
        "Level",
        "MetadataAttribute",
        "MetadataAttributeDescriptor",
    }
)

_CLASSES_FROM_2_1: Final[Mapping[str, str]] = MappingProxyType(
    {
        "ContentConstraint": "DataConstraint",
        "HierarchicalCodelist": "Hierarchy",
        "MeasureDimension": "Dimension",
        "PrimaryMeasure": "Measure",
        "ReportingYearStartDay": "DataAttribute",
    }
)

_PACKAGES_2_1: Final[Mapping[str, str]] = MappingProxyType(
    {
        **CLASS_PACKAGES,
        **dict.fromkeys(("CodelistMap", *_MAPS), "mapping"),
        "MetadataTarget": "metadatastructure",
        "ReportStructure": "metadatastructure",
    }
)

_REFUSED: Final = ("AttachmentConstraint", "StructureSet")

ITEM_CLASSES: Final[Mapping[str, str]] = MappingProxyType(
    {
        CONTAINER_CLASSES[item]: item
        for item in (
            "Agency",
            "Category",
            "Code",
            "Concept",
            "DataConsumer",
            "DataProvider",
            "MetadataProvider",
            "OrganisationUnit",
            "ReportingCategory",
        )
    }
)
"""The class of the items of each item scheme."""


class References:
    """References of 3.1, told in 2.1 with what they lead to.

    Args:
        artefacts: where references are resolved: what stands in the message, and the registry.
    """

    def __init__(self, artefacts: ArtefactSet) -> None:
        self._artefacts = artefacts

    def find(self, urn: str) -> Artefact | None:
        """The artefact that a reference, to it or to an item of it, leads to."""
        return self._artefacts.resolve(urn)

    def translate(self, urn: str) -> str | None:
        """Write a reference as 2.1 has it; None if 2.1 has no such object.

        Raises:
            InvalidArtefactError: it is not a URN.
        """
        parts = parse_urn(urn)
        if parts.class_name in _NOT_IN_2_1:
            return None
        if parts.class_name == "ValueList" and not self._is_codelist_in_2_1(urn):
            return None
        if parts.class_name == "Measure":
            parts = self._measure(parts)
        name = _CLASSES_TO_2_1.get(parts.class_name, parts.class_name)
        identifier = "DATA_PROVIDERS" if parts.id == "METADATA_PROVIDERS" else parts.id
        return urn_2_1(name, parts.agency, identifier, self._version(parts), parts.item)

    def translate_all(self, urns: Iterable[str]) -> list[str]:
        """Write those references that 2.1 has."""
        found = map(self.translate, urns)
        return [urn for urn in found if urn is not None]

    def part_of(self, urn: str, class_name: str, path: str) -> str | None:
        """The reference to a part, by its class in 2.1, of what a reference means."""
        whole = self.translate(urn)
        if whole is None:
            return None
        parts = parse_urn(whole).maintainable
        return urn_2_1(class_name, parts.agency, parts.id, parts.version, path)

    def _version(self, urn: Urn) -> str:
        """The version itself; of a `+` form that which it resolves to, or else its least."""
        if "+" not in urn.version and "*" not in urn.version:
            return urn.version
        target = self._artefacts.resolve(urn)
        if target is not None:
            return target.version.text
        return "1.0" if "*" in urn.version else urn.version.replace("+", "")

    def _is_codelist_in_2_1(self, urn: str) -> bool:
        target = self.find(urn)
        return target is not None and is_codelist_in_2_1(target, self._artefacts)

    def is_codelist(self, artefact: Artefact) -> bool:
        """Whether a value list can be a codelist of 2.1."""
        return is_codelist_in_2_1(artefact, self._artefacts)

    def _measure(self, urn: Urn) -> Urn:
        """A measure is the primary one, or else an attribute."""
        structure = self._artefacts.resolve(urn)
        primary = primary_measure(measures_of(structure.document)) if structure else None
        if primary is None or id_of_component(primary) == urn.item:
            return replace(urn, class_name="PrimaryMeasure", item=OBS_VALUE)
        return replace(urn, class_name="DataAttribute")


def is_codelist_in_2_1(artefact: Artefact, artefacts: ArtefactSet) -> bool:
    """Whether a value list can be a codelist of 2.1: all ids are ids, and no other has its name."""
    twin = urn_2_1("Codelist", artefact.agency, artefact.id, artefact.version.text)
    if artefacts.get(twin) is not None:
        return False
    return all(RESOURCE_ID.fullmatch(str(item.get("id", ""))) for item in items_of(artefact))


def urn_2_1(
    class_name: str, agency: str, resource_id: str, version: str, path: str | None = None
) -> str:
    """Write the URN of an object of 2.1, or of a part of one."""
    package = _PACKAGES_2_1[class_name]
    item = "" if path is None else f".{path}"
    return f"{PREFIX}{package}.{class_name}={agency}:{resource_id}({version}){item}"


def from_2_1(urn: str) -> str:
    """Write a reference of 2.1 as 3.1 has it.

    Raises:
        InvalidArtefactError: it is not a URN, or of a class that 3.1 does not have.
    """
    parts = parse_urn(urn)
    if parts.class_name in _REFUSED:
        name = parts.class_name
        raise InvalidArtefactError(
            f"{urn}: SDMX 3.1 has no {name} that could be referred to.",
            f"{urn}: en SDMX 3.1 no hay {name} a que referirse.",
        )
    name = _CLASSES_FROM_2_1.get(parts.class_name, parts.class_name)
    return str(replace(parts, class_name=name, package=CLASS_PACKAGES[name]))


def any_of_class(class_name: str) -> str:
    """The reference of 3.1 to any object of a class of 2.1, or to any object at all."""
    name = _CLASSES_FROM_2_1.get(class_name, class_name)
    if name not in CLASS_PACKAGES or name in _REFUSED:
        return f"{PREFIX}base.Any=*:*(*)"
    item = ".*" if name in CONTAINER_CLASSES else ""
    return f"{PREFIX}{CLASS_PACKAGES[name]}.{name}=*:*(*){item}"


def measures_of(structure: Document) -> list[Document]:
    """The measures of a data structure of 3.1."""
    components = structure.get("dataStructureComponents", {})
    found: list[Document] = components.get("measureList", {}).get("measures", [])
    return found


def primary_measure(measures: Iterable[Document]) -> Document | None:
    """The measure that 2.1 knows as the primary one: OBS_VALUE, or else the first."""
    listed = list(measures)
    named = [one for one in listed if id_of_component(one) == OBS_VALUE]
    return next(iter((*named, *listed)), None)


def id_of_component(component: Document) -> str:
    """The id of a component, which may be that of its concept."""
    own = component.get("id")
    return str(own) if own else parse_urn(component["conceptIdentity"]).item or ""


def take(document: Document, keys: Iterable[str]) -> Document:
    """The properties named, where they are."""
    return {key: document[key] for key in keys if key in document}
