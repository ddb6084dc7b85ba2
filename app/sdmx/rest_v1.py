"""Paths and query strings of SDMX-REST 1.5, the interface of SDMX 2.1.

They are read into the same queries as those of 2.2. Here `+` is or, in every part of a path;
`all` is any, `latest` the latest version in production and the default; a key has all its
positions, each with any number of codes. The types of artefacts that 3.x renamed, split or
dropped mean those that took their place. Everything is read raw, as in `app.sdmx.rest_v2`, but
that `%2E` is a dot in a key as in all URIs (RFC 3986, 2.3): no code of SDMX 2.1 has one.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from types import MappingProxyType
from typing import Final, Literal, cast

from app.errors import QuerySyntaxError
from app.sdmx.filters import ComponentFilter, Condition
from app.sdmx.offers import CSV_PARAMETERS
from app.sdmx.query import (
    AvailabilityQuery,
    DataQuery,
    DataSelection,
    ProviderReference,
    StructureQuery,
)
from app.sdmx.query_parts import (
    WILDCARDS,
    bad_value,
    fill_segments,
    read_boolean,
    read_choice,
    read_count,
    read_ids,
    read_observation_dimension,
    read_optional,
    read_parameters,
)
from app.sdmx.query_string import decode, parameters
from app.sdmx.rest_v2 import ITEM_SCHEME_TYPES
from app.sdmx.series import TIME
from app.sdmx.time_period import parse_date_time, parse_time_period
from app.sdmx.urn import AGENCY_ID, COMPONENT_ID, ITEM_PATH, RESOURCE_ID
from app.sdmx.version import LATEST, Version, VersionQuery

_PROVIDERS: Final = ("dataproviderscheme", "metadataproviderscheme")
_HIERARCHICAL_CODELIST: Final = "hierarchicalcodelist"
_CONSTRAINTS: Final = ("dataconstraint", "metadataconstraint")
_SAME: Final = (
    "agencyscheme",
    "categorisation",
    "categoryscheme",
    "conceptscheme",
    "customtypescheme",
    "dataconsumerscheme",
    "dataflow",
    "datastructure",
    "metadataflow",
    "metadatastructure",
    "namepersonalisationscheme",
    "organisationunitscheme",
    "process",
    "reportingtaxonomy",
    "rulesetscheme",
    "transformationscheme",
    "userdefinedoperatorscheme",
    "vtlmappingscheme",
)

STRUCTURE_TYPES: Final[Mapping[str, tuple[str, ...]]] = MappingProxyType(
    {name: (name,) for name in _SAME}
    | {
        "actualconstraint": ("actualconstraint",),
        "allowedconstraint": _CONSTRAINTS,
        "attachmentconstraint": ("attachmentconstraint",),
        "codelist": ("codelist", "valuelist"),
        "contentconstraint": _CONSTRAINTS,
        "dataproviderscheme": _PROVIDERS,
        _HIERARCHICAL_CODELIST: ("hierarchy",),
        "organisationscheme": (
            "agencyscheme",
            *_PROVIDERS,
            "dataconsumerscheme",
            "organisationunitscheme",
        ),
        "provisionagreement": ("provisionagreement", "metadataprovisionagreement"),
        "structure": (),
        "structureset": (
            "structuremap",
            "representationmap",
            "conceptschememap",
            "categoryschememap",
            "organisationschememap",
            "reportingtaxonomymap",
        ),
    }
)
"""The types of artefacts of 1.5, and the types of 3.1 that each means; none: any.

Two mean nothing that is stored: constraints on what is attached do not exist in 3.x, and actual
constraints are computed for `availableconstraint`.
"""

ITEM_TYPES: Final = tuple(
    name
    for name, types in STRUCTURE_TYPES.items()
    if set(types).issubset(ITEM_SCHEME_TYPES) or name == _HIERARCHICAL_CODELIST
)
"""The types that items may be asked of, `structure` included."""

STRUCTURE_DETAILS: Final = (
    "full",
    "allstubs",
    "allcompletestubs",
    "referencestubs",
    "referencecompletestubs",
    "referencepartial",
)
"""The values of `detail` in a structure query."""

_DIRECTIONS: Final = ("none", "all", "parents", "parentsandsiblings", "children", "descendants")

STRUCTURE_REFERENCES: Final = (
    *_DIRECTIONS,
    *sorted(name for name in STRUCTURE_TYPES if name != "structure"),
)
"""The values of `references` in a structure query."""

AVAILABILITY_REFERENCES: Final = (
    "none",
    "all",
    "codelist",
    "conceptscheme",
    "dataflow",
    "dataproviderscheme",
    "datastructure",
)
"""The values of `references` in a query for available constraints."""

STRUCTURE_PARAMETERS: Final = ("detail", "references")
"""The query parameters of a structure query."""

_SELECTION_PARAMETERS: Final = ("endPeriod", "startPeriod", "updatedAfter")

DATA_PARAMETERS: Final = (
    *_SELECTION_PARAMETERS,
    "detail",
    "dimensionAtObservation",
    "firstNObservations",
    "includeHistory",
    "lastNObservations",
)
"""The query parameters of a data query."""

AVAILABILITY_PARAMETERS: Final = (*_SELECTION_PARAMETERS, "mode", "references")
"""The query parameters of a query for available constraints."""

DATA_DETAILS: Final[Mapping[str, tuple[tuple[str, ...], tuple[str, ...]]]] = MappingProxyType(
    {
        "full": (("dsd",), ("all",)),
        "dataonly": (("none",), ("all",)),
        "serieskeysonly": (("none",), ("none",)),
        "nodata": (("dataset", "series"), ("none",)),
    }
)
"""The values of `detail` in a data query, with the attributes and measures that each shows."""

_SEPARATOR: Final = "+"


def parse_structure(path_segments: Sequence[str], query: str) -> StructureQuery:
    """Read a path that begins with a type of artefact (sdmx-rest 1.5, "Structural metadata").

    Raises:
        QuerySyntaxError: the query does not conform to the API.
    """
    kind, agencies, ids, version, items = fill_segments(
        path_segments,
        ("structure", "all", "all", LATEST, "all"),
        "artefactType/agencyID/resourceID/version/itemID",
    )
    kind = read_choice("artefactType", decode(kind), STRUCTURE_TYPES)
    if decode(ids) == LATEST:  # pandaSDMX leaves out the id, and not the version
        ids = "all"
    values = read_parameters(parameters(query), STRUCTURE_PARAMETERS)
    item_paths = _read_list("itemID", items, ITEM_PATH)
    asked = StructureQuery(
        artefact_types=STRUCTURE_TYPES[kind],
        agencies=_read_list("agencyID", agencies, AGENCY_ID),
        resource_ids=_read_list("resourceID", ids, RESOURCE_ID),
        versions=_versions(version),
        detail=read_choice("detail", values.get("detail", "full"), STRUCTURE_DETAILS),
        references=_references(values),
        asked_type=kind,
    )
    return _with_items(asked, kind, item_paths) if item_paths else asked


def parse_data(path_segments: Sequence[str], query: str) -> DataQuery:
    """Read what follows `/data` (sdmx-rest 1.5, "Data").

    Raises:
        QuerySyntaxError: the query does not conform to the API.
    """
    segments = fill_segments(path_segments, ("", "all", "all"), "flowRef/key/providerRef")
    values = read_parameters(parameters(query), DATA_PARAMETERS, columns=CSV_PARAMETERS)
    detail = read_choice("detail", values.get("detail", "full"), DATA_DETAILS)
    attributes, measures = DATA_DETAILS[detail]
    return DataQuery(
        selection=_selection(segments, values),
        first_n_observations=read_count(values, "firstNObservations"),
        last_n_observations=read_count(values, "lastNObservations"),
        dimension_at_observation=read_observation_dimension(values),
        attributes=attributes,
        measures=measures,
        include_history=read_boolean(values, "includeHistory"),
    )


def parse_availability(path_segments: Sequence[str], query: str) -> AvailabilityQuery:
    """Read what follows `/availableconstraint` (sdmx-rest 1.5, "Data availability").

    Raises:
        QuerySyntaxError: the query does not conform to the API.
    """
    *segments, components = fill_segments(
        path_segments, ("", "all", "all", "all"), "flowRef/key/providerRef/componentID"
    )
    values = read_parameters(parameters(query), AVAILABILITY_PARAMETERS)
    mode = read_choice("mode", values.get("mode", "exact"), ("exact", "available"))
    references = values.get("references", "none")
    return AvailabilityQuery(
        selection=_selection(segments, values),
        component_ids=_read_list("componentID", components, COMPONENT_ID),
        mode=cast(Literal["exact", "available"], mode),
        references=(read_choice("references", references, AVAILABILITY_REFERENCES),),
    )


def read_flow(raw: str) -> tuple[tuple[str, ...], tuple[str, ...], tuple[VersionQuery, ...]]:
    """Read a reference to a flow: `FLOW`, `AGENCY,FLOW` or `AGENCY,FLOW,VERSION`.

    Returns:
        Agencies, ids and versions; none of a kind: any.

    Raises:
        QuerySyntaxError: it has another form.
    """
    parts = decode(raw).split(",")
    if len(parts) > 3 or not all(parts):
        raise QuerySyntaxError(
            f"flowRef cannot be {raw[:80]!r}; it is FLOW, AGENCY,FLOW or AGENCY,FLOW,VERSION.",
            f"flowRef no puede ser {raw[:80]!r}; es FLUJO, AGENCIA,FLUJO o AGENCIA,FLUJO,VERSIÓN.",
            parameter="flowRef",
        )
    if len(parts) == 1:
        parts = ["all", *parts]
    agency, flow, version = (*parts, LATEST)[:3]
    return (
        _read_list("agencyID", agency, AGENCY_ID),
        _read_list("flowID", flow, RESOURCE_ID),
        _versions(version),
    )


def read_providers(raw: str) -> tuple[ProviderReference, ...]:
    """Read references to providers, `PROVIDER` or `AGENCY,PROVIDER`; none: any.

    Raises:
        QuerySyntaxError: one has another form.
    """
    references = []
    for text in decode(raw).split(_SEPARATOR):
        agency, _, provider = text.rpartition(",")
        if provider in WILDCARDS:
            return ()
        if RESOURCE_ID.fullmatch(provider) is None:
            raise bad_value("providerRef", text)
        if agency and agency not in WILDCARDS and AGENCY_ID.fullmatch(agency) is None:
            raise bad_value("providerRef", text)
        any_agency = not agency or agency in WILDCARDS
        references.append(ProviderReference(provider, None if any_agency else agency))
    return tuple(dict.fromkeys(references))


def _selection(segments: Sequence[str], values: Mapping[str, str]) -> DataSelection:
    flow, key, provider = segments
    agencies, ids, versions = read_flow(flow)
    return DataSelection(
        context="dataflow",
        agencies=agencies,
        resource_ids=ids,
        versions=versions,
        filters=_period(values),
        updated_after=read_optional(parse_date_time, values.get("updatedAfter")),
        positions=read_key(key),
        providers=read_providers(provider),
    )


def _period(values: Mapping[str, str]) -> tuple[ComponentFilter, ...]:
    """Make a filter of `startPeriod` and `endPeriod`, which both belong to the range."""
    asked = (("ge", values.get("startPeriod")), ("le", values.get("endPeriod")))
    conditions = tuple(
        Condition(operator, parse_time_period(text).text)
        for operator, text in asked
        if text is not None
    )
    return (ComponentFilter(TIME, (conditions,)),) if conditions else ()


def read_key(raw: str) -> tuple[tuple[str, ...], ...]:
    """Read a key: the codes of each position, none for any; no positions: all.

    Raises:
        QuerySyntaxError: a position has an empty code among others, or a comma.
    """
    if (text := decode(raw)) in WILDCARDS:
        return ()
    return tuple(map(_codes, text.split(".")))


def _codes(text: str) -> tuple[str, ...]:
    """Read the codes of one position of a key; an empty one is any."""
    codes = tuple(dict.fromkeys(text.split(_SEPARATOR)))
    if not text or "*" in codes:
        return ()
    if not all(codes) or any("," in code for code in codes):
        raise QuerySyntaxError(
            f"The key has the position {text[:80]!r}; several codes of a position are written with "
            "a + between them.",
            f"La clave tiene la posición {text[:80]!r}; varios códigos de una posición se escriben "
            "con un + entre ellos.",
            parameter="key",
        )
    return codes


def _read_list(name: str, raw: str, pattern: re.Pattern[str]) -> tuple[str, ...]:
    return read_ids(name, raw, pattern, separator=_SEPARATOR)


def _versions(raw: str) -> tuple[VersionQuery, ...]:
    if (text := decode(raw)) in WILDCARDS:
        return ()
    return tuple(dict.fromkeys(map(read_version, text.split(_SEPARATOR))))


def read_version(text: str) -> VersionQuery:
    """Read one version, or `latest`.

    Raises:
        QuerySyntaxError: it is neither.
    """
    if text == LATEST:
        return VersionQuery.latest()
    if not Version.is_version(text):
        raise QuerySyntaxError(
            f"version cannot be {text[:80]!r}; it is one version (1.0, 1.2.0), latest or all.",
            f"version no puede ser {text[:80]!r}; es una versión (1.0, 1.2.0), latest o all.",
            parameter="version",
        )
    return VersionQuery.parse(text)


def _with_items(query: StructureQuery, kind: str, items: tuple[str, ...]) -> StructureQuery:
    if kind == _HIERARCHICAL_CODELIST:
        return _with_hierarchies(query, items)
    if kind not in ITEM_TYPES:
        raise QuerySyntaxError(
            f"{kind} has no items to ask for.", f"{kind} no tiene ítems que pedir."
        )
    return replace(query, artefact_types=query.artefact_types or ITEM_SCHEME_TYPES, items=items)


def _with_hierarchies(query: StructureQuery, items: tuple[str, ...]) -> StructureQuery:
    """Each hierarchy of 3.1 is the only one of a hierarchical codelist of the same id."""
    ids = tuple(one for one in items if not query.resource_ids or one in query.resource_ids)
    if not ids:  # no artefact has this type, so that none is found
        return replace(query, artefact_types=(_HIERARCHICAL_CODELIST,))
    return replace(query, resource_ids=ids)


def _references(values: Mapping[str, str]) -> tuple[str, ...]:
    asked = read_choice("references", values.get("references", "none"), STRUCTURE_REFERENCES)
    return (asked,) if asked in _DIRECTIONS else STRUCTURE_TYPES[asked]
