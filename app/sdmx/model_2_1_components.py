"""Data and metadata structures in SDMX 2.1, and back (SDMX 2.1 section 2, clauses 5 and 7).

2.1 knows one measure, the primary one, whose id is always OBS_VALUE; further measures are shown
as attributes of the observation. Its metadata structures hold the targets, which 3.x moved to
the metadataflow: each is shown with one target, any object, and one report of all attributes.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, Final

from app.errors import InvalidArtefactError
from app.sdmx.artefacts import Document
from app.sdmx.model_2_1_references import (
    OBS_VALUE,
    References,
    from_2_1,
    id_of_component,
    measures_of,
    primary_measure,
    take,
    urn_2_1,
)

METADATA_TARGET: Final = "TARGET"
"""The id of the metadata target of every metadata structure."""

TARGET_OBJECT: Final = "OBJECT"
"""The id of the object in that target."""

REPORT: Final = "REPORT"
"""The id of the report structure of every metadata structure."""

YEAR_START: Final = "REPORTING_YEAR_START_DAY"
"""The attribute that a message of 2.1 may set apart."""

_FACETS: Final = (
    "isSequence",
    "interval",
    "startValue",
    "endValue",
    "timeInterval",
    "startTime",
    "endTime",
    "minLength",
    "maxLength",
    "minValue",
    "maxValue",
    "decimals",
    "pattern",
    "isMultiLingual",
)
_TIME_FACETS: Final = ("startTime", "endTime")
_NO_SUCH_CONCEPT: Final = (
    "urn:sdmx:org.sdmx.infomodel.conceptscheme.Concept=SDMX:CROSS_DOMAIN_CONCEPTS(2.0).OBS_VALUE"
)
_IDENTIFIED: Final = ("id", "annotations", "links")
_TEXT: Final[Mapping[str, Any]] = MappingProxyType({"textFormat": {"textType": "String"}})
_STATUS: Final[Mapping[str, str]] = MappingProxyType(
    {"mandatory": "Mandatory", "optional": "Conditional"}
)
_USAGE: Final[Mapping[str, str]] = MappingProxyType({two: one for one, two in _STATUS.items()})


def representation_2_1(
    representation: Document | None, references: References, *, simple: bool = True
) -> Document:
    """Write where values come from: a codelist, or a text format.

    Args:
        representation: as 3.1 has it, or None.
        references: for the list of codes; one that 2.1 cannot have becomes free text.
        simple: whether markup and several languages are out of place, as in data.
    """
    if not representation:
        return {}
    shown: Document
    if "enumeration" not in representation:
        shown = {"textFormat": text_format_2_1(representation.get("format", {}), simple=simple)}
    else:
        urn = references.translate(representation["enumeration"])
        shown = dict(_TEXT) if urn is None else {"enumeration": urn}
        if urn is not None and "enumerationFormat" in representation:
            shown["enumerationFormat"] = text_format_2_1(representation["enumerationFormat"])
    return {"localRepresentation": shown}


def representation_3_1(representation: Document | None) -> Document:
    """Read where values come from."""
    if not representation:
        return {}
    if "enumeration" in representation:
        read: Document = {"enumeration": from_2_1(representation["enumeration"])}
        if "enumerationFormat" in representation:
            read["enumerationFormat"] = text_format_3_1(representation["enumerationFormat"])
    else:
        read = {"format": text_format_3_1(representation.get("textFormat", {}))}
    return {"localRepresentation": read}


def text_format_2_1(text: Document, *, simple: bool = True) -> Document:
    """Write how a value looks: 2.1 says text type where 3.1 says data type."""
    kept = take(text, _FACETS)
    data_type = text.get("dataType", "String")
    if simple:
        kept.pop("isMultiLingual", None)
    if data_type == "GeospatialInformation" or (simple and data_type == "XHTML"):
        data_type = "String"
    return {"textType": data_type, **kept}


def text_format_3_1(text: Document) -> Document:
    """Read how a value looks."""
    return {"dataType": text.get("textType", "String"), **take(text, _FACETS)}


def data_structure_2_1(document: Document, references: References) -> Document:
    """Write the components of a data structure."""
    parts = document.get("dataStructureComponents")
    if parts is None:
        return {}
    measures = measures_of(document)
    primary = primary_measure(measures)
    further = [_measure_attribute(one, references) for one in measures if one is not primary]
    listed = parts.get("attributeList", {})
    written = [_attribute_2_1(one, references) for one in listed.get("attributes", [])]
    attributes = [*written, *further]
    shown: Document = {
        "dimensionList": _dimension_list_2_1(parts.get("dimensionList", {}), references)
    }
    if parts.get("groups"):
        shown["groups"] = [
            take(group, ("id", "groupDimensions", "annotations", "links"))
            for group in parts["groups"]
        ]
    if attributes:
        shown["attributeList"] = {
            "id": "AttributeDescriptor",
            **take(listed, ("annotations", "links")),
            "attributes": attributes,
        }
    shown["measureList"] = {
        "id": "MeasureDescriptor",
        **take(parts.get("measureList", {}), ("annotations", "links")),
        "primaryMeasure": _primary_measure_2_1(primary, references),
    }
    return {"dataStructureComponents": shown}


def _primary_measure_2_1(measure: Document | None, references: References) -> Document:
    if measure is None:
        return {"id": OBS_VALUE, "conceptIdentity": _NO_SUCH_CONCEPT}
    return _component_2_1(measure, references) | {"id": OBS_VALUE}


def _component_2_1(component: Document, references: References) -> Document:
    return {
        "id": id_of_component(component),
        **take(component, ("annotations", "links")),
        "conceptIdentity": references.translate(component["conceptIdentity"]),
        **representation_2_1(component.get("localRepresentation"), references),
    }


def _with_roles(component: Document, references: References) -> Document:
    roles = references.translate_all(component.get("conceptRoles", ()))
    return _component_2_1(component, references) | ({"conceptRoles": roles} if roles else {})


def _dimension_list_2_1(listed: Document, references: References) -> Document:
    ordered = sorted(
        enumerate(listed.get("dimensions", []), 1), key=lambda one: one[1].get("position", one[0])
    )
    dimensions = [
        _with_roles(one, references) | {"position": position, "type": "Dimension"}
        for position, (_, one) in enumerate(ordered, 1)
    ]
    shown = {
        "id": "DimensionDescriptor",
        **take(listed, ("annotations", "links")),
        "dimensions": dimensions,
    }
    if "timeDimension" in listed:
        shown["timeDimensions"] = [
            _time_dimension_2_1(listed["timeDimension"], references, len(dimensions) + 1)
        ]
    return shown


def _time_dimension_2_1(dimension: Document, references: References, position: int) -> Document:
    text = dimension.get("localRepresentation", {}).get("format", {})
    written = {
        "textType": text.get("dataType", "ObservationalTimePeriod"),
        **take(text, _TIME_FACETS),
    }
    return {
        "id": "TIME_PERIOD",
        **take(dimension, ("annotations", "links")),
        "position": position,
        "type": "TimeDimension",
        "conceptIdentity": references.translate(dimension["conceptIdentity"]),
        "localRepresentation": {"textFormat": written},
    }


def _attribute_2_1(attribute: Document, references: References) -> Document:
    """Write an attribute; the first day of the year as one among them, as clients read it."""
    return _with_roles(attribute, references) | {
        "assignmentStatus": _STATUS[attribute.get("usage", "optional")],
        "attributeRelationship": _relationship_2_1(attribute["attributeRelationship"]),
    }


def _measure_attribute(measure: Document, references: References) -> Document:
    return _with_roles(measure, references) | {
        "assignmentStatus": _STATUS[measure.get("usage", "optional")],
        "attributeRelationship": {"primaryMeasure": OBS_VALUE},
    }


def _relationship_2_1(relationship: Document) -> Document:
    if "dataflow" in relationship:
        return {"none": {}}
    if "observation" in relationship:
        return {"primaryMeasure": OBS_VALUE}
    return take(relationship, ("dimensions", "group"))


def data_structure_3_1(document: Document) -> Document:
    """Read the components of a data structure.

    Raises:
        InvalidArtefactError: it has a measure dimension, which SDMX 3.1 does not have.
    """
    parts = document.get("dataStructureComponents")
    if parts is None:
        return {}
    groups = [
        take(group, ("id", "groupDimensions", "annotations", "links"))
        for group in parts.get("groups", [])
    ]
    if any("attachmentConstraint" in group for group in parts.get("groups", [])):
        _refuse(document, "AttachmentConstraint")
    listed = parts.get("attributeList", {})
    attributes = [
        _attribute_3_1(one, groups)
        for one in (*listed.get("attributes", []), *listed.get("reportingYearStartDays", []))
    ]
    read: Document = {"dimensionList": _dimension_list_3_1(document, parts["dimensionList"])}
    if groups:
        read["groups"] = groups
    if attributes:
        read["attributeList"] = {
            "id": "AttributeDescriptor",
            **take(listed, ("annotations", "links")),
            "attributes": attributes,
        }
    measures = parts["measureList"]
    read["measureList"] = {
        "id": "MeasureDescriptor",
        **take(measures, ("annotations", "links")),
        "measures": [_component_3_1(measures["primaryMeasure"], OBS_VALUE)],
    }
    return {"dataStructureComponents": read}


def _component_3_1(component: Document, identifier: str | None = None) -> Document:
    read = {
        **take(component, _IDENTIFIED),
        "conceptIdentity": from_2_1(component["conceptIdentity"]),
        **representation_3_1(component.get("localRepresentation")),
    }
    if component.get("conceptRoles"):
        read["conceptRoles"] = [from_2_1(role) for role in component["conceptRoles"]]
    read["id"] = identifier or id_of_component(read)
    return read


def _dimension_list_3_1(document: Document, listed: Document) -> Document:
    if listed.get("measureDimensions"):
        _refuse(document, "MeasureDimension")
    ordered = sorted(
        enumerate(listed.get("dimensions", []), 1), key=lambda one: one[1].get("position", one[0])
    )
    read = {
        "id": "DimensionDescriptor",
        **take(listed, ("annotations", "links")),
        "dimensions": [
            _component_3_1(one) | {"position": position}
            for position, (_, one) in enumerate(ordered, 1)
        ],
    }
    for time in listed.get("timeDimensions", [])[:1]:
        text = time.get("localRepresentation", {}).get("textFormat", {})
        read["timeDimension"] = {
            **take(time, ("annotations", "links")),
            "id": "TIME_PERIOD",
            "conceptIdentity": from_2_1(time["conceptIdentity"]),
            "localRepresentation": {
                "format": {
                    "dataType": text.get("textType", "ObservationalTimePeriod"),
                    **take(text, _TIME_FACETS),
                }
            },
        }
    return read


def _attribute_3_1(attribute: Document, groups: list[Document]) -> Document:
    read = _component_3_1(attribute) | {
        "usage": _USAGE[attribute.get("assignmentStatus", "Conditional")],
        "attributeRelationship": _relationship_3_1(attribute["attributeRelationship"], groups),
    }
    if read["id"] == YEAR_START:
        read["localRepresentation"] = {"format": {"dataType": "MonthDay"}, "maxOccurs": 1}
    return read


def _relationship_3_1(relationship: Document, groups: list[Document]) -> Document:
    """Read what an attribute is attached to; groups beside dimensions add theirs."""
    if "none" in relationship:
        return {"dataflow": {}}
    if "primaryMeasure" in relationship:
        return {"observation": {}}
    if "dimensions" not in relationship:
        return {"group": relationship["group"]}
    attached = relationship.get("attachmentGroups", ())
    more = [one for group in groups if group["id"] in attached for one in group["groupDimensions"]]
    return {"dimensions": list(dict.fromkeys((*relationship["dimensions"], *more)))}


def metadata_structure_2_1(document: Document, references: References) -> Document:
    """Write the attributes of a metadata structure as the one report of its one target."""
    parts = document.get("metadataStructureComponents")
    listed = parts.get("metadataAttributeList") if parts else None
    if not listed:
        return {}
    target = {
        "id": METADATA_TARGET,
        "identifiableObjectTargets": [
            {
                "id": TARGET_OBJECT,
                "objectType": "Any",
                "localRepresentation": {"textFormat": {"textType": "IdentifiableReference"}},
            }
        ],
    }
    report = {
        "id": REPORT,
        **take(listed, ("annotations", "links")),
        "metadataAttributes": [
            _metadata_attribute_2_1(one, references) for one in listed["metadataAttributes"]
        ],
        "metadataTargets": [
            urn_2_1(
                "MetadataTarget",
                document["agencyID"],
                document["id"],
                document.get("version", "1.0"),
                METADATA_TARGET,
            )
        ],
    }
    return {
        "metadataStructureComponents": {"metadataTargets": [target], "reportStructures": [report]}
    }


def _metadata_attribute_2_1(attribute: Document, references: References) -> Document:
    below = attribute.get("metadataAttributes")
    return {
        "id": id_of_component(attribute),
        **take(attribute, ("annotations", "links", "minOccurs", "maxOccurs", "isPresentational")),
        "conceptIdentity": references.translate(attribute["conceptIdentity"]),
        **representation_2_1(attribute.get("localRepresentation"), references, simple=False),
        **(
            {"metadataAttributes": [_metadata_attribute_2_1(one, references) for one in below]}
            if below
            else {}
        ),
    }


def metadata_structure_3_1(document: Document) -> Document:
    """Read the attributes of all reports; which targets they have is the metadataflow's to say.

    Raises:
        InvalidArtefactError: two reports have attributes of the same id.
    """
    parts = document.get("metadataStructureComponents")
    if parts is None:
        return {}
    reports = parts["reportStructures"]
    read = [
        _metadata_attribute_3_1(one) for report in reports for one in report["metadataAttributes"]
    ]
    ids = [one["id"] for one in read]
    repeated = sorted({one for one in ids if ids.count(one) > 1})
    if repeated:
        names = ", ".join(repeated)
        raise InvalidArtefactError(
            f"{document.get('id')}: reports that share attributes ({names}) cannot be one list.",
            f"{document.get('id')}: los informes comparten atributos ({names}), no caben en una.",
        )
    listed = {
        "id": "MetadataAttributeDescriptor",
        **take(reports[0], ("annotations", "links")),
        "metadataAttributes": read,
    }
    return {"metadataStructureComponents": {"metadataAttributeList": listed}}


def _metadata_attribute_3_1(attribute: Document) -> Document:
    below = attribute.get("metadataAttributes")
    read = _component_3_1(attribute) | take(
        attribute, ("minOccurs", "maxOccurs", "isPresentational")
    )
    return read | (
        {"metadataAttributes": [_metadata_attribute_3_1(one) for one in below]} if below else {}
    )


def _refuse(document: Document, kind: str) -> None:
    raise InvalidArtefactError(
        f"{document.get('id')}: SDMX 3.1 has no {kind}, so it cannot be kept.",
        f"{document.get('id')}: en SDMX 3.1 no hay {kind}, no se puede guardar.",
    )
