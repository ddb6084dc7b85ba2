"""A service at the other end of the line: tokens, retries, submissions and their findings."""

from __future__ import annotations

import hashlib
import random
import time
import uuid
import zlib
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from types import TracebackType
from typing import Any, Final, Self
from urllib.parse import quote

import httpx

READ_BYTES: Final = 1 << 18
ATTEMPTS: Final = 6
LONGEST_PAUSE_SECONDS: Final = 30.0
RETRIED: Final = frozenset({408, 425, 429, 502, 503, 504, 507})
UNDECIDED: Final = frozenset({"received", "validating", "failed"})

Submission = dict[str, Any]


class NotSentError(Exception):
    """The service did not take the request, or could not be reached; the text says why."""


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

    def send(
        self, path: Path, on_sent: Callable[[int], None], *, again: bool = False
    ) -> tuple[Submission, bool]:
        """Send a file, compressed on its way; the flag tells whether it was sent before.

        The key of the request is made of program, name and bytes: a retry, or the same command
        a second time, never stores twice. `again` makes a new key.

        Raises:
            NotSentError: the service refused it as a whole, or cannot be reached.
        """
        key = uuid.uuid4().hex if again else self._key(path)
        headers = {
            "Content-Type": "text/csv",
            "Content-Encoding": "gzip",
            "Idempotency-Key": key,
            "Content-Disposition": f"attachment; filename*=UTF-8''{quote(path.name, safe='')}",
        }

        def content() -> Iterator[bytes]:
            on_sent(0)
            return _compressed(path, on_sent)

        reply = self.request("POST", "/api/submissions", headers=headers, content=content)
        submission: Submission = reply.json()
        return submission, reply.status_code == 200

    def follow(self, submission: Submission, on_rows: Callable[[int], None]) -> Submission:
        """Ask until the submission is decided."""
        pause = 0.1
        while submission["state"] in UNDECIDED:
            time.sleep(pause)
            pause = min(pause * 1.5, 2.0)
            submission = self.request("GET", f"/api/submissions/{submission['id']}").json()
            on_rows(submission["rows_read"])
        return submission

    def findings(self, submission: Submission, limit: int) -> list[dict[str, Any]]:
        """The first findings of a submission."""
        address = f"/api/submissions/{submission['id']}/findings?limit={limit}"
        found: list[dict[str, Any]] = self.request("GET", address).json()["findings"]
        return found

    def save_findings(self, submission: Submission, target: Path) -> None:
        """Write all findings of a submission to a CSV file."""
        address = f"/api/submissions/{submission['id']}/findings?format=csv"
        target.write_bytes(self.request("GET", address).content)

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
                time.sleep(_pause(attempt))
            try:
                sent = dict(headers or {}) | self._authorisation()
                body = content() if content is not None else None
                request = self._http.build_request(method, address, headers=sent, content=body)
                reply = self._http.send(request, stream=stream)
                if reply.is_error:
                    reply.read()
            except httpx.TransportError as error:
                why = f"{self._http.base_url}: {error}"
                continue
            if reply.is_success:
                return reply
            why = explain(reply)
            if reply.status_code == 401 and self._token is not None:
                self._token = None  # it has expired on the way
            elif reply.status_code not in RETRIED:
                break
        raise NotSentError(why)

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

    def _key(self, path: Path) -> str:
        client = self._credential[0] if self._credential else ""
        # Another release of zlib may compress to other bytes, which are another body.
        digest = hashlib.sha256(f"{client}\n{path.name}\n{zlib.ZLIB_RUNTIME_VERSION}\n".encode())
        with path.open("rb") as file:
            while part := file.read(READ_BYTES):
                digest.update(part)
        return digest.hexdigest()


def explain(reply: httpx.Response) -> str:
    """What the service said against a request, in one line."""
    try:
        said = reply.json()
        found = said["errors"][0] if "errors" in said else said
        text = found.get("detail") or found.get("error_description") or found.get("error")
    except (ValueError, AttributeError, LookupError):
        text = None
    return f"{reply.status_code} {text or reply.reason_phrase}"


def _pause(attempt: int) -> float:
    longest = min(0.5 * 2**attempt, LONGEST_PAUSE_SECONDS)
    return random.uniform(longest / 2, longest)  # noqa: S311 - no secret


def _compressed(path: Path, on_sent: Callable[[int], None]) -> Iterator[bytes]:
    """The file as gzip, the same bytes each time; one that is compressed stays as it is."""
    deflate = zlib.compressobj(6, zlib.DEFLATED, 31)
    read = 0
    with path.open("rb") as file:
        is_gzip = file.read(2) == b"\x1f\x8b"
        file.seek(0)
        while part := file.read(READ_BYTES):
            yield part if is_gzip else deflate.compress(part)
            read += len(part)
            on_sent(read)
    if not is_gzip:
        yield deflate.flush()
