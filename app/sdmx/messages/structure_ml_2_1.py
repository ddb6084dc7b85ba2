"""SDMX-ML structure messages 2.1: the artefacts as SDMX 2.1 knows them.

The objects are those of `app.sdmx.model_2_1`; the tables of `structure_ml_2_1_*` say how they
stand in XML. Links are not written: 2.1 has none.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final

from app.errors import MessageError
from app.sdmx.artefact_set import ArtefactSet
from app.sdmx.artefacts import Artefact, Document
from app.sdmx.messages.structure_message import MessageHeader
from app.sdmx.messages.structure_ml_2_1_items import (
    CATEGORY_SCHEMES,
    CODELISTS,
    CONCEPT_SCHEMES,
    HIERARCHICAL_CODELISTS,
    ORGANISATIONS,
    PROCESSES,
    REPORTING_TAXONOMIES,
    VTL,
)
from app.sdmx.messages.structure_ml_2_1_sets import STRUCTURE_SETS
from app.sdmx.messages.structure_ml_2_1_structures import (
    CATEGORISATIONS,
    CONSTRAINTS,
    DATA_STRUCTURES,
    DATAFLOWS,
    METADATA_STRUCTURES,
    METADATAFLOWS,
    PROVISION_AGREEMENTS,
)
from app.sdmx.messages.structure_ml_message import Dialect, find_root, read_message, write_message
from app.sdmx.messages.structure_ml_table import Vocabulary
from app.sdmx.model_2_1 import COLLECTION_CLASSES, to_2_1
from app.sdmx.model_2_1_reading import read_2_1
from app.sdmx.model_2_1_references import urn_2_1

_ADDRESS: Final = "http://www.sdmx.org/resources/sdmxml/schemas/v2_1"

DIALECT: Final = Dialect(
    Vocabulary(
        "2.1",
        {
            "mes": f"{_ADDRESS}/message",
            "str": f"{_ADDRESS}/structure",
            "com": f"{_ADDRESS}/common",
        },
    ),
    (
        *ORGANISATIONS,
        DATAFLOWS,
        METADATAFLOWS,
        CATEGORY_SCHEMES,
        CATEGORISATIONS,
        CODELISTS,
        HIERARCHICAL_CODELISTS,
        CONCEPT_SCHEMES,
        METADATA_STRUCTURES,
        DATA_STRUCTURES,
        STRUCTURE_SETS,
        REPORTING_TAXONOMIES,
        PROCESSES,
        CONSTRAINTS,
        PROVISION_AGREEMENTS,
        *VTL,
    ),
)
"""SDMX-ML 2.1, its classes in the order of the schema."""

_OF_XML: Final = ("urn", "isFinal", "serviceURL", "structureURL")


def write_structures_ml(
    artefacts: Iterable[Artefact],
    header: MessageHeader,
    *,
    registry: ArtefactSet | None = None,
    address: str | None = None,
    availability: Sequence[Mapping[str, Any]] = (),
) -> bytes:
    """Write a structure message.

    Args:
        artefacts: the artefacts of 3.1; those of a class stand in the order given.
        header: what the message says of itself.
        registry: where their references lead; the artefacts themselves if None.
        address: where the 1.x paths begin (`https://.../sdmx/v1`), for the place at which the
            whole of a stub is; None: no such place.
        availability: availability constraints as objects of 3.1.
    """
    model = to_2_1(artefacts, registry=registry, availability=availability)
    data = {
        key: [_with_place(document, key, address) for document in documents]
        for key, documents in model.items()
    }
    return write_message(data, header, DIALECT)


def _with_place(document: Document, collection: str, address: str | None) -> Document:
    name = COLLECTION_CLASSES[collection]
    place = document["agencyID"], document["id"], document["version"]
    written = document | {"urn": urn_2_1(name, *place)}
    if address is not None and document.get("isExternalReference"):
        written["structureURL"] = "/".join((address, name.lower(), *place))
    return written


def read_structures_ml(body: bytes) -> list[Artefact]:
    """Read a structure message of 2.1 as artefacts of 3.1.

    Raises:
        MessageError: it is not XML, or not a structure message of 2.1; `line` and `column` in
            the detail say where it is not well formed.
        InvalidArtefactError: an artefact is of a kind that 3.1 does not have, or has an element
            or value that does not belong where it stands.
    """
    root = find_root(body)
    if root != DIALECT.root:
        raise MessageError(
            f"This is not a structure message of SDMX-ML 2.1: it begins with {root}.",
            f"Esto no es un mensaje de estructura de SDMX-ML 2.1: empieza con {root}.",
        )
    model: dict[str, list[Document]] = {}
    for collection, document in read_message(body, DIALECT):
        kept = {key: value for key, value in document.items() if key not in _OF_XML}
        model.setdefault(collection.key, []).append(kept)
    return read_2_1(model)
