"""Structures, flows, agreements and constraints in SDMX-ML 2.1."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from app.sdmx.artefacts import Document
from app.sdmx.messages.structure_ml_2_1_parts import (
    IDENTIFIABLE,
    MAINTAINABLE,
    REPRESENTATION,
    LocalRef,
    LocalRefs,
    Ref,
    Refs,
    Refused,
)
from app.sdmx.messages.structure_ml_constraints import time_range
from app.sdmx.messages.structure_ml_parts import Child, Children, Flag, Skipped, Text
from app.sdmx.messages.structure_ml_table import (
    Attribute,
    Collection,
    Element,
    Lines,
    Part,
    Reader,
    Shape,
    Unwritten,
    Vocabulary,
    content_of,
    read_value,
)
from app.sdmx.messages.structure_ml_text import BOOLEAN, INTEGER, OCCURRENCE, escape
from app.sdmx.model_2_1_components import YEAR_START

_CONCEPT: Final = Ref("conceptIdentity", "str:ConceptIdentity", "Concept")
_LOCAL: Final = Child("localRepresentation", "str:LocalRepresentation", REPRESENTATION)
_ROLES: Final = Refs("conceptRoles", "str:ConceptRole", "Concept")
# The element says the type of a dimension; the attribute is more than some readers know.
_PLACE: Final = (Attribute("position", kind=INTEGER), Unwritten("type"))

_DIMENSION: Final = Shape(*IDENTIFIABLE, *_PLACE, _CONCEPT, _LOCAL, _ROLES)
_ATTRIBUTE: Final[Lines] = (
    *IDENTIFIABLE,
    Attribute("assignmentStatus"),
    _CONCEPT,
    _LOCAL,
    _ROLES,
    Child(
        "attributeRelationship",
        "str:AttributeRelationship",
        Shape(
            Flag("none", "str:None"),
            LocalRefs("dimensions", "str:Dimension"),
            LocalRefs("attachmentGroups", "str:AttachmentGroup"),
            LocalRef("group", "str:Group"),
            LocalRef("primaryMeasure", "str:PrimaryMeasure"),
        ),
    ),
)
_COMPONENTS: Final = Shape(
    Child(
        "dimensionList",
        "str:DimensionList",
        Shape(
            *IDENTIFIABLE,
            Children("dimensions", "str:Dimension", _DIMENSION),
            Refused(("str:MeasureDimension",)),
            Children(
                "timeDimensions",
                "str:TimeDimension",
                Shape(*IDENTIFIABLE, *_PLACE, _CONCEPT, _LOCAL),
            ),
        ),
    ),
    Children(
        "groups",
        "str:Group",
        Shape(
            *IDENTIFIABLE,
            LocalRefs("groupDimensions", "str:DimensionReference", each="str:GroupDimension"),
            Refused(("str:AttachmentConstraint",)),
        ),
    ),
    Child(
        "attributeList",
        "str:AttributeList",
        Shape(
            *IDENTIFIABLE,
            Children("attributes", "str:Attribute", Shape(*_ATTRIBUTE)),
            Children(
                "reportingYearStartDays",
                "str:ReportingYearStartDay",
                Shape(*_ATTRIBUTE, constants={"id": YEAR_START}),
            ),
        ),
    ),
    Child(
        "measureList",
        "str:MeasureList",
        Shape(
            *IDENTIFIABLE,
            Child("primaryMeasure", "str:PrimaryMeasure", Shape(*IDENTIFIABLE, _CONCEPT, _LOCAL)),
        ),
    ),
)

_METADATA_ATTRIBUTE: Final[Shape] = Shape(
    *IDENTIFIABLE,
    Attribute("minOccurs", kind=INTEGER),
    Attribute("maxOccurs", kind=OCCURRENCE),
    Attribute("isPresentational", kind=BOOLEAN),
    _CONCEPT,
    _LOCAL,
    Children("metadataAttributes", "str:MetadataAttribute", lambda: _METADATA_ATTRIBUTE),
)
_METADATA_TARGET: Final = Shape(
    *IDENTIFIABLE,
    # What the other targets are, 3.1 says nowhere.
    Skipped(
        (
            "str:KeyDescriptorValuesTarget",
            "str:DataSetTarget",
            "str:ConstraintContentTarget",
            "str:ReportPeriodTarget",
        )
    ),
    Children(
        "identifiableObjectTargets",
        "str:IdentifiableObjectTarget",
        Shape(*IDENTIFIABLE, Attribute("objectType"), _LOCAL),
    ),
)
_METADATA_COMPONENTS: Final = Shape(
    Children("metadataTargets", "str:MetadataTarget", _METADATA_TARGET),
    Children(
        "reportStructures",
        "str:ReportStructure",
        Shape(
            *IDENTIFIABLE,
            Children("metadataAttributes", "str:MetadataAttribute", _METADATA_ATTRIBUTE),
            LocalRefs("metadataTargets", "str:MetadataTarget"),
        ),
    ),
)

DATA_STRUCTURES: Final = Collection(
    "dataStructures",
    "str:DataStructures",
    "str:DataStructure",
    Shape(
        *MAINTAINABLE,
        Child("dataStructureComponents", "str:DataStructureComponents", _COMPONENTS),
    ),
)
"""Data structures."""

METADATA_STRUCTURES: Final = Collection(
    "metadataStructures",
    "str:MetadataStructures",
    "str:MetadataStructure",
    Shape(
        *MAINTAINABLE,
        Child(
            "metadataStructureComponents", "str:MetadataStructureComponents", _METADATA_COMPONENTS
        ),
    ),
)
"""Metadata structures."""

DATAFLOWS: Final = Collection(
    "dataflows",
    "str:Dataflows",
    "str:Dataflow",
    Shape(*MAINTAINABLE, Ref("structure", "str:Structure", "DataStructure")),
)
"""Dataflows."""

METADATAFLOWS: Final = Collection(
    "metadataflows",
    "str:Metadataflows",
    "str:Metadataflow",
    Shape(*MAINTAINABLE, Ref("structure", "str:Structure", "MetadataStructure")),
)
"""Metadataflows."""

PROVISION_AGREEMENTS: Final = Collection(
    "provisionAgreements",
    "str:ProvisionAgreements",
    "str:ProvisionAgreement",
    Shape(
        *MAINTAINABLE,
        Ref("structureUsage", "str:StructureUsage", "Dataflow"),
        Ref("dataProvider", "str:DataProvider", "DataProvider"),
    ),
)
"""Provision agreements."""

CATEGORISATIONS: Final = Collection(
    "categorisations",
    "str:Categorisations",
    "str:Categorisation",
    Shape(*MAINTAINABLE, Ref("source", "str:Source"), Ref("target", "str:Target", "Category")),
)
"""Categorisations."""


@dataclass(frozen=True, slots=True)
class _Values(Part):
    """The values of a component; in JSON those whose children count too are named again."""

    def write(self, document: Mapping[str, Any], out: list[str]) -> None:
        cascading = document.get("cascadeValues", ())
        for value in document.get("values", ()):
            flag = ' cascadeValues="true"' if value in cascading else ""
            out.append(f"<com:Value{flag}>{escape(value)}</com:Value>")

    def readers(self, vocabulary: Vocabulary) -> Mapping[str, Reader]:
        return {vocabulary.tag("com:Value"): self._read}

    def _read(self, element: Element, document: Document, vocabulary: Vocabulary) -> None:
        del vocabulary
        value = content_of(element)
        document.setdefault("values", []).append(value)
        flag = element.get("cascadeValues", "false")
        if read_value(BOOLEAN, flag, element, "cascadeValues"):
            document.setdefault("cascadeValues", []).append(value)


_INCLUDE: Final = Attribute("include", kind=BOOLEAN)
_MEMBERS: Final = Shape(
    Attribute("id"),
    _INCLUDE,
    _Values(),
    time_range("com"),
)
_ATTRIBUTES: Final = Children("attributes", "com:Attribute", _MEMBERS)
_KEY: Final = Shape(
    _INCLUDE,
    Children(
        "keyValues",
        "com:KeyValue",
        Shape(Attribute("id"), _INCLUDE, Text("value", "com:Value")),
    ),
)
CONSTRAINTS: Final = Collection(
    "contentConstraints",
    "str:Constraints",
    "str:ContentConstraint",
    Shape(
        *MAINTAINABLE,
        Attribute("type"),
        Child(
            "constraintAttachment",
            "str:ConstraintAttachment",
            Shape(
                Ref("dataProvider", "str:DataProvider", "DataProvider"),
                Refused(("str:DataSet", "str:MetadataSet", "str:SimpleDataSource")),
                Refs("dataStructures", "str:DataStructure", "DataStructure"),
                Refs("metadataStructures", "str:MetadataStructure", "MetadataStructure"),
                Refs("dataflows", "str:Dataflow", "Dataflow"),
                Refs("metadataflows", "str:Metadataflow", "Metadataflow"),
                Refs("provisionAgreements", "str:ProvisionAgreement", "ProvisionAgreement"),
                Skipped(("str:QueryableDataSource",)),
            ),
        ),
        Children(
            "dataKeySets",
            "str:DataKeySet",
            Shape(
                Attribute("isIncluded", kind=BOOLEAN, missing="true"),
                Children("keys", "str:Key", _KEY),
            ),
        ),
        Refused(("str:MetadataKeySet",)),
        Children(
            "cubeRegions",
            "str:CubeRegion",
            Shape(
                Attribute("isIncluded", "include", kind=BOOLEAN),
                Children("keyValues", "com:KeyValue", _MEMBERS),
                _ATTRIBUTES,
            ),
        ),
        Children(
            "metadataTargetRegions",
            "str:MetadataTargetRegion",
            Shape(
                _INCLUDE,
                Attribute("report"),
                Attribute("metadataTarget"),
                Skipped(("com:KeyValue",)),
                _ATTRIBUTES,
            ),
        ),
        Skipped(("str:ReleaseCalendar", "str:ReferencePeriod")),
    ),
)
"""Content constraints."""
