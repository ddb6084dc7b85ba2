"""Answer a schema query: a schema to validate messages with, or the structures behind it."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from typing import Final

from app.sdmx.artefact_set import ArtefactSet
from app.sdmx.artefacts import Artefact
from app.sdmx.messages.schema_json import write_json_schema
from app.sdmx.messages.schema_json_metadata import write_metadata_schema
from app.sdmx.messages.schema_xsd import write_xml_schema
from app.sdmx.metadata_structures import resolve_metadata_attributes
from app.sdmx.offers import METADATA_CONTEXTS
from app.sdmx.partial import chain_of
from app.sdmx.query import SchemaQuery
from app.sdmx.schema_data import DataSchema, resolve_data_schema
from app.sdmx.schema_structures import find_context, schema_structures
from app.services.query_structures import (
    StructureForm,
    StructureReply,
    artefacts_of,
    write_answer,
)
from app.store.registry import RegistrySnapshot
from app.store.types import Pool

_SCHEMAS: Final[Mapping[str, Callable[[DataSchema, str], bytes]]] = {
    "jsonschema": write_json_schema,
    "xmlschema": write_xml_schema,
}
"""By the format of an offer; the others are those of structure messages."""


async def query_schema(
    reader: Pool, registry: RegistrySnapshot, query: SchemaQuery, form: StructureForm
) -> StructureReply:
    """Answer a schema query.

    Raises:
        NotFoundError: there is no such artefact.
        QuerySyntaxError: its dimension at the observation is none of the structure.
    """
    artefacts = await artefacts_of(reader, registry, query.as_of)
    return await asyncio.to_thread(_answer, artefacts, registry, query, form)


def _answer(
    artefacts: ArtefactSet, registry: RegistrySnapshot, query: SchemaQuery, form: StructureForm
) -> StructureReply:
    context = find_context(artefacts, query)
    offer = form.representation.offer
    if offer.format not in _SCHEMAS:
        return write_answer(schema_structures(artefacts, context), registry, query, form)
    if query.context in METADATA_CONTEXTS:
        return StructureReply(_metadata_schema(artefacts, context, query), ())
    write = _SCHEMAS[offer.format]
    schema = resolve_data_schema(artefacts, context, query)
    return StructureReply(write(schema, offer.version), ())


def _metadata_schema(artefacts: ArtefactSet, context: Artefact, query: SchemaQuery) -> bytes:
    structure = chain_of(context, artefacts)[-1]
    attributes = resolve_metadata_attributes(artefacts, structure)
    return write_metadata_schema(context.urn, attributes, deletion=query.deletion)
