"""The language that a reply is asked for in: by the address, else by Accept-Language."""

from __future__ import annotations

from typing import Annotated, Final, TypeAlias

from fastapi import Query, Request

from app.errors import QuerySyntaxError
from app.http.errors import LANGUAGES
from app.sdmx.negotiation import negotiate_language

LANGUAGE: Final = "lang"

LanguageParameter: TypeAlias = Annotated[
    str | None, Query(description="`en` or `es`, for programs that cannot send Accept-Language.")
]
"""The parameter `lang` of a route."""


def asked_language(request: Request, lang: str | None) -> str:
    """The language of a reply.

    Raises:
        QuerySyntaxError: the address asks for one that there is not.
    """
    if lang is None:
        accepted = request.headers.get("accept-language")
        return negotiate_language(accepted, available=LANGUAGES).order[0]
    if lang not in LANGUAGES:
        raise QuerySyntaxError("lang is en or es.", "lang es en o es.", parameter=LANGUAGE)
    return lang
