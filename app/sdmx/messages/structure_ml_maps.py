"""Maps and processes in SDMX-ML 3.x."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from app.sdmx.artefacts import Document
from app.sdmx.messages.structure_ml_base import ANNOTATIONS, IDENTIFIABLE, MAINTAINABLE, NAMEABLE
from app.sdmx.messages.structure_ml_parts import Child, Children, Text, TextList, reference
from app.sdmx.messages.structure_ml_process import process_collection
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
    refuse,
)
from app.sdmx.messages.structure_ml_text import BOOLEAN, DATE, INTEGER, TEXT, escape

_SOURCE: Final = reference("source", "str:Source")
_TARGET: Final = reference("target", "str:Target")
_VALIDITY: Final = (Attribute("validFrom", kind=DATE), Attribute("validTo", kind=DATE))
_MAPPED_VALUE: Final = Shape(
    Attribute("isRegEx", kind=BOOLEAN),
    Attribute("startIndex", kind=INTEGER),
    Attribute("endIndex", kind=INTEGER),
    Content("value"),
)


@dataclass(frozen=True, slots=True)
class _MappedComponents(Part):
    """Pairs of a source and a target, which XML has one after the other."""

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


def _scheme_map(key: str, within: str, name: str) -> Collection:
    item_map = Shape(
        *_VALIDITY,
        ANNOTATIONS,
        Child("sourceValue", "str:SourceValue", _MAPPED_VALUE),
        Text("targetValue", "str:TargetValue"),
    )
    shape = Shape(*MAINTAINABLE, _SOURCE, _TARGET, Children("itemMaps", "str:ItemMap", item_map))
    return Collection(key, within, name, shape)


_DATE_MAP: Final = (
    *IDENTIFIABLE,
    Attribute("resolvePeriod"),
    _MappedComponents(),
    reference("frequencyDimension", "str:FrequencyDimension"),
    TextList("mappedFrequencies", "str:MappedFrequencies"),
    reference("targetFrequencyID", "str:TargetFrequencyID"),
)
STRUCTURE_MAP: Final = Shape(
    *MAINTAINABLE,
    _SOURCE,
    _TARGET,
    Children(
        "epochMaps",
        "str:EpochMap",
        Shape(*_DATE_MAP, Attribute("basePeriod"), Attribute("epochPeriod")),
    ),
    Children(
        "datePatternMaps",
        "str:DatePatternMap",
        Shape(*_DATE_MAP, Attribute("sourcePattern"), Attribute("locale")),
    ),
    Children(
        "frequencyFormatMappings",
        "str:FrequencyFormatMapping",
        Shape(
            *IDENTIFIABLE,
            reference("frequencyId", "str:FrequencyId"),
            Text("datePattern", "str:DatePattern"),
        ),
    ),
    Children(
        "componentMaps",
        "str:ComponentMap",
        Shape(
            ANNOTATIONS,
            TextList("source", "str:Source"),
            TextList("target", "str:Target"),
            reference("representationMap", "str:RepresentationMap"),
        ),
    ),
    Children(
        "fixedValueMaps",
        "str:FixedValueMap",
        Shape(ANNOTATIONS, _SOURCE, _TARGET, TextList("values", "str:Value", TEXT)),
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
            Children("sourceValues", "str:SourceValue", _MAPPED_VALUE),
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
    _scheme_map("conceptSchemeMaps", "str:ConceptSchemeMaps", "str:ConceptSchemeMap"),
    _scheme_map("categorySchemeMaps", "str:CategorySchemeMaps", "str:CategorySchemeMap"),
    _scheme_map(
        "organisationSchemeMaps", "str:OrganisationSchemeMaps", "str:OrganisationSchemeMap"
    ),
    _scheme_map("reportingTaxonomyMaps", "str:ReportingTaxonomyMaps", "str:ReportingTaxonomyMap"),
    process_collection(
        MAINTAINABLE,
        NAMEABLE,
        IDENTIFIABLE,
        ANNOTATIONS,
        object_reference=reference("objectReference", "str:ObjectReference"),
        target_step=reference("targetStep", "str:TargetStep"),
    ),
)
"""The collections of this room."""
