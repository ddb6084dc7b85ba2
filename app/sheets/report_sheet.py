"""The sheet of a report within a workbook: the findings by rule, then one by one."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Final, Literal, TypeAlias

from app.sdmx.finding_names import NO_NAMES, FindingNames, named
from app.sdmx.findings import Finding, allowed, cause, mend, message
from app.sdmx.report import Group, Report
from app.sheets.addresses import parse_cell
from app.sheets.report_texts import WORDS

MOST_LISTED: Final = 20_000
"""Findings that are listed one by one; more are in the report as CSV."""

MOST_SHOWN: Final = 20
"""Values of a group that are named."""

LONGEST_CELL: Final = 2_000
LONGEST_NOTE: Final = 900

Style: TypeAlias = Literal["title", "bold", "head", "error", "warning", ""]

_CONTROL: Final = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")


@dataclass(frozen=True, slots=True)
class Line:
    """A row of the sheet.

    Attributes:
        cells: its cells.
        style: how it looks.
        link: the cell that its first one leads to, `Hoja1!C14`.
    """

    cells: Sequence[str | int]
    style: Style = ""
    link: str = ""


@dataclass(slots=True)
class Mark:
    """What is noted at one cell.

    Attributes:
        is_error: whether anything there refuses the file.
        texts: what is wrong and how to mend it, each once.
    """

    is_error: bool = False
    texts: dict[str, None] = field(default_factory=dict)

    @property
    def note(self) -> str:
        """All of it, cut where nobody reads on."""
        whole = "\n\n".join(self.texts)
        return whole if len(whole) <= LONGEST_NOTE else whole[:LONGEST_NOTE] + " …"


def plain_text(text: str, longest: int = LONGEST_CELL) -> str:
    """A text that a workbook takes."""
    text = _CONTROL.sub("\N{REPLACEMENT CHARACTER}", text)
    return text if len(text) <= longest else text[:longest] + "…"


def note_of(finding: Finding, language: str, names: FindingNames = NO_NAMES) -> str:
    """What is wrong, what is allowed, and how to mend it."""
    said = message(finding, language, names)
    right = allowed(finding, language)
    if right and right not in said:
        said += f"\n{WORDS[language]['allowed']}: {right}"
    return plain_text(f"{said}\n{mend(finding, language)}".replace("`", ""))


def marks_of(facts: ReportFacts, most: int) -> dict[str, Mark]:
    """What is noted at each cell that findings are placed at, by address."""
    marks: dict[str, Mark] = {}
    for finding in facts.findings:
        place = finding.place
        if place is None or finding.file is not None or parse_cell(place) is None:
            continue
        if place not in marks and len(marks) >= most:
            continue
        mark = marks.setdefault(place, Mark())
        mark.is_error = mark.is_error or finding.is_error
        mark.texts[note_of(finding, facts.language, facts.names)] = None
    return marks


@dataclass(slots=True)
class ReportFacts:
    """What a report tells of a submission.

    Attributes:
        report: all findings in groups.
        findings: the first of them, in the order of the rows; `MOST_LISTED` at most.
        file_name: as its sender named it.
        is_decided: whether the findings are all that there will be.
        language: one of `finding_texts.LANGUAGES`.
        names: of components and rules.
        in_part: whether the right rows were taken, though others have errors.
    """

    file_name: str
    is_decided: bool
    language: str
    names: FindingNames = NO_NAMES
    in_part: bool = False
    report: Report = field(default_factory=Report)
    findings: list[Finding] = field(default_factory=list)

    def take(self, findings: Sequence[Finding]) -> None:
        """Take findings, in the order of the rows."""
        self.report.take(findings)
        self.findings += findings[: MOST_LISTED - len(self.findings)]

    def column(self, component: str | None) -> str:
        """A column as people call it, with its id."""
        if not component:
            return ""
        return named(component, self.names.component(component, self.language))


def report_lines(facts: ReportFacts, remark: str) -> Iterator[Line]:
    """The rows of the sheet; `remark`: what the other sheets show, `marked` or `rows`."""
    language, report, findings = facts.language, facts.report, facts.findings
    words = WORDS[language]
    yield Line([plain_text(words["title"].format(file=facts.file_name))], "title")
    verdict = "refused" if report.errors else "accepted"
    if facts.in_part:
        verdict = "in part"
    if not facts.is_decided:
        verdict = "undecided"
    yield Line([words[verdict].format(errors=report.errors, warnings=report.warnings)], "bold")
    yield Line([words[remark]])
    yield Line([])
    yield Line([words["groups"]], "bold")
    yield Line([words[each] for each in _GROUP_COLUMNS], "head")
    for group in report.groups():
        yield _group_line(group, facts)
    yield Line([])
    yield Line([words["all"]], "bold")
    yield Line([words[each] for each in _COLUMNS], "head")
    for finding in findings:
        yield _finding_line(finding, facts)
    left = report.errors + report.warnings - len(findings)
    if left:
        yield Line([words["more"].format(count=left)], "bold")


_GROUP_COLUMNS: Final = (
    *("severity", "code", "cause", "mend", "column", "count", "where", "values"),
    *("allowed", "nearest"),
)
_COLUMNS: Final = (
    *("where", "severity", "code", "message", "mend", "column", "row", "value"),
    *("allowed", "nearest", "file"),
)
WIDTHS: Final = (16, 13, 46, 46, 18, 18, 30, 30, 26, 22, 14)
"""Widths of the columns, in characters."""


def _group_line(group: Group, facts: ReportFacts) -> Line:
    language, first = facts.language, group.first[0]
    words = WORDS[language]
    style: Style = "error" if group.is_error else "warning"
    values = [value for value in group.values.values() if value.value is not None]
    shown = [str(value.value) for value in values[:MOST_SHOWN]]
    told = [
        (v.value, facts.names.word(group.component, v.nearest, language))
        for v in values[:MOST_SHOWN]
    ]
    near = [f"{value} → {word}" for value, word in told if word]
    more = ["…"] if len(values) > MOST_SHOWN or group.other_values else []
    cells: list[str | int] = [
        words[style],
        group.code,
        cause(first, language).replace("`", ""),
        mend(first, language).replace("`", ""),
        facts.column(group.component),
        group.count,
        group.cells or str(group.rows),
        ", ".join(shown + more),
        (group.allowed and allowed(first, language)) or "",
        ", ".join(near),
        group.file or "",
    ]
    return Line(_plain(cells), style)


def _finding_line(finding: Finding, facts: ReportFacts) -> Line:
    language = facts.language
    words = WORDS[language]
    style: Style = "error" if finding.is_error else "warning"
    cells: list[str | int] = [
        finding.place or (str(finding.row) if finding.row is not None else ""),
        words[style],
        finding.code,
        message(finding, language, facts.names),
        mend(finding, language).replace("`", ""),
        facts.column(finding.component),
        "" if finding.row is None else finding.row,
        finding.value or "",
        allowed(finding, language) or "",
        facts.names.word(finding.component, finding.nearest, language) or "",
        finding.file or "",
    ]
    is_cell = finding.file is None and parse_cell(finding.place or "") is not None
    return Line(
        _plain(cells),
        style,
        (finding.place or "") if is_cell else "",
    )


def _plain(cells: Sequence[str | int]) -> list[str | int]:
    return [plain_text(cell) if isinstance(cell, str) else cell for cell in cells]
