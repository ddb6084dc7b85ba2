"""A representation map as a table: source values to target values.

Mappings are tried in their order, and the first that takes all values of a row holds (SDMX 3.0
section 6, 13.6). A mapping with a validity holds for observations whose period begins within it
(13.9); for what has no period, always. A value that none takes as it stands is read as the text
from which only case, accents and blanks tell it apart: people write `eeuu` and `turquia`.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from heapq import merge
from operator import itemgetter
from typing import Final, TypeAlias

from app.errors import InvalidArtefactError, QuerySyntaxError
from app.sdmx.artefacts import Artefact
from app.sdmx.mapping.documents import RepresentationMap, RepresentationMapping
from app.sdmx.mapping.folding import fold
from app.sdmx.mapping.matching import Matcher, PatternRoom, matcher, template
from app.sdmx.mapping.near_words import near_folded, near_word
from app.sdmx.structures import decode
from app.sdmx.time_period import parse_time_period

Values: TypeAlias = tuple[str, ...]

NOT_TAKEN: Final[Values] = ()
"""What source values become that a map leaves out: no target values at all."""

SHOWN: Final = 10
"""Source values that a finding names as those that are taken."""


_PLACE: Final = itemgetter(0)


@dataclass(frozen=True, slots=True)
class _Rule:
    """One mapping, compiled."""

    sources: tuple[Matcher, ...]
    targets: Values
    templates: tuple[Callable[[Sequence[str]], str] | None, ...]
    valid_from: dt.date
    valid_to: dt.date

    def holds(self, day: dt.date | None) -> bool:
        return day is None or self.valid_from <= day <= self.valid_to

    @property
    def is_limited(self) -> bool:
        return self.valid_from != dt.date.min or self.valid_to != dt.date.max

    @property
    def days(self) -> str:
        first = "" if self.valid_from == dt.date.min else self.valid_from.isoformat()
        last = "" if self.valid_to == dt.date.max else self.valid_to.isoformat()
        return f"{first}/{last}"

    def apply(self, values: Values) -> Values | None:
        """The target values; nothing where a source value does not match."""
        groups: list[str] = []
        for source, value in zip(self.sources, values, strict=True):
            found = source.match(value)
            if found is None:
                return None
            groups += found
        return tuple(
            text if make is None else make(groups)
            for text, make in zip(self.targets, self.templates, strict=True)
        )


class ValueTable:
    """A representation map that can be run.

    Args:
        document: the map.
        name: `AGENCY:ID(VERSION)`, for findings.
        sources: how many source values a row has.
        targets: how many target values it gets.
        room: what is left to the patterns of the map; nothing: the table is the whole map.

    Raises:
        InvalidArtefactError: it cannot be run; the error says which mapping.
    """

    def __init__(
        self,
        document: RepresentationMap,
        name: str,
        sources: int,
        targets: int,
        room: PatternRoom | None = None,
    ) -> None:
        self.name = name
        self.targets = targets
        self.is_limited = any(one.is_limited for one in document.representation_mappings)
        self._check_sides(document, sources, targets)
        self._rules: list[_Rule] = []
        room = room or PatternRoom()
        for number, mapping in enumerate(document.representation_mappings, 1):
            try:
                self._rules.append(_compiled(mapping, sources, targets, room))
            except InvalidArtefactError as error:
                raise InvalidArtefactError(
                    f"RepresentationMap {name}, mapping {number}: {error.text['en']}",
                    f"RepresentationMap {name}, correspondencia {number}: {error.text['es']}",
                ) from None
        self._words: dict[str, str] | None = None
        self._plain: dict[Values, list[tuple[int, _Rule]]] = {}
        self._open: list[tuple[int, _Rule]] = []
        for place, rule in enumerate(self._rules):
            texts = tuple(one.literal for one in rule.sources if one.literal is not None)
            # A text leads to its rules at once; rules of patterns are tried one by one.
            of = self._plain.setdefault(texts, []) if len(texts) == sources else self._open
            of.append((place, rule))

    def _check_sides(self, document: RepresentationMap, sources: int, targets: int) -> None:
        sides = (len(document.source), len(document.target))
        if sides != (sources, targets):
            raise InvalidArtefactError(
                f"RepresentationMap {self.name} leads from {sides[0]} to {sides[1]} values; the "
                f"component map has {sources} source and {targets} target components.",
                f"RepresentationMap {self.name} lleva de {sides[0]} a {sides[1]} valores; el mapa "
                f"de componentes tiene {sources} de origen y {targets} de destino.",
            )

    def _find(self, values: Values, day: dt.date | None) -> Values | None:
        rules = merge(self._plain.get(values, ()), self._open, key=_PLACE)
        for _, rule in rules:
            if rule.holds(day):
                targets = rule.apply(values)
                if targets is not None:
                    return targets
        return None

    def find(self, values: Values, period: str | None = None) -> Values | None:
        """The target values of source values.

        Args:
            values: one a source component.
            period: the time period of the observation; nothing: any mapping may hold.

        Returns:
            `NOT_TAKEN` where the map leaves them out; nothing where no mapping takes them.
        """
        day = _first_day(period) if period and self.is_limited else None
        found = self._find(values, day)
        if found is None:
            trimmed = tuple(value.strip() for value in values)
            alike = self._alike.get(tuple(map(fold, values)))
            for others in (trimmed, alike):
                if found is None and others is not None and others != values:
                    found = self._find(others, day)
        return found

    def leaves_rest(self, values: Values) -> bool:
        """Whether values are left out only because what no other mapping takes is."""
        trimmed = tuple(value.strip() for value in values)
        for rule in self._rules:
            if rule.apply(trimmed) is not None:
                return not rule.targets and all(one.takes_any for one in rule.sources)
        return False

    @cached_property
    def _alike(self) -> dict[Values, Values]:
        """The texts of mappings by how they are folded, without those that two fold to."""
        found: dict[Values, set[Values]] = {}
        for texts in self._plain:
            found.setdefault(tuple(map(fold, texts)), set()).add(texts)
        return {key: next(iter(ones)) for key, ones in found.items() if len(ones) == 1}

    def days(self, values: Values) -> str | None:
        """The days for which source values have targets, if not always: `2024-01-01/2024-12-31`.

        An end that is open is empty.
        """
        trimmed = tuple(value.strip() for value in values)
        rules = (one for one in self._rules if one.is_limited and one.targets)
        found = (one.days for one in rules if one.apply(trimmed) is not None)
        return "; ".join(dict.fromkeys(found)) or None

    def nearest(self, values: Values, words: Mapping[str, str] | None = None) -> str | None:
        """The source values that are nearest to some that no mapping takes.

        Args:
            values: one a source component.
            words: codes of the one source component by what they are called; the word that is
                nearest is told as it is written there.
        """
        if len(values) == 1:
            return self._nearest_word(values[0], words or {})
        close = []
        for place, value in enumerate(values):
            known = self._texts[place]
            near = value if value in known else near_word(value, known)
            close.append(near or value)
        return None if tuple(close) == values else ", ".join(close)

    def _nearest_word(self, value: str, words: Mapping[str, str]) -> str | None:
        """The nearest text, or word for one; of the words for a code the one that it abbreviates.

        Codes are made of words in the language of their list, whose other names are translations.
        """
        found = near_folded(value, self._known_words(words))
        if found is None:
            return None
        code = words.get(found, found)
        own = (word for word, of in words.items() if of == code and fold(word) == _plain(code))
        return next(own, found)

    def _known_words(self, words: Mapping[str, str]) -> dict[str, str]:
        """The texts, and the words for them, by how they are folded; made once."""
        if self._words is None:
            texts = self._texts[0]
            codes = {code for code in words.values() if code in texts or self._leads(code)}
            known = texts.union(word for word, code in words.items() if code in codes)
            self._words = {fold(one): one for one in sorted(known, reverse=True)}
        return self._words

    def _leads(self, code: str) -> bool:
        """Whether a code has targets, none of them empty."""
        found = self._find((code,), None)
        return bool(found) and all(found or ())

    def constants(self, place: int) -> Iterator[str]:
        """The target values of one target component that are not made of groups."""
        for rule in self._rules:
            if rule.targets and rule.templates[place] is None:
                yield rule.targets[place]

    @property
    def shown(self) -> str:
        """The map, and the source values that it takes, in short: `VIPMG:RM(1.0.0): A; B; ...`."""
        texts = list(dict.fromkeys(", ".join(values) for values in self._plain))
        told = "; ".join(texts[:SHOWN]) + ("; ..." if len(texts) > SHOWN else "")
        return f"{self.name}: {told}" if told else self.name

    @cached_property
    def _texts(self) -> list[frozenset[str]]:
        """The texts that occur in the mappings, of each source component."""
        columns: Iterable[tuple[Matcher, ...]] = zip(
            *(rule.sources for rule in self._rules), strict=True
        )
        found = [
            frozenset(source.literal for source in column if source.literal is not None)
            for column in columns
        ]
        return found or [frozenset()]


def check_table(artefact: Artefact) -> None:
    """See that a representation map can be run by itself.

    Raises:
        InvalidArtefactError: a mapping cannot; the message says which.
    """
    document = decode(artefact, RepresentationMap)
    name = artefact.urn.rpartition("=")[2]
    ValueTable(document, name, len(document.source), len(document.target))


def _compiled(
    mapping: RepresentationMapping, sources: int, targets: int, room: PatternRoom
) -> _Rule:
    if len(mapping.source_values) != sources:
        raise InvalidArtefactError(
            f"it has {len(mapping.source_values)} source values instead of {sources}.",
            f"tiene {len(mapping.source_values)} valores de origen en vez de {sources}.",
        )
    if len(mapping.target_values) not in (0, targets):
        raise InvalidArtefactError(
            f"it has {len(mapping.target_values)} target values instead of {targets}, or none.",
            f"tiene {len(mapping.target_values)} valores de destino en vez de {targets}, o "
            "ninguno.",
        )
    matchers = tuple(matcher(value, room) for value in mapping.source_values)
    groups = sum(one.groups for one in matchers)
    patterns = any(value.is_reg_ex for value in mapping.source_values)
    templates = tuple(
        template(target, groups) if patterns else None for target in mapping.target_values
    )
    first, last = _day(mapping.valid_from, dt.date.min), _day(mapping.valid_to, dt.date.max)
    if first > last:
        raise InvalidArtefactError(
            f"validFrom {first} is after validTo {last}.",
            f"validFrom {first} es posterior a validTo {last}.",
        )
    return _Rule(matchers, mapping.target_values, templates, first, last)


def _plain(code: str) -> str:
    return fold(code.replace("_", " "))


def _day(text: str | None, otherwise: dt.date) -> dt.date:
    if text is None:
        return otherwise
    try:
        return dt.date.fromisoformat(text[:10])
    except ValueError:
        raise InvalidArtefactError(
            f"{text[:40]!r} is no day.", f"{text[:40]!r} no es un día."
        ) from None


def _first_day(period: str) -> dt.date | None:
    try:
        return parse_time_period(period).start_date
    except QuerySyntaxError:
        return None
