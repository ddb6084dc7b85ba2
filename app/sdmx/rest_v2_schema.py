"""Paths and query strings of schema queries (sdmx-rest 2.2, doc/schema.md)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, cast, get_args

from app.sdmx.query import SchemaContext, SchemaQuery
from app.sdmx.query_parts import (
    bad_value,
    fill_segments,
    read_boolean,
    read_choice,
    read_observation_dimension,
    read_one,
    read_optional,
    read_parameters,
)
from app.sdmx.query_string import decode, parameters
from app.sdmx.time_period import parse_date_time
from app.sdmx.urn import AGENCY_ID, RESOURCE_ID
from app.sdmx.version import VersionQuery

SCHEMA_CONTEXTS: Final[tuple[str, ...]] = get_args(SchemaContext)
"""What a schema can be asked for."""

SCHEMA_PARAMETERS: Final = ("asOf", "deletion", "dimensionAtObservation")
"""The query parameters of a schema query."""

_NAMES: Final = "context/agencyID/resourceID/version"


def parse_schema(path_segments: Sequence[str], query: str) -> SchemaQuery:
    """Read what follows `/schema`: one artefact, without wildcards.

    Raises:
        QuerySyntaxError: the query does not conform to the API.
    """
    context, agency, resource_id, version = fill_segments(path_segments, ("",) * 3 + ("~",), _NAMES)
    values = read_parameters(parameters(query), SCHEMA_PARAMETERS)
    return SchemaQuery(
        context=cast(SchemaContext, read_choice("context", decode(context), SCHEMA_CONTEXTS)),
        agency=read_one("agencyID", agency, AGENCY_ID),
        resource_id=read_one("resourceID", resource_id, RESOURCE_ID),
        version=read_one_version(version),
        dimension_at_observation=read_observation_dimension(values),
        deletion=read_boolean(values, "deletion"),
        as_of=read_optional(parse_date_time, values.get("asOf")),
    )


def read_one_version(raw: str) -> VersionQuery:
    """Read a query for one version: exact or the latest of some kind.

    Raises:
        QuerySyntaxError: it asks for all versions, or for several.
    """
    text = decode(raw)
    if "*" in text or "," in text:
        raise bad_value("version", text)
    return VersionQuery.parse(text)
