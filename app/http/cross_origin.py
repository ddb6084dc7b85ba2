"""Cross-origin access: what is public may be read by the pages of any site.

Structures and metadata sets may also be maintained from there: no cookie is ever a credential
here, so that a page can do no more than what the token that it holds allows.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from starlette.middleware.cors import CORSMiddleware
from starlette.types import ASGIApp, Receive, Scope, Send

PUBLIC_PATHS: Final = ("/sdmx/", "/openapi.json", "/health", "/ready")
MAINTAINED_PATHS: Final = ("/sdmx/v2/structure", "/sdmx/v2/metadata")
EXPOSED: Final = (
    "Content-Disposition",
    "Content-Language",
    "ETag",
    "Last-Modified",
    "Link",
    "Link-Template",
    "Retry-After",
    "X-Request-Id",
)


_READ: Final = ("GET", "HEAD", "OPTIONS")
_READ_FIELDS: Final = ("Accept", "Authorization", "If-Modified-Since", "If-None-Match")
_CHANGE: Final = ("POST", "PUT", "DELETE")
_CHANGE_FIELDS: Final = ("Content-Encoding", "Content-Type", "Idempotency-Key", "If-Match")


class CrossOrigin:
    """Lets pages of other sites use public paths, without cookies."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app
        self._open = _open(app, _READ, _READ_FIELDS)
        self._maintained = _open(app, (*_READ, *_CHANGE), (*_READ_FIELDS, *_CHANGE_FIELDS))

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Run the request, with the header fields of CORS on public paths."""
        app = self._app
        if scope["type"] == "http" and scope["path"].startswith(PUBLIC_PATHS):
            maintained = scope["path"].startswith(MAINTAINED_PATHS)
            app = self._maintained if maintained else self._open
        await app(scope, receive, send)


def _open(app: ASGIApp, methods: Sequence[str], fields: Sequence[str]) -> CORSMiddleware:
    return CORSMiddleware(
        app,
        allow_origins=("*",),
        allow_methods=methods,
        allow_headers=fields,
        expose_headers=EXPOSED,
        max_age=86400,
    )
