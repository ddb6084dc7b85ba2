"""Constraints in SDMX-ML 3.x: regions, key sets, and what they are attached to."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from app.sdmx.artefacts import Document
from app.sdmx.messages.structure_ml_base import ANNOTATIONS, MAINTAINABLE
from app.sdmx.messages.structure_ml_parts import (
    Child,
    Children,
    Skipped,
    Text,
    TextList,
    Values,
    reference,
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
    content_of,
)
from app.sdmx.messages.structure_ml_text import BOOLEAN, CASCADE, INTEGER, escape

_INCLUDE: Final = Attribute("include", kind=BOOLEAN)
_VALIDITY: Final = (Attribute("validFrom"), Attribute("validTo"))
_PERIOD: Final = Shape(Attribute("isInclusive", kind=BOOLEAN), Content("period"))
_SELECTION: Final = (Attribute("id"), _INCLUDE, Attribute("removePrefix", kind=BOOLEAN))


def time_range(prefix: str, *validity: Attribute) -> Child:
    """The time that a region covers, in elements of this prefix."""
    ends = (
        Child(f"{end}Period", f"{prefix}:{end.capitalize()}Period", _PERIOD)
        for end in ("before", "after", "start", "end")
    )
    return Child("timeRange", f"{prefix}:TimeRange", Shape(*validity, *ends))


MEMBERS: Final = Shape(
    *_SELECTION,
    *_VALIDITY,
    Values(
        "values",
        "str:Value",
        Shape(
            Attribute("cascadeValues", kind=CASCADE, missing="false"),
            Attribute("lang", "xml:lang"),
            *_VALIDITY,
            Content("value"),
        ),
    ),
    time_range("str", *_VALIDITY),
)
"""The values, or the time, of one component."""


@dataclass(frozen=True, slots=True)
class _KeyValues(Part):
    """The value of a dimension in a key: `value` in JSON, `values` where there are several."""

    def write(self, document: Mapping[str, Any], out: list[str]) -> None:
        for value in document.get("values") or [document.get("value", "")]:
            out.append(f"<str:Value>{escape(value)}</str:Value>")  # noqa: PERF401

    def readers(self, vocabulary: Vocabulary) -> Mapping[str, Reader]:
        return {vocabulary.tag("str:Value"): self._read}

    def _read(self, element: Element, document: Document, vocabulary: Vocabulary) -> None:
        del vocabulary
        value = content_of(element)
        if "value" in document:
            document["values"] = [document.pop("value"), value]
        elif "values" in document:
            document["values"].append(value)
        else:
            document["value"] = value


_COMPONENTS: Final = Children("components", "str:Component", MEMBERS)
CUBE_REGION: Final = Shape(
    ANNOTATIONS, _INCLUDE, Children("keyValues", "str:KeyValue", MEMBERS), _COMPONENTS
)
"""A part of the cube, or all but it."""

_KEY: Final = Shape(
    ANNOTATIONS,
    _INCLUDE,
    *_VALIDITY,
    Children("keyValues", "str:KeyValue", Shape(*_SELECTION, _KeyValues())),
    _COMPONENTS,
)
_KEY_SET: Final = Shape(
    Attribute("isIncluded", kind=BOOLEAN, missing="true"), Children("keys", "str:Key", _KEY)
)
# The schema has no place for annotations of a region of metadata.
_TARGET_REGION: Final = Shape(_INCLUDE, *_VALIDITY, _COMPONENTS)
# Role and calendar are of 3.0 alone.
_ROLE: Final = Attribute("role")
_CALENDAR: Final = Child(
    "releaseCalendar",
    "str:ReleaseCalendar",
    Shape(
        Text("periodicity", "str:Periodicity"),
        Text("offset", "str:Offset"),
        Text("tolerance", "str:Tolerance"),
    ),
)
# Addresses of data, which 3.1 no longer lets a constraint be attached to.
_SOURCES: Final = Skipped(("str:SimpleDataSource", "str:QueryableDataSource"))

DATA_CONSTRAINT: Final = Shape(
    *MAINTAINABLE,
    _ROLE,
    Child(
        "constraintAttachment",
        "str:ConstraintAttachment",
        Shape(
            reference("dataProvider", "str:DataProvider"),
            TextList("dataStructures", "str:DataStructure"),
            TextList("dataflows", "str:Dataflow"),
            TextList("provisionAgreements", "str:ProvisionAgreement"),
            _SOURCES,
        ),
    ),
    _CALENDAR,
    Children("dataKeySets", "str:DataKeySet", _KEY_SET),
    Children("cubeRegions", "str:CubeRegion", CUBE_REGION),
)
"""A constraint of data."""

METADATA_CONSTRAINT: Final = Shape(
    *MAINTAINABLE,
    _ROLE,
    Child(
        "constraintAttachment",
        "str:ConstraintAttachment",
        Shape(
            reference("metadataProvider", "str:MetadataProvider"),
            TextList("metadataStructures", "str:MetadataStructure"),
            TextList("metadataflows", "str:Metadataflow"),
            TextList("metadataProvisionAgreements", "str:MetadataProvisionAgreement"),
            _SOURCES,
        ),
    ),
    _CALENDAR,
    Children("metadataTargetRegions", "str:MetadataTargetRegion", _TARGET_REGION),
)
"""A constraint of reference metadata."""

AVAILABILITY: Final = Collection(
    "availabilityConstraints",
    "str:AvailabilityConstraints",
    "str:AvailabilityConstraint",
    Shape(
        Attribute("seriesCount", kind=INTEGER),
        Attribute("obsCount", kind=INTEGER),
        ANNOTATIONS,
        Child(
            "constraintAttachment",
            "str:ConstraintAttachment",
            Shape(
                reference("dataStructure", "str:DataStructure"),
                reference("dataflow", "str:Dataflow"),
                reference("provisionAgreement", "str:ProvisionAgreement"),
            ),
        ),
        Child("cubeRegion", "str:CubeRegion", CUBE_REGION),
    ),
)
"""What data there are (3.1): computed and written, never stored."""

CONSTRAINTS: Final = (
    Collection("dataConstraints", "str:DataConstraints", "str:DataConstraint", DATA_CONSTRAINT),
    Collection(
        "metadataConstraints",
        "str:MetadataConstraints",
        "str:MetadataConstraint",
        METADATA_CONSTRAINT,
    ),
)
"""The collections of this room that are stored."""
