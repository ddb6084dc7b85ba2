"""The paths of SDMX-REST 2.2.1 as OpenAPI describes them.

The routes themselves are catch-alls, because the grammar is read from the raw path: what the
framework would publish of them says nothing. So the paths of the standard are told here, with the
names and values that `app.sdmx` reads. Nothing of this is used to answer a request.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Final

from app.sdmx.negotiation import DATA_OFFERS, ENCODINGS, EXTENSION_PARAMETERS, STRUCTURE_OFFERS
from app.sdmx.offers import CSV_PARAMETERS, Offers
from app.sdmx.rest_v2 import (
    ARTEFACT_TYPES,
    AVAILABILITY_PARAMETERS,
    AVAILABILITY_REFERENCES,
    CONTEXTS,
    DATA_PARAMETERS,
    ITEM_SCHEME_TYPES,
    STRUCTURE_DETAILS,
    STRUCTURE_PARAMETERS,
    STRUCTURE_REFERENCES,
)

_ROOT: Final = "/sdmx/v2"
_CSV: Final = ("keys", "labels", "timeFormat")
_SHORTER: Final = "Parts at the end of the path may be left out."

Schema = Mapping[str, Any]

_TEXT: Final[Schema] = {"type": "string"}
_TIME: Final[Schema] = {"type": "string", "format": "date-time"}
_COUNT: Final[Schema] = {"type": "integer", "minimum": 1}


def _one_of(values: Iterable[str], default: str | None = None) -> Schema:
    schema: dict[str, Any] = {"type": "string", "enum": list(values)}
    return schema if default is None else schema | {"default": default}


_AGENCY: Final = ("Maintenance agency; several with a comma, or `*`.", _TEXT, "VIPMG")
_RESOURCE: Final = ("Id of the artefact; several with a comma, or `*`.", _TEXT, "DF_ENTRY_EXIT")
_VERSION: Final = (
    "Version (`1.0.0`, `1.0+.0`), `~` for the newest, `+` for the newest stable, `*` for all.",
    _TEXT,
    "~",
)
_KEY: Final = (
    "Codes in the order of the dimensions, with a dot between; `*` or nothing stands for any "
    "code, `*` alone for all series, and a comma separates whole keys.",
    _TEXT,
    "*",
)
_ITEM: Final = ("Id of an item, the path to it with dots; several with a comma, or `*`.", _TEXT)
_COMPONENT: Final = ("Dimensions to tell the codes of, with a comma, or `*`.", _TEXT, "*")

_DATA_CONTEXT: Final = (
    "What the data are asked by, or `*`.",
    _one_of((*CONTEXTS, "*")),
    "dataflow",
)
_CONTEXT: Final = ("What the data are asked by.", _one_of(CONTEXTS), "dataflow")
_ARTEFACT_TYPE: Final = (
    f"Type of artefact; several with a comma, or `*`: {', '.join(ARTEFACT_TYPES)}.",
    _TEXT,
    "dataflow",
)
_ITEM_SCHEME_TYPE: Final = (
    "Type of artefact that has items, or `*`.",
    _one_of((*ITEM_SCHEME_TYPES, "*")),
    "codelist",
)

_QUERY: Final[Mapping[str, tuple[str, Schema]]] = {
    "asOf": ("Answer as it was at this time.", _TIME),
    "attributes": (
        "Attributes to return: `dsd`, `dataset`, `series`, `obs`, `msd`, `all`, `none`, or ids.",
        {"type": "string", "default": "dsd"},
    ),
    "compression": (
        "Content coding, in place of Accept-Encoding.",
        _one_of((*ENCODINGS, "identity")),
    ),
    "dimensionAtObservation": (
        "Dimension at the level of observations: an id, or `AllDimensions` for a flat message.",
        _TEXT,
    ),
    "firstNObservations": ("At most so many observations of each series, the oldest.", _COUNT),
    "format": ("Format, in place of Accept.", _TEXT),
    "formatVersion": ("Version of the format, such as `2.0.0`.", _TEXT),
    "includeHistory": (
        "Whether to return earlier versions of the observations as well.",
        {"type": "boolean", "default": False},
    ),
    # No default: /docs would send it, and SDMX-CSV 1.0 is not offered with it.
    "keys": ("Key columns in SDMX-CSV 2.x; none if not said.", _one_of(CSV_PARAMETERS["keys"])),
    "labels": (
        "Whether SDMX-CSV shows ids, names, or both.",
        _one_of(CSV_PARAMETERS["labels"], CSV_PARAMETERS["labels"][0]),
    ),
    "lang": ("Language of texts (`en`, `es`, `all`), in place of Accept-Language.", _TEXT),
    "lastNObservations": ("At most so many observations of each series, the newest.", _COUNT),
    "limit": ("At most so many observations in all.", _COUNT),
    "measures": (
        "Measures to return: `all`, `none`, or ids with a comma.",
        {"type": "string", "default": "all"},
    ),
    "mode": (
        "`exact`: the codes of the data selected; `available`: the codes that may be added to the "
        "selection.",
        _one_of(("exact", "available"), "exact"),
    ),
    "offset": (
        "Observations to pass over before the first one returned.",
        {"type": "integer", "minimum": 0, "default": 0},
    ),
    "reportingYearStartDay": ("First day of the reporting year, `--MM-DD`.", _TEXT),
    "sort": (
        "Order: components with `+` between, each with `:asc` or `:desc` if need be.",
        _TEXT,
    ),
    "timeFormat": (
        "How SDMX-CSV writes time.",
        _one_of(CSV_PARAMETERS["timeFormat"], CSV_PARAMETERS["timeFormat"][0]),
    ),
    "updatedAfter": ("Only what changed after this time, deletions included.", _TIME),
}
_REFERENCES: Final = "Artefacts to return besides; several types with a comma"
_OWN_STRUCTURE: Final[Mapping[str, tuple[str, Schema]]] = {
    "detail": (
        "How much of each artefact to return.",
        _one_of(STRUCTURE_DETAILS, STRUCTURE_DETAILS[0]),
    ),
    "references": (
        f"{_REFERENCES}: {', '.join(STRUCTURE_REFERENCES)}.",
        {"type": "string", "default": "none"},
    ),
}
_OWN_AVAILABILITY: Final[Mapping[str, tuple[str, Schema]]] = {
    "references": (
        f"{_REFERENCES}: {', '.join(AVAILABILITY_REFERENCES)}.",
        {"type": "string", "default": "none"},
    ),
}
# A deep object is what OpenAPI calls c[REF_AREA]=CRI&c[TIME_PERIOD]=ge:2024.
_FILTERS: Final[Schema] = {
    "name": "c",
    "in": "query",
    "required": False,
    "style": "deepObject",
    "explode": True,
    "description": "Filters by component, `c[REF_AREA]=CRI,PAN` or `c[TIME_PERIOD]=ge:2024-01`: "
    "a comma is or, `+` is and; operators eq, ne, lt, le, gt, ge, co, nc, sw, ew.",
    "schema": {"type": "object", "additionalProperties": {"type": "string"}},
    # Without an example, the page at /docs makes up a component and sends it.
    "example": {"REF_AREA": "CRI"},
}


def sdmx_paths() -> dict[str, Any]:
    """The path items of data, availability and structures."""
    data = {
        "context": _DATA_CONTEXT,
        "agencyID": _AGENCY,
        "resourceID": _RESOURCE,
        "version": _VERSION,
        "key": _KEY,
    }
    structure = {"artefactType": _ARTEFACT_TYPE} | {
        name: data[name] for name in ("agencyID", "resourceID", "version")
    }
    items = {
        "itemSchemeType": _ITEM_SCHEME_TYPE,
        "agencyID": _AGENCY,
        "resourceID": (*_RESOURCE[:2], "CL_AREA"),
        "version": _VERSION,
        "itemID": (*_ITEM, "*"),
    }
    structure_query = (STRUCTURE_PARAMETERS, _OWN_STRUCTURE, STRUCTURE_OFFERS)
    return dict(
        (
            _item(
                "data",
                ("getData", "Get data", "Observations, as the caller may see them."),
                data,
                (DATA_PARAMETERS, {}, DATA_OFFERS),
            ),
            _item(
                "availability",
                (
                    "getAvailability",
                    "Find out which data there are",
                    "Codes of each dimension, the time range, and the number of series and values.",
                ),
                data | {"context": _CONTEXT, "componentID": _COMPONENT},
                (AVAILABILITY_PARAMETERS, _OWN_AVAILABILITY, STRUCTURE_OFFERS),
            ),
            _item(
                "structure",
                ("getStructures", "Get structures", "Artefacts: dataflows, code lists and others."),
                structure,
                structure_query,
            ),
            _item(
                "structure",
                ("getItems", "Get items of a scheme", "Item schemes with the items asked for."),
                items,
                structure_query,
            ),
        )
    )


def _item(
    resource: str,
    texts: tuple[str, str, str],
    parts: Mapping[str, tuple[str, Schema, str]],
    query: tuple[Iterable[str], Mapping[str, tuple[str, Schema]], Offers],
) -> tuple[str, dict[str, Any]]:
    operation_id, summary, description = texts
    names, own, offers = query
    in_path = [
        _parameter("path", name, text, schema) | {"required": True, "example": example}
        for name, (text, schema, example) in parts.items()
    ]
    # The columns of a CSV are no matter of a resource that has none.
    extensions = (each for each in EXTENSION_PARAMETERS if each not in _CSV or _has_csv(offers))
    known = sorted((*names, *extensions), key=str.lower)
    in_query = [
        _FILTERS if name == "c[...]" else _query_parameter(name, own, offers) for name in known
    ]
    operation = {
        "tags": ["SDMX 2.x"],
        "summary": summary,
        "description": f"{description} {_SHORTER}",
        "operationId": operation_id,
        "parameters": [*in_path, *in_query],
        "responses": {
            "200": {"description": description, "content": _content(offers)},
            "204": {"description": "Nothing matches."},
            "304": {"description": "Nothing changed since the ETag or time of the request."},
        },
    }
    return "/".join((_ROOT, resource, *(f"{{{name}}}" for name in parts))), {"get": operation}


def _query_parameter(
    name: str, own: Mapping[str, tuple[str, Schema]], offers: Offers
) -> dict[str, Any]:
    text, schema = own.get(name) or _QUERY[name]
    if name == "format":
        schema = _one_of(dict.fromkeys(alias for offer in offers for alias in offer.aliases))
    return _parameter("query", name, text, schema) | {"required": False}


def _parameter(place: str, name: str, text: str, schema: Schema) -> dict[str, Any]:
    return {"name": name, "in": place, "description": text, "schema": schema}


def _has_csv(offers: Offers) -> bool:
    return any(offer.parameters for offer in offers)


def _content(offers: Offers) -> dict[str, Any]:
    return {
        str(offer.media_type): {
            "schema": {"type": "object" if offer.format == "json" else "string"}
        }
        for offer in offers
    }
