"""The built-in authorisation server, on Authlib's framework-free core.

One grant, client_credentials (RFC 6749, 4.4); two ways for a client to authenticate,
client_secret_basic (RFC 6749, 2.3.1) and private_key_jwt (RFC 7523); JWT access tokens
(RFC 9068). Everything here is synchronous: it runs in a thread, and its lookups lead back to
the event loop.
"""

# Authlib brings no types: its names are imported, and its classes derived from, untyped.
# mypy: disable-error-code="import-untyped", disallow-subclassing-any=False

from __future__ import annotations

import datetime as dt
import hashlib
import hmac
import logging
import re
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from authlib.oauth2 import OAuth2Error
from authlib.oauth2.rfc6749 import (
    AuthorizationServer,
    InvalidClientError,
    InvalidRequestError,
    OAuth2Request,
    UnsupportedGrantTypeError,
)
from authlib.oauth2.rfc6749.authenticate_client import (
    authenticate_client_secret_basic,
)
from authlib.oauth2.rfc6749.grants import (
    ClientCredentialsGrant,
)
from authlib.oauth2.rfc6749.requests import (
    BasicOAuth2Payload,
)
from authlib.oauth2.rfc7523 import (
    JWTBearerClientAssertion,
)
from authlib.oauth2.rfc9068 import (
    JWTBearerTokenGenerator,
)
from joserfc.jwk import Key, KeySet

from app.auth.jose import (
    CLIENT_ALGORITHMS,
    OWN_ALGORITHM,
    BadTokenError,
    open_token,
    read_header,
    usable_key,
)
from app.auth.token_request import TokenRequest, parse_form
from app.models.oauth import Client

MAX_ASSERTION_SECONDS: Final = 300
LEEWAY_SECONDS: Final = 10

# At DEBUG Authlib logs the tokens that it issues.
logging.getLogger("authlib").setLevel(logging.INFO)

_REFUSED = "The client is unknown or revoked, or its credential does not hold."
_NAME = re.compile(r"[\x21-\x7e]{1,255}")


@dataclass(frozen=True, slots=True)
class TokenReply:
    """An answer of the token endpoint, not yet HTTP."""

    status: int
    body: Mapping[str, object]
    headers: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Issuer:
    """What the authorisation server needs to answer one request.

    Attributes:
        url: its issuer identifier, which is the audience of its tokens as well.
        token_url: address of the token endpoint.
        token_seconds: life of a token.
        key: private key that signs.
        find_client: looks a client up by its id.
        use_assertion: records (client id, jti, expiry); False if it was used before.
    """

    url: str
    token_url: str
    token_seconds: int
    key: Key
    find_client: Callable[[str], Client | None]
    use_assertion: Callable[[str, str, dt.datetime], bool]


def answer(issuer: Issuer, request: TokenRequest) -> TokenReply:
    """Answer a request for a token; a refusal is an answer too (RFC 6749, 5)."""
    server = _Server(issuer)
    try:
        reply: TokenReply = server.create_token_response(request)
    except OAuth2Error as error:  # Authlib leaves those of a malformed request to its caller
        reply = server.handle_error_response(None, error)
    return reply


class _ClientRefusedError(InvalidClientError):
    """A client that proved its key, but with an assertion that cannot be taken."""

    def __init__(self, description: str) -> None:
        super().__init__(description=description, status_code=401)

    def get_headers(self) -> list[tuple[str, str]]:
        return [*OAuth2Error.get_headers(self), ("WWW-Authenticate", 'Basic realm="vipmg"')]


class _OAuthClient:
    """A client in the words of Authlib."""

    def __init__(self, client: Client) -> None:
        self.client = client

    def get_client_id(self) -> str:
        return self.client.client_id

    def check_endpoint_auth_method(self, method: str, endpoint: str) -> bool:
        mine = "client_secret_basic" if self.client.jwks is None else "private_key_jwt"
        return endpoint == "token" and method == mine

    def check_client_secret(self, secret: str) -> bool:
        digest = hashlib.sha256(secret.encode("utf-8", "replace")).hexdigest()
        return hmac.compare_digest(digest, self.client.secret_sha256 or "")

    def check_grant_type(self, grant_type: str) -> bool:
        return grant_type == "client_credentials"

    def get_allowed_scope(self, scope: str | None) -> str | None:
        """There are no scopes: rights follow from the organisation; asking for one fails."""
        return None if scope else ""


class _Request(OAuth2Request):
    def __init__(self, request: TokenRequest) -> None:
        headers = {"Authorization": request.authorization} if request.authorization else {}
        super().__init__("POST", request.url, headers=headers)
        form = parse_form(request.content_type, request.body)
        if "grant_type" not in form:
            raise InvalidRequestError("The parameter grant_type is missing.")
        if "client_secret" in form:
            raise InvalidRequestError("The client secret goes into the header, as HTTP Basic.")
        if request.authorization and "client_assertion" in form:
            raise InvalidRequestError("The client must authenticate in one way, not in two.")
        self.payload = BasicOAuth2Payload(form)

    @property
    def form(self) -> Mapping[str, str]:
        form: Mapping[str, str] = self.payload.data
        return form


class _Grant(ClientCredentialsGrant):
    TOKEN_ENDPOINT_AUTH_METHODS: Final = ["private_key_jwt", "client_secret_basic"]

    def validate_token_request(self) -> None:
        super().validate_token_request()
        named = self.request.payload.client_id
        if named is not None and named != self.client.get_client_id():
            raise InvalidClientError


class _Tokens(JWTBearerTokenGenerator):
    def __init__(self, issuer: Issuer) -> None:
        super().__init__(issuer.url, OWN_ALGORITHM, expires_generator=issuer.token_seconds)
        self._key = issuer.key

    def get_jwks(self) -> KeySet:
        return KeySet([self._key])

    def get_audiences(self, client: _OAuthClient, user: None, scope: str | None) -> str:
        return str(self.issuer)

    def get_extra_claims(
        self, client: _OAuthClient, grant_type: str, user: None, scope: str | None
    ) -> dict[str, str]:
        return {
            "organisation": client.client.organisation,
            "organisation_kind": client.client.organisation_kind,
        }


class _ClientAssertion(JWTBearerClientAssertion):
    """private_key_jwt: pinned algorithms, one audience, five minutes, one use."""

    CLIENT_AUTH_METHOD = "private_key_jwt"

    def __init__(self, issuer: Issuer) -> None:
        super().__init__()
        self._issuer = issuer

    def extract_assertion(self, assertion: str) -> tuple[dict[str, Any], dict[str, Any]]:
        try:
            read_header(assertion)
            extracted: tuple[dict[str, Any], dict[str, Any]] = super().extract_assertion(assertion)
        except (BadTokenError, RecursionError) as error:
            raise InvalidClientError from error
        return extracted

    def resolve_client_public_key(self, client: _OAuthClient) -> KeySet:
        jwks = (client.client.jwks or {}).get("keys", [])
        keys = (usable_key(jwk, CLIENT_ALGORITHMS) for jwk in jwks)
        return KeySet([key for key in keys if key is not None])

    def process_assertion_claims(self, assertion: str, keys: KeySet) -> None:
        try:
            key = _named_key(keys, read_header(assertion).get("kid"))
            claims = open_token(assertion, key, CLIENT_ALGORITHMS)
        except BadTokenError as error:
            raise InvalidClientError from error
        self._check(claims)

    def _check(self, claims: Mapping[str, Any]) -> None:
        """Check the claims (RFC 7523, 3) of somebody who has the client's private key."""
        if claims.get("iss") != claims.get("sub"):
            raise _ClientRefusedError("Both iss and sub of the assertion must be the client id.")
        if claims.get("aud") not in (self._issuer.url, self._issuer.token_url):
            raise _ClientRefusedError(
                f"The aud of the assertion must be {self._issuer.url}, as one string."
            )
        expires = self._check_times(claims)
        jti = claims.get("jti")
        if not isinstance(jti, str) or not _NAME.fullmatch(jti):
            raise _ClientRefusedError("The assertion needs a jti of 1 to 255 ASCII characters.")
        # Kept longer than it can be valid by any clock that the leeway allows.
        until = dt.datetime.fromtimestamp(expires + 6 * LEEWAY_SECONDS, dt.UTC)
        if not self._issuer.use_assertion(str(claims["sub"]), jti, until):
            raise _ClientRefusedError("The assertion was used before: make a new jti each time.")

    def _check_times(self, claims: Mapping[str, Any]) -> float:
        now = time.time()
        times = {name: claims[name] for name in ("exp", "iat", "nbf") if name in claims}
        if any(isinstance(t, bool) or not isinstance(t, int | float) for t in times.values()):
            raise _ClientRefusedError("The exp, iat and nbf of the assertion must be numbers.")
        expires = float(times.get("exp", 0))
        if not now - LEEWAY_SECONDS < expires:
            raise _ClientRefusedError("The assertion has expired, or has no exp.")
        if not expires <= now + MAX_ASSERTION_SECONDS + LEEWAY_SECONDS:
            raise _ClientRefusedError(
                f"The assertion may live {MAX_ASSERTION_SECONDS} seconds at most."
            )
        if any(times.get(name, 0) > now + LEEWAY_SECONDS for name in ("iat", "nbf")):
            raise _ClientRefusedError("The assertion is not valid yet: check the clocks.")
        return expires


def _named_key(keys: KeySet, kid: object) -> Key:
    """Return the key that an assertion names; one that has no other need not be named."""
    found = [key for key in keys.keys if kid in (None, key.kid)]
    if len(found) != 1:
        raise InvalidClientError
    return found[0]


class _Server(AuthorizationServer):
    """Authlib's server for one request."""

    def __init__(self, issuer: Issuer) -> None:
        super().__init__()
        self._issuer = issuer
        self.register_grant(_Grant)
        self.register_token_generator("default", _Tokens(issuer))
        self.register_client_auth_method("private_key_jwt", _ClientAssertion(issuer))
        self.register_client_auth_method("client_secret_basic", _authenticate_basic)

    def query_client(self, client_id: str) -> _OAuthClient | None:
        if not _NAME.fullmatch(client_id):
            return None
        client = self._issuer.find_client(client_id)
        return None if client is None or client.revoked_at is not None else _OAuthClient(client)

    def save_token(self, token: object, request: object) -> None:
        """Tokens are signed and short-lived; none is stored."""

    def send_signal(self, name: str, *args: object, **kwargs: object) -> None:
        """Nobody listens to Authlib's signals here."""

    def create_oauth2_request(self, request: TokenRequest) -> _Request:
        return _Request(request)

    def handle_response(
        self, status: int, body: Mapping[str, object], headers: list[tuple[str, str]]
    ) -> TokenReply:
        return TokenReply(status, body, dict(headers))

    def handle_error_response(self, request: object, error: OAuth2Error) -> TokenReply:
        # One text for every client that has proved nothing: it tells no client ids apart.
        if isinstance(error, InvalidClientError) and not isinstance(error, _ClientRefusedError):
            error = _ClientRefusedError(_REFUSED)
        if isinstance(error, UnsupportedGrantTypeError):  # its own text repeats what was sent
            error = OAuth2Error("The only grant_type is client_credentials.", error=error.error)
        return self.handle_response(*error())


def _authenticate_basic(query_client: Callable[[str], Any], request: _Request) -> Any:  # noqa: ANN401
    try:
        return authenticate_client_secret_basic(query_client, request)
    except ValueError as error:  # not base64, or not UTF-8
        raise InvalidClientError from error
