"""Paths and query strings of SDMX-REST 2.2 (doc/structures.md, doc/data.md, doc/availability.md).

Everything is read raw: path segments and query string still percent-encoded, `+` untouched. An
encoded `* , + ~ [ ] :` means what the plain one means; only `.` in a key can be hidden by `%2E`.
Trailing segments may be left out, one trailing slash is allowed, `all` is an alias of `*` where
no item or dimension is meant. Whether ids exist is not asked here: unknown ones match nothing.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence
from typing import Final, Literal, cast

from app.errors import QuerySyntaxError
from app.sdmx.artefact_classes import ARTEFACT_TYPES, CLASSES
from app.sdmx.filters import ComponentFilter, parse_filter
from app.sdmx.offers import CSV_PARAMETERS
from app.sdmx.query import (
    AvailabilityQuery,
    Context,
    DataQuery,
    DataSelection,
    SortKey,
    StructureQuery,
)
from app.sdmx.query_parts import (
    WILDCARDS,
    bad_value,
    fill_segments,
    read_boolean,
    read_choice,
    read_choices,
    read_count,
    read_ids,
    read_observation_dimension,
    read_optional,
    read_parameters,
    read_versions,
)
from app.sdmx.query_string import decode, parameters
from app.sdmx.time_period import check_start_day, parse_date_time
from app.sdmx.urn import AGENCY_ID, COMPONENT_ID, ITEM_PATH, RESOURCE_ID

ITEM_SCHEME_TYPES: Final = tuple(
    dict.fromkeys(entry.artefact_type for entry in CLASSES if entry.is_item_scheme)
)
"""The artefact types that an item id may follow."""

CONTEXTS: Final = ("datastructure", "dataflow", "provisionagreement")
"""What data can be asked by."""

STRUCTURE_DETAILS: Final = (
    "full",
    "raw",
    "allstubs",
    "allcompletestubs",
    "referencestubs",
    "referencecompletestubs",
    "referencepartial",
)
"""The values of `detail` in a structure query."""

STRUCTURE_REFERENCES: Final = (
    "none",
    "all",
    "parents",
    "parentsandsiblings",
    "ancestors",
    "children",
    "descendants",
    *ARTEFACT_TYPES,
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
    "valuelist",
)
"""The values of `references` in an availability query."""

STRUCTURE_PARAMETERS: Final = ("asOf", "detail", "references")
"""The query parameters of a structure query."""

_SELECTION_PARAMETERS: Final = ("c[...]", "reportingYearStartDay", "updatedAfter")

DATA_PARAMETERS: Final = (
    *_SELECTION_PARAMETERS,
    "asOf",
    "attributes",
    "dimensionAtObservation",
    "firstNObservations",
    "includeHistory",
    "lastNObservations",
    "limit",
    "measures",
    "offset",
    "sort",
)
"""The query parameters of a data query; `c[...]` stands for all component filters."""

AVAILABILITY_PARAMETERS: Final = (*_SELECTION_PARAMETERS, "mode", "references")
"""The query parameters of an availability query."""

_SORT: Final = re.compile(r"(\*|[A-Za-z][A-Za-z0-9_-]*)(?::(asc|desc))?")
_VALUE_ID: Final = re.compile(r"\S(?:.*\S)?")


def parse_structure(path_segments: Sequence[str], query: str) -> StructureQuery:
    """Read what follows `/structure` (sdmx-rest 2.2, doc/structures.md).

    Raises:
        QuerySyntaxError: the query does not conform to the API.
    """
    types, agencies, ids, version, items = fill_segments(
        path_segments, ("*", "*", "*", "~", "*"), "artefactType/agencyID/resourceID/version/itemID"
    )
    values, _ = _parameters(query, STRUCTURE_PARAMETERS)
    artefact_types = read_choices("artefactType", decode(types), ARTEFACT_TYPES)
    item_paths = _items(artefact_types, items)
    return StructureQuery(
        artefact_types=ITEM_SCHEME_TYPES if item_paths and not artefact_types else artefact_types,
        agencies=read_ids("agencyID", agencies, AGENCY_ID),
        resource_ids=read_ids("resourceID", ids, RESOURCE_ID),
        versions=read_versions(version),
        items=item_paths,
        detail=read_choice("detail", values.get("detail", "full"), STRUCTURE_DETAILS),
        references=_references(values, STRUCTURE_REFERENCES),
        as_of=read_optional(parse_date_time, values.get("asOf")),
    )


def parse_data(path_segments: Sequence[str], query: str) -> DataQuery:
    """Read what follows `/data` (sdmx-rest 2.2, doc/data.md).

    Raises:
        QuerySyntaxError: the query does not conform to the API.
    """
    segments = fill_segments(path_segments, ("*",) * 5, "context/agencyID/resourceID/version/key")
    values, filters = _parameters(query, DATA_PARAMETERS, columns=CSV_PARAMETERS)
    selection = _selection(segments, values, filters)
    as_of = read_optional(parse_date_time, values.get("asOf"))
    if as_of and selection.updated_after and as_of < selection.updated_after:
        raise QuerySyntaxError(
            "asOf must not be earlier than updatedAfter.",
            "asOf no puede ser anterior a updatedAfter.",
        )
    return DataQuery(
        selection=selection,
        first_n_observations=read_count(values, "firstNObservations"),
        last_n_observations=read_count(values, "lastNObservations"),
        dimension_at_observation=read_observation_dimension(values),
        attributes=_components(values, "attributes", "dsd"),
        measures=_components(values, "measures", "all"),
        include_history=read_boolean(values, "includeHistory"),
        offset=read_count(values, "offset", least=0) or 0,
        limit=read_count(values, "limit"),
        sort=_sort(values.get("sort")),
        as_of=as_of,
    )


def parse_availability(path_segments: Sequence[str], query: str) -> AvailabilityQuery:
    """Read what follows `/availability` (sdmx-rest 2.2, doc/availability.md).

    Raises:
        QuerySyntaxError: the query does not conform to the API.
    """
    *segments, components = fill_segments(
        path_segments, ("",) + ("*",) * 5, "context/agencyID/resourceID/version/key/componentID"
    )
    read_choice("context", decode(segments[0]), CONTEXTS)
    values, filters = _parameters(query, AVAILABILITY_PARAMETERS)
    mode = read_choice("mode", values.get("mode", "exact"), ("exact", "available"))
    return AvailabilityQuery(
        selection=_selection(segments, values, filters),
        component_ids=read_ids("componentID", components, COMPONENT_ID),
        mode=cast(Literal["exact", "available"], mode),
        references=_references(values, AVAILABILITY_REFERENCES),
    )


def _parameters(
    query: str, known: Collection[str], *, columns: Collection[str] = ()
) -> tuple[dict[str, str], tuple[ComponentFilter, ...]]:
    """Split the query string into decoded values by name, and component filters."""
    given = parameters(query)
    filters = [
        parse_filter(name[2:-1], given.pop(name))
        for name in tuple(given)
        if "c[...]" in known and name.startswith("c[") and name.endswith("]")
    ]
    filters.sort(key=lambda component_filter: component_filter.component)
    return read_parameters(given, known, columns=columns), tuple(filters)


def _selection(
    segments: Sequence[str], values: dict[str, str], filters: tuple[ComponentFilter, ...]
) -> DataSelection:
    context, agencies, ids, version, key = segments
    if (context := decode(context)) in WILDCARDS:
        context = "*"
    else:
        read_choice("context", context, CONTEXTS)
    return DataSelection(
        context=cast(Context, context),
        agencies=read_ids("agencyID", agencies, AGENCY_ID),
        resource_ids=read_ids("resourceID", ids, RESOURCE_ID),
        versions=read_versions(version),
        keys=_keys(key),
        filters=filters,
        updated_after=read_optional(parse_date_time, values.get("updatedAfter")),
        reporting_year_start_day=read_optional(
            check_start_day, values.get("reportingYearStartDay")
        ),
    )


def _items(artefact_types: tuple[str, ...], raw: str) -> tuple[str, ...]:
    if decode(raw) == "*":
        return ()
    others = [one for one in artefact_types if one not in ITEM_SCHEME_TYPES]
    if others:
        raise QuerySyntaxError(
            f"{others[0]} has no items to ask for.",
            f"{others[0]} no tiene ítems que pedir.",
        )
    pattern = _VALUE_ID if "valuelist" in artefact_types else ITEM_PATH
    return read_ids("itemID", raw, pattern, wildcards=frozenset("*"))


def _keys(raw: str) -> tuple[tuple[str | None, ...], ...]:
    if raw in WILDCARDS:
        return ()
    keys = [_key(one) for one in re.split(",|%2[Cc]", raw)]
    return () if None in keys else tuple(dict.fromkeys(key for key in keys if key is not None))


def _key(raw: str) -> tuple[str | None, ...] | None:
    """Read one whole key, or None for one that is a wildcard altogether."""
    if (text := decode(raw)) in WILDCARDS:
        return None
    if not text:
        raise bad_value("key", raw)
    if "+" in text:
        raise QuerySyntaxError(
            f"The key {text[:80]!r} has a +; several codes are asked for by whole keys with a "
            "comma, or by c[DIMENSION]=A,B.",
            f"La clave {text[:80]!r} tiene un +; varios códigos se piden con claves completas "
            "separadas por coma, o con c[DIMENSION]=A,B.",
        )
    positions = map(decode, raw.split("."))
    return tuple(None if position in ("", "*") else position for position in positions)


def _references(values: dict[str, str], known: Collection[str]) -> tuple[str, ...]:
    references = read_choices("references", values.get("references", "none"), known, wildcards=())
    if "none" in references and len(references) > 1:
        raise bad_value("references", ",".join(references))
    return references


def _components(values: dict[str, str], name: str, default: str) -> tuple[str, ...]:
    chosen = tuple(dict.fromkeys(values.get(name, default).split(",")))
    for one in chosen:
        if ITEM_PATH.fullmatch(one) is None:
            raise bad_value(name, one)
    if "none" in chosen and len(chosen) > 1:
        raise bad_value(name, ",".join(chosen))
    return chosen


def _sort(text: str | None) -> tuple[SortKey, ...]:
    if text is None:
        return ()
    keys: dict[str, SortKey] = {}
    for part in re.split("[+ ]", text):
        match = _SORT.fullmatch(part)
        if match is None or match[1] in keys:
            raise bad_value("sort", text)
        keys[match[1]] = SortKey(match[1], descending=match[2] == "desc")
    return tuple(keys.values())
