"""Paths and query strings of SDMX-REST 1.5 for schemas and reference metadata."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Final, Literal

from app.errors import QuerySemanticError
from app.sdmx.query import MetadataQuery, SchemaContext, SchemaQuery
from app.sdmx.query_parts import (
    fill_segments,
    read_boolean,
    read_choice,
    read_observation_dimension,
    read_one,
    read_parameters,
)
from app.sdmx.query_string import decode, parameters
from app.sdmx.rest_v1 import read_flow, read_key, read_providers, read_version
from app.sdmx.urn import AGENCY_ID, RESOURCE_ID
from app.sdmx.version import LATEST

SCHEMA_CONTEXTS: Final[Mapping[str, SchemaContext]] = MappingProxyType(
    {
        "datastructure": "datastructure",
        "dataflow": "dataflow",
        "provisionagreement": "provisionagreement",
        "metadatastructure": "metadatastructure",
        "metadataflow": "metadataflow",
    }
)
"""What a schema can be asked for."""

SCHEMA_PARAMETERS: Final = ("dimensionAtObservation", "explicitMeasure")
"""The query parameters of a schema query."""

METADATA_DETAILS: Final[Mapping[str, Literal["full", "allstubs"]]] = MappingProxyType(
    {"full": "full", "dataonly": "full", "nodata": "allstubs", "serieskeysonly": "allstubs"}
)
"""The values of `detail` in a metadata query, and what they mean in one of 2.2."""

METADATA_PARAMETERS: Final = ("detail",)
"""The query parameters of a metadata query."""

_COLUMNS: Final = ("labels",)


def parse_schema(path_segments: Sequence[str], query: str) -> SchemaQuery:
    """Read what follows `/schema`: one artefact, without wildcards (sdmx-rest 1.5, "Schemas").

    Raises:
        QuerySyntaxError: the query does not conform to the API.
    """
    context, agency, resource_id, version = fill_segments(
        path_segments, ("", "", "", LATEST), "context/agencyID/resourceID/version"
    )
    values = read_parameters(parameters(query), SCHEMA_PARAMETERS)
    context = read_choice("context", decode(context), SCHEMA_CONTEXTS)
    return SchemaQuery(
        context=SCHEMA_CONTEXTS[context],
        agency=read_one("agencyID", agency, AGENCY_ID),
        resource_id=read_one("resourceID", resource_id, RESOURCE_ID),
        version=read_version(decode(version)),
        dimension_at_observation=read_observation_dimension(values),
        explicit_measure=read_boolean(values, "explicitMeasure"),
    )


def parse_metadata(path_segments: Sequence[str], query: str) -> MetadataQuery:
    """Read what follows `/metadata` (sdmx-rest 1.5, "Data and metadata").

    Raises:
        QuerySyntaxError: the query does not conform to the API.
        QuerySemanticError: it has a key with codes. Metadata sets of 3.x have none: they name the
            artefacts that they are about.
    """
    flow, key, provider = fill_segments(
        path_segments, ("", "all", "all"), "flowRef/key/providerRef"
    )
    values = read_parameters(parameters(query), METADATA_PARAMETERS, columns=_COLUMNS)
    agencies, ids, versions = read_flow(flow)
    if any(read_key(key)):
        raise QuerySemanticError(
            "Metadata sets have no key: ask for all of a metadataflow.",
            "Los conjuntos de metadatos no tienen clave: pida todos los de un flujo.",
        )
    return MetadataQuery(
        by="metadataflow",
        agencies=agencies,
        resource_ids=ids,
        versions=versions,
        providers=read_providers(provider),
        detail=METADATA_DETAILS[
            read_choice("detail", values.get("detail", "full"), METADATA_DETAILS)
        ],
    )
