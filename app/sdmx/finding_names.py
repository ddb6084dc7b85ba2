"""The names of what findings speak of: components and rules, for people who know no ids."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from app.sdmx.components import Names


@dataclass(frozen=True, slots=True)
class FindingNames:
    """Names by id, each by language.

    Attributes:
        components: of components, by id.
        rules: of codelists and rulesets, by `AGENCY:ID(VERSION)` and what stands below it; of
            constraints and dataflows too, as findings name them.
    """

    components: Mapping[str, Names] = field(default_factory=dict)
    rules: Mapping[str, Names] = field(default_factory=dict)

    def component(self, identity: str, language: str) -> str | None:
        """What people call a component; of several, `SEX, AGE`, all of them."""
        names = [_in(self.components.get(one, {}), language) for one in identity.split(", ")]
        return ", ".join(name for name in names if name) if all(names) else None

    def rule(self, identity: str, language: str) -> str | None:
        """What people call a rule: one of a ruleset by the name of the ruleset."""
        names = self.rules.get(identity) or self.rules.get(identity.rpartition(".")[0], {})
        return _in(names, language)


NO_NAMES = FindingNames()


def named(identity: str, name: str | None) -> str:
    """The name with the id after it; the id alone of what has no name."""
    return f"{name} ({identity})" if name and name != identity else identity


def _in(names: Names, language: str) -> str | None:
    return names.get(language) or names.get("en")
