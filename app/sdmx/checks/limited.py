"""A bound on the findings of one rule: a file that is wrong throughout must not fill the memory."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable

from app.sdmx.findings import Finding

MOST = 20_000
"""Findings of one rule that are listed one by one."""


class Limited:
    """Passes the findings of checks on, up to so many of each rule, and counts the others.

    Attributes:
        refused: whether one of them refuses the submission.
    """

    def __init__(self, report: Callable[[Finding], None]) -> None:
        self._report = report
        self._counts: Counter[tuple[str, str, str]] = Counter()
        self.refused = False

    def __call__(self, finding: Finding) -> None:
        """Take a finding of a check."""
        self.refused = self.refused or finding.is_error
        rule = (finding.rule or "", finding.component or "", finding.severity)
        self._counts[rule] += 1
        if self._counts[rule] <= MOST:
            self._report(finding)

    def close(self) -> None:
        """Tell how many there are beside those that were passed on."""
        for (rule, component, severity), count in self._counts.items():
            if count > MOST:
                more = str(count - MOST)
                self._report(
                    Finding("VIPMG-320", None, component, more, rule=rule, severity=severity)
                )
        self._counts.clear()
