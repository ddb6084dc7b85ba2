"""Answers to submissions of structures, judged by the official schema."""

from __future__ import annotations

from typing import Any

from tests.xml_schemas import check_xml

REGISTRY = {
    version: f"http://www.sdmx.org/resources/sdmxml/schemas/v{version.replace('.', '_')}/registry"
    for version in ("3.1", "3.0")
}


def check_response(body: bytes, version: str) -> Any:
    """Read a message of the registry that must be valid."""
    return check_xml(body, version)
