"""Keys of an external issuer: its metadata and key set, fetched over HTTP."""

# Authlib brings no types.
# mypy: disable-error-code="import-untyped"

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Mapping
from typing import Any, Final
from urllib.parse import urlsplit

import httpx
import orjson
from authlib.common.security import (
    is_secure_transport,
)
from joserfc.jwk import Key

from app.auth.jose import ISSUER_ALGORITHMS, usable_key
from app.auth.keys import KeyCache
from app.errors import ConfigurationError, UnavailableError

MAX_BYTES: Final = 64 * 1024
TIMEOUT_SECONDS: Final = 3.0


class IssuerKeys(KeyCache):
    """Keys of an external issuer, at most 64 KiB, within 3 seconds, without redirects."""

    def __init__(
        self,
        issuer: str,
        jwks_url: str | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        super().__init__(clock)
        for url in (issuer, jwks_url):
            if url is not None and not is_secure_transport(url):
                raise ConfigurationError(
                    f"Keys of a token issuer are fetched over https only, not from {url}.",
                    f"Las claves de un emisor se obtienen solo por https, no de {url}.",
                )
        self._issuer = issuer
        self._jwks_url = jwks_url
        self._http = httpx.AsyncClient(timeout=TIMEOUT_SECONDS, follow_redirects=False)

    async def aclose(self) -> None:
        """Close the connections to the issuer."""
        await self._http.aclose()

    async def _fetch(self) -> Mapping[str, Key]:
        try:
            async with asyncio.timeout(2 * TIMEOUT_SECONDS):
                jwks = await self._get(self._jwks_url or await self._discover())
        except TimeoutError as error:
            raise _unavailable(self._issuer, "timeout") from error
        keys = jwks.get("keys")
        if not isinstance(keys, list):
            raise _unavailable(self._issuer, "no key set")
        return _by_kid(keys)

    async def _discover(self) -> str:
        """Return the address of the key set from OpenID Connect or RFC 8414 metadata."""
        failure = _unavailable(self._issuer, "no metadata")
        for url in metadata_urls(self._issuer):
            try:
                metadata = await self._get(url)
            except UnavailableError as error:
                failure = error
                continue
            jwks_url = metadata.get("jwks_uri")
            same = metadata.get("issuer") == self._issuer
            if same and isinstance(jwks_url, str) and is_secure_transport(jwks_url):
                return jwks_url
            failure = _unavailable(url, "other issuer, or key set not over https")
        raise failure

    async def _get(self, url: str) -> dict[str, Any]:
        body = bytearray()
        headers = {"Accept": "application/json", "Accept-Encoding": "identity"}
        try:
            async with self._http.stream("GET", url, headers=headers) as reply:
                if reply.status_code != httpx.codes.OK:
                    raise _unavailable(url, f"status {reply.status_code}")
                async for part in reply.aiter_raw():
                    body += part
                    if len(body) > MAX_BYTES:
                        raise _unavailable(url, f"more than {MAX_BYTES} bytes")
            document = orjson.loads(body)
        except (httpx.HTTPError, httpx.InvalidURL, orjson.JSONDecodeError) as error:
            raise _unavailable(url, type(error).__name__) from error
        if not isinstance(document, dict):
            raise _unavailable(url, "not a JSON object")
        return document


def metadata_urls(issuer: str) -> tuple[str, str]:
    """Return where an issuer's metadata may stand (OpenID Connect Discovery 4, RFC 8414 3)."""
    parts = urlsplit(issuer)
    path = parts.path.rstrip("/")
    origin = f"{parts.scheme}://{parts.netloc}"
    return (
        f"{origin}{path}/.well-known/openid-configuration",
        f"{origin}/.well-known/oauth-authorization-server{path}",
    )


def _by_kid(jwks: list[Any]) -> dict[str, Key]:
    keys: dict[str, Key] = {}
    for jwk in jwks:
        kid = jwk.get("kid") if isinstance(jwk, dict) else None
        key = usable_key(jwk, ISSUER_ALGORITHMS) if isinstance(kid, str) else None
        if key is not None:
            keys.setdefault(str(kid), key)
    return keys


def _unavailable(place: str, reason: str) -> UnavailableError:
    return UnavailableError(
        f"The keys of the token issuer cannot be fetched from {place}: {reason}.",
        f"Las claves del emisor de tokens no se pueden obtener de {place}: {reason}.",
    )
