"""Paths and query strings of metadata and registration queries of SDMX-REST 2.2.

See doc/metadata.md and doc/registration.md; what is said of reading in `app.sdmx.rest_v2` holds.
"""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Callable, Mapping, Sequence
from types import MappingProxyType
from typing import Final, Literal, TypeAlias, cast

from app.sdmx.artefact_classes import ARTEFACT_TYPES
from app.sdmx.query import Context, MetadataQuery, ProviderReference, RegistrationQuery
from app.sdmx.query_parts import (
    WILDCARDS,
    bad_value,
    fill_segments,
    read_choice,
    read_choices,
    read_ids,
    read_optional,
    read_parameters,
    read_versions,
)
from app.sdmx.query_string import decode, parameters
from app.sdmx.rest_v2 import CONTEXTS
from app.sdmx.time_period import parse_date_time
from app.sdmx.urn import AGENCY_ID, RESOURCE_ID

METADATA_DETAILS: Final = ("full", "allstubs")
"""The values of `detail` in a metadata query."""

METADATA_PARAMETERS: Final = ("asOf", "detail")
"""The query parameters of a metadata query."""

REGISTRATION_PARAMETERS: Final = ("updatedAfter", "updatedBefore")
"""The query parameters of a registration query, but for one by id."""

_COLUMNS: Final = ("labels",)
_Detail: TypeAlias = Literal["full", "allstubs"]
_PROVIDER: Final = re.compile(rf"(?:(?:\*|{AGENCY_ID.pattern})\.)?(?:\*|{RESOURCE_ID.pattern})")
_REGISTRATION_CONTEXTS: Final = ("id", "provider", *CONTEXTS, "*")


def parse_metadata(path_segments: Sequence[str], query: str) -> MetadataQuery:
    """Read what follows `/metadata` (sdmx-rest 2.2, doc/metadata.md).

    Raises:
        QuerySyntaxError: the query does not conform to the API.
    """
    by = read_choice("metadata", decode(next(iter(path_segments), "")), tuple(_READERS))
    values = read_parameters(parameters(query), METADATA_PARAMETERS, columns=_COLUMNS)
    detail = read_choice("detail", values.get("detail", "full"), METADATA_DETAILS)
    read = _READERS[by]
    return read(
        path_segments[1:],
        cast(_Detail, detail),
        read_optional(parse_date_time, values.get("asOf")),
    )


def parse_registration(path_segments: Sequence[str], query: str) -> RegistrationQuery:
    """Read what follows `/registration` (sdmx-rest 2.2, doc/registration.md).

    Raises:
        QuerySyntaxError: the query does not conform to the API.
    """
    given = [segment for segment in path_segments[:1] if segment]
    by = decode(given[0]) if given else "*"
    by = read_choice("context", "*" if by in WILDCARDS else by, _REGISTRATION_CONTEXTS)
    rest = path_segments[1:]
    if by == "id":
        [identifier] = fill_segments(rest, ("",), "id/registrationID")
        read_parameters(parameters(query), ())
        if RESOURCE_ID.fullmatch(found := decode(identifier)) is None:
            raise bad_value("registrationID", found)
        return RegistrationQuery(registration_id=found)
    values = read_parameters(parameters(query), REGISTRATION_PARAMETERS)
    after, before = (
        read_optional(parse_date_time, values.get(name)) for name in REGISTRATION_PARAMETERS
    )
    if by == "provider":
        agencies, ids = fill_segments(rest, ("*", "*"), "provider/providerAgencyID/providerID")
        return RegistrationQuery(
            provider_agencies=read_ids("providerAgencyID", agencies, AGENCY_ID),
            provider_ids=read_ids("providerID", ids, RESOURCE_ID),
            updated_after=after,
            updated_before=before,
        )
    agencies, ids, version = fill_segments(
        rest, ("*", "*", "*"), "context/agencyID/resourceID/version"
    )
    return RegistrationQuery(
        context=cast(Context, by),
        agencies=read_ids("agencyID", agencies, AGENCY_ID),
        resource_ids=read_ids("resourceID", ids, RESOURCE_ID),
        versions=read_versions(version),
        updated_after=after,
        updated_before=before,
    )


def read_providers(raw: str) -> tuple[ProviderReference, ...]:
    """Read a comma list of `AGENCY.PROVIDER` or `PROVIDER` (of any agency); empty stands for any.

    Raises:
        QuerySyntaxError: one has another form.
    """
    references = []
    for text in read_ids("providerRef", raw, _PROVIDER):
        agency, _, provider = text.rpartition(".")
        if provider == "*" and agency in ("", "*"):
            return ()
        references.append(ProviderReference(provider, agency if agency not in ("", "*") else None))
    return tuple(references)


def _by_set(segments: Sequence[str], detail: _Detail, as_of: dt.datetime | None) -> MetadataQuery:
    providers, ids, version = fill_segments(
        segments, ("*", "*", "~"), "metadataset/providerID/metadatasetID/version"
    )
    return MetadataQuery(
        by="metadataset",
        resource_ids=read_ids("metadatasetID", ids, RESOURCE_ID),
        versions=read_versions(version),
        providers=read_providers(providers),
        detail=detail,
        as_of=as_of,
    )


def _by_flow(segments: Sequence[str], detail: _Detail, as_of: dt.datetime | None) -> MetadataQuery:
    agencies, ids, version, providers = fill_segments(
        segments, ("*", "*", "~", "*"), "metadataflow/flowAgencyID/flowID/flowVersion/providerRef"
    )
    return MetadataQuery(
        by="metadataflow",
        agencies=read_ids("flowAgencyID", agencies, AGENCY_ID),
        resource_ids=read_ids("flowID", ids, RESOURCE_ID),
        versions=read_versions(version),
        providers=read_providers(providers),
        detail=detail,
        as_of=as_of,
    )


def _by_structure(
    segments: Sequence[str], detail: _Detail, as_of: dt.datetime | None
) -> MetadataQuery:
    types, agencies, ids, version = fill_segments(
        segments, ("*", "*", "*", "~"), "structure/artefactType/agencyID/resourceID/version"
    )
    return MetadataQuery(
        by="structure",
        artefact_types=read_choices("artefactType", decode(types), ARTEFACT_TYPES),
        agencies=read_ids("agencyID", agencies, AGENCY_ID),
        resource_ids=read_ids("resourceID", ids, RESOURCE_ID),
        versions=read_versions(version),
        detail=detail,
        as_of=as_of,
    )


_Reader: TypeAlias = Callable[[Sequence[str], _Detail, dt.datetime | None], MetadataQuery]
_READERS: Final[Mapping[str, _Reader]] = MappingProxyType(
    {"metadataset": _by_set, "metadataflow": _by_flow, "structure": _by_structure}
)
