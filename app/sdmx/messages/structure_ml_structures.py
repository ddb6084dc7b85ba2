"""Structures, flows, agreements and categorisations in SDMX-ML 3.x."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from app.sdmx.artefacts import Document
from app.sdmx.messages.structure_ml_base import (
    ANNOTATIONS,
    IDENTIFIABLE,
    LINKS,
    MAINTAINABLE,
    OBJECT,
    REPRESENTATION,
    text_format,
)
from app.sdmx.messages.structure_ml_parts import (
    Child,
    Children,
    Flag,
    TextList,
    reference,
)
from app.sdmx.messages.structure_ml_table import (
    Attribute,
    Collection,
    Element,
    Part,
    Reader,
    Shape,
    Vocabulary,
    content_of,
    read_value,
)
from app.sdmx.messages.structure_ml_text import (
    BOOLEAN,
    INTEGER,
    OCCURRENCE,
    escape,
)

_TIME: Final = "ObservationalTimePeriod"


@dataclass(frozen=True, slots=True)
class _Dimensions(Part):
    """The dimensions that an attribute hangs on; JSON lists apart which are optional."""

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


_RELATIONSHIP: Final = Child(
    "attributeRelationship",
    "str:AttributeRelationship",
    Shape(
        Flag("dataflow", "str:Dataflow"),
        _Dimensions(),
        reference("group", "str:Group"),
        Flag("observation", "str:Observation"),
    ),
)
_COMPONENT: Final = (
    *IDENTIFIABLE,
    reference("conceptIdentity", "str:ConceptIdentity"),
    Child("localRepresentation", "str:LocalRepresentation", REPRESENTATION),
    TextList("conceptRoles", "str:ConceptRole"),
)
_USAGE: Final = Attribute("usage")


def _time_format(document: Document) -> None:
    if document:
        document.setdefault("dataType", _TIME)


_TIME_FORMAT: Final = text_format(_time_format)


@dataclass(frozen=True, slots=True)
class _TimeRepresentation(Part):
    """The representation of time, which XML demands: an empty format where JSON has none."""

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
    Child("format", "str:TextFormat", _TIME_FORMAT),
)
_ATTRIBUTE: Final = Shape(
    *_COMPONENT,
    _USAGE,
    _RELATIONSHIP,
    TextList("measureRelationship", "str:Measure", within="str:MeasureRelationship"),
)
_METADATA_USAGE: Final = Shape(
    ANNOTATIONS,
    LINKS,
    reference("metadataAttributeReference", "str:MetadataAttributeReference"),
    _RELATIONSHIP,
)
_GROUP: Final = Shape(
    *OBJECT,
    TextList("groupDimensions", "str:DimensionReference", each="str:GroupDimension"),
)
_COMPONENTS: Final = Shape(
    Child(
        "dimensionList",
        "str:DimensionList",
        Shape(
            *IDENTIFIABLE,
            Children(
                "dimensions",
                "str:Dimension",
                Shape(*_COMPONENT, Attribute("position", kind=INTEGER)),
            ),
            Child(
                "timeDimension",
                "str:TimeDimension",
                Shape(
                    *IDENTIFIABLE,
                    reference("conceptIdentity", "str:ConceptIdentity"),
                    _TimeRepresentation(),
                ),
            ),
        ),
    ),
    Children("groups", "str:Group", _GROUP),
    Child(
        "attributeList",
        "str:AttributeList",
        Shape(
            *IDENTIFIABLE,
            Children("attributes", "str:Attribute", _ATTRIBUTE),
            Children("metadataAttributeUsages", "str:MetadataAttributeUsage", _METADATA_USAGE),
        ),
    ),
    Child(
        "measureList",
        "str:MeasureList",
        Shape(*IDENTIFIABLE, Children("measures", "str:Measure", Shape(*_COMPONENT, _USAGE))),
    ),
)
DATA_STRUCTURE: Final = Shape(
    *MAINTAINABLE,
    Attribute("evolvingStructure", kind=BOOLEAN),
    Child("dataStructureComponents", "str:DataStructureComponents", _COMPONENTS),
    reference("metadata", "str:Metadata"),
)
"""A data structure definition."""

_METADATA_ATTRIBUTE: Final[Shape] = Shape(
    *IDENTIFIABLE,
    Attribute("minOccurs", kind=INTEGER),
    Attribute("maxOccurs", kind=OCCURRENCE),
    Attribute("isPresentational", kind=BOOLEAN),
    reference("conceptIdentity", "str:ConceptIdentity"),
    Child("localRepresentation", "str:LocalRepresentation", REPRESENTATION),
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
                    *IDENTIFIABLE,
                    Children("metadataAttributes", "str:MetadataAttribute", _METADATA_ATTRIBUTE),
                ),
            )
        ),
    ),
)
"""A metadata structure definition."""

_STRUCTURE: Final = reference("structure", "str:Structure")
_TARGETS: Final = TextList("targets", "str:Target")
DATAFLOW: Final = Shape(
    *MAINTAINABLE,
    _STRUCTURE,
    TextList("dimensionConstraint", "str:Dimension", within="str:DimensionConstraint"),
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
        Shape(*MAINTAINABLE, _STRUCTURE, _TARGETS),
    ),
    Collection(
        "provisionAgreements",
        "str:ProvisionAgreements",
        "str:ProvisionAgreement",
        Shape(
            *MAINTAINABLE,
            reference("dataflow", "str:Dataflow"),
            reference("dataProvider", "str:DataProvider"),
        ),
    ),
    Collection(
        "metadataProvisionAgreements",
        "str:MetadataProvisionAgreements",
        "str:MetadataProvisionAgreement",
        Shape(
            *MAINTAINABLE,
            reference("metadataflow", "str:Metadataflow"),
            reference("metadataProvider", "str:MetadataProvider"),
            _TARGETS,
        ),
    ),
    Collection(
        "categorisations",
        "str:Categorisations",
        "str:Categorisation",
        Shape(*MAINTAINABLE, reference("source", "str:Source"), reference("target", "str:Target")),
    ),
)
"""The collections of this room."""
