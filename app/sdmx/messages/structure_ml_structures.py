"""Structures, flows, agreements and categorisations in SDMX-ML 3.x."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, Final

from app.sdmx.artefacts import Document
from app.sdmx.messages.structure_kinds import (
    COUNT,
    ID,
    NC_ID,
    PATH,
    TARGET,
    TIME_TYPE,
    UPPER,
    one_of,
    urn_to,
)
from app.sdmx.messages.structure_ml_base import (
    ANNOTATIONS,
    LINKS,
    MAINTAINABLE,
    METADATA_REPRESENTATION,
    OBJECT,
    REPRESENTATION,
    SIMPLE_REPRESENTATION,
    identifiable,
    text_format,
)
from app.sdmx.messages.structure_ml_parts import (
    Child,
    Children,
    Flag,
    Text,
    TextList,
    reference,
)
from app.sdmx.messages.structure_ml_table import (
    Attribute,
    Collection,
    Element,
    Lines,
    Member,
    Misshapen,
    Part,
    Reader,
    Shape,
    Vocabulary,
    check_of,
    check_of_list,
    content_of,
    one_of_these,
    read_value,
    some_of,
    together,
)
from app.sdmx.messages.structure_ml_text import BOOLEAN, INTEGER, OCCURRENCE, escape

_TIME: Final = "ObservationalTimePeriod"


@dataclass(frozen=True, slots=True)
class _Dimensions(Part):
    """The dimensions that an attribute hangs on; JSON lists apart which are optional."""

    def members(self) -> Mapping[str, Member]:
        return {
            "dimensions": Member(check_of_list(check_of(NC_ID), may_repeat=False)),
            "areDimensionsOptional": Member(check_of_list(check_of(BOOLEAN))),
        }

    def write(self, document: Mapping[str, Any], out: list[str]) -> None:
        optional = document.get("areDimensionsOptional", ())
        for position, dimension in enumerate(document.get("dimensions", ())):
            told = position < len(optional)
            flag = f' optional="{BOOLEAN.write(optional[position])}"' if told else ""
            out.append(f"<str:Dimension{flag}>{escape(dimension)}</str:Dimension>")

    def readers(self, vocabulary: Vocabulary) -> Mapping[str, Reader]:
        return {vocabulary.tag("str:Dimension"): self._read}

    def _read(self, element: Element, document: Document, vocabulary: Vocabulary) -> None:
        del vocabulary
        dimensions = document.setdefault("dimensions", [])
        dimensions.append(content_of(element).strip())
        optional = element.get("optional")
        if optional is not None or "areDimensionsOptional" in document:
            flags = document.setdefault("areDimensionsOptional", [False] * (len(dimensions) - 1))
            flags.append(read_value(BOOLEAN, optional or "false", element, "optional"))


def _flags_are_of_dimensions(document: Mapping[str, Any]) -> None:
    flags = document.get("areDimensionsOptional", ())
    if len(flags) > len(document.get("dimensions", ())):
        raise Misshapen(
            "it has more values than there are dimensions",
            "tiene más valores que dimensiones",
            "/areDimensionsOptional",
        )


_RELATIONSHIP: Final = Child(
    "attributeRelationship",
    "str:AttributeRelationship",
    Shape(
        Flag("dataflow", "str:Dataflow"),
        _Dimensions(),
        Text("group", "str:Group", ID),
        Flag("observation", "str:Observation"),
        rules=(
            one_of_these("dataflow", "dimensions", "group", "observation"),
            _flags_are_of_dimensions,
        ),
    ),
    required=True,
)
_CONCEPT: Final = reference("conceptIdentity", "str:ConceptIdentity", "Concept", required=True)
_LOCAL: Final = "localRepresentation", "str:LocalRepresentation"


def _component(shape: Shape) -> Lines:
    return (
        *identifiable(NC_ID, required=False),
        _CONCEPT,
        Child(*_LOCAL, shape),
        TextList("conceptRoles", "str:ConceptRole", urn_to("Concept")),
    )


_USAGE: Final = Attribute("usage", kind=one_of("mandatory", "optional"))


def _time_format(document: Document) -> None:
    if document:
        document.setdefault("dataType", _TIME)


_TIME_FORMAT: Final = text_format(
    _time_format,
    without=(
        *("isSequence", "interval", "startValue", "endValue", "timeInterval", "minLength"),
        *("maxLength", "minValue", "maxValue", "decimals", "pattern", "isMultiLingual"),
    ),
    required=("dataType",),
    kinds={"dataType": TIME_TYPE},
)


@dataclass(frozen=True, slots=True)
class _TimeRepresentation(Part):
    """The representation of time, which XML demands: an empty format where JSON has none."""

    def members(self) -> Mapping[str, Member]:
        return {_LOCAL[0]: Member(_TIME_REPRESENTATION.check)}

    def write(self, document: Mapping[str, Any], out: list[str]) -> None:
        representation = document.get("localRepresentation") or {"format": {}}
        out.append("<str:LocalRepresentation>")
        _TIME_FORMAT.write("str:TextFormat", representation["format"], out)
        out.append("</str:LocalRepresentation>")

    def readers(self, vocabulary: Vocabulary) -> Mapping[str, Reader]:
        return {vocabulary.tag("str:LocalRepresentation"): self._read}

    def _read(self, element: Element, document: Document, vocabulary: Vocabulary) -> None:
        representation = _TIME_REPRESENTATION.read(element, vocabulary)
        if representation.get("format"):
            document["localRepresentation"] = representation


_TIME_REPRESENTATION: Final = Shape(
    Attribute("minOccurs", kind=INTEGER),
    Attribute("maxOccurs", kind=OCCURRENCE),
    Child("format", "str:TextFormat", _TIME_FORMAT, required=True),
    without=("minOccurs", "maxOccurs"),
)
_ATTRIBUTE: Final = Shape(
    *_component(REPRESENTATION),
    _USAGE,
    _RELATIONSHIP,
    TextList("measureRelationship", "str:Measure", NC_ID, within="str:MeasureRelationship"),
)
_METADATA_USAGE: Final = Shape(
    ANNOTATIONS,
    LINKS,
    Text("metadataAttributeReference", "str:MetadataAttributeReference", PATH, required=True),
    _RELATIONSHIP,
)
_GROUP: Final = Shape(
    *OBJECT,
    TextList(
        "groupDimensions",
        "str:DimensionReference",
        NC_ID,
        each="str:GroupDimension",
        required=True,
    ),
    also={"links": LINKS.members()["links"].check},
)


def _list_of_components(name: str) -> Lines:
    return identifiable(one_of(name), required=False)


_COMPONENTS: Final = Shape(
    Child(
        "dimensionList",
        "str:DimensionList",
        Shape(
            *_list_of_components("DimensionDescriptor"),
            Children(
                "dimensions",
                "str:Dimension",
                Shape(*_component(SIMPLE_REPRESENTATION), Attribute("position", kind=COUNT)),
                required=True,
            ),
            Child(
                "timeDimension",
                "str:TimeDimension",
                Shape(
                    *identifiable(one_of("TIME_PERIOD"), required=False),
                    _CONCEPT,
                    _TimeRepresentation(),
                ),
            ),
        ),
        required=True,
    ),
    Children("groups", "str:Group", _GROUP),
    Child(
        "attributeList",
        "str:AttributeList",
        Shape(
            *_list_of_components("AttributeDescriptor"),
            Children("attributes", "str:Attribute", _ATTRIBUTE),
            Children("metadataAttributeUsages", "str:MetadataAttributeUsage", _METADATA_USAGE),
            rules=(some_of("attributes", "metadataAttributeUsages"),),
        ),
    ),
    Child(
        "measureList",
        "str:MeasureList",
        Shape(
            *_list_of_components("MeasureDescriptor"),
            Children(
                "measures",
                "str:Measure",
                Shape(*_component(REPRESENTATION), _USAGE),
                required=True,
            ),
        ),
    ),
)
DATA_STRUCTURE: Final = Shape(
    *MAINTAINABLE,
    Attribute("evolvingStructure", kind=BOOLEAN),
    Child("dataStructureComponents", "str:DataStructureComponents", _COMPONENTS, required=True),
    reference("metadata", "str:Metadata", "MetadataStructure"),
)
"""A data structure definition."""

_METADATA_ATTRIBUTE: Final[Shape] = Shape(
    *identifiable(NC_ID, required=False),
    Attribute("minOccurs", kind=COUNT),
    Attribute("maxOccurs", kind=UPPER),
    Attribute("isPresentational", kind=BOOLEAN),
    _CONCEPT,
    Child(*_LOCAL, METADATA_REPRESENTATION),
    Children("metadataAttributes", "str:MetadataAttribute", lambda: _METADATA_ATTRIBUTE),
)
METADATA_STRUCTURE: Final = Shape(
    *MAINTAINABLE,
    Child(
        "metadataStructureComponents",
        "str:MetadataStructureComponents",
        Shape(
            Child(
                "metadataAttributeList",
                "str:MetadataAttributeList",
                Shape(
                    *_list_of_components("MetadataAttributeDescriptor"),
                    Children(
                        "metadataAttributes",
                        "str:MetadataAttribute",
                        _METADATA_ATTRIBUTE,
                        required=True,
                    ),
                ),
                required=True,
            )
        ),
    ),
)
"""A metadata structure definition."""

_TARGETS: Final = TextList("targets", "str:Target", TARGET)
DATAFLOW: Final = Shape(
    *MAINTAINABLE,
    reference("structure", "str:Structure", "DataStructure", required=True),
    TextList("dimensionConstraint", "str:Dimension", NC_ID, within="str:DimensionConstraint"),
)
"""A dataflow."""

STRUCTURES: Final = (
    Collection("dataStructures", "str:DataStructures", "str:DataStructure", DATA_STRUCTURE),
    Collection(
        "metadataStructures",
        "str:MetadataStructures",
        "str:MetadataStructure",
        METADATA_STRUCTURE,
    ),
    Collection("dataflows", "str:Dataflows", "str:Dataflow", DATAFLOW),
    Collection(
        "metadataflows",
        "str:Metadataflows",
        "str:Metadataflow",
        Shape(
            *MAINTAINABLE,
            reference("structure", "str:Structure", "MetadataStructure", required=True),
            replace(_TARGETS, required=True),
        ),
    ),
    Collection(
        "provisionAgreements",
        "str:ProvisionAgreements",
        "str:ProvisionAgreement",
        Shape(
            *MAINTAINABLE,
            reference("dataflow", "str:Dataflow", "Dataflow", required=True),
            reference("dataProvider", "str:DataProvider", "DataProvider", required=True),
        ),
    ),
    Collection(
        "metadataProvisionAgreements",
        "str:MetadataProvisionAgreements",
        "str:MetadataProvisionAgreement",
        Shape(
            *MAINTAINABLE,
            reference("metadataflow", "str:Metadataflow", "Metadataflow", required=True),
            reference(
                "metadataProvider", "str:MetadataProvider", "MetadataProvider", required=True
            ),
            _TARGETS,
        ),
    ),
    Collection(
        "categorisations",
        "str:Categorisations",
        "str:Categorisation",
        Shape(
            *MAINTAINABLE,
            reference("source", "str:Source"),
            reference("target", "str:Target", "Category"),
            rules=(together("source", "target"),),
        ),
    ),
)
"""The collections of this room."""
