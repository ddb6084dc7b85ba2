"""Item schemes, value lists and hierarchies in SDMX-ML 3.x."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from app.sdmx.artefacts import Document
from app.sdmx.messages.structure_ml_base import (
    ANNOTATIONS,
    IDENTIFIABLE,
    ITEM_SCHEME,
    MAINTAINABLE,
    NAMEABLE,
    NAMES,
    PARENT,
    REPRESENTATION,
    TEXT_FORMAT,
)
from app.sdmx.messages.structure_ml_parts import (
    Child,
    Children,
    Text,
    TextList,
    Texts,
    read_text_or_object,
    reference,
    write_value,
)
from app.sdmx.messages.structure_ml_table import (
    Attribute,
    Collection,
    Content,
    Element,
    Part,
    Reader,
    Shape,
    Vocabulary,
)
from app.sdmx.messages.structure_ml_text import BOOLEAN, CASCADE, TEXT, TOKEN

_MEMBER: Final = Shape(
    Attribute("cascadeValues", kind=CASCADE, missing="false"), Content("value", TOKEN)
)
_CODE: Final = (*NAMEABLE, PARENT)


@dataclass(frozen=True, slots=True)
class _Members(Part):
    """Codes and wildcards, which JSON lists apart; a `%` tells a wildcard."""

    def write(self, document: Mapping[str, Any], out: list[str]) -> None:
        for member in document.get("memberValues", ()):
            write_value(_MEMBER, "str:MemberValue", member, out)
        for wildcard in document.get("wildcardedMemberValues", ()):
            write_value(_MEMBER, "str:MemberValue", wildcard, out)

    def readers(self, vocabulary: Vocabulary) -> Mapping[str, Reader]:
        return {vocabulary.tag("str:MemberValue"): self._read}

    def _read(self, element: Element, document: Document, vocabulary: Vocabulary) -> None:
        member = read_text_or_object(_MEMBER, element, vocabulary)
        value = member if isinstance(member, str) else member["value"]
        wildcard = "%" in value
        key = "wildcardedMemberValues" if wildcard else "memberValues"
        document.setdefault(key, []).append(value if wildcard else member)


_SELECTION: Final = Shape(_Members())
_EXTENSIONS: Final = Children(
    "codelistExtensions",
    "str:CodelistExtension",
    Shape(
        Attribute("prefix"),
        reference("codelist", "str:Codelist"),
        Child("inclusiveCodeSelection", "str:InclusiveCodeSelection", _SELECTION),
        Child("exclusiveCodeSelection", "str:ExclusiveCodeSelection", _SELECTION),
    ),
)

CODELIST: Final = Shape(*ITEM_SCHEME, Children("codes", "str:Code", Shape(*_CODE)), _EXTENSIONS)
"""A code list."""

GEOGRAPHIC_CODELIST: Final = Shape(
    *ITEM_SCHEME,
    Attribute("geoType", missing="GeographicCodelist"),
    Children("geoFeatureSetCodes", "str:GeoFeatureSetCode", Shape(*_CODE, Attribute("value"))),
    _EXTENSIONS,
)
"""A geographic code list."""

GEO_GRID_CODELIST: Final = Shape(
    *ITEM_SCHEME,
    Attribute("geoType", missing="GeoGridCodelist"),
    Children("geoGridCodes", "str:GeoGridCode", Shape(*_CODE, Text("geoCell", "str:GeoCell"))),
    _EXTENSIONS,
    Text("gridDefinition", "str:GridDefinition", missing=""),
)
"""A code list of the cells of a grid."""

VALUE_LIST: Final = Shape(
    *MAINTAINABLE,
    Children("valueItems", "str:ValueItem", Shape(Attribute("id"), ANNOTATIONS, *NAMES)),
)
"""A value list."""

ISO_CONCEPT: Final = Child(
    "isoConceptReference",
    "str:ISOConceptReference",
    Shape(
        Text("conceptAgency", "str:ConceptAgency"),
        Text("conceptSchemeID", "str:ConceptSchemeID"),
        Text("conceptID", "str:ConceptID"),
    ),
)
"""The concept of ISO 11179 that a concept stands for."""

CONCEPT_SCHEME: Final = Shape(
    *ITEM_SCHEME,
    Children(
        "concepts",
        "str:Concept",
        Shape(
            *NAMEABLE,
            PARENT,
            Child("coreRepresentation", "str:CoreRepresentation", REPRESENTATION),
            ISO_CONCEPT,
        ),
    ),
)
"""A concept scheme."""

_CATEGORY: Final[Shape] = Shape(
    *NAMEABLE, Children("categories", "str:Category", lambda: _CATEGORY)
)
CATEGORY_SCHEME: Final = Shape(*ITEM_SCHEME, Children("categories", "str:Category", _CATEGORY))
"""A category scheme."""

_REPORTING_CATEGORY: Final[Shape] = Shape(
    *NAMEABLE,
    Children("reportingCategories", "str:ReportingCategory", lambda: _REPORTING_CATEGORY),
    TextList("structuralMetadata", "str:StructuralMetadata"),
    TextList("provisioningMetadata", "str:ProvisioningMetadata"),
)
REPORTING_TAXONOMY: Final = Shape(
    *ITEM_SCHEME, Children("reportingCategories", "str:ReportingCategory", _REPORTING_CATEGORY)
)
"""A reporting taxonomy."""

CONTACT: Final = Shape(
    Attribute("id"),
    Texts("name", "names", "com:Name"),
    Texts("department", "departments", "str:Department"),
    Texts("role", "roles", "str:Role"),
    TextList("telephones", "str:Telephone", TEXT),
    TextList("faxes", "str:Fax", TEXT),
    TextList("x400s", "str:X400", TEXT),
    TextList("uris", "str:URI"),
    TextList("emails", "str:Email", TEXT),
)
"""Whom to ask in an organisation."""


def _organisations(key: str, name: str, *, nested: bool = False) -> Collection:
    organisation = Shape(
        *NAMEABLE,
        *((PARENT,) if nested else ()),
        Children("contacts", "str:Contact", CONTACT),
    )
    return Collection(
        f"{name[0].lower()}{name[1:]}Schemes",
        f"str:{name}Schemes",
        f"str:{name}Scheme",
        Shape(*ITEM_SCHEME, Children(key, f"str:{name}", organisation)),
    )


_LEVEL: Final[Shape] = Shape(
    *NAMEABLE,
    Child("codingFormat", "str:CodingFormat", TEXT_FORMAT),
    Child("level", "str:Level", lambda: _LEVEL),
)
_HIERARCHICAL_CODE: Final[Shape] = Shape(
    *IDENTIFIABLE,
    Attribute("validFrom"),
    Attribute("validTo"),
    reference("code", "str:Code"),
    Children("hierarchicalCodes", "str:HierarchicalCode", lambda: _HIERARCHICAL_CODE),
    reference("level", "str:Level"),
)
HIERARCHY: Final = Shape(
    *MAINTAINABLE,
    Attribute("hasFormalLevels", kind=BOOLEAN, missing="false"),
    Child("level", "str:Level", _LEVEL),
    Children("hierarchicalCodes", "str:HierarchicalCode", _HIERARCHICAL_CODE),
)
"""A hierarchy."""

HIERARCHY_ASSOCIATION: Final = Shape(
    *MAINTAINABLE,
    reference("linkedHierarchy", "str:LinkedHierarchy"),
    reference("linkedObject", "str:LinkedObject"),
    reference("contextObject", "str:ContextObject"),
)
"""What a hierarchy is used for."""

ITEMS: Final = (
    _organisations("agencies", "Agency"),
    _organisations("dataProviders", "DataProvider"),
    _organisations("dataConsumers", "DataConsumer"),
    _organisations("metadataProviders", "MetadataProvider"),
    _organisations("organisationUnits", "OrganisationUnit", nested=True),
    Collection("codelists", "str:Codelists", "str:Codelist", CODELIST),
    Collection(
        "geographicCodelists",
        "str:GeographicCodelists",
        "str:GeographicCodelist",
        GEOGRAPHIC_CODELIST,
    ),
    Collection(
        "geoGridCodelists", "str:GeoGridCodelists", "str:GeoGridCodelist", GEO_GRID_CODELIST
    ),
    Collection("valueLists", "str:ValueLists", "str:ValueList", VALUE_LIST),
    Collection("conceptSchemes", "str:ConceptSchemes", "str:ConceptScheme", CONCEPT_SCHEME),
    Collection("categorySchemes", "str:CategorySchemes", "str:CategoryScheme", CATEGORY_SCHEME),
    Collection(
        "reportingTaxonomies",
        "str:ReportingTaxonomies",
        "str:ReportingTaxonomy",
        REPORTING_TAXONOMY,
    ),
    Collection("hierarchies", "str:Hierarchies", "str:Hierarchy", HIERARCHY),
    Collection(
        "hierarchyAssociations",
        "str:HierarchyAssociations",
        "str:HierarchyAssociation",
        HIERARCHY_ASSOCIATION,
    ),
)
"""The collections of this room."""
