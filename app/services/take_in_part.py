"""Taking the right rows of a message that has wrong ones, where the agreements allow it."""

from __future__ import annotations

from typing import Final

from app.sdmx.validation import Validator
from app.services.submission_work import Work
from app.store.submissions import LEFT_OUT

MOST_READINGS: Final = 4
"""How often a message is read: what is left out may be what another row needs."""


class InPartError(Exception):
    """Rows are wrong, and the agreements take the others: read the message again without them."""


def take_in_part(work: Work, validator: Validator) -> None:
    """Ask for a reading without the wrong rows, if all agreements concerned allow that.

    A message with an error that is none of single rows, or whose rows are all wrong, is refused.

    Raises:
        InPartError: read the message again.
    """
    urns = [intake.target.urn for intake in validator.intakes.values()]
    if not urns or not all(work.catalogue.terms(urn).allows_partial for urn in urns):
        return
    rows, wrong = work.reader.row_count if work.reader else 0, work.wrong
    is_new = wrong.rows > work.left_out
    if wrong.is_whole or not is_new or work.readings >= MOST_READINGS or len(wrong.rows) >= rows:
        return
    raise InPartError


def left_out_facts(work: Work) -> dict[str, int]:
    """How many rows were left out, for reply and receipt; nothing where none was."""
    return {LEFT_OUT: len(work.left_out)} if work.left_out else {}
