"""How a client proves who it is: its secret (RFC 6749, 2.3.1), or a JWT it signs (RFC 7523)."""

# Authlib brings no types: its names are imported, and its classes derived from, untyped.
# mypy: disable-error-code="import-untyped", disallow-subclassing-any=False

from __future__ import annotations

import datetime as dt
import hashlib
import hmac
import re
import time
from collections.abc import Callable, Mapping
from typing import Any, Final, TypeAlias

from authlib.oauth2 import OAuth2Error
from authlib.oauth2.rfc6749 import InvalidClientError
from authlib.oauth2.rfc7523 import JWTBearerClientAssertion
from joserfc.jwk import Key, KeySet

from app.auth.jose import (
    CLIENT_ALGORITHMS,
    BadTokenError,
    open_token,
    read_header,
    usable_key,
)
from app.store.clients import Client

MAX_ASSERTION_SECONDS: Final = 300
LEEWAY_SECONDS: Final = 10

UseAssertion: TypeAlias = Callable[[str, str, dt.datetime], bool]
"""Records (client id, jti, expiry); False if that assertion was used before."""

_JTI = re.compile(r"[\x21-\x7e]{1,255}")


class ClientRefusedError(InvalidClientError):
    """A client that may be told why: it proved its key, or the reason says nothing of it."""

    def __init__(self, description: str) -> None:
        super().__init__(description=description, status_code=401)

    def get_headers(self) -> list[tuple[str, str]]:
        """Name the scheme that a client may use instead (RFC 7235, 4.1)."""
        return [*OAuth2Error.get_headers(self), ("WWW-Authenticate", 'Basic realm="vipmg"')]


class OAuthClient:
    """A registered client, in the words that Authlib asks with."""

    def __init__(self, client: Client) -> None:
        self.client = client

    def get_client_id(self) -> str:
        """Return what the client calls itself."""
        return self.client.client_id

    def check_endpoint_auth_method(self, method: str, endpoint: str) -> bool:
        """Whether the client authenticates in this way: each client has one."""
        mine = "client_secret_basic" if self.client.jwks is None else "private_key_jwt"
        return endpoint == "token" and method == mine

    def check_client_secret(self, secret: str) -> bool:
        """Compare a secret with the stored hash, in constant time."""
        digest = hashlib.sha256(secret.encode("utf-8", "replace")).hexdigest()
        return hmac.compare_digest(digest, self.client.secret_sha256 or "")

    def check_grant_type(self, grant_type: str) -> bool:
        """Whether the client may use this grant."""
        return grant_type == "client_credentials"

    def get_allowed_scope(self, scope: str | None) -> str | None:
        """There are no scopes: rights follow from the organisation; asking for one fails."""
        return None if scope else ""


class ClientAssertion(JWTBearerClientAssertion):
    """private_key_jwt: pinned algorithms, one audience, five minutes, one use.

    Args of the constructor: the audiences taken, the issuer first, and what records a use.
    """

    CLIENT_AUTH_METHOD = "private_key_jwt"

    def __init__(self, audiences: tuple[str, str], use: UseAssertion) -> None:
        super().__init__()
        self._audiences = audiences
        self._use = use

    def extract_assertion(self, assertion: str) -> tuple[dict[str, Any], dict[str, Any]]:
        """Return header and claims, which nobody has vouched for yet."""
        try:
            read_header(assertion)
            extracted: tuple[dict[str, Any], dict[str, Any]] = super().extract_assertion(assertion)
        except (BadTokenError, RecursionError) as error:
            raise InvalidClientError from error
        return extracted

    def resolve_client_public_key(self, client: OAuthClient) -> KeySet:
        """Return the public keys that the client registered."""
        jwks = (client.client.jwks or {}).get("keys", [])
        keys = (usable_key(jwk, CLIENT_ALGORITHMS) for jwk in jwks)
        return KeySet([key for key in keys if key is not None])

    def process_assertion_claims(self, assertion: str, keys: KeySet) -> None:
        """Verify the signature, then the claims, then record the use."""
        try:
            key = _named_key(keys, read_header(assertion).get("kid"))
            claims = open_token(assertion, key, CLIENT_ALGORITHMS)
        except BadTokenError as error:
            raise InvalidClientError from error
        self._check(claims)

    def _check(self, claims: Mapping[str, Any]) -> None:
        """Check the claims (RFC 7523, 3) of somebody who has the client's private key."""
        if claims.get("iss") != claims.get("sub"):
            raise ClientRefusedError("Both iss and sub of the assertion must be the client id.")
        if claims.get("aud") not in self._audiences:
            raise ClientRefusedError(
                f"The aud of the assertion must be {self._audiences[0]}, as one string."
            )
        expires = self._check_times(claims)
        jti = claims.get("jti")
        if not isinstance(jti, str) or not _JTI.fullmatch(jti):
            raise ClientRefusedError("The assertion needs a jti of 1 to 255 ASCII characters.")
        # Kept longer than it can be valid by any clock that the leeway allows.
        until = dt.datetime.fromtimestamp(expires + 6 * LEEWAY_SECONDS, dt.UTC)
        if not self._use(str(claims["sub"]), jti, until):
            raise ClientRefusedError("The assertion was used before: make a new jti each time.")

    def _check_times(self, claims: Mapping[str, Any]) -> float:
        now = time.time()
        times = {name: claims[name] for name in ("exp", "iat", "nbf") if name in claims}
        if any(isinstance(t, bool) or not isinstance(t, int | float) for t in times.values()):
            raise ClientRefusedError("The exp, iat and nbf of the assertion must be numbers.")
        expires = times.get("exp", 0)
        if not now - LEEWAY_SECONDS < expires:
            raise ClientRefusedError("The assertion has expired, or has no exp.")
        if not expires <= now + MAX_ASSERTION_SECONDS + LEEWAY_SECONDS:
            raise ClientRefusedError(
                f"The assertion may live {MAX_ASSERTION_SECONDS} seconds at most."
            )
        if any(times.get(name, 0) > now + LEEWAY_SECONDS for name in ("iat", "nbf")):
            raise ClientRefusedError("The assertion is not valid yet: check the clocks.")
        return float(expires)


def _named_key(keys: KeySet, kid: object) -> Key:
    """Return the key that an assertion names; one that has no other need not be named."""
    found = [key for key in keys.keys if kid in (None, key.kid)]
    if len(found) != 1:
        raise InvalidClientError
    return found[0]
