"""What the objects of SDMX-ML 2.1 share: references in parts, annotations, and text formats.

The tables say how the objects of `app.sdmx.model_2_1` stand in XML. A reference is an element
`Ref` with the ids of what it leads to; a URN in its place, or beside it, is read too.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from app.sdmx.artefacts import Document
from app.sdmx.messages.structure_ml_base import NAMES, OBJECT
from app.sdmx.messages.structure_ml_parts import Child, Children, Skipped, Text, Texts
from app.sdmx.messages.structure_ml_table import (
    Attribute,
    Element,
    Lines,
    Part,
    Reader,
    Shape,
    Vocabulary,
    content_of,
    refuse,
)
from app.sdmx.messages.structure_ml_text import BOOLEAN, INTEGER, NUMBER, escape, quote
from app.sdmx.model_2_1_references import urn_2_1
from app.sdmx.urn import CLASS_PACKAGES, CONTAINER_CLASSES, parse_urn
from app.sdmx.version import Version

_ATTRIBUTE: Final = {"DataAttribute": "Attribute"}
_FROM_ATTRIBUTE: Final = {"Attribute": "DataAttribute"}


def write_reference(name: str, urn: str) -> str:
    """Write a whole reference; one to a draft, whose version `Ref` cannot have, by its URN."""
    parts = parse_urn(urn)
    if Version.parse(parts.version).extension:
        return f"<{name}><URN>{escape(urn)}</URN></{name}>"
    place = (
        f'id="{quote(parts.id)}" version="{parts.version}"'
        if parts.item is None
        else f'id="{quote(parts.item)}" maintainableParentID="{quote(parts.id)}" '
        f'maintainableParentVersion="{parts.version}"'
    )
    kind = _ATTRIBUTE.get(parts.class_name, parts.class_name)
    return (
        f'<{name}><Ref {place} agencyID="{quote(parts.agency)}" package="{parts.package}" '
        f'class="{kind}"/></{name}>'
    )


def read_reference(element: Element, class_name: str) -> str:
    """Read a whole reference as a URN.

    Args:
        element: the element around `Ref` and `URN`.
        class_name: the class of what it leads to, where `Ref` does not say it.

    Raises:
        InvalidArtefactError: it has neither, or what it needs is missing.
    """
    for child in element:
        if child.tag == "URN":
            return content_of(child).strip()
    found = _ref(element)
    kind = found.get("class", class_name)
    kind = _FROM_ATTRIBUTE.get(kind, kind)
    is_item = kind in CONTAINER_CLASSES
    parent, version = (
        ("maintainableParentID", "maintainableParentVersion") if is_item else ("id", "version")
    )
    keys = ("agencyID", parent, "id")
    missing = next((key for key in keys if key not in found), None)
    if missing is not None or kind not in CLASS_PACKAGES:
        what = missing or f"class {kind}"
        raise refuse(element, f"{what} cannot be told.", f"no se sabe {what}.")
    item = found["id"] if is_item else None
    return urn_2_1(kind, found["agencyID"], found[parent], found.get(version, "1.0"), item)


def read_local(element: Element) -> str:
    """Read a reference within the artefact as the id that it has.

    Raises:
        InvalidArtefactError: it has none.
    """
    found = _ref(element)
    if "id" not in found:
        raise refuse(element, "an id is missing.", "falta un id.")
    return found["id"]


def _ref(element: Element) -> dict[str, str]:
    for child in element:
        if child.tag == "Ref":
            return {str(key): str(value).strip() for key, value in child.attrib.items()}
    raise refuse(element, "it has no Ref.", "no tiene Ref.")


@dataclass(frozen=True, slots=True)
class Ref(Part):
    """A whole reference.

    Attributes:
        key: the key in the object, whose value is a URN.
        name: the element.
        class_name: the class of what it leads to, where `Ref` does not say it.
    """

    key: str
    name: str
    class_name: str = ""

    def write(self, document: Mapping[str, Any], out: list[str]) -> None:
        """Append the reference, if there is one."""
        urn = document.get(self.key)
        if urn is not None:
            out.append(write_reference(self.name, urn))

    def readers(self, vocabulary: Vocabulary) -> Mapping[str, Reader]:
        """Read the reference."""
        return {vocabulary.tag(self.name): self._read}

    def _read(self, element: Element, document: Document, vocabulary: Vocabulary) -> None:
        del vocabulary
        document[self.key] = read_reference(element, self.class_name)


@dataclass(frozen=True, slots=True)
class Refs(Part):
    """Whole references, one element each.

    Attributes:
        key: the key in the object, whose value is a list of URNs.
        name: the element.
        class_name: the class of what they lead to, where `Ref` does not say it.
    """

    key: str
    name: str
    class_name: str = ""

    def write(self, document: Mapping[str, Any], out: list[str]) -> None:
        """Append one element a reference."""
        out.extend(write_reference(self.name, urn) for urn in document.get(self.key, ()))

    def readers(self, vocabulary: Vocabulary) -> Mapping[str, Reader]:
        """Read the references."""
        return {vocabulary.tag(self.name): self._read}

    def _read(self, element: Element, document: Document, vocabulary: Vocabulary) -> None:
        del vocabulary
        document.setdefault(self.key, []).append(read_reference(element, self.class_name))


def local_id(reference: str) -> str:
    """The path of a part in a reference to it, which may be the path alone."""
    return reference.rpartition(").")[2]


@dataclass(frozen=True, slots=True)
class LocalRef(Part):
    """A reference to a part of the same artefact.

    Attributes:
        key: the key in the object, whose value is an id or the URN of the part.
        name: the element.
        last: whether the last id of a path is enough.
    """

    key: str
    name: str
    last: bool = False

    def write(self, document: Mapping[str, Any], out: list[str]) -> None:
        """Append the reference, if there is one."""
        value = document.get(self.key)
        if value is not None:
            path = local_id(value)
            own = path.rpartition(".")[2] if self.last else path
            out.append(f'<{self.name}><Ref id="{quote(own)}"/></{self.name}>')

    def readers(self, vocabulary: Vocabulary) -> Mapping[str, Reader]:
        """Read the id."""
        return {vocabulary.tag(self.name): self._read}

    def _read(self, element: Element, document: Document, vocabulary: Vocabulary) -> None:
        del vocabulary
        document[self.key] = read_local(element)


@dataclass(frozen=True, slots=True)
class LocalRefs(Part):
    """References to parts of the same artefact.

    Attributes:
        key: the key in the object, whose value is a list of ids or URNs.
        name: the element.
        each: an element around each of them.
    """

    key: str
    name: str
    each: str = ""

    def write(self, document: Mapping[str, Any], out: list[str]) -> None:
        """Append one element a reference."""
        opened, closed = (f"<{self.each}>", f"</{self.each}>") if self.each else ("", "")
        out.extend(
            f'{opened}<{self.name}><Ref id="{quote(local_id(value))}"/></{self.name}>{closed}'
            for value in document.get(self.key, ())
        )

    def readers(self, vocabulary: Vocabulary) -> Mapping[str, Reader]:
        """Read the ids."""
        return {vocabulary.tag(self.each or self.name): self._read}

    def _read(self, element: Element, document: Document, vocabulary: Vocabulary) -> None:
        if not self.each:
            document.setdefault(self.key, []).append(read_local(element))
            return
        for child in element.iterchildren(vocabulary.tag(self.name)):
            document.setdefault(self.key, []).append(read_local(child))


@dataclass(frozen=True, slots=True)
class Refused(Skipped):
    """Elements for what SDMX 3.1 does not have."""

    def _read(self, element: Element, document: Document, vocabulary: Vocabulary) -> None:
        del document, vocabulary
        raise refuse(
            element,
            "SDMX 3.1 has no such thing, so it cannot be kept.",
            "en SDMX 3.1 no hay tal cosa, no se puede guardar.",
        )


@dataclass(frozen=True, slots=True)
class _Address(Part):
    """The one address of an annotation, the first of its links."""

    def write(self, document: Mapping[str, Any], out: list[str]) -> None:
        for link in document.get("links", ())[:1]:
            address = link.get("href") or link.get("urn")
            if address:
                out.append(f"<com:AnnotationURL>{escape(address)}</com:AnnotationURL>")

    def readers(self, vocabulary: Vocabulary) -> Mapping[str, Reader]:
        return {vocabulary.tag("com:AnnotationURL"): self._read}

    def _read(self, element: Element, document: Document, vocabulary: Vocabulary) -> None:
        del vocabulary
        document["links"] = [{"rel": "self", "href": content_of(element).strip()}]


ANNOTATIONS: Final = Children(
    "annotations",
    "com:Annotation",
    Shape(
        Attribute("id"),
        Text("title", "com:AnnotationTitle"),
        Text("type", "com:AnnotationType"),
        _Address(),
        Texts("text", "texts", "com:AnnotationText"),
    ),
    within="com:Annotations",
)
"""The annotations of any object."""

IDENTITY: Final = tuple(line for line in OBJECT if isinstance(line, Attribute))
"""The attributes of what has an id."""

IDENTIFIABLE: Final[Lines] = (*IDENTITY, ANNOTATIONS)
"""An identifiable object."""

NAMEABLE: Final[Lines] = (*IDENTIFIABLE, *NAMES)
"""A nameable object."""

MAINTAINABLE: Final[Lines] = (
    Attribute("urn"),
    *(line for line in IDENTITY if line.key != "urn"),
    Attribute("agencyID"),
    Attribute("version"),
    Attribute("isFinal", kind=BOOLEAN),
    Attribute("isExternalReference", kind=BOOLEAN),
    Attribute("serviceURL"),
    Attribute("structureURL"),
    Attribute("validFrom"),
    Attribute("validTo"),
    ANNOTATIONS,
    *NAMES,
)
"""A maintainable object."""

ITEM_SCHEME: Final[Lines] = (*MAINTAINABLE, Attribute("isPartial", kind=BOOLEAN))
"""An item scheme."""


@dataclass(frozen=True, slots=True)
class _Positive(Attribute):
    """A facet that must be positive; nought says nothing and is not written."""

    def write(self, document: Mapping[str, Any]) -> str:
        if not document.get(self.key):
            return ""
        return Attribute.write(self, document)


TEXT_FORMAT: Final = Shape(
    Attribute("textType"),
    Attribute("isSequence", kind=BOOLEAN),
    *(Attribute(name, kind=NUMBER) for name in ("interval", "startValue", "endValue")),
    *(Attribute(name) for name in ("timeInterval", "startTime", "endTime")),
    *(_Positive(name, kind=INTEGER) for name in ("minLength", "maxLength")),
    *(Attribute(name, kind=NUMBER) for name in ("minValue", "maxValue")),
    _Positive("decimals", kind=INTEGER),
    Attribute("pattern"),
    Attribute("isMultiLingual", kind=BOOLEAN),
)
"""A text format with all facets."""

REPRESENTATION: Final = Shape(
    Child("textFormat", "str:TextFormat", TEXT_FORMAT),
    Ref("enumeration", "str:Enumeration", "Codelist"),
    Child("enumerationFormat", "str:EnumerationFormat", TEXT_FORMAT),
)
"""A representation, coded or not."""
