"""The OpenAPI description: the paths of SDMX-REST, and the errors as they are really answered."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi

from app.http.errors import PROBLEMS
from app.http.interfaces import kind_of
from app.http.sdmx_paths import sdmx_paths

_STOCK: Final = ("HTTPValidationError", "ValidationError")
_PROBLEM: Final[dict[str, Any]] = {
    "type": "object",
    "description": "A problem (RFC 9457); each code is explained at the address in `type`.",
    "required": ["type", "title", "status", "detail", "code", "request_id"],
    "properties": {
        "type": {"type": "string", "format": "uri"},
        "title": {"type": "string"},
        "status": {"type": "integer"},
        "detail": {"type": "string"},
        "code": {"enum": sorted(error.code for error in PROBLEMS)},
        "request_id": {"type": "string"},
    },
}
_MESSAGE: Final[dict[str, Any]] = {
    "type": "object",
    "description": "An SDMX-JSON message with errors; `x-code` is explained in /docs/errors.",
    "required": ["meta", "errors"],
    "properties": {
        "meta": {"type": "object"},
        "errors": {"type": "array", "items": {"type": "object", "required": ["code", "x-code"]}},
    },
}


def describe_errors(app: FastAPI) -> Callable[[], dict[str, Any]]:
    """The function that describes an application, in place of the framework's own."""

    def openapi() -> dict[str, Any]:
        if app.openapi_schema is None:
            app.openapi_schema = _described(app)
        return app.openapi_schema

    return openapi


def _described(app: FastAPI) -> dict[str, Any]:
    schema: dict[str, Any] = get_openapi(
        title=app.title, version=app.version, description=app.description, routes=app.routes
    )
    schemas = schema.setdefault("components", {}).setdefault("schemas", {})
    for name in _STOCK:
        schemas.pop(name, None)
    schemas |= {"Problem": _PROBLEM, "SdmxErrors": _MESSAGE}
    schema["paths"] = sdmx_paths() | schema["paths"]
    for path, operations in schema["paths"].items():
        for operation in operations.values():
            responses = operation["responses"]
            if "HTTPValidationError" in str(responses.get("422")):
                del responses["422"]
            responses["default"] = _error_response(path)
    return schema


def _error_response(path: str) -> dict[str, Any]:
    is_sdmx = path.startswith("/sdmx/")
    name = "SdmxErrors" if is_sdmx else "Problem"
    media_type = (
        f"application/vnd.sdmx.{kind_of(path)}+json" if is_sdmx else "application/problem+json"
    )
    content: dict[str, Any] = {media_type: {"schema": {"$ref": f"#/components/schemas/{name}"}}}
    if is_sdmx:  # to who asks for SDMX-ML; on the 1.x paths to who does not say
        content["application/xml"] = {"schema": {"type": "string"}}
    return {"description": "An error.", "content": content}
