"""The form of the page of a report: beside each wrong value what is put in its place."""

from __future__ import annotations

import json
from typing import Final
from urllib.parse import parse_qsl

from fastapi import Request

from app.errors import MessageError, UnsupportedMediaTypeError
from app.http.small_bodies import read_small_body
from app.sdmx.corrections import Correction

MAX_BYTES: Final = 1 << 20
MOST_FIELDS: Final = 10_000
_TYPE: Final = "application/x-www-form-urlencoded"


async def read_corrections(request: Request) -> list[Correction]:
    """The replacements of a form: fields `of`, column and value as JSON, each before its `to`.

    A field that was left empty, or as the value was, says nothing.

    Raises:
        UnsupportedMediaTypeError: the body is no form.
        TooLargeError: it has more than `MAX_BYTES`.
        MessageError: it is not the form of the page.
    """
    sent = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if sent != _TYPE or request.headers.get("content-encoding"):
        raise UnsupportedMediaTypeError(
            f"The body is read as {_TYPE}, not compressed.",
            f"El cuerpo se lee como {_TYPE}, sin comprimir.",
            accepted=[_TYPE],
        )
    body = await read_small_body(request, MAX_BYTES)
    try:
        return _corrections(body)
    except (ValueError, RecursionError):
        raise MessageError(
            "The form is not the one of the report; open the report again.",
            "El formulario no es el del informe; abra el informe de nuevo.",
        ) from None


def _corrections(body: bytes) -> list[Correction]:
    fields = parse_qsl(
        body.decode("utf-8"),
        keep_blank_values=True,
        strict_parsing=bool(body),
        errors="strict",
        max_num_fields=MOST_FIELDS,
    )
    names, texts = [name for name, _ in fields], [text for _, text in fields]
    if names != ["of", "to"] * (len(fields) // 2):
        raise ValueError
    found: dict[tuple[str, str], str] = {}
    for of, to in zip(texts[::2], texts[1::2], strict=True):
        told = json.loads(of)
        if not (isinstance(told, list) and [type(each) for each in told] == [str, str]):
            raise ValueError
        column, value = told
        replacement = to.strip()
        (column + value).encode()  # half of a pair of surrogates is no text
        if "\x00" in column + value + replacement:
            raise ValueError
        if replacement and replacement != value:
            found[column, value] = replacement
    return [
        Correction(column=column, value=value, replacement=replacement)
        for (column, value), replacement in found.items()
    ]
