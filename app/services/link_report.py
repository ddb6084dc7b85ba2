"""Links that open one report in a browser: signed, good for an hour, to correct where asked."""

from __future__ import annotations

import datetime as dt
from typing import Final

from app.auth.keys import OwnKeys
from app.auth.report_links import (
    REPORT_LINK_SECONDS,
    LinkedReport,
    open_report_link,
    sign_report_link,
)
from app.auth.subject import Subject
from app.models.report import ReportLink
from app.services.check_provider import check_provider
from app.services.get_submission import find_submission
from app.store.pools import Pools

REPORTS_PATH: Final = "/api/reports"


async def link_report(
    pools: Pools,
    keys: OwnKeys,
    subject: Subject,
    submission: str,
    base_url: str,
    now: dt.datetime,
    *,
    may_correct: bool = False,
) -> ReportLink:
    """A link to the report of a submission of the caller's organisation.

    With `may_correct`, whoever has the link corrects the file in the name of the caller.

    Raises:
        NotAuthorisedError: to correct, the caller has to be a data provider.
        NotFoundError: there is none of this id, or it is another organisation's.
    """
    if may_correct:
        check_provider(subject)
    stored = await find_submission(pools, subject, submission)
    expires = now.replace(microsecond=0) + dt.timedelta(seconds=REPORT_LINK_SECONDS)
    key = await keys.signing_key()
    token = sign_report_link(
        key,
        base_url,
        str(stored.id),
        subject.organisation,
        expires,
        practice=pools.is_practice,
        corrector=subject.client_id if may_correct else None,
    )
    return ReportLink(url=f"{base_url}{REPORTS_PATH}/{token}", expires_at=expires)


async def open_linked_report(
    pools: Pools, keys: OwnKeys, token: str, base_url: str, now: dt.datetime
) -> tuple[Pools, Subject, LinkedReport]:
    """Where the submission of a link is, its organisation, to read that report only, and the link.

    Raises:
        NotAuthorisedError: the link does not hold, or its hour is over.
    """
    linked = await open_report_link(keys, token, base_url, now)
    space = pools.space(practice=linked.practice)
    return space, Subject(linked.corrector or "report-link", linked.organisation), linked
