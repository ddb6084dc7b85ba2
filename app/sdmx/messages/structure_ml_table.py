"""How objects of SDMX-JSON stand in SDMX-ML: the language of the tables, and what they drive.

A `Shape` says how one JSON object stands as one XML element: its attributes, then its child
elements in the order of the schema. Each line of a shape is a part, and each part both writes and
reads, so that what is written is read again as the same object:

    LEVEL = Shape(
        Attribute("id"),                                  # id="..."
        Texts("name", "names", "com:Name"),               # <com:Name xml:lang="en">...
        Text("parent", "str:Parent", TOKEN),              # <str:Parent>...
        TextList("keys", "str:Key", within="str:Keys"),   # <str:Keys><str:Key>...
        Child("codingFormat", "str:CodingFormat", FORMAT),
        Children("contacts", "str:Contact", CONTACT),
        Child("level", "str:Level", lambda: LEVEL),       # a shape within itself
    )

The parts for child elements are in `structure_ml_parts`. The first argument of a part is the key
in JSON, the second the name in XML with the prefix of its namespace. The tables know prefixes
alone; a `Vocabulary` says which namespaces they stand for, so that one table serves every version
whose elements are the same. What no part there can say is said by a part of its own: a subclass
of `Part` with `write` and `readers`. A `Collection` ties the shape of an artefact to the element
around all artefacts of its class; `structure_ml_message` writes and reads whole messages from the
collections of a version.

The tables also say what an object may be: the kind of each member, and those that must be there
(`required`). `Shape.check` holds an object to that; reading does not, for what comes in an older
version may have less.

Elements and attributes that no table names are refused with `InvalidArtefactError`; `line` in the
detail says where. Attributes of xsi and of namespaces that are not SDMX's are passed over.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Container, Iterable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, Final, TypeAlias, cast

from lxml import etree

from app.errors import InvalidArtefactError
from app.sdmx.artefacts import Document
from app.sdmx.messages.structure_ml_text import TEXT, Kind, escape, quote


class Misshapen(Exception):
    """Where an object differs from its shape; `path` grows while it rises."""

    def __init__(self, en: str, es: str, path: str = "") -> None:
        super().__init__(en)
        self.en = en
        self.es = es
        self.path = path


Check: TypeAlias = Callable[[Any], None]
"""Looks at a JSON value; raises Misshapen."""

Rule: TypeAlias = Callable[[Mapping[str, Any]], None]
"""Looks at the members of an object together; raises Misshapen."""


@dataclass(frozen=True, slots=True)
class Member:
    """A member of a JSON object.

    Attributes:
        check: what its value must be.
        required: whether it must be there.
    """

    check: Check
    required: bool = False


def check_of(kind: Kind) -> Check:
    """Make the check of a simple value."""
    fits = kind.fits

    def check(value: object) -> None:
        if not fits(value):
            shown = repr(value)[:80]
            raise Misshapen(f"{shown} is not {kind.en}", f"{shown} no es {kind.es}")

    return check


def check_of_list(check: Check, *, may_be_empty: bool = False, may_repeat: bool = True) -> Check:
    """Make the check of a list from that of its values."""

    def check_list(values: object) -> None:
        if not isinstance(values, list):
            raise Misshapen("it is not a list", "no es una lista")
        if not (values or may_be_empty):
            raise Misshapen("the list is empty: leave it out", "la lista está vacía: omítala")
        for position, value in enumerate(values):
            try:
                check(value)
            except Misshapen as found:
                found.path = f"/{position}{found.path}"
                raise
        if not may_repeat and len(set(values)) < len(values):
            raise Misshapen("a value is there twice", "un valor aparece dos veces")

    return check_list


def one_of_these(*keys: str) -> Rule:
    """Make the rule that an object has just one of these members."""
    listed = ", ".join(keys)

    def rule(document: Mapping[str, Any]) -> None:
        if sum(key in document for key in keys) != 1:
            raise Misshapen(f"it must have one of {listed}", f"debe tener uno de estos: {listed}")

    return rule


def not_both(*keys: str) -> Rule:
    """Make the rule that an object has one of these members at most."""
    listed = ", ".join(keys)

    def rule(document: Mapping[str, Any]) -> None:
        if sum(key in document for key in keys) > 1:
            raise Misshapen(
                f"it may have only one of {listed}", f"solo puede tener uno de estos: {listed}"
            )

    return rule


def together(*keys: str) -> Rule:
    """Make the rule that an object has all of these members or none."""

    def rule(document: Mapping[str, Any]) -> None:
        missing = [key for key in keys if key not in document]
        if missing and len(missing) < len(keys):
            raise Misshapen("it is missing", "falta", f"/{missing[0]}")

    return rule


def some_of(*keys: str) -> Rule:
    """Make the rule that an object has one of these members or more."""
    listed = ", ".join(keys)

    def rule(document: Mapping[str, Any]) -> None:
        if not any(key in document for key in keys):
            raise Misshapen(f"{listed} is missing", f"falta {listed}")

    return rule


Element: TypeAlias = etree._Element
"""An element of lxml."""

LANG: Final = "{http://www.w3.org/XML/1998/namespace}lang"
"""xml:lang, as lxml names it."""


@dataclass(frozen=True, slots=True, eq=False)
class Vocabulary:
    """The namespaces of one version of SDMX-ML.

    Attributes:
        version: as the media type says it, `3.1.0`.
        namespaces: the address of each prefix that the tables use.
    """

    version: str
    namespaces: Mapping[str, str]

    def tag(self, name: str) -> str:
        """The name of an element or attribute as lxml has it, from `str:Code` or `id`."""
        prefix, _, local = name.rpartition(":")
        if prefix == "xml":
            return LANG
        return f"{{{self.namespaces[prefix]}}}{local}" if prefix else local


Reader: TypeAlias = Callable[[Element, Document, Vocabulary], None]
"""Reads an element into the object of its parent."""


def refuse(element: Element, en: str, es: str) -> InvalidArtefactError:
    """Make the error for what cannot be read; it says where the element stands."""
    line = element.sourceline
    name = etree.QName(element).localname
    return InvalidArtefactError(
        f"Line {line}, {name}: {en}", f"Línea {line}, {name}: {es}", line=line, element=name
    )


def read_value(kind: Kind, text: str, element: Element, name: str) -> Any:  # noqa: ANN401
    """Read a simple value.

    Raises:
        InvalidArtefactError: it is none of its kind.
    """
    try:
        return kind.read(text)
    except (ArithmeticError, KeyError, ValueError):
        raise refuse(
            element, f"{name} cannot be {text[:80]!r}.", f"{name} no puede ser {text[:80]!r}."
        ) from None


def content_of(element: Element) -> str:
    """The text of an element that has no child.

    Raises:
        InvalidArtefactError: it has one.
    """
    if len(element):
        raise unknown(element[0])
    return element.text or ""


def unknown(element: Element) -> InvalidArtefactError:
    """Make the error for an element that does not belong where it stands."""
    return refuse(
        element, "this element is not known here.", "este elemento no se conoce en este lugar."
    )


@dataclass(frozen=True, slots=True)
class Attribute:
    """One XML attribute.

    Attributes:
        key: the key in JSON.
        name: its name in XML, if another.
        kind: its simple type.
        missing: what is written where JSON has nothing and the schema demands it; an empty
            text is read as nothing.
        required: whether JSON must have it.
    """

    key: str
    name: str = ""
    kind: Kind = TEXT
    missing: str | None = None
    required: bool = False

    def members(self) -> Mapping[str, Member]:
        """What it is in JSON."""
        return {self.key: Member(check_of(self.kind), self.required)}

    def write(self, document: Mapping[str, Any]) -> str:
        """Give the attribute with a blank before it, or nothing."""
        value = document.get(self.key)
        if value is None:
            return "" if self.missing is None else f' {self.name or self.key}="{self.missing}"'
        return f' {self.name or self.key}="{quote(self.kind.write(value))}"'

    def read(self, text: str, element: Element, document: Document) -> None:
        """Read its value into the object."""
        if text or self.missing != "":
            document[self.key] = read_value(self.kind, text, element, self.name or self.key)


@dataclass(frozen=True, slots=True)
class OfXml(Attribute):
    """An attribute that is no member in JSON: who writes adds it, who reads takes it away."""

    def members(self) -> Mapping[str, Member]:
        """Nothing."""
        return {}


@dataclass(frozen=True, slots=True)
class Unwritten(OfXml):
    """An attribute that is understood and says nothing that the object does not say: a URN."""

    def write(self, document: Mapping[str, Any]) -> str:
        """Give nothing."""
        del document
        return ""

    def read(self, text: str, element: Element, document: Document) -> None:
        """Pass over it."""
        del text, element, document


class Part(ABC):
    """One line of a shape that stands as child elements."""

    @abstractmethod
    def write(self, document: Mapping[str, Any], out: list[str]) -> None:
        """Append what the object has of this part."""

    @abstractmethod
    def readers(self, vocabulary: Vocabulary) -> Mapping[str, Reader]:
        """Give the elements of this part as lxml names them, each with what reads it."""

    def members(self) -> Mapping[str, Member]:
        """What it is in JSON, where objects are held to their shape; nothing of itself."""
        return {}


Lines: TypeAlias = tuple[Attribute | Part, ...]
"""Lines of a shape, to be put in others."""


@dataclass(frozen=True, slots=True)
class Content:
    """The text of the element itself.

    Attributes:
        key: the key in JSON.
        kind: its simple type.
    """

    key: str
    kind: Kind = TEXT

    def members(self) -> Mapping[str, Member]:
        """What it is in JSON: never without it."""
        return {self.key: Member(check_of(self.kind), required=True)}


class Shape:
    """How one JSON object stands as one element.

    Args:
        lines: the attributes, then the child elements in the order of the schema, or the content.
        constants: what each object has that is read, without an element for it.
        after: puts right what was read.
        also: members that JSON alone has.
        without: members that are read, and may not be kept.
        rules: what holds for several members.
    """

    def __init__(
        self,
        *lines: Attribute | Part | Content,
        constants: Mapping[str, Any] | None = None,
        after: Callable[[Document], None] | None = None,
        also: Mapping[str, Check] | None = None,
        without: Container[str] = (),
        rules: Iterable[Rule] = (),
    ) -> None:
        self.lines = lines
        self._also = {key: Member(check) for key, check in (also or {}).items()}
        self._without = without
        self._rules = tuple(rules)
        self._attributes = tuple(line for line in lines if isinstance(line, Attribute))
        self._parts = tuple(line for line in lines if isinstance(line, Part))
        self._content = next((line for line in lines if isinstance(line, Content)), None)
        self._constants = dict(constants or {})
        self._after = after
        self._tables: dict[Vocabulary, _Tables] = {}

    def write(self, name: str, document: Mapping[str, Any], out: list[str]) -> None:
        """Append an object as an element of this name."""
        start = f"<{name}"
        for attribute in self._attributes:
            start += attribute.write(document)
        position = len(out)
        out.append(start)
        for part in self._parts:
            part.write(document, out)
        if self._content is not None:
            out.append(escape(self._content.kind.write(document.get(self._content.key, ""))))
        if len(out) == position + 1:
            out[position] = start + "/>"
        else:
            out[position] = start + ">"
            out.append(f"</{name}>")

    def read(self, element: Element, vocabulary: Vocabulary) -> Document:
        """Read an element into an object.

        Raises:
            InvalidArtefactError: an element, attribute or value does not belong there.
        """
        tables = self._tables.get(vocabulary) or self._make_tables(vocabulary)
        document = dict(self._constants)
        for name, text in cast("list[tuple[str, str]]", element.items()):
            attribute = tables.attributes.get(name)
            if attribute is not None:
                attribute.read(text, element, document)
            elif name[0] != "{":
                raise _unknown_attribute(element, name)
        if self._content is not None:
            kind = self._content.kind
            text = content_of(element)
            document[self._content.key] = read_value(kind, text, element, self._content.key)
            return document
        elements = tables.elements
        for child in element:
            reader = elements.get(child.tag)
            if reader is None:
                raise unknown(child)
            reader(child, document, vocabulary)
        if self._after is not None:
            self._after(document)
        return document

    def check(self, document: object, *, is_whole: bool = True) -> None:
        """Hold a JSON object to this shape; members `x-...` are extensions, which may be anything.

        Args:
            document: the object.
            is_whole: whether it must have what is required; a reference to what is kept elsewhere
                need not.

        Raises:
            Misshapen: a member is missing, is not known, or is of another kind.
        """
        if not isinstance(document, dict):
            raise Misshapen("it is not an object", "no es un objeto")
        members = self._members
        for key, value in document.items():
            member = members.get(key)
            if member is None:
                if key.startswith("x-"):
                    continue
                raise Misshapen(
                    "SDMX has no such part here", "SDMX no tiene tal parte aquí", f"/{key}"
                )
            try:
                member.check(value)
            except Misshapen as found:
                found.path = f"/{key}{found.path}"
                raise
        if is_whole:
            for key in self._required:
                if key not in document:
                    raise Misshapen("it is missing", "falta", f"/{key}")
            for rule in self._rules:
                rule(document)

    @cached_property
    def _members(self) -> Mapping[str, Member]:
        found = dict(self._also)
        for line in self.lines:
            found.update(line.members())
        return {key: member for key, member in found.items() if key not in self._without}

    @cached_property
    def _required(self) -> tuple[str, ...]:
        return tuple(key for key, member in self._members.items() if member.required)

    def _make_tables(self, vocabulary: Vocabulary) -> _Tables:
        tables = _Tables()
        for attribute in self._attributes:
            tables.attributes[vocabulary.tag(attribute.name or attribute.key)] = attribute
        for part in self._parts:
            tables.elements.update(part.readers(vocabulary))
        self._tables[vocabulary] = tables
        return tables


@dataclass(slots=True)
class _Tables:
    """What a shape reads in one vocabulary, by the names of lxml."""

    attributes: dict[str, Attribute] = field(default_factory=dict)
    elements: dict[str, Reader] = field(default_factory=dict)


def _unknown_attribute(element: Element, name: str) -> InvalidArtefactError:
    return refuse(
        element, f"the attribute {name} is not known.", f"no se conoce el atributo {name}."
    )


@dataclass(frozen=True, slots=True)
class Collection:
    """The artefacts of one class in a message.

    Attributes:
        key: their key in `data` of SDMX-JSON.
        within: the element around them; several classes may share one.
        name: the element of an artefact.
        shape: how an artefact stands.
    """

    key: str
    within: str
    name: str
    shape: Shape
