"""The chain of an organisation's receipts."""

from __future__ import annotations

from app.auth.subject import Subject
from app.models.receipt_api import ReceiptPage
from app.services.get_receipts import describe_receipt
from app.store import receipts
from app.store.pools import Pools, with_retry
from app.store.receipts import StoredReceipt

RECEIPTS_PATH = "/api/receipts"


async def list_receipts(
    pools: Pools, subject: Subject, *, after: int, limit: int, base_url: str
) -> ReceiptPage:
    """The receipts of the caller's organisation that follow a number, oldest first."""

    async def read() -> list[StoredReceipt]:
        async with pools.writer.acquire() as connection:
            return await receipts.of_organisation(
                connection, subject.organisation, after, limit + 1
            )

    found = await with_retry(read)
    following = None
    if len(found) > limit:
        following = f"{base_url}{RECEIPTS_PATH}?after={found[limit - 1].number}&limit={limit}"
    return ReceiptPage(receipts=[describe_receipt(each) for each in found[:limit]], next=following)
