"""Constraints in SDMX-ML 3.x: regions, key sets, and what they are attached to."""

from __future__ import annotations

from collections.abc import Container, Mapping
from dataclasses import dataclass, replace
from typing import Any, Final

from app.sdmx.artefacts import Document
from app.sdmx.messages.structure_kinds import (
    LINK_LANGUAGE,
    NC_ID,
    NC_PATH,
    OBSERVED_PERIOD,
    PERIOD,
    urn_to,
)
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
    Member,
    Misshapen,
    OfXml,
    Part,
    Reader,
    Rule,
    Shape,
    Vocabulary,
    check_of,
    check_of_list,
    content_of,
    not_both,
    one_of_these,
    some_of,
)
from app.sdmx.messages.structure_ml_text import BOOLEAN, CASCADE, INTEGER, TEXT, Kind, escape

_INCLUDE: Final = Attribute("include", kind=BOOLEAN)
_VALIDITY: Final = (Attribute("validFrom", kind=PERIOD), Attribute("validTo", kind=PERIOD))
_PERIOD: Final = Shape(Attribute("isInclusive", kind=BOOLEAN), Content("period", OBSERVED_PERIOD))
_REMOVE: Final = Attribute("removePrefix", kind=BOOLEAN)


def _range_is_one(document: Mapping[str, Any]) -> None:
    """Before, after, or from a start to an end."""
    found = document.keys() & {"beforePeriod", "afterPeriod", "startPeriod", "endPeriod"}
    if found not in ({"beforePeriod"}, {"afterPeriod"}, {"startPeriod", "endPeriod"}):
        raise Misshapen(
            "it must have beforePeriod, afterPeriod, or both startPeriod and endPeriod",
            "debe tener beforePeriod, afterPeriod, o startPeriod y endPeriod",
        )


def time_range(prefix: str, *validity: Attribute) -> Child:
    """The time that a region covers, in elements of this prefix."""
    ends = (
        Child(f"{end}Period", f"{prefix}:{end.capitalize()}Period", _PERIOD)
        for end in ("before", "after", "start", "end")
    )
    return Child(
        "timeRange", f"{prefix}:TimeRange", Shape(*validity, *ends, rules=(_range_is_one,))
    )


def _members(
    kind: Kind,
    *rules: Rule,
    without: Container[str] = (),
    of_value: Container[str] = (),
) -> Shape:
    value = Shape(
        Attribute("cascadeValues", kind=CASCADE, missing="false"),
        Attribute("lang", "xml:lang", LINK_LANGUAGE),
        *_VALIDITY,
        Content("value"),
        without=of_value,
    )
    return Shape(
        Attribute("id", kind=kind, required=True),
        _INCLUDE,
        _REMOVE,
        *_VALIDITY,
        Values("values", "str:Value", value),
        time_range("str", *_VALIDITY),
        without=without,
        rules=(not_both("values", "timeRange"), *rules),
    )


_VALID: Final = ("validFrom", "validTo")
MEMBERS: Final = _members(NC_PATH, without=_VALID)
"""The values, or the time, of one component."""

_KEY_MEMBERS: Final = _members(NC_ID, some_of("values", "timeRange"), of_value=("lang",))


@dataclass(frozen=True, slots=True)
class _KeyValues(Part):
    """The value of a dimension in a key: `value` in JSON, `values` where there are several."""

    def members(self) -> Mapping[str, Member]:
        check = check_of(TEXT)
        return {"value": Member(check), "values": Member(check_of_list(check))}

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
    ANNOTATIONS, _INCLUDE, Children("keyValues", "str:KeyValue", _KEY_MEMBERS), _COMPONENTS
)
"""A part of the cube, or all but it."""

_ALWAYS: Final = Attribute(
    "include", kind=replace(BOOLEAN, fits=lambda value: value is True, en="true", es="true")
)
_KEY: Final = Shape(
    ANNOTATIONS,
    _ALWAYS,
    *_VALIDITY,
    Children(
        "keyValues",
        "str:KeyValue",
        Shape(
            Attribute("id", kind=NC_ID, required=True),
            _ALWAYS,
            _REMOVE,
            _KeyValues(),
            rules=(one_of_these("value", "values"),),
        ),
        may_be_empty=True,
    ),
    Children(
        "components",
        "str:Component",
        _members(NC_PATH, without=_VALID, of_value=_VALID),
        may_be_empty=True,
    ),
)
_KEY_SET: Final = Shape(
    Attribute("isIncluded", kind=BOOLEAN, missing="true", required=True),
    Children("keys", "str:Key", _KEY, required=True),
)
# The schema has no place for annotations of a region of metadata.
_TARGET_REGION: Final = Shape(
    _INCLUDE,
    *_VALIDITY,
    _COMPONENTS,
    also={"annotations": ANNOTATIONS.members()["annotations"].check},
)
# Role and calendar are of 3.0 alone.
_ROLE: Final = OfXml("role")
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


def _attached(class_name: str, key: str) -> TextList:
    return TextList(key, f"str:{class_name}", urn_to(class_name))


def _differ(key: str) -> Rule:
    """Of two regions one says what is, the other what is not."""

    def rule(document: Mapping[str, Any]) -> None:
        regions = document.get(key, ())
        if len({region.get("include", True) for region in regions}) < len(regions):
            raise Misshapen(
                "of two regions one must be included and the other excluded",
                "de dos regiones, una debe incluirse y la otra excluirse",
                f"/{key}",
            )

    return rule


DATA_CONSTRAINT: Final = Shape(
    *MAINTAINABLE,
    _ROLE,
    Child(
        "constraintAttachment",
        "str:ConstraintAttachment",
        Shape(
            reference("dataProvider", "str:DataProvider", "DataProvider"),
            _attached("DataStructure", "dataStructures"),
            _attached("Dataflow", "dataflows"),
            _attached("ProvisionAgreement", "provisionAgreements"),
            _SOURCES,
            rules=(
                one_of_these("dataProvider", "dataStructures", "dataflows", "provisionAgreements"),
            ),
        ),
    ),
    _CALENDAR,
    Children("dataKeySets", "str:DataKeySet", _KEY_SET),
    Children("cubeRegions", "str:CubeRegion", CUBE_REGION),
    without=("releaseCalendar",),
    rules=(_differ("cubeRegions"),),
)
"""A constraint of data."""

METADATA_CONSTRAINT: Final = Shape(
    *MAINTAINABLE,
    _ROLE,
    Child(
        "constraintAttachment",
        "str:ConstraintAttachment",
        Shape(
            reference("metadataProvider", "str:MetadataProvider", "MetadataProvider"),
            _attached("MetadataStructure", "metadataStructures"),
            _attached("Metadataflow", "metadataflows"),
            _attached("MetadataProvisionAgreement", "metadataProvisionAgreements"),
            _SOURCES,
            rules=(
                one_of_these(
                    "metadataProvider",
                    "metadataStructures",
                    "metadataflows",
                    "metadataProvisionAgreements",
                ),
            ),
        ),
    ),
    _CALENDAR,
    Children("metadataTargetRegions", "str:MetadataTargetRegion", _TARGET_REGION),
    without=("releaseCalendar",),
    rules=(_differ("metadataTargetRegions"),),
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
