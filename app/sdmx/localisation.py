"""Which languages of an artefact are shown (RFC 4647; SDMX-JSON 2.1, localised text).

`name` is found by lookup (one best language), `names` by filtering (all that match); the same
holds for descriptions and every other localised text.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, Final

from app.sdmx.artefacts import Artefact, Document
from app.sdmx.negotiation import DEFAULT_LANGUAGES, LanguageChoice

LOCALISED: Final = MappingProxyType(
    {
        "names": "name",
        "descriptions": "description",
        "texts": "text",
        "titles": "title",
        "departments": "department",
        "roles": "role",
        "conditions": "condition",
    }
)
"""Properties with a text by language, and the property that holds the best match."""

KEPT_CHOICES: Final = 4
"""Choices of languages that localised artefacts are kept for."""

_REPORTED: Final = "value"
"""The value of a metadata attribute, which is text by language where it is an object."""


def languages_of(artefacts: Iterable[Artefact]) -> tuple[str, ...]:
    """All languages that the artefacts have texts in, those of the service first."""
    found: set[str] = set()
    for artefact in artefacts:
        _collect(artefact.document, found)
    first = [language for language in DEFAULT_LANGUAGES if language in found]
    return (*first, *sorted(found.difference(first)))


def _collect(part: Any, found: set[str]) -> None:  # noqa: ANN401
    if isinstance(part, dict):
        for key, value in part.items():
            if (key in LOCALISED or key == _REPORTED) and isinstance(value, dict):
                found.update(value)
            elif isinstance(value, (dict, list)):
                _collect(value, found)
    else:
        for entry in part:
            if isinstance(entry, (dict, list)):
                _collect(entry, found)


@dataclass(frozen=True, slots=True)
class _Localised:
    """An artefact in the languages of one choice."""

    source: Artefact
    shown: Artefact
    languages: frozenset[str]


class Localisations:
    """Artefacts of one registry in the languages of the last few choices, each made once.

    A document is never changed in place, so that the same artefact in the same choice of
    languages is the same document again.
    """

    def __init__(self) -> None:
        self._by_choice: OrderedDict[LanguageChoice, dict[str, _Localised]] = OrderedDict()

    def of(self, choice: LanguageChoice) -> dict[str, _Localised]:
        """What is known in a choice of languages, by URN."""
        known = self._by_choice.setdefault(choice, {})
        self._by_choice.move_to_end(choice)
        if len(self._by_choice) > KEPT_CHOICES:
            self._by_choice.popitem(last=False)
        return known


class Localiser:
    """Localises documents and remembers which languages it used.

    Args:
        choice: the languages of the client; all are shown where it asked for none that is there.
        known: artefacts of the same registry that were localised before.
    """

    def __init__(self, choice: LanguageChoice, known: Localisations | None = None) -> None:
        self.choice = choice
        self._known = {} if known is None else known.of(choice)
        self._languages: set[str] = set()
        self._used: set[str] = set()
        self._dropped = False

    @property
    def languages(self) -> tuple[str, ...]:
        """The languages shown so far, best first."""
        first = [language for language in self.choice.order if language in self._languages]
        return (*first, *sorted(self._languages.difference(first)))

    def localise(self, artefact: Artefact) -> Artefact:
        """Choose the languages of an artefact and mark it where some were left out."""
        urn = artefact.urn
        found = self._known.get(urn)
        # A list that was cut to some items has the URN of the whole.
        if found is None or found.source.document is not artefact.document:
            found = self._known[urn] = self._localise(artefact)
        self._languages |= found.languages
        return found.shown

    def _localise(self, artefact: Artefact) -> _Localised:
        self._used, self._dropped = set(), False
        document = self._object(artefact.document)
        if self._dropped:
            document["isPartialLanguage"] = True
        return _Localised(artefact, artefact.with_document(document), frozenset(self._used))

    def _object(self, part: Mapping[str, Any]) -> Document:
        shown = {
            key: self._value(value) if isinstance(value, (dict, list)) else value
            for key, value in part.items()
        }
        for plural, single in LOCALISED.items():
            texts = part.get(plural)
            if isinstance(texts, dict) and texts:
                shown[plural], shown[single] = self._choose(texts)
        reported = part.get(_REPORTED)
        if isinstance(reported, dict) and reported:
            shown[_REPORTED], _ = self._choose(reported)
        return shown

    def _value(self, value: Any) -> Any:  # noqa: ANN401
        if isinstance(value, dict):
            return self._object(value)
        return [self._value(entry) if isinstance(entry, (dict, list)) else entry for entry in value]

    def _choose(self, texts: dict[str, str]) -> tuple[dict[str, str], str]:
        """The texts that are shown, and the best of them."""
        best = next((one for one in self.choice.order if one in texts), next(iter(texts)))
        asked = self.choice.order[: self.choice.asked]
        every = self.choice.every or not asked
        # The best match is listed too, so that a reader can tell which language `name` is in.
        kept = set(texts) if every else {*asked, best}.intersection(texts)
        self._dropped = self._dropped or len(kept) < len(texts)
        shown = {language: text for language, text in texts.items() if language in kept}
        self._used.update(shown)
        return shown, texts[best]
