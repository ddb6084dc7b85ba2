"""Paths as they were sent: the grammar of SDMX-REST reads them before any decoding."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Final, TypeAlias

from fastapi import APIRouter, Request, Response

_READ: Final = ("GET", "HEAD")

Handler: TypeAlias = Callable[[Request], Awaitable[Response]]
"""What answers a request."""


def answers(router: APIRouter, path: str) -> Callable[[Handler], Handler]:
    """Let a function answer GET and HEAD of a path and of all below it.

    The description of the API tells these paths by their parts (`app.http.sdmx_paths`).
    """

    def add(handler: Handler) -> Handler:
        for each in (path, path + "/{rest:path}"):
            router.add_api_route(each, handler, methods=list(_READ), include_in_schema=False)
        return handler

    return add


def sent_query(request: Request, prefix: str) -> tuple[list[str], str]:
    """The parts of the path after a prefix and the query string, as a grammar reads them."""
    return raw_segments(request, prefix), request.scope["query_string"].decode("latin-1")


def raw_segments(request: Request, prefix: str) -> list[str]:
    """The path after a prefix, split at slashes and not yet decoded."""
    raw: bytes = request.scope["raw_path"]
    path = raw.partition(b"?")[0].decode("latin-1")
    rest = path.partition(prefix)[2]
    return rest.removeprefix("/").split("/") if rest else []
