"""One agreement of the caller's organisation."""

from __future__ import annotations

from app.auth.subject import Subject
from app.models.agreement_reply import AgreementReply
from app.services.describe_agreement import describe_agreement
from app.services.find_agreement import find_agreement
from app.store.catalogue import CatalogueCache
from app.store.coverage import Coverage, read_coverage
from app.store.pools import Pools, with_retry


async def get_agreement(
    pools: Pools,
    cache: CatalogueCache,
    subject: Subject,
    named: str,
    *,
    base_url: str,
    language: str,
) -> AgreementReply:
    """An agreement, with what it holds.

    Raises:
        NotFoundError: the caller's organisation has no such agreement.
    """

    async def read() -> AgreementReply:
        async with pools.writer.acquire() as connection:
            catalogue = await cache.current(connection)
            found = find_agreement(catalogue, subject, named)
            held = await read_coverage(connection, [found.id])
        coverage = held.get(found.id, Coverage())
        return describe_agreement(catalogue, found, coverage, base_url, language)

    return await with_retry(read)
