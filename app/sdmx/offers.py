"""Media types and the representations that are offered (sdmx-rest 2.2, doc/conneg.md).

A new format is a new line in a table here and a writer of that name in `app.sdmx.messages`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Final

CSV_PARAMETERS: Final[Mapping[str, tuple[str, ...]]] = MappingProxyType(
    {
        "labels": ("id", "name", "both"),
        "timeFormat": ("original", "normalized"),
        "keys": ("none", "obs", "series", "both"),
    }
)
"""The parameters of SDMX-CSV 2.x and their values, the default first."""

_CSV_1_PARAMETERS: Final[Mapping[str, tuple[str, ...]]] = MappingProxyType(
    {"labels": ("id", "both"), "timeFormat": ("original", "normalized")}
)
_NO_PARAMETERS: Final[Mapping[str, tuple[str, ...]]] = MappingProxyType({})


@dataclass(frozen=True, slots=True)
class MediaType:
    """A media type as sent: name, version, and parameters in order."""

    name: str
    version: str | None = None
    parameters: tuple[tuple[str, str], ...] = ()

    def __str__(self) -> str:
        version = () if self.version is None else (("version", self.version),)
        pairs = (f"{name}={value}" for name, value in (*version, *self.parameters))
        return "; ".join((self.name, *pairs))


@dataclass(frozen=True, slots=True, eq=False)
class Offer:
    """A representation that is offered.

    Attributes:
        format: which writer makes it: `json`, `csv`, `xml`, and of SDMX-ML 2.1 data `generic`,
            `generictimeseries`, `structurespecific`, `structurespecifictimeseries`; of schemas
            `jsonschema`, `xmlschema`.
        name: the vendor media type.
        version: its version, as the Content-Type says it.
        generic: generic media types that it also answers to.
        aliases: values of `format=` that mean it, in lower case.
        parameters: media type parameters and their values, the default first.
    """

    format: str
    name: str
    version: str
    generic: tuple[str, ...] = ()
    aliases: tuple[str, ...] = ()
    parameters: Mapping[str, tuple[str, ...]] = field(default_factory=lambda: _NO_PARAMETERS)

    @property
    def media_type(self) -> MediaType:
        """The media type without parameters."""
        return MediaType(self.name, self.version)


Offers = tuple[Offer, ...]

_VENDOR: Final = "application/vnd.sdmx."


def _json(kind: str, version: str) -> Offer:
    aliases = ("json", f"json{kind}", "sdmx-json")
    return Offer("json", f"{_VENDOR}{kind}+json", version, ("application/json",), aliases)


def _csv(version: str, offered: Mapping[str, tuple[str, ...]]) -> Offer:
    aliases = ("csv", "csvdata", "sdmx-csv")
    return Offer("csv", f"{_VENDOR}data+csv", version, ("text/csv",), aliases, offered)


def _json_schema(version: str) -> Offer:
    generic = ("application/json", "application/schema+json")
    aliases = ("json", "jsonschema", "schema")
    return Offer("jsonschema", f"{_VENDOR}schema+json", version, generic, aliases)


def _xml_schema(version: str) -> Offer:
    generic = ("application/xml", "text/xml")
    aliases = ("xml", "xmlschema", "xsd", "schema")
    return Offer("xmlschema", f"{_VENDOR}schema+xml", version, generic, aliases)


DATA_OFFERS: Final[Offers] = (
    _json("data", "2.1.0"),
    _csv("2.1.0", CSV_PARAMETERS),
    _json("data", "2.0.0"),
    _csv("2.0.0", CSV_PARAMETERS),
    _csv("1.0.0", _CSV_1_PARAMETERS),
)
"""Representations of data on 2.x paths; the first is the default."""

STRUCTURE_OFFERS: Final[Offers] = (
    _json("structure", "2.1.0"),
    _json("structure", "2.0.0"),
)
"""Representations of structures and availability on 2.x paths; the first is the default."""

_JSON_SCHEMAS: Final = (_json_schema("2.1.0"), _json_schema("2.0.0"))
_XML_SCHEMAS: Final = (_xml_schema("3.1.0"), _xml_schema("3.0.0"))
_XML_SCHEMA_2_1: Final = _xml_schema("2.1")

SCHEMA_OFFERS: Final[Offers] = (
    *_JSON_SCHEMAS,
    *_XML_SCHEMAS,
    _XML_SCHEMA_2_1,
    *STRUCTURE_OFFERS,
)
"""Representations of schemas on 2.x paths; the first is the default."""

V1_DATA_OFFERS: Final[Offers] = (*DATA_OFFERS,)
"""Representations of data on 1.x paths; the first is the default."""

V1_STRUCTURE_OFFERS: Final[Offers] = (*STRUCTURE_OFFERS,)
"""Representations of structures and availability on 1.x paths; the first is the default."""

V1_SCHEMA_OFFERS: Final[Offers] = (
    _XML_SCHEMA_2_1,
    *_XML_SCHEMAS,
    *_JSON_SCHEMAS,
    *V1_STRUCTURE_OFFERS,
)
"""Representations of schemas on 1.x paths; the first is the default."""

OFFERS: Final[Mapping[str, Offers]] = MappingProxyType(
    {"data": DATA_OFFERS, "structure": STRUCTURE_OFFERS, "availability": STRUCTURE_OFFERS}
)
"""What is offered, by resource of the 2.x paths."""
