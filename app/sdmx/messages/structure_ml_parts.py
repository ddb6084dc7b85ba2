"""The parts of shapes: texts, references, objects and lists of them as child elements."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final, TypeAlias

from app.sdmx.artefacts import Document
from app.sdmx.messages.structure_kinds import is_language, urn_to
from app.sdmx.messages.structure_ml_table import (
    LANG,
    Check,
    Element,
    Member,
    Misshapen,
    Part,
    Reader,
    Shape,
    Vocabulary,
    check_of,
    check_of_list,
    content_of,
    read_value,
    refuse,
    unknown,
)
from app.sdmx.messages.structure_ml_text import TEXT, TOKEN, Kind, escape, quote

# Deeper than any artefact of use, and far from the depth at which reading or JSON would end.
_DEEPEST: Final = 60

ShapeOf: TypeAlias = Shape | Callable[[], Shape]
"""A shape, or what gives one that is defined further down or holds itself."""


def _read_shape(shape: ShapeOf, element: Element, vocabulary: Vocabulary) -> Document:
    if isinstance(shape, Shape):
        return shape.read(element, vocabulary)
    if sum(1 for _ in element.iterancestors()) > _DEEPEST:
        raise refuse(element, "it is nested too deep.", "está anidado a demasiada profundidad.")
    return shape().read(element, vocabulary)


def _check_by(shape: ShapeOf) -> Check:
    return shape.check if isinstance(shape, Shape) else lambda value: shape().check(value)


def check_texts(texts: object) -> None:
    """Look at texts by language.

    Raises:
        Misshapen: a language is none, or its text is none.
    """
    if not isinstance(texts, dict) or not texts:
        raise Misshapen("texts by language are wanted", "se esperan textos por idioma")
    for language, text in texts.items():
        if not is_language(language):
            raise Misshapen(
                f"{language!r} is not the tag of a language",
                f"{language!r} no es la etiqueta de un idioma",
            )
        _check_text(text)


_check_text: Final = check_of(TEXT)


def _write_shape(shape: ShapeOf, name: str, value: Mapping[str, Any], out: list[str]) -> None:
    (shape if isinstance(shape, Shape) else shape()).write(name, value, out)


@dataclass(frozen=True, slots=True)
class Texts(Part):
    """A text in one or more languages.

    The best match comes first. A text without xml:lang is one whose language JSON does not say;
    beside texts in other languages it is English, as the schema has it.

    Attributes:
        key: the key of the best match in JSON, `name`.
        keys: the key of the texts by language, `names`.
        name: the element.
        required: whether there must be one.
    """

    key: str
    keys: str
    name: str
    required: bool = False

    def members(self) -> Mapping[str, Member]:
        """The best match, and the texts by language."""
        return {self.key: Member(_check_text, self.required), self.keys: Member(check_texts)}

    def write(self, document: Mapping[str, Any], out: list[str]) -> None:
        """Append one element a language."""
        texts = document.get(self.keys)
        best = document.get(self.key)
        if not texts:
            if best is not None:
                out.append(f"<{self.name}>{escape(best)}</{self.name}>")
            return
        first = [language for language, text in texts.items() if text == best]
        if best is not None and not first:
            out.append(f"<{self.name}>{escape(best)}</{self.name}>")
        out.extend(
            f'<{self.name} xml:lang="{quote(language)}">{escape(texts[language])}</{self.name}>'
            for language in (dict.fromkeys((*first[:1], *texts)) if first else texts)
        )

    def readers(self, vocabulary: Vocabulary) -> Mapping[str, Reader]:
        """Read one language."""
        return {vocabulary.tag(self.name): self._read}

    def _read(self, element: Element, document: Document, vocabulary: Vocabulary) -> None:
        del vocabulary
        text, language = content_of(element), element.get(LANG)
        texts = document.get(self.keys)
        if language is None:
            document[self.key] = text
            if texts is not None:
                texts.setdefault("en", text)
        elif texts is None:
            english = {"en": document[self.key]} if self.key in document else {}
            document.setdefault(self.key, text)
            document[self.keys] = english | {language: text}
        else:
            texts[language] = text


@dataclass(frozen=True, slots=True)
class Text(Part):
    """One element with a simple value.

    Attributes:
        key: the key in JSON.
        name: the element.
        kind: its simple type.
        missing: what is written where JSON has nothing and the schema demands the element; an
            empty one is read as nothing.
        required: whether there must be one.
    """

    key: str
    name: str
    kind: Kind = TEXT
    missing: str | None = None
    required: bool = False

    def members(self) -> Mapping[str, Member]:
        """The value."""
        return {self.key: Member(check_of(self.kind), self.required)}

    def write(self, document: Mapping[str, Any], out: list[str]) -> None:
        """Append the element, if there is a value."""
        value = document.get(self.key)
        if value is not None:
            out.append(f"<{self.name}>{escape(self.kind.write(value))}</{self.name}>")
        elif self.missing is not None:
            out.append(f"<{self.name}>{self.missing}</{self.name}>")

    def readers(self, vocabulary: Vocabulary) -> Mapping[str, Reader]:
        """Read the value."""
        return {vocabulary.tag(self.name): self._read}

    def _read(self, element: Element, document: Document, vocabulary: Vocabulary) -> None:
        del vocabulary
        text = content_of(element)
        if text or self.missing != "":
            document[self.key] = read_value(self.kind, text, element, self.key)


def reference(key: str, name: str, *classes: str, required: bool = False) -> Text:
    """A reference by URN to an artefact of one of these classes; to anything without one."""
    return Text(key, name, urn_to(*classes), required=required)


@dataclass(frozen=True, slots=True)
class TextList(Part):
    """A list of simple values, one element each; only plain texts may be there twice.

    Attributes:
        key: the key in JSON.
        name: the element of a value.
        kind: its simple type.
        within: an element around all of them.
        each: an element around each of them.
        required: whether there must be one.
    """

    key: str
    name: str
    kind: Kind = TOKEN
    within: str = ""
    each: str = ""
    required: bool = False

    def members(self) -> Mapping[str, Member]:
        """The list."""
        check = check_of_list(check_of(self.kind), may_repeat=self.kind is TEXT)
        return {self.key: Member(check, self.required)}

    def write(self, document: Mapping[str, Any], out: list[str]) -> None:
        """Append one element a value; nothing for an empty list."""
        values = document.get(self.key)
        if not values:
            return
        opened, closed = f"<{self.name}>", f"</{self.name}>"
        if self.each:
            opened, closed = f"<{self.each}>{opened}", f"{closed}</{self.each}>"
        if self.within:
            out.append(f"<{self.within}>")
        out.extend(f"{opened}{escape(self.kind.write(value))}{closed}" for value in values)
        if self.within:
            out.append(f"</{self.within}>")

    def readers(self, vocabulary: Vocabulary) -> Mapping[str, Reader]:
        """Read the values."""
        return nested_readers(self._read, vocabulary, self.within, self.each, self.name)

    def _read(self, element: Element, document: Document, vocabulary: Vocabulary) -> None:
        del vocabulary
        value = read_value(self.kind, content_of(element), element, self.key)
        document.setdefault(self.key, []).append(value)


def nested_readers(read: Reader, vocabulary: Vocabulary, *names: str) -> Mapping[str, Reader]:
    """Give the reader of the first of these elements, each of which holds the next.

    Names may be empty: such an element is not there.
    """
    *outer, tag = (vocabulary.tag(name) for name in names if name)
    for around in reversed(outer):
        read, tag = _reader_of_children(tag, read), around
    return {tag: read}


def _reader_of_children(tag: str, read: Reader) -> Reader:
    def read_children(element: Element, document: Document, vocabulary: Vocabulary) -> None:
        for child in element:
            if child.tag != tag:
                raise unknown(child)
            read(child, document, vocabulary)

    return read_children


@dataclass(frozen=True, slots=True)
class Child(Part):
    """One object.

    Attributes:
        key: the key in JSON.
        name: the element.
        shape: how it stands.
        required: whether it must be there.
    """

    key: str
    name: str
    shape: ShapeOf
    required: bool = False

    def members(self) -> Mapping[str, Member]:
        """The object."""
        return {self.key: Member(_check_by(self.shape), self.required)}

    def write(self, document: Mapping[str, Any], out: list[str]) -> None:
        """Append the object, if there is one."""
        value = document.get(self.key)
        if value is not None:
            _write_shape(self.shape, self.name, value, out)

    def readers(self, vocabulary: Vocabulary) -> Mapping[str, Reader]:
        """Read the object."""
        return {vocabulary.tag(self.name): self._read}

    def _read(self, element: Element, document: Document, vocabulary: Vocabulary) -> None:
        document[self.key] = _read_shape(self.shape, element, vocabulary)


@dataclass(frozen=True, slots=True)
class Children(Part):
    """A list of objects.

    Attributes:
        key: the key in JSON.
        name: the element of an object.
        shape: how each stands.
        within: an element around all of them.
        required: whether there must be one.
        may_be_empty: whether JSON may have a list of none.
    """

    key: str
    name: str
    shape: ShapeOf
    within: str = ""
    required: bool = False
    may_be_empty: bool = False

    def members(self) -> Mapping[str, Member]:
        """The list."""
        check = check_of_list(_check_by(self.shape), may_be_empty=self.may_be_empty)
        return {self.key: Member(check, self.required)}

    def write(self, document: Mapping[str, Any], out: list[str]) -> None:
        """Append one element an object; nothing for an empty list."""
        values = document.get(self.key)
        if not values:
            return
        shape = self.shape if isinstance(self.shape, Shape) else self.shape()
        if self.within:
            out.append(f"<{self.within}>")
        for value in values:
            shape.write(self.name, value, out)
        if self.within:
            out.append(f"</{self.within}>")

    def readers(self, vocabulary: Vocabulary) -> Mapping[str, Reader]:
        """Read the objects."""
        return nested_readers(self._read, vocabulary, self.within, self.name)

    def _read(self, element: Element, document: Document, vocabulary: Vocabulary) -> None:
        document.setdefault(self.key, []).append(_read_shape(self.shape, element, vocabulary))


def check_of_value(shape: Shape, kind: Kind = TEXT) -> Check:
    """Make the check of a value that JSON has as a text or as an object around it."""
    check_text = check_of(kind)

    def check(value: object) -> None:
        (shape.check if isinstance(value, dict) else check_text)(value)

    return check


def write_value(shape: Shape, name: str, value: str | Mapping[str, Any], out: list[str]) -> None:
    """Append a value that JSON has as a text or as an object around it."""
    if isinstance(value, str):
        out.append(f"<{name}>{escape(value)}</{name}>")
    else:
        shape.write(name, value, out)


def read_text_or_object(shape: Shape, element: Element, vocabulary: Vocabulary) -> str | Document:
    """Read a value: a text where there is no attribute, else an object."""
    if not element.attrib:
        return content_of(element)
    value = shape.read(element, vocabulary)
    return {key: part for key, part in value.items() if part is not None}


@dataclass(frozen=True, slots=True)
class Values(Part):
    """A list of values, each a text or an object around it in JSON.

    XML tells them apart by an attribute of the shape that is always written (`missing`).

    Attributes:
        key: the key in JSON.
        name: the element of a value.
        shape: how an object stands.
    """

    key: str
    name: str
    shape: Shape

    def members(self) -> Mapping[str, Member]:
        """The list."""
        return {self.key: Member(check_of_list(check_of_value(self.shape)))}

    def write(self, document: Mapping[str, Any], out: list[str]) -> None:
        """Append one element a value."""
        for value in document.get(self.key, ()):
            write_value(self.shape, self.name, value, out)

    def readers(self, vocabulary: Vocabulary) -> Mapping[str, Reader]:
        """Read the values."""
        return {vocabulary.tag(self.name): self._read}

    def _read(self, element: Element, document: Document, vocabulary: Vocabulary) -> None:
        value = read_text_or_object(self.shape, element, vocabulary)
        document.setdefault(self.key, []).append(value)


@dataclass(frozen=True, slots=True)
class Flag(Part):
    """An element that says something by being there; an object without properties in JSON.

    Attributes:
        key: the key in JSON.
        name: the element.
    """

    key: str
    name: str

    def members(self) -> Mapping[str, Member]:
        """An object without a member."""
        return {self.key: Member(Shape().check)}

    def write(self, document: Mapping[str, Any], out: list[str]) -> None:
        """Append the element, if the object is there."""
        if self.key in document:
            out.append(f"<{self.name}/>")

    def readers(self, vocabulary: Vocabulary) -> Mapping[str, Reader]:
        """Read the element."""
        return {vocabulary.tag(self.name): self._read}

    def _read(self, element: Element, document: Document, vocabulary: Vocabulary) -> None:
        del vocabulary
        content_of(element)
        document[self.key] = {}


@dataclass(frozen=True, slots=True)
class Skipped(Part):
    """Elements that are passed over: what an older version had and no object keeps.

    Attributes:
        names: the elements.
    """

    names: tuple[str, ...]

    def write(self, document: Mapping[str, Any], out: list[str]) -> None:
        """Append nothing."""

    def readers(self, vocabulary: Vocabulary) -> Mapping[str, Reader]:
        """Read nothing."""
        return {vocabulary.tag(name): self._read for name in self.names}

    def _read(self, element: Element, document: Document, vocabulary: Vocabulary) -> None:
        """Pass over it."""
