"""Objects of the information model of SDMX 2.1, read as artefacts of SDMX 3.1.

What 3.1 does not have is refused with the name of its kind; what it has no place for, as the flag
of being final, is left out (docs/reference/sdmx-2.1.md).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from types import MappingProxyType
from typing import Final, TypeAlias

from app.errors import InvalidArtefactError
from app.sdmx.artefact_classes import CLASS_BY_COLLECTION, CLASS_BY_NAME
from app.sdmx.artefacts import Artefact, Document
from app.sdmx.model_2_1 import COLLECTIONS, COMMON, DIMENSION_CONSTRAINT, VTL, without
from app.sdmx.model_2_1_components import data_structure_3_1, metadata_structure_3_1
from app.sdmx.model_2_1_constraints import content_constraint_3_1, is_of_metadata, metadata_twin
from app.sdmx.model_2_1_maps import structure_set_3_1
from app.sdmx.model_2_1_references import any_of_class, from_2_1, take, urn_2_1
from app.sdmx.model_2_1_schemes import hierarchies_3_1, items_3_1, process_3_1
from app.sdmx.structures import AGREEMENT_TERM
from app.sdmx.urn import parse_urn


def read_2_1(model: Mapping[str, list[Document]]) -> list[Artefact]:
    """Read objects of 2.1 as artefacts of 3.1.

    Raises:
        InvalidArtefactError: an object is of a kind that 3.1 does not have, or is not well formed.
    """
    read: dict[str, tuple[bool, Artefact]] = {}
    targets = _targets(model)
    for collection, documents in model.items():
        for document in documents:
            for class_name, own, found in _read_one(collection, document, targets):
                artefact = Artefact.read(CLASS_BY_NAME[class_name], found)
                _keep(read, artefact, own=own)
    artefacts = [artefact for _, artefact in read.values()]
    return [*artefacts, *_metadata_providers(artefacts)]


def _keep(read: dict[str, tuple[bool, Artefact]], artefact: Artefact, *, own: bool) -> None:
    """Keep an artefact; the whole of a map counts more than what others say of it."""
    known = read.get(artefact.urn)
    if known is None or (own and not known[0]):
        read[artefact.urn] = own, artefact
    elif own == known[0] and known[1].document != artefact.document:
        raise InvalidArtefactError(
            f"{artefact} is there twice, with different content.",
            f"{artefact} está dos veces, con contenido diferente.",
            urn=artefact.urn,
        )


_Read: TypeAlias = Iterator[tuple[str, bool, Document]]


def _read_one(collection: str, document: Document, targets: Mapping[str, list[str]]) -> _Read:
    """Read one object: the class, whether this is all of the artefact, and its document."""
    with _well_formed(collection, document):
        yield from _reading(collection, document, targets)


@contextmanager
def _well_formed(collection: str, document: Document) -> Iterator[None]:
    """Say of which object it is that what is expected is not there, or is something else."""
    try:
        yield
    except (AttributeError, IndexError, KeyError, RecursionError, TypeError) as error:
        name = str(document.get("id", ""))[:40]
        # Only a property that is not there has a name that whoever wrote the message knows.
        en, es = "", ""
        if isinstance(error, KeyError):
            missing = str(error.args[0])[:80]
            en, es = f"; {missing} is missing or not known", f"; {missing} falta o no se conoce"
        raise InvalidArtefactError(
            f"{collection} {name}: it does not have the form of SDMX 2.1{en}.",
            f"{collection} {name}: no tiene la forma de SDMX 2.1{es}.",
        ) from None


def _reading(collection: str, document: Document, targets: Mapping[str, list[str]]) -> _Read:
    common = {"version": "1.0"} | take(document, COMMON)
    if collection == "hierarchicalCodelists":
        for hierarchy in hierarchies_3_1(document, common):
            yield "Hierarchy", True, hierarchy
    elif collection == "structureSets":
        yield from structure_set_3_1(document, common)
    elif collection == "contentConstraints":
        name = "MetadataConstraint" if is_of_metadata(document) else "DataConstraint"
        yield name, True, common | content_constraint_3_1(document)
    elif collection == "provisionAgreements":
        yield _agreement_3_1(document, _with_terms(common))
    elif collection == "metadataflows":
        found = targets.get(document.get("structure", ""))
        yield (
            "Metadataflow",
            True,
            common | _used_3_1(document) | ({"targets": found} if found else {}),
        )
    else:
        yield _same_class(collection, document, common)


def _same_class(
    collection: str, document: Document, common: Document
) -> tuple[str, bool, Document]:
    kind = CLASS_BY_COLLECTION.get(collection)
    if kind is None or collection not in COLLECTIONS.values():
        raise InvalidArtefactError(
            f"{collection}: SDMX 3.1 has no such artefacts, so they cannot be kept.",
            f"{collection}: en SDMX 3.1 no hay tales artefactos, no se pueden guardar.",
        )
    if collection in VTL:
        own = without(document, (*COMMON, "isFinal"))
    elif kind.name in _READERS:
        own = _READERS[kind.name](document)
    else:
        own = items_3_1(document, kind)
    whole = common | own
    return kind.name, True, whole if whole.get("annotations") else without(whole, ("annotations",))


def _used_3_1(document: Document) -> Document:
    return {"structure": from_2_1(document["structure"])} if document.get("structure") else {}


def _dataflow_3_1(document: Document) -> Document:
    """Read a dataflow, with the dimensions that an annotation says its data have."""
    annotations = document.get("annotations", [])
    told = [one for one in annotations if one.get("type") == DIMENSION_CONSTRAINT]
    if not told:
        return _used_3_1(document)
    return {
        **_used_3_1(document),
        "annotations": [one for one in annotations if one not in told],
        "dimensionConstraint": told[0]["title"].split(),
    }


def _categorisation_3_1(document: Document) -> Document:
    return {key: from_2_1(document[key]) for key in ("source", "target") if document.get(key)}


def _with_terms(common: Document) -> Document:
    """Give the terms of an agreement their values, which stand in the titles in 2.1."""
    if not common.get("annotations"):
        return common
    return common | {"annotations": [_term(one) for one in common["annotations"]]}


def _term(annotation: Document) -> Document:
    if annotation.get("type") != AGREEMENT_TERM or "title" not in annotation:
        return annotation
    return without(annotation, ("title",)) | {"value": annotation["title"]}


def _agreement_3_1(document: Document, common: Document) -> tuple[str, bool, Document]:
    usage, provider = document.get("structureUsage"), document.get("dataProvider")
    if not usage or not provider:
        return "ProvisionAgreement", True, common
    if parse_urn(usage).class_name == "Metadataflow":
        ends = {"metadataflow": usage, "metadataProvider": metadata_twin(provider)}
        return "MetadataProvisionAgreement", True, common | ends
    ends = {"dataflow": from_2_1(usage), "dataProvider": from_2_1(provider)}
    return "ProvisionAgreement", True, common | ends


_READERS: Final[Mapping[str, Callable[[Document], Document]]] = MappingProxyType(
    {
        "Categorisation": _categorisation_3_1,
        "DataStructure": data_structure_3_1,
        "Dataflow": _dataflow_3_1,
        "MetadataStructure": metadata_structure_3_1,
        "Process": process_3_1,
    }
)


def _targets(model: Mapping[str, list[Document]]) -> dict[str, list[str]]:
    """What each metadata structure, by its URN, says that its reports are about."""
    found: dict[str, list[str]] = {}
    for document in model.get("metadataStructures", []):
        with _well_formed("metadataStructures", document):
            parts = document.get("metadataStructureComponents") or {}
            kinds = [
                one.get("objectType", "Any")
                for target in parts.get("metadataTargets", [])
                for one in target.get("identifiableObjectTargets", [])
            ]
            agency, name = str(document.get("agencyID")), str(document.get("id"))
            version = str(document.get("version", "1.0"))
            urn = urn_2_1("MetadataStructure", agency, name, version)
            found[urn] = list(dict.fromkeys(any_of_class(kind) for kind in kinds))
    return found


def _metadata_providers(artefacts: Iterable[Artefact]) -> Iterator[Artefact]:
    """The providers that agreements on metadataflows name, in a scheme of their own.

    2.1 has one scheme for both; they stay in that of data providers too.
    """
    listed = list(artefacts)
    named = {
        one.document.get("metadataProvider", "")
        for one in listed
        if one.artefact_class.name == "MetadataProvisionAgreement"
    }
    for scheme in listed:
        if scheme.artefact_class.name != "DataProviderScheme":
            continue
        place = scheme.agency, "METADATA_PROVIDERS", scheme.version.text
        with _well_formed("dataProviderSchemes", scheme.document):
            items = [
                item
                for item in scheme.document.get("dataProviders", [])
                if urn_2_1("MetadataProvider", *place, item["id"]) in named
            ]
        if items:
            whole = without(scheme.document, ("dataProviders",))
            document = whole | {"id": place[1], "metadataProviders": items}
            yield Artefact.read(CLASS_BY_NAME["MetadataProviderScheme"], document)
