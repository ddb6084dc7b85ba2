"""The maintenance of structures and metadata sets as OpenAPI describes it (see `sdmx_paths`)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from app.sdmx.artefact_classes import ARTEFACT_TYPES
from app.sdmx.rest_v2 import ITEM_SCHEME_TYPES

_STRUCTURE: Final = "/sdmx/v2/structure"
_METADATA: Final = "/sdmx/v2/metadata"
_FLOW: Final = "{agencyID}/{resourceID}/{version}"
_SET: Final = f"{_METADATA}/metadataset/{{providerID}}/{{metadatasetID}}/{{version}}"

_PARTS: Final[Mapping[str, tuple[str, Mapping[str, Any], str]]] = {
    "artefactType": (
        "Type of the artefact.",
        {"type": "string", "enum": list(ARTEFACT_TYPES)},
        "codelist",
    ),
    "itemSchemeType": (
        "Type of the scheme.",
        {"type": "string", "enum": list(ITEM_SCHEME_TYPES)},
        "codelist",
    ),
    "agencyID": ("Its agency.", {"type": "string"}, "VIPMG"),
    "resourceID": ("Its id.", {"type": "string"}, "CL_DRAFT"),
    "version": ("Its version.", {"type": "string"}, "1.0.0-draft"),
    "itemID": ("The item; nested ones by their path, with dots.", {"type": "string"}, "A"),
    "providerID": ("The metadata provider.", {"type": "string"}, "VIPMG.OFFICE"),
    "metadatasetID": ("The id of the set.", {"type": "string"}, "QUALITY"),
}
_ANSWERS: Final[Mapping[str, str]] = {
    "200": "Everything was replaced, deleted, or there already.",
    "201": "Everything was created.",
    "207": "Different outcomes: each artefact has its own code.",
    "403": "The program may not maintain artefacts of this agency.",
    "404": "There is no such artefact.",
    "409": "It contradicts versions, references or data that are stored.",
    "412": "It changed since the ETag in If-Match.",
    "422": "An artefact is not valid, or not the one of the address.",
}
_OF_METHOD: Final[Mapping[str, tuple[str, ...]]] = {
    "post": ("200", "201", "207", "403", "404", "409", "422"),
    "put": ("200", "403", "404", "409", "412", "422"),
    "delete": ("200", "403", "404", "409", "412"),
}
_SUBMIT_RESPONSE: Final = {
    "application/json": {"schema": {"type": "object"}},
    "application/vnd.sdmx.registry+xml; version=3.1.0": {"schema": {"type": "string"}},
    "application/vnd.sdmx.registry+xml; version=3.0.0": {"schema": {"type": "string"}},
}


def maintenance_paths() -> dict[str, dict[str, Any]]:
    """The operations that change structures and metadata sets, by path and method."""
    one, item = f"{_STRUCTURE}/{{artefactType}}/{_FLOW}", f"{{itemSchemeType}}/{_FLOW}/{{itemID}}"
    return {
        _STRUCTURE: _operation("post", "submitStructures", "Create or replace artefacts"),
        f"{_STRUCTURE}/{{artefactType}}": _operation(
            "post", "submitStructuresOfType", "Create or replace artefacts of one type",
            "artefactType",
        ),
        one: _operation("put", "replaceStructure", "Replace an artefact", *_names(one))
        | _operation("delete", "deleteStructure", "Delete an artefact", *_names(one)),
        f"{_STRUCTURE}/{item}": _operation(
            "delete", "deleteItem", "Delete an item of a scheme", *_names(item)
        ),
        _METADATA: _operation("post", "submitMetadata", "Create or replace metadata sets"),
        _SET: _operation("put", "replaceMetadataSet", "Replace a metadata set", *_names(_SET))
        | _operation("delete", "deleteMetadataSet", "Delete a metadata set", *_names(_SET)),
    }  # fmt: skip


def _names(path: str) -> list[str]:
    return [part[1:-1] for part in path.split("/") if part.startswith("{")]


def _operation(method: str, operation_id: str, summary: str, *parts: str) -> dict[str, Any]:
    parameters = [_parameter(name) for name in parts]
    if method != "post":
        parameters.append(
            {
                "name": "If-Match",
                "in": "header",
                "required": False,
                "description": "ETag of the answer that you have seen.",
                "schema": {"type": "string"},
            }
        )
    operation: dict[str, Any] = {
        "tags": ["SDMX 2.x"],
        "summary": summary,
        "description": "For programs that were granted the agency. The answer tells what became "
        "of each artefact.",
        "operationId": operation_id,
        "parameters": parameters,
        "responses": {
            status: {"description": _ANSWERS[status], "content": _SUBMIT_RESPONSE}
            for status in _OF_METHOD[method]
        },
        "security": [{"accessToken": []}],
    }
    if method != "delete":
        operation["requestBody"] = {"required": True, "content": _bodies(operation_id)}
    return {method: operation}


def _bodies(operation_id: str) -> dict[str, Any]:
    kind = "metadata" if "Metadata" in operation_id else "structure"
    return {
        f"application/vnd.sdmx.{kind}+json": {"schema": {"type": "object"}},
        f"application/vnd.sdmx.{kind}+xml": {"schema": {"type": "string"}},
    }


def _parameter(name: str) -> dict[str, Any]:
    description, schema, example = _PARTS[name]
    return {
        "name": name,
        "in": "path",
        "required": True,
        "description": description,
        "schema": schema,
        "example": example,
    }
