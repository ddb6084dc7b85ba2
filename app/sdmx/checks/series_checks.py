"""Rules on single series: chosen by the codes of the key, evaluated on whole columns."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from app.sdmx import series
from app.sdmx.checks.cells import Cells
from app.sdmx.checks.evaluation import Evaluate, evaluator, fold, places_where
from app.sdmx.checks.expressions import Call, Expression, Literal, Name, calls_in, names_in
from app.sdmx.checks.kinds import numeric_components
from app.sdmx.checks.operators import HAS_ENDED, OPERATORS
from app.sdmx.checks.own_history import expected
from app.sdmx.checks.rulesets import PointRule, Severity
from app.sdmx.findings import Finding
from app.sdmx.flow import Flow
from app.sdmx.rooms import OPEN, RoomRule
from app.sdmx.series import TIME, Document

SMALL_COUNT: Final = "VIPMG-316"
"""A small count that all would see."""

REMEMBERED = 4096
"""Combinations of codes whose rules are remembered."""


@dataclass(frozen=True, slots=True)
class BoundRule:
    """A rule as it holds for an agreement; `id` is `AGENCY:SCHEME(VERSION).RULESET.RULE`."""

    id: str
    rule: PointRule
    severity: Severity


@dataclass(frozen=True, slots=True)
class _Ready:
    """A rule with the codes of a series put in."""

    bound: BoundRule
    when: Evaluate | None
    then: Evaluate


class SeriesChecks:
    """The rules on single series that hold for an agreement; `rule`: what its terms withhold."""

    def __init__(self, flow: Flow, rules: Sequence[BoundRule], rule: RoomRule = OPEN) -> None:
        self._flow = flow
        self._rule = rule
        self.rules = rules
        self._numeric = numeric_components(flow)
        named = {
            name.id
            for bound in rules
            for part in (bound.rule.when, bound.rule.then)
            if part is not None
            for name in names_in(part)
        }
        self._dimensions = [(name, flow.position[name]) for name in flow.position if name in named]
        self._positions = [position for _, position in self._dimensions]
        self._ready: dict[tuple[str, ...], tuple[_Ready, ...]] = {}

    def of_message_alone(self) -> SeriesChecks:
        """Those of the rules for which a message is enough: no history, nothing published."""
        alone = [
            bound
            for bound in self.rules
            if not any(
                call.function in OPERATORS and call.function != HAS_ENDED
                for part in (bound.rule.when, bound.rule.then)
                if part is not None
                for call in calls_in(part)
            )
        ]
        return SeriesChecks(self._flow, alone, self._rule)

    def under(self, rule: RoomRule) -> SeriesChecks:
        """The same rules; of a count that the terms suppress none says that all would see it."""
        return SeriesChecks(self._flow, self.rules, rule)

    def check(
        self,
        key: Sequence[str],
        before: Document,
        after: Document,
        attributes: Mapping[str, Any],
        touched: Mapping[str, int],
        now: dt.datetime,
    ) -> Iterator[Finding]:
        """Findings on the observations of a series that a message spoke of.

        Args:
            key: the codes of the series.
            before: the series as it is.
            after: the series as it will be.
            attributes: attributes of the series.
            touched: row number of each time period that the message spoke of.
            now: the instant of the check.
        """
        codes = tuple([key[position] for position in self._positions])
        rules = self._ready.get(codes)
        if rules is None:
            rules = self._choose(codes)
        if not rules or not after[TIME] or not touched:
            return
        cells = Cells(after, before, attributes, touched, now)
        count = cells.count
        if not count:
            return
        for ready in rules:
            result = ready.then(cells)
            if result is True or result is None:
                continue
            wrong = places_where(result, False, count)
            if wrong and ready.when is not None:
                applies = set(places_where(ready.when(cells), True, count))
                wrong = [place for place in wrong if place in applies]
            if wrong and ready.bound.rule.code == SMALL_COUNT and self._rule.minimum_cell:
                own = self._rule.for_series(key, attributes)
                seen = list(series.observations(after).values())
                if cells.places is not None:
                    seen = [seen[place] for place in cells.places]
                wrong = [place for place in wrong if not own.is_small(seen[place])]
            for place in wrong:
                yield self._finding(ready.bound, cells, place, key)

    def _choose(self, codes: tuple[str, ...]) -> tuple[_Ready, ...]:
        """The rules that say anything of series with these codes."""
        known = {name: code for (name, _), code in zip(self._dimensions, codes, strict=True)}
        found: list[_Ready] = []
        for bound in self.rules:
            when = None if bound.rule.when is None else fold(bound.rule.when, known)
            if isinstance(when, Literal):
                if when.value is not True:
                    continue
                when = None
            then = fold(bound.rule.then, known)
            if isinstance(then, Literal) and then.value is not False:
                continue
            found.append(
                _Ready(
                    bound,
                    None if when is None else evaluator(when, self._numeric),
                    evaluator(then, self._numeric),
                )
            )
        if len(self._ready) >= REMEMBERED:
            self._ready.clear()
        self._ready[codes] = tuple(found)
        return self._ready[codes]

    def _finding(self, bound: BoundRule, cells: Cells, place: int, key: Sequence[str]) -> Finding:
        name = self._shown(bound.rule.then)
        position = self._flow.position.get(name)
        value = key[position] if position is not None else cells.text(name, place)
        return Finding(
            bound.rule.code,
            cells.row(place),
            name,
            value,
            rule=bound.id,
            allowed=_allowed(bound.rule.then, cells, place),
            severity=bound.severity,
        )

    def _shown(self, then: Expression) -> str:
        """The component that a rule is about: what its operator is of, else a measure."""
        for call in calls_in(then):
            if call.function in OPERATORS and isinstance(call.arguments[0], Name):
                return call.arguments[0].id
        named = [name.id for name in names_in(then)]
        measures = {measure.id for measure in self._flow.measures}
        found = next((name for name in named if name in measures), None)
        return found or (named[0] if named else TIME)


def _allowed(then: Expression, cells: Cells, place: int) -> str | None:
    for call in calls_in(then):
        if call.function in OPERATORS and isinstance(call.arguments[0], Name):
            return expected(call.function, cells, call.arguments[0].id, _numbers(call), place)
    return None


def _numbers(call: Call) -> list[float]:
    return [
        one.value
        for one in call.arguments
        if isinstance(one, Literal) and isinstance(one.value, float)
    ]
