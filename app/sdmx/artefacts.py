"""Maintainable artefacts, kept as the objects of SDMX-JSON 2.1 in all their languages.

The document is what was published; the properties here are read from it. Links to itself are not
part of an artefact: writers add them, and `Artefact.read` leaves them out.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final, TypeAlias

import orjson

from app.errors import InvalidArtefactError, QuerySyntaxError
from app.sdmx.artefact_classes import METADATA_SET, ArtefactClass
from app.sdmx.urn import PREFIX, Urn, parse_urn, urn_of
from app.sdmx.version import Version

Document: TypeAlias = dict[str, Any]
"""An artefact, or a part of it, as an object of SDMX-JSON 2.1."""

UNEXPECTED: Final = (
    ArithmeticError,
    AttributeError,
    LookupError,
    RecursionError,
    TypeError,
    ValueError,
)
"""What code meets in a document of another shape than it expects."""

_WITHOUT_REFERENCES: Final = frozenset(
    {"annotations", "description", "descriptions", "links", "name", "names"}
)


@dataclass(frozen=True, slots=True)
class Artefact:
    """One maintainable artefact with its identification.

    Attributes:
        artefact_class: its class.
        agency: the maintaining agency.
        id: its id.
        version: its version.
        document: the object of SDMX-JSON 2.1; never changed in place.
    """

    artefact_class: ArtefactClass
    agency: str
    id: str
    version: Version
    document: Document

    @classmethod
    def read(cls, artefact_class: ArtefactClass, document: Mapping[str, Any]) -> Artefact:
        """Identify a document.

        Raises:
            InvalidArtefactError: agency, id or version are missing or are no text.
        """
        whole = _without_self_links(document)
        if artefact_class.unversioned:
            whole.setdefault("version", "1.0")
        if artefact_class.fixed_id:
            whole.setdefault("id", artefact_class.fixed_id)
        agency, identifier, version = (
            _identification(artefact_class, whole, key) for key in ("agencyID", "id", "version")
        )
        try:
            parsed = Version.parse(version)
        except QuerySyntaxError as error:
            raise InvalidArtefactError(error.text["en"], error.text["es"]) from None
        return cls(artefact_class, agency, identifier, parsed, whole)

    @property
    def urn(self) -> str:
        """Its URN."""
        return urn_of(self.artefact_class.urn_class, self.agency, self.id, self.version.text)

    @property
    def stable(self) -> bool:
        """Whether it may never change again: a version X.Y.Z without extension, X > 0."""
        return self.version.is_stable

    @property
    def is_external(self) -> bool:
        """Whether it is a stub of what another service holds (`isExternalReference`)."""
        return self.document.get("isExternalReference") is True

    def with_document(self, document: Document) -> Artefact:
        """The same artefact with another document: cut, localised or resolved."""
        return Artefact(self.artefact_class, self.agency, self.id, self.version, document)

    def canonical(self) -> bytes:
        """The document as bytes that are equal when, and only when, the documents are."""
        return orjson.dumps(self.document, option=orjson.OPT_SORT_KEYS)

    def __str__(self) -> str:
        return f"{self.artefact_class.name} {self.agency}:{self.id}({self.version})"


def find_references(artefact: Artefact) -> Iterator[tuple[str, Urn]]:
    """Give every reference to another artefact or its items, with the path where it stands.

    References that name no single object (`Any`, `*`) are left out, and so are links.

    Raises:
        InvalidArtefactError: a URN is not well formed; `path` in the detail says where.
    """
    own = artefact.urn
    for path, text in _urns(_referring(artefact), ""):
        if "*" in text or ".Any=" in text:
            continue
        try:
            urn = parse_urn(text)
        except InvalidArtefactError as error:
            raise InvalidArtefactError(
                f"{artefact}, {path}: {error.text['en']}",
                f"{artefact}, {path}: {error.text['es']}",
                urn=own,
                path=path,
            ) from None
        if str(urn.maintainable) != own:
            yield path, urn


def find_differences(old: Any, new: Any, path: str = "") -> Iterator[tuple[str, Any, Any]]:  # noqa: ANN401
    """Give the paths at which two documents differ, with the old and the new value.

    A value that is missing on one side is None. Objects in lists are matched by `id` when all
    have one, so that an inserted code is one difference and not a shift of all that follow.
    """
    if isinstance(old, dict) and isinstance(new, dict):
        yield from _differences_of_parts(old, new, path)
    elif isinstance(old, list) and isinstance(new, list):
        before, after = _by_id(old), _by_id(new)
        if before is None or after is None:
            before, after = (
                {str(position): value for position, value in enumerate(values)}
                for values in (old, new)
            )
        else:
            kept = [
                [key for key in one if key in before and key in after] for one in (before, after)
            ]
            if kept[0] != kept[1]:
                yield f"{path} (order)", kept[0], kept[1]
        yield from _differences_of_parts(before, after, path)
    elif type(old) is not type(new) or old != new:
        yield path, old, new


def _differences_of_parts(
    old: Mapping[str, Any], new: Mapping[str, Any], path: str
) -> Iterator[tuple[str, Any, Any]]:
    for key in dict.fromkeys((*old, *new)):
        if key in old and key in new:
            yield from find_differences(old[key], new[key], f"{path}/{key}")
        else:
            yield f"{path}/{key}", old.get(key), new.get(key)


def _by_id(values: list[Any]) -> dict[str, Any] | None:
    """The values by their id, or None unless each is an object with an id of its own."""
    found = {
        value["id"]: value
        for value in values
        if isinstance(value, dict) and isinstance(value.get("id"), str)
    }
    return found if len(found) == len(values) else None


def _without_self_links(document: Mapping[str, Any]) -> Document:
    links = document.get("links")
    if not isinstance(links, list):
        return dict(document)
    kept = [link for link in links if not (isinstance(link, dict) and link.get("rel") == "self")]
    return {
        key: kept if key == "links" else value
        for key, value in document.items()
        if key != "links" or kept
    }


def _identification(artefact_class: ArtefactClass, document: Document, key: str) -> str:
    value = document.get(key)
    if not isinstance(value, str):
        named = f"{artefact_class.name} {document.get('id', '')!s:.80}".strip()
        raise InvalidArtefactError(
            f"{named}: {key} is missing.", f"{named}: falta {key}.", path=f"/{key}"
        )
    return value


def _referring(artefact: Artefact) -> Document:
    """The part of a document that refers to others; what a metadata set reports is text."""
    if artefact.artefact_class is not METADATA_SET:
        return artefact.document
    return {key: value for key, value in artefact.document.items() if key != "attributes"}


def _urns(part: Any, path: str) -> Iterator[tuple[str, str]]:  # noqa: ANN401
    if isinstance(part, dict):
        for key, value in part.items():
            if key not in _WITHOUT_REFERENCES:
                yield from _urns(value, f"{path}/{key}")
    elif isinstance(part, list):
        for position, value in enumerate(part):
            yield from _urns(value, f"{path}/{position}")
    elif isinstance(part, str) and part.startswith(PREFIX):
        yield path, part
