"""The names of what findings speak of: components and rules, for people who know no ids."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from app.sdmx.components import Code, Names


@dataclass(frozen=True, slots=True)
class FindingNames:
    """Names by id, each by language.

    Attributes:
        components: of components, by id.
        rules: of codelists and rulesets, by `AGENCY:ID(VERSION)` and what stands below it; of
            constraints, dataflows and representation maps too, as findings name them.
        words: the codes of components whose cells are words, by component.
    """

    components: Mapping[str, Names] = field(default_factory=dict)
    rules: Mapping[str, Names] = field(default_factory=dict)
    words: Mapping[str, Mapping[str, Code]] = field(default_factory=dict)

    def component(self, identity: str, language: str) -> str | None:
        """What people call a component; of several, `SEX, AGE`, all of them."""
        names = [_in(self.components.get(one, {}), language) for one in identity.split(", ")]
        return ", ".join(name for name in names if name) if all(names) else None

    def rule(self, identity: str, language: str) -> str | None:
        """What people call a rule: one of a ruleset by the name of the ruleset."""
        names = self.rules.get(identity) or self.rules.get(identity.rpartition(".")[0], {})
        return _in(names, language)

    def word(self, component: str | None, word: str | None, language: str) -> str | None:
        """A word for a code of a component in a language; the word itself where there is none."""
        codes = self.words.get(component or "", {}).values()
        if not word or not codes:
            return word
        return next((c.names.get(language, word) for c in codes if word in c.names.values()), word)


NO_NAMES = FindingNames()


def named(identity: str, name: str | None) -> str:
    """The name with the id after it; the id alone of what has no name."""
    return f"{name} ({identity})" if name and name != identity else identity


def _in(names: Names, language: str) -> str | None:
    return names.get(language) or names.get("en")
