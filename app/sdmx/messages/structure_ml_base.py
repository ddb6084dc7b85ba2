"""What the objects of SDMX-ML 3.x share: annotations, links, names, and representations."""

from __future__ import annotations

from collections.abc import Callable, Container, Mapping
from contextlib import suppress
from dataclasses import replace
from typing import Any, Final

from app.sdmx.artefacts import Document
from app.sdmx.messages.structure_kinds import (
    ADDRESS,
    ANY_VALUE,
    BASIC_TYPE,
    CODE_TYPE,
    COUNT,
    DURATION,
    ID,
    INSTANT,
    LINK_LANGUAGE,
    NC_PATH,
    PATTERN,
    PERIOD,
    POSITIVE,
    SIMPLE_TYPE,
    UPPER,
    URN,
    WHOLE_ADDRESS,
)
from app.sdmx.messages.structure_ml_parts import (
    Child,
    Children,
    Text,
    Texts,
    check_texts,
    reference,
)
from app.sdmx.messages.structure_ml_table import (
    Attribute,
    Check,
    Content,
    Element,
    Lines,
    OfXml,
    Shape,
    Unwritten,
    check_of,
    not_both,
    one_of_these,
    some_of,
)
from app.sdmx.messages.structure_ml_text import BOOLEAN, INTEGER, NUMBER, TEXT, Kind

# What a page about an object is to it; XML has `uri` for this, and JSON a link.
_PAGE: Final = "describedby"

# What links have in JSON alone.
_OF_JSON: Final[Mapping[str, Check]] = {
    "uri": check_of(WHOLE_ADDRESS),
    "title": check_of(TEXT),
    "titles": check_texts,
    "hreflang": check_of(LINK_LANGUAGE),
}
_LEADS_SOMEWHERE: Final = some_of("href", "urn")

ANNOTATION: Final = Shape(
    Attribute("id"),
    Text("title", "com:AnnotationTitle"),
    Text("type", "com:AnnotationType"),
    Children(
        "links",
        "com:AnnotationURL",
        Shape(
            Attribute("hreflang", "xml:lang", LINK_LANGUAGE),
            Content("href", ADDRESS),
            constants={"rel": "self"},
            also={
                **_OF_JSON,
                "rel": check_of(TEXT),
                "urn": check_of(URN),
                "type": check_of(TEXT),
            },
            rules=(some_of("rel"), _LEADS_SOMEWHERE),
        ),
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

    def __init__(self) -> None:
        super().__init__("href", "url", ADDRESS)

    def write(self, document: Mapping[str, Any]) -> str:
        address = document.get("href") or document.get("uri") or document.get("urn", "")
        return super().write({"href": address})


class _Page(OfXml):
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
        Attribute("rel", required=True),
        _Address(),
        Attribute("urn", kind=URN),
        Attribute("type"),
        after=_forget_address_of_urn,
        also=_OF_JSON,
        rules=(_LEADS_SOMEWHERE,),
    ),
)
"""The links of an identifiable object; XML has no title and no language for them."""

_DESCRIPTION: Final = Texts("description", "descriptions", "com:Description")
NAMES: Final = (Texts("name", "names", "com:Name", required=True), _DESCRIPTION)
"""Name and description."""

NAMES_IF_ANY: Final = (Texts("name", "names", "com:Name"), _DESCRIPTION)
"""Name and description where neither is demanded."""


def _object(kind: Kind, *, required: bool) -> Lines:
    return (
        Attribute("id", kind=kind, required=required),
        Unwritten("urn"),
        _Page("uri"),
        ANNOTATIONS,
    )


OBJECT: Final = _object(ID, required=True)
"""What identifies an object, and its annotations."""


def identifiable(kind: Kind = ID, *, required: bool = True) -> Lines:
    """An identifiable object, whose ids are of this kind."""
    return (*_object(kind, required=required), LINKS)


IDENTIFIABLE: Final = identifiable()
"""An identifiable object."""

NAMEABLE: Final = (*IDENTIFIABLE, *NAMES)
"""A nameable object."""

MAINTAINABLE: Final = (
    OfXml("urn"),
    Attribute("agencyID", kind=NC_PATH, required=True),
    Attribute("id", kind=ID, required=True),
    Attribute("version", required=True),
    _Page("uri"),
    Attribute("isExternalReference", kind=BOOLEAN),
    OfXml("serviceURL"),
    OfXml("structureURL"),
    Attribute("isPartialLanguage", kind=BOOLEAN),
    Attribute("validFrom", kind=INSTANT),
    Attribute("validTo", kind=INSTANT),
    ANNOTATIONS,
    LINKS,
    *NAMES,
)
"""A maintainable object. `urn`, `serviceURL` and `structureURL` are no properties of JSON: who
writes puts them beside those of the object, who reads takes them away."""

ITEM_SCHEME: Final = (*MAINTAINABLE, Attribute("isPartial", kind=BOOLEAN))
"""An item scheme."""

PARENT: Final = Text("parent", "str:Parent", ID)
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


_SENTINELS: Final = Children(
    "sentinelValues",
    "str:SentinelValue",
    Shape(Attribute("value", kind=ANY_VALUE, required=True), *NAMES),
)
_FACETS: Final[Lines] = (
    Attribute("dataType", "textType", BASIC_TYPE),
    Attribute("isSequence", kind=BOOLEAN),
    *(Attribute(name, kind=NUMBER) for name in ("interval", "startValue", "endValue")),
    Attribute("timeInterval", kind=DURATION),
    *(Attribute(name, kind=PERIOD) for name in ("startTime", "endTime")),
    *(Attribute(name, kind=POSITIVE) for name in ("minLength", "maxLength")),
    *(Attribute(name, kind=NUMBER) for name in ("minValue", "maxValue")),
    Attribute("decimals", kind=POSITIVE),
    Attribute("pattern", kind=PATTERN),
    Attribute("isMultiLingual", kind=BOOLEAN),
    _SENTINELS,
)
_NUMBERS: Final = ("interval", "startValue", "endValue", "minValue", "maxValue")


def text_format(
    after: Callable[[Document], None] | None = None,
    *,
    without: Container[str] = (),
    required: Container[str] = (),
    kinds: Mapping[str, Kind] | None = None,
) -> Shape:
    """The shape of a text format.

    Args:
        after: puts right what was read.
        without: the facets that it cannot have; they are read all the same, and refused later.
        required: those that it must have.
        kinds: facets of another kind than they usually are.
    """
    lines: Lines = tuple(
        _facet(line, kinds or {}, required) if isinstance(line, Attribute) else line
        for line in _FACETS
    )
    return Shape(*lines, after=after or _sentinels_as_numbers, without=without)


def _facet(line: Attribute, kinds: Mapping[str, Kind], required: Container[str]) -> Attribute:
    kind = kinds.get(line.key, line.kind)
    return replace(line, kind=kind, required=line.key in required)


TEXT_FORMAT: Final = text_format()
"""A text format with all facets."""

CODED_FORMAT: Final = text_format(
    without=("decimals", "isMultiLingual", "sentinelValues"),
    kinds={"dataType": CODE_TYPE} | dict.fromkeys(_NUMBERS, INTEGER),
)
"""What codes look like."""

SIMPLE_FORMAT: Final = text_format(
    without=("isMultiLingual",), kinds={"dataType": SIMPLE_TYPE, "interval": INTEGER}
)
"""The text format of a dimension."""


def representation(text: Shape, *classes: str, occurs: bool = True) -> Shape:
    """A representation, coded or not.

    Args:
        text: the text format.
        classes: of the lists that it may have.
        occurs: whether it may say how many values there are.
    """
    return Shape(
        Attribute("minOccurs", kind=COUNT),
        Attribute("maxOccurs", kind=UPPER),
        Child("format", "str:TextFormat", text),
        reference("enumeration", "str:Enumeration", *classes),
        Child("enumerationFormat", "str:EnumerationFormat", CODED_FORMAT),
        without=() if occurs else ("minOccurs", "maxOccurs"),
        rules=(one_of_these("enumeration", "format"), not_both("format", "enumerationFormat")),
    )


REPRESENTATION: Final = representation(TEXT_FORMAT, "Codelist", "ValueList")
"""A representation, coded or not."""

SIMPLE_REPRESENTATION: Final = representation(SIMPLE_FORMAT, "Codelist", occurs=False)
"""The representation of a dimension."""

METADATA_REPRESENTATION: Final = representation(TEXT_FORMAT, "Codelist", occurs=False)
"""The representation of a metadata attribute, which itself says how often it may stand."""
