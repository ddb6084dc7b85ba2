"""Corrections of a file from its report: applied while it is read, its bytes stay as they are."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any, Final

import msgspec

from app.sdmx.findings import Finding
from app.sdmx.messages.data_reading import (
    Batch,
    Column,
    DataReader,
    Form,
    ReaderOver,
)
from app.sdmx.replacements import Replacements

STRUCTURE: Final = "STRUCTURE_ID"


class Correction(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One correction.

    One cell: `row` (of its `file`) or `place`, `column`, and `value`, which is put there. A row
    that is left out: `row` or `place`, and `drop`. All cells of a column: `column`, `value` as it
    was sent, `replacement`.

    Attributes:
        row: the row as the report tells it.
        file: the member of an archive.
        place: address of the cell, JSON pointer or XPath as the report tells it.
        column: component id, or the name of the column.
        code: the finding that it mends; only said.
    """

    row: int | None = None
    file: str | None = None
    place: str | None = None
    column: str | None = None
    value: str | None = None
    replacement: str | None = None
    drop: bool = False
    code: str | None = None

    @property
    def is_of_place(self) -> bool:
        """Whether it names one row or cell."""
        return self.row is not None or self.place is not None

    @property
    def is_whole(self) -> bool:
        """Whether it says all that it has to, and nothing that contradicts."""
        if self.drop:
            said = (self.column, self.value, self.replacement)
            return self.is_of_place and said == (None, None, None)
        if self.column is None or self.value is None:
            return False
        return self.is_of_place == (self.replacement is None)


class CorrectedReader(ReaderOver):
    """Reads a message as its corrections say.

    What the reader below finds wrong with the form of a row that is left out is no finding. A
    correction that found nothing to correct is one (VIPMG-235): who sent it meant something.
    """

    def __init__(self, reader: DataReader, corrections: Sequence[Mapping[str, Any]]) -> None:
        super().__init__(reader)
        self._corrections = [msgspec.convert(one, Correction) for one in corrections]
        self._used = [0] * len(self._corrections)
        self._dropped: dict[tuple[str | None, int], list[int]] = defaultdict(list)
        self._structures: list[tuple[int, Correction]] = []
        self._by_row: dict[tuple[str | None, int], list[int]] = defaultdict(list)
        self._by_place: dict[str | None, dict[tuple[str | None, str | None], list[int]]] = {}
        for number, one in enumerate(self._corrections):
            self._sort(number, one)
        self._replacements: dict[int, dict[str, Replacements]] = {}
        self._forms: dict[int, tuple[Form, Form]] = {}
        self._mended: set[tuple[int | None, str | None]] = set()

    def _sort(self, number: int, one: Correction) -> None:
        """Note a correction where it is sought."""
        if one.drop and one.row:
            self._dropped[one.file, one.row].append(number)
        if not one.drop and one.column == STRUCTURE:
            self._structures.append((number, one))
        elif one.row is not None:
            self._by_row[one.file, one.row].append(number)
        elif one.place is not None:
            places = self._by_place.setdefault(one.column, defaultdict(list))
            places[one.file, one.place].append(number)

    def batches(self) -> Iterator[Batch]:
        """All rows of the message that are not left out, corrected."""
        try:
            for batch in self._reader.batches():
                corrected = self._corrected(batch)
                self._take_findings()
                if len(corrected.rows):
                    yield corrected
        finally:
            self._take_findings()
        for number, used in enumerate(self._used, 1):
            if not used:
                self.findings.append(Finding("VIPMG-235", value=str(number)))

    def _take_findings(self) -> None:
        for finding in self._reader.findings:
            if (finding.row, finding.component) in self._mended:
                continue  # the cell held an error of the spreadsheet, and holds a value now
            if not self._is_dropped(finding.row):
                self.findings.append(finding)
        self._reader.findings.clear()

    def _is_dropped(self, row: int | None) -> bool:
        if row is None or not self._dropped:
            return False
        here = self._reader.locate(row, None)
        numbers = self._dropped.get((here.file, here.row or 0), ())
        for number in numbers:
            self._used[number] += 1
        return bool(numbers)

    def _corrected(self, batch: Batch) -> Batch:
        batch = replace(batch, cells=dict(batch.cells), form=self._form(batch.form))
        for number, correction in self._structures:
            if batch.structure == correction.value and correction.replacement is not None:
                batch.structure = correction.replacement
                self._used[number] += 1
        columns = self._columns(batch.form)
        puts: dict[tuple[str, int], tuple[int, str]] = {}
        left_out: set[int] = set()
        for number, place in self._named(batch):
            correction = self._corrections[number]
            self._used[number] += 1
            if correction.drop:
                left_out.add(place)
            else:
                name = _column(correction, batch)
                puts[name, place] = (number, correction.value or "")
        for name, replacements in columns.items():
            old = batch.cells.get(name) or [""] * len(batch.rows)
            new = list(map(replacements.cell, old))
            if new != old:
                batch.cells[name] = new
        self._put(batch, puts, columns)
        return _without(batch, left_out) if left_out else batch

    def _columns(self, form: Form) -> dict[str, Replacements]:
        """The replacements of each column of a form; compiled once."""
        known = self._replacements.get(id(form))
        if known is None:
            listed: dict[str, list[tuple[int, str, str]]] = defaultdict(list)
            for number, correction in enumerate(self._corrections):
                if correction.is_of_place or correction.drop or correction.column == STRUCTURE:
                    continue
                sent, put = correction.value or "", correction.replacement or ""
                listed[_component(correction, form)].append((number, sent, put))
            known = self._replacements[id(form)] = {
                name: Replacements(form.columns[name], form, each, self._used)
                for name, each in listed.items()
            }
        return known

    def _named(self, batch: Batch) -> list[tuple[int, int]]:
        """Corrections of one row or cell that find it in the batch: number and place, in order."""
        if not self._by_row and not self._by_place:
            return []
        found: list[tuple[int, int]] = []
        for place, row in enumerate(batch.rows):
            here = self._reader.locate(row, None)
            at = here.file, row if here.row is None else here.row
            for number in self._by_row.get(at, ()):
                wanted = self._corrections[number]
                if wanted.place in (None, self._reader.locate(row, wanted.column).place):
                    found.append((number, place))
            for column, by_place in self._by_place.items():
                shown = self._reader.locate(row, column)
                found += [(n, place) for n in by_place.get((here.file, shown.place), ())]
        return sorted(found)

    def _put(
        self,
        batch: Batch,
        puts: Mapping[tuple[str, int], tuple[int, str]],
        columns: Mapping[str, Replacements],
    ) -> None:
        """Put values into single cells; replacements that come later apply to them."""
        changed: dict[str, list[str]] = {}
        for (name, place), (number, value) in puts.items():
            if name not in changed:
                changed[name] = list(batch.cells[name])
            changed[name][place] = columns[name].after(number, value) if name in columns else value
        batch.cells.update(changed)
        mended = batch.faulty.intersection((batch.rows[place], name) for name, place in puts)
        batch.faulty -= mended
        self._mended |= mended

    def _form(self, form: Form) -> Form:
        """The form with the columns that corrections add; the same object each time."""
        known = self._forms.get(id(form))
        if known is None or known[0] is not form:
            columns = dict(form.columns)
            names = {column.name for column in columns.values()}
            for correction in self._corrections:
                column = correction.column
                if column not in (None, STRUCTURE) and column not in {*columns, *names}:
                    columns[column] = Column(-1, column, column)
            known = self._forms[id(form)] = (form, replace(form, columns=columns))
        return known[1]


def _component(correction: Correction, form: Form) -> str:
    """The component of the column that a correction names."""
    name = correction.column or ""
    if name in form.columns:
        return name
    return next(c.component for c in form.columns.values() if c.name == name)


def _column(correction: Correction, batch: Batch) -> str:
    """The component of the column that a correction names; its cells are there afterwards."""
    name = _component(correction, batch.form)
    if name not in batch.cells:
        batch.cells[name] = [""] * len(batch.rows)
    return name


def _without(batch: Batch, left_out: set[int]) -> Batch:
    kept = [place for place in range(len(batch.rows)) if place not in left_out]
    return replace(
        batch,
        rows=[batch.rows[place] for place in kept],
        cells={name: [cells[place] for place in kept] for name, cells in batch.cells.items()},
    )
