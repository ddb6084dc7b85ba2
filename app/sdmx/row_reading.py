"""Rows of a sheet become segments of series, values of attachments, and deletions."""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterable, Iterator, Mapping, Sequence
from typing import Any

from app.sdmx.actions import Segment
from app.sdmx.findings import Finding
from app.sdmx.flow import Component, Flow
from app.sdmx.intake import (
    NO_TIME,
    Deletion,
    Intake,
    Key,
    PartialKey,
    Target,
    delete_attachments,
    deletion_segment,
)
from app.sdmx.messages.data_reading import Form, split_cell, split_languages
from app.sdmx.replacement import leave_out_metadata, replace_metadata
from app.sdmx.series import TIME, Document
from app.sdmx.sheet import OFF, Sheet
from app.sdmx.values import MISSING

_CARRIED = frozenset({"observation", "measure", "series", "partial"})


class RowReader:
    """Reads the rows of one message.

    Args:
        report: takes each finding.
    """

    def __init__(self, report: Callable[[Finding], None]) -> None:
        self.report = report

    def read(self, sheet: Sheet, intake: Intake) -> Iterator[tuple[Target, Key, Segment]]:
        """The segments of the series of a sheet; the rest goes to the intake."""
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
        if sheet.action == "Replace":
            replace_metadata(sheet, intake)
        if places:
            self._read_attachments(sheet, intake, places)
            yield from self._read_series(sheet, intake, places)

    def _read_series(
        self, sheet: Sheet, intake: Intake, places: Sequence[int]
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
            if sheet.action == "Replace":
                leave_out_metadata(flow, attributes)
            yield intake.target, key, Segment(sheet.action, numbers, document, attributes)

    def _columns(
        self, sheet: Sheet, components: Iterable[Component]
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
            reader = _reader(component, sheet.form)
            if len(distinct) == 1 and reader is None:
                uniform[component.id] = cells[0]
            elif reader is not None:
                varying[component.id] = [reader(cell) if cell else None for cell in cells]
            elif "" in distinct:
                varying[component.id] = [cell or None for cell in cells]
            else:
                varying[component.id] = cells  # type: ignore[assignment]
        return uniform, varying

    def _check_content(
        self,
        sheet: Sheet,
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
        sheet: Sheet,
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

    def _read_attachments(self, sheet: Sheet, intake: Intake, places: Sequence[int]) -> None:
        for component in intake.target.flow.partial_attributes:
            cells = sheet.cells.get(component.id)
            if cells is None or sheet.distinct(component.id) == {""}:
                continue
            if component.id in intake.target.fixed:
                continue
            self._attach(sheet, intake, component, cells, places)

    def _attach(
        self,
        sheet: Sheet,
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
        reader = _reader(component, sheet.form)
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
        self, sheet: Sheet, intake: Intake
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

    def _report_missing(self, sheet: Sheet, intake: Intake, name: str, row: int) -> None:
        if name in sheet.cells:
            self.report(Finding("VIPMG-211", row, name))
        elif (sheet.header, name) not in intake.missing_columns:
            intake.missing_columns.add((sheet.header, name))
            self.report(Finding("VIPMG-204", sheet.header, name))

    def _read_partial_row(
        self, sheet: Sheet, intake: Intake, place: int, present: list[Component]
    ) -> Iterator[tuple[Target, Key, Segment]]:
        dimensions = intake.target.flow.dimensions
        attributes: dict[str, Any] = {}
        for component in present:
            reader = _reader(component, sheet.form)
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
            if sheet.action == "Replace":
                leave_out_metadata(intake.target.flow, attributes)
            yield intake.target, codes, Segment(sheet.action, [sheet.rows[place]], {}, attributes)

    def _read_deletions(
        self, sheet: Sheet, intake: Intake
    ) -> Iterator[tuple[Target, Key, Segment]]:
        flow = intake.target.flow
        for place, row in enumerate(sheet.rows):
            cell = {name: sheet.cells[name][place] for name in sheet.cells}
            off = {name for name in cell if cell[name] == OFF and _is_of_key(flow, name)}
            cell.update(dict.fromkeys(off, ""))
            key = tuple(cell.get(d.id) or None for d in flow.dimensions)
            time = NO_TIME if flow.time is None and None not in key else None
            if flow.time is not None:
                time = cell.get(flow.time.id) or None
            marked = [c for c in (flow.components[n] for n in cell if cell[n]) if _is_carried(c)]
            if off:
                marked = self._beside(flow, row, off, key, time, marked)
                if not marked:
                    continue
            names = tuple(component.id for component in marked)
            above = any(component.level == "partial" for component in marked)
            if None in key or above:
                deletion = Deletion(row, key, time, names)
                intake.deletions.append(deletion)
                # What the message itself put there before this row goes too.
                delete_attachments(intake.attachments, deletion, flow)
            else:
                codes = tuple(code for code in key if code is not None)
                yield intake.target, codes, deletion_segment(flow, row, time, marked)

    def _beside(
        self,
        flow: Flow,
        row: int,
        off: set[str],
        key: PartialKey,
        time: str | None,
        marked: list[Component],
    ) -> list[Component]:
        """What a Delete row deletes that switches dimensions off: nothing attached to these.

        Without marks, the attributes of the slice that are attached to none of them.
        """
        if marked:
            for component in marked:
                if wrong := off.intersection(_needs(flow, component)):
                    name = min(wrong)
                    self.report(Finding("VIPMG-237", row, name, OFF, rule=component.id))
                    return []
            return marked
        given = {place for place, code in enumerate(key) if code is not None}
        every = range(len(flow.dimensions))
        return [
            attribute
            for attribute in (*flow.series_attributes, *flow.partial_attributes)
            if time is None
            and off.isdisjoint(_needs(flow, attribute))
            and given.issubset(every if attribute.level == "series" else attribute.positions)
        ]


def _is_of_key(flow: Flow, name: str) -> bool:
    return flow.components[name].level in {"dimension", "time"}


def _is_carried(component: Component) -> bool:
    return component.level in _CARRIED


def _needs(flow: Flow, component: Component) -> Iterator[str]:
    """The dimensions that a row must give for a component that it carries."""
    if component.level == "partial":
        yield from (flow.dimensions[position].id for position in component.positions)
        return
    yield from (dimension.id for dimension in flow.dimensions)
    if component.level != "series" and flow.time is not None:
        yield flow.time.id


def _reader(component: Component, form: Form) -> Callable[[str], Any] | None:
    """How a cell becomes a value, where it is not the value itself.

    A component that may have several values has them as a list, however many came; one that may
    not has its value itself, whatever the header says.
    """
    column, separator = form.columns[component.id], form.sub_separator
    several = component.is_multi_valued
    splits = column.many or (bool(column.languages) and several)
    if not (splits or several or column.languages):
        return None

    def read(cell: str) -> Any:  # noqa: ANN401 - a text, texts by language, or several
        if cell == MISSING:
            return cell
        parts: list[Any] = split_cell(cell, separator) if splits else [cell]
        if column.languages:
            parts = [split_languages(part, separator) for part in parts]
        return parts if several or len(parts) != 1 else parts[0]

    return read
