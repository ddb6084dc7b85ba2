"""SDMX-JSON structure messages 2.1 and 2.0: one reader, one writer (sdmx-json, structure message).

Artefacts are kept as objects of 2.1, so that writing 2.1 only adds the links to themselves. 2.0
(SDMX 3.0) lacks a few properties, wants a role for constraints, has one value a dimension in a
key, and knows availability as a data constraint with the role Actual.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from itertools import product
from typing import Any, Final, Literal, TypeAlias

import orjson

from app.errors import InvalidArtefactError, MessageError
from app.sdmx.artefact_classes import CLASS_BY_COLLECTION, ArtefactClass
from app.sdmx.artefacts import Artefact, Document
from app.sdmx.messages.structure_message import MessageHeader
from app.sdmx.model_2_1_constraints import ACTUAL, attachment_of, head_of_available

JsonVersion: TypeAlias = Literal["2.1.0", "2.0.0"]
"""The versions of SDMX-JSON that are read and written."""

SCHEMAS: Final[Mapping[JsonVersion, str]] = {
    "2.1.0": "https://json.sdmx.org/2.1/sdmx-json-structure-schema.json",
    "2.0.0": "https://json.sdmx.org/2.0.0/sdmx-json-structure-schema.json",
}
"""The addresses of the official schemas."""

_ONLY_IN_2_1: Final = ("isPartialLanguage", "evolvingStructure", "dimensionConstraint")
_ONLY_IN_2_0: Final = ("isFinal", "role", "releaseCalendar")
_AVAILABILITY: Final = "availabilityConstraints"
_CONSTRAINTS: Final = ("DataConstraint", "MetadataConstraint")
# Where 2.0 takes the URN of any object, its schema spells this one class in another way.
_VALUE_LIST: Final = ("codelist.ValueList=", "codelist.Valuelist=")
_ANY_OBJECT: Final = frozenset(
    {"urn", "source", "linkedObject", "contextObject", "objectReference"}
)
_DEFAULT_TIME: Final = {"format": {"dataType": "ObservationalTimePeriod"}}


def write_structures(
    artefacts: Iterable[Artefact],
    header: MessageHeader,
    *,
    version: JsonVersion = "2.1.0",
    address: str | None = None,
    availability: Sequence[Mapping[str, Any]] = (),
) -> bytes:
    """Write a structure message.

    Args:
        artefacts: the artefacts, in the order in which they shall stand.
        header: what the message says of itself.
        version: the version of SDMX-JSON.
        address: where the 2.x paths begin (`https://.../sdmx/v2`), for the links of each artefact
            to itself; None: no such links.
        availability: availability constraints as objects of 2.1.
    """
    data: dict[str, list[Document]] = {}
    for artefact in artefacts:
        document = artefact.document if version == "2.1.0" else _to_2_0(artefact)
        if address is not None:
            document = _with_self_link(document, artefact, address, version)
        data.setdefault(artefact.artefact_class.collection, []).append(document)
    if availability and version == "2.1.0":
        data[_AVAILABILITY] = [dict(constraint) for constraint in availability]
    elif availability:
        data.setdefault("dataConstraints", []).extend(map(actual_constraint, availability))
    if version == "2.1.0":
        message = {"$schema": SCHEMAS[version], "meta": header.as_meta(), "data": data}
    else:
        message = {"meta": {"schema": SCHEMAS[version], **header.as_meta()}, "data": data}
    return orjson.dumps(message)


def load_message(body: bytes) -> Document:
    """Load a message of any version, in the spelling of 2.1.

    Raises:
        MessageError: it is not a JSON object.
    """
    try:
        message = orjson.loads(body.replace(_VALUE_LIST[1].encode(), _VALUE_LIST[0].encode()))
    except orjson.JSONDecodeError as error:
        raise MessageError(f"This is not JSON: {error}.", f"Esto no es JSON: {error}.") from None
    if not isinstance(message, dict):
        raise _no_data()
    return message


def read_message(message: Document) -> list[Artefact]:
    """Read a structure message of 2.1 or 2.0; what only 2.0 has is put in the form of 2.1.

    Raises:
        MessageError: it is not a structure message.
        InvalidArtefactError: an artefact has no identification, or a kind that is not stored.
    """
    data = message.get("data")
    if not isinstance(data, dict):
        raise _no_data()
    return [
        artefact for key, documents in data.items() for artefact in _read_collection(key, documents)
    ]


def read_structures(body: bytes) -> list[Artefact]:
    """Load and read a structure message of 2.1 or 2.0.

    Raises:
        MessageError: it is not JSON, or not a structure message.
        InvalidArtefactError: an artefact has no identification, or a kind that is not stored.
    """
    return read_message(load_message(body))


def _no_data() -> MessageError:
    return MessageError(
        "This is not a structure message: it has no object `data`.",
        "Esto no es un mensaje de estructura: no tiene un objeto `data`.",
    )


def _read_collection(key: str, documents: object) -> list[Artefact]:
    if key.startswith("x-"):
        return []
    _stored_class(key)
    if not isinstance(documents, list) or not all(isinstance(one, dict) for one in documents):
        raise MessageError(
            f"data.{key} is not a list of objects.", f"data.{key} no es una lista de objetos."
        )
    return [read_artefact(key, document) for document in documents]


def read_artefact(key: str, document: Document) -> Artefact:
    """Read an object of a collection; what only SDMX 3.0 has is left out.

    What is available, which no registry stores, is read as SDMX 3.0 has it: as a constraint with
    the role Actual, so that whoever stores artefacts can tell which it is.

    Raises:
        InvalidArtefactError: it has no identification, or its kind is not stored.
    """
    artefact_class = _stored_class(key)
    if key == _AVAILABILITY:
        return Artefact.read(artefact_class, _available(document))
    computed = {"role": ACTUAL} if document.get("role") == ACTUAL else {}
    kept = {name: value for name, value in document.items() if name not in _ONLY_IN_2_0}
    return Artefact.read(artefact_class, kept | computed)


def _stored_class(key: str) -> ArtefactClass:
    found = CLASS_BY_COLLECTION.get("dataConstraints" if key == _AVAILABILITY else key)
    if found is None:
        raise InvalidArtefactError(
            f"{key}: artefacts of this kind are not stored.",
            f"{key}: no se guardan artefactos de este tipo.",
        )
    return found


def _available(availability: Document) -> Document:
    try:
        return actual_constraint(availability)
    except (AttributeError, KeyError, TypeError, ValueError):
        raise InvalidArtefactError(
            f"{_AVAILABILITY}: it is not said what a constraint is attached to, or its region.",
            f"{_AVAILABILITY}: no se dice a qué se aplica una restricción, o su región.",
        ) from None


def _with_self_link(
    document: Document, artefact: Artefact, address: str, version: JsonVersion
) -> Document:
    kind = artefact.artefact_class
    path = f"{kind.artefact_type}/{artefact.agency}/{artefact.id}/{artefact.version}"
    link = {"rel": "self", "href": f"{address}/structure/{path}", "urn": artefact.urn}
    if version == "2.0.0":
        link["urn"] = link["urn"].replace(*_VALUE_LIST)
    return document | {"links": [link, *document.get("links", ())]}


def _to_2_0(artefact: Artefact) -> Document:
    return {key: _spell_value_lists(value, key) for key, value in to_3_0(artefact).items()}


def to_3_0(artefact: Artefact) -> Document:
    """Leave out or change what SDMX 3.0 cannot hold, and add what it demands."""
    kind = artefact.artefact_class.name
    document = {key: value for key, value in artefact.document.items() if key not in _ONLY_IN_2_1}
    if kind in _CONSTRAINTS:
        document["role"] = "Allowed"
    if "dataKeySets" in document:
        document["dataKeySets"] = [_key_set_2_0(keys) for keys in document["dataKeySets"]]
    if kind == "DataStructure" and "dataStructureComponents" in document:
        components = document["dataStructureComponents"]
        document["dataStructureComponents"] = components | {
            "dimensionList": _dimension_list_2_0(components["dimensionList"])
        }
    return document


def _spell_value_lists(part: Any, key: str) -> Any:  # noqa: ANN401
    if isinstance(part, dict):
        return {name: _spell_value_lists(value, name) for name, value in part.items()}
    if isinstance(part, list):
        return [_spell_value_lists(value, key) for value in part]
    if isinstance(part, str) and key in _ANY_OBJECT:
        return part.replace(*_VALUE_LIST)
    return part


def _dimension_list_2_0(dimension_list: Document) -> Document:
    time = dimension_list.get("timeDimension")
    if time is None or "localRepresentation" in time:
        return dimension_list
    return dimension_list | {"timeDimension": time | {"localRepresentation": _DEFAULT_TIME}}


def _key_set_2_0(keys: Document) -> Document:
    """Write each key with several values in a dimension as several keys with one."""
    return keys | {"keys": [single for key in keys["keys"] for single in _single_keys(key)]}


def _single_keys(key: Document) -> list[Document]:
    written = key.get("keyValues", [])
    if not any("values" in value for value in written):
        return [key]
    alternatives = [value.get("values", [value.get("value")]) for value in written]
    bare = [{name: value[name] for name in value if name != "values"} for value in written]
    return [
        key
        | {"keyValues": [value | {"value": code} for value, code in zip(bare, chosen, strict=True)]}
        for chosen in product(*alternatives)
    ]


def actual_constraint(availability: Mapping[str, Any]) -> Document:
    """Make of an availability constraint what SDMX 3.0 has: a data constraint, role Actual."""
    return {
        **head_of_available(availability),
        "role": ACTUAL,
        "constraintAttachment": attachment_of(availability),
        "cubeRegions": [availability["cubeRegion"]],
    }
