"""Complete partitions: a total, the parts that have to be there, those that may be absent."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property

from app.sdmx.checks.evaluation import fold
from app.sdmx.checks.expressions import Expression, Literal
from app.sdmx.checks.rulesets import TotalRule, TotalRuleset
from app.sdmx.flow import Flow


@dataclass(frozen=True, slots=True)
class PartitionRule:
    """One way to put a total together.

    Attributes:
        name: the rule in its ruleset.
        required: parts without which there is no total.
        optional: parts that count as nought where they are absent.
        when: a condition on dimensions.
    """

    name: str
    total: str
    required: tuple[str, ...]
    optional: tuple[str, ...]
    when: Expression | None

    @property
    def parts(self) -> tuple[str, ...]:
        """All parts."""
        return self.required + self.optional

    def applies(self, known: Mapping[str, str]) -> bool:
        """Whether its condition holds for a key, given by dimension."""
        if self.when is None:
            return True
        folded = fold(self.when, known)
        return isinstance(folded, Literal) and folded.value is True


@dataclass(frozen=True)
class Partition:
    """The partitions of one dimension, tried in their order."""

    position: int
    dimension: str
    rules: tuple[PartitionRule, ...]

    def with_rules(self, other: Partition) -> Partition:
        """The same dimension with the rules of another ruleset after its own."""
        return replace(self, rules=self.rules + other.rules)

    @cached_property
    def of_total(self) -> Mapping[str, Sequence[PartitionRule]]:
        """By code, the rules that make it."""
        return {rule.total: [r for r in self.rules if r.total == rule.total] for rule in self.rules}

    @cached_property
    def totals_with(self) -> Mapping[str, Sequence[str]]:
        """By code, the codes that it is a part of."""
        parts = {part for rule in self.rules for part in rule.parts}
        return {part: [r.total for r in self.rules if part in r.parts] for part in parts}


def partition_of(ruleset: TotalRuleset, flow: Flow, optional: frozenset[str]) -> Partition | None:
    """The partitions that a ruleset declares; None where it declares none that can be complete."""
    rules = tuple(found for rule in ruleset.rules if (found := _rule(rule, optional)) is not None)
    if not rules:
        return None
    return Partition(flow.position[ruleset.component], ruleset.component, rules)


def _rule(rule: TotalRule, optional: frozenset[str]) -> PartitionRule | None:
    """A rule as a partition: equal to its parts, none taken away, one at least required."""
    codes = [code for code, sign in rule.parts if sign > 0]
    required = tuple(code for code in codes if code not in optional)
    if rule.relation != "=" or len(codes) != len(rule.parts) or not required:
        return None
    spared = tuple(code for code in codes if code in optional)
    return PartitionRule(rule.name, rule.total, required, spared, rule.when)
