"""A submission being processed: what it is, what was found so far, how many rows were read."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from app.sdmx.findings import Finding
from app.sdmx.left_out import WrongRows
from app.sdmx.messages.data_reading import DataReader
from app.sdmx.messages.reading_findings import located_once
from app.sdmx.validation import Validator
from app.sheets.xlsx_reader import MAX_ROWS
from app.store import submissions
from app.store.catalogue import Catalogue
from app.store.submissions import StoredSubmission, Verdict
from app.store.types import Connection


class CancelledError(Exception):
    """The submission was decided otherwise meanwhile: there is nothing left to do."""


@dataclass(slots=True)
class Work:
    """One submission being processed, on one connection, against one revision of the registry.

    Attributes:
        findings: those found since the last that were stored.
        stored_findings: how many are stored.
        errors: how many of all found so far refuse the submission.
        rows: rows read.
        max_xlsx_rows: rows that a workbook may have.
        wrong: the rows with errors.
        left_out: rows that are not read, since the agreements take the others without them.
        readings: how often the message was read, this time included.
        reader: reads the message, and tells where a row stands in its file.
        told: how its sender reads what is found when its series are put together; nothing of
            what they are told already.
        mapping: what each map did with its rows; nothing where none ran.
    """

    submission: StoredSubmission
    connection: Connection
    catalogue: Catalogue
    max_bytes: int
    findings: list[Finding] = field(default_factory=list)
    stored_findings: int = 0
    errors: int = 0
    rows: int = 0
    reader: DataReader | None = None
    max_xlsx_rows: int = MAX_ROWS
    told: Callable[[Finding], Finding | None] = lambda finding: finding
    mapping: list[dict[str, Any]] | None = None
    wrong: WrongRows = field(default_factory=WrongRows)
    left_out: frozenset[int] = frozenset()
    readings: int = 1
    _told: set[tuple[str | None, ...]] = field(default_factory=set)
    _codes: set[str] = field(default_factory=set)
    _said: frozenset[str] = frozenset()

    @property
    def actor(self) -> str:
        """Who publishes, as the ledger has it: the organisation, and both persons if two."""
        stored = self.submission
        if stored.approval != "approve":
            return stored.organisation
        return f"{stored.organisation} ({stored.client_id} + {stored.approved_by})"

    def report(self, finding: Finding) -> None:
        """Take a finding."""
        if not finding.is_error and finding.code in self._said:
            return  # in the reading before, with the rows that are left out now
        told = self.told(finding)
        if told is None:
            return  # its row is refused already
        self._codes.add(finding.code)
        self.findings.append(told)
        if finding.is_error:
            self.errors += 1
            self.wrong.take(finding)

    def read_without_wrong_rows(self) -> None:
        """Begin anew, without the rows that have errors; what was found stays found."""
        self.left_out = frozenset(self.wrong.rows)
        self._said = frozenset(self._codes)
        self.errors = self.rows = 0
        self.readings += 1

    async def flush(self, more: list[Finding] | None = None) -> None:
        """Store the findings collected so far, and `more`, which is emptied."""
        for finding in more or ():
            self.report(finding)
        if more:
            more.clear()
        if not self.findings:
            return
        found = sorted(self.findings, key=lambda finding: finding.row or 0)
        if self.reader is not None:
            found = located_once(self.reader, found, self._told)
        await submissions.put_findings(
            self.connection, self.submission.id, self.stored_findings + 1, found
        )
        self.stored_findings += len(found)
        self.findings.clear()

    async def progress(self, phase: str, rows_total: int | None = None) -> None:
        """Tell how far the work is.

        Raises:
            CancelledError: the submission is no more being processed.
        """
        going_on = await submissions.progress(
            self.connection, self.submission.id, self.rows, phase, rows_total
        )
        if not going_on:
            raise CancelledError

    def verdict(self, validator: Validator | None) -> Verdict:
        """The outcome, as the receipt of the decision has it."""
        intakes = validator.intakes.values() if validator else ()
        return Verdict(self.rows, self.stored_findings, [i.target.urn for i in intakes])
