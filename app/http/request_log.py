"""The id of each request, the header fields that every reply bears, and one log line for each.

The line names the route, never the path, a query, a body or a token: keys and codes that
somebody asks for stay out of the log.
"""

from __future__ import annotations

import datetime as dt
import logging
import re
import sys
import time
import uuid
from typing import Final

import orjson
import structlog
from fastapi import Request
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from app.http.subject import AuthenticatedSubject

log = logging.getLogger("vipmg.access")

_SAFE_ID: Final = re.compile(r"[A-Za-z0-9._-]{1,64}")
_SPACES: Final = ("/api/practice", "/api")
"""Prefixes that routes are mounted under, and do not name themselves."""
_OWN_FIELDS: Final = [(b"x-content-type-options", b"nosniff"), (b"referrer-policy", b"no-referrer")]


class RequestLog:
    """Gives each request an id, and logs it when it is answered."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Run the request and log it."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        identifier = _request_id(scope)
        scope.setdefault("state", {})["request_id"] = identifier
        structlog.contextvars.clear_contextvars()
        structlog.contextvars.bind_contextvars(request_id=identifier)
        status, size, begin = 0, 0, time.perf_counter()

        async def count(message: Message) -> None:
            nonlocal status, size
            if message["type"] == "http.response.start":
                status = message["status"]
                fields = [*message.get("headers", ()), *_OWN_FIELDS]
                message["headers"] = [*fields, (b"x-request-id", identifier.encode())]
            elif message["type"] == "http.response.body":
                size += len(message.get("body", b""))
            await send(message)

        try:
            await self._app(scope, receive, count)
        finally:
            milliseconds = round((time.perf_counter() - begin) * 1000, 1)
            _log_line(scope, status, size, milliseconds)


async def note_caller(request: Request, caller: AuthenticatedSubject) -> None:
    """Let the log line of a request name the caller (a dependency of routes)."""
    request.state.subject = caller


def _log_line(scope: Scope, status: int, size: int, milliseconds: float) -> None:
    if not log.isEnabledFor(logging.INFO):
        return
    state = scope["state"]
    caller = state.get("subject")
    line = {
        "method": scope["method"],
        "route": _route(scope),
        "status": status,
        "ms": milliseconds,
        "bytes": size,
        "client": getattr(caller, "client_id", None),
        "organisation": getattr(caller, "organisation", None),
        "event": "request",
        "request_id": state["request_id"],
        "level": "info",
        "logger": log.name,
        "timestamp": dt.datetime.now(dt.UTC).isoformat(),
    }
    # Written as it is: the way through structlog and logging takes longer than a kept reply.
    sys.stderr.write(orjson.dumps(line).decode() + "\n")


def _route(scope: Scope) -> str | None:
    """The whole path of the route, with the names of its parameters in the place of values."""
    route: str | None = getattr(scope.get("route"), "path", None)
    if route is None or not scope["path"].startswith("/api/") or route.startswith("/api"):
        return route
    return next(space for space in _SPACES if scope["path"].startswith(f"{space}/")) + route


def _request_id(scope: Scope) -> str:
    for name, value in scope["headers"]:
        if name == b"x-request-id":
            asked = value.decode("latin-1")
            if _SAFE_ID.fullmatch(asked):
                return str(asked)
    return uuid.uuid4().hex
