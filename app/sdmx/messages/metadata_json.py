"""SDMX-JSON metadata messages 2.1 and 2.0: one reader, one writer (sdmx-json, metadata message)."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any, Final

import orjson

from app.errors import MessageError
from app.sdmx.artefact_classes import METADATA_SET
from app.sdmx.artefacts import Artefact, Document
from app.sdmx.messages.structure_message import MessageHeader
from app.sdmx.metadata_sets import DEFAULT_VERSION

SCHEMAS: Final = {
    "2.1.0": "https://json.sdmx.org/2.1/sdmx-json-metadata-schema.json",
    "2.0.0": "https://json.sdmx.org/2.0.0/sdmx-json-metadata-schema.json",
}
"""The addresses of the official schemas."""

MOST_LEVELS: Final = 64
"""How deep attributes may be nested."""

_ONLY_IN_2_1: Final = "isPartialLanguage"
_DEPRECATED: Final = frozenset({"action"})


def write_metadata_sets(
    sets: Iterable[Artefact], header: MessageHeader, *, version: str, address: str
) -> bytes:
    """Write a metadata message.

    Args:
        sets: the metadata sets, localised.
        header: what the message says of itself.
        version: `2.1.0` or `2.0.0`.
        address: where the 2.x paths begin, for the link of each set to itself.
    """
    documents = [_document(one, version, address) for one in sets]
    meta, data = header.as_meta(), {"metadataSets": documents}
    if version == "2.0.0":
        return orjson.dumps({"meta": {"schema": SCHEMAS[version], **meta}, "data": data})
    return orjson.dumps({"$schema": SCHEMAS[version], "meta": meta, "data": data})


def read_metadata_sets(body: bytes) -> list[Artefact]:
    """Read the sets of a metadata message of 2.1 or 2.0.

    The deprecated `action` is left out: what is done is said by how a message is sent.

    Raises:
        MessageError: it is not JSON, or not a metadata message.
        InvalidArtefactError: a set has no identification.
    """
    try:
        message = orjson.loads(body)
    except orjson.JSONDecodeError as error:
        raise MessageError(f"This is not JSON: {error}.", f"Esto no es JSON: {error}.") from None
    data = message.get("data") if isinstance(message, dict) else None
    sets = data.get("metadataSets") if isinstance(data, dict) else None
    if not isinstance(sets, list) or not all(isinstance(one, dict) for one in sets):
        raise MessageError(
            "This is not a metadata message: it has no list `data.metadataSets`.",
            "Esto no es un mensaje de metadatos: no tiene una lista `data.metadataSets`.",
        )
    return [Artefact.read(METADATA_SET, stored_document(one)) for one in sets]


def has_metadata_sets(body: bytes) -> bool:
    """Whether it is a JSON message with a member for metadata sets."""
    try:
        message = orjson.loads(body)
    except orjson.JSONDecodeError:
        return False
    data = message.get("data") if isinstance(message, dict) else None
    return isinstance(data, dict) and "metadataSets" in data


def _document(artefact: Artefact, version: str, address: str) -> Document:
    document = artefact.document
    if version == "2.0.0":
        document = {key: value for key, value in document.items() if key != _ONLY_IN_2_1}
    if artefact.version.text == DEFAULT_VERSION:
        # The schemas take three numbers only, and this version is what a set without one has.
        document = {key: value for key, value in document.items() if key != "version"}
    path = f"metadata/metadataset/{artefact.agency}/{artefact.id}/{artefact.version}"
    link = {"rel": "self", "href": f"{address}/{path}"}
    return document | {"links": [link, *document.get("links", ())]}


def stored_document(document: Document) -> Document:
    """The object that is stored: each value alone, with a version, without what is deprecated.

    Raises:
        MessageError: attributes are nested too deep.
    """
    kept = {key: value for key, value in document.items() if key not in _DEPRECATED}
    if isinstance(kept.get("attributes"), list):
        kept["attributes"] = list(_single_values(kept["attributes"]))
    kept.setdefault("version", DEFAULT_VERSION)
    return kept


def _single_values(attributes: Iterable[Any], depth: int = 1) -> Iterator[Any]:
    """Write an attribute with a list of values, which some senders use, as several attributes."""
    if depth > MOST_LEVELS:
        raise MessageError(
            f"Attributes are nested more than {MOST_LEVELS} deep.",
            f"Los atributos están anidados a más de {MOST_LEVELS} niveles.",
        )
    for attribute in attributes:
        if not isinstance(attribute, dict):
            yield attribute
            continue
        nested = attribute.get("attributes")
        if isinstance(nested, list):
            attribute = attribute | {"attributes": list(_single_values(nested, depth + 1))}
        value = attribute.get("value")
        if isinstance(value, list) and value:
            yield from (attribute | {"value": one} for one in value)
        else:
            yield attribute
