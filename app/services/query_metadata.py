"""Answer a query for metadata sets, in the languages and the format of the caller."""

from __future__ import annotations

import asyncio

from app.errors import NotFoundError
from app.sdmx.artefact_set import ArtefactSet
from app.sdmx.localisation import Localiser
from app.sdmx.messages.metadata_writers import write_metadata_message
from app.sdmx.messages.structure_message import MessageHeader
from app.sdmx.metadata_answer import find_metadata_sets, names_one_by_one
from app.sdmx.query import MetadataQuery
from app.services.query_structures import (
    StructureForm,
    StructureReply,
    artefacts_of,
    structure_etag,
)
from app.store.registry import RegistrySnapshot
from app.store.types import Pool


async def query_metadata(
    reader: Pool, registry: RegistrySnapshot, query: MetadataQuery, form: StructureForm
) -> StructureReply:
    """Answer a metadata query; `body` is None when nothing was found.

    Raises:
        NotFoundError: a set or metadataflow was named in full, and is not there.
    """
    artefacts = await artefacts_of(reader, registry, query.as_of)
    return await asyncio.to_thread(_answer, artefacts, registry, query, form)


def _answer(
    artefacts: ArtefactSet, registry: RegistrySnapshot, query: MetadataQuery, form: StructureForm
) -> StructureReply:
    sets = find_metadata_sets(artefacts, query)
    if not sets:
        if names_one_by_one(artefacts, query):
            raise _not_found(query)
        return StructureReply(None, ())
    localiser = Localiser(form.languages, registry.localisations)
    localised = [localiser.localise(one) for one in sets]
    header = MessageHeader(
        id=structure_etag(registry, query, form).strip('"'),
        prepared=registry.revised_at,
        languages=localiser.languages,
    )
    body = write_metadata_message(
        form.representation,
        localised,
        header,
        artefacts=artefacts,
        languages=form.languages,
        base_url=form.base_url,
    )
    return StructureReply(body, localiser.languages)


def _not_found(query: MetadataQuery) -> NotFoundError:
    owners = ",".join(map(str, query.agencies or query.providers))
    asked = f"{query.by} {owners}:{','.join(query.resource_ids)}"
    versions = ",".join(one.as_sent for one in query.versions) or "*"
    return NotFoundError(f"There is no {asked}({versions}).", f"No existe {asked}({versions}).")
