"""Queries in one spelling, for caches, entity tags and links.

The text is a path and query string of SDMX-REST 2.2 with all defaults written out, whichever
grammar the query came in. What only 1.5 can ask is written as 1.5 has it: `latest`, several codes
in a position of the key, providers.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from typing import TypeAlias
from urllib.parse import quote

from app.sdmx.query import (
    AvailabilityQuery,
    DataQuery,
    DataSelection,
    MetadataQuery,
    RegistrationQuery,
    SchemaQuery,
    StructureQuery,
)

Query: TypeAlias = (
    StructureQuery | DataQuery | AvailabilityQuery | SchemaQuery | MetadataQuery | RegistrationQuery
)
"""Whatever can be asked."""


def canonical(query: Query) -> str:
    """Write a query in one spelling, defaults included; reading it gives the same query."""
    if isinstance(query, StructureQuery):
        return _canonical_structure(query)
    if isinstance(query, DataQuery):
        return _canonical_data(query)
    if isinstance(query, SchemaQuery):
        return _canonical_schema(query)
    if isinstance(query, MetadataQuery):
        return _canonical_metadata(query)
    if isinstance(query, RegistrationQuery):
        return _canonical_registration(query)
    path = ["availability", *_selection_path(query.selection), _joined(query.component_ids)]
    extra = [("mode", query.mode), ("references", ",".join(query.references))]
    return _url(path, [*_selection_parameters(query.selection), *extra])


def _canonical_structure(query: StructureQuery) -> str:
    path = [
        "structure",
        _joined(query.artefact_types),
        _joined(query.agencies),
        _joined(query.resource_ids),
        _joined(query.versions),
        _joined(query.items),
    ]
    extra = [("detail", query.detail), ("references", ",".join(query.references))]
    return _url(path, [("asOf", _instant(query.as_of)), *extra])


def _canonical_schema(query: SchemaQuery) -> str:
    path = ["schema", query.context, query.agency, query.resource_id, _joined([query.version])]
    extra = [
        ("asOf", _instant(query.as_of)),
        ("deletion", str(query.deletion).lower()),
        ("dimensionAtObservation", query.dimension_at_observation),
        # Only of the 1.x paths, so that it stands here only where it says something.
        ("explicitMeasure", "true" if query.explicit_measure else None),
    ]
    return _url(path, extra)


def _canonical_data(query: DataQuery) -> str:
    sort = "+".join(f"{key.component}:{'desc' if key.descending else 'asc'}" for key in query.sort)
    extra = [
        ("asOf", _instant(query.as_of)),
        ("attributes", ",".join(query.attributes)),
        ("dimensionAtObservation", query.dimension_at_observation),
        ("firstNObservations", query.first_n_observations),
        ("includeHistory", str(query.include_history).lower()),
        ("lastNObservations", query.last_n_observations),
        ("limit", query.limit),
        ("measures", ",".join(query.measures)),
        ("offset", query.offset),
        ("sort", sort or None),
    ]
    path = ["data", *_selection_path(query.selection)]
    return _url(path, [*_selection_parameters(query.selection), *extra])


def _canonical_metadata(query: MetadataQuery) -> str:
    artefacts = [_joined(query.agencies), _joined(query.resource_ids), _joined(query.versions)]
    providers = _joined([str(one).replace(",", ".") for one in query.providers])
    path = {
        "metadataset": [providers, *artefacts[1:]],
        "metadataflow": [*artefacts, providers],
        "structure": [_joined(query.artefact_types), *artefacts],
    }[query.by]
    extra = [("asOf", _instant(query.as_of)), ("detail", query.detail)]
    return _url(["metadata", query.by, *path], extra)


def _canonical_registration(query: RegistrationQuery) -> str:
    if query.registration_id is not None:
        return _url(["registration", "id", query.registration_id], [])
    artefacts = [_joined(query.agencies), _joined(query.resource_ids), _joined(query.versions)]
    path = [query.context, *artefacts]
    if query.provider_agencies or query.provider_ids:
        path = ["provider", _joined(query.provider_agencies), _joined(query.provider_ids)]
    after, before = _instant(query.updated_after), _instant(query.updated_before)
    extra = [("updatedAfter", after), ("updatedBefore", before)]
    return _url(["registration", *path], extra)


def _selection_path(selection: DataSelection) -> list[str]:
    keys = [".".join(map(_position, key)) for key in selection.keys]
    if selection.positions:
        keys = [".".join("+".join(map(_position, codes)) or "*" for codes in selection.positions)]
    return [
        selection.context,
        _joined(selection.agencies),
        _joined(selection.resource_ids),
        _joined(selection.versions),
        ",".join(keys) or "*",
    ]


def _selection_parameters(selection: DataSelection) -> list[tuple[str, object]]:
    return [
        *((f"c[{one.component}]", quote(str(one), safe=",+:")) for one in selection.filters),
        ("updatedAfter", _instant(selection.updated_after)),
        ("reportingYearStartDay", selection.reporting_year_start_day),
        ("providerRef", "+".join(map(str, selection.providers)) or None),
    ]


def _position(code: str | None) -> str:
    return "*" if code is None else quote(code, safe="").replace(".", "%2E")


def _joined(parts: Sequence[object]) -> str:
    return quote(",".join(map(str, parts)), safe=",+~*@$") or "*"


def _instant(instant: dt.datetime | None) -> str | None:
    return None if instant is None else instant.isoformat().replace("+00:00", "Z")


def _url(path: Sequence[str], values: Sequence[tuple[str, object]]) -> str:
    query = "&".join(f"{name}={value}" for name, value in values if value is not None)
    return f"{'/'.join(path)}?{query}"
