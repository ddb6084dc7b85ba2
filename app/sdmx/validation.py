"""Validation of data messages, column by column.

A batch of rows is checked on the distinct values of its columns; single rows are touched only
where something is wrong. What is right becomes segments of series, values of attachments, and
deletions. Checks: structure, columns, codes, representations, periods against frequency,
constraints of data structure, dataflow and agreement, the sender's right to each row.
Mandatory attributes and repeated keys show when the segments of a series are put together, see
`app.sdmx.actions` and `complete`.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Generator, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeAlias

from app.sdmx.actions import Action, Outcome, Segment
from app.sdmx.constraints import Constraint, ValueSet
from app.sdmx.findings import Finding, nearest
from app.sdmx.flow import Component, Flow
from app.sdmx.messages.data_csv_reader import Batch, Column, split_cell, split_languages
from app.sdmx.rooms import EMBARGO
from app.sdmx.series import TIME, Document
from app.sdmx.time_period import fits_frequency
from app.sdmx.values import is_decimal, is_time_period

Key: TypeAlias = tuple[str, ...]
PartialKey: TypeAlias = tuple[str | None, ...]

OFF = "~"
"""A dimension switched off; read as left out."""

NO_TIME = ""
"""The time period of an observation whose structure has no time dimension."""


@dataclass(frozen=True)
class Target:
    """An agreement that rows may go to: the dataflow, and what the agreement fixes."""

    agreement: int
    urn: str
    flow: Flow
    fixed: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Deletion:
    """A Delete row whose key leaves dimensions open.

    Attributes:
        key: the codes given, `None` where open.
        time: the time period, or `None` for all.
        components: components to delete; none: the observations and their attributes.
    """

    row: int
    key: PartialKey
    time: str | None
    components: tuple[str, ...]


@dataclass(slots=True)
class Intake:
    """What the batches of one message hold for one agreement, besides the series."""

    target: Target
    attachments: dict[PartialKey, dict[str, Any]] = field(default_factory=dict)
    deletions: list[Deletion] = field(default_factory=list)
    missing_columns: set[str] = field(default_factory=set)


class Validator:
    """Checks the batches of one message.

    Args:
        resolve: gives the target of a structure as named in the message, or the finding code
            that says why there is none.
        report: takes each finding.
    """

    def __init__(
        self,
        columns: Mapping[str, Column],
        resolve: Callable[[str, str], Target | str],
        report: Callable[[Finding], None],
        *,
        sub_separator: str = ";",
        decimal_comma: bool = False,
    ) -> None:
        self.columns = columns
        self.resolve = resolve
        self.report = report
        self.sub_separator = sub_separator
        self.decimal_comma = decimal_comma
        self.intakes: dict[int, Intake] = {}
        self._targets: dict[tuple[str, str], Target | str] = {}
        self._rules: dict[int, _Rules] = {}

    def check(self, batch: Batch) -> Iterator[tuple[Target, Key, Segment]]:
        """Check a batch; yield its series' segments, rows with faults included."""
        named = (batch.kind, batch.structure)
        if named not in self._targets:
            self._targets[named] = found = self.resolve(*named)
            if isinstance(found, str):
                self.report(Finding(found, batch.rows[0], "STRUCTURE_ID", batch.structure))
            else:
                self._begin(found)
        target = self._targets[named]
        if isinstance(target, str):
            return
        sheet = self._sheet(target.flow, batch)
        intake = self.intakes[target.agreement]
        rules = self._rules[target.agreement]
        self._check_values(sheet, target, rules)
        yield from self._read(sheet, intake)

    def _begin(self, target: Target) -> None:
        if target.agreement not in self.intakes:
            self.intakes[target.agreement] = Intake(target)
            self._rules[target.agreement] = _Rules(target.flow)
        known = target.flow.components
        for column in self.columns.values():
            if column.component not in known:
                near = nearest(column.component, known)
                self.report(Finding("VIPMG-301", 1, column.name, column.component, nearest=near))

    def _sheet(self, flow: Flow, batch: Batch) -> _Sheet:
        """The cells of the components of the flow, labels taken off, open dimensions empty."""
        sheet = _Sheet(batch)
        for name, values in batch.cells.items():
            component = flow.components.get(name)
            if component is None:
                continue
            column = self.columns[name]
            if column.labelled and (component.codes is not None or component.level == "time"):
                values = [self._without_label(value, column) for value in values]
            if self.decimal_comma and component.data_type in _NUMBERS and component.codes is None:
                values = [value.replace(",", ".") for value in values]
            distinct = set(values)
            if OFF in distinct and component.level in {"dimension", "time"}:
                values = ["" if value == OFF else value for value in values]
                distinct = (distinct - {OFF}) | {""}
            sheet.put(name, values, distinct)
        return sheet

    def _without_label(self, cell: str, column: Column) -> str:
        if not column.many:
            return cell.split(": ", 1)[0]
        parts = split_cell(cell, self.sub_separator)
        return self.sub_separator.join(part.split(": ", 1)[0] for part in parts)

    # -- values -------------------------------------------------------------------------

    def _check_values(self, sheet: _Sheet, target: Target, rules: _Rules) -> None:
        flow = target.flow
        deleting = sheet.action == "Delete"
        for name in sheet.cells:
            component = flow.components[name]
            if deleting and component.level not in {"dimension", "time"}:
                continue
            distinct = sheet.distinct(name) - {""}
            if component.level == "time":
                self._check_periods(sheet, flow, distinct)
            elif self.columns[name].languages:
                self._check_languages(sheet, component, distinct)
            elif self.columns[name].many:
                self._check_many(sheet, component, distinct)
            elif component.codes is not None:
                self._check_codes(sheet, component, distinct)
            else:
                self._check_texts(sheet, component, distinct)
            for rule, values in rules.values.get(name, ()):
                self._check_set(sheet, component, rule, values, distinct - sheet.bad_times)
            if name in target.fixed:
                self._check_fixed(sheet, name, target.fixed[name], distinct)
        if not deleting:
            self._check_combinations(sheet, rules)

    def _check_codes(self, sheet: _Sheet, component: Component, distinct: set[str]) -> None:
        bad = distinct - component.code_set
        if bad:
            rule = (component.codelist or "").rpartition("=")[2]
            near = {value: nearest(value, component.code_set) for value in bad}
            self._each(sheet, component.id, bad, "VIPMG-210", rule=rule, near=near)

    def _check_texts(self, sheet: _Sheet, component: Component, distinct: set[str]) -> None:
        if component.data_type == "Decimal" and not component.facets.keys() - {"dataType"}:
            # The usual measure, checked without a call per value where all is well.
            bad = {value for value in distinct if not is_decimal(value)} - {"#N/A"}
        else:
            check = component.check
            bad = {value for value in distinct if not check(value)}
        if bad:
            self._each(sheet, component.id, bad, "VIPMG-212", allowed=component.data_type)
        if component.id == EMBARGO:
            naive = {v for v in distinct - bad if dt.datetime.fromisoformat(v).tzinfo is None}
            self._each(sheet, component.id, naive, "VIPMG-215")

    def _check_many(self, sheet: _Sheet, component: Component, distinct: set[str]) -> None:
        for cell in distinct:
            values = split_cell(cell, self.sub_separator)
            for value in dict.fromkeys(values):
                if component.codes is not None and value not in component.code_set:
                    rule = (component.codelist or "").rpartition("=")[2]
                    near = {cell: nearest(value, component.code_set)}
                    self._each(
                        sheet, component.id, {cell}, "VIPMG-210", rule=rule, near=near, part=value
                    )
                elif component.codes is None and not component.check(value):
                    kind = component.data_type
                    self._each(sheet, component.id, {cell}, "VIPMG-212", allowed=kind, part=value)
            if len(values) > 1 and not component.is_multi_valued:
                self._each(sheet, component.id, {cell}, "VIPMG-234")

    def _check_languages(self, sheet: _Sheet, component: Component, distinct: set[str]) -> None:
        """Each part of a cell names one language of the header, once; its text is checked."""
        announced = self.columns[component.id].languages
        for cell in distinct:
            texts = split_languages(cell, self.sub_separator)
            whole = len(texts) == len(split_cell(cell, self.sub_separator))
            right = component.multilingual and whole and texts.keys() <= set(announced)
            if not (right and all(component.check(text) for text in texts.values())):
                allowed = component.data_type
                if component.multilingual:
                    allowed = self.sub_separator.join(f"{name}:..." for name in announced)
                self._each(sheet, component.id, {cell}, "VIPMG-212", allowed=allowed)

    def _check_periods(self, sheet: _Sheet, flow: Flow, distinct: set[str]) -> None:
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
            if time and code in known and not fits_frequency(time, code)
        }
        if wrong:
            for place, pair in enumerate(zip(codes, sheet.cells[TIME], strict=True)):
                if pair in wrong:
                    row = sheet.rows[place]
                    self.report(Finding("VIPMG-214", row, TIME, pair[1], allowed=pair[0]))

    def _check_set(
        self,
        sheet: _Sheet,
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

    def _check_fixed(self, sheet: _Sheet, name: str, fixed: str, distinct: set[str]) -> None:
        other = distinct - {fixed}
        if other:
            self._each(sheet, name, other, "VIPMG-224", allowed=fixed)

    def _check_combinations(self, sheet: _Sheet, rules: _Rules) -> None:
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
        sheet: _Sheet,
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
        for row, value in zip(sheet.rows, sheet.cells[name], strict=True):
            if value in bad:
                close = near.get(value) if near else None
                shown = value if part is None else part
                self.report(Finding(code, row, name, shown, rule, allowed, close))

    # -- rows ---------------------------------------------------------------------------

    def _read(self, sheet: _Sheet, intake: Intake) -> Iterator[tuple[Target, Key, Segment]]:
        flow = intake.target.flow
        absent = [d.id for d in flow.dimensions if d.id not in sheet.cells]
        timeless = flow.time is not None and flow.time.id not in sheet.cells
        open_key = bool(absent) or any("" in sheet.distinct(d.id) for d in flow.dimensions)
        open_time = timeless or (flow.time is not None and "" in sheet.distinct(flow.time.id))
        places: Sequence[int] = range(len(sheet.rows))
        if open_key or open_time or sheet.action == "Delete":
            if sheet.action == "Delete":
                yield from self._read_deletions(sheet, intake)
                return
            places = yield from self._read_partial_rows(sheet, intake)
        if sheet.bad_times:
            times = sheet.cells[TIME]
            places = [place for place in places if times[place] not in sheet.bad_times]
        if places:
            self._read_attachments(sheet, intake, places)
            yield from self._read_series(sheet, intake, places)

    def _read_series(
        self, sheet: _Sheet, intake: Intake, places: Sequence[int]
    ) -> Iterator[tuple[Target, Key, Segment]]:
        flow = intake.target.flow
        whole = len(places) == len(sheet.rows)
        keys = zip(*(sheet.cells[d.id] for d in flow.dimensions), strict=True)
        groups: dict[Key, list[int]] = {}
        if whole:
            for place, key in enumerate(keys):
                groups.setdefault(key, []).append(place)
        else:
            chosen = set(places)
            for place, key in enumerate(keys):
                if place in chosen:
                    groups.setdefault(key, []).append(place)
        times = sheet.cells[flow.time.id] if flow.time else [NO_TIME] * len(sheet.rows)
        uniform, varying = self._columns(sheet, flow.observation_components)
        shared, own = self._columns(sheet, flow.series_attributes)
        self._check_content(sheet, flow, uniform, varying, shared, own, places)
        rows = sheet.rows
        for key, members in groups.items():
            if len(members) == 1:
                place = members[0]
                document: Document = {TIME: [times[place]], **uniform}
                for name, column in varying.items():
                    document[name] = [column[place]]
                numbers = [rows[place]]
            else:
                document = {TIME: [times[place] for place in members], **uniform}
                for name, column in varying.items():
                    document[name] = [column[place] for place in members]
                numbers = [rows[place] for place in members]
            attributes = dict(shared)
            for name, column in own.items():
                self._series_attribute(attributes, name, column, members, sheet)
            yield intake.target, key, Segment(sheet.action, numbers, document, attributes)

    def _columns(
        self, sheet: _Sheet, components: Iterable[Component]
    ) -> tuple[dict[str, Any], dict[str, list[Any]]]:
        """Values that are the same in all rows, and columns of those that are not."""
        uniform: dict[str, Any] = {}
        varying: dict[str, list[Any]] = {}
        for component in components:
            if component.id not in sheet.cells:
                continue
            distinct = sheet.distinct(component.id)
            if distinct == {""}:
                continue
            cells = sheet.cells[component.id]
            reader = self._reader(component)
            if len(distinct) == 1 and reader is None:
                uniform[component.id] = cells[0]
            elif reader is not None:
                varying[component.id] = [reader(cell) if cell else None for cell in cells]
            elif "" in distinct:
                varying[component.id] = [cell or None for cell in cells]
            else:
                varying[component.id] = cells  # type: ignore[assignment]
        return uniform, varying

    def _reader(self, component: Component) -> Callable[[str], Any] | None:
        column = self.columns[component.id]
        separator = self.sub_separator
        if column.languages:
            return lambda cell: split_languages(cell, separator)
        if column.many:
            return lambda cell: split_cell(cell, separator)
        return None

    def _check_content(
        self,
        sheet: _Sheet,
        flow: Flow,
        uniform: Mapping[str, Any],
        varying: Mapping[str, list[Any]],
        shared: Mapping[str, Any],
        own: Mapping[str, list[Any]],
        places: Sequence[int],
    ) -> None:
        """A Merge row must say something: a measure or an attribute."""
        if uniform or shared or sheet.action != "Merge":
            return
        partial = [sheet.cells[a.id] for a in flow.partial_attributes if a.id in sheet.cells]
        columns = [*varying.values(), *own.values(), *partial]
        for place in places:
            if not any(column[place] for column in columns):
                self.report(Finding("VIPMG-233", sheet.rows[place]))

    def _series_attribute(
        self,
        attributes: dict[str, Any],
        name: str,
        column: list[Any],
        members: list[int],
        sheet: _Sheet,
    ) -> None:
        value = column[members[0]]
        for place in members:
            if column[place] != value:
                if value is not None and column[place] is not None:
                    shown = f"{value} / {column[place]}"
                    self.report(Finding("VIPMG-232", sheet.rows[place], name, shown))
                value = column[place] if column[place] is not None else value
        if value is not None:
            attributes[name] = value

    def _read_attachments(self, sheet: _Sheet, intake: Intake, places: Sequence[int]) -> None:
        for component in intake.target.flow.partial_attributes:
            cells = sheet.cells.get(component.id)
            if cells is None or sheet.distinct(component.id) == {""}:
                continue
            if component.id in intake.target.fixed:
                continue
            self._attach(sheet, intake, component, cells, places)

    def _attach(
        self,
        sheet: _Sheet,
        intake: Intake,
        component: Component,
        cells: Sequence[str],
        places: Sequence[int],
    ) -> None:
        dimensions = intake.target.flow.dimensions
        columns = [sheet.cells[dimensions[position].id] for position in component.positions]
        if len(places) == len(sheet.rows):
            found = set(zip(cells, *columns, strict=True))
        else:
            found = {(cells[place], *(column[place] for column in columns)) for place in places}
        reader = self._reader(component)
        for cell, *codes in found:
            if cell == "":
                continue
            key: list[str | None] = [None] * len(dimensions)
            for position, code in zip(component.positions, codes, strict=True):
                key[position] = code
            value = reader(cell) if reader else cell
            known = intake.attachments.setdefault(tuple(key), {}).setdefault(component.id, value)
            if known != value:
                row = next(sheet.rows[p] for p in places if cells[p] == cell)
                self.report(Finding("VIPMG-232", row, component.id, f"{known} / {value}"))

    def _read_partial_rows(
        self, sheet: _Sheet, intake: Intake
    ) -> Generator[tuple[Target, Key, Segment], None, list[int]]:
        """Take the rows that carry attributes of a part of the key; return the other places."""
        flow = intake.target.flow
        full: list[int] = []
        for place, row in enumerate(sheet.rows):
            given = {n for n in sheet.cells if sheet.cells[n][place] != ""}
            open_parts = [d.id for d in flow.dimensions if d.id not in given]
            if flow.time is not None and flow.time.id not in given:
                open_parts.append(flow.time.id)
            if not open_parts:
                full.append(place)
                continue
            present = [c for c in (flow.components[n] for n in given) if c.level in _CARRIED]
            needed = {name for c in present for name in _needs(flow, c)}
            missing = needed.intersection(open_parts) if present else set(open_parts)
            for name in sorted(missing):
                self._report_missing(sheet, intake, name, row)
            if not missing and present:
                yield from self._read_partial_row(sheet, intake, place, present)
        return full

    def _report_missing(self, sheet: _Sheet, intake: Intake, name: str, row: int) -> None:
        if name in sheet.cells:
            self.report(Finding("VIPMG-211", row, name))
        elif name not in intake.missing_columns:
            intake.missing_columns.add(name)
            self.report(Finding("VIPMG-204", 1, name))

    def _read_partial_row(
        self, sheet: _Sheet, intake: Intake, place: int, present: list[Component]
    ) -> Iterator[tuple[Target, Key, Segment]]:
        dimensions = intake.target.flow.dimensions
        attributes: dict[str, Any] = {}
        for component in present:
            reader = self._reader(component)
            cell = sheet.cells[component.id][place]
            value = reader(cell) if reader else cell
            if component.level == "series":
                attributes[component.id] = value
                continue
            key: list[str | None] = [None] * len(dimensions)
            for position in component.positions:
                key[position] = sheet.cells[dimensions[position].id][place]
            known = intake.attachments.setdefault(tuple(key), {}).setdefault(component.id, value)
            if known != value:
                row = sheet.rows[place]
                self.report(Finding("VIPMG-232", row, component.id, f"{known} / {value}"))
        if attributes:
            codes = tuple(sheet.cells[d.id][place] for d in dimensions)
            yield intake.target, codes, Segment(sheet.action, [sheet.rows[place]], {}, attributes)

    def _read_deletions(
        self, sheet: _Sheet, intake: Intake
    ) -> Iterator[tuple[Target, Key, Segment]]:
        flow = intake.target.flow
        for place, row in enumerate(sheet.rows):
            cell = {name: sheet.cells[name][place] for name in sheet.cells}
            key = tuple(cell.get(d.id) or None for d in flow.dimensions)
            time = NO_TIME if flow.time is None and None not in key else None
            if flow.time is not None:
                time = cell.get(flow.time.id) or None
            marked = [
                c for c in (flow.components[n] for n in cell if cell[n]) if c.level in _CARRIED
            ] + [c for c in flow.measures if cell.get(c.id)]
            names = tuple(component.id for component in marked)
            above = any(component.level == "partial" for component in marked)
            if None in key or above:
                deletion = Deletion(row, key, time, names)
                intake.deletions.append(deletion)
                # What the message itself put there before this row goes too.
                delete_attachments(intake.attachments, deletion, flow)
            else:
                codes = tuple(code for code in key if code is not None)
                yield intake.target, codes, _deletion_segment(flow, row, time, marked)


def _deletion_segment(
    flow: Flow, row: int, time: str | None, marked: Sequence[Component]
) -> Segment:
    observed = [c.id for c in marked if c.level in {"observation", "measure"}]
    attributes = {c.id: True for c in marked if c.level == "series"}
    if time is not None:
        document: Document = {}
        if observed or not marked:
            document = {TIME: [time]} | {name: ["-"] for name in observed}
        return Segment("Delete", [row], document, attributes)
    if not marked:
        attributes = {a.id: True for a in flow.series_attributes}
    whole = bool(observed) or not marked
    return Segment("Delete", [row], {}, attributes, whole, tuple(observed))


def segment_of_deletion(flow: Flow, deletion: Deletion) -> Segment:
    """What a deletion with an open key does to one of the series that it reaches."""
    marked = [flow.components[name] for name in deletion.components]
    return _deletion_segment(flow, deletion.row, deletion.time, marked)


def delete_attachments(
    attachments: dict[PartialKey, dict[str, Any]], deletion: Deletion, flow: Flow
) -> None:
    """Take out the values above the series that a deletion reaches."""
    marked = {a.id for a in flow.partial_attributes}.intersection(deletion.components)
    if not marked and (deletion.components or deletion.time is not None):
        return
    for key, values in attachments.items():
        pairs = [(code, mine) for code, mine in zip(deletion.key, key, strict=True) if code]
        # A mark is of its attribute, whose dimensions alone count.
        if all(code == mine or (marked and mine is None) for code, mine in pairs):
            for name in marked or tuple(values):
                values.pop(name, None)


def complete(
    target: Target, key: Key, outcome: Outcome, attached: Callable[[Component, Key], bool]
) -> Iterator[Finding]:
    """Findings on a series whose segments were put together: repeated keys, mandatory parts.

    `attached` tells whether an attribute above the series has a value for the key.
    """
    for row in outcome.duplicates:
        yield Finding("VIPMG-231", row, value=".".join(key))
    for row, name, shown in outcome.conflicts:
        yield Finding("VIPMG-232", row, name, shown)
    document = outcome.observations
    times = document[TIME]
    if not outcome.touched or not times:
        return
    first = min(outcome.touched.values())
    for component in target.flow.observation_components:
        if component.mandatory:
            yield from _missing_values(component.id, document, outcome.touched)
    for component in target.flow.series_attributes:
        if component.mandatory and outcome.attributes.get(component.id) is None:
            yield Finding("VIPMG-230", first, component.id)
    for component in target.flow.partial_attributes:
        if component.mandatory and not attached(component, key):
            yield Finding("VIPMG-230", first, component.id)


def _missing_values(name: str, document: Document, touched: Mapping[str, int]) -> Iterator[Finding]:
    values = document.get(name)
    if values is None:
        yield from (Finding("VIPMG-230", touched[t], name) for t in document[TIME] if t in touched)
    elif isinstance(values, list) and None in values:
        for time, value in zip(document[TIME], values, strict=True):
            if value is None and time in touched:
                yield Finding("VIPMG-230", touched[time], name)


_NUMBERS = frozenset({"Decimal", "Float", "Double", "Numeric"})
_CARRIED = frozenset({"observation", "measure", "series", "partial"})


def _needs(flow: Flow, component: Component) -> Iterator[str]:
    """The dimensions that a row must give for a component that it carries."""
    if component.level == "partial":
        yield from (flow.dimensions[position].id for position in component.positions)
        return
    yield from (dimension.id for dimension in flow.dimensions)
    if component.level != "series" and flow.time is not None:
        yield flow.time.id


class _Sheet:
    """A batch with the cells of known components, and their distinct values."""

    __slots__ = ("_distinct", "action", "bad_times", "cells", "rows")

    def __init__(self, batch: Batch) -> None:
        self.action: Action = batch.action
        self.rows = batch.rows
        self.cells: dict[str, Sequence[str]] = {}
        self.bad_times: set[str] = set()
        self._distinct: dict[str, set[str]] = {}

    def put(self, name: str, cells: Sequence[str], distinct: set[str]) -> None:
        self.cells[name] = cells
        self._distinct[name] = distinct

    def distinct(self, name: str) -> set[str]:
        return self._distinct.get(name, {""})


class _Rules:
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


def _all_hold(sets: Sequence[ValueSet]) -> Callable[[tuple[str, ...]], bool]:
    return lambda values: all(s.holds(v) for s, v in zip(sets, values, strict=True))


def _outside(names: tuple[str, ...], included: Sequence[Any]) -> Callable[[tuple[str, ...]], bool]:
    """Whether a combination is in none of the included key sets."""
    picks = [([names.index(n) for n in keys.dimensions], keys.keys) for keys in included]
    return lambda values: (
        not any(tuple(values[place] for place in places) in keys for places, keys in picks)
    )
