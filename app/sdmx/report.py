"""The report of a validation: its findings grouped by rule, so that one mistake is told once.

Ten thousand rows with the same wrong code are one group with all their rows. A group holds
findings of one code, component, rule and kind of value; memory is bounded by the groups and the
rows, not by what the cells hold.
"""

from __future__ import annotations

import re
from array import array
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Final, TypeAlias

from app.sdmx.findings import Finding

MOST_RULES: Final = 500
"""Codes with a component that are told apart; the others share a group by their code."""

MOST_KINDS: Final = 20
"""Groups of one code and component; the others share one without rule and pattern."""

MOST_VALUES: Final = 50
"""Values of a group that are listed one by one."""

MOST_COLUMNS: Final = 20
"""Columns of a workbook of which a group names the cells."""

FIRST: Final = 5
"""Findings of a group that are shown whole."""

_OF_FORM: Final = frozenset({"VIPMG-202", "VIPMG-212", "VIPMG-213", "VIPMG-214", "VIPMG-215"})
"""Codes where it is the form of a value that is wrong, and not just this value."""

_OF_ONE_ROW: Final = frozenset(
    {
        "VIPMG-231",
        "VIPMG-260",
        "VIPMG-261",
        "VIPMG-262",
        "VIPMG-263",
        "VIPMG-264",
        "VIPMG-265",
        "VIPMG-332",
        "VIPMG-333",
        "VIPMG-334",
    }
)
"""Codes whose `rule` is a fact of one row, or of one value: another row, a count of rows."""

_CELL: Final = re.compile(r"((?:.*!)?[A-Z]{1,3})([0-9]{1,7})", re.DOTALL)
_LETTERS: Final = re.compile(r"[^\W\d_]+")
_DIGITS: Final = re.compile(r"\d+")
_PATTERN_LENGTH: Final = 40

_Head: TypeAlias = tuple[str, bool, str | None]
_Kind: TypeAlias = tuple[str | None, str | None, str | None, str | None]


class Rows:
    """Numbers of rows, kept as ranges."""

    __slots__ = ("_ends", "_in_order", "_starts")

    def __init__(self) -> None:
        self._starts = array("q")
        self._ends = array("q")
        self._in_order = True

    def add(self, row: int) -> None:
        """Take a row; cheapest in rising order."""
        if self._ends:
            last = self._ends[-1]
            if row == last:
                return
            if row == last + 1:
                self._ends[-1] = row
                return
            self._in_order = self._in_order and row > last
        self._starts.append(row)
        self._ends.append(row)

    def ranges(self) -> Iterator[tuple[int, int]]:
        """First and last row of each run, rising."""
        if not self._in_order:
            self._sort()
        return zip(self._starts, self._ends, strict=True)

    def _sort(self) -> None:
        ordered = sorted(zip(self._starts, self._ends, strict=True))
        self._starts, self._ends, self._in_order = array("q"), array("q"), True
        for start, end in ordered:
            if self._ends and start <= self._ends[-1] + 1:
                self._ends[-1] = max(self._ends[-1], end)
            else:
                self._starts.append(start)
                self._ends.append(end)

    def __len__(self) -> int:
        return sum(end - start + 1 for start, end in self.ranges())

    def __str__(self) -> str:
        return ", ".join(
            str(start) if start == end else f"{start}-{end}" for start, end in self.ranges()
        )


@dataclass(slots=True)
class WrongValue:
    """One value of a group, and where it stands.

    Attributes:
        nearest: the valid code that is nearest to it.
        place: address of its first cell, JSON pointer or XPath.
        file: the member of an archive that has the first one.
    """

    value: str | None
    count: int = 0
    rows: Rows = field(default_factory=Rows)
    nearest: str | None = None
    place: str | None = None
    file: str | None = None


@dataclass(slots=True)
class Group:
    """Findings that are mended in one way, of one file.

    Attributes:
        rule: constraint, code list or reason; None: several.
        allowed: what would be right; None: several, or not known.
        pattern: kind of the values where their form is wrong: `A` for letters, `9` for digits.
        file: the member of an archive.
        count: number of findings.
        values: the values, in the order in which they came first; `MOST_VALUES` at most.
        other_values: number of findings whose values are not listed.
        first: the first findings whole.
        columns: rows of the cells of a workbook, by sheet and column (`Hoja1!C`).
    """

    code: str
    is_error: bool
    component: str | None
    rule: str | None
    allowed: str | None
    pattern: str | None
    file: str | None
    count: int = 0
    rows: Rows = field(default_factory=Rows)
    values: dict[str | None, WrongValue] = field(default_factory=dict)
    other_values: int = 0
    first: list[Finding] = field(default_factory=list)
    columns: dict[str, Rows] = field(default_factory=dict)

    @property
    def cells(self) -> str:
        """The cells of a workbook, `Hoja1!C14:C20, Hoja1!C33`; empty for other formats."""
        return ", ".join(
            f"{column}{start}" + (f":{column.rpartition('!')[2]}{end}" if end > start else "")
            for column, rows in self.columns.items()
            for start, end in rows.ranges()
        )

    def add(self, finding: Finding) -> None:
        """Take a finding."""
        self.count += 1
        if len(self.first) < FIRST:
            self.first.append(finding)
        if finding.row is not None:
            self.rows.add(finding.row)
        if finding.place is not None and (cell := _CELL.fullmatch(finding.place)):
            self._add_cell(cell[1], int(cell[2]))
        known = self.values.get(finding.value)
        if known is None:
            if len(self.values) == MOST_VALUES:
                self.other_values += 1
                return
            known = self.values[finding.value] = WrongValue(
                finding.value, nearest=finding.nearest, place=finding.place, file=finding.file
            )
        known.count += 1
        if finding.row is not None:
            known.rows.add(finding.row)

    def _add_cell(self, column: str, row: int) -> None:
        if column in self.columns or len(self.columns) < MOST_COLUMNS:
            self.columns.setdefault(column, Rows()).add(row)


class Report:
    """Findings as they come, in groups.

    Attributes:
        errors: number of findings that refuse the submission.
        warnings: number of the others.
    """

    def __init__(self) -> None:
        self.errors = self.warnings = 0
        self._groups: dict[_Head, dict[_Kind, Group]] = {}

    def take(self, findings: Iterable[Finding]) -> None:
        """Take findings, in any order; cheapest in that of the rows."""
        for finding in findings:
            if finding.is_error:
                self.errors += 1
            else:
                self.warnings += 1
            self._group(finding).add(finding)

    def groups(self) -> list[Group]:
        """The groups: errors before warnings, then by their first rows."""
        found = [group for kinds in self._groups.values() for group in kinds.values()]
        return sorted(found, key=lambda group: (not group.is_error, _first_row(group), group.code))

    def _group(self, finding: Finding) -> Group:
        head = (finding.code, finding.is_error, finding.component)
        if head not in self._groups and len(self._groups) >= MOST_RULES:
            head = (finding.code, finding.is_error, None)
        kinds = self._groups.setdefault(head, {})
        kind = _kind_of(finding)
        if kind not in kinds and len(kinds) >= MOST_KINDS:
            kind = (None, None, None, None)
        if kind not in kinds:
            kinds[kind] = Group(*head, *kind)
        return kinds[kind]


def value_pattern(value: str) -> str:
    """The kind of a value: `31/12/2025` and `1/2/2024` are both `9/9/9`, `n.d.` is `A.A.`."""
    return _DIGITS.sub("9", _LETTERS.sub("A", value))[:_PATTERN_LENGTH]


def _kind_of(finding: Finding) -> _Kind:
    rule = None if finding.code in _OF_ONE_ROW else finding.rule
    of_form = finding.code in _OF_FORM and finding.value is not None
    pattern = value_pattern(finding.value or "") if of_form else None
    return rule, finding.allowed, pattern, finding.file


def _first_row(group: Group) -> int:
    return next((start for start, _ in group.rows.ranges()), 0)
