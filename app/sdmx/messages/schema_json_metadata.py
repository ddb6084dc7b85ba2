"""JSON schemas of metadata messages: SDMX-JSON 2.1 and 2.0, which say the same of attributes.

A metadata set holds a tree of attributes, each with a value, with attributes below it, or both.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import orjson

from app.sdmx.messages.schema_json_values import JsonSchema, plain_value
from app.sdmx.metadata_structures import ResolvedAttribute

_DRAFT: Final = "https://json-schema.org/draft/2020-12/schema"


def write_metadata_schema(
    urn: str, attributes: Sequence[ResolvedAttribute], *, deletion: bool
) -> bytes:
    """Write the schema of metadata messages.

    Args:
        urn: of the metadata structure, metadataflow or agreement that was asked for.
        attributes: those of the top level.
        deletion: whether attributes that must be reported may be left out.
    """
    metadata_set = {
        "type": "object",
        "required": ["id", "agencyID", *([] if deletion else ["attributes"])],
        "properties": {
            "targets": {"type": "array", "items": {"type": "string"}},
            "attributes": _listed(attributes, deletion=deletion),
        },
    }
    return orjson.dumps(
        {
            "$schema": _DRAFT,
            "title": urn,
            "type": "object",
            "required": ["meta", "data"],
            "properties": {
                "meta": {"type": "object", "required": ["id", "prepared", "sender"]},
                "data": {
                    "type": "object",
                    "required": ["metadataSets"],
                    "properties": {"metadataSets": {"type": "array", "items": metadata_set}},
                },
            },
        }
    )


def _listed(attributes: Sequence[ResolvedAttribute], *, deletion: bool) -> JsonSchema:
    """A list of attributes: which there may be, how often, and what each holds."""
    each = [
        {"if": _is(attribute), "then": {"properties": _parts(attribute, deletion=deletion)}}
        for attribute in attributes
    ]
    item: JsonSchema = {
        "type": "object",
        "required": ["id"],
        "properties": {"id": {"enum": [attribute.id for attribute in attributes]}},
    }
    listed: JsonSchema = {"type": "array", "items": item | ({"allOf": each} if each else {})}
    numbers = [_number(attribute, deletion=deletion) for attribute in attributes]
    return listed | ({"allOf": numbers} if numbers else {})


def _is(attribute: ResolvedAttribute) -> JsonSchema:
    return {"properties": {"id": {"const": attribute.id}}, "required": ["id"]}


def _number(attribute: ResolvedAttribute, *, deletion: bool) -> JsonSchema:
    """How often an attribute stands in a list."""
    most = {} if attribute.max_occurs is None else {"maxContains": attribute.max_occurs}
    least = 0 if deletion else attribute.min_occurs
    return {"contains": _is(attribute), "minContains": least, **most}


def _parts(attribute: ResolvedAttribute, *, deletion: bool) -> JsonSchema:
    below = _listed(attribute.children, deletion=deletion)
    value: JsonSchema | bool = plain_value(attribute.component)
    if attribute.is_presentational:
        value = False
    elif deletion:
        value = {}
    return {"value": value, "attributes": below if attribute.children else False}
