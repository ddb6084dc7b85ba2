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
    Lines,
    LocalRef,
    Ref,
    Refs,
    Refused,
    read_reference,
    write_reference,
)
from app.sdmx.messages.structure_ml_items import CONTACT
from app.sdmx.messages.structure_ml_parts import Child, Children, Flag, Text, TextList, Texts
from app.sdmx.messages.structure_ml_table import (
    Attribute,
    Collection,
    Element,
    Part,
    Reader,
    Shape,
    Vocabulary,
)
from app.sdmx.messages.structure_ml_text import BOOLEAN, quote
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
                Child(
                    "isoConceptReference",
                    "str:ISOConceptReference",
                    Shape(
                        Text("conceptAgency", "str:ConceptAgency"),
                        Text("conceptSchemeID", "str:ConceptSchemeID"),
                        Text("conceptID", "str:ConceptID"),
                    ),
                ),
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

_INPUT_OUTPUT: Final = Shape(
    Attribute("localID"), ANNOTATIONS, Ref("objectReference", "str:ObjectReference")
)
_PROCESS_STEP: Final[Shape] = Shape(
    *NAMEABLE,
    Children("inputs", "str:Input", _INPUT_OUTPUT),
    Children("outputs", "str:Output", _INPUT_OUTPUT),
    Child(
        "computation",
        "str:Computation",
        Shape(
            Attribute("localID"),
            Attribute("softwarePackage"),
            Attribute("softwareLanguage"),
            Attribute("softwareVersion"),
            ANNOTATIONS,
            Texts("description", "descriptions", "com:Description"),
        ),
    ),
    Children(
        "transitions",
        "str:Transition",
        Shape(
            *IDENTIFIABLE,
            Attribute("localID"),
            LocalRef("targetStep", "str:TargetStep"),
            Texts("condition", "conditions", "str:Condition"),
        ),
    ),
    Children("processSteps", "str:ProcessStep", lambda: _PROCESS_STEP),
)
PROCESSES: Final = Collection(
    "processes",
    "str:Processes",
    "str:Process",
    Shape(*MAINTAINABLE, Children("processSteps", "str:ProcessStep", _PROCESS_STEP)),
)
"""Processes."""

_VTL_SCHEME: Final[Lines] = (*ITEM_SCHEME, Attribute("vtlVersion", missing=""))
_MAPPINGS: Final = Ref("vtlMappingScheme", "str:VtlMappingScheme", "VtlMappingScheme")
_RULESETS: Final = Refs("rulesetSchemes", "str:RulesetScheme", "RulesetScheme")


def _space(key: str, name: str, inner: str) -> Child:
    keys = Shape(TextList("keys", "str:Key"))
    return Child(
        key,
        name,
        Shape(Attribute("method"), Child(inner[0].lower() + inner[1:], f"str:{inner}", keys)),
    )


_VTL_MAPPING: Final = Shape(
    *NAMEABLE,
    Attribute("alias"),
    Ref("dataflow", "str:Dataflow", "Dataflow"),
    Flag("genericDataflow", "str:GenericDataflow"),
    _space("toVtlMapping", "str:ToVtlMapping", "ToVtlSubSpace"),
    _space("fromVtlMapping", "str:FromVtlMapping", "FromVtlSuperSpace"),
    Ref("codelist", "str:Codelist", "Codelist"),
    Ref("concept", "str:Concept", "Concept"),
    Refused(("str:ConceptScheme",)),
)
_CUSTOM_TYPE: Final = Shape(
    *NAMEABLE,
    Text("vtlScalarType", "str:VtlScalarType"),
    Text("dataType", "str:DataType"),
    Text("vtlLiteralFormat", "str:VtlLiteralFormat"),
    Text("outputFormat", "str:OutputFormat"),
    Text("nullValue", "str:NullValue"),
)
_NAME_PERSONALISATION: Final = Shape(
    *NAMEABLE,
    Attribute("vtlArtefact"),
    Text("vtlDefaultName", "str:VtlDefaultName"),
    Text("personalisedName", "str:PersonalisedName"),
)
_RULESET: Final = Shape(
    *NAMEABLE,
    Attribute("rulesetType"),
    Attribute("rulesetScope"),
    Text("rulesetDefinition", "str:RulesetDefinition"),
)
_TRANSFORMATION: Final = Shape(
    *NAMEABLE,
    Attribute("isPersistent", kind=BOOLEAN, missing="false"),
    Text("expression", "str:Expression"),
    Text("result", "str:Result"),
)
_OPERATOR: Final = Shape(*NAMEABLE, Text("operatorDefinition", "str:OperatorDefinition"))

VTL: Final = (
    Collection(
        "customTypeSchemes",
        "str:CustomTypes",
        "str:CustomTypeScheme",
        Shape(*_VTL_SCHEME, Children("customTypes", "str:CustomType", _CUSTOM_TYPE)),
    ),
    Collection(
        "vtlMappingSchemes",
        "str:VtlMappings",
        "str:VtlMappingScheme",
        Shape(*ITEM_SCHEME, Children("vtlMappings", "str:VtlMapping", _VTL_MAPPING)),
    ),
    Collection(
        "namePersonalisationSchemes",
        "str:NamePersonalisations",
        "str:NamePersonalisationScheme",
        Shape(
            *_VTL_SCHEME,
            Children("namePersonalisations", "str:NamePersonalisation", _NAME_PERSONALISATION),
        ),
    ),
    Collection(
        "rulesetSchemes",
        "str:Rulesets",
        "str:RulesetScheme",
        Shape(*_VTL_SCHEME, Children("rulesets", "str:Ruleset", _RULESET), _MAPPINGS),
    ),
    Collection(
        "transformationSchemes",
        "str:Transformations",
        "str:TransformationScheme",
        Shape(
            *_VTL_SCHEME,
            Children("transformations", "str:Transformation", _TRANSFORMATION),
            _MAPPINGS,
            Ref(
                "namePersonalisationScheme",
                "str:NamePersonalisationScheme",
                "NamePersonalisationScheme",
            ),
            Ref("customTypeScheme", "str:CustomTypeScheme", "CustomTypeScheme"),
            _RULESETS,
            Refs(
                "userDefinedOperatorSchemes",
                "str:UserDefinedOperatorScheme",
                "UserDefinedOperatorScheme",
            ),
        ),
    ),
    Collection(
        "userDefinedOperatorSchemes",
        "str:UserDefinedOperators",
        "str:UserDefinedOperatorScheme",
        Shape(
            *_VTL_SCHEME,
            Children("userDefinedOperators", "str:UserDefinedOperator", _OPERATOR),
            _MAPPINGS,
            _RULESETS,
        ),
    ),
)
"""The schemes of the Validation and Transformation Language, which came late to 2.1."""
