"""Versions of artefacts and the queries that select among them (sdmx-rest 2.2, querying_versions).

A version is `X`, `X.Y` (legacy forms), `X.Y.Z` or `X.Y.Z-EXT` (semantic versions). A version
query adds one operator: `+` latest stable, `~` latest of any kind, `*` all; the operator follows
a number (a minimum) or stands in its place. The 1.x paths have one query of their own: `latest`,
the latest in production.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from functools import lru_cache, total_ordering
from typing import Final

from app.errors import QuerySyntaxError

_NUMBER: Final = r"(?:0|[1-9][0-9]{0,17})"
_IDENTIFIER: Final = r"(?:0|[1-9][0-9]{0,17}|[0-9]*[A-Za-z-][0-9A-Za-z-]*)"
_VERSION: Final = re.compile(
    rf"({_NUMBER})(?:\.({_NUMBER})(?:\.({_NUMBER})(?:-({_IDENTIFIER}(?:\.{_IDENTIFIER})*))?)?)?"
)
_REFERENCE: Final = re.compile(rf"\*|{_NUMBER}\+?\.{_NUMBER}\+?\.{_NUMBER}\+?")
_QUERY_PART: Final = re.compile(rf"({_NUMBER})?([+~*])?")

LATEST: Final = "latest"
"""The latest version in production, as the 1.x paths ask for it."""

_PrecedenceKey = tuple[tuple[int, ...], bool, tuple[tuple[int, int, str], ...], int]


@total_ordering
@dataclass(frozen=True, slots=True)
class Version:
    """A version of an artefact, ordered across all its forms.

    Missing minor and patch numbers count as 0; a version without an extension comes after those
    with one; extensions follow semantic versioning; of `1.0` and `1.0.0` the latter is higher.
    """

    text: str
    numbers: tuple[int, ...]
    extension: tuple[str, ...] = ()

    @classmethod
    def parse(cls, text: str) -> Version:
        """Read a version.

        Raises:
            QuerySyntaxError: the text is none of the four forms.
        """
        version = _parse_version(text)
        if version is None:
            raise QuerySyntaxError(
                f"{text[:80]!r} is not a version (X, X.Y, X.Y.Z or X.Y.Z-EXT).",
                f"{text[:80]!r} no es una versión (X, X.Y, X.Y.Z o X.Y.Z-EXT).",
            )
        return version

    @classmethod
    def is_version(cls, text: str) -> bool:
        """Whether a text is a version, in any of the four forms."""
        return _parse_version(text) is not None

    @property
    def is_stable(self) -> bool:
        """Whether it is `X.Y.Z` with X > 0: released, and never to change again."""
        return len(self.numbers) == 3 and not self.extension and self.numbers[0] > 0

    @property
    def is_in_production(self) -> bool:
        """Whether it is no draft, in any form: no extension, and no major number 0."""
        return not self.extension and self.core[0] > 0

    @property
    def core(self) -> tuple[int, int, int]:
        """The three numbers, 0 where the form has none."""
        major, minor, patch = (*self.numbers, 0, 0)[:3]
        return major, minor, patch

    @property
    def precedence(self) -> _PrecedenceKey:
        """The sort key."""
        extension = tuple(
            (0, int(part), "") if part.isdecimal() else (1, 0, part) for part in self.extension
        )
        return self.core, not self.extension, extension, len(self.numbers)

    def __lt__(self, other: Version) -> bool:
        return self.precedence < other.precedence

    def __str__(self) -> str:
        return self.text


@lru_cache(maxsize=4096)
def _parse_version(text: str) -> Version | None:
    match = _VERSION.fullmatch(text)
    if match is None:
        return None
    numbers = tuple(int(number) for number in match.group(1, 2, 3) if number is not None)
    return Version(text, numbers, tuple((match[4] or "").split(".")) if match[4] else ())


@dataclass(frozen=True, slots=True)
class VersionQuery:
    """One version query; two spellings of the same query are equal.

    Attributes:
        operator: `+`, `~`, `*`, `latest`, or empty for an exact version.
        exact: the version asked for, when there is no operator.
        size: how many numbers a matching version has; 0: any.
        fixed: the leading numbers that must be equal.
        minimum: the least (major, minor, patch); an extension does not lower a version here.
    """

    operator: str
    exact: Version | None = None
    size: int = 0
    fixed: tuple[int, ...] = ()
    minimum: tuple[int, ...] = (0, 0, 0)
    text: str = field(default="", compare=False)

    @classmethod
    def parse(cls, text: str) -> VersionQuery:
        """Read one version query.

        Raises:
            QuerySyntaxError: the form is not supported by the standard.
        """
        query = _parse_query(text)
        if query is None:
            raise QuerySyntaxError(
                f"{text[:80]!r} is not a version query that the standard allows; examples: "
                "1.0, 1.2.0, + (latest stable), ~ (latest), * (all), 2.3+.1 (at least 2.3.1).",
                f"{text[:80]!r} no es una consulta de versión que el estándar admita; ejemplos: "
                "1.0, 1.2.0, + (última estable), ~ (última), * (todas), 2.3+.1 (desde 2.3.1).",
            )
        return query

    @classmethod
    def parse_reference(cls, text: str) -> VersionQuery:
        """Read the version of a reference: exact, `*`, or a minimum with `+`, also of major 0.

        Raises:
            QuerySyntaxError: it is none of these (SDMXCommonReferences.xsd).
        """
        query = _parse_query(text, zero_major=True)
        if query is None or (query.operator and _REFERENCE.fullmatch(text) is None):
            raise QuerySyntaxError(
                f"{text[:80]!r} is not a version of a reference (1.0, 1.2.0, 1.2+.0, *).",
                f"{text[:80]!r} no es una versión de referencia (1.0, 1.2.0, 1.2+.0, *).",
            )
        return query

    @classmethod
    def latest(cls) -> VersionQuery:
        """The latest in production (sdmx-rest 1.5): no draft, unless there is nothing else."""
        return cls(LATEST, text=LATEST)

    @property
    def as_sent(self) -> str:
        """The query as it was written, for what is told to who wrote it."""
        return self.text or str(self)

    @property
    def is_any(self) -> bool:
        """Whether it is `*`: every version of any form."""
        return self.operator == "*" and self.size == 0

    def matches(self, version: Version) -> bool:
        """Tell whether a version is a candidate, before `+` and `~` keep the highest."""
        if self.exact is not None:
            return version == self.exact
        if self.operator == "+" and version.extension:
            return False
        if self.size and len(version.numbers) != self.size:
            return False
        return version.core[: len(self.fixed)] == self.fixed and version.core >= self.minimum

    def select(self, versions: Iterable[Version]) -> list[Version]:
        """Give the versions of ONE artefact that the query asks for, in ascending order.

        Latest is a matter of one artefact, never of a whole result: call it per artefact.
        """
        found = sorted(version for version in versions if self.matches(version))
        if self.operator == LATEST:
            # A draft shows where there is nothing else, so that it can be looked at at all.
            found = [version for version in found if version.is_in_production] or found
        return found if self.operator in ("", "*") else found[-1:]

    def __str__(self) -> str:
        if self.exact is not None:
            return self.exact.text
        if self.size == 0 or (
            self.operator == "+" and not self.fixed and self.minimum == (1, 0, 0)
        ):
            return self.operator
        parts = [str(number) for number in self.minimum[: self.size]]
        parts[len(self.fixed)] += self.operator
        return ".".join(parts)


@lru_cache(maxsize=4096)
def _parse_query(text: str, *, zero_major: bool = False) -> VersionQuery | None:
    exact = _parse_version(text)
    if exact is not None:
        return VersionQuery("", exact, text=text)
    parts = [_QUERY_PART.fullmatch(part) for part in text.split(".")[:4]]
    found = [(part[1], part[2]) for part in parts if part is not None and part[0]]
    operators = [(index, mark) for index, (_, mark) in enumerate(found) if mark]
    if len(found) != len(parts) or len(operators) != 1:
        return None
    numbers = [number for number, _ in found]
    return _build_query(text, numbers, *operators[0], zero_major=zero_major)


def _build_query(
    text: str, found: list[str | None], index: int, mark: str, *, zero_major: bool
) -> VersionQuery | None:
    """Apply the rules that a grammar of parts cannot express."""
    size = len(found)
    numbers = tuple(int(number or 0) for number in found)
    if size > 3 or (size == 1 and found[0] is not None):
        return None
    if found[index] is None and any(numbers[index:]):
        return None
    minimum = (*numbers, 0, 0)[:3]
    if mark != "+":
        return VersionQuery(mark, None, 0 if size == 1 else size, numbers[:index], minimum, text)
    if size == 2 or (found[0] == "0" and not zero_major):
        return None
    if not zero_major:
        minimum = max(minimum, (1, 0, 0))
    return VersionQuery(mark, None, 3, numbers[:index], minimum, text)
