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
            `generictimeseries`, `structurespecific`, `structurespecifictimeseries`, of metadata
            `genericmetadata`; of schemas `jsonschema`, `xmlschema`.
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


def _xml(version: str) -> Offer:
    generic = ("application/xml", "text/xml")
    aliases = ("xml", "xmldata", "sdmx-ml", "structurespecificdata", "structurespecific")
    return Offer("xml", f"{_VENDOR}data+xml", version, generic, aliases)


def _structure_xml(version: str) -> Offer:
    generic = ("application/xml", "text/xml")
    aliases = ("xml", "xmlstructure", "sdmx-ml", "structure")
    return Offer("xml", f"{_VENDOR}structure+xml", version, generic, aliases)


def _ml_2_1(kind: str, *aliases: str, generic: tuple[str, ...] = ()) -> Offer:
    listed = (f"{kind}data", kind, *aliases)
    return Offer(kind, f"{_VENDOR}{kind}data+xml", "2.1", generic, listed)


def _json_schema(version: str) -> Offer:
    generic = ("application/json", "application/schema+json")
    aliases = ("json", "jsonschema", "schema")
    return Offer("jsonschema", f"{_VENDOR}schema+json", version, generic, aliases)


def _xml_schema(version: str) -> Offer:
    generic = ("application/xml", "text/xml")
    aliases = ("xml", "xmlschema", "xsd", "schema")
    return Offer("xmlschema", f"{_VENDOR}schema+xml", version, generic, aliases)


_ML_2_1: Final = (
    _ml_2_1("generic", "xml", "xmldata", "sdmx-ml", generic=("application/xml", "text/xml")),
    _ml_2_1("structurespecific"),
    _ml_2_1("generictimeseries"),
    _ml_2_1("structurespecifictimeseries"),
)

# What clients of SDMX 2.1 know. The working draft, before 1.0, has no `data` around its contents.
_DATA_2_1: Final = (
    *_ML_2_1,
    _json("data", "1.0.0"),
    _json("data", "1.0.0-wd"),
    _csv("1.0.0", _CSV_1_PARAMETERS),
)

_DATA_3: Final = (
    _json("data", "2.1.0"),
    _csv("2.1.0", CSV_PARAMETERS),
    _xml("3.1.0"),
    _json("data", "2.0.0"),
    _csv("2.0.0", CSV_PARAMETERS),
    _xml("3.0.0"),
)

DATA_OFFERS: Final[Offers] = (*_DATA_3, *_DATA_2_1)
"""Representations of data on 2.x paths; the first is the default."""

_CSV_LABELS: Final[Mapping[str, tuple[str, ...]]] = MappingProxyType(
    {"labels": CSV_PARAMETERS["labels"]}
)


def _metadata_csv(version: str) -> Offer:
    aliases = ("csv", "csvmetadata", "sdmx-csv")
    return Offer("csv", f"{_VENDOR}metadata+csv", version, ("text/csv",), aliases, _CSV_LABELS)


def _metadata_xml(version: str) -> Offer:
    aliases = ("xml", "xmlmetadata", "sdmx-ml", "genericmetadata")
    generic = ("application/xml", "text/xml")
    return Offer("xml", f"{_VENDOR}metadata+xml", version, generic, aliases)


_METADATA_3: Final = (
    _json("metadata", "2.1.0"),
    _metadata_xml("3.1.0"),
    _metadata_csv("2.1.0"),
    _json("metadata", "2.0.0"),
    _metadata_xml("3.0.0"),
    _metadata_csv("2.0.0"),
)
_METADATA_2_1: Final = (
    Offer(
        "genericmetadata",
        f"{_VENDOR}genericmetadata+xml",
        "2.1",
        ("application/xml", "text/xml"),
        ("genericmetadata", "xml", "sdmx-ml"),
    ),
)

METADATA_OFFERS: Final[Offers] = (*_METADATA_3, *_METADATA_2_1)
"""Representations of metadata sets on 2.x paths; the first is the default."""

V1_METADATA_OFFERS: Final[Offers] = (*_METADATA_2_1, *_METADATA_3)
"""Representations of metadata sets on 1.x paths; the first is the default."""


def _registry(version: str) -> Offer:
    generic = ("application/xml", "text/xml")
    return Offer("xml", f"{_VENDOR}registry+xml", version, generic, ("xml", "sdmx-ml", "registry"))


REGISTRATION_OFFERS: Final[Offers] = (_registry("3.1.0"), _registry("3.0.0"))
"""Representations of registrations; the first is the default. SDMX-JSON has none."""

_STRUCTURE_3: Final = (
    _json("structure", "2.1.0"),
    _structure_xml("3.1.0"),
    _json("structure", "2.0.0"),
    _structure_xml("3.0.0"),
)
_STRUCTURE_2_1: Final = (_structure_xml("2.1"), _json("structure", "1.0.0"))

STRUCTURE_OFFERS: Final[Offers] = (*_STRUCTURE_3, *_STRUCTURE_2_1)
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

V1_DATA_OFFERS: Final[Offers] = (*_DATA_2_1, *_DATA_3)
"""Representations of data on 1.x paths; the first is the default."""

V1_STRUCTURE_OFFERS: Final[Offers] = (*_STRUCTURE_2_1, *_STRUCTURE_3)
"""Representations of structures and availability on 1.x paths; the first is the default."""

V1_SCHEMA_OFFERS: Final[Offers] = (
    _XML_SCHEMA_2_1,
    *_XML_SCHEMAS,
    *_JSON_SCHEMAS,
    *V1_STRUCTURE_OFFERS,
)
"""Representations of schemas on 1.x paths; the first is the default."""

METADATA_CONTEXTS: Final = ("metadatastructure", "metadataflow", "metadataprovisionagreement")
"""The contexts of schemas that are about reference metadata."""


_METADATA_SCHEMA_OFFERS: Final[Mapping[Offers, Offers]] = MappingProxyType(
    {
        SCHEMA_OFFERS: (*_JSON_SCHEMAS, *STRUCTURE_OFFERS),
        V1_SCHEMA_OFFERS: (*V1_STRUCTURE_OFFERS, *_JSON_SCHEMAS),
    }
)
# SDMX-ML has no schemas of metadata sets; clients of 2.1 get its structures in their place.


def schema_offers(offers: Offers, context: str) -> Offers:
    """What is offered of schemas for a context, of what is offered for any."""
    return _METADATA_SCHEMA_OFFERS[offers] if context in METADATA_CONTEXTS else offers


OFFERS: Final[Mapping[str, Offers]] = MappingProxyType(
    {"data": DATA_OFFERS, "structure": STRUCTURE_OFFERS, "availability": STRUCTURE_OFFERS}
)
"""What is offered, by resource of the 2.x paths."""
