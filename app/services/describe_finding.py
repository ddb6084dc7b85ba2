"""A finding as our own API tells it."""

from __future__ import annotations

from app.models.api import FindingReply
from app.sdmx.finding_names import NO_NAMES, FindingNames
from app.sdmx.finding_texts import LANGUAGES
from app.sdmx.findings import Finding, mend, message


def describe_finding(
    finding: Finding, language: str, names: FindingNames = NO_NAMES
) -> FindingReply:
    """A finding as a reply, with its texts; components and rules called by those of `names`."""
    return FindingReply(
        row=finding.row,
        place=finding.place,
        file=finding.file,
        column=finding.component,
        value=finding.value,
        code=finding.code,
        severity="error" if finding.is_error else "warning",
        rule=finding.rule,
        allowed=finding.allowed,
        nearest=names.word(finding.component, finding.nearest, language),
        message=message(finding, language, names),
        messages={each: message(finding, each, names) for each in LANGUAGES},
        mend=mend(finding, language),
    )
