"""Submissions that the terms of an agreement let wait: for a second person, or an extension."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal, TypeAlias

from app.sdmx.findings import Finding
from app.services.submission_work import Work
from app.store import notices_kept
from app.store.types import Connection

Reason: TypeAlias = Literal["approval", "expired"]

EXPIRED_FINDING = "VIPMG-342"


@dataclass(frozen=True, slots=True)
class Waiting:
    """Why a submission waits, and for which agreements (their URNs)."""

    reason: Reason
    agreements: Sequence[str]

    @property
    def document(self) -> dict[str, Any]:
        """As it is stored."""
        return {"reason": self.reason, "agreements": list(self.agreements)}


def waits_for(work: Work, agreements: Sequence[str], day: dt.date) -> Waiting | None:
    """Why a submission waits on a day; None: it does not."""
    terms = [work.catalogue.terms(urn) for urn in agreements]
    ended = [one.agreement for one in terms if one.has_expired(day)]
    if ended:
        return Waiting("expired", ended)
    asking = [one.agreement for one in terms if one.needs_approval]
    if asking and work.submission.approval != "approve":
        return Waiting("approval", asking)
    return None


def report_expired(work: Work, agreements: Sequence[str], day: dt.date) -> None:
    """Tell the sender which agreements have ended: a warning, for nothing in the file is wrong."""
    for urn in agreements:
        terms = work.catalogue.terms(urn)
        if terms.has_expired(day) and terms.expiry is not None:
            short = urn.rpartition("=")[2]
            source = (terms.source("EXPIRY_DATE") or "").rpartition("=")[2]
            shown = terms.expiry.isoformat()
            work.report(Finding(EXPIRED_FINDING, value=short, rule=source, allowed=shown))


async def remind(connection: Connection, work: Work, waiting: Waiting) -> None:
    """Tell the provider and the agency that data wait because an agreement has ended."""
    if waiting.reason != "expired":
        return
    stored = work.submission
    for urn in waiting.agreements:
        short = urn.rpartition("=")[2]
        expiry = work.catalogue.terms(urn).expiry
        facts = {
            "submission": str(stored.id),
            "agreement": short,
            "day": None if expiry is None else expiry.isoformat(),
            "provider": stored.organisation,
        }
        for organisation in dict.fromkeys((stored.organisation, short.partition(":")[0])):
            await notices_kept.tell(
                connection, organisation, "submission-waits", f"{stored.id} {short}", facts
            )
