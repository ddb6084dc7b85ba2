"""SDMX-ML metadata messages 3.1 and 3.0 (GenericMetadata): one writer, one reader.

Markup stands in `Text`, its signs escaped: the schemas judge what is in `StructuredText` by a
schema of XHTML that they do not bring. It is read from there too. XML has no place for the
`format` of a reported value, and tells no numbers from texts: publishing does, by the structure.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from copy import deepcopy
from typing import Any, Final, Literal, TypeAlias

from lxml import etree

from app.errors import MessageError
from app.sdmx.artefact_classes import METADATA_SET
from app.sdmx.artefact_set import ArtefactSet
from app.sdmx.artefacts import Artefact, Document
from app.sdmx.messages.metadata_json import stored_document
from app.sdmx.messages.structure_message import MessageHeader
from app.sdmx.messages.structure_ml_base import ANNOTATIONS, MAINTAINABLE
from app.sdmx.messages.structure_ml_message import Dialect, find_root, read_message, write_header
from app.sdmx.messages.structure_ml_parts import Children, TextList, reference
from app.sdmx.messages.structure_ml_table import (
    LANG,
    Attribute,
    Collection,
    Element,
    Part,
    Reader,
    Shape,
    Vocabulary,
    content_of,
    unknown,
)
from app.sdmx.messages.structure_ml_text import escape, quote
from app.sdmx.metadata_sets import value_text
from app.sdmx.metadata_structures import flow_of

MlVersion: TypeAlias = Literal["3.1.0", "3.0.0"]
"""The versions of SDMX-ML whose metadata messages are read."""

_ADDRESS: Final = "http://www.sdmx.org/resources/sdmxml/schemas"
_MESSAGE: Final = "mes:GenericMetadata"
# Of a language that is not said, XML knows English.
_DEFAULT_LANGUAGE: Final = "en"


class _ReportedValue(Part):
    """The value of a metadata attribute: one simple value, or text by language."""

    def write(self, document: Mapping[str, Any], out: list[str]) -> None:
        value = document.get("value")
        if isinstance(value, dict):
            out.extend(
                f'<com:Text xml:lang="{quote(language)}">{escape(text)}</com:Text>'
                for language, text in value.items()
            )
        elif value is not None:
            out.append(f"<met:Value>{escape(value_text(value))}</met:Value>")

    def readers(self, vocabulary: Vocabulary) -> Mapping[str, Reader]:
        return {
            vocabulary.tag("met:Value"): _read_value,
            vocabulary.tag("com:Text"): _read_text,
            vocabulary.tag("com:StructuredText"): _read_markup,
        }


def _read_value(element: Element, document: Document, vocabulary: Vocabulary) -> None:
    """Read a value; several of them, which 3.0 knows, become a list."""
    del vocabulary
    text = content_of(element)
    known = document.get("value")
    if isinstance(known, dict):
        raise unknown(element)
    if known is None:
        document["value"] = text
    else:
        document["value"] = [*known, text] if isinstance(known, list) else [known, text]


def _read_text(element: Element, document: Document, vocabulary: Vocabulary) -> None:
    del vocabulary
    _add_text(element, document, content_of(element))


def _read_markup(element: Element, document: Document, vocabulary: Vocabulary) -> None:
    """Read markup as text, with no namespaces but its own."""
    del vocabulary
    parts = [escape(element.text or "")]
    for child in element:
        # As a tree of its own it does not have the namespaces of the message.
        alone = deepcopy(child)
        etree.cleanup_namespaces(alone)
        parts.append(etree.tostring(alone, encoding="unicode", with_tail=True))
    _add_text(element, document, "".join(parts))


def _add_text(element: Element, document: Document, text: str) -> None:
    texts = document.setdefault("value", {})
    if not isinstance(texts, dict):
        raise unknown(element)
    texts[element.get(LANG) or _DEFAULT_LANGUAGE] = text


REPORTED_ATTRIBUTE: Final[Shape] = Shape(
    Attribute("id"),
    ANNOTATIONS,
    _ReportedValue(),
    Children("attributes", "met:Attribute", lambda: REPORTED_ATTRIBUTE),
)
"""A reported attribute with those below it."""

_SET: Final = Shape(
    *MAINTAINABLE,
    Attribute("action"),
    Attribute("reportingBegin", "reportingBeginDate"),
    Attribute("reportingEnd", "reportingEndDate"),
    Attribute("publicationYear"),
    Attribute("publicationPeriod"),
    reference("metadataProvisionAgreement", "met:MetadataProvisionAgreement"),
    reference("metadataflow", "met:Metadataflow"),
    TextList("targets", "met:Target"),
    Children("attributes", "met:Attribute", REPORTED_ATTRIBUTE),
)
_SETS: Final = Collection(METADATA_SET.collection, _MESSAGE, "mes:MetadataSet", _SET)


def _dialect(version: MlVersion, path: str) -> Dialect:
    names = {"mes": "message", "met": "metadata/generic", "com": "common"}
    namespaces = {prefix: f"{_ADDRESS}/{path}/{name}" for prefix, name in names.items()}
    return Dialect(Vocabulary(version, namespaces), (_SETS,), _MESSAGE)


DIALECTS: Final[Mapping[MlVersion, Dialect]] = {
    "3.1.0": _dialect("3.1.0", "v3_1"),
    "3.0.0": _dialect("3.0.0", "v3_0"),
}
"""The dialects of metadata messages by version."""

_BY_ROOT: Final = {dialect.root: dialect for dialect in DIALECTS.values()}


def is_metadata_message(body: bytes) -> bool:
    """Whether XML is a metadata message of these versions.

    Raises:
        MessageError: it is not XML, or has a document type.
    """
    return find_root(body) in _BY_ROOT


def write_metadata_sets(
    sets: Iterable[Artefact],
    header: MessageHeader,
    *,
    version: MlVersion,
    address: str,
    artefacts: ArtefactSet,
) -> bytes:
    """Write a metadata message.

    Args:
        sets: the metadata sets, localised.
        header: what the message says of itself.
        version: the version of SDMX-ML.
        address: where the 2.x paths begin, for the link of each set to itself.
        artefacts: what the sets refer to, for the metadataflows that the header names.
    """
    namespaces = DIALECTS[version].vocabulary.namespaces
    declared = "".join(f' xmlns:{name}="{address}"' for name, address in namespaces.items())
    listed = list(sets)
    out = [
        f'<?xml version="1.0" encoding="UTF-8"?>\n<{_MESSAGE}{declared}>',
        write_header(header, _structures(listed, artefacts)),
    ]
    for one in listed:
        _SET.write("mes:MetadataSet", _document(one, version, address), out)
    out.append(f"</{_MESSAGE}>")
    return "".join(out).encode()


def read_metadata_sets(body: bytes) -> list[Artefact]:
    """Read the sets of a metadata message of 3.1 or 3.0.

    Raises:
        MessageError: it is not XML, or not a metadata message of these versions.
        InvalidArtefactError: a set has no identification, or something that does not belong there.
    """
    root = find_root(body)
    dialect = _BY_ROOT.get(root)
    if dialect is None:
        raise MessageError(
            f"This is not a metadata message of SDMX-ML 3.1 or 3.0: it begins with {root}.",
            f"Esto no es un mensaje de metadatos de SDMX-ML 3.1 o 3.0: empieza con {root}.",
        )
    return [_artefact(document) for _, document in read_message(body, dialect)]


def _structures(sets: Iterable[Artefact], artefacts: ArtefactSet) -> str:
    """The metadataflows of a message, as its header names them."""
    flows = (flow_of(artefacts, one.document) for one in sets)
    urns = dict.fromkeys(flow.urn for flow in flows if flow is not None)
    return "".join(
        f'<mes:Structure structureID="MDF{number}"><com:StructureUsage>{escape(urn)}'
        "</com:StructureUsage></mes:Structure>"
        for number, urn in enumerate(urns, 1)
    )


def _document(artefact: Artefact, version: MlVersion, address: str) -> Document:
    document = dict(artefact.document)
    if version == "3.0.0":
        document.pop("isPartialLanguage", None)
    if artefact.is_external:
        # What is reported stands whole or not at all.
        for name in ("metadataflow", "metadataProvisionAgreement", "targets", "attributes"):
            document.pop(name, None)
    path = f"metadata/metadataset/{artefact.agency}/{artefact.id}/{artefact.version}"
    link = {"rel": "self", "href": f"{address}/{path}", "urn": artefact.urn}
    return document | {"urn": artefact.urn, "links": [link, *document.get("links", ())]}


def _artefact(document: Document) -> Artefact:
    for name in ("urn", "serviceURL", "structureURL"):
        document.pop(name, None)
    return Artefact.read(METADATA_SET, stored_document(document))
