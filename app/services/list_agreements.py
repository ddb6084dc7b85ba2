"""The agreements of the caller's organisation, with what each holds."""

from __future__ import annotations

from app.auth.subject import Subject
from app.models.agreement_reply import AgreementList
from app.services.describe_agreement import describe_agreement
from app.store.catalogue import CatalogueCache
from app.store.coverage import Coverage, read_coverage
from app.store.pools import Pools, with_retry


async def list_agreements(
    pools: Pools, cache: CatalogueCache, subject: Subject, base_url: str, language: str
) -> AgreementList:
    """The agreements that the caller's organisation may send to, by id; none for a consumer."""

    async def read() -> AgreementList:
        async with pools.writer.acquire() as connection:
            catalogue = await cache.current(connection)
            own = [
                agreement
                for agreement in catalogue.of_provider(subject.organisation)
                if catalogue.find_flow(agreement.dataflow_urn) is not None
            ]
            held = await read_coverage(connection, [agreement.id for agreement in own])
        return AgreementList(
            agreements=[
                describe_agreement(catalogue, one, held.get(one.id, Coverage()), base_url, language)
                for one in sorted(own, key=lambda agreement: agreement.urn)
            ]
        )

    return await with_retry(read)
