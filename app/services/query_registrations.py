"""Answer a query for registrations: each agreement that holds data for the public has one.

The service keeps the data itself, so that nothing is registered by hand: a registration is there
from the first publication, and its time is that of the last (SDMX 3.1, section 5, registration).
"""

from __future__ import annotations

import datetime as dt
import hashlib
import uuid
from collections.abc import Iterator
from dataclasses import dataclass

from app.errors import NotFoundError
from app.sdmx.artefact_set import ArtefactSet
from app.sdmx.canonical import canonical
from app.sdmx.item_schemes import item_paths
from app.sdmx.messages.registration_ml import Registration, write_registrations
from app.sdmx.messages.structure_message import MessageHeader
from app.sdmx.query import RegistrationQuery, StructureQuery
from app.sdmx.rest_v2 import CONTEXTS
from app.sdmx.structure_answer import find_matches
from app.sdmx.structures import ProvisionAgreement, decode
from app.sdmx.urn import parse_urn
from app.services.query_structures import StructureForm, StructureReply
from app.store.catalogue import Catalogue, CatalogueCache, StoredAgreement
from app.store.pools import with_retry
from app.store.series import Heads, read_heads
from app.store.types import Pool


@dataclass(frozen=True, slots=True)
class Published:
    """What the public sees of all agreements at one moment.

    Attributes:
        heads: the revision, the time and the counts of each agreement.
    """

    catalogue: Catalogue
    epoch: str
    heads: Heads

    @property
    def modified_at(self) -> dt.datetime:
        """When data or structures changed last."""
        times = [head.published_at for head in self.heads.values() if head.published_at]
        return max([*times, self.catalogue.snapshot.revised_at])


async def published_agreements(reader: Pool, cache: CatalogueCache) -> Published:
    """Read what the public sees of all agreements."""

    async def read() -> Published:
        async with reader.acquire() as connection:
            catalogue = await cache.current(connection)
            _, epoch, heads = await read_heads(connection, list(catalogue.agreements))
            return Published(catalogue, epoch, heads)

    return await with_retry(read)


def registrations_etag(published: Published, query: RegistrationQuery, form: StructureForm) -> str:
    """The strong entity tag of an answer, known before the answer is made."""
    facts = (
        published.epoch,
        published.catalogue.snapshot.revision,
        sorted((head.agreement, head.revision) for head in published.heads.values()),
        canonical(query),
        form.content_type,
        form.base_url,
    )
    return f'"{hashlib.sha256(repr(facts).encode()).hexdigest()[:32]}"'


async def query_registrations(
    published: Published, query: RegistrationQuery, form: StructureForm
) -> StructureReply:
    """Answer a registration query; `body` is None when nothing was found.

    Raises:
        NotFoundError: a registration, structure or provider was named in full, and is not there.
    """
    found = sorted(_find(published, query, form.base_url), key=lambda one: one.agreement)
    if not found:
        _refuse_unknown(published.catalogue.snapshot.artefacts, query)
        return StructureReply(None, ())
    header = MessageHeader(
        id=registrations_etag(published, query, form).strip('"'), prepared=published.modified_at
    )
    body = write_registrations(found, header, version=form.representation.version)
    return StructureReply(body, ())


def _find(published: Published, query: RegistrationQuery, base_url: str) -> Iterator[Registration]:
    catalogue = published.catalogue
    wanted = _structures(catalogue.snapshot.artefacts, query)
    for agreement in catalogue.agreements.values():
        head = published.heads.get(agreement.id)
        if head is None or head.published_at is None or not head.series_count:
            continue
        after, before = query.updated_after, query.updated_before
        if after is not None and head.published_at <= after:
            continue
        if before is not None and head.published_at >= before:
            continue
        identifier = registration_id(agreement)
        if query.registration_id not in (None, identifier):
            continue
        if _is_of_provider(catalogue, agreement, query) and _is_in(catalogue, agreement, wanted):
            urn = parse_urn(agreement.urn)
            path = f"data/provisionagreement/{urn.agency}/{urn.id}/{urn.version}"
            address = f"{base_url}/sdmx/v2/{path}"
            yield Registration(identifier, agreement.urn, head.published_at, address)


def registration_id(agreement: StoredAgreement) -> str:
    """The id of a registration: the same for all versions of an agreement on a dataflow."""
    stem = agreement.urn.partition("(")[0]
    return str(uuid.uuid5(uuid.NAMESPACE_URL, f"{stem} {agreement.dataflow_urn}"))


def _structures(artefacts: ArtefactSet, query: RegistrationQuery) -> frozenset[str] | None:
    """The artefacts that are asked by; None where it is asked by none."""
    named = query.agencies or query.resource_ids or query.versions
    if not named:
        return None
    types = CONTEXTS if query.context == "*" else (query.context,)
    asked = StructureQuery(types, query.agencies, query.resource_ids, query.versions)
    return frozenset(one.urn for one in find_matches(artefacts, asked))


def _is_in(catalogue: Catalogue, agreement: StoredAgreement, wanted: frozenset[str] | None) -> bool:
    if wanted is None:
        return True
    flow = catalogue.find_flow(agreement.dataflow_urn)
    structure = flow.structure_urn if flow is not None else ""
    return not wanted.isdisjoint((agreement.urn, agreement.dataflow_urn, structure))


def _is_of_provider(
    catalogue: Catalogue, agreement: StoredAgreement, query: RegistrationQuery
) -> bool:
    if not (query.provider_agencies or query.provider_ids):
        return True
    artefact = catalogue.snapshot.artefacts.get(agreement.urn)
    if artefact is None:
        return False
    provider = parse_urn(decode(artefact, ProvisionAgreement).data_provider)
    return (not query.provider_agencies or provider.agency in query.provider_agencies) and (
        not query.provider_ids or provider.item in query.provider_ids
    )


def _refuse_unknown(artefacts: ArtefactSet, query: RegistrationQuery) -> None:
    """Tell what is not there from what has no data."""
    named = query.registration_id or ""
    if query.provider_agencies and query.provider_ids and not _has_provider(artefacts, query):
        named = f"{','.join(query.provider_agencies)}:{','.join(query.provider_ids)}"
    one_by_one = query.context != "*" and query.agencies and query.resource_ids
    if one_by_one and not _structures(artefacts, query):
        versions = ",".join(one.as_sent for one in query.versions) or "*"
        ids = f"{','.join(query.agencies)}:{','.join(query.resource_ids)}"
        named = f"{query.context} {ids}({versions})"
    if named:
        raise NotFoundError(f"There is no {named}.", f"No existe {named}.")


def _has_provider(artefacts: ArtefactSet, query: RegistrationQuery) -> bool:
    return any(
        not item_paths(scheme).isdisjoint(query.provider_ids)
        for scheme in artefacts.of_class("DataProviderScheme")
        if scheme.agency in query.provider_agencies
    )
