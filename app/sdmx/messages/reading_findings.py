"""Findings of a message as its reader tells them: where they stand, and what cut it short."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

import msgspec

from app.errors import MessageError, TooLargeError, VipmgError
from app.sdmx.findings import Finding, UnreadableError
from app.sdmx.messages.data_reading import DataReader, Location

_OF_TWO_ROWS: Final = frozenset({"VIPMG-231", "VIPMG-261"})
"""Codes whose `rule` is the number of another row."""


def unreadable_finding(error: VipmgError) -> Finding:
    """What cut the reading of a file short, as a finding; its message is in each language."""
    if isinstance(error, UnreadableError):
        return error.finding
    if isinstance(error, TooLargeError):
        return Finding("VIPMG-201", rule="size", allowed=str(error.detail["limit"]))
    if isinstance(error, MessageError):  # of the stream below the reader
        return Finding("VIPMG-201", rule="gzip", allowed="gzip")
    return Finding("VIPMG-201", rule=error.code)


def located(reader: DataReader, finding: Finding) -> Finding:
    """The finding with the row of its file, and where in it."""
    if finding.row is None:
        return finding
    here = reader.locate(finding.row, finding.component)
    rule = finding.rule
    if finding.code in _OF_TWO_ROWS and rule is not None:
        rule = _other(here, reader.locate(int(rule), None))
    return msgspec.structs.replace(
        finding, row=here.row, place=here.place, file=here.file, rule=rule
    )


def _other(here: Location, there: Location) -> str:
    """Another row as a person finds it from here."""
    if there.file != here.file:
        return f"{there.row} ({there.file})"
    return str(there.row) if there.place is None else f"{there.row} ({there.place})"


def located_once(
    reader: DataReader, findings: Iterable[Finding], told: set[tuple[str | None, ...]]
) -> list[Finding]:
    """Findings with where they stand; of one cell of a workbook each is told once.

    A cell of a cross table holds for all observations of its row, and each of them has the
    finding. `told` keeps what was told before.
    """
    found: list[Finding] = []
    for finding in findings:
        placed = located(reader, finding)
        if placed.place is not None and "!" in placed.place:
            fact = (placed.place, placed.file, placed.code, placed.component, placed.value)
            if fact in told:
                continue
            told.add(fact)
        found.append(placed)
    return found
