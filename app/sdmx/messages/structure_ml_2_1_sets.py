"""Structure sets in SDMX-ML 2.1: maps between schemes, code lists and structures."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from app.sdmx.artefacts import Document
from app.sdmx.messages.structure_ml_2_1_parts import (
    ANNOTATIONS,
    MAINTAINABLE,
    NAMEABLE,
    TEXT_FORMAT,
    LocalRef,
    Ref,
    Refused,
    local_id,
    read_local,
)
from app.sdmx.messages.structure_ml_parts import Child, Children, Skipped, Text
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

# The list that a component stands in, and what `Ref` calls its class.
_CONTAINERS: Final[Mapping[str, tuple[str, str]]] = {
    "Dimension": ("DimensionDescriptor", "Dimension"),
    "TimeDimension": ("DimensionDescriptor", "TimeDimension"),
    "DataAttribute": ("AttributeDescriptor", "Attribute"),
    "PrimaryMeasure": ("MeasureDescriptor", "PrimaryMeasure"),
}


@dataclass(frozen=True, slots=True)
class _Component(Part):
    """A component of the mapped structure; `Ref` names the list that it stands in.

    Attributes:
        key: the key in the object, whose value is a URN.
        name: the element.
    """

    key: str
    name: str

    def write(self, document: Mapping[str, Any], out: list[str]) -> None:
        urn = document[self.key]
        container, kind = _CONTAINERS[parse_urn(urn).class_name]
        out.append(
            f'<{self.name}><Ref id="{quote(local_id(urn))}" containerID="{container}" '
            f'package="datastructure" class="{kind}"/></{self.name}>'
        )

    def readers(self, vocabulary: Vocabulary) -> Mapping[str, Reader]:
        return {vocabulary.tag(self.name): self._read}

    def _read(self, element: Element, document: Document, vocabulary: Vocabulary) -> None:
        del vocabulary
        document[self.key] = read_local(element)


def _scheme_map(key: str, name: str, pairs: str, pair: str, scheme: str) -> Children:
    shape = Shape(
        *NAMEABLE,
        Ref("source", "str:Source", scheme),
        Ref("target", "str:Target", scheme),
        Children(
            pairs,
            pair,
            Shape(ANNOTATIONS, LocalRef("source", "str:Source"), LocalRef("target", "str:Target")),
        ),
    )
    return Children(key, name, shape)


_VALUE_MAP: Final = Shape(
    Children("valueMappings", "str:ValueMapping", Shape(Attribute("source"), Attribute("target")))
)
_STRUCTURE_MAP: Final = Shape(
    *NAMEABLE,
    Attribute("isExtension", kind=BOOLEAN),
    Ref("source", "str:Source"),
    Ref("target", "str:Target"),
    Children(
        "componentMaps",
        "str:ComponentMap",
        Shape(
            ANNOTATIONS,
            _Component("source", "str:Source"),
            _Component("target", "str:Target"),
            Child(
                "representationMapping",
                "str:RepresentationMapping",
                Shape(
                    LocalRef("codelistMap", "str:CodelistMap"),
                    Child("toTextFormat", "str:ToTextFormat", TEXT_FORMAT),
                    Text("toValueType", "str:ToValueType"),
                    Child("valueMap", "str:ValueMap", _VALUE_MAP),
                ),
            ),
        ),
    ),
)

STRUCTURE_SETS: Final = Collection(
    "structureSets",
    "str:StructureSets",
    "str:StructureSet",
    Shape(
        *MAINTAINABLE,
        Skipped(("str:RelatedStructure",)),
        _scheme_map(
            "organisationSchemeMaps",
            "str:OrganisationSchemeMap",
            "organisationMaps",
            "str:OrganisationMap",
            "",
        ),
        _scheme_map(
            "categorySchemeMaps",
            "str:CategorySchemeMap",
            "categoryMaps",
            "str:CategoryMap",
            "CategoryScheme",
        ),
        _scheme_map("codelistMaps", "str:CodelistMap", "codeMaps", "str:CodeMap", "Codelist"),
        _scheme_map(
            "conceptSchemeMaps",
            "str:ConceptSchemeMap",
            "conceptMaps",
            "str:ConceptMap",
            "ConceptScheme",
        ),
        _scheme_map(
            "reportingTaxonomyMaps",
            "str:ReportingTaxonomyMap",
            "reportingCategoryMaps",
            "str:ReportingCategoryMap",
            "ReportingTaxonomy",
        ),
        Refused(("str:HybridCodelistMap",)),
        Children("structureMaps", "str:StructureMap", _STRUCTURE_MAP),
    ),
)
"""Structure sets."""
