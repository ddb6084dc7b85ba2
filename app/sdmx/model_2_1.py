"""Artefacts of SDMX 3.1 as the information model of SDMX 2.1 knows them, and back.

The documents of 2.1 have the shape of SDMX-JSON 1.0 structure messages, whose 19 collections are
here, and the VTL schemes, which only SDMX-ML 2.1 has. What 2.1 cannot say is left out, as
docs/reference/sdmx-2.1.md tells for each class.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from types import MappingProxyType
from typing import Any, Final, TypeAlias

from app.sdmx.artefact_classes import CLASS_BY_NAME
from app.sdmx.artefact_set import ArtefactSet
from app.sdmx.artefacts import Artefact, Document
from app.sdmx.model_2_1_components import (
    data_structure_2_1,
    metadata_structure_2_1,
)
from app.sdmx.model_2_1_constraints import (
    availability_2_1,
    data_constraint_2_1,
    metadata_constraint_2_1,
)
from app.sdmx.model_2_1_maps import (
    ITEM_MAPS,
    codelist_map_2_1,
    item_map_2_1,
    structure_map_2_1,
)
from app.sdmx.model_2_1_references import (
    NAMED,
    References,
    take,
)
from app.sdmx.model_2_1_schemes import (
    CODELISTS,
    codelist_2_1,
    hierarchy_2_1,
    items_2_1,
    process_2_1,
)

Model: TypeAlias = dict[str, list[Document]]
"""Objects of 2.1 by their collection."""

COMMON: Final = (
    *NAMED,
    "agencyID",
    "version",
    "isExternalReference",
    "validFrom",
    "validTo",
    "isPartial",
)
"""What every maintainable object has in both models."""

VTL: Final = (
    "customTypeSchemes",
    "vtlMappingSchemes",
    "namePersonalisationSchemes",
    "rulesetSchemes",
    "transformationSchemes",
    "userDefinedOperatorSchemes",
)
"""The collections of 2.1 that are the same in 3.1, and that SDMX-JSON 1.0 does not have."""

COLLECTIONS: Final[Mapping[str, str]] = MappingProxyType(
    {
        **{one.name: one.collection for one in CLASS_BY_NAME.values()},
        **dict.fromkeys(CODELISTS, "codelists"),
        "Hierarchy": "hierarchicalCodelists",
        "MetadataProviderScheme": "dataProviderSchemes",
        "MetadataProvisionAgreement": "provisionAgreements",
        "DataConstraint": "contentConstraints",
        "MetadataConstraint": "contentConstraints",
        **dict.fromkeys(("StructureMap", "RepresentationMap", *ITEM_MAPS), "structureSets"),
    }
)
"""The collection of 2.1 that artefacts of each class of 3.1 stand in."""

COLLECTION_CLASSES: Final[Mapping[str, str]] = MappingProxyType(
    {
        **{one.collection: one.name for one in CLASS_BY_NAME.values()},
        "hierarchicalCodelists": "HierarchicalCodelist",
        "structureSets": "StructureSet",
        "contentConstraints": "ContentConstraint",
    }
)
"""The class of 2.1 whose objects stand in each collection."""

DIMENSION_CONSTRAINT: Final = "DIMENSION_CONSTRAINT"
"""The type of the annotation that names the dimensions of a dataflow, where it has not all."""

_MERGED: Final = ("dataProviderSchemes", "structureSets")
_WITHOUT_ANNOTATIONS: Final = frozenset({"descriptions", "links", "names"})
_AGREEMENTS: Final = ("ProvisionAgreement", "MetadataProvisionAgreement")
_NO_COUNTERPART: Final = frozenset({"HierarchyAssociation"})


def to_2_1(
    artefacts: Iterable[Artefact],
    *,
    registry: ArtefactSet | None = None,
    availability: Iterable[Mapping[str, Any]] = (),
) -> Model:
    """Translate artefacts into objects of 2.1, by collection.

    Args:
        artefacts: artefacts of 3.1, extensions of codelists resolved.
        registry: where their references lead; the artefacts themselves if None.
        availability: availability constraints as objects of 3.1.
    """
    listed = list(artefacts)
    references = References(ArtefactSet(listed) if registry is None else registry)
    model: Model = {}
    for artefact in listed:
        document = _translate(artefact, references)
        if document is not None:
            collection = COLLECTIONS[artefact.artefact_class.name]
            _add(model.setdefault(collection, []), document, merge=collection in _MERGED)
    actual = [availability_2_1(one, references) for one in availability]
    if actual:
        model.setdefault("contentConstraints", []).extend(actual)
    return {key: documents for key, documents in model.items() if documents}


def has_counterpart(artefact: Artefact) -> bool:
    """Whether 2.1 can know of an artefact: not of drafts, nor of classes that came later."""
    return not artefact.version.extension and artefact.artefact_class.name not in _NO_COUNTERPART


def _translate(artefact: Artefact, references: References) -> Document | None:
    name = artefact.artefact_class.name
    if not has_counterpart(artefact):
        return None
    own = _own_parts(artefact, references)
    if own is None:
        return None
    common = take(artefact.document, COMMON)
    if name == "MetadataProviderScheme":
        common["id"] = "DATA_PROVIDERS"
    version, final = artefact.version.text, artefact.stable
    whole = common | {"version": version, "isFinal": final} | own
    return _annotated(whole)


def _own_parts(artefact: Artefact, references: References) -> Document | None:
    """What a document of 2.1 has beside its identification; None if it has no counterpart."""
    name, document = artefact.artefact_class.name, artefact.document
    if name in _AGREEMENTS:
        # 2.1 demands the parts of an agreement even where it is shown as a stub.
        document = (references.find(artefact.urn) or artefact).document
    if name in CODELISTS:
        return codelist_2_1(artefact, references)
    if name in ITEM_MAPS:
        return item_map_2_1(document, name, references)
    if name in _WRITERS:
        return _WRITERS[name](document, references)
    if artefact.artefact_class.collection in VTL:
        written: Document = _referring(
            without(document, (*COMMON, "isPartialLanguage")), references
        )
        return written
    if artefact.artefact_class.is_item_scheme:
        return items_2_1(artefact, references)
    return {}


def _add(documents: list[Document], document: Document, *, merge: bool) -> None:
    """Add an object; where several artefacts make one object of 2.1, put their parts together."""
    listed = documents if merge else ()
    same = next((one for one in listed if _identity(one) == _identity(document)), None)
    if same is None:
        documents.append(document)
        return
    for key, value in document.items():
        if key in same and isinstance(value, list) and key not in ("annotations", "links"):
            ids = {part["id"] for part in same[key]}
            same[key] = [*same[key], *(part for part in value if part["id"] not in ids)]
        else:
            same.setdefault(key, value)


def _identity(document: Document) -> tuple[str, str, str]:
    return document["agencyID"], document["id"], document["version"]


def _annotated(part: Document) -> Document:
    """Put the value of annotations, which 2.1 does not have, in the place of their title."""
    changed: Document = {}
    for key, value in part.items():
        if key == "annotations":
            changed[key] = [_annotation(one) for one in value]
        elif key not in _WITHOUT_ANNOTATIONS:
            if isinstance(value, dict):
                changed[key] = _annotated(value)
            elif isinstance(value, list):
                changed[key] = [_annotated(one) if isinstance(one, dict) else one for one in value]
    return part | changed if changed else part


def _annotation(annotation: Document) -> Document:
    written = without(annotation, ("value",))
    if "value" in annotation:
        written.setdefault("title", annotation["value"])
    return written


def without(document: Document, keys: Iterable[str]) -> Document:
    """The document without these properties."""
    left_out = frozenset(keys)
    return {key: value for key, value in document.items() if key not in left_out}


def _referring(part: Any, references: References) -> Any:  # noqa: ANN401
    """Write every reference in a part whose shape is the same in both models."""
    if isinstance(part, dict):
        return {key: _referring(value, references) for key, value in part.items()}
    if isinstance(part, list):
        return [_referring(value, references) for value in part]
    if isinstance(part, str) and part.startswith("urn:sdmx:"):
        return references.translate(part) or part
    return part


def _used_2_1(document: Document, references: References) -> Document:
    """Write the structure that a flow uses."""
    if "structure" not in document:
        return {}
    return {"structure": references.translate(document["structure"])}


def _dataflow_2_1(document: Document, references: References) -> Document:
    """Write a dataflow; the dimensions that its data have, if not all, are told beside it."""
    written = _used_2_1(document, references)
    dimensions = document.get("dimensionConstraint")
    if dimensions:
        told = {"type": DIMENSION_CONSTRAINT, "title": " ".join(dimensions)}
        written["annotations"] = [*document.get("annotations", ()), told]
    return written


def _categorisation_2_1(document: Document, references: References) -> Document | None:
    if "source" not in document:
        return {}
    ends = {key: references.translate(document[key]) for key in ("source", "target")}
    return None if None in ends.values() else ends


def _agreement_2_1(document: Document, references: References) -> Document:
    usage = document.get("dataflow", document.get("metadataflow"))
    provider = document.get("dataProvider", document.get("metadataProvider"))
    if usage is None or provider is None:
        return {}
    return {
        "structureUsage": references.translate(usage),
        "dataProvider": references.translate(provider),
    }


_WRITERS: Final[Mapping[str, Callable[[Document, References], Document | None]]] = MappingProxyType(
    {
        "Categorisation": _categorisation_2_1,
        "DataConstraint": data_constraint_2_1,
        "DataStructure": data_structure_2_1,
        "Dataflow": _dataflow_2_1,
        "Hierarchy": hierarchy_2_1,
        "MetadataConstraint": metadata_constraint_2_1,
        "MetadataProvisionAgreement": _agreement_2_1,
        "MetadataStructure": metadata_structure_2_1,
        "Metadataflow": _used_2_1,
        "Process": process_2_1,
        "ProvisionAgreement": _agreement_2_1,
        "RepresentationMap": codelist_map_2_1,
        "StructureMap": structure_map_2_1,
    }
)
