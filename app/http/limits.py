"""Limits of what a client may send, and how slowly: in the application and on the connection."""

from __future__ import annotations

import asyncio
import time
from typing import Any, Final

from starlette.requests import Request
from starlette.types import ASGIApp, Message, Receive, Scope, Send
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from app.http.errors import AddressTooLongError, TooSlowError, error_response

HEADER_SECONDS: Final = 10.0
MAX_HEADER_BYTES: Final = 64 << 10
BODY_PAUSE_SECONDS: Final = 30.0
BODY_GRACE_SECONDS: Final = 10.0
BODY_BYTES_A_SECOND: Final = 1024
WRITE_STALL_SECONDS: Final = 60.0

_HEADERS_TOO_LONG: Final = (
    b"HTTP/1.1 431 Request Header Fields Too Large\r\n"
    b"content-length: 0\r\nconnection: close\r\n\r\n"
)


class RequestLimits:
    """Refuses addresses that are too long and bodies that come too slowly."""

    def __init__(self, app: ASGIApp, max_url_bytes: int) -> None:
        self._app = app
        self._max_url_bytes = max_url_bytes

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Run the request within the limits."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        size = len(scope.get("raw_path") or b"") + len(scope["query_string"]) + 1
        if size > self._max_url_bytes:
            error = AddressTooLongError(
                f"The address has {size} bytes; up to {self._max_url_bytes} are read.",
                f"La dirección tiene {size} bytes; se leen hasta {self._max_url_bytes}.",
                limit=self._max_url_bytes,
                size=size,
            )
            await error_response(Request(scope), error)(scope, receive, send)
            return
        await self._app(scope, _Paced(receive), send)


class _Paced:
    """Receives a body and gives up on a sender that stalls or trickles."""

    def __init__(self, receive: Receive) -> None:
        self._receive = receive
        self._begin = 0.0
        self._size = 0
        self._complete = False

    async def __call__(self) -> Message:
        if self._complete:  # what is awaited now is the end of the connection
            return await self._receive()
        self._begin = self._begin or time.monotonic()
        try:
            message = await asyncio.wait_for(self._receive(), BODY_PAUSE_SECONDS)
        except TimeoutError as error:
            raise _too_slow() from error
        self._size += len(message.get("body", b""))
        self._complete = not message.get("more_body", False)
        spent = time.monotonic() - self._begin - BODY_GRACE_SECONDS
        if not self._complete and spent > 0 and self._size < spent * BODY_BYTES_A_SECOND:
            raise _too_slow()
        return message


def _too_slow() -> TooSlowError:
    return TooSlowError(
        "The body of the request came too slowly. Nothing was stored; send it again.",
        "El cuerpo de la solicitud llegó demasiado lento. No se guardó nada; envíelo de nuevo.",
    )


class LimitedProtocol(HttpToolsProtocol):
    """A connection with deadlines: for the header of a request, and for a reader that stalls."""

    def __init__(self, *arguments: Any, **options: Any) -> None:  # noqa: ANN401 - uvicorn's own
        super().__init__(*arguments, **options)
        self._header_bytes = 0
        self._in_header = True
        self._header_timer: asyncio.TimerHandle | None = None
        self._write_timer: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Begin to wait for the first request."""
        super().connection_made(transport)
        self._header_timer = self.loop.call_later(HEADER_SECONDS, transport.abort)

    def connection_lost(self, exc: Exception | None) -> None:
        """Stop the clocks."""
        for timer in (self._header_timer, self._write_timer):
            if timer is not None:
                timer.cancel()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """Count the bytes of a header that is not complete yet."""
        if self._in_header:
            self._header_bytes += len(data)
            if self._header_timer is None:
                self._header_timer = self.loop.call_later(HEADER_SECONDS, self.transport.abort)
        super().data_received(data)
        if self._in_header and self._header_bytes > MAX_HEADER_BYTES:
            self.transport.write(_HEADERS_TOO_LONG)
            self.transport.close()

    def on_headers_complete(self) -> None:
        """The header is complete in time."""
        self._in_header = False
        self._header_bytes = 0
        if self._header_timer is not None:
            self._header_timer.cancel()
            self._header_timer = None
        super().on_headers_complete()

    def on_message_complete(self) -> None:
        """After a request comes the header of the next."""
        self._in_header = True
        super().on_message_complete()

    def pause_writing(self) -> None:
        """The reader is behind: it may not stall for ever."""
        super().pause_writing()
        self._write_timer = self.loop.call_later(WRITE_STALL_SECONDS, self.transport.abort)

    def resume_writing(self) -> None:
        """The reader follows again."""
        super().resume_writing()
        if self._write_timer is not None:
            self._write_timer.cancel()
            self._write_timer = None
