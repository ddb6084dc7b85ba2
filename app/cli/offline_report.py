"""The findings of a check on this computer: as lines for a person, as a file, as JSON."""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import IO, Any, Final

from rich.console import Console

from app.cli.database import terminal_language
from app.cli.local_files import LocalFile, digest_of
from app.cli.offline import LocalCheck
from app.cli.output import print_table
from app.cli.push_texts import text
from app.http.report_page import report_page
from app.models.report import ReportLinks, ReportReply
from app.sdmx import findings as texts
from app.sdmx.finding_names import FindingNames
from app.sdmx.findings import Finding
from app.sdmx.report import Group
from app.services.check_reader import CheckedFile
from app.services.findings_table import TABLE_HEADER, findings_table
from app.services.get_report import describe_group
from app.services.write_workbook_report import write_workbook_report
from app.sheets.report_sheet import ReportFacts
from app.store.local_stage import LocalStage

SHOWN_LINES: Final = 50
TABLE_LINES: Final = 5000


def print_groups(checked: CheckedFile, console: Console) -> None:
    """Print the findings: a line for each wrong value, with all its rows."""
    lines = [line for group in checked.report.groups() for line in _lines(group, checked.names)]
    print_table(text("columns"), lines[:SHOWN_LINES], console=console)
    if len(lines) > SHOWN_LINES:
        console.print(text("more_here", more=len(lines) - SHOWN_LINES), markup=False)


def save_report(
    local: LocalCheck, target: Path, file: LocalFile, checked: CheckedFile, stage: LocalStage
) -> None:
    """Write all findings to a file, in the format that its name says; it appears when whole.

    Raises:
        OSError: it cannot be written.
    """
    kind = target.suffix.lower()
    part = target.with_name(target.name + ".part")
    with part.open("w+b") as written:
        if kind == ".xlsx":
            _write_workbook(local, file, checked, stage, written)
        else:
            for piece in _written(kind, file, checked, stage):
                written.write(piece)
    part.replace(target)


def _write_workbook(
    local: LocalCheck, file: LocalFile, checked: CheckedFile, stage: LocalStage, sink: IO[bytes]
) -> None:
    facts = ReportFacts(file.file_name, True, terminal_language(), checked.names)
    for some in _some(stage.findings()):
        facts.take(some)
    with file.path.open("rb") as content:
        write_workbook_report(facts, content, sink, lambda: local.open(file, content))


def _written(
    kind: str, file: LocalFile, checked: CheckedFile, stage: LocalStage
) -> Iterator[bytes]:
    language = terminal_language()
    if kind == ".html":
        page = report_page(_reply(file, checked, language), offline=True)
        yield from (piece.encode() for piece in page)
    elif kind == ".json":
        yield _reply(file, checked, language).model_dump_json(indent=2).encode()
    else:
        yield TABLE_HEADER
        for some in _some(stage.findings()):
            yield findings_table(some, language, checked.names)


def describe(file: LocalFile, checked: CheckedFile) -> dict[str, Any]:
    """What a program reads of a check."""
    told = _reply(file, checked, terminal_language()).model_dump(mode="json")
    kept = ("rows", "agreements", "errors", "warnings", "groups")
    return {
        "path": str(file.path),
        "accepted": not checked.is_refused,
        "doubtful": checked.doubtful,
        **{name: told[name] for name in kept},
    }


def _lines(group: Group, names: FindingNames) -> Iterator[list[str]]:
    example = group.first[0]
    cause = texts.message(example, terminal_language(), names)
    kind = text("error" if group.is_error else "warning")
    if len(group.values) <= 1 and not group.other_values:
        value = "" if example.value is None else example.value
        nearest = names.word(group.component, example.nearest, terminal_language()) or ""
        yield [str(group.rows), kind, group.component or "", value, cause, nearest]
        return
    for each in group.values.values():
        told = next((one for one in group.first if one.value == each.value), None)
        said = texts.message(told or _with(example, each.value), terminal_language(), names)
        near = names.word(group.component, each.nearest, terminal_language())
        cells = (str(each.rows), kind, group.component, each.value, said, near)
        yield ["" if cell is None else cell for cell in cells]


def _with(finding: Finding, value: str | None) -> Finding:
    return Finding(
        finding.code, finding.row, finding.component, value, finding.rule, finding.allowed
    )


def _some(findings: Iterator[Finding]) -> Iterator[list[Finding]]:
    some: list[Finding] = []
    for finding in findings:
        some.append(finding)
        if len(some) == TABLE_LINES:
            yield some
            some = []
    yield some


def _reply(file: LocalFile, checked: CheckedFile, language: str) -> ReportReply:
    """The report as the service gives it; nothing of it has an address."""
    nowhere = ReportLinks.model_validate(dict.fromkeys(ReportLinks.model_fields, ""))
    now = dt.datetime.now(dt.UTC)
    return ReportReply(
        submission=uuid.UUID(int=0),
        state="rejected" if checked.is_refused else "validated",
        kind="file",
        file_name=file.file_name,
        sha256=digest_of(file.path, (), lambda read: None),
        received_at=now,
        decided_at=now,
        organisation="",
        agreements=checked.agreements,
        rows=checked.rows,
        language=language,
        errors=checked.report.errors,
        warnings=checked.report.warnings,
        groups=[
            describe_group(group, "", language, checked.names) for group in checked.report.groups()
        ],
        links=nowhere,
    )
