"""The receipts of one submission, as its own organisation sees them."""

from __future__ import annotations

import hashlib

from app.auth.receipt_keys import read_statement
from app.auth.subject import Subject
from app.models.receipt_api import ReceiptReply
from app.services.get_submission import find_submission
from app.store import receipts
from app.store.pools import Pools, with_retry
from app.store.receipts import StoredReceipt


async def get_receipts(pools: Pools, subject: Subject, submission: str) -> list[ReceiptReply]:
    """All receipts of a submission, in their order.

    Raises:
        NotFoundError: the caller's organisation has no such submission.
    """
    stored = await find_submission(pools, subject, submission)

    async def read() -> list[StoredReceipt]:
        async with pools.writer.acquire() as connection:
            return await receipts.of_submission(connection, stored.id)

    return [describe_receipt(each) for each in await with_retry(read)]


def describe_receipt(stored: StoredReceipt) -> ReceiptReply:
    """A receipt as a reply."""
    _, claims = read_statement(stored.jws)
    return ReceiptReply.model_validate(
        {
            "id": stored.id,
            "number": stored.number,
            "kind": stored.kind,
            "submission": stored.submission_id,
            "state": claims["state"],
            "issued_at": stored.issued_at,
            "sha256": hashlib.sha256(stored.jws.encode()).hexdigest(),
            "receipt": stored.jws,
        }
    )
