"""Cross-origin access: what is public may be read by the pages of any site, nothing else."""

from __future__ import annotations

from typing import Final

from starlette.middleware.cors import CORSMiddleware
from starlette.types import ASGIApp, Receive, Scope, Send

PUBLIC_PATHS: Final = ("/sdmx/", "/openapi.json", "/health", "/ready")
EXPOSED: Final = (
    "Content-Disposition",
    "Content-Language",
    "ETag",
    "Last-Modified",
    "Link",
    "Retry-After",
    "X-Request-Id",
)


class CrossOrigin:
    """Lets pages of other sites read public paths, without credentials."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app
        self._open = CORSMiddleware(
            app,
            allow_origins=("*",),
            allow_methods=("GET", "HEAD", "OPTIONS"),
            allow_headers=("Accept", "Authorization", "If-Modified-Since", "If-None-Match"),
            expose_headers=EXPOSED,
            max_age=86400,
        )

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Run the request, with the header fields of CORS on public paths."""
        public = scope["type"] == "http" and scope["path"].startswith(PUBLIC_PATHS)
        await (self._open if public else self._app)(scope, receive, send)
