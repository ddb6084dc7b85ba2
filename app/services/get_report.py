"""The report of a submission: its findings in groups, told in the language of the caller."""

from __future__ import annotations

from typing import Final

from app.auth.subject import Subject
from app.models.report import GroupReply, ReportLinks, ReportReply, WrongValueReply
from app.sdmx import findings as texts
from app.sdmx.finding_names import FindingNames
from app.sdmx.finding_texts import LANGUAGES
from app.sdmx.report import Group, Report, WrongValue
from app.services.describe_finding import describe_finding
from app.services.get_submission import PRACTICE_PATH, SUBMISSIONS_PATH, find_submission
from app.services.group_findings import group_findings
from app.services.names_of_submission import names_of_submission
from app.store.catalogue import CatalogueCache
from app.store.pools import Pools, with_retry
from app.store.submissions import StoredSubmission

DOCUMENTATION: Final = "/docs/errors"


async def get_report(
    pools: Pools,
    cache: CatalogueCache,
    subject: Subject,
    submission: str,
    base_url: str,
    language: str,
) -> ReportReply:
    """The report of a submission of the caller's organisation.

    Raises:
        NotFoundError: there is none of this id, or it is another organisation's.
    """
    stored = await find_submission(pools, subject, submission)
    report = await with_retry(lambda: group_findings(pools, stored.id))

    async def named() -> FindingNames:
        async with pools.writer.acquire() as connection:
            return await names_of_submission(connection, cache, stored)

    names = await with_retry(named)
    return _describe(stored, report, base_url, language, names, practice=pools.is_practice)


def _describe(
    stored: StoredSubmission,
    report: Report,
    base_url: str,
    language: str,
    names: FindingNames,
    *,
    practice: bool,
) -> ReportReply:
    """A report as a reply; the groups are told in `language`, and in all others beside."""
    address = f"{base_url}{PRACTICE_PATH if practice else SUBMISSIONS_PATH}/{stored.id}"
    return ReportReply(
        submission=stored.id,
        state=stored.state,
        kind=stored.kind,
        file_name=stored.file_name,
        sha256=stored.sha256,
        received_at=stored.received_at,
        decided_at=stored.decided_at,
        organisation=stored.organisation,
        agreements=list(stored.agreements),
        rows=stored.row_count,
        language=language,
        errors=report.errors,
        warnings=report.warnings,
        groups=[describe_group(group, base_url, language, names) for group in report.groups()],
        links=ReportLinks(
            self=f"{address}/report",
            csv=f"{address}/report?format=csv",
            html=f"{address}/report?format=html",
            xlsx=f"{address}/report.xlsx",
            submission=address,
            findings=f"{address}/findings",
            content=f"{address}/content",
            corrections=f"{address}/corrections",
        ),
    )


def describe_group(group: Group, base_url: str, language: str, names: FindingNames) -> GroupReply:
    """A group as a reply, with what to do about it; components and rules called by `names`."""
    example = group.first[0]
    return GroupReply(
        code=group.code,
        severity="error" if group.is_error else "warning",
        cause=texts.cause(example, language),
        mend=texts.mend(example, language),
        causes={each: texts.cause(example, each) for each in LANGUAGES},
        mends={each: texts.mend(example, each) for each in LANGUAGES},
        column=group.component,
        column_name=group.component and names.component(group.component, language),
        rule=group.rule,
        rule_name=group.rule and names.rule(group.rule, language),
        allowed=group.allowed,
        allowed_text=group.allowed and texts.allowed(example, language),
        pattern=group.pattern,
        file=group.file,
        count=group.count,
        rows=str(group.rows),
        cells=group.cells or None,
        values=[
            _describe_value(value, names.word(group.component, value.nearest, language))
            for value in group.values.values()
        ],
        other_values=group.other_values,
        first=[describe_finding(finding, language, names) for finding in group.first],
        documentation=f"{base_url}{DOCUMENTATION}#{group.code}",
    )


def _describe_value(value: WrongValue, nearest: str | None) -> WrongValueReply:
    return WrongValueReply(
        value=value.value,
        count=value.count,
        rows=str(value.rows),
        nearest=nearest,
        place=value.place,
    )
