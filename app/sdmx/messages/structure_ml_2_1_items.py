"""Item schemes, hierarchical codelists, processes and VTL in SDMX-ML 2.1."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from app.sdmx.artefacts import Document
from app.sdmx.messages.structure_ml_2_1_parts import (
    ANNOTATIONS,
    IDENTIFIABLE,
    ITEM_SCHEME,
    MAINTAINABLE,
    NAMEABLE,
    REPRESENTATION,
    TEXT_FORMAT,
    LocalRef,
    Ref,
    Refs,
    Refused,
    read_reference,
    write_reference,
)
from app.sdmx.messages.structure_ml_items import CONTACT, ISO_CONCEPT
from app.sdmx.messages.structure_ml_parts import Child, Children, Text
from app.sdmx.messages.structure_ml_process import process_collection
from app.sdmx.messages.structure_ml_table import (
    Attribute,
    Collection,
    Element,
    Lines,
    Part,
    Reader,
    Shape,
    Vocabulary,
)
from app.sdmx.messages.structure_ml_text import BOOLEAN, quote
from app.sdmx.messages.structure_ml_vtl import vtl_collections
from app.sdmx.urn import parse_urn

_PARENT: Final = LocalRef("parent", "str:Parent")


def _organisations(key: str, name: str, *, nested: bool = False) -> Collection:
    parts: Lines = ((_PARENT,) if nested else ()) + (Children("contacts", "str:Contact", CONTACT),)
    return Collection(
        f"{name[0].lower()}{name[1:]}Schemes",
        "str:OrganisationSchemes",
        f"str:{name}Scheme",
        Shape(*ITEM_SCHEME, Children(key, f"str:{name}", Shape(*NAMEABLE, *parts))),
    )


ORGANISATIONS: Final = (
    _organisations("agencies", "Agency"),
    _organisations("dataConsumers", "DataConsumer"),
    _organisations("dataProviders", "DataProvider"),
    _organisations("organisationUnits", "OrganisationUnit", nested=True),
)
"""The schemes of organisations."""

CODELISTS: Final = Collection(
    "codelists",
    "str:Codelists",
    "str:Codelist",
    Shape(*ITEM_SCHEME, Children("codes", "str:Code", Shape(*NAMEABLE, _PARENT))),
)
"""Code lists."""

CONCEPT_SCHEMES: Final = Collection(
    "conceptSchemes",
    "str:Concepts",
    "str:ConceptScheme",
    Shape(
        *ITEM_SCHEME,
        Children(
            "concepts",
            "str:Concept",
            Shape(
                *NAMEABLE,
                _PARENT,
                Child("coreRepresentation", "str:CoreRepresentation", REPRESENTATION),
                ISO_CONCEPT,
            ),
        ),
    ),
)
"""Concept schemes."""

_CATEGORY: Final[Shape] = Shape(
    *NAMEABLE, Children("categories", "str:Category", lambda: _CATEGORY)
)
CATEGORY_SCHEMES: Final = Collection(
    "categorySchemes",
    "str:CategorySchemes",
    "str:CategoryScheme",
    Shape(*ITEM_SCHEME, Children("categories", "str:Category", _CATEGORY)),
)
"""Category schemes."""

_REPORTING_CATEGORY: Final[Shape] = Shape(
    *NAMEABLE,
    Children("reportingCategories", "str:ReportingCategory", lambda: _REPORTING_CATEGORY),
    Refs("structuralMetadata", "str:StructuralMetadata"),
    Refs("provisioningMetadata", "str:ProvisioningMetadata"),
)
REPORTING_TAXONOMIES: Final = Collection(
    "reportingTaxonomies",
    "str:ReportingTaxonomies",
    "str:ReportingTaxonomy",
    Shape(
        *ITEM_SCHEME, Children("reportingCategories", "str:ReportingCategory", _REPORTING_CATEGORY)
    ),
)
"""Reporting taxonomies."""


@dataclass(frozen=True, slots=True)
class _IncludedCodelists(Part):
    """The code lists that a hierarchy takes codes from, by their aliases."""

    def write(self, document: Mapping[str, Any], out: list[str]) -> None:
        for alias, urn in document.get("includedCodelists", {}).items():
            written = write_reference("str:IncludedCodelist", urn)
            start = "<str:IncludedCodelist"
            out.append(f'{start} alias="{quote(alias)}"{written.removeprefix(start)}')

    def readers(self, vocabulary: Vocabulary) -> Mapping[str, Reader]:
        return {vocabulary.tag("str:IncludedCodelist"): self._read}

    def _read(self, element: Element, document: Document, vocabulary: Vocabulary) -> None:
        del vocabulary
        urn = read_reference(element, "Codelist")
        alias = element.get("alias") or parse_urn(urn).id
        document.setdefault("includedCodelists", {})[alias] = urn


_LEVEL: Final[Shape] = Shape(
    *NAMEABLE,
    Child("codingFormat", "str:CodingFormat", TEXT_FORMAT),
    Child("level", "str:Level", lambda: _LEVEL),
)
_HIERARCHICAL_CODE: Final[Shape] = Shape(
    *IDENTIFIABLE,
    Attribute("version"),
    Attribute("validFrom"),
    Attribute("validTo"),
    Ref("code", "str:Code", "Code"),
    Text("codelistAliasRef", "str:CodelistAliasRef"),
    LocalRef("codeID", "str:CodeID"),
    Children("hierarchicalCodes", "str:HierarchicalCode", lambda: _HIERARCHICAL_CODE),
    LocalRef("level", "str:Level", last=True),
)
_HIERARCHY: Final = Shape(
    *NAMEABLE,
    Attribute("leveled", kind=BOOLEAN),
    Children("hierarchicalCodes", "str:HierarchicalCode", _HIERARCHICAL_CODE),
    Child("level", "str:Level", _LEVEL),
)
HIERARCHICAL_CODELISTS: Final = Collection(
    "hierarchicalCodelists",
    "str:HierarchicalCodelists",
    "str:HierarchicalCodelist",
    Shape(
        *MAINTAINABLE, _IncludedCodelists(), Children("hierarchies", "str:Hierarchy", _HIERARCHY)
    ),
)
"""Hierarchical code lists."""

PROCESSES: Final = process_collection(
    MAINTAINABLE,
    NAMEABLE,
    IDENTIFIABLE,
    ANNOTATIONS,
    object_reference=Ref("objectReference", "str:ObjectReference"),
    target_step=LocalRef("targetStep", "str:TargetStep"),
)
"""Processes."""

VTL: Final = vtl_collections(
    NAMEABLE,
    ITEM_SCHEME,
    one=lambda key, class_name: Ref(key, f"str:{class_name}", class_name),
    several=lambda key, class_name: Refs(key, f"str:{class_name}", class_name),
    around="s",
    refused=(Refused(("str:ConceptScheme",)),),
)
"""The schemes of the Validation and Transformation Language, which came late to 2.1."""
