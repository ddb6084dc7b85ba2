"""Small JSON bodies of our own API: read within limits, strictly, numbers as they were written."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, Final, NoReturn, TypeVar

from fastapi import Request
from pydantic import TypeAdapter, ValidationError

from app.errors import MessageError, UnsupportedMediaTypeError
from app.http.small_bodies import read_small_body
from app.sdmx.messages.json_names import each_once

MAX_BYTES: Final = 1 << 20
MAX_DEPTH: Final = 32
"""Arrays and objects within one another; what we describe needs a handful."""

_Model = TypeVar("_Model")
_WRONG: Final[Mapping[str, tuple[str, str]]] = {
    "missing": ("is missing", "falta"),
    "extra_forbidden": ("is not known here", "no se conoce aquí"),
    "string_too_long": (
        "has more than {max_length} characters",
        "tiene más de {max_length} caracteres",
    ),
    "string_too_short": (
        "has fewer than {min_length} characters",
        "tiene menos de {min_length} caracteres",
    ),
    "string_type": ("is no text", "no es un texto"),
    "bool_type": ("is neither true nor false", "no es true ni false"),
    "list_type": ("is no list", "no es una lista"),
    "dict_type": ("is no object", "no es un objeto"),
    "too_long": ("has more than {max_length} parts", "tiene más de {max_length} partes"),
    "literal_error": ("is none of: {expected}", "no es ninguno de: {expected}"),
}
"""What is said of the types of errors, with what their context names in braces."""


async def read_json(request: Request, model: type[_Model]) -> _Model:
    """Read a body as JSON of one shape.

    Decimal numbers stay the text that was written: none is rounded.

    Raises:
        UnsupportedMediaTypeError: the body is no JSON, or compressed.
        TooLargeError: it has more than `MAX_BYTES`.
        MessageError: it cannot be read, or does not have the shape.
    """
    sent = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if sent != "application/json" or request.headers.get("content-encoding"):
        raise UnsupportedMediaTypeError(
            "The body is read as application/json, not compressed.",
            "El cuerpo se lee como application/json, sin comprimir.",
            accepted=["application/json"],
        )
    document = _parse(await read_small_body(request, MAX_BYTES))
    try:
        return TypeAdapter(model).validate_python(document)
    except ValidationError as error:
        raise _misshapen(error) from None


def body_of(model: Any) -> dict[str, Any]:  # noqa: ANN401 - any type of a body
    """What the description of the API says of such a body, its parts in place."""
    return described_body(TypeAdapter(model).json_schema())


def described_body(schema: dict[str, Any]) -> dict[str, Any]:
    """What the description of the API says of a body of a JSON Schema, its parts in place."""
    parts = schema.get("$defs", {})

    def whole(node: Any) -> Any:  # noqa: ANN401 - of a schema
        if isinstance(node, list):
            return [whole(each) for each in node]
        if not isinstance(node, dict):
            return node
        if "$ref" in node:
            return whole(parts[node["$ref"].rpartition("/")[2]])
        return {name: whole(each) for name, each in node.items() if name != "$defs"}

    content = {"application/json": {"schema": whole(schema)}}
    return {"requestBody": {"required": True, "content": content}}


def _parse(body: bytes) -> Any:  # noqa: ANN401 - JSON
    try:
        text = body.decode("utf-8")
        document = json.loads(
            text, parse_float=str, parse_constant=_refuse, object_pairs_hook=each_once
        )
        if "\\u" in text and _is_unstorable(document):
            raise ValueError
        if not _is_within(document, MAX_DEPTH):
            raise ValueError
    except (ValueError, RecursionError):
        raise MessageError(
            "The body is not valid JSON in UTF-8, with each name once, and at most "
            f"{MAX_DEPTH} levels deep.",
            "El cuerpo no es JSON válido en UTF-8, con cada nombre una sola vez y a lo sumo "
            f"{MAX_DEPTH} niveles.",
        ) from None
    return document


def _is_within(document: object, depth: int) -> bool:
    """Whether arrays and objects stand within one another no deeper than that."""
    if isinstance(document, dict):
        return depth > 0 and all(_is_within(each, depth - 1) for each in document.values())
    if isinstance(document, list):
        return depth > 0 and all(_is_within(each, depth - 1) for each in document)
    return True


def _is_unstorable(document: object) -> bool:
    """Whether a text has a character that no text has: NUL, or half of a pair."""
    shown = json.dumps(document, ensure_ascii=False)
    try:
        shown.encode()
    except UnicodeEncodeError:
        return True
    return "\\u0000" in shown


def _refuse(name: str) -> NoReturn:
    raise ValueError(name)


def _misshapen(error: ValidationError) -> MessageError:
    first = error.errors(include_url=False, include_input=False)[0]
    place = "/".join(str(part) for part in first["loc"]) or "."
    facts = {name: str(fact).replace(" or ", ", ") for name, fact in first.get("ctx", {}).items()}
    otherwise = (first["msg"].replace("{", "{{").replace("}", "}}"), "no es válido")
    english, spanish = _WRONG.get(first["type"], otherwise)
    return MessageError(
        f"The body is not as described: {place[:200]} {english.format(**facts)}.",
        f"El cuerpo no es como se describe: {place[:200]} {spanish.format(**facts)}.",
        place=place[:200],
    )
