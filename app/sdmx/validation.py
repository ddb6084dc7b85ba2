"""Validation of data messages, batch by batch.

Values are checked on the distinct values of their columns (`app.sdmx.value_checks`); what is right
becomes segments of series, values of attachments, and deletions (`app.sdmx.row_reading`). Checks:
structure, columns, codes, representations, periods against frequency, constraints of data
structure, dataflow and agreement, the sender's right to each row. Mandatory attributes and repeated
keys show when the segments of a series are put together (`app.sdmx.intake.complete`).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

from app.sdmx.actions import Segment
from app.sdmx.column_names import ColumnNames
from app.sdmx.deletions_above import split_deletion
from app.sdmx.findings import Finding, nearest
from app.sdmx.flow import Component, Flow
from app.sdmx.intake import Intake, Key, Target
from app.sdmx.messages.data_reading import Batch, Column, Form, split_cell
from app.sdmx.row_reading import RowReader
from app.sdmx.sheet import OFF, Sheet
from app.sdmx.value_checks import Rules, ValueChecks
from app.sdmx.values import FLOATING, INTEGERS, MISSING

MISSPELT = 0.7
"""How near the name of a column must be to be taken for a slip: COMMENT_OBS is no MOVEMENT."""

_OF_KEY = frozenset({"dimension", "time"})
_NUMBERS = frozenset({"Decimal", "Float", "Double", "Numeric"})


class Validator:
    """Checks the batches of one message.

    Args:
        resolve: gives the target of a structure as named in the message, or the finding code
            that says why there is none.
        report: takes each finding.
    """

    def __init__(
        self,
        resolve: Callable[[str, str], Target | str],
        report: Callable[[Finding], None],
    ) -> None:
        self.resolve = resolve
        self.report = self._unless_known
        self.intakes: dict[int, Intake] = {}
        self._report = report
        self._known: frozenset[tuple[int | None, str | None]] = frozenset()
        self._wrong: list[tuple[int | None, str | None]] = []
        self._values = ValueChecks(self.report)
        self._rows = RowReader(self.report)
        self._targets: dict[tuple[str, str], Target | str] = {}
        self._rules: dict[int, Rules] = {}
        self._names = ColumnNames()
        self._forms: set[tuple[int, Form]] = set()

    def check(self, batch: Batch) -> Iterator[tuple[Target, Key, Segment]]:
        """Check a batch; yield its series' segments, rows with faults included."""
        self._known = batch.faulty
        self._wrong = [*batch.faulty]
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
        batch = self._names.fit(target.flow, batch)
        self._report_unknown(target, batch)
        batch, above = split_deletion(target.flow, batch)
        sheet = self._sheet(target.flow, batch)
        intake = self.intakes[target.agreement]
        self._values.check(sheet, target, self._rules[target.agreement])
        yield from self._rows.read(sheet, intake)
        if self._wrong:
            intake.faults.take(target.flow, sheet, self._wrong)
        if above is not None:
            sheet = self._sheet(target.flow, above)
            yield from self._rows.read(sheet, intake)

    def _unless_known(self, finding: Finding) -> None:
        """Report a finding, unless the reader has said what is wrong with that very cell."""
        if (finding.row, finding.component) not in self._known:
            self._report(finding)
            if finding.is_error:
                self._wrong.append((finding.row, finding.component))

    def _begin(self, target: Target) -> None:
        if target.agreement not in self.intakes:
            self.intakes[target.agreement] = Intake(target)
            self._rules[target.agreement] = Rules(target.flow)

    def _report_unknown(self, target: Target, batch: Batch) -> None:
        """Name the columns that are no components; once for all batches of a form."""
        form = batch.form
        if (target.agreement, form) in self._forms:
            return
        self._forms.add((target.agreement, form))
        known = target.flow.components
        there = {column.component for column in form.columns.values()}
        for column in form.columns.values():
            if column.component not in known and not column.is_name:
                near = nearest(column.component, known, MISSPELT)
                near = None if near in there else near
                self.report(
                    Finding("VIPMG-301", batch.header, column.name, column.component, nearest=near)
                )

    def _sheet(self, flow: Flow, batch: Batch) -> Sheet:
        """The cells of the components of the flow, labels taken off, open dimensions empty."""
        sheet = Sheet(batch)
        form = batch.form
        for name, values in batch.cells.items():
            component = flow.components.get(name)
            if component is None:
                continue
            column = form.columns[name]
            if column.labelled and (component.codes is not None or component.level == "time"):
                values = [_without_label(value, column, form.sub_separator) for value in values]
            if form.decimal_comma and component.data_type in _NUMBERS and component.codes is None:
                sheet.sent[name] = values
                values = [value.replace(",", ".") for value in values]
            values = _as_missing(component, values)
            distinct = set(values)
            # A Delete tells a dimension left out, any code, from one switched off.
            if OFF in distinct and component.level in _OF_KEY and batch.action != "Delete":
                values = ["" if value == OFF else value for value in values]
                distinct = (distinct - {OFF}) | {""}
            sheet.put(name, values, distinct)
        return sheet


def _as_missing(component: Component, values: Sequence[str]) -> Sequence[str]:
    """Numbers left out on purpose as SDMX-CSV spells it for their type, whatever was sent."""
    if component.codes is not None or component.level in _OF_KEY:
        return values
    sent, spelled = ("NaN", MISSING) if component.data_type in INTEGERS else (MISSING, "NaN")
    if component.data_type not in INTEGERS | FLOATING or sent not in values:
        return values
    return [spelled if value == sent else value for value in values]


def _without_label(cell: str, column: Column, separator: str) -> str:
    if not column.many:
        return cell.split(": ", 1)[0]
    parts = split_cell(cell, separator)
    return separator.join(part.split(": ", 1)[0] for part in parts)
