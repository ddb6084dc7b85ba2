"""Which languages of an artefact are shown (RFC 4647; SDMX-JSON 2.1, localised text).

`name` is found by lookup (one best language), `names` by filtering (all that match); the same
holds for descriptions and every other localised text.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
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


@dataclass(slots=True)
class Localiser:
    """Localises documents and remembers which languages it used.

    Attributes:
        choice: the languages of the client; all are shown where it asked for none that is there.
    """

    choice: LanguageChoice
    _used: set[str] = field(default_factory=set)
    _dropped: bool = False

    @property
    def languages(self) -> tuple[str, ...]:
        """The languages shown so far, best first."""
        first = [language for language in self.choice.order if language in self._used]
        return (*first, *sorted(self._used.difference(first)))

    def localise(self, artefact: Artefact) -> Artefact:
        """Choose the languages of an artefact and mark it where some were left out."""
        self._dropped = False
        document = self._object(artefact.document)
        if self._dropped:
            document["isPartialLanguage"] = True
        return artefact.with_document(document)

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
