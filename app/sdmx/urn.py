"""URNs of SDMX 3.1 artefacts (SDMX 3.1 section 5, SDMXCommonReferences.xsd).

urn:sdmx:org.sdmx.infomodel.codelist.Code=SDMX:CL_FREQ(2.1).A
                            |        |    |    |       |    `- item (nested ids by dots)
                            package  |    |    id      version
                                     class agency (nested ids by dots)
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import lru_cache
from types import MappingProxyType
from typing import Final

from app.errors import InvalidArtefactError, QuerySyntaxError
from app.sdmx.version import VersionQuery

PREFIX: Final = "urn:sdmx:org.sdmx.infomodel."

_CLASSES: Final = {
    "base": "Agency AgencyScheme DataConsumer DataConsumerScheme DataProvider DataProviderScheme "
    "MetadataProvider MetadataProviderScheme OrganisationUnit OrganisationUnitScheme",
    "categoryscheme": "Categorisation Category CategoryScheme ReportingCategory ReportingTaxonomy",
    "codelist": "Code Codelist HierarchicalCode Hierarchy HierarchyAssociation Level ValueList",
    "conceptscheme": "Concept ConceptScheme",
    "datastructure": "AttributeDescriptor DataAttribute DataStructure Dataflow Dimension "
    "DimensionDescriptor GroupDimensionDescriptor Measure MeasureDescriptor TimeDimension",
    "metadatastructure": "MetadataAttribute MetadataAttributeDescriptor MetadataSet "
    "MetadataStructure Metadataflow",
    "process": "Process ProcessStep Transition",
    "registry": "AvailabilityConstraint DataConstraint MetadataConstraint "
    "MetadataProvisionAgreement ProvisionAgreement",
    "structuremapping": "CategorySchemeMap ConceptSchemeMap DatePatternMap EpochMap "
    "FrequencyFormatMapping OrganisationSchemeMap ReportingTaxonomyMap RepresentationMap "
    "StructureMap",
    "transformation": "CustomType CustomTypeScheme NamePersonalisation NamePersonalisationScheme "
    "Ruleset RulesetScheme Transformation TransformationScheme UserDefinedOperator "
    "UserDefinedOperatorScheme VtlCodelistMapping VtlConceptMapping VtlDataflowMapping "
    "VtlMappingScheme",
}

# Classes of SDMX 2.1 that 3.x dropped; the 1.x interface still names them.
_CLASSES_2_1: Final = {
    "codelist": "HierarchicalCodelist",
    "datastructure": "MeasureDimension PrimaryMeasure ReportingYearStartDay",
    "mapping": "StructureSet",
    "registry": "AttachmentConstraint ContentConstraint",
}


def _by_class(classes: Mapping[str, str]) -> dict[str, str]:
    return {name: package for package, names in classes.items() for name in names.split()}


CLASS_PACKAGES: Final[Mapping[str, str]] = MappingProxyType(
    _by_class(_CLASSES) | _by_class(_CLASSES_2_1)
)
"""The package of the information model that each class is in."""

CONTAINER_CLASSES: Final[Mapping[str, str]] = MappingProxyType(
    {
        "Agency": "AgencyScheme",
        "AttributeDescriptor": "DataStructure",
        "Category": "CategoryScheme",
        "Code": "Codelist",
        "Concept": "ConceptScheme",
        "CustomType": "CustomTypeScheme",
        "DataAttribute": "DataStructure",
        "DataConsumer": "DataConsumerScheme",
        "DataProvider": "DataProviderScheme",
        "DatePatternMap": "StructureMap",
        "Dimension": "DataStructure",
        "DimensionDescriptor": "DataStructure",
        "EpochMap": "StructureMap",
        "FrequencyFormatMapping": "StructureMap",
        "GroupDimensionDescriptor": "DataStructure",
        "HierarchicalCode": "Hierarchy",
        "Level": "Hierarchy",
        "Measure": "DataStructure",
        "MeasureDescriptor": "DataStructure",
        "MeasureDimension": "DataStructure",
        "MetadataAttribute": "MetadataStructure",
        "MetadataAttributeDescriptor": "MetadataStructure",
        "MetadataProvider": "MetadataProviderScheme",
        "NamePersonalisation": "NamePersonalisationScheme",
        "OrganisationUnit": "OrganisationUnitScheme",
        "PrimaryMeasure": "DataStructure",
        "ProcessStep": "Process",
        "ReportingCategory": "ReportingTaxonomy",
        "ReportingYearStartDay": "DataStructure",
        "Ruleset": "RulesetScheme",
        "TimeDimension": "DataStructure",
        "Transformation": "TransformationScheme",
        "Transition": "Process",
        "UserDefinedOperator": "UserDefinedOperatorScheme",
        "VtlCodelistMapping": "VtlMappingScheme",
        "VtlConceptMapping": "VtlMappingScheme",
        "VtlDataflowMapping": "VtlMappingScheme",
    }
)
"""The maintainable class that holds each class that is not maintainable itself."""

AGENCY_ID: Final = re.compile(r"[A-Za-z][A-Za-z0-9_-]*(?:\.[A-Za-z][A-Za-z0-9_-]*)*")
"""An agency id, nested ids by dots."""

RESOURCE_ID: Final = re.compile(r"[A-Za-z0-9_@$-]+")
"""The id of a maintainable artefact or of an item."""

ITEM_PATH: Final = re.compile(rf"{RESOURCE_ID.pattern}(?:\.{RESOURCE_ID.pattern})*")
"""The id of an item, nested ids by dots."""

COMPONENT_ID: Final = re.compile(r"[A-Za-z][A-Za-z0-9_-]*")
"""The id of a dimension, attribute or measure."""

_URN: Final = re.compile(
    r"urn:sdmx:org\.sdmx\.infomodel\.([a-z]+)\.([A-Za-z]+)="
    rf"({AGENCY_ID.pattern}):({RESOURCE_ID.pattern})\(([^()\s]+)\)(?:\.({ITEM_PATH.pattern}))?"
)


@dataclass(frozen=True, slots=True)
class Urn:
    """A URN in parts.

    Attributes:
        package: the package of the information model, as `codelist`.
        class_name: the class, as `Code`.
        agency: the maintaining agency.
        id: the id of the maintainable artefact.
        version: its version, or in a reference `+` forms (`1.2+.0`) and `*`.
        item: the path of the item in it, or None.
    """

    package: str
    class_name: str
    agency: str
    id: str
    version: str
    item: str | None = None

    @property
    def maintainable(self) -> Urn:
        """The URN of the maintainable artefact that this one is, or is part of."""
        if self.item is None:
            return self
        container = CONTAINER_CLASSES[self.class_name]
        return replace(self, package=CLASS_PACKAGES[container], class_name=container, item=None)

    def __str__(self) -> str:
        item = "" if self.item is None else f".{self.item}"
        return (
            f"{PREFIX}{self.package}.{self.class_name}="
            f"{self.agency}:{self.id}({self.version}){item}"
        )


@lru_cache(maxsize=8192)
def parse_urn(text: str) -> Urn:
    """Read a URN, or a URN reference whose version is a `+` form or `*`.

    Raises:
        InvalidArtefactError: it is not a URN, or its class, package, version or item is wrong.
    """
    match = _URN.fullmatch(text)
    if match is None:
        raise _invalid(text, "it does not have the form of one.", "no tiene su forma.")
    package, class_name, agency, resource_id, version, item = match.groups()
    expected = CLASS_PACKAGES.get(class_name)
    if expected != package:
        where = f"{expected}.{class_name}" if expected else f"no class {class_name}"
        donde = f"{expected}.{class_name}" if expected else f"no hay clase {class_name}"
        raise _invalid(text, f"SDMX has {where}.", f"en SDMX: {donde}.")
    if (item is not None) != (class_name in CONTAINER_CLASSES):
        needs = "has no item" if item is not None else "needs an item"
        pide = "no lleva ítem" if item is not None else "necesita un ítem"
        raise _invalid(text, f"{class_name} {needs}.", f"{class_name} {pide}.")
    _check_version(text, version)
    return Urn(package, class_name, agency, resource_id, version, item)


def urn_of(
    class_name: str, agency: str, resource_id: str, version: str, item: str | None = None
) -> str:
    """Write the URN of an artefact, or of an item in it.

    Raises:
        InvalidArtefactError: SDMX has no such class.
    """
    package = CLASS_PACKAGES.get(class_name)
    if package is None:
        raise InvalidArtefactError(
            f"SDMX has no class {class_name!r}.", f"SDMX no tiene la clase {class_name!r}."
        )
    return str(Urn(package, class_name, agency, resource_id, version, item))


def _check_version(text: str, version: str) -> None:
    try:
        VersionQuery.parse_reference(version)
    except QuerySyntaxError as error:
        raise _invalid(text, error.text["en"], error.text["es"]) from None


def _invalid(text: str, en: str, es: str) -> InvalidArtefactError:
    return InvalidArtefactError(
        f"{text[:200]!r} is not a URN of SDMX: {en}", f"{text[:200]!r} no es un URN de SDMX: {es}"
    )


def names_of_artefact(urn: str) -> frozenset[str]:
    """What an artefact may be called: its URN, `AGENCY:ID(VERSION)`, `AGENCY:ID`, its id."""
    short = urn.rpartition("=")[2]
    identity = short.partition("(")[0]
    return frozenset((urn, short, identity, identity.rpartition(":")[2]))
