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
    Location,
    join_cell,
    split_cell,
)

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


class CorrectedReader:
    """Reads a message as its corrections say.

    What the reader below finds wrong with the form of a row that is left out is no finding. A
    correction that found nothing to correct is one (VIPMG-235): who sent it meant something.
    """

    def __init__(self, reader: DataReader, corrections: Sequence[Mapping[str, Any]]) -> None:
        self.findings: list[Finding] = []
        self._reader = reader
        self._corrections = [msgspec.convert(one, Correction) for one in corrections]
        self._used = [0] * len(self._corrections)
        self._dropped = {(c.file, c.row) for c in self._corrections if c.drop and c.row}
        self._forms: dict[int, tuple[Form, Form]] = {}
        self._mended: set[tuple[int | None, str | None]] = set()

    @property
    def row_count(self) -> int:
        """Rows read so far."""
        return self._reader.row_count

    @row_count.setter
    def row_count(self, value: int) -> None:
        self._reader.row_count = value

    def locate(self, row: int, component: str | None) -> Location:
        """Where a row, or the cell of a component in it, stands in the file."""
        return self._reader.locate(row, component)

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
        if (here.file, here.row) not in self._dropped:
            return False
        for number, correction in enumerate(self._corrections):
            if correction.drop and (correction.file, correction.row) == (here.file, here.row):
                self._used[number] += 1
        return True

    def _corrected(self, batch: Batch) -> Batch:
        batch = replace(batch, cells=dict(batch.cells), form=self._form(batch.form))
        at = self._rows_by_location(batch)
        left_out: set[int] = set()
        for number, correction in enumerate(self._corrections):
            if correction.drop:
                places = self._places(correction, batch, at)
                left_out.update(places)
                self._used[number] += len(places)
            elif correction.column == STRUCTURE:
                if batch.structure == correction.value and correction.replacement is not None:
                    batch.structure = correction.replacement
                    self._used[number] += 1
            elif correction.is_of_place:
                self._used[number] += self._put(correction, batch, at)
            else:
                self._used[number] += self._put_all(correction, batch)
        return _without(batch, left_out) if left_out else batch

    def _rows_by_location(self, batch: Batch) -> dict[tuple[str | None, int | None], list[int]]:
        """Places in the batch by file and row; empty where no correction asks."""
        found: dict[tuple[str | None, int | None], list[int]] = defaultdict(list)
        if any(correction.is_of_place for correction in self._corrections):
            for place, row in enumerate(batch.rows):
                here = self._reader.locate(row, None)
                found[here.file, row if here.row is None else here.row].append(place)
        return found

    def _places(
        self,
        correction: Correction,
        batch: Batch,
        at: Mapping[tuple[str | None, int | None], list[int]],
    ) -> list[int]:
        """The rows of the batch that a correction names."""
        if correction.row is not None:
            rows = at.get((correction.file, correction.row), [])
        else:
            rows = [place for (file, _), each in at.items() if file == correction.file
                    for place in each]  # fmt: skip
        if correction.place is None:
            return rows
        column = correction.column
        return [
            place
            for place in rows
            if self._reader.locate(batch.rows[place], column).place == correction.place
        ]

    def _put(
        self,
        correction: Correction,
        batch: Batch,
        at: Mapping[tuple[str | None, int | None], list[int]],
    ) -> int:
        places = self._places(correction, batch, at)
        if places:
            name = _column(correction, batch)
            cells = list(batch.cells[name])
            for place in places:
                cells[place] = correction.value or ""
            batch.cells[name] = cells
            mended = batch.faulty.intersection((batch.rows[place], name) for place in places)
            batch.faulty -= mended
            self._mended |= mended
        return len(places)

    def _put_all(self, correction: Correction, batch: Batch) -> int:
        name = _column(correction, batch)
        column, form = batch.form.columns[name], batch.form
        cells = [
            _replaced(cell, column, form, correction.value or "", correction.replacement or "")
            for cell in batch.cells[name]
        ]
        changed = sum(new is not None for new in cells)
        if changed:
            batch.cells[name] = [
                old if new is None else new
                for old, new in zip(batch.cells[name], cells, strict=True)
            ]
        return changed

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


def _column(correction: Correction, batch: Batch) -> str:
    """The component of the column that a correction names; its cells are there afterwards."""
    name = correction.column or ""
    if name not in batch.form.columns:
        name = next(c.component for c in batch.form.columns.values() if c.name == name)
    if name not in batch.cells:
        batch.cells[name] = [""] * len(batch.rows)
    return name


def _replaced(cell: str, column: Column, form: Form, sent: str, put: str) -> str | None:
    """The cell with `put` in the place of `sent`; nothing where it is not there."""
    if column.many:
        values = split_cell(cell, form.sub_separator)
        if sent not in values:
            return None
        return join_cell([put if v == sent else v for v in values], form.sub_separator)
    same = (
        cell == sent
        or (column.labelled and cell.split(": ", 1)[0] == sent)
        or (form.decimal_comma and cell.replace(",", ".") == sent)
    )
    return put if same else None


def _without(batch: Batch, left_out: set[int]) -> Batch:
    kept = [place for place in range(len(batch.rows)) if place not in left_out]
    return replace(
        batch,
        rows=[batch.rows[place] for place in kept],
        cells={name: [cells[place] for place in kept] for name, cells in batch.cells.items()},
    )
