"""SDMX-ML structure messages 3.1 and 3.0: one writer, one reader, the tables of `structure_ml_*`.

Artefacts are objects of SDMX-JSON 2.1. XML says the same, but for these: lists without a member are
read as nothing; links have no title and no language, and those of an annotation no relation; links
of a group and annotations of a region of metadata have no place; the validity of a mapped value is
a day. In 3.1 the version of a categorisation stands in its link to itself, for the schema knows
1.0 alone; in 3.0 the parent of a code stands in a link if it is no NCName. What 3.0 lacks is left
out as in SDMX-JSON 2.0. The schemas demand some content even of a stub; it is taken from the whole.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final, Literal, TypeAlias

from app.errors import MessageError
from app.sdmx.artefact_classes import CLASS_BY_COLLECTION, ArtefactClass
from app.sdmx.artefact_set import ArtefactSet
from app.sdmx.artefacts import Artefact, Document
from app.sdmx.messages.structure_json import actual_constraint, read_artefact, to_3_0
from app.sdmx.messages.structure_kinds import urn_to
from app.sdmx.messages.structure_message import MessageHeader
from app.sdmx.messages.structure_ml_base import ITEM_SCHEME, NAMEABLE
from app.sdmx.messages.structure_ml_constraints import AVAILABILITY, CONSTRAINTS
from app.sdmx.messages.structure_ml_items import ITEMS
from app.sdmx.messages.structure_ml_maps import MAPS
from app.sdmx.messages.structure_ml_message import (
    Dialect,
    find_root,
    read_message,
    write_message,
)
from app.sdmx.messages.structure_ml_parts import TextList, reference
from app.sdmx.messages.structure_ml_structures import STRUCTURES
from app.sdmx.messages.structure_ml_table import Vocabulary
from app.sdmx.messages.structure_ml_vtl import vtl_collections
from app.sdmx.urn import PREFIX, urn_of

MlVersion: TypeAlias = Literal["3.1.0", "3.0.0"]
"""The versions of SDMX-ML that these tables say."""

_ADDRESS: Final = "http://www.sdmx.org/resources/sdmxml/schemas"


def _dialect(version: MlVersion, path: str) -> Dialect:
    names = {"mes": "message", "str": "structure", "com": "common"}
    namespaces = {prefix: f"{_ADDRESS}/{path}/{name}" for prefix, name in names.items()}
    available = (AVAILABILITY,) if version == "3.1.0" else ()
    vtl = vtl_collections(
        NAMEABLE,
        ITEM_SCHEME,
        one=lambda key, class_name: reference(key, f"str:{class_name}", class_name),
        several=lambda key, class_name: TextList(key, f"str:{class_name}", urn_to(class_name)),
        around="Schemes",
    )
    return Dialect(
        Vocabulary(version, namespaces),
        (*ITEMS, *STRUCTURES, *CONSTRAINTS, *available, *MAPS, *vtl),
    )


DIALECTS: Final[Mapping[MlVersion, Dialect]] = {
    "3.1.0": _dialect("3.1.0", "v3_1"),
    "3.0.0": _dialect("3.0.0", "v3_0"),
}
"""The dialects of SDMX-ML by version."""

ROOTS: Final[Mapping[str, Dialect]] = {dialect.root: dialect for dialect in DIALECTS.values()}
"""The dialects by the element that a message of theirs begins with, as lxml names it."""

_NC_NAME: Final = re.compile(r"[A-Za-z][A-Za-z0-9_-]*")
_PARENT: Final = "parent"
# What says where an external reference is kept; JSON has links for it, the last of all.
_PLACES: Final = {"service": "serviceURL", "structure": "structureURL"}
_SIDES: Final = ("source", "target")
# What the schemas demand of a reference too: of a hierarchy a code, of the others what they tie.
DEMANDED: Final[Mapping[str, tuple[str, ...]]] = {
    "Hierarchy": ("hasFormalLevels", "hierarchicalCodes"),
    "HierarchyAssociation": ("linkedHierarchy", "linkedObject"),
    "Metadataflow": ("targets",),
    "ProvisionAgreement": ("dataflow", "dataProvider"),
    "MetadataProvisionAgreement": ("metadataflow", "metadataProvider"),
    "StructureMap": _SIDES,
    "RepresentationMap": _SIDES,
    "ConceptSchemeMap": _SIDES,
    "CategorySchemeMap": _SIDES,
    "OrganisationSchemeMap": _SIDES,
    "ReportingTaxonomyMap": _SIDES,
}
"""What the schemas demand of a reference to an artefact too, by its class."""

# Categorisations of 3.1 have no version in XML, and their URN is one of 1.0.
_UNVERSIONED_URN: Final = "(1.0)"


def write_structures_ml(
    artefacts: Iterable[Artefact],
    header: MessageHeader,
    *,
    version: MlVersion = "3.1.0",
    address: str | None = None,
    availability: Sequence[Mapping[str, Any]] = (),
    registry: ArtefactSet | None = None,
) -> bytes:
    """Write a structure message.

    Args:
        artefacts: the artefacts; those of a class stand in the order given.
        header: what the message says of itself.
        version: the version of SDMX-ML.
        address: where the 2.x paths begin (`https://.../sdmx/v2`), for the links of each artefact
            to itself; None: no such links.
        availability: availability constraints as objects of SDMX-JSON 2.1.
        registry: where the whole of a stub is, for what the schemas demand of it.
    """
    data: dict[str, list[Document]] = {}
    for artefact in artefacts:
        document = _write_artefact(_meet_schema(artefact, registry), version, address)
        data.setdefault(artefact.artefact_class.collection, []).append(document)
    if availability and version == "3.1.0":
        data[AVAILABILITY.key] = [dict(constraint) for constraint in availability]
    elif availability:
        data.setdefault("dataConstraints", []).extend(map(_write_actual, availability))
    return write_message(data, header, DIALECTS[version])


def read_structures_ml(body: bytes) -> list[Artefact]:
    """Read a structure message of 3.1 or 3.0; what only 3.0 has is put in the form of 3.1.

    Raises:
        MessageError: it is not XML, or not a structure message of these versions; `line` and
            `column` in the detail say where it is not well formed.
        InvalidArtefactError: an artefact has no identification, a kind that is not stored, or
            an element or value that does not belong where it stands.
    """
    root = find_root(body)
    dialect = ROOTS.get(root)
    if dialect is None:
        raise MessageError(
            f"This is not a structure message of SDMX-ML 3.1 or 3.0: it begins with {root}.",
            f"Esto no es un mensaje de estructura de SDMX-ML 3.1 o 3.0: empieza con {root}.",
        )
    return [
        _read_artefact(collection.key, document)
        for collection, document in read_message(body, dialect)
    ]


def _meet_schema(artefact: Artefact, registry: ArtefactSet | None) -> Artefact:
    """Give a stub the little that the schemas demand even of a reference to an artefact."""
    demanded = DEMANDED.get(artefact.artefact_class.name)
    if registry is None or demanded is None or not artefact.is_external:
        return artefact
    whole = registry.get(artefact.urn)
    if whole is None:
        return artefact
    added = {key: whole.document[key] for key in demanded if key in whole.document}
    if "hierarchicalCodes" in added:
        first = added["hierarchicalCodes"][0]
        added["hierarchicalCodes"] = [{"id": first["id"], "code": first["code"]}]
    return artefact.with_document(added | artefact.document)


def _write_artefact(artefact: Artefact, version: MlVersion, address: str | None) -> Document:
    kind = artefact.artefact_class
    document = dict(artefact.document) if version == "3.1.0" else to_3_0(artefact)
    links = [*document.get("links", ())]
    document["urn"] = artefact.urn
    for relation in reversed(_PLACES):
        if links and _is_place(links[-1], relation):
            document[_PLACES[relation]] = links.pop()["href"]
    bare = version == "3.1.0" and kind.name == "Categorisation"
    if address is not None or (bare and not artefact.urn.endswith(_UNVERSIONED_URN)):
        links.insert(0, _self_link(artefact, address))
    if address is not None and document.get("isExternalReference"):
        document.setdefault(_PLACES["structure"], links[0]["href"])
    if bare and not document["urn"].endswith(_UNVERSIONED_URN):
        del document["urn"]
    if bare or kind.unversioned:
        del document["version"]
    document["links"] = links
    if version == "3.0.0" and kind.is_codelist:
        _move_parents(artefact, document)
    return document


def _is_place(link: Document, relation: str) -> bool:
    return link.keys() == {"rel", "href"} and link["rel"] == relation


def _self_link(artefact: Artefact, address: str | None) -> Document:
    link = {"rel": "self", "urn": artefact.urn}
    if address is not None:
        path = (
            artefact.artefact_class.artefact_type,
            artefact.agency,
            artefact.id,
            artefact.version.text,
        )
        link["href"] = "/".join((address, "structure", *path))
    return link


def _move_parents(artefact: Artefact, document: Document) -> None:
    """Say in a link which code is the parent where the schema of 3.0 cannot have its id."""
    items = artefact.artefact_class.items
    if any("parent" in code for code in document.get(items, ())):
        document[items] = [_with_parent_link(artefact, code) for code in document[items]]


def _with_parent_link(artefact: Artefact, code: Document) -> Document:
    parent = code.get("parent")
    if parent is None or _NC_NAME.fullmatch(parent):
        return code
    urn = urn_of("Code", artefact.agency, artefact.id, artefact.version.text, parent)
    linked = {key: value for key, value in code.items() if key != "parent"}
    return linked | {"links": [*code.get("links", ()), {"rel": _PARENT, "urn": urn}]}


def _write_actual(availability: Mapping[str, Any]) -> Document:
    document = actual_constraint(availability)
    urn = urn_of("DataConstraint", document["agencyID"], document["id"], document["version"])
    return document | {"urn": urn}


def _read_artefact(key: str, document: Document) -> Artefact:
    kind = CLASS_BY_COLLECTION.get(key)
    if kind is not None:
        _restore_version(document, kind)
        _restore_places(document)
        if kind.is_codelist:
            _restore_parents(document.get(kind.items, ()))
    return read_artefact(key, document)


def _restore_version(document: Document, kind: ArtefactClass) -> None:
    urns = [document.pop("urn", None)]
    if "version" in document or kind.unversioned:
        return
    links = document.get("links", ())
    urns += [link.get("urn") for link in links if link.get("rel") == "self"]
    versions = [text.rpartition("(")[2][:-1] for text in urns if text and text.startswith(PREFIX)]
    document["version"] = versions[-1] if versions else "1.0"


def _restore_places(document: Document) -> None:
    links = document.get("links", [])
    own = {link.get("href") for link in links if link.get("rel") == "self"}
    places = [
        {"rel": relation, "href": document.pop(attribute)}
        for relation, attribute in _PLACES.items()
        if attribute in document
    ]
    kept = [place for place in places if place["href"] not in own]
    if kept:
        document["links"] = [*links, *kept]


def _restore_parents(codes: Iterable[Document]) -> None:
    for code in codes:
        for link in code.get("links", ()):
            is_parent = link.get("rel") == _PARENT and "urn" in link and "href" not in link
            if is_parent and "parent" not in code:
                code["parent"] = link["urn"].rpartition(").")[2]
                code["links"] = [one for one in code["links"] if one is not link]
        if code.get("links") == []:
            del code["links"]
