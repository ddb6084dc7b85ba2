"""Maps and processes in SDMX-ML 3.x."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, Final

from app.sdmx.artefacts import Document
from app.sdmx.messages.structure_kinds import DATA_TYPE, DAY, ID, PATH, one_of
from app.sdmx.messages.structure_ml_base import ANNOTATIONS, IDENTIFIABLE, MAINTAINABLE, NAMEABLE
from app.sdmx.messages.structure_ml_parts import Child, Children, Text, TextList, reference
from app.sdmx.messages.structure_ml_process import process_collection
from app.sdmx.messages.structure_ml_table import (
    Attribute,
    Collection,
    Content,
    Element,
    Lines,
    Member,
    Part,
    Reader,
    Shape,
    Vocabulary,
    check_of_list,
    content_of,
    one_of_these,
    refuse,
)
from app.sdmx.messages.structure_ml_text import BOOLEAN, INTEGER, TEXT, escape

_SOURCE: Final = Text("source", "str:Source", ID)
_TARGET: Final = Text("target", "str:Target", ID)
_VALIDITY: Final = (Attribute("validFrom", kind=DAY), Attribute("validTo", kind=DAY))
_MAPPED_VALUE: Final = Shape(
    Attribute("isRegEx", kind=BOOLEAN),
    Attribute("startIndex", kind=INTEGER),
    Attribute("endIndex", kind=INTEGER),
    Content("value"),
)


@dataclass(frozen=True, slots=True)
class _MappedComponents(Part):
    """Pairs of a source and a target, which XML has one after the other."""

    def members(self) -> Mapping[str, Member]:
        pair = Shape(replace(_SOURCE, required=True), replace(_TARGET, required=True))
        return {"mappedComponents": Member(check_of_list(pair.check), required=True)}

    def write(self, document: Mapping[str, Any], out: list[str]) -> None:
        for pair in document.get("mappedComponents", ()):
            _SOURCE.write(pair, out)
            _TARGET.write(pair, out)

    def readers(self, vocabulary: Vocabulary) -> Mapping[str, Reader]:
        return {
            vocabulary.tag("str:Source"): self._read_source,
            vocabulary.tag("str:Target"): self._read_target,
        }

    def _read_source(self, element: Element, document: Document, vocabulary: Vocabulary) -> None:
        del vocabulary
        source = content_of(element).strip()
        document.setdefault("mappedComponents", []).append({"source": source})

    def _read_target(self, element: Element, document: Document, vocabulary: Vocabulary) -> None:
        del vocabulary
        pairs = document.get("mappedComponents")
        if not pairs or "target" in pairs[-1]:
            raise refuse(element, "it follows no Source.", "no sigue a un Source.")
        pairs[-1]["target"] = content_of(element).strip()


@dataclass(frozen=True, slots=True)
class _Mapped(Part):
    """The sides of a representation map: code lists and data types in one list.

    Attributes:
        key: the key in JSON.
        name: what the elements begin with, `str:Source`.
    """

    key: str
    name: str

    def members(self) -> Mapping[str, Member]:
        side = Shape(
            reference("codelist", "", "Codelist", "ValueList"),
            Text("dataType", "", DATA_TYPE),
            rules=(one_of_these("codelist", "dataType"),),
        )
        return {self.key: Member(check_of_list(side.check), required=True)}

    def write(self, document: Mapping[str, Any], out: list[str]) -> None:
        for mapped in document.get(self.key, ()):
            for key, ending in (("codelist", "Codelist"), ("dataType", "DataType")):
                if key in mapped:
                    tag = f"{self.name}{ending}"
                    out.append(f"<{tag}>{escape(mapped[key])}</{tag}>")

    def readers(self, vocabulary: Vocabulary) -> Mapping[str, Reader]:
        def reader(key: str) -> Reader:
            def read(element: Element, document: Document, vocabulary: Vocabulary) -> None:
                del vocabulary
                document.setdefault(self.key, []).append({key: content_of(element).strip()})

            return read

        return {
            vocabulary.tag(f"{self.name}Codelist"): reader("codelist"),
            vocabulary.tag(f"{self.name}DataType"): reader("dataType"),
        }


def _sides(*classes: str) -> Lines:
    return (
        reference("source", "str:Source", *classes, required=True),
        reference("target", "str:Target", *classes, required=True),
    )


def _scheme_map(key: str, within: str, name: str, *classes: str) -> Collection:
    item_map = Shape(
        *_VALIDITY,
        ANNOTATIONS,
        Child("sourceValue", "str:SourceValue", _MAPPED_VALUE, required=True),
        Text("targetValue", "str:TargetValue"),
    )
    maps = Children("itemMaps", "str:ItemMap", item_map)
    shape = Shape(*MAINTAINABLE, *_sides(*classes), maps)
    return Collection(key, within, name, shape)


_DATE_MAP: Final = (
    *IDENTIFIABLE,
    Attribute("resolvePeriod", kind=one_of("startOfPeriod", "endOfPeriod", "midPeriod")),
    _MappedComponents(),
    Text("frequencyDimension", "str:FrequencyDimension", ID),
    TextList("mappedFrequencies", "str:MappedFrequencies", ID),
    Text("targetFrequencyID", "str:TargetFrequencyID", ID),
)
_FREQUENCY: Final = one_of_these("frequencyDimension", "targetFrequencyID")
_EPOCH: Final = one_of("nanosecond", "millisecond", "microsecond", "second", "day")
STRUCTURE_MAP: Final = Shape(
    *MAINTAINABLE,
    *_sides("DataStructure", "Dataflow", "MetadataStructure", "Metadataflow"),
    Children(
        "epochMaps",
        "str:EpochMap",
        Shape(
            *_DATE_MAP,
            Attribute("basePeriod", required=True),
            Attribute("epochPeriod", kind=_EPOCH, required=True),
            rules=(_FREQUENCY,),
        ),
    ),
    Children(
        "datePatternMaps",
        "str:DatePatternMap",
        Shape(
            *_DATE_MAP,
            Attribute("sourcePattern", required=True),
            Attribute("locale", required=True),
            rules=(_FREQUENCY,),
        ),
    ),
    Children(
        "frequencyFormatMappings",
        "str:FrequencyFormatMapping",
        Shape(
            *IDENTIFIABLE,
            Text("frequencyId", "str:FrequencyId", ID, required=True),
            Text("datePattern", "str:DatePattern", required=True),
        ),
    ),
    Children(
        "componentMaps",
        "str:ComponentMap",
        Shape(
            ANNOTATIONS,
            TextList("source", "str:Source", ID, required=True),
            TextList("target", "str:Target", ID, required=True),
            reference("representationMap", "str:RepresentationMap", "RepresentationMap"),
        ),
    ),
    Children(
        "fixedValueMaps",
        "str:FixedValueMap",
        Shape(
            ANNOTATIONS,
            _SOURCE,
            _TARGET,
            TextList("values", "str:Value", TEXT),
            rules=(one_of_these("source", "target"),),
        ),
    ),
)
"""A map between two structures or flows."""

REPRESENTATION_MAP: Final = Shape(
    *MAINTAINABLE,
    _Mapped("source", "str:Source"),
    _Mapped("target", "str:Target"),
    Children(
        "representationMappings",
        "str:RepresentationMapping",
        Shape(
            *_VALIDITY,
            ANNOTATIONS,
            Children("sourceValues", "str:SourceValue", _MAPPED_VALUE, required=True),
            TextList("targetValues", "str:TargetValue", TEXT),
        ),
    ),
)
"""A map between the values of code lists and types."""

MAPS: Final = (
    Collection("structureMaps", "str:StructureMaps", "str:StructureMap", STRUCTURE_MAP),
    Collection(
        "representationMaps",
        "str:RepresentationMaps",
        "str:RepresentationMap",
        REPRESENTATION_MAP,
    ),
    _scheme_map(
        "conceptSchemeMaps", "str:ConceptSchemeMaps", "str:ConceptSchemeMap", "ConceptScheme"
    ),
    _scheme_map(
        "categorySchemeMaps", "str:CategorySchemeMaps", "str:CategorySchemeMap", "CategoryScheme"
    ),
    _scheme_map(
        "organisationSchemeMaps",
        "str:OrganisationSchemeMaps",
        "str:OrganisationSchemeMap",
        *("AgencyScheme", "DataConsumerScheme", "DataProviderScheme", "MetadataProviderScheme"),
        "OrganisationUnitScheme",
    ),
    _scheme_map(
        "reportingTaxonomyMaps",
        "str:ReportingTaxonomyMaps",
        "str:ReportingTaxonomyMap",
        "ReportingTaxonomy",
    ),
    process_collection(
        MAINTAINABLE,
        NAMEABLE,
        IDENTIFIABLE,
        ANNOTATIONS,
        object_reference=reference("objectReference", "str:ObjectReference", required=True),
        target_step=Text("targetStep", "str:TargetStep", PATH, required=True),
    ),
)
"""The collections of this room."""
