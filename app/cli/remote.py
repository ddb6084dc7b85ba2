"""A service at the other end of the line: tokens, and requests that are tried again."""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Iterator, Mapping
from types import TracebackType
from typing import Final, Self

import httpx

ATTEMPTS: Final = 6
LONGEST_PAUSE_SECONDS: Final = 30.0
RETRIED: Final = frozenset({408, 425, 429, 502, 503, 504, 507})


class NotSentError(Exception):
    """The service did not take the request, or could not be reached; the text says why.

    Attributes:
        status: the HTTP status with which it was refused, if it was.
        code: the code of the error, if the service named one.
    """

    def __init__(self, why: str, status: int | None = None, code: str | None = None) -> None:
        super().__init__(why)
        self.status = status
        self.code = code


class RetriableError(Exception):
    """The service was away, or asked to wait; the text says why."""


class Remote:
    """A service, called with the credential of one program."""

    def __init__(
        self, url: str, client_id: str | None, client_secret: str | None, language: str
    ) -> None:
        self._credential = (client_id, client_secret) if client_id and client_secret else None
        self._http = httpx.Client(
            base_url=url.rstrip("/"),
            headers={"Accept-Language": language},
            timeout=httpx.Timeout(60, read=120),
        )
        self._token: str | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._http.close()

    def stream(self, address: str, accept: str) -> httpx.Response:
        """Begin to read an address; the caller reads the parts and closes.

        Raises:
            NotSentError: the service refused, or cannot be reached.
        """
        return self.request("GET", address, headers={"Accept": accept}, stream=True)

    def request(
        self,
        method: str,
        address: str,
        *,
        headers: Mapping[str, str] | None = None,
        content: Callable[[], Iterator[bytes]] | None = None,
        stream: bool = False,
    ) -> httpx.Response:
        """Send a request, again while the service is away or asks to wait.

        Raises:
            NotSentError: it was refused, or never answered.
        """
        why = ""
        for attempt in range(ATTEMPTS):
            if attempt:
                time.sleep(pause(attempt))
            try:
                return self.once(method, address, headers, content, stream=stream)
            except RetriableError as error:
                why = str(error)
        raise NotSentError(why)

    def once(
        self,
        method: str,
        address: str,
        headers: Mapping[str, str] | None = None,
        content: Callable[[], Iterator[bytes]] | None = None,
        *,
        stream: bool = False,
    ) -> httpx.Response:
        """Send a request one time.

        Raises:
            NotSentError: it was refused, for good.
            RetriableError: the same request may succeed later.
        """
        try:
            sent = dict(headers or {}) | self._authorisation()
            body = content() if content is not None else None
            request = self._http.build_request(method, address, headers=sent, content=body)
            reply = self._http.send(request, stream=stream)
            if reply.is_error:
                reply.read()
        except httpx.TransportError as error:
            raise RetriableError(f"{self._http.base_url}: {error}") from error
        if reply.is_success or reply.status_code == 304:
            return reply
        if reply.status_code == 401 and self._token is not None:
            self._token = None  # it has expired on the way
            raise RetriableError(explain(reply))
        if reply.status_code in RETRIED:
            raise RetriableError(explain(reply))
        raise NotSentError(explain(reply), reply.status_code, _said(reply)[1])

    def _authorisation(self) -> dict[str, str]:
        if self._credential is None:
            return {}
        if self._token is None:
            reply = self._http.post(
                "/oauth/token", data={"grant_type": "client_credentials"}, auth=self._credential
            )
            if reply.status_code in RETRIED:
                raise httpx.ConnectError(explain(reply))
            if reply.is_error:
                raise NotSentError(explain(reply))
            self._token = reply.json()["access_token"]
        return {"Authorization": f"Bearer {self._token}"}


def explain(reply: httpx.Response) -> str:
    """What the service said against a request, in one line, with its code if it has one."""
    text, code = _said(reply)
    told = f"{reply.status_code} {text or reply.reason_phrase}"
    return told if code is None else f"{told} ({code})"


def _said(reply: httpx.Response) -> tuple[str | None, str | None]:
    """Text and code of an error."""
    try:
        said = reply.json()
        found = said["errors"][0] if "errors" in said else said
        text = found.get("detail") or found.get("error_description") or found.get("error")
        code = found.get("code")
    except (ValueError, AttributeError, LookupError):
        return None, None
    return text, code if isinstance(code, str) else None


def pause(attempt: int) -> float:
    """Seconds to wait before an attempt: longer each time, and never the same for all."""
    longest = min(0.5 * 2**attempt, LONGEST_PAUSE_SECONDS)
    return random.uniform(longest / 2, longest)  # noqa: S311 - no secret
