"""Path items of OpenAPI for the paths of SDMX-REST, whatever the interface."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Final, TypeAlias

from app.sdmx.negotiation import ENCODINGS, EXTENSION_PARAMETERS
from app.sdmx.offers import CSV_PARAMETERS, Offers

_CSV: Final = ("keys", "labels", "timeFormat")
_SHORTER: Final = "Parts at the end of the path may be left out."

Schema: TypeAlias = Mapping[str, Any]
"""A schema of JSON."""

TEXT: Final[Schema] = {"type": "string"}
TIME: Final[Schema] = {"type": "string", "format": "date-time"}
COUNT: Final[Schema] = {"type": "integer", "minimum": 1}


def one_of(values: Iterable[str], default: str | None = None) -> Schema:
    """The schema of a text that is one of some."""
    schema: dict[str, Any] = {"type": "string", "enum": list(values)}
    return schema if default is None else schema | {"default": default}


Parts: TypeAlias = Mapping[str, tuple[str, Schema, str]]
"""Parts of a path by name: what each is, its schema, an example."""

Parameters: TypeAlias = Mapping[str, tuple[str, Schema]]
"""Query parameters by name: what each is, and its schema."""


@dataclass(frozen=True, slots=True)
class Interface:
    """One of the two interfaces: where its paths begin, its tag, the reply for no match."""

    root: str
    tag: str
    empty: str


@dataclass(frozen=True, slots=True)
class Resource:
    """One path: its name, what it is told to be, its parts, its parameters, what it offers.

    Attributes:
        own: texts and schemas of parameters that differ from those of other resources.
    """

    name: str
    operation_id: str
    summary: str
    description: str
    parts: Parts
    parameters: Iterable[str]
    offers: Offers
    own: Parameters


_QUERY: Final[Parameters] = {
    "asOf": ("Answer as it was at this time.", TIME),
    "attributes": (
        "Attributes to return: `dsd`, `dataset`, `series`, `obs`, `msd`, `all`, `none`, or ids.",
        {"type": "string", "default": "dsd"},
    ),
    "compression": (
        "Content coding, in place of Accept-Encoding.",
        one_of((*ENCODINGS, "identity")),
    ),
    "dimensionAtObservation": (
        "Dimension at the level of observations: an id, or `AllDimensions` for a flat message.",
        TEXT,
    ),
    "firstNObservations": ("At most so many observations of each series, the oldest.", COUNT),
    "format": ("Format, in place of Accept.", TEXT),
    "formatVersion": ("Version of the format, such as `2.0.0`.", TEXT),
    "includeHistory": (
        "Whether to return earlier versions of the observations as well.",
        {"type": "boolean", "default": False},
    ),
    # No default: /docs would send it, and SDMX-CSV 1.0 is not offered with it.
    "keys": ("Key columns in SDMX-CSV 2.x; none if not said.", one_of(CSV_PARAMETERS["keys"])),
    "labels": (
        "Whether SDMX-CSV shows ids, names, or both.",
        one_of(CSV_PARAMETERS["labels"], CSV_PARAMETERS["labels"][0]),
    ),
    "lang": ("Language of texts (`en`, `es`, `all`), in place of Accept-Language.", TEXT),
    "lastNObservations": ("At most so many observations of each series, the newest.", COUNT),
    "limit": ("At most so many observations in all.", COUNT),
    "measures": (
        "Measures to return: `all`, `none`, or ids with a comma.",
        {"type": "string", "default": "all"},
    ),
    "mode": (
        "`exact`: the codes of the data selected; `available`: the codes that may be added to the "
        "selection.",
        one_of(("exact", "available"), "exact"),
    ),
    "offset": (
        "Observations to pass over before the first one returned.",
        {"type": "integer", "minimum": 0, "default": 0},
    ),
    "reportingYearStartDay": ("First day of the reporting year, `--MM-DD`.", TEXT),
    "sort": (
        "Order: components with `+` between, each with `:asc` or `:desc` if need be.",
        TEXT,
    ),
    "timeFormat": (
        "How SDMX-CSV writes time.",
        one_of(CSV_PARAMETERS["timeFormat"], CSV_PARAMETERS["timeFormat"][0]),
    ),
    "updatedAfter": ("Only what changed after this time, deletions included.", TIME),
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


def path_item(interface: Interface, resource: Resource) -> tuple[str, dict[str, Any]]:
    """The path of a resource, and what can be done there."""
    offers = resource.offers
    in_path = [
        _parameter("path", name, text, schema) | {"required": True, "example": example}
        for name, (text, schema, example) in resource.parts.items()
    ]
    extensions = (each for each in EXTENSION_PARAMETERS if _is_taken(each, offers))
    known = sorted((*resource.parameters, *extensions), key=str.lower)
    in_query = [
        _FILTERS if name == "c[...]" else _query_parameter(name, resource.own, offers)
        for name in known
    ]
    operation = {
        "tags": [interface.tag],
        "summary": resource.summary,
        "description": f"{resource.description} {_SHORTER}",
        "operationId": resource.operation_id,
        "parameters": [*in_path, *in_query],
        "responses": {
            "200": {"description": resource.description, "content": _content(offers)},
            interface.empty: {"description": "Nothing matches."},
            "304": {"description": "Nothing changed since the ETag or time of the request."},
        },
    }
    parts = (resource.name, *(f"{{{name}}}" for name in resource.parts))
    return "/".join((interface.root, *filter(None, parts))), {"get": operation}


def _query_parameter(name: str, own: Parameters, offers: Offers) -> dict[str, Any]:
    text, schema = own.get(name) or _QUERY[name]
    if name == "format":
        schema = one_of(dict.fromkeys(alias for offer in offers for alias in offer.aliases))
    return _parameter("query", name, text, schema) | {"required": False}


def _parameter(place: str, name: str, text: str, schema: Schema) -> dict[str, Any]:
    return {"name": name, "in": place, "description": text, "schema": schema}


def _is_taken(name: str, offers: Offers) -> bool:
    """Whether an extension parameter means something: those of columns only where there are any."""
    return name not in _CSV or any(name in offer.parameters for offer in offers)


def _content(offers: Offers) -> dict[str, Any]:
    return {
        str(offer.media_type): {
            "schema": {"type": "object" if offer.format == "json" else "string"}
        }
        for offer in offers
    }
