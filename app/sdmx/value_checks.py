"""Checks of values, on the distinct values of a column; rows are touched where one is wrong."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from app.sdmx.code_choice import choice_of_codes
from app.sdmx.code_names import nearest_code
from app.sdmx.constraints import Constraint, ValueSet
from app.sdmx.findings import Finding
from app.sdmx.flow import Component, Flow
from app.sdmx.intake import Target
from app.sdmx.messages.data_reading import Column, split_cell, split_languages
from app.sdmx.rooms import EMBARGO
from app.sdmx.series import TIME
from app.sdmx.sheet import OFF, Sheet
from app.sdmx.time_period import fits_frequency
from app.sdmx.values import MISSING, is_decimal, is_time_period


class ValueChecks:
    """Checks the sheets of one message.

    Args:
        report: takes each finding.
    """

    def __init__(self, report: Callable[[Finding], None]) -> None:
        self.report = report
        self._choices: dict[tuple[int, str], str | None] = {}

    def check(self, sheet: Sheet, target: Target, rules: Rules) -> None:
        """Check all cells of a sheet."""
        flow = target.flow
        deleting = sheet.action == "Delete"
        for name in sheet.cells:
            component = flow.components[name]
            if deleting and component.level not in {"dimension", "time"}:
                continue
            distinct = sheet.distinct(name) - {""}
            if component.level in {"dimension", "time"}:
                distinct -= {OFF}
            elif MISSING in distinct and name != EMBARGO:
                distinct -= {MISSING}  # left out on purpose, whatever the representation
            if component.level == "time":
                self._check_periods(sheet, flow, distinct)
            elif sheet.form.columns[name].languages:
                self._check_languages(sheet, component, distinct)
            elif sheet.form.columns[name].many:
                self._check_many(sheet, target, component, distinct, rules)
            elif component.codes is not None:
                self._check_codes(sheet, target, component, distinct, rules)
            else:
                self._check_texts(sheet, component, distinct)
            for rule, values in rules.values.get(name, ()):
                self._check_set(sheet, component, rule, values, distinct - sheet.bad_times)
            if name in target.fixed:
                self._check_fixed(sheet, name, target.fixed[name], sheet.distinct(name) - {""})
        if not deleting:
            self._check_agreed(sheet, target)
            self._check_combinations(sheet, rules)

    def _check_codes(
        self, sheet: Sheet, target: Target, component: Component, distinct: set[str], rules: Rules
    ) -> None:
        bad = distinct - component.code_set
        if bad:
            rule = (component.codelist or "").rpartition("=")[2]
            near = {value: nearest_code(value, component) for value in bad}
            allowed = self._choice(target, component, rules)
            self._each(sheet, component.id, bad, "VIPMG-210", rule=rule, allowed=allowed, near=near)

    def _choice(self, target: Target, component: Component, rules: Rules) -> str | None:
        """The codes that the agreement takes, in short; made once a message."""
        place = (target.agreement, component.id)
        if place not in self._choices:
            sets = [values for _, values in rules.values.get(component.id, ())]
            self._choices[place] = choice_of_codes(
                component, lambda code: all(values.holds(code) for values in sets)
            )
        return self._choices[place]

    def _check_texts(self, sheet: Sheet, component: Component, distinct: set[str]) -> None:
        if component.data_type == "Decimal" and not component.facets.keys() - {"dataType"}:
            # The usual measure, checked without a call per value where all is well.
            bad = {value for value in distinct if not is_decimal(value)}
        else:
            check = component.check
            bad = {value for value in distinct if not check(value)}
        if component.level == "dimension" or component.id == EMBARGO:
            bad |= distinct & {MISSING, "NaN"}
        if bad:
            self._each(sheet, component.id, bad, "VIPMG-212", allowed=component.representation)
        if component.id == EMBARGO:
            naive = {v for v in distinct - bad if dt.datetime.fromisoformat(v).tzinfo is None}
            self._each(sheet, component.id, naive, "VIPMG-215")

    def _check_many(
        self, sheet: Sheet, target: Target, component: Component, distinct: set[str], rules: Rules
    ) -> None:
        for cell in distinct:
            values = split_cell(cell, sheet.form.sub_separator)
            for value in dict.fromkeys(values):
                if component.codes is not None and value not in component.code_set:
                    rule = (component.codelist or "").rpartition("=")[2]
                    self._each(
                        sheet,
                        component.id,
                        {cell},
                        "VIPMG-210",
                        rule=rule,
                        allowed=self._choice(target, component, rules),
                        near={cell: nearest_code(value, component)},
                        part=value,
                    )
                elif component.codes is None and not component.check(value):
                    kind = component.representation
                    self._each(sheet, component.id, {cell}, "VIPMG-212", allowed=kind, part=value)
            if len(values) > 1 and not component.is_multi_valued:
                self._each(sheet, component.id, {cell}, "VIPMG-234")

    def _check_languages(self, sheet: Sheet, component: Component, distinct: set[str]) -> None:
        """Each part of a cell names one language of the header, once; its text is checked."""
        column, separator = sheet.form.columns[component.id], sheet.form.sub_separator
        for cell in distinct:
            many = column.many or component.is_multi_valued
            values = split_cell(cell, separator) if many else [cell]
            if not all(_is_right(value, component, column, separator) for value in values):
                allowed = component.representation
                if component.multilingual:
                    allowed = separator.join(f"{name}:..." for name in column.languages)
                self._each(sheet, component.id, {cell}, "VIPMG-212", allowed=allowed)
            if len(values) > 1 and not component.is_multi_valued:
                self._each(sheet, component.id, {cell}, "VIPMG-234")

    def _check_periods(self, sheet: Sheet, flow: Flow, distinct: set[str]) -> None:
        bad = sheet.bad_times = {time for time in distinct if not is_time_period(time)}
        self._each(sheet, TIME, bad, "VIPMG-213")
        if flow.frequency is None:
            return
        frequency = flow.dimensions[flow.frequency].id
        codes = sheet.cells.get(frequency)
        if codes is None:
            return
        if len(sheet.distinct(frequency)) == 1:
            pairs = {(codes[0], time) for time in distinct - bad}
        else:
            pairs = {p for p in zip(codes, sheet.cells[TIME], strict=True) if p[1] not in bad}
        known = flow.dimensions[flow.frequency].code_set
        wrong = {
            (code, time)
            for code, time in pairs
            if time not in {"", OFF} and code in known and not fits_frequency(time, code)
        }
        if wrong:
            for place, pair in enumerate(zip(codes, sheet.cells[TIME], strict=True)):
                if pair in wrong:
                    row = sheet.rows[place]
                    self.report(Finding("VIPMG-214", row, TIME, pair[1], allowed=pair[0]))

    def _check_set(
        self,
        sheet: Sheet,
        component: Component,
        rule: Constraint,
        values: ValueSet,
        distinct: set[str],
    ) -> None:
        known = component.code_set
        bad = {v for v in distinct if (not known or v in known) and not values.holds(v)}
        if bad:
            code = "VIPMG-222" if rule.level == "provisionagreement" else "VIPMG-220"
            shown = sorted(values.values) if values.included else []
            allowed = ", ".join(shown[:10]) + (", ..." if len(shown) > 10 else "")
            self._each(sheet, component.id, bad, code, rule=rule.id, allowed=allowed or None)

    def _check_fixed(self, sheet: Sheet, name: str, fixed: str, distinct: set[str]) -> None:
        other = distinct - {fixed}
        if other:
            self._each(sheet, name, other, "VIPMG-224", allowed=fixed)

    def _check_agreed(self, sheet: Sheet, target: Target) -> None:
        """What the terms of the agreement say; a code that there is not is told as such."""
        for rule in target.agreed:
            if rule.component not in sheet.cells:
                continue
            known = target.flow.components[rule.component].code_set
            sent = sheet.distinct(rule.component) - {""}
            bad = (sent & known if known else sent) - rule.allowed
            if not bad:
                continue
            for row, value in zip(sheet.rows, sheet.cells[rule.component], strict=True):
                if value in bad:
                    self.report(
                        Finding(
                            rule.code,
                            row,
                            rule.component,
                            value,
                            rule.source,
                            rule.shown,
                            severity="error",
                        )
                    )

    def _check_combinations(self, sheet: Sheet, rules: Rules) -> None:
        for rule, dimensions, excluded in rules.combinations:
            if not all(name in sheet.cells for name in dimensions):
                continue
            columns = [sheet.cells[name] for name in dimensions]
            keys = set(zip(*columns, strict=True))
            found = {key for key in keys if "" not in key and excluded(key)}
            if not found:
                continue
            for place, values in enumerate(zip(*columns, strict=True)):
                if values in found:
                    self.report(
                        Finding(
                            "VIPMG-221",
                            sheet.rows[place],
                            ", ".join(dimensions),
                            ", ".join(values),
                            rule=rule.id,
                        )
                    )

    def _each(
        self,
        sheet: Sheet,
        name: str,
        bad: set[str],
        code: str,
        *,
        rule: str | None = None,
        allowed: str | None = None,
        near: Mapping[str, str | None] | None = None,
        part: str | None = None,
    ) -> None:
        """Report every row whose cell is one of the bad values; `part`: what in it is wrong."""
        if not bad:
            return
        cells = sheet.cells[name]
        sent = sheet.sent.get(name, cells)
        for row, value, cell in zip(sheet.rows, cells, sent, strict=True):
            if value in bad:
                close = near.get(value) if near else None
                shown = cell if part is None else part
                self.report(Finding(code, row, name, shown, rule, allowed, close))


class Rules:
    """The constraints of a flow, by component and by combination of dimensions."""

    def __init__(self, flow: Flow) -> None:
        self.values: dict[str, list[tuple[Constraint, ValueSet]]] = {}
        self.combinations: list[
            tuple[Constraint, tuple[str, ...], Callable[[tuple[str, ...]], bool]]
        ] = []
        for constraint in flow.constraints:
            for values in constraint.allowed_values():
                self.values.setdefault(values.component, []).append((constraint, values))
            for region in constraint.excluded_combinations():
                self.combinations.append(
                    (constraint, tuple(s.component for s in region.sets), _all_hold(region.sets))
                )
            included = [keys for keys in constraint.key_sets if keys.included]
            if included:
                names = tuple(dict.fromkeys(n for keys in included for n in keys.dimensions))
                self.combinations.append((constraint, names, _outside(names, included)))
            for keys in constraint.key_sets:
                if not keys.included:
                    self.combinations.append((constraint, keys.dimensions, keys.keys.__contains__))


def _is_right(value: str, component: Component, column: Column, separator: str) -> bool:
    texts = split_languages(value, separator)
    whole = len(texts) == len(split_cell(value, separator))
    right = component.multilingual and whole and texts.keys() <= set(column.languages)
    return right and all(component.check(text) for text in texts.values())


def _all_hold(sets: Sequence[ValueSet]) -> Callable[[tuple[str, ...]], bool]:
    return lambda values: all(s.holds(v) for s, v in zip(sets, values, strict=True))


def _outside(names: tuple[str, ...], included: Sequence[Any]) -> Callable[[tuple[str, ...]], bool]:
    """Whether a combination is in none of the included key sets."""
    picks = [([names.index(n) for n in keys.dimensions], keys.keys) for keys in included]
    return lambda values: (
        not any(tuple(values[place] for place in places) in keys for places, keys in picks)
    )
