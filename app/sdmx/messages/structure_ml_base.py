"""What the objects of SDMX-ML 3.x share: annotations, links, names, and representations."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import suppress
from typing import Any, Final

from app.sdmx.artefacts import Document
from app.sdmx.messages.structure_ml_parts import Child, Children, Text, Texts, reference
from app.sdmx.messages.structure_ml_table import Attribute, Content, Element, Shape, Unwritten
from app.sdmx.messages.structure_ml_text import BOOLEAN, INTEGER, NUMBER, OCCURRENCE, TOKEN

# What a page about an object is to it; XML has `uri` for this, and JSON a link.
_PAGE: Final = "describedby"

ANNOTATION: Final = Shape(
    Attribute("id"),
    Text("title", "com:AnnotationTitle"),
    Text("type", "com:AnnotationType"),
    Children(
        "links",
        "com:AnnotationURL",
        Shape(Attribute("hreflang", "xml:lang"), Content("href", TOKEN), constants={"rel": "self"}),
    ),
    Texts("text", "texts", "com:AnnotationText"),
    Text("value", "com:AnnotationValue"),
)
"""An annotation; the relation of a link of it is always `self` in XML."""

ANNOTATIONS: Final = Children("annotations", "com:Annotation", ANNOTATION, within="com:Annotations")
"""The annotations of any object."""


class _Address(Attribute):
    """The address of a link, which XML demands: the URN stands in where JSON has none."""

    __slots__ = ()

    def write(self, document: Mapping[str, Any]) -> str:
        address = document.get("href") or document.get("uri") or document.get("urn", "")
        return super().write({"href": address})


class _Page(Attribute):
    """The attribute `uri`, which is a link in JSON."""

    __slots__ = ()

    def write(self, document: Mapping[str, Any]) -> str:
        del document
        return ""

    def read(self, text: str, element: Element, document: Document) -> None:
        del element
        document.setdefault("links", []).append({"rel": _PAGE, "href": text})


def _forget_address_of_urn(link: Document) -> None:
    if "href" in link and link["href"] == link.get("urn"):
        del link["href"]


LINKS: Final = Children(
    "links",
    "com:Link",
    Shape(
        Attribute("rel"),
        _Address("href", "url"),
        Attribute("urn"),
        Attribute("type"),
        after=_forget_address_of_urn,
    ),
)
"""The links of an identifiable object; XML has no title and no language for them."""

NAMES: Final = (
    Texts("name", "names", "com:Name"),
    Texts("description", "descriptions", "com:Description"),
)
"""Name and description."""

OBJECT: Final = (Attribute("id"), Unwritten("urn"), _Page("uri"), ANNOTATIONS)
"""What identifies an object, and its annotations."""

IDENTIFIABLE: Final = (*OBJECT, LINKS)
"""An identifiable object."""

NAMEABLE: Final = (*IDENTIFIABLE, *NAMES)
"""A nameable object."""

MAINTAINABLE: Final = (
    Attribute("urn"),
    Attribute("agencyID"),
    Attribute("id"),
    Attribute("version"),
    _Page("uri"),
    Attribute("isExternalReference", kind=BOOLEAN),
    Attribute("serviceURL"),
    Attribute("structureURL"),
    Attribute("isPartialLanguage", kind=BOOLEAN),
    Attribute("validFrom"),
    Attribute("validTo"),
    ANNOTATIONS,
    LINKS,
    *NAMES,
)
"""A maintainable object. `urn`, `serviceURL` and `structureURL` are no properties of JSON: who
writes puts them beside those of the object, who reads takes them away."""

ITEM_SCHEME: Final = (*MAINTAINABLE, Attribute("isPartial", kind=BOOLEAN))
"""An item scheme."""

PARENT: Final = reference("parent", "str:Parent")
"""The parent of an item in a flat list."""

_NUMERIC: Final = frozenset(
    {
        *("BigInteger", "Integer", "Long", "Short", "Decimal", "Float", "Double"),
        *("Count", "Incremental", "InclusiveValueRange", "ExclusiveValueRange"),
    }
)


def _sentinels_as_numbers(text_format: Document) -> None:
    """Make the sentinels of a numeric type numbers, as JSON has them."""
    if text_format.get("dataType") not in _NUMERIC:
        return
    for sentinel in text_format.get("sentinelValues", ()):
        with suppress(ArithmeticError, KeyError, ValueError):
            sentinel["value"] = NUMBER.read(sentinel["value"])


def text_format(after: Callable[[Document], None] | None = None) -> Shape:
    """The shape of a text format with all facets."""
    return Shape(
        Attribute("dataType", "textType"),
        Attribute("isSequence", kind=BOOLEAN),
        *(Attribute(name, kind=NUMBER) for name in ("interval", "startValue", "endValue")),
        *(Attribute(name) for name in ("timeInterval", "startTime", "endTime")),
        *(Attribute(name, kind=INTEGER) for name in ("minLength", "maxLength")),
        *(Attribute(name, kind=NUMBER) for name in ("minValue", "maxValue")),
        Attribute("decimals", kind=INTEGER),
        Attribute("pattern"),
        Attribute("isMultiLingual", kind=BOOLEAN),
        Children("sentinelValues", "str:SentinelValue", Shape(Attribute("value"), *NAMES)),
        after=after or _sentinels_as_numbers,
    )


TEXT_FORMAT: Final = text_format()
"""A text format with all facets."""

REPRESENTATION: Final = Shape(
    Attribute("minOccurs", kind=INTEGER),
    Attribute("maxOccurs", kind=OCCURRENCE),
    Child("format", "str:TextFormat", TEXT_FORMAT),
    reference("enumeration", "str:Enumeration"),
    Child("enumerationFormat", "str:EnumerationFormat", TEXT_FORMAT),
)
"""A representation, coded or not."""
