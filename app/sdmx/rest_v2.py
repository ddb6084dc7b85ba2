"""Paths and query strings of SDMX-REST 2.2 (doc/structures.md, doc/data.md, doc/availability.md).

Everything is read raw: path segments and query string still percent-encoded, `+` untouched. An
encoded `* , + ~ [ ] :` means what the plain one means; only `.` in a key can be hidden by `%2E`.
Trailing segments may be left out, one trailing slash is allowed, `all` is an alias of `*` where
no item or dimension is meant. Whether ids exist is not asked here: unknown ones match nothing.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Sequence
from typing import Final, Literal, TypeVar, cast

from app.errors import QuerySyntaxError
from app.sdmx.artefact_classes import ARTEFACT_TYPES as ARTEFACT_TYPES
from app.sdmx.artefact_classes import CLASSES
from app.sdmx.canonical import canonical as canonical
from app.sdmx.filters import ComponentFilter, parse_filter
from app.sdmx.negotiation import EXTENSION_PARAMETERS
from app.sdmx.query import (
    AvailabilityQuery,
    Context,
    DataQuery,
    DataSelection,
    SortKey,
    StructureQuery,
)
from app.sdmx.query_string import decode, parameters
from app.sdmx.time_period import check_start_day, parse_date_time
from app.sdmx.urn import AGENCY_ID, COMPONENT_ID, ITEM_PATH, RESOURCE_ID
from app.sdmx.version import VersionQuery

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

_T = TypeVar("_T")
_WILDCARDS: Final = frozenset({"*", "all", "ALL"})
_WHOLE_NUMBER: Final = re.compile("[0-9]{1,18}")
_SORT: Final = re.compile(r"(\*|[A-Za-z][A-Za-z0-9_-]*)(?::(asc|desc))?")
_VALUE_ID: Final = re.compile(r"\S(?:.*\S)?")


def parse_structure(path_segments: Sequence[str], query: str) -> StructureQuery:
    """Read what follows `/structure` (sdmx-rest 2.2, doc/structures.md).

    Raises:
        QuerySyntaxError: the query does not conform to the API.
    """
    types, agencies, ids, version, items = _segments(
        path_segments, ("*", "*", "*", "~", "*"), "artefactType/agencyID/resourceID/version/itemID"
    )
    values, _ = _parameters(query, STRUCTURE_PARAMETERS)
    artefact_types = _choices("artefactType", decode(types), ARTEFACT_TYPES)
    item_paths = _items(artefact_types, items)
    return StructureQuery(
        artefact_types=ITEM_SCHEME_TYPES if item_paths and not artefact_types else artefact_types,
        agencies=_ids("agencyID", agencies, AGENCY_ID),
        resource_ids=_ids("resourceID", ids, RESOURCE_ID),
        versions=_versions(version),
        items=item_paths,
        detail=_choice("detail", values.get("detail", "full"), STRUCTURE_DETAILS),
        references=_references(values, STRUCTURE_REFERENCES),
        as_of=_optional(parse_date_time, values.get("asOf")),
    )


def parse_data(path_segments: Sequence[str], query: str) -> DataQuery:
    """Read what follows `/data` (sdmx-rest 2.2, doc/data.md).

    Raises:
        QuerySyntaxError: the query does not conform to the API.
    """
    segments = _segments(path_segments, ("*",) * 5, "context/agencyID/resourceID/version/key")
    values, filters = _parameters(query, DATA_PARAMETERS)
    selection = _selection(segments, values, filters)
    as_of = _optional(parse_date_time, values.get("asOf"))
    if as_of and selection.updated_after and as_of < selection.updated_after:
        raise QuerySyntaxError(
            "asOf must not be earlier than updatedAfter.",
            "asOf no puede ser anterior a updatedAfter.",
        )
    return DataQuery(
        selection=selection,
        first_n_observations=_count(values, "firstNObservations"),
        last_n_observations=_count(values, "lastNObservations"),
        dimension_at_observation=_dimension_at_observation(values),
        attributes=_components(values, "attributes", "dsd"),
        measures=_components(values, "measures", "all"),
        include_history=_boolean(values, "includeHistory"),
        offset=_count(values, "offset", least=0) or 0,
        limit=_count(values, "limit"),
        sort=_sort(values.get("sort")),
        as_of=as_of,
    )


def parse_availability(path_segments: Sequence[str], query: str) -> AvailabilityQuery:
    """Read what follows `/availability` (sdmx-rest 2.2, doc/availability.md).

    Raises:
        QuerySyntaxError: the query does not conform to the API.
    """
    *segments, components = _segments(
        path_segments, ("",) + ("*",) * 5, "context/agencyID/resourceID/version/key/componentID"
    )
    _choice("context", decode(segments[0]), CONTEXTS)
    values, filters = _parameters(query, AVAILABILITY_PARAMETERS)
    mode = _choice("mode", values.get("mode", "exact"), ("exact", "available"))
    return AvailabilityQuery(
        selection=_selection(segments, values, filters),
        component_ids=_ids("componentID", components, COMPONENT_ID),
        mode=cast(Literal["exact", "available"], mode),
        references=_references(values, AVAILABILITY_REFERENCES),
    )


def align_key(key: tuple[str | None, ...], dimension_count: int) -> tuple[str | None, ...]:
    """Fill a key up to the dimensions of a structure; None is any.

    Raises:
        QuerySyntaxError: it has more positions than there are dimensions.
    """
    if len(key) > dimension_count:
        raise QuerySyntaxError(
            f"Invalid number of dimensions in the key: it has {len(key)} positions, "
            f"the structure has {dimension_count} dimensions (without time).",
            f"Número de dimensiones inválido en la clave: tiene {len(key)} posiciones, "
            f"la estructura tiene {dimension_count} dimensiones (sin el tiempo).",
            positions=len(key),
            dimensions=dimension_count,
        )
    return key + (None,) * (dimension_count - len(key))


def _segments(
    path_segments: Sequence[str], defaults: tuple[str, ...], names: str
) -> tuple[str, ...]:
    given = tuple(path_segments)
    if given and not given[-1]:
        given = given[:-1]
    if len(given) > len(defaults) or not all(given):
        raise QuerySyntaxError(
            f"The path does not have the form {names}: it has too many parts or an empty one.",
            f"La ruta no tiene la forma {names}: sobra una parte o hay una vacía.",
        )
    return given + defaults[len(given) :]


def _parameters(
    query: str, known: Collection[str]
) -> tuple[dict[str, str], tuple[ComponentFilter, ...]]:
    """Split the query string into decoded values by name, and component filters."""
    values: dict[str, str] = {}
    filters: list[ComponentFilter] = []
    for name, raw in parameters(query).items():
        if name in known and name != "c[...]":
            values[name] = decode(raw)
        elif name.startswith("c[") and name.endswith("]") and "c[...]" in known:
            filters.append(parse_filter(name[2:-1], raw))
        elif name not in EXTENSION_PARAMETERS:
            raise _unknown_parameter(name, known)
    filters.sort(key=lambda component_filter: component_filter.component)
    return values, tuple(filters)


def _unknown_parameter(name: str, known: Collection[str]) -> QuerySyntaxError:
    listed = ", ".join((*sorted(known), *sorted(EXTENSION_PARAMETERS)))
    return QuerySyntaxError(
        f"There is no parameter {name[:80]!r} here; there are {listed}.",
        f"Aquí no hay parámetro {name[:80]!r}; los hay: {listed}.",
        parameter=name,
    )


def _selection(
    segments: Sequence[str], values: dict[str, str], filters: tuple[ComponentFilter, ...]
) -> DataSelection:
    context, agencies, ids, version, key = segments
    if (context := decode(context)) in _WILDCARDS:
        context = "*"
    else:
        _choice("context", context, CONTEXTS)
    return DataSelection(
        context=cast(Context, context),
        agencies=_ids("agencyID", agencies, AGENCY_ID),
        resource_ids=_ids("resourceID", ids, RESOURCE_ID),
        versions=_versions(version),
        keys=_keys(key),
        filters=filters,
        updated_after=_optional(parse_date_time, values.get("updatedAfter")),
        reporting_year_start_day=_optional(check_start_day, values.get("reportingYearStartDay")),
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
    return _ids("itemID", raw, pattern, wildcards=frozenset("*"))


def _ids(
    name: str, raw: str, pattern: re.Pattern[str], *, wildcards: Collection[str] = _WILDCARDS
) -> tuple[str, ...]:
    """Read a comma list; empty stands for any."""
    if raw in wildcards:
        return ()
    ids = tuple(dict.fromkeys(decode(raw).split(",")))
    if any(one in wildcards for one in ids):
        return ()
    for one in ids:
        if pattern.fullmatch(one) is None:
            raise _bad_value(name, one)
    return ids


def _versions(raw: str) -> tuple[VersionQuery, ...]:
    if raw in _WILDCARDS:
        return ()
    texts = decode(raw).split(",")
    queries = tuple(
        dict.fromkeys(VersionQuery.parse("*" if one in _WILDCARDS else one) for one in texts)
    )
    return () if any(query.is_any for query in queries) else queries


def _keys(raw: str) -> tuple[tuple[str | None, ...], ...]:
    if raw in _WILDCARDS:
        return ()
    keys = [_key(one) for one in re.split(",|%2[Cc]", raw)]
    return () if None in keys else tuple(dict.fromkeys(key for key in keys if key is not None))


def _key(raw: str) -> tuple[str | None, ...] | None:
    """Read one whole key, or None for one that is a wildcard altogether."""
    if (text := decode(raw)) in _WILDCARDS:
        return None
    if not text:
        raise _bad_value("key", raw)
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
    references = _choices("references", values.get("references", "none"), known, wildcards=())
    if "none" in references and len(references) > 1:
        raise _bad_value("references", ",".join(references))
    return references


def _choices(
    name: str, text: str, known: Collection[str], *, wildcards: Collection[str] = _WILDCARDS
) -> tuple[str, ...]:
    chosen = tuple(dict.fromkeys(text.split(",")))
    if any(one in wildcards for one in chosen):
        return ()
    for one in chosen:
        _choice(name, one, known)
    return chosen


def _choice(name: str, text: str, known: Collection[str]) -> str:
    if text not in known:
        listed = ", ".join(known)
        raise QuerySyntaxError(
            f"{name} cannot be {text[:80]!r}; it is one of {listed}.",
            f"{name} no puede ser {text[:80]!r}; es uno de {listed}.",
            parameter=name,
        )
    return text


def _components(values: dict[str, str], name: str, default: str) -> tuple[str, ...]:
    chosen = tuple(dict.fromkeys(values.get(name, default).split(",")))
    for one in chosen:
        if ITEM_PATH.fullmatch(one) is None:
            raise _bad_value(name, one)
    if "none" in chosen and len(chosen) > 1:
        raise _bad_value(name, ",".join(chosen))
    return chosen


def _dimension_at_observation(values: dict[str, str]) -> str | None:
    text = values.get("dimensionAtObservation")
    if text is None:
        return None
    if COMPONENT_ID.fullmatch(text) is None:
        raise _bad_value("dimensionAtObservation", text)
    # TimeDimension is what the text of the standard said until 2.1.
    return "TIME_PERIOD" if text == "TimeDimension" else text


def _count(values: dict[str, str], name: str, *, least: int = 1) -> int | None:
    text = values.get(name)
    if text is None:
        return None
    if _WHOLE_NUMBER.fullmatch(text) is None or int(text) < least:
        raise QuerySyntaxError(
            f"{name} must be a whole number from {least}, not {text[:80]!r}.",
            f"{name} debe ser un número entero desde {least}, no {text[:80]!r}.",
            parameter=name,
        )
    return int(text)


def _boolean(values: dict[str, str], name: str) -> bool:
    return _choice(name, values.get(name, "false"), ("true", "false")) == "true"


def _sort(text: str | None) -> tuple[SortKey, ...]:
    if text is None:
        return ()
    keys: dict[str, SortKey] = {}
    for part in re.split("[+ ]", text):
        match = _SORT.fullmatch(part)
        if match is None or match[1] in keys:
            raise _bad_value("sort", text)
        keys[match[1]] = SortKey(match[1], descending=match[2] == "desc")
    return tuple(keys.values())


def _optional(read: Callable[[str], _T], text: str | None) -> _T | None:
    return None if text is None else read(text)


def _bad_value(name: str, text: str) -> QuerySyntaxError:
    return QuerySyntaxError(
        f"{name} cannot be {text[:80]!r}.", f"{name} no puede ser {text[:80]!r}.", parameter=name
    )
