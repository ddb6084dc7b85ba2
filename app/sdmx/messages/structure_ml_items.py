"""Item schemes, value lists and hierarchies in SDMX-ML 3.x."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from app.sdmx.artefacts import Document
from app.sdmx.messages.structure_kinds import (
    EMAIL,
    ID,
    INSTANT,
    NC_ID,
    PATH,
    POSITIVE,
    SIMPLE_CODE_TYPE,
    WHOLE_ADDRESS,
    WILDCARD,
    one_of,
    urn_to,
)
from app.sdmx.messages.structure_ml_base import (
    ANNOTATIONS,
    IDENTIFIABLE,
    ITEM_SCHEME,
    MAINTAINABLE,
    NAMEABLE,
    NAMES,
    NAMES_IF_ANY,
    PARENT,
    REPRESENTATION,
    identifiable,
    text_format,
)
from app.sdmx.messages.structure_ml_parts import (
    Child,
    Children,
    Text,
    TextList,
    Texts,
    check_of_value,
    read_text_or_object,
    reference,
    write_value,
)
from app.sdmx.messages.structure_ml_table import (
    Attribute,
    Collection,
    Content,
    Element,
    Member,
    Part,
    Reader,
    Shape,
    Vocabulary,
    check_of,
    check_of_list,
    not_both,
    some_of,
)
from app.sdmx.messages.structure_ml_text import BOOLEAN, CASCADE, INTEGER, TEXT

_MEMBER: Final = Shape(
    Attribute("cascadeValues", kind=CASCADE, missing="false"), Content("value", ID)
)
_CODE: Final = (*NAMEABLE, PARENT)


@dataclass(frozen=True, slots=True)
class _Members(Part):
    """Codes and wildcards, which JSON lists apart; a `%` tells a wildcard."""

    def members(self) -> Mapping[str, Member]:
        return {
            "memberValues": Member(check_of_list(check_of_value(_MEMBER, ID))),
            "wildcardedMemberValues": Member(check_of_list(check_of(WILDCARD), may_repeat=False)),
        }

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


_SELECTION: Final = Shape(_Members(), rules=(some_of("memberValues", "wildcardedMemberValues"),))
_EXTENSIONS: Final = Children(
    "codelistExtensions",
    "str:CodelistExtension",
    Shape(
        Attribute("prefix"),
        reference("codelist", "str:Codelist", "Codelist", required=True),
        Child("inclusiveCodeSelection", "str:InclusiveCodeSelection", _SELECTION),
        Child("exclusiveCodeSelection", "str:ExclusiveCodeSelection", _SELECTION),
        rules=(not_both("inclusiveCodeSelection", "exclusiveCodeSelection"),),
    ),
)

CODELIST: Final = Shape(*ITEM_SCHEME, Children("codes", "str:Code", Shape(*_CODE)), _EXTENSIONS)
"""A code list."""

GEOGRAPHIC_CODELIST: Final = Shape(
    *ITEM_SCHEME,
    Attribute("geoType", kind=one_of("GeographicCodelist"), missing="GeographicCodelist"),
    Children(
        "geoFeatureSetCodes",
        "str:GeoFeatureSetCode",
        Shape(*_CODE, Attribute("value", required=True)),
    ),
    _EXTENSIONS,
)
"""A geographic code list."""

GEO_GRID_CODELIST: Final = Shape(
    *ITEM_SCHEME,
    Attribute("geoType", kind=one_of("GeoGridCodelist"), missing="GeoGridCodelist"),
    Children(
        "geoGridCodes",
        "str:GeoGridCode",
        Shape(*_CODE, Text("geoCell", "str:GeoCell", required=True)),
    ),
    _EXTENSIONS,
    Text("gridDefinition", "str:GridDefinition", missing=""),
)
"""A code list of the cells of a grid."""

VALUE_LIST: Final = Shape(
    *MAINTAINABLE,
    Children(
        "valueItems",
        "str:ValueItem",
        Shape(Attribute("id", required=True), ANNOTATIONS, *NAMES_IF_ANY),
    ),
)
"""A value list."""

ISO_CONCEPT: Final = Child(
    "isoConceptReference",
    "str:ISOConceptReference",
    Shape(
        Text("conceptAgency", "str:ConceptAgency", required=True),
        Text("conceptSchemeID", "str:ConceptSchemeID", required=True),
        Text("conceptID", "str:ConceptID", required=True),
    ),
)
"""The concept of ISO 11179 that a concept stands for."""

CONCEPT_SCHEME: Final = Shape(
    *ITEM_SCHEME,
    Children(
        "concepts",
        "str:Concept",
        Shape(
            *identifiable(NC_ID),
            *NAMES,
            Text("parent", "str:Parent", NC_ID),
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
    TextList(
        "structuralMetadata",
        "str:StructuralMetadata",
        urn_to("DataStructure", "MetadataStructure"),
    ),
    TextList(
        "provisioningMetadata", "str:ProvisioningMetadata", urn_to("Dataflow", "Metadataflow")
    ),
    rules=(not_both("structuralMetadata", "provisioningMetadata"),),
)
REPORTING_TAXONOMY: Final = Shape(
    *ITEM_SCHEME, Children("reportingCategories", "str:ReportingCategory", _REPORTING_CATEGORY)
)
"""A reporting taxonomy."""

CONTACT: Final = Shape(
    Attribute("id", kind=ID),
    Texts("name", "names", "com:Name"),
    Texts("department", "departments", "str:Department"),
    Texts("role", "roles", "str:Role"),
    TextList("telephones", "str:Telephone", TEXT),
    TextList("faxes", "str:Fax", TEXT),
    TextList("x400s", "str:X400", TEXT),
    TextList("uris", "str:URI", WHOLE_ADDRESS),
    TextList("emails", "str:Email", EMAIL),
)
"""Whom to ask in an organisation."""


def _organisations(key: str, name: str, *, nested: bool = False) -> Collection:
    organisation = Shape(
        *identifiable(NC_ID if name == "Agency" else ID),
        *NAMES,
        *((PARENT,) if nested else ()),
        Children("contacts", "str:Contact", CONTACT),
    )
    return Collection(
        f"{name[0].lower()}{name[1:]}Schemes",
        f"str:{name}Schemes",
        f"str:{name}Scheme",
        Shape(*ITEM_SCHEME, Children(key, f"str:{name}", organisation)),
    )


_CODING: Final = text_format(
    without=(
        *("timeInterval", "startTime", "endTime", "decimals", "isMultiLingual"),
        "sentinelValues",
    ),
    required=("dataType",),
    kinds={
        "dataType": SIMPLE_CODE_TYPE,
        "interval": INTEGER,
        **dict.fromkeys(("startValue", "endValue", "minValue", "maxValue"), POSITIVE),
    },
)
_LEVEL: Final[Shape] = Shape(
    *NAMEABLE,
    Child("codingFormat", "str:CodingFormat", _CODING),
    Child("level", "str:Level", lambda: _LEVEL),
)
_HIERARCHICAL_CODE: Final[Shape] = Shape(
    *IDENTIFIABLE,
    Attribute("validFrom", kind=INSTANT),
    Attribute("validTo", kind=INSTANT),
    reference("code", "str:Code", "Code", required=True),
    Children("hierarchicalCodes", "str:HierarchicalCode", lambda: _HIERARCHICAL_CODE),
    Text("level", "str:Level", PATH),
)
HIERARCHY: Final = Shape(
    *MAINTAINABLE,
    Attribute("hasFormalLevels", kind=BOOLEAN, missing="false"),
    Child("level", "str:Level", _LEVEL),
    Children("hierarchicalCodes", "str:HierarchicalCode", _HIERARCHICAL_CODE, required=True),
)
"""A hierarchy."""

HIERARCHY_ASSOCIATION: Final = Shape(
    *MAINTAINABLE,
    reference("linkedHierarchy", "str:LinkedHierarchy", "Hierarchy", required=True),
    reference("linkedObject", "str:LinkedObject", required=True),
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
