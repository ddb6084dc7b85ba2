"""The nil returns of an agreement, the latest period first."""

from __future__ import annotations

from app.auth.subject import Subject
from app.models.sending import NilReturnList, NilReturnReply
from app.services.find_agreement import find_agreement
from app.store import nil_returns
from app.store.catalogue import CatalogueCache
from app.store.nil_returns import StoredNilReturn
from app.store.pools import Pools, with_retry


async def list_nil_returns(
    pools: Pools, cache: CatalogueCache, subject: Subject, agreement: str
) -> NilReturnList:
    """All nil returns of an agreement of the caller's organisation, superseded ones too.

    Raises:
        NotFoundError: the caller's organisation has no such agreement.
    """

    async def read() -> NilReturnList:
        async with pools.writer.acquire() as connection:
            found = find_agreement(await cache.current(connection), subject, agreement)
            stored = await nil_returns.of_agreement(connection, found.id)
        told = [_reply(found.urn, each) for each in stored]
        return NilReturnList(agreement=found.urn, nil_returns=told)

    return await with_retry(read)


def _reply(agreement: str, stored: StoredNilReturn) -> NilReturnReply:
    state = "superseded" if stored.superseded_by else stored.state
    return NilReturnReply.model_validate(
        {
            "agreement": agreement,
            "period": stored.period,
            "note": stored.note,
            "submission": stored.submission_id,
            "state": state,
            "received_at": stored.received_at,
            "superseded_by": stored.superseded_by,
        }
    )
