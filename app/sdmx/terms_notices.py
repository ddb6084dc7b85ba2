"""What the terms of an agreement give occasion to say on a day: reviews, ends, old figures."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from app.sdmx.terms import Terms

DAYS_BEFORE: Final = 30
"""How many days before a review or the end of an agreement its parties are told."""


@dataclass(frozen=True, slots=True)
class Occasion:
    """Something to be told once.

    Attributes:
        kind: key of its texts.
        subject: what it is about; a new date is a new subject.
        day: the day that it speaks of.
    """

    kind: str
    subject: str
    day: dt.date


def occasions(terms: Terms, today: dt.date, oldest: dt.date | None = None) -> Iterator[Occasion]:
    """What is to be told of an agreement on a day.

    Args:
        terms: of the agreement.
        today: the day.
        oldest: first day of the oldest period that it holds.
    """
    short = terms.agreement.rpartition("=")[2].partition("(")[0]
    review, expiry = terms.review, terms.expiry
    if review is not None and 0 <= (review - today).days <= DAYS_BEFORE:
        yield Occasion("agreement-review", f"{short} {review}", review)
    if terms.has_expired(today) and expiry is not None:
        yield Occasion("agreement-expired", f"{short} {expiry}", expiry)
    elif expiry is not None and (expiry - today).days <= DAYS_BEFORE:
        yield Occasion("agreement-expires", f"{short} {expiry}", expiry)
    kept = kept_from(terms, today)
    if kept is not None and oldest is not None and oldest < kept:
        # Once a year, as long as nobody has removed them.
        yield Occasion("retention-passed", f"{short} {today.year}", kept)


def kept_from(terms: Terms, today: dt.date) -> dt.date | None:
    """The day from which figures are kept by the terms; None: all are."""
    months = terms.retention_months
    if months is None:
        return None
    year, month = divmod(today.year * 12 + today.month - 1 - months, 12)
    return dt.date(max(year, 1), month + 1, 1)
