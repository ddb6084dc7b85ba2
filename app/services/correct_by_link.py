"""Correcting a file by the link to its report, in the name of the client that asked for it."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence

from app.auth.keys import OwnKeys
from app.auth.report_links import sign_report_link
from app.errors import NotAuthorisedError
from app.sdmx.corrections import Correction
from app.services.correct_submission import correct_submission
from app.services.link_report import REPORTS_PATH, open_linked_report
from app.store.pools import Pools


async def correct_by_link(
    pools: Pools,
    keys: OwnKeys,
    token: str,
    corrections: Sequence[Correction],
    base_url: str,
    now: dt.datetime,
) -> str:
    """Correct a file; the address of the new report, which ends when the link does.

    Raises:
        NotAuthorisedError: the link does not hold, its hour is over, or it is for reading alone.
        ConflictError: the submission is not decided yet, or is no file.
        QuerySemanticError: there is no correction, or there are too many.
        RepeatedContentError: it was published, and figures of its agreements changed since.
    """
    space, subject, linked = await open_linked_report(pools, keys, token, base_url, now)
    if linked.corrector is None:
        raise NotAuthorisedError(
            "This link is for reading alone; ask for one that may correct.",
            "Este enlace es solo para leer; pida uno que permita corregir.",
        )
    stored, _ = await correct_submission(
        space,
        subject,
        linked.submission,
        corrections,
        idempotency_key=None,
        validate_only=False,
        again=False,
    )
    signed = sign_report_link(
        await keys.signing_key(),
        base_url,
        str(stored.id),
        linked.organisation,
        linked.expires,
        practice=linked.practice,
        corrector=linked.corrector,
    )
    return f"{base_url}{REPORTS_PATH}/{signed}"
