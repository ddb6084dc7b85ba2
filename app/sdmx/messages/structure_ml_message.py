"""Whole structure messages of SDMX-ML, driven by the collections of a version.

Writing builds strings from the tables; reading goes over the artefacts one by one and forgets each
when it is read. No entity is resolved, nothing is fetched, and a document type is refused.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from io import BytesIO
from typing import Final

from lxml import etree

from app.errors import InvalidArtefactError, MessageError
from app.sdmx.artefacts import Document
from app.sdmx.messages.structure_message import MessageHeader
from app.sdmx.messages.structure_ml_table import Collection, Element, Vocabulary
from app.sdmx.messages.structure_ml_text import escape, quote

LARGEST: Final = 256 * 1024 * 1024
"""The bytes that a message may have."""


@dataclass(frozen=True, slots=True, eq=False)
class Dialect:
    """One version of SDMX-ML structure messages, or of messages that are read in the same way.

    Attributes:
        vocabulary: its version and namespaces, among them `mes` and `str`.
        collections: its classes, in the order in which they are written.
        message: the element of a message.
    """

    vocabulary: Vocabulary
    collections: Sequence[Collection]
    message: str = "mes:Structure"

    @property
    def root(self) -> str:
        """The element of a message, as lxml names it."""
        return self.vocabulary.tag(self.message)


def write_message(
    documents: Mapping[str, Sequence[Document]], header: MessageHeader, dialect: Dialect
) -> bytes:
    """Write a structure message.

    Args:
        documents: the objects by the key of their collection.
        header: what the message says of itself.
        dialect: the version.
    """
    declared = "".join(
        f' xmlns:{prefix}="{quote(address)}"'
        for prefix, address in dialect.vocabulary.namespaces.items()
    )
    out = [
        '<?xml version="1.0" encoding="UTF-8"?>\n',
        f"<mes:Structure{declared}>",
        write_header(header),
        "<mes:Structures>",
    ]
    around = ""
    for collection in dialect.collections:
        written = documents.get(collection.key)
        if not written:
            continue
        if collection.within != around:
            out.append((f"</{around}>" if around else "") + f"<{collection.within}>")
            around = collection.within
        for document in written:
            collection.shape.write(collection.name, document, out)
    if around:
        out.append(f"</{around}>")
    out.append("</mes:Structures></mes:Structure>")
    return "".join(out).encode()


def write_header(header: MessageHeader, more: str = "") -> str:
    """Write the header of a message; `more` is what stands in it after the sender."""
    instant = header.prepared.astimezone(dt.UTC).isoformat().replace("+00:00", "Z")
    return (
        f"<mes:Header><mes:ID>{escape(header.id)}</mes:ID><mes:Test>false</mes:Test>"
        f"<mes:Prepared>{instant}</mes:Prepared>"
        f'<mes:Sender id="{quote(header.sender)}"/>{more}</mes:Header>'
    )


def find_root(body: bytes) -> str:
    """Give the name of the first element, as lxml has it: `{namespace}name`.

    Raises:
        MessageError: it is not XML, has a document type, or is too large.
    """
    if len(body) > LARGEST:
        raise MessageError(
            f"The message has {len(body)} bytes; at most {LARGEST} are read.",
            f"El mensaje tiene {len(body)} bytes; se leen como máximo {LARGEST}.",
            limit=LARGEST,
            size=len(body),
        )
    try:
        for _, element in _parse(body[: 64 * 1024], events=("start",), recover=True):
            _refuse_document_type(element)
            return str(element.tag)
    except etree.XMLSyntaxError as error:
        raise _unreadable(error) from None
    raise MessageError("This is not XML: it has no element.", "Esto no es XML: no hay elemento.")


def read_message(body: bytes, dialect: Dialect) -> Iterator[tuple[Collection, Document]]:
    """Read the artefacts of a message whose root is the dialect's, in their order.

    Raises:
        MessageError: it is not well formed, or has a document type; `line` and `column` in the
            detail say where.
        InvalidArtefactError: an element, attribute or value does not belong where it stands.
    """
    tags = _tags(dialect)
    names = {name for _, name in tags}
    root: Element | None = None
    try:
        for event, element in _parse(body, events=("start", "end"), tag=[dialect.root, *names]):
            if root is None:
                _refuse_document_type(element)
                root = element
            parent = element.getparent()
            if event == "start" or parent is None:
                continue
            collection = tags.get((str(parent.tag), str(element.tag)))
            if collection is not None:
                yield collection, collection.shape.read(element, dialect.vocabulary)
                element.clear()
    except etree.XMLSyntaxError as error:
        raise _unreadable(error) from None
    if root is None:
        raise MessageError(
            "This is not a structure message.", "Esto no es un mensaje de estructura."
        )
    _check_rest(root, dialect, tags)


def _parse(
    body: bytes,
    *,
    events: tuple[str, ...],
    tag: Sequence[str] | None = None,
    recover: bool = False,
) -> Iterator[tuple[str, Element]]:
    parsed = etree.iterparse(
        BytesIO(body),
        events=events,
        tag=tag,
        recover=recover,
        resolve_entities=False,
        no_network=True,
        load_dtd=False,
        huge_tree=False,
        remove_comments=True,
        remove_pis=True,
    )
    yield from parsed


def _tags(dialect: Dialect) -> dict[tuple[str, str], Collection]:
    tag = dialect.vocabulary.tag
    return {(tag(one.within), tag(one.name)): one for one in dialect.collections}


def _refuse_document_type(element: Element) -> None:
    if element.getroottree().docinfo.internalDTD is not None:
        raise MessageError(
            "A message with a document type (<!DOCTYPE ...>) is not read.",
            "No se lee un mensaje con tipo de documento (<!DOCTYPE ...>).",
        )


def _unreadable(error: etree.XMLSyntaxError) -> MessageError:
    line, column = error.position
    return MessageError(
        f"This is not XML: {error.msg}.", f"Esto no es XML: {error.msg}.", line=line, column=column
    )


def _check_rest(
    root: Element, dialect: Dialect, tags: Mapping[tuple[str, str], Collection]
) -> None:
    """Refuse what stands among the artefacts and is none that is read."""
    known = {within for within, _ in tags}
    for around in root.iterchildren(dialect.vocabulary.tag("mes:Structures")):
        for within in around:
            if within.tag not in known:
                raise _not_stored(within)
            for element in within:
                if (within.tag, element.tag) not in tags:
                    raise _not_stored(element)


def _not_stored(element: Element) -> InvalidArtefactError:
    name = etree.QName(element).localname
    return InvalidArtefactError(
        f"{name}: artefacts of this kind are not stored.",
        f"{name}: no se guardan artefactos de este tipo.",
        line=element.sourceline,
        element=name,
    )
