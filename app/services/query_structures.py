"""Answer a structure query from the registry, in the languages and the format of the caller."""

from __future__ import annotations

import asyncio
import datetime as dt
import hashlib
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from app.errors import NotFoundError
from app.sdmx.artefact_set import ArtefactSet
from app.sdmx.artefacts import Artefact
from app.sdmx.canonical import canonical
from app.sdmx.localisation import Localiser
from app.sdmx.messages.structure_message import MessageHeader
from app.sdmx.messages.structure_writers import is_of_2_1, shows_any, write_structure_message
from app.sdmx.negotiation import LanguageChoice, Representation
from app.sdmx.query import MetadataQuery, SchemaQuery, StructureQuery
from app.sdmx.structure_answer import answer_structure_query, names_one_by_one
from app.store.pools import with_retry
from app.store.registry import RegistryCache, RegistrySnapshot, load_as_of
from app.store.types import Pool

_COMPUTED: Final = "actualconstraint"
"""The type of 1.x whose artefacts are made for each query, on a path of their own."""


@dataclass(frozen=True, slots=True)
class StructureForm:
    """How the answer is written.

    Attributes:
        representation: format and version, as negotiated.
        languages: the languages of the caller.
        base_url: address of the service, for links.
    """

    representation: Representation
    languages: LanguageChoice
    base_url: str

    @property
    def content_type(self) -> str:
        """The media type that the caller gets."""
        return self.representation.content_type


@dataclass(frozen=True, slots=True)
class StructureReply:
    """A written answer; `body` is None when nothing was found."""

    body: bytes | None
    languages: tuple[str, ...]


async def current_registry(reader: Pool, cache: RegistryCache) -> RegistrySnapshot:
    """Give the current registry; one small query where it has not changed."""

    async def read() -> RegistrySnapshot:
        async with reader.acquire() as connection:
            return await cache.current(connection)

    return await with_retry(read)


def structure_etag(
    registry: RegistrySnapshot,
    query: StructureQuery | SchemaQuery | MetadataQuery,
    form: StructureForm,
) -> str:
    """The strong entity tag of an answer, known before the answer is made."""
    parts = (
        registry.restore_epoch,
        registry.revision,
        canonical(query),
        form.content_type,
        form.languages,
        form.base_url,
    )
    return f'"{hashlib.sha256(repr(parts).encode()).hexdigest()[:32]}"'


async def query_structures(
    reader: Pool, registry: RegistrySnapshot, query: StructureQuery, form: StructureForm
) -> StructureReply:
    """Answer a structure query.

    Raises:
        NotFoundError: type, agency and id were all named, and there is no such artefact.
    """
    artefacts = await artefacts_of(reader, registry, query.as_of)
    # A large answer takes a tenth of a second, in which others are served.
    return await asyncio.to_thread(_answer, artefacts, registry, query, form)


async def artefacts_of(
    reader: Pool, registry: RegistrySnapshot, instant: dt.datetime | None
) -> ArtefactSet:
    """The artefacts of the registry, or as they stood at an instant."""
    if instant is None:
        return registry.artefacts

    async def read() -> ArtefactSet:
        async with reader.acquire() as connection:
            return await load_as_of(connection, instant)

    return await with_retry(read)


def _answer(
    artefacts: ArtefactSet, registry: RegistrySnapshot, query: StructureQuery, form: StructureForm
) -> StructureReply:
    if query.asked_type == _COMPUTED:
        raise NotFoundError(
            "Actual constraints are not stored. What data there are is told by "
            "/sdmx/v1/availableconstraint/{flow}.",
            "Las restricciones reales no se almacenan. Qué datos hay lo dice "
            "/sdmx/v1/availableconstraint/{flujo}.",
        )
    bare = is_of_2_1(form.representation.offer)
    answer = answer_structure_query(artefacts, query, with_metadata=not bare)
    if not answer.matched:
        if names_one_by_one(query):
            raise _not_found(query)
        return StructureReply(None, ())
    if not shows_any(form.representation.offer, answer.matched):
        return StructureReply(None, ())
    return write_answer(answer.artefacts, registry, query, form, resolved_in=artefacts)


def write_answer(
    artefacts: Iterable[Artefact],
    registry: RegistrySnapshot,
    query: StructureQuery | SchemaQuery,
    form: StructureForm,
    *,
    resolved_in: ArtefactSet | None = None,
) -> StructureReply:
    """Write artefacts as a structure message, in the languages of the caller.

    References are resolved, where the format demands it, in the current registry or in the set
    given.
    """
    localiser = Localiser(form.languages, registry.localisations)
    localised = [localiser.localise(artefact) for artefact in artefacts]
    header = MessageHeader(
        id=structure_etag(registry, query, form).strip('"'),
        prepared=registry.revised_at,
        languages=localiser.languages,
    )
    offer = form.representation.offer
    body = write_structure_message(
        offer,
        localised,
        header,
        base_url=form.base_url,
        registry=registry.artefacts if resolved_in is None else resolved_in,
    )
    return StructureReply(body, localiser.languages)


def _not_found(query: StructureQuery) -> NotFoundError:
    types, agencies, ids, items = (
        ",".join(part)
        for part in (query.artefact_types, query.agencies, query.resource_ids, query.items)
    )
    versions = ",".join(one.as_sent for one in query.versions) or "*"
    kind = query.asked_type or types
    asked = f"{kind} {agencies}:{ids}({versions})" + (f".{items}" if items else "")
    return NotFoundError(f"There is no {asked}.", f"No existe {asked}.")
