"""Checking a message without storing anything of it: the same validation, the same findings."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from app.errors import VipmgError
from app.sdmx.actions import Outcome, Segment, apply
from app.sdmx.checks.offline import OfflineChecks
from app.sdmx.finding_names import NO_NAMES, FindingNames
from app.sdmx.findings import Finding, UnreadableError
from app.sdmx.flow import Component
from app.sdmx.intake import (
    Deletion,
    Intake,
    Key,
    Target,
    complete,
    segment_of_deletion,
)
from app.sdmx.mapping.harmonising import FindMaps, Harmonising
from app.sdmx.messages.data_reading import Batch, DataReader
from app.sdmx.messages.reading_findings import located_once, unreadable_finding
from app.sdmx.report import Report
from app.sdmx.validation import Validator
from app.services.find_target import find_target
from app.services.name_findings import name_findings
from app.store import staging
from app.store.catalogue import Catalogue, StoredAgreement
from app.store.local_stage import LocalStage

MISSING = "VIPMG-230"
"""A mandatory value is missing in the message; it may be stored at the service already."""

KEPT_FINDINGS = 5000
"""Findings that are kept in memory before they are put aside."""


@dataclass
class CheckedFile:
    """What the check of a file found.

    Attributes:
        report: the findings, grouped.
        agreements: URNs of the agreements that its rows go to.
        names: the names of their components and rules.
        rows: rows read.
        doubtful: how many of the errors may be none, as what is stored already can mend them.
        mapping: what each map did with its rows.
    """

    report: Report = field(default_factory=Report)
    agreements: list[str] = field(default_factory=list)
    names: FindingNames = NO_NAMES
    rows: int = 0
    doubtful: int = 0
    mapping: list[dict[str, Any]] = field(default_factory=list)

    @property
    def has_findings(self) -> bool:
        """Whether anything was found, warnings too."""
        return self.report.errors + self.report.warnings > 0

    @property
    def is_refused(self) -> bool:
        """Whether the service would refuse the file if it had nothing stored before."""
        return self.report.errors > 0

    @property
    def is_certainly_refused(self) -> bool:
        """Whether it would refuse the file whatever it has stored."""
        return self.report.errors > self.doubtful


def check_reader(
    catalogue: Catalogue,
    own: Sequence[StoredAgreement],
    open_reader: Callable[[], DataReader],
    stage: LocalStage,
    *,
    maps: FindMaps,
    now: dt.datetime,
    on_rows: Callable[[int], None] = lambda rows: None,
) -> CheckedFile:
    """Check a message; the stage holds all findings at the end.

    Args:
        catalogue: the structures.
        own: the agreements that the sender may send to.
        open_reader: opens the message.
        stage: where its segments and findings are put aside.
        maps: gives the maps of a structure that its rows name.
        now: the instant of the check: periods that have not ended by then are told.
        on_rows: told how many rows were read.
    """
    check = _Check(catalogue, own, stage, maps, now, on_rows)
    try:
        check.read(open_reader())
    except VipmgError as error:
        check.report(unreadable_finding(error))
    check.put_together()
    return check.checked


class _Check:
    """One file under check."""

    def __init__(
        self,
        catalogue: Catalogue,
        own: Sequence[StoredAgreement],
        stage: LocalStage,
        maps: FindMaps,
        now: dt.datetime,
        on_rows: Callable[[int], None],
    ) -> None:
        self.checked = CheckedFile()
        self._catalogue = catalogue
        self._stage = stage
        self._now = now
        self._on_rows = on_rows
        self._found: list[Finding] = []
        self._reader: DataReader | None = None
        self._told: set[tuple[str | None, ...]] = set()

        def resolve(kind: str, structure: str) -> Target | str:
            return find_target(catalogue, own, kind, structure)

        self._harmonising = Harmonising(maps, self._found.append)
        self._told_as: Callable[[Finding], Finding | None] = self._harmonising.told
        self._validator = Validator(resolve, self.report)

    def report(self, finding: Finding) -> None:
        """Take a finding, as the sender reads it."""
        told = self._told_as(finding)
        if told is not None:
            self._found.append(told)

    def read(self, reader: DataReader) -> None:
        """Check batch by batch, and stage the segments."""
        self._reader = reader
        try:
            for batch in reader.batches():
                self._stage.put_records(staging.records(self._checked(batch)))
                self._flush(reader.findings)
                self._on_rows(reader.row_count)
            self._found += self._harmonising.close()
            if reader.row_count == 0 and not reader.findings and not self.checked.is_refused:
                raise UnreadableError("no-rows", value="0")
        finally:
            self._flush(reader.findings)
            self.checked.rows = reader.row_count
            self.checked.mapping = self._harmonising.document()
            self._told_as = self._harmonising.told_later

    def _checked(self, batch: Batch) -> Iterator[tuple[Target, Key, Segment]]:
        return self._harmonising.check(self._validator, batch)

    def put_together(self) -> None:
        """Put the segments of each series together: repeated keys, mandatory values, figures."""
        figures = OfflineChecks(self.report, self._now, certain=True)
        for intake in self._validator.intakes.values():
            self.checked.agreements.append(intake.target.urn)
            for key, segments in self._stage.series(intake.target.agreement):
                outcome = self._put_series_together(intake, key, segments)
                if intake.target.checks and not self.checked.is_certainly_refused:
                    figures.see(intake.target, key, outcome)
                if len(self._found) > KEPT_FINDINGS:
                    self._flush([])
        self.checked.names = name_findings(
            self._catalogue,
            self.checked.agreements,
            [one["source"] for one in self.checked.mapping],
        )
        if not self.checked.is_certainly_refused:
            figures.close()
        self._flush([])

    def _put_series_together(self, intake: Intake, key: Key, segments: list[Segment]) -> Outcome:
        target = intake.target
        first = segments[0].rows[0]
        reached = [
            segment_of_deletion(target.flow, deletion)
            for deletion in intake.deletions
            if deletion.row > first and _reaches(deletion, key)
        ]
        if reached:
            segments = sorted((*segments, *reached), key=lambda segment: segment.rows[0])
        merged = any(segment.action == "Merge" for segment in segments)
        outcome = apply(None, {}, segments)

        def attached(component: Component, of: Key) -> bool:
            return _is_attached(intake, component, of)

        for finding in complete(target, key, outcome, attached):
            self.report(finding)
            if finding.code == MISSING and finding.is_error:
                component = target.flow.components.get(finding.component or "")
                kept = component is None or component.level in {"series", "partial"}
                self.checked.doubtful += merged or kept
        return outcome

    def _flush(self, more: list[Finding]) -> None:
        found = [*more, *self._found]
        more.clear()
        self._found.clear()
        if not found:
            return
        found.sort(key=lambda finding: finding.row or 0)
        if self._reader is not None:
            found = located_once(self._reader, found, self._told)
        self.checked.report.take(found)
        self._stage.put_findings(found)


def _reaches(deletion: Deletion, key: Key) -> bool:
    return all(code in (None, mine) for code, mine in zip(deletion.key, key, strict=True))


def _is_attached(intake: Intake, component: Component, key: Key) -> bool:
    """Whether the message itself, or the agreement, gives an attribute above the series a value."""
    if component.id in intake.target.fixed:
        return True
    above: list[str | None] = [None] * len(key)
    for position in component.positions:
        above[position] = key[position]
    return intake.attachments.get(tuple(above), {}).get(component.id) is not None
